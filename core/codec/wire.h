/* SPDX-License-Identifier: MIT */
/* Integers at fixed places of stored bytes, the same on every machine. */
#ifndef CORE_CODEC_WIRE_H
#define CORE_CODEC_WIRE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline void wire_put_le32(unsigned char *at, uint32_t value)
{
    value = htole32(value);
    memcpy(at, &value, sizeof value);
}

static inline void wire_put_le64(unsigned char *at, uint64_t value)
{
    value = htole64(value);
    memcpy(at, &value, sizeof value);
}

static inline void wire_put_be64(unsigned char *at, uint64_t value)
{
    value = htobe64(value);
    memcpy(at, &value, sizeof value);
}

static inline uint32_t wire_get_le32(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

static inline uint64_t wire_get_le64(const unsigned char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

static inline uint64_t wire_get_be64(const unsigned char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return be64toh(value);
}

#endif
