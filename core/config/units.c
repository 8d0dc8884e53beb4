/* SPDX-License-Identifier: MIT */
#include "core/config/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
    bool shown; /* used when a value is written */
};

#define US INT64_C(1000)
#define MS (1000 * US)
#define SECOND (1000 * MS)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Both tables ascend by factor among the units shown. */
static const struct unit sizes[] = {
    {"B", 1, true},
    {"kB", INT64_C(1000), false},
    {"MB", INT64_C(1000000), false},
    {"GB", INT64_C(1000000000), false},
    {"TB", INT64_C(1000000000000), false},
    {"KiB", INT64_C(1) << 10, true},
    {"MiB", INT64_C(1) << 20, true},
    {"GiB", INT64_C(1) << 30, true},
    {"TiB", INT64_C(1) << 40, true},
};
static const struct unit durations[] = {
    {"ns", 1, true},     {"us", US, true},  {"ms", MS, true}, {"s", SECOND, true},
    {"m", MINUTE, true}, {"h", HOUR, true}, {"d", DAY, true}, {"w", 7 * DAY, false},
};
#define N_SIZES (sizeof sizes / sizeof *sizes)
#define N_DURATIONS (sizeof durations / sizeof *durations)

/* Reads the digits at *text and moves it behind them. */
static enum units_fault digits(const char **text, int64_t *out)
{
    const char *at = *text;
    int64_t value = 0;
    bool overflow = false;
    if (*at < '0' || *at > '9')
        return UNITS_NOT_A_NUMBER;
    if (at[0] == '0' && at[1] >= '0' && at[1] <= '9')
        return UNITS_LEADING_ZERO;
    for (; *at >= '0' && *at <= '9'; at++)
        overflow = overflow || __builtin_mul_overflow(value, 10, &value) ||
                   __builtin_add_overflow(value, *at - '0', &value);
    *text = at;
    *out = value;
    return overflow ? UNITS_OVERFLOW : UNITS_OK;
}

enum units_fault units_integer(const char *text, int64_t *out)
{
    bool negative = *text == '-';
    int64_t value = 0;
    /* The lowest number has no positive counterpart. */
    if (strcmp(text, "-9223372036854775808") == 0) {
        *out = INT64_MIN;
        return UNITS_OK;
    }
    text += negative;
    enum units_fault fault = digits(&text, &value);
    if (fault != UNITS_NOT_A_NUMBER && fault != UNITS_LEADING_ZERO && *text)
        return UNITS_NOT_A_NUMBER;
    if (fault == UNITS_OK)
        *out = negative ? -value : value;
    return fault;
}

static enum units_fault with_unit(const char *text, const struct unit *units, size_t n, bool plain,
                                  int64_t *out)
{
    int64_t value = 0;
    enum units_fault fault = digits(&text, &value);
    if (fault == UNITS_NOT_A_NUMBER || fault == UNITS_LEADING_ZERO)
        return fault;
    if (!*text && (plain || (value == 0 && fault == UNITS_OK))) {
        if (!fault)
            *out = value;
        return fault;
    }
    if (!*text)
        return UNITS_NO_UNIT;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(text, units[i].name) != 0)
            continue;
        if (fault || __builtin_mul_overflow(value, units[i].factor, &value))
            return UNITS_OVERFLOW;
        *out = value;
        return UNITS_OK;
    }
    return UNITS_UNKNOWN_UNIT;
}

enum units_fault units_size(const char *text, int64_t *out)
{
    return with_unit(text, sizes, N_SIZES, true, out);
}

enum units_fault units_duration(const char *text, int64_t *out)
{
    return with_unit(text, durations, N_DURATIONS, false, out);
}

const char *units_fault_text(enum units_fault fault)
{
    static const char *const texts[] = {
        [UNITS_OK] = "is well-formed",
        [UNITS_NOT_A_NUMBER] = "is not a whole number",
        [UNITS_LEADING_ZERO] = "begins with a needless 0",
        [UNITS_OVERFLOW] = "is too large",
        [UNITS_NO_UNIT] = "has no unit",
        [UNITS_UNKNOWN_UNIT] = "has an unknown unit",
    };
    return texts[fault];
}

static const char *show(int64_t value, const struct unit *units, size_t n, char out[UNITS_TEXT])
{
    const struct unit *best = &units[0];
    for (size_t i = 0; i < n; i++)
        if (units[i].shown && value % units[i].factor == 0)
            best = &units[i];
    if (value == 0)
        snprintf(out, UNITS_TEXT, "0");
    else
        snprintf(out, UNITS_TEXT, "%" PRId64 "%s", value / best->factor, best->name);
    return out;
}

const char *units_show_size(int64_t bytes, char out[UNITS_TEXT])
{
    return show(bytes, sizes, N_SIZES, out);
}

const char *units_show_duration(int64_t ns, char out[UNITS_TEXT])
{
    return show(ns, durations, N_DURATIONS, out);
}
