/* SPDX-License-Identifier: MIT */
/* Committing, and one commit waiting for its group; see commit.c. */
#ifndef CORE_TXN_COMMIT_H
#define CORE_TXN_COMMIT_H

#include "core/txn/tx.h"

struct commit_request {
    struct commit_request *next; /* in the queue */
    persist_tx *tx;
    int64_t deadline; /* monotonic ns */
    persist_status status;
    int64_t timestamp;
    persist_anchor record; /* that the commit is in */
    persist_error error;
    /* NULL: a thread waits on `woken`. Else called once, on a thread of the executor, when
     * the outcome is there; may free the request. */
    void (*finished)(struct commit_request *request);
    struct job finish;    /* calls `finished` */
    bool done;            /* under the queue's lock */
    bool cancelled;       /* taken out of the queue by persist_cancel; likewise */
    pthread_cond_t woken; /* done, or first in the queue without a leader */
};

void commit_queue_init(struct commit_queue *queue);

/* Begins to commit a transaction; `finished` of the request is told, never inside this call.
 * commit_outcome then says how it ended. MISUSE; NO_MEMORY (no thread to do it). */
persist_status commit_submit(persist_tx *tx, struct commit_request *request, persist_error *error);
/* Once: ends the transaction as the request ended. */
persist_status commit_outcome(persist_tx *tx, struct commit_request *request, int64_t *timestamp,
                              persist_error *error);

#endif
