/* SPDX-License-Identifier: MIT */
/* Hashes: XXH3, CRC-32C; and 128-bit digests with their sum modulo 2^128. */
#ifndef CORE_CODEC_DIGEST_H
#define CORE_CODEC_DIGEST_H

#include <persist/types.h>

#include <stdbool.h>

/* In all of these `data` may be NULL if size is 0. */
uint64_t digest_hash64(const void *data, size_t size, uint64_t seed);
void digest_hash128(const void *data, size_t size, persist_digest *digest);
/* Continued from `crc`, 0 to begin. */
uint32_t digest_crc32c(uint32_t crc, const void *data, size_t size);
/* The same, as it is done where the processor has no instruction for it. */
uint32_t digest_crc32c_portable(uint32_t crc, const void *data, size_t size);
bool digest_equal(const persist_digest *a, const persist_digest *b);
/* *sum += term, modulo 2^128. */
void digest_add(persist_digest *sum, const persist_digest *term);
void digest_subtract(persist_digest *sum, const persist_digest *term);

#endif
