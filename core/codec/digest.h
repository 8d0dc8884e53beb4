/* SPDX-License-Identifier: MIT */
/* 128-bit digests: XXH3-128 in canonical form, and their sum modulo 2^128. */
#ifndef CORE_CODEC_DIGEST_H
#define CORE_CODEC_DIGEST_H

#include <persist/types.h>

#include <stdbool.h>

uint64_t digest_hash64(const void *data, size_t size, uint64_t seed);
void digest_hash128(const void *data, size_t size, persist_digest *digest);
uint32_t digest_crc32c(uint32_t crc, const void *data, size_t size);
bool digest_equal(const persist_digest *a, const persist_digest *b);
/* *sum += term, modulo 2^128. */
void digest_add(persist_digest *sum, const persist_digest *term);
void digest_subtract(persist_digest *sum, const persist_digest *term);

#endif
