/* SPDX-License-Identifier: MIT */
/*
 * Schedules of a few transactions, each a line of steps:
 *
 *     bN        transaction N begins           gN(k)=v   it reads v ("-": absent)
 *     pN(k,v)   it writes                      dN(k)     it deletes
 *     sN=...    it scans everything: k:v,k:v   sN(a-b)=... the keys from a to before b
 *     cN        it commits                     cN!       its commit is a conflict
 *     aN        it rolls back
 *
 * First committer wins, so which of two rivals fails is known. Before a schedule x is 10
 * and y is 20; after it `end` is what a new transaction scans. The keys of a schedule are
 * single letters; scans leave out all others, so that the store may hold more.
 */
#ifndef TESTS_ISOLATION_SCHEDULES_H
#define TESTS_ISOLATION_SCHEDULES_H

#include <persist/persist.h>

#include <stdbool.h>

struct schedule {
    const char *name;
    const char *snapshot;     /* steps under snapshot isolation */
    const char *snapshot_end; /* what is there afterwards */
    const char *serializable; /* steps under serializable; NULL: the same */
    const char *serializable_end;
};

/* Every case, until one without a name. */
extern const struct schedule schedules[];

/* Transactions of a schedule are numbered below this. */
#define SCHEDULE_TX 6
/* Room for the answer to a step. */
#define SCHEDULE_ANSWER 512

/* Whoever performs steps: a store and the transactions on it. */
struct actor {
    persist_store *store;
    persist_isolation isolation;
    bool now; /* snapshots are fixed when a transaction begins */
    persist_tx *tx[SCHEDULE_TX];
    persist_error *error;
};

/* Performs a step and writes what came out as the step would state it: the value read, the
 * rows, "" for a commit and "!" for a conflict; and after any other failure its message. */
void schedule_perform(struct actor *actor, const char *step, char answer[SCHEDULE_ANSWER]);

/* Performs a step somewhere, and waits for the answer. */
typedef void (*schedule_ask_fn)(void *context, int tx, const char *step,
                                char answer[SCHEDULE_ANSWER]);
/* Plays a schedule at a level from its start, and compares every answer and the end, which
 * `store` is asked for. */
void schedule_play(const struct schedule *schedule, persist_isolation isolation,
                   persist_store *store, schedule_ask_fn ask, void *context);

#endif
