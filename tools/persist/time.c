/* SPDX-License-Identifier: MIT */
#include "tools/persist/time.h"

#include "core/base/clock.h"
#include "core/config/units.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define BEYOND "is out of range: give a time from 1970 to 2262"

/* Days since 1970-01-01 of a date of the Gregorian calendar (years counted from March, in
 * eras of 400 years, which are all alike). */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t month_from_march = (5 * of_year + 2) / 153;
    *day = of_year - (153 * month_from_march + 2) / 5 + 1;
    *month = month_from_march + (month_from_march < 10 ? 3 : -9);
    *year = years + era * 400 + (*month <= 2);
}

/* Exactly n digits, behind which *text is moved; -1 if they are not there. */
static int64_t take_digits(const char **text, int n)
{
    int64_t value = 0;
    for (int i = 0; i < n; i++) {
        if (!isdigit((unsigned char)**text))
            return -1;
        value = value * 10 + (*(*text)++ - '0');
    }
    return value;
}

static bool take(const char **text, const char *any_of)
{
    bool there = **text && strchr(any_of, **text);
    *text += there;
    return there;
}

static int64_t days_in(int64_t year, int64_t month)
{
    return month == 12 ? 31 : days_of(year, month + 1, 1) - days_of(year, month, 1);
}

/* ".123" as ns; -1 if it is not one, 0 without a point. */
static int64_t take_fraction(const char **text)
{
    int64_t ns = 0, unit = NS_PER_S / 10;
    if (!take(text, "."))
        return 0;
    if (!isdigit((unsigned char)**text))
        return -1;
    for (; isdigit((unsigned char)**text); (*text)++, unit /= 10) {
        if (!unit)
            return -1;
        ns += (**text - '0') * unit;
    }
    return ns;
}

/* "Z" or "+01:30" in seconds; false if it is not one. */
static bool take_offset(const char **text, int64_t *seconds)
{
    *seconds = 0;
    if (take(text, "Zz"))
        return true;
    bool west = **text == '-';
    if (!take(text, "+-"))
        return false;
    int64_t hours = take_digits(text, 2);
    int64_t minutes = take(text, ":") ? take_digits(text, 2) : -1;
    *seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
}

static const char *parse_rfc3339(const char *text, int64_t *ns)
{
    static const char form[] =
        "is not a time: write nanoseconds, an RFC 3339 time such as "
        "2026-01-31T12:00:00.5+01:00, or an age such as -15m";
    int64_t offset;
    int64_t year = take_digits(&text, 4);
    int64_t month = year >= 0 && take(&text, "-") ? take_digits(&text, 2) : -1;
    int64_t day = month >= 0 && take(&text, "-") ? take_digits(&text, 2) : -1;
    int64_t hour = day >= 0 && take(&text, "Tt ") ? take_digits(&text, 2) : -1;
    int64_t minute = hour >= 0 && take(&text, ":") ? take_digits(&text, 2) : -1;
    int64_t second = minute >= 0 && take(&text, ":") ? take_digits(&text, 2) : -1;
    if (second < 0)
        return form;
    int64_t fraction = take_fraction(&text);
    if (fraction < 0)
        return "has a bad fraction: write 1 to 9 digits behind the point";
    if (!take_offset(&text, &offset))
        return "has no offset, or a bad one: end it with Z or, say, +01:00";
    if (*text)
        return form;
    if (month < 1 || month > 12 || day < 1 || day > days_in(year, month) || hour > 23 ||
        minute > 59 || second > 60)
        return "names a day or a time of day that there is not";
    int64_t seconds =
        days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
    if (seconds < 0 || __builtin_mul_overflow(seconds, NS_PER_S, ns) ||
        __builtin_add_overflow(*ns, fraction, ns))
        return BEYOND;
    return NULL;
}

/* "1h30m": durations one after the other. */
static const char *parse_age(const char *text, int64_t now, int64_t *ns)
{
    int64_t age = 0;
    while (*text) {
        char one[24];
        int64_t span;
        size_t digits = strspn(text, "0123456789");
        size_t size = digits + strcspn(text + digits, "0123456789");
        if (!digits || size >= sizeof one)
            return "is not an age: write, say, -90s, -15m, -1h30m or -7d";
        memcpy(one, text, size);
        one[size] = '\0';
        if (units_duration(one, &span) != UNITS_OK)
            return "is not an age: write, say, -90s, -15m, -1h30m or -7d";
        if (__builtin_add_overflow(age, span, &age))
            return BEYOND;
        text += size;
    }
    if (age > now)
        return BEYOND;
    *ns = now - age;
    return NULL;
}

const char *time_parse(const char *text, int64_t now, int64_t *ns)
{
    const char *digits = text + (*text == '-');
    if (!*digits)
        return "is empty: give nanoseconds, an RFC 3339 time, or an age such as -15m";
    if (!digits[strspn(digits, "0123456789")]) {
        enum units_fault fault = units_integer(text, ns);
        if (fault == UNITS_OK && *ns >= 0 && *text != '-')
            return NULL;
        return *text == '-' ? "is negative: give nanoseconds from 0 on, or an age with a unit, "
                              "such as -15m"
               : fault == UNITS_OVERFLOW ? BEYOND
                                         : units_fault_text(fault);
    }
    return *text == '-' ? parse_age(digits, now, ns) : parse_rfc3339(text, ns);
}

const char *time_show(int64_t ns, char out[TIME_TEXT])
{
    int64_t year, month, day;
    int64_t seconds = ns / NS_PER_S, fraction = ns % NS_PER_S;
    if (fraction < 0) {
        fraction += NS_PER_S;
        seconds--;
    }
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    date_of(days, &year, &month, &day);
    assert(year > 1600 && year < 2300);
    snprintf(out, TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", (int)year, (int)month, (int)day,
             (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60), (int)fraction);
    return out;
}
