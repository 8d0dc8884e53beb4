/* SPDX-License-Identifier: MIT */
/* For the tests of the codecs: hex, random numbers that repeat, memory that runs out. */
#ifndef TESTS_UNIT_CODEC_HELP_H
#define TESTS_UNIT_CODEC_HELP_H

#include "core/base/bytes.h"
#include "tests/unit/codec_vectors.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a hex string, malloc'ed to their very size, so that a sanitizer sees a read
 * past the end. */
static inline persist_bytes from_hex(const char *hex)
{
    size_t size = strlen(hex) / 2;
    unsigned char *data = malloc(size ? size : 1);
    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < size; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        data[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    return (persist_bytes){data, size};
}

static inline unsigned char *writable(persist_bytes bytes)
{
    return (unsigned char *)(uintptr_t)bytes.data;
}

static inline void free_bytes(persist_bytes bytes)
{
    free(writable(bytes));
}

static inline void assert_hex(persist_bytes bytes, const char *hex)
{
    char *found = malloc(2 * bytes.size + 1);
    ck_assert_ptr_nonnull(found);
    found[0] = '\0';
    for (size_t i = 0; i < bytes.size; i++)
        snprintf(found + 2 * i, 3, "%02x", ((const unsigned char *)bytes.data)[i]);
    ck_assert_str_eq(found, hex);
    free(found);
}

/* The examples in doc/formats.md are these very bytes. */
static inline void assert_documented(const char *const *vectors, size_t count)
{
    const char *top = getenv("top_srcdir");
    char path[4096];
    snprintf(path, sizeof path, "%s/doc/formats.md", top ? top : ".");
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s cannot be read; is top_srcdir set?", path);
    static char text[1 << 17];
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    ck_assert_uint_lt(size, sizeof text - 1);
    text[size] = '\0';
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(strstr(text, vectors[i]) != NULL, "%s lacks %s", path, vectors[i]);
}

/* SplitMix64. */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static inline size_t random_below(uint64_t *state, size_t bound)
{
    return (size_t)(random_next(state) % bound);
}

static inline void random_fill(uint64_t *state, void *data, size_t size)
{
    unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(random_next(state) >> 32);
}

#endif
