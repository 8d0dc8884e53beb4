/* SPDX-License-Identifier: MIT */
/* One commit waiting for its group; see commit.c. */
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
    bool done;            /* under the queue's lock */
    bool cancelled;       /* taken out of the queue by persist_cancel; likewise */
    pthread_cond_t woken; /* done, or first in the queue without a leader */
};

#endif
