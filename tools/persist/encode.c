/* SPDX-License-Identifier: MIT */
#include "tools/persist/encode.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Of a leading byte: how many follow, and the range of the first of them (RFC 3629). */
static size_t follow(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 1;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 2;
    return lead >= 0xF0 && lead <= 0xF4 ? 3 : 0;
}

size_t encode_utf8_length(persist_bytes bytes)
{
    const unsigned char *at = bytes.data;
    unsigned char low, high;
    if (!bytes.size)
        return 0;
    if (at[0] < 0x80)
        return 1;
    size_t n = follow(at[0], &low, &high);
    if (!n || bytes.size <= n || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i <= n; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return n + 1;
}

bool encode_is_utf8(persist_bytes bytes)
{
    while (bytes.size) {
        size_t length = encode_utf8_length(bytes);
        if (!length)
            return false;
        bytes.data = (const unsigned char *)bytes.data + length;
        bytes.size -= length;
    }
    return true;
}

bool encode_hex(struct buf *out, persist_bytes bytes)
{
    const unsigned char *at = bytes.data;
    if (bytes.size > SIZE_MAX / 2 || !buf_reserve(out, bytes.size * 2))
        return false;
    for (size_t i = 0; i < bytes.size; i++) {
        out->data[out->size++] = (unsigned char)hex_digits[at[i] >> 4];
        out->data[out->size++] = (unsigned char)hex_digits[at[i] & 15];
    }
    return true;
}

bool encode_base64(struct buf *out, persist_bytes bytes)
{
    const unsigned char *at = bytes.data;
    if (bytes.size > SIZE_MAX / 2 || !buf_reserve(out, (bytes.size + 2) / 3 * 4))
        return false;
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t n = bytes.size - i < 3 ? bytes.size - i : 3;
        uint32_t group = (uint32_t)at[i] << 16;
        group |= n > 1 ? (uint32_t)at[i + 1] << 8 : 0;
        group |= n > 2 ? at[i + 2] : 0;
        for (size_t k = 0; k < 4; k++)
            out->data[out->size++] =
                k <= n ? (unsigned char)base64_digits[group >> (18 - 6 * k) & 63] : '=';
    }
    return true;
}

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum decoded decode_hex(struct buf *out, persist_bytes text)
{
    const unsigned char *at = text.data;
    if (text.size % 2)
        return DECODED_BAD;
    if (!buf_reserve(out, text.size / 2))
        return DECODED_NO_MEMORY;
    for (size_t i = 0; i < text.size; i += 2) {
        int high = hex_value(at[i]), low = hex_value(at[i + 1]);
        if (high < 0 || low < 0)
            return DECODED_BAD;
        out->data[out->size++] = (unsigned char)(high << 4 | low);
    }
    return DECODED;
}

static int base64_value(unsigned char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

enum decoded decode_base64(struct buf *out, persist_bytes text)
{
    const unsigned char *at = text.data;
    size_t size = text.size;
    uint32_t group = 0;
    if (size && size % 4 == 0 && at[size - 1] == '=')
        size -= at[size - 2] == '=' ? 2 : 1;
    if (size % 4 == 1)
        return DECODED_BAD;
    if (!buf_reserve(out, size / 4 * 3 + 3))
        return DECODED_NO_MEMORY;
    for (size_t i = 0; i < size; i++) {
        int value = base64_value(at[i]);
        if (value < 0)
            return DECODED_BAD;
        group = (group << 6 | (uint32_t)value) & 0xFFFFFF;
        /* Each digit but the first of four completes a byte. */
        if (i % 4)
            out->data[out->size++] = (unsigned char)(group >> (6 - 2 * (i % 4)));
    }
    /* Bits behind the last byte are zero: each run of bytes has one form. */
    uint32_t spare = size % 4 == 2 ? 15u : size % 4 == 3 ? 3u : 0u;
    return group & spare ? DECODED_BAD : DECODED;
}
