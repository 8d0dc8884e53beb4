/* SPDX-License-Identifier: MIT */
/* Numbers with units, as people write them: whole numbers, one unit, no space. */
#ifndef CORE_CONFIG_UNITS_H
#define CORE_CONFIG_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is wrong with a text; UNITS_OK if nothing. */
enum units_fault {
    UNITS_OK = 0,
    UNITS_NOT_A_NUMBER,
    UNITS_LEADING_ZERO,
    UNITS_OVERFLOW,
    UNITS_NO_UNIT,
    UNITS_UNKNOWN_UNIT,
};

/* Decimal integer with an optional '-'. */
enum units_fault units_integer(const char *text, int64_t *out);
/* Bytes: plain, or with B, KiB, MiB, GiB, TiB, kB, MB, GB, TB. */
enum units_fault units_size(const char *text, int64_t *out);
/* ns of a duration: with ns, us, ms, s, m, h, d or w; 0 needs none. */
enum units_fault units_duration(const char *text, int64_t *out);
/* What to say of a fault: "is not a whole number". */
const char *units_fault_text(enum units_fault fault);

/* Units as regular expression alternatives, for the JSON Schema. */
#define UNITS_SIZE_PATTERN "^(0|[1-9][0-9]*)(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)?$"
#define UNITS_DURATION_PATTERN "^(0|(0|[1-9][0-9]*)(ns|us|ms|s|m|h|d|w))$"

/* Room for what the following write. */
#define UNITS_TEXT 32
/* The value in the largest unit that divides it (binary ones for sizes). Returns out. */
const char *units_show_size(int64_t bytes, char out[UNITS_TEXT]);
const char *units_show_duration(int64_t ns, char out[UNITS_TEXT]);

#endif
