/* SPDX-License-Identifier: MIT */
/* Finds out what became of an append whose acknowledgement was lost. */
#ifndef CORE_TXN_RESOLVE_H
#define CORE_TXN_RESOLVE_H

#include "core/txn/ns.h"

/* What is known of a lost append: the head it expected, and its batch id. */
struct lost_append {
    int64_t head;
    persist_digest digest;
    unsigned char batch[BATCH_ID_SIZE];
};

/*
 * Finds out. PERSIST_OK: it happened; `record` (if not NULL) is its record, ended by
 * free(), and `clock` the namespace's row now. CONFLICT: it did not and never will.
 * UNRESOLVED: the store could not be asked within resolve_timeout. FENCED, MOVED, LOADING: it did
 * not, and the namespace is closed to this process. DIVERGED: the store is another one.
 * TOO_OLD: the log no longer reaches back.
 */
persist_status resolve(struct ns *ns, const struct lost_append *lost, struct record **record,
                       persist_clock *clock, persist_error *error);

/* The token of the index-th transaction of a lost append, and back. */
void resolve_token_write(const struct lost_append *lost, uint32_t index,
                         unsigned char token[PERSIST_RESOLVE_TOKEN_SIZE]);
void resolve_token_read(const unsigned char token[PERSIST_RESOLVE_TOKEN_SIZE],
                        struct lost_append *lost, uint32_t *index);

#endif
