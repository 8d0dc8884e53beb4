/* SPDX-License-Identifier: MIT */
/*
 * Any bytes are a value, damage, or of an unknown format: as they come and, as checksums
 * are rarely guessed, once more with the right one. What is a value has just the size that
 * its header states.
 */
#include "core/codec/digest.h"
#include "core/codec/value.h"
#include "core/codec/wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct value_place place = {7, {"k", 1}, 1700000000000000001};

/* Bounds memory: what has a good checksum may well state 4 GiB. */
#define RAW_MAX (1u << 20)

static void open_value(persist_bytes stored)
{
    struct buf scratch = {0};
    persist_bytes raw = {NULL, 0};
    unsigned char id[TX_ID_SIZE];
    persist_error error = ERROR_INIT;
    persist_status status = value_open(&place, stored, &raw, &scratch, id, &error);
    if (status == PERSIST_OK && raw.size != wire_get_le32((const unsigned char *)stored.data + 4))
        abort();
    if (status != PERSIST_OK && status != PERSIST_DAMAGED && status != PERSIST_FORMAT)
        abort();
    error_clear(&error);
    buf_free(&scratch);
}

static void seal(unsigned char *stored, size_t size)
{
    unsigned char text[17 + 255 + 8];
    size_t header_size = stored[3];
    wire_put_le32(text, place.ns);
    wire_put_le64(text + 4, (uint64_t)place.timestamp);
    wire_put_le32(text + 12, 1);
    text[16] = 'k';
    memset(stored + 8, 0, 8);
    memcpy(text + 17, stored, header_size);
    wire_put_le64(text + 17 + header_size,
                  digest_hash64(stored + header_size, size - header_size, 0));
    wire_put_le64(stored + 8, digest_hash64(text, 17 + header_size + 8, 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    persist_bytes stored;
    if (size >= VALUE_HEADER_SIZE && wire_get_le32(data + 4) > RAW_MAX)
        return 0;
    open_value((persist_bytes){data, size});
    if (size < VALUE_HEADER_SIZE || data[3] < VALUE_HEADER_SIZE || data[3] > size ||
        !bytes_copy((persist_bytes){data, size}, &stored))
        return 0;
    unsigned char *sealed = (unsigned char *)(uintptr_t)stored.data;
    seal(sealed, size);
    open_value(stored);
    free(sealed);
    return 0;
}
