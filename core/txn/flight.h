/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous operations of a store that have not completed: what closing waits for, and
 * freeing a transaction.
 */
#ifndef CORE_TXN_FLIGHT_H
#define CORE_TXN_FLIGHT_H

#include "core/txn/tx.h"

/* An operation in flight; part of the operation's own memory. */
struct flight {
    struct flight *next;
    struct flight *before;
    persist_tx *tx; /* that it is made on, or NULL */
};

/* All of a store. */
struct flights {
    pthread_mutex_t lock;
    pthread_cond_t landed; /* one fewer */
    struct flight *list;
    bool closing; /* no new ones */
};

void flights_init(struct flights *flights);
void flights_destroy(struct flights *flights);

/* Enters an operation; with a transaction, marks it as taken. MISUSE: the store is being
 * closed, or another operation on the transaction is in flight. */
persist_status flight_begin(struct flights *flights, struct flight *flight, persist_tx *tx,
                            persist_error *error);
/* Takes it out; then calls `tell` (may be NULL), still under the lock: who waits for the
 * flights to land finds all of them told. */
void flight_end(struct flights *flights, struct flight *flight, void (*tell)(void *context),
                void *context);

/* Refuses new operations, cancels those on transactions, waits for all. */
void flights_land(struct flights *flights);
/* Cancels the operation on this transaction, if any, and waits for it. */
void flights_land_tx(struct flights *flights, persist_tx *tx);

#endif
