/* SPDX-License-Identifier: MIT */
/* Commit records: Protocol Buffers (proto/persist.proto), chained by digest. */
#ifndef CORE_CODEC_RECORD_H
#define CORE_CODEC_RECORD_H

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/codec/value.h"

struct record_write {
    persist_bytes key;
    bool deleted;
};

struct record_tx {
    int64_t timestamp;
    uint32_t index;
    const struct record_write *writes;
    size_t n_writes;
};

struct record {
    int64_t predecessor;
    persist_digest predecessor_digest;
    unsigned char batch[BATCH_ID_SIZE];
    const struct record_tx *txs;
    size_t n_txs;
};

/* Appends the encoding to `out` and gives its digest. Deterministic. False without
 * memory. */
bool record_encode(const struct record *record, struct buf *out, persist_digest *digest);

/* A decoded record: one block, ended by free(). Keys are copied into it; *size is its
 * memory in bytes. DAMAGED (not a record, fields of a wrong size, timestamps that do not
 * rise, empty key), NO_MEMORY. Unknown fields are skipped. */
persist_status record_decode(persist_bytes data, struct record **out, size_t *size,
                             persist_error *error);

/* What record_decode gives of the record's encoding, without the way through it; NULL without
 * memory. */
struct record *record_copy(const struct record *record, size_t *size);

#endif
