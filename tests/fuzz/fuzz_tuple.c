/* SPDX-License-Identifier: MIT */
/* Any bytes are invalid, or the key of just the parts they decode to. */
#include <persist/persist.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(persist_key_builder *key, const persist_key_part *part)
{
    switch (part->type) {
    case PERSIST_PART_NULL:
        persist_key_add_null(key);
        break;
    case PERSIST_PART_INT:
        persist_key_add_int(key, part->integer);
        break;
    case PERSIST_PART_FLOAT:
        persist_key_add_float(key, part->number);
        break;
    case PERSIST_PART_BOOL:
        persist_key_add_bool(key, (int)part->integer);
        break;
    case PERSIST_PART_TEXT:
        persist_key_add_text(key, part->bytes);
        break;
    case PERSIST_PART_BYTES:
        persist_key_add_bytes(key, part->bytes);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *scratch = malloc(size + 1), *again = malloc(size + 1);
    persist_bytes key = {data, size}, out = {NULL, 0};
    persist_key_builder builder;
    persist_key_part part = {.size = sizeof part};
    persist_status status;
    if (!scratch || !again)
        abort();
    persist_key_begin(&builder, again, size);
    while ((status = persist_key_next(&key, scratch, size, &part)) == PERSIST_OK)
        add(&builder, &part);
    if (status == PERSIST_END && size &&
        (persist_key_end(&builder, &out) != PERSIST_OK || out.size != size ||
         memcmp(out.data, data, size) != 0))
        abort();
    free(scratch);
    free(again);
    return 0;
}
