/* SPDX-License-Identifier: MIT */
/*
 * Checks recorded histories for anomalies.
 *
 * The load is list-append: a key holds a list of numbers, a transaction reads lists and
 * appends numbers, each number is appended once in the whole history. So every read tells
 * which appends it saw and in which order they were made, and from that follow the edges
 * between transactions:
 *
 *     ww  appended right behind the other's number        wr  read the other's number last
 *     rw  appended what the other's read did not yet see   rt  began after the other ended
 *
 * Serializable (strict) is: no cycle. Snapshot isolation (strong) is: no cycle but those
 * with two rw edges in a row. Names of the anomalies are Adya's.
 */
#ifndef TESTS_HISTORY_CHECKER_H
#define TESTS_HISTORY_CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum history_outcome { HISTORY_ABORTED, HISTORY_COMMITTED, HISTORY_UNKNOWN };

struct history_op {
    int key;
    bool append;
    int number; /* appended; > 0, never twice */
    int *seen;  /* the list read; owned */
    size_t n_seen;
};

struct history_tx {
    int64_t begun, ended; /* one clock for all clients, ns */
    enum history_outcome outcome;
    struct history_op *ops; /* owned */
    size_t n_ops;
};

struct history {
    struct history_tx *txs; /* owned */
    size_t n, capacity;
};

/* All these abort the program without memory. */
struct history_tx *history_add(struct history *history, int64_t begun);
void history_append(struct history_tx *tx, int key, int number);
void history_read(struct history_tx *tx, int key, const int *seen, size_t n_seen);
/* Moves the transactions of one to the other. */
void history_merge(struct history *into, struct history *from);
void history_free(struct history *history);

/* Bits of what was found. */
enum history_anomaly {
    HISTORY_GARBAGE = 1,         /* read a number nobody appended, or one twice */
    HISTORY_G1A = 2,             /* read an aborted append */
    HISTORY_G1B = 4,             /* read an append that its transaction followed up */
    HISTORY_INTERNAL = 8,        /* a transaction contradicts its own reads and writes */
    HISTORY_ORDER = 16,          /* two reads of a key disagree about its order */
    HISTORY_LOST = 32,           /* a committed append is in no final list */
    HISTORY_G0 = 64,             /* cycle of ww */
    HISTORY_G1C = 128,           /* of ww and wr */
    HISTORY_G_SINGLE = 256,      /* with one rw, or none two in a row */
    HISTORY_G2 = 512,            /* with two rw in a row: write skew */
    HISTORY_REAL_TIME = 1024,    /* a cycle that needs rt, and has no two rw in a row */
    HISTORY_G2_REAL_TIME = 2048, /* one that needs rt, and has */
};
/* What each level rules out. */
#define HISTORY_SERIALIZABLE 0xfffu
#define HISTORY_SNAPSHOT (HISTORY_SERIALIZABLE & ~(unsigned)(HISTORY_G2 | HISTORY_G2_REAL_TIME))

/*
 * Finds them. The last transactions have to read all keys, so that the order of all
 * appends is known. `why` tells about the first one of those in `forbidden`. Aborts the
 * program without memory.
 */
unsigned history_check(const struct history *history, unsigned forbidden, char *why, size_t size);

#endif
