/* SPDX-License-Identifier: MIT */
#include "core/codec/digest.h"
#include "core/codec/wire.h"

#include <string.h>
#include <xxhash.h>

uint64_t digest_hash64(const void *data, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, size, seed);
}

void digest_hash128(const void *data, size_t size, persist_digest *digest)
{
    XXH128_canonical_t canonical;
    _Static_assert(sizeof canonical.digest == sizeof digest->bytes, "a digest has 128 bits");
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, size));
    memcpy(digest->bytes, canonical.digest, sizeof digest->bytes);
}

/* CRC-32C (Castagnoli, reflected 0x82F63B78) of the sixteen half bytes. */
static const uint32_t crc_of_nibble[16] = {
    0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
    0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75,
};

uint32_t digest_crc32c_portable(uint32_t crc, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ crc_of_nibble[crc & 15];
        crc = (crc >> 4) ^ crc_of_nibble[crc & 15];
    }
    return ~crc;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, const void *data,
                                                               size_t size)
{
    const unsigned char *bytes = data;
    uint64_t wide = (uint32_t)~crc;
    for (; size >= 8; bytes += 8, size -= 8)
        wide = __builtin_ia32_crc32di(wide, wire_get_le64(bytes));
    uint32_t narrow = (uint32_t)wide;
    for (; size; bytes++, size--)
        narrow = __builtin_ia32_crc32qi(narrow, *bytes);
    return ~narrow;
}

uint32_t digest_crc32c(uint32_t crc, const void *data, size_t size)
{
    if (__builtin_cpu_supports("sse4.2"))
        return crc32c_sse42(crc, data, size);
    return digest_crc32c_portable(crc, data, size);
}

#else

uint32_t digest_crc32c(uint32_t crc, const void *data, size_t size)
{
    return digest_crc32c_portable(crc, data, size);
}

#endif

bool digest_equal(const persist_digest *a, const persist_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void digest_add(persist_digest *sum, const persist_digest *term)
{
    uint64_t low, high = wire_get_be64(sum->bytes) + wire_get_be64(term->bytes);
    if (__builtin_add_overflow(wire_get_be64(sum->bytes + 8), wire_get_be64(term->bytes + 8), &low))
        high++;
    wire_put_be64(sum->bytes, high);
    wire_put_be64(sum->bytes + 8, low);
}

void digest_subtract(persist_digest *sum, const persist_digest *term)
{
    uint64_t low, high = wire_get_be64(sum->bytes) - wire_get_be64(term->bytes);
    if (__builtin_sub_overflow(wire_get_be64(sum->bytes + 8), wire_get_be64(term->bytes + 8), &low))
        high--;
    wire_put_be64(sum->bytes, high);
    wire_put_be64(sum->bytes + 8, low);
}
