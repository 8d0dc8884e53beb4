/* SPDX-License-Identifier: MIT */
/* A scan in progress; see cursor.c. */
#ifndef CORE_TXN_CURSOR_H
#define CORE_TXN_CURSOR_H

#include "core/txn/tx.h"

/* A row of the page: key, then stored value, at offset. */
struct page_row {
    size_t offset;
    size_t key_size;
    size_t value_size;
    int64_t timestamp;
    uint32_t flags;
};

struct persist_cursor {
    struct persist_cursor *next; /* of the transaction */
    persist_tx *tx;
    uint32_t flags;     /* PERSIST_SCAN_... */
    bool history;       /* versions of one key, without own writes */
    bool ended;         /* the transaction did */
    bool done;          /* nothing is left */
    bool exhausted;     /* no page is left */
    persist_bytes from; /* own copies: [from, to) */
    persist_bytes to;
    uint64_t limit; /* rows; 0: none */
    uint64_t handed_out;
    struct read_range *range; /* in the read set, or NULL */
    struct buf position;
    struct buf resume; /* last key fetched */
    int64_t resume_timestamp;
    uint64_t page_rows; /* to fetch next */
    struct buf page;
    struct page_row *rows;
    size_t n_rows;
    size_t capacity;
    size_t next_row;
};

/* ---- read.c */

/* Copies to a row of the caller's as much as its size reaches. */
void row_set(persist_row *row, const persist_row *from);
/* Verifies a stored version and sets row->value and row->tx_id; the value may lie in
 * tx->scratch. DAMAGED names the place. */
persist_status tx_open_version(persist_tx *tx, persist_bytes key, int64_t timestamp, uint32_t flags,
                               persist_bytes stored, persist_row *row, persist_error *error);

#endif
