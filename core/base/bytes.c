/* SPDX-License-Identifier: MIT */
#include "core/base/bytes.h"

#include <persist/persist.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool buf_reserve(struct buf *buf, size_t extra)
{
    if (extra <= buf->capacity - buf->size)
        return true;
    size_t capacity = buf->capacity ? buf->capacity : 64;
    while (capacity - buf->size < extra) {
        if (capacity > SIZE_MAX / 2)
            return false;
        capacity *= 2;
    }
    unsigned char *data = realloc(buf->data, capacity);
    if (!data)
        return false;
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

bool buf_add(struct buf *buf, const void *data, size_t size)
{
    if (!buf_reserve(buf, size))
        return false;
    if (size)
        memcpy(buf->data + buf->size, data, size);
    buf->size += size;
    return true;
}

void buf_free(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){0};
}

int bytes_compare(persist_bytes a, persist_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

bool bytes_has_prefix(persist_bytes bytes, persist_bytes prefix)
{
    return bytes.size >= prefix.size &&
           (!prefix.size || memcmp(bytes.data, prefix.data, prefix.size) == 0);
}

bool bytes_copy(persist_bytes from, persist_bytes *to)
{
    void *data = malloc(from.size ? from.size : 1);
    if (!data)
        return false;
    if (from.size)
        memcpy(data, from.data, from.size);
    *to = (persist_bytes){data, from.size};
    return true;
}

bool bytes_prefix_end(persist_bytes prefix, persist_bytes *end)
{
    const unsigned char *bytes = prefix.data;
    size_t size = prefix.size;
    *end = (persist_bytes){NULL, 0};
    while (size && bytes[size - 1] == 0xFF)
        size--;
    if (!size)
        return true;
    if (!bytes_copy((persist_bytes){bytes, size}, end))
        return false;
    ((unsigned char *)(uintptr_t)end->data)[size - 1]++;
    return true;
}

const char *bytes_show(persist_bytes bytes, char *out, size_t capacity)
{
    const unsigned char *data = bytes.data;
    size_t used = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        if (used + 8 > capacity) {
            snprintf(out + used, capacity - used, "...");
            return out;
        }
        bool plain = data[i] >= 0x20 && data[i] != 0x7F && data[i] != '\\';
        used += (size_t)snprintf(out + used, capacity - used, plain ? "%c" : "\\x%02x", data[i]);
    }
    out[used] = '\0';
    return out;
}

persist_bytes persist_text(const char *text)
{
    return (persist_bytes){text, text ? strlen(text) : 0};
}

void *persist_bytes_dup(persist_bytes bytes)
{
    char *copy = malloc(bytes.size + 1);
    if (!copy)
        return NULL;
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    copy[bytes.size] = '\0';
    return copy;
}

void persist_bytes_free(void *copy)
{
    free(copy);
}
