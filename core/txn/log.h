/* SPDX-License-Identifier: MIT */
/*
 * What this process knows of a namespace's commit log: the newest clock row that chains
 * to everything it knew before, and a bounded window of the records up to it.
 *
 * LOCKING. `lock` guards every field. The window's entries are only added and dropped by
 * the commit leader (one at a time, see commit.c), which may therefore read them without
 * the lock; the known clock is read by anybody under it.
 */
#ifndef CORE_TXN_LOG_H
#define CORE_TXN_LOG_H

#include "core/codec/record.h"
#include "core/session/backend.h"

#include <pthread.h>

struct log_entry {
    struct log_entry *next;   /* newer */
    struct log_entry *before; /* older */
    int64_t timestamp;        /* newest of the record; rising */
    size_t size;              /* memory, bytes */
    struct record *record;
};

struct log {
    pthread_mutex_t lock;
    persist_clock known;
    int64_t learnt;           /* monotonic ns at which known was read */
    int64_t engine_time;      /* of the last reply; 0: the engine has no clock of its own */
    int64_t engine_heard;     /* monotonic ns at which it came */
    struct log_entry *oldest; /* window, oldest first */
    struct log_entry *newest;
    int64_t window_floor; /* every record in (window_floor, known.head] is in it */
    size_t window_bytes;
    size_t window_max; /* bytes */
};

/* Begins with a clock row read from the engine. */
void log_init(struct log *log, const persist_clock *clock, size_t window_max);
void log_free(struct log *log);

/* A copy of the known clock. Any thread. */
void log_known(struct log *log, persist_clock *clock);

/* Decodes a record out of the log, having checked it against its digest. As
 * record_decode; the message names the record. */
persist_status log_decode(const persist_record *record, struct record **out, size_t *size,
                          persist_error *error);

/* Where a reader of the log is. */
struct log_chain {
    int64_t timestamp;
    persist_digest digest;
    bool known; /* digest is; else the next record is believed */
};

/* As log_decode, for a record that has to follow the one before: DIVERGED if it does not. */
persist_status log_next(struct log_chain *chain, const persist_record *data, struct record **out,
                        size_t *size, persist_error *error);

/* Leader only: takes over the clock row of an own append, and its record, of `size` bytes,
 * with its memory. Without memory for the record (NULL) the window starts anew behind it. */
void log_appended(struct log *log, const persist_clock *clock, struct record *record, size_t size);

/* Leader only: adopts a clock row and the records that lead to it from the known head.
 * DIVERGED, DAMAGED; the known head is then as before. */
persist_status log_follow(struct log *log, const persist_clock *clock,
                          const persist_record *records, size_t n_records, persist_error *error);

/* Leader only: reads the records since the known head and adopts the head they lead to.
 * DIVERGED if they do not chain, or the head went back; TOO_OLD if they are gone; else
 * those of `changes`. */
persist_status log_catch_up(struct log *log, struct backend *backend, uint32_t ns, int64_t deadline,
                            persist_error *error);

/* Leader only: the oldest entry of the window above the timestamp; NULL if there is none. Its
 * cost is that of the entries above, however many lie below. */
const struct log_entry *log_above(const struct log *log, int64_t timestamp);

/* How long ago the known clock was read, ns. Any thread. */
int64_t log_age(struct log *log);

/* Notes what time the engine has. Any thread. */
void log_note_time(struct log *log, const persist_clock *clock);
/* How far this machine's wall clock is ahead of the engine's now, ns. Any thread. */
int64_t log_lead(struct log *log);

#endif
