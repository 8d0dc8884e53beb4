/* SPDX-License-Identifier: MIT */
#include "core/codec/record.h"
#include "core/codec/digest.h"
#include "proto/persist.pb-c.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_SIZE sizeof(persist_digest)

static ProtobufCBinaryData record_binary(const void *data, size_t size)
{
    /* protobuf-c has no word for bytes that are only read. */
    return (ProtobufCBinaryData){size, (uint8_t *)(uintptr_t)data};
}

/* --------------------------------------------------------------------- encoding */

/* The messages of a record, all in one block: the pointers of each array in front of it. */
struct record_messages {
    void *block;
    Persist__Transaction **tx_pointers;
    Persist__Transaction *txs;
    Persist__Write **write_pointers;
    Persist__Write *writes;
};

/* Where `count` elements begin; *size grows by them. False if that overflows. */
static bool record_add_array(size_t *size, size_t count, size_t element, size_t *at)
{
    size_t bytes;
    *at = *size;
    return !__builtin_mul_overflow(count, element, &bytes) &&
           !__builtin_add_overflow(*size, bytes, size);
}

static bool record_alloc_messages(struct record_messages *out, size_t n_txs, size_t n_writes)
{
    size_t size = 0, tx_pointers, txs, write_pointers, writes;
    if (!record_add_array(&size, n_txs, sizeof(Persist__Transaction *), &tx_pointers) ||
        !record_add_array(&size, n_txs, sizeof(Persist__Transaction), &txs) ||
        !record_add_array(&size, n_writes, sizeof(Persist__Write *), &write_pointers) ||
        !record_add_array(&size, n_writes, sizeof(Persist__Write), &writes))
        return false;
    char *block = malloc(size ? size : 1);
    if (!block)
        return false;
    *out = (struct record_messages){
        .block = block,
        .tx_pointers = (void *)(block + tx_pointers),
        .txs = (void *)(block + txs),
        .write_pointers = (void *)(block + write_pointers),
        .writes = (void *)(block + writes),
    };
    return true;
}

static void record_fill_writes(const struct record_tx *tx, Persist__Write *writes,
                               Persist__Write **pointers)
{
    for (size_t i = 0; i < tx->n_writes; i++) {
        assert(tx->writes[i].key.size > 0);
        writes[i] = (Persist__Write)PERSIST__WRITE__INIT;
        writes[i].key = record_binary(tx->writes[i].key.data, tx->writes[i].key.size);
        writes[i].deleted = tx->writes[i].deleted;
        pointers[i] = &writes[i];
    }
}

static void record_fill_txs(const struct record *record, struct record_messages *messages)
{
    Persist__Write *writes = messages->writes, **pointers = messages->write_pointers;
    int64_t before = record->predecessor;
    for (size_t i = 0; i < record->n_txs; i++) {
        const struct record_tx *tx = &record->txs[i];
        Persist__Transaction *message = &messages->txs[i];
        assert(tx->timestamp > before);
        before = tx->timestamp;
        record_fill_writes(tx, writes, pointers);
        *message = (Persist__Transaction)PERSIST__TRANSACTION__INIT;
        message->timestamp = tx->timestamp;
        message->index = tx->index;
        message->n_writes = tx->n_writes;
        message->writes = pointers;
        messages->tx_pointers[i] = message;
        writes += tx->n_writes;
        pointers += tx->n_writes;
    }
}

bool record_encode(const struct record *record, struct buf *out, persist_digest *digest)
{
    assert(record->predecessor >= 0);
    size_t n_writes = 0;
    for (size_t i = 0; i < record->n_txs; i++)
        n_writes += record->txs[i].n_writes;
    struct record_messages messages;
    if (!record_alloc_messages(&messages, record->n_txs, n_writes))
        return false;
    record_fill_txs(record, &messages);
    Persist__CommitRecord message = PERSIST__COMMIT_RECORD__INIT;
    message.predecessor = record->predecessor;
    if (record->predecessor)
        message.predecessor_digest = record_binary(record->predecessor_digest.bytes, DIGEST_SIZE);
    message.batch = record_binary(record->batch, BATCH_ID_SIZE);
    message.n_transactions = record->n_txs;
    message.transactions = messages.tx_pointers;

    size_t size = persist__commit_record__get_packed_size(&message);
    bool fits = buf_reserve(out, size);
    if (fits) {
        size_t packed = persist__commit_record__pack(&message, out->data + out->size);
        assert(packed == size);
        (void)packed;
        digest_hash128(out->data + out->size, size, digest);
        out->size += size;
    }
    free(messages.block);
    return fits;
}

/* --------------------------------------------------------------------- decoding */

/*
 * What protobuf-c allocates while it unpacks: many small pieces which live equally long.
 * They are cut from chunks that are ended together.
 */
struct record_chunk {
    struct record_chunk *before;
    max_align_t data[];
};

struct record_arena {
    struct record_chunk *newest;
    unsigned char *next;
    size_t left;
    size_t chunk_size; /* of the next chunk */
    bool failed;
};

static void *record_arena_alloc(void *context, size_t size)
{
    struct record_arena *arena = context;
    const size_t align = _Alignof(max_align_t);
    if (size > SIZE_MAX / 2) {
        arena->failed = true;
        return NULL;
    }
    size = (size + align - 1) / align * align;
    if (size > arena->left) {
        size_t room = size > arena->chunk_size ? size : arena->chunk_size;
        struct record_chunk *chunk = malloc(sizeof *chunk + room);
        if (!chunk) {
            arena->failed = true;
            return NULL;
        }
        chunk->before = arena->newest;
        arena->newest = chunk;
        arena->next = (unsigned char *)chunk->data;
        arena->left = room;
    }
    void *piece = arena->next;
    arena->next += size;
    arena->left -= size;
    return piece;
}

static void record_arena_free(void *context, void *piece)
{
    (void)context;
    (void)piece;
}

static void record_arena_end(struct record_arena *arena)
{
    while (arena->newest) {
        struct record_chunk *chunk = arena->newest;
        arena->newest = chunk->before;
        free(chunk);
    }
}

static persist_status record_damaged(persist_error *error, const char *what, uint64_t value,
                                     const char *rule)
{
    return error_set(error, PERSIST_DAMAGED, "commit record: %s %" PRIu64 "%s", what, value, rule);
}

static persist_status record_check_head(const Persist__CommitRecord *message, persist_error *error)
{
    if (message->predecessor < 0)
        return error_set(error, PERSIST_DAMAGED,
                         "commit record: the predecessor's timestamp is %" PRId64
                         ", below every commit",
                         message->predecessor);
    size_t digest = message->predecessor ? DIGEST_SIZE : 0;
    if (message->predecessor_digest.len != digest)
        return record_damaged(error, "the predecessor's digest has",
                              message->predecessor_digest.len,
                              digest ? " bytes instead of 16" : " bytes, though there is none");
    if (message->batch.len != BATCH_ID_SIZE)
        return record_damaged(error, "the batch id has", message->batch.len,
                              " bytes instead of 12");
    return PERSIST_OK;
}

/* Also counts writes and bytes of keys. */
static persist_status record_check_txs(const Persist__CommitRecord *message, size_t *n_writes,
                                       size_t *key_bytes, persist_error *error)
{
    int64_t before = message->predecessor;
    for (size_t i = 0; i < message->n_transactions; i++) {
        const Persist__Transaction *tx = message->transactions[i];
        if (tx->timestamp <= before)
            return error_set(error, PERSIST_DAMAGED,
                             "commit record: timestamp %" PRId64
                             " of transaction %zu is not above "
                             "the one before, %" PRId64,
                             tx->timestamp, i, before);
        before = tx->timestamp;
        *n_writes += tx->n_writes;
        for (size_t j = 0; j < tx->n_writes; j++) {
            if (!tx->writes[j]->key.len)
                return record_damaged(error, "transaction", i, " wrote an empty key");
            *key_bytes += tx->writes[j]->key.len;
        }
    }
    return PERSIST_OK;
}

/* Where the parts of a decoded record go next, all in the record's block. */
struct record_cursor {
    struct record_write *writes;
    unsigned char *keys;
};

/* The block of a record: the record, its transactions, their writes, the keys. No overflow:
 * what is to be held, and is larger, is in memory already. */
static struct record *record_new(size_t n_txs, size_t n_writes, size_t key_bytes,
                                 struct record_cursor *to, size_t *size)
{
    size_t total = sizeof(struct record) + n_txs * sizeof(struct record_tx) +
                   n_writes * sizeof(struct record_write) + key_bytes;
    struct record *record = malloc(total);
    if (!record)
        return NULL;
    to->writes = (struct record_write *)((struct record_tx *)(record + 1) + n_txs);
    to->keys = (unsigned char *)(to->writes + n_writes);
    *size = total;
    return record;
}

static struct record_tx record_take_tx(const Persist__Transaction *message,
                                       struct record_cursor *to)
{
    struct record_tx tx = {.timestamp = message->timestamp,
                           .index = message->index,
                           .writes = to->writes,
                           .n_writes = message->n_writes};
    for (size_t i = 0; i < message->n_writes; i++) {
        ProtobufCBinaryData key = message->writes[i]->key;
        memcpy(to->keys, key.data, key.len);
        *to->writes++ = (struct record_write){{to->keys, key.len}, message->writes[i]->deleted};
        to->keys += key.len;
    }
    return tx;
}

static persist_status record_take(const Persist__CommitRecord *message, struct record **out,
                                  size_t *size, persist_error *error)
{
    size_t n_txs = message->n_transactions, n_writes = 0, key_bytes = 0;
    persist_status status = record_check_head(message, error);
    if (status == PERSIST_OK)
        status = record_check_txs(message, &n_writes, &key_bytes, error);
    if (status != PERSIST_OK)
        return status;
    struct record_cursor to;
    struct record *record = record_new(n_txs, n_writes, key_bytes, &to, size);
    if (!record)
        return error_no_memory(error);
    struct record_tx *txs = (struct record_tx *)(record + 1);
    *record = (struct record){.predecessor = message->predecessor, .txs = txs, .n_txs = n_txs};
    if (message->predecessor)
        memcpy(record->predecessor_digest.bytes, message->predecessor_digest.data, DIGEST_SIZE);
    memcpy(record->batch, message->batch.data, BATCH_ID_SIZE);
    for (size_t i = 0; i < n_txs; i++)
        txs[i] = record_take_tx(message->transactions[i], &to);
    assert(to.keys == (unsigned char *)record + *size);
    *out = record;
    return PERSIST_OK;
}

persist_status record_decode(persist_bytes data, struct record **out, size_t *size,
                             persist_error *error)
{
    /* Unpacked, an ordinary record takes four to five times its encoding. */
    size_t guess = data.size < SIZE_MAX / 16 ? 6 * data.size + 1024 : data.size;
    struct record_arena arena = {.chunk_size = guess};
    ProtobufCAllocator allocator = {record_arena_alloc, record_arena_free, &arena};
    Persist__CommitRecord *message =
        persist__commit_record__unpack(&allocator, data.size, data.data);
    persist_status status;
    if (message)
        status = record_take(message, out, size, error);
    else if (arena.failed)
        status = error_no_memory(error);
    else
        status = error_set(error, PERSIST_DAMAGED,
                           "commit record: its %zu bytes are not a Protocol Buffers message of "
                           "persist",
                           data.size);
    record_arena_end(&arena);
    return status;
}

/* --------------------------------------------------------------------- copying */

static struct record_tx record_copy_tx(const struct record_tx *tx, struct record_cursor *to)
{
    struct record_tx copy = *tx;
    copy.writes = to->writes;
    for (size_t i = 0; i < tx->n_writes; i++) {
        persist_bytes key = tx->writes[i].key;
        memcpy(to->keys, key.data, key.size);
        *to->writes++ = (struct record_write){{to->keys, key.size}, tx->writes[i].deleted};
        to->keys += key.size;
    }
    return copy;
}

struct record *record_copy(const struct record *record, size_t *size)
{
    size_t n_writes = 0, key_bytes = 0;
    for (size_t i = 0; i < record->n_txs; i++) {
        n_writes += record->txs[i].n_writes;
        for (size_t j = 0; j < record->txs[i].n_writes; j++)
            key_bytes += record->txs[i].writes[j].key.size;
    }
    struct record_cursor to;
    struct record *copy = record_new(record->n_txs, n_writes, key_bytes, &to, size);
    if (!copy)
        return NULL;
    struct record_tx *txs = (struct record_tx *)(copy + 1);
    *copy = *record;
    copy->txs = txs;
    if (!record->predecessor) /* its digest is not in the encoding */
        copy->predecessor_digest = (persist_digest){{0}};
    for (size_t i = 0; i < record->n_txs; i++)
        txs[i] = record_copy_tx(&record->txs[i], &to);
    assert(to.keys == (unsigned char *)copy + *size);
    return copy;
}
