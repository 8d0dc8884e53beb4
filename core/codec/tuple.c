/* SPDX-License-Identifier: MIT */
/*
 * Keys of typed parts. A part is a tag and a body, and no part's encoding is the
 * beginning of another's: so the first byte in which two keys differ lies in the same
 * part of both, and their order is the order of these parts.
 *
 *     tag       part      body
 *     0x20      null
 *     0x30      int64     8 bytes big-endian, the sign bit flipped
 *     0x40      float64   8 bytes big-endian; the sign bit flipped if it was 0, all bits
 *                         if it was 1
 *     0x50      false
 *     0x58      true
 *     0x60      text      its bytes, 0x00 as 0x00 0xFF; then 0x00 0x00
 *     0x70      bytes     as text
 *
 * 0x10 (a part that is absent), 0x80 (array) and 0x90 (object) are kept free for later;
 * 0x00 and 0xFF will never be tags. Every other byte string is not a tuple key: what can
 * be decoded has been encoded, from exactly one list of parts.
 */
#include "core/codec/wire.h"

#include <persist/persist.h>

#include <assert.h>
#include <stdbool.h>

enum tuple_tag {
    TAG_NULL = 0x20,
    TAG_INT = 0x30,
    TAG_FLOAT = 0x40,
    TAG_FALSE = 0x50,
    TAG_TRUE = 0x58,
    TAG_TEXT = 0x60,
    TAG_BYTES = 0x70
};

#define SIGN_BIT (UINT64_C(1) << 63)
/* Behind a 0x00 in text and bytes. */
#define ESCAPED 0xFF
#define TERMINATOR 0x00

/* --------------------------------------------------------------------- encoding */

static void tuple_put(persist_key_builder *key, const void *data, size_t size)
{
    if (size && key->size <= key->capacity && size <= key->capacity - key->size)
        memcpy(key->data + key->size, data, size);
    if (__builtin_add_overflow(key->size, size, &key->size))
        key->size = SIZE_MAX;
}

static void tuple_put_byte(persist_key_builder *key, unsigned char byte)
{
    tuple_put(key, &byte, 1);
}

static void tuple_put_fixed(persist_key_builder *key, enum tuple_tag tag, uint64_t bits)
{
    unsigned char part[9] = {(unsigned char)tag};
    wire_put_be64(part + 1, bits);
    tuple_put(key, part, sizeof part);
}

/* A 0x00 inside becomes 0x00 0xFF, above the 0x00 0x00 that ends: a prefix comes first. */
static void tuple_put_string(persist_key_builder *key, enum tuple_tag tag, persist_bytes string)
{
    static const unsigned char escape[2] = {0x00, ESCAPED}, end[2] = {0x00, TERMINATOR};
    const unsigned char *from = string.data;
    size_t left = string.size;
    tuple_put_byte(key, (unsigned char)tag);
    while (left) {
        const unsigned char *nul = memchr(from, 0, left);
        size_t run = nul ? (size_t)(nul - from) : left;
        tuple_put(key, from, run);
        from += run;
        left -= run;
        if (nul) {
            tuple_put(key, escape, sizeof escape);
            from++;
            left--;
        }
    }
    tuple_put(key, end, sizeof end);
}

void persist_key_begin(persist_key_builder *key, void *buffer, size_t capacity)
{
    *key = (persist_key_builder){.data = buffer, .capacity = capacity};
}

void persist_key_add_null(persist_key_builder *key)
{
    tuple_put_byte(key, TAG_NULL);
}

void persist_key_add_bool(persist_key_builder *key, int value)
{
    tuple_put_byte(key, value ? TAG_TRUE : TAG_FALSE);
}

void persist_key_add_int(persist_key_builder *key, int64_t value)
{
    tuple_put_fixed(key, TAG_INT, (uint64_t)value ^ SIGN_BIT);
}

void persist_key_add_float(persist_key_builder *key, double value)
{
    uint64_t bits;
    _Static_assert(sizeof bits == sizeof value, "a double is IEEE 754 binary64");
    memcpy(&bits, &value, sizeof bits);
    tuple_put_fixed(key, TAG_FLOAT, bits & SIGN_BIT ? ~bits : bits ^ SIGN_BIT);
}

void persist_key_add_text(persist_key_builder *key, persist_bytes text)
{
    tuple_put_string(key, TAG_TEXT, text);
}

void persist_key_add_bytes(persist_key_builder *key, persist_bytes bytes)
{
    tuple_put_string(key, TAG_BYTES, bytes);
}

persist_status persist_key_end(const persist_key_builder *key, persist_bytes *out)
{
    if (!key->size)
        return PERSIST_INVALID;
    if (key->size > key->capacity)
        return PERSIST_LIMIT;
    *out = (persist_bytes){key->data, key->size};
    return PERSIST_OK;
}

/* --------------------------------------------------------------------- decoding */

/* What follows the tag of the part that is being taken off. */
struct tuple_reader {
    const unsigned char *at;
    size_t left;
};

static bool tuple_take_fixed(struct tuple_reader *from, uint64_t *bits)
{
    if (from->left < 8)
        return false;
    *bits = wire_get_be64(from->at);
    from->at += 8;
    from->left -= 8;
    return true;
}

static bool tuple_take_int(struct tuple_reader *from, int64_t *value)
{
    uint64_t bits;
    if (!tuple_take_fixed(from, &bits))
        return false;
    bits ^= SIGN_BIT;
    memcpy(value, &bits, sizeof *value);
    return true;
}

static bool tuple_take_float(struct tuple_reader *from, double *value)
{
    uint64_t bits;
    if (!tuple_take_fixed(from, &bits))
        return false;
    bits = bits & SIGN_BIT ? bits ^ SIGN_BIT : ~bits;
    memcpy(value, &bits, sizeof *value);
    return true;
}

static bool tuple_take_string(struct tuple_reader *from, unsigned char *scratch, size_t capacity,
                              persist_bytes *string)
{
    size_t size = 0;
    for (;;) {
        const unsigned char *nul = from->left ? memchr(from->at, 0, from->left) : NULL;
        if (!nul)
            return false;
        size_t run = (size_t)(nul - from->at);
        if (run + 1 >= from->left || run > capacity - size)
            return false;
        if (run)
            memmove(scratch + size, from->at, run);
        size += run;
        from->at += run + 2;
        from->left -= run + 2;
        if (nul[1] == TERMINATOR)
            break;
        if (nul[1] != ESCAPED || size == capacity)
            return false;
        scratch[size++] = 0;
    }
    *string = (persist_bytes){scratch, size};
    return true;
}

static bool tuple_take(struct tuple_reader *from, unsigned char *scratch, size_t capacity,
                       persist_key_part *part)
{
    assert(from->left > 0);
    unsigned char tag = *from->at;
    from->at++;
    from->left--;
    switch (tag) {
    case TAG_NULL:
        part->type = PERSIST_PART_NULL;
        return true;
    case TAG_INT:
        part->type = PERSIST_PART_INT;
        return tuple_take_int(from, &part->integer);
    case TAG_FLOAT:
        part->type = PERSIST_PART_FLOAT;
        return tuple_take_float(from, &part->number);
    case TAG_FALSE:
    case TAG_TRUE:
        part->type = PERSIST_PART_BOOL;
        part->integer = tag == TAG_TRUE;
        return true;
    case TAG_TEXT:
    case TAG_BYTES:
        part->type = tag == TAG_TEXT ? PERSIST_PART_TEXT : PERSIST_PART_BYTES;
        return tuple_take_string(from, scratch, capacity, &part->bytes);
    default:
        return false;
    }
}

persist_status persist_key_next(persist_bytes *key, void *scratch, size_t capacity,
                                persist_key_part *part)
{
    /* The struct as of 0.1: a caller's may be longer, never shorter. */
    if (part->size < sizeof *part)
        return PERSIST_INVALID;
    if (!key->size)
        return PERSIST_END;
    struct tuple_reader from = {key->data, key->size};
    persist_key_part taken = {.size = part->size};
    if (!tuple_take(&from, scratch, capacity, &taken))
        return PERSIST_INVALID;
    *part = taken;
    *key = (persist_bytes){from.at, from.left};
    return PERSIST_OK;
}
