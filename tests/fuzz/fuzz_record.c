/* SPDX-License-Identifier: MIT */
/* Any bytes are a commit record, or damage; a record encodes and decodes to itself. */
#include "core/codec/record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode_again(const struct record *record)
{
    struct buf first = {0}, second = {0};
    persist_digest digest;
    struct record *back;
    size_t memory;
    if (!record_encode(record, &first, &digest) ||
        record_decode(buf_bytes(&first), &back, &memory, NULL) != PERSIST_OK ||
        !record_encode(back, &second, &digest) ||
        bytes_compare(buf_bytes(&first), buf_bytes(&second)) != 0)
        abort();
    free(back);
    buf_free(&first);
    buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record *record;
    size_t memory;
    persist_error error = ERROR_INIT;
    persist_status status = record_decode((persist_bytes){data, size}, &record, &memory, &error);
    if (status == PERSIST_OK) {
        encode_again(record);
        free(record);
    } else if (status != PERSIST_DAMAGED) {
        abort();
    }
    error_clear(&error);
    return 0;
}
