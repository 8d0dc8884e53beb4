/* SPDX-License-Identifier: MIT */
/* A transaction: its snapshot, write buffer and read set. Used by one thread at a time;
 * its commit may be carried out by another transaction's thread (commit.c), while the
 * own one waits. */
#ifndef CORE_TXN_TX_H
#define CORE_TXN_TX_H

#include "core/txn/buffer.h"
#include "core/txn/ns.h"
#include "core/txn/readset.h"

struct commit_request;

enum tx_state { TX_OPEN, TX_COMMITTED, TX_ROLLED_BACK, TX_DEAD };

struct persist_tx {
    struct ns *ns;
    unsigned fork_generation;
    int64_t begun; /* monotonic ns */
    enum tx_state state;
    bool serializable;
    bool read_only;
    bool has_at;
    int64_t at;
    bool has_token;
    persist_anchor token; /* a commit the snapshot has to hold */
    int64_t timeout;      /* of each call, ns */
    int64_t deadline;     /* of the whole transaction, monotonic ns */
    struct cancel cancel;
    struct commit_request *request; /* while it commits; under the queue's lock */
    _Atomic bool in_flight;         /* an asynchronous operation on it has not completed */
    _Atomic(pthread_t) worker;      /* the thread that carries it out, while it does */

    /* The log as known when the transaction began; where validation starts if nothing
     * was read. */
    int64_t base;
    persist_digest base_digest;
    /* The snapshot, once fixed: what is visible, and the newest record <= it. */
    bool fixed;
    int64_t snapshot;
    persist_anchor anchor;

    struct buffer writes;
    struct readset *reads; /* NULL if reads are not validated */
    struct guard *guards;
    struct persist_cursor *cursors;
    struct buf stored;  /* behind the row last handed out */
    struct buf scratch; /* its decompressed value */

    bool chained;      /* base was found to be on the chain of the known head */
    int64_t validated; /* commits <= this are known not to conflict */
    int64_t commit_timestamp;
};

/* A read that is validated at both levels, from the time its value was read. */
struct guard {
    struct guard *next;
    int64_t read_at;
    struct buf from; /* [from, to); `to` empty has no end */
    struct buf to;
};

/* Begins in `ns`; options as persist_begin, `ns` of them ignored. */
persist_status tx_begin(struct ns *ns, const persist_tx_options *options, persist_tx **out,
                        persist_error *error);
/* Ends it: drops writes, read set and what its cursors hold. */
void tx_end(persist_tx *tx, enum tx_state state);
/* May this transaction still be used? MISUSE, FORKED. */
persist_status tx_usable(const persist_tx *tx, const char *what, persist_error *error);
/* Deadline of a call that begins now. */
int64_t tx_deadline(const persist_tx *tx);
/* If the failure is one the transaction cannot outlive, ends it and says so. Returns the
 * status. */
persist_status tx_failed(persist_tx *tx, persist_status status, persist_error *error);
/* Checks a key against emptiness and the limit. INVALID, LIMIT. */
persist_status tx_check_key(const persist_tx *tx, persist_bytes key, persist_error *error);
/* Makes room in the read set, by making it coarser. NO_MEMORY. */
persist_status tx_room_for_read(persist_tx *tx, persist_error *error);
/* Adds where a damaged version is to the error. */
persist_status tx_name_place(const persist_tx *tx, persist_bytes key, int64_t timestamp,
                             persist_error *error);

/* ---- snapshot.c */

/* Most anchors a request of a transaction has. */
#define SNAPSHOT_ANCHORS 3

/* What a request to the backend has to ask: the timestamp to read at, and the places of
 * the log that prove the reply is of the same history. */
struct snapshot_request {
    int64_t timestamp;
    persist_anchor anchors[SNAPSHOT_ANCHORS];
    size_t n_anchors;
    persist_clock clock; /* of the reply */
    persist_clock known; /* at the time of the request */
};

/* Fills the request. With a session token the snapshot is fixed first, by a trip of its
 * own, waiting for the commit it names: TIMEOUT, and those of snapshot_accept. */
persist_status snapshot_ask(persist_tx *tx, int64_t deadline, struct snapshot_request *request,
                            persist_error *error);
/* Judges the reply; fixes the snapshot if it is not yet. TOO_OLD, FENCED, DIVERGED,
 * LOADING, MOVED, CLOCK. */
persist_status snapshot_accept(persist_tx *tx, const struct snapshot_request *request,
                               persist_error *error);
/* Fixes it without a trip, at a moment that is known already. */
void snapshot_take(persist_tx *tx, int64_t snapshot, const persist_anchor *anchor);
/* Fixes the snapshot by a trip of its own, if it is not yet. */
persist_status snapshot_fix(persist_tx *tx, int64_t deadline, persist_error *error);

/* ---- token.c */

/* Reads a session token. INVALID. */
persist_status token_read(const char *text, persist_anchor *anchor, persist_error *error);

/* ---- guard.c */

/* Does a commit that wrote this key at this time break a guard? */
bool guard_broken(const persist_tx *tx, persist_bytes key, int64_t timestamp);
/* The oldest time a guard counts from, or the snapshot if that is older. */
int64_t guard_oldest(const persist_tx *tx, int64_t snapshot);
void guard_free_all(persist_tx *tx);

/* ---- cursor.c */

/* Drops what the transaction's cursors hold; they answer MISUSE from then on. */
void cursor_end_all(persist_tx *tx);
/* Frees those the program has not freed. */
void cursor_free_all(persist_tx *tx);

#endif
