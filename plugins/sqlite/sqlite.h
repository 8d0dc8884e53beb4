/* SPDX-License-Identifier: MIT */
/*
 * persist_sqlite.so: stores in SQLite files, shared by any number of processes.
 *
 * LAYOUT. `documents` holds every version in the order it was written; its rowid, seq,
 * names it. `documents_heads` names the newest version of each key. Each version links
 * to the one before (prev) and to a farther one (jump), so that the newest is found in
 * two probes and one among n older ones in about 2 log2 n; see chain.c. An overwrite
 * changes one short head in place and appends one row: no page ever splits for it.
 *
 * ONE REPLY, ONE SNAPSHOT. Each operation first steps the statement that reads the clock
 * row and leaves it on its row until the end of the call: while it is active SQLite keeps
 * the read transaction it began, and every other statement reads the same snapshot.
 * lite_end resets all statements, which ends it.
 *
 * A SESSION is a connection with its prepared statements.
 */
#ifndef PLUGINS_SQLITE_SQLITE_H
#define PLUGINS_SQLITE_SQLITE_H

#include <persist/plugin.h>

#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <time.h>

#define LITE_KEY_BYTES 2048
#define LITE_NAME_BYTES 64
/* Of a row's length limit, kept for all that stands beside the value. */
#define LITE_ROW_OVERHEAD 4096
/* "prst" at offset 68 of the file: it was made by persist. */
#define LITE_APPLICATION_ID 0x70727374
/* Number of the newest migration; a file's is its user_version. */
#define LITE_FORMAT 1

/* Every statement a session prepares; the text is in statement.c. */
enum lite_statement {
    LITE_BEGIN,
    LITE_COMMIT,
    LITE_ROLLBACK,
    LITE_CLOCK,
    LITE_APPEND_CLOCK,
    LITE_ANCHOR,
    LITE_READ,
    LITE_SCAN_UP,
    LITE_SCAN_DOWN,
    LITE_KEYS_UP,
    LITE_KEYS_DOWN,
    LITE_VERSION,
    LITE_JUMP,
    LITE_VERSION_ADD,
    LITE_VERSION_LINK,
    LITE_VERSION_DROP,
    LITE_HEAD,
    LITE_HEADS,
    LITE_HEAD_ADD,
    LITE_HEAD_SET,
    LITE_CHANGES,
    LITE_RECORD_ADD,
    LITE_NAMESPACE_LIST,
    LITE_NAMESPACE_ADD,
    LITE_NAMESPACE_NAMED,
    LITE_COUNTER,
    LITE_COUNTER_RAISE,
    LITE_CONTROL_SET,
    LITE_PINS,
    LITE_PINS_CLEAR,
    LITE_PIN_ADD,
    LITE_META_GET,
    LITE_META_PUT,
    LITE_META_DROP,
    LITE_STATEMENT_COUNT
};

_Static_assert(LITE_STATEMENT_COUNT <= 64, "persist_session.used has a bit for each");

/* Where a store is: what URL and settings say. */
struct lite_place {
    bool memory;         /* sqlite::memory: */
    bool read_only;      /* mode=ro */
    char path[PATH_MAX]; /* of the file, as written; empty: none given */
};

struct persist_backend {
    struct lite_place place;      /* path is absolute once opened */
    char file[3 * PATH_MAX + 64]; /* what sqlite3_open_v2 is given */
    int open_flags;
    bool read_only;
    bool migrating;
    bool was_open; /* as a store of ours */
    persist_durability durability;
    int64_t cache_size;       /* bytes, of the whole store */
    atomic_uint cache_shares; /* bits: which are given to a connection */
    int64_t mmap_size;
    int64_t wal_autocheckpoint; /* pages */
    int64_t page_size;
    int64_t length_limit;       /* SQLite's bound of a row */
    struct lite_queue *queue;   /* of writers; NULL: nothing is written */
    struct lite_keeper *keeper; /* NULL: in memory, or to be migrated */
    atomic_uint generation;     /* counts this process's commits that are no appends */
    persist_session *anchor;    /* keeps a memory store alive; else NULL */
};

struct persist_session {
    persist_backend *store;
    sqlite3 *db;
    sqlite3_stmt *statements[LITE_STATEMENT_COUNT];
    unsigned cache_share; /* its bit */
    uint64_t used;        /* bits: prepared or stepped since the last lite_end */
    dev_t dev;            /* of the file as it was opened */
    ino_t ino;
    struct timespec written; /* when it was, at the last look */
    /* Guards running, so that an interrupt hits the call it was meant for or none. */
    pthread_mutex_t lock;
    bool running;
    atomic_bool interrupted;
    bool has_turn;                    /* in the queue of writers */
    bool appending;                   /* the commit to come is an append's */
    int wal_pages;                    /* in the log after the last commit */
    bool committing;                  /* no stopping any more: the outcome must be known */
    const persist_call *call;         /* while a call runs */
    LIST_ENTRY(persist_session) link; /* of the keeper's list, if listed */
    bool listed;
    /* The read transaction held. While no call runs, `lock` guards it. */
    bool holds;
    bool keeps; /* this call leaves it to the next */
    uint32_t held_ns;
    unsigned held_generation;
    int64_t held_since;
    int64_t last_read; /* when a read last began */
    persist_clock held;
};

/* The host's table, as far as this build knows it. Set by load, then constant. */
extern persist_host lite_host;

/* Copies a sized struct of the host's into `to`, zeros where it was shorter. */
void lite_copy_in(void *to, size_t capacity, const void *from, size_t size);

/* ---- error.c */

/* Tells the host what a failure was; returns the status. */
persist_status lite_fail(const persist_call *call, persist_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
persist_status lite_no_memory(const persist_call *call);
/* The status of an SQLite result code, told to the host with what was being done. */
persist_status lite_error(persist_session *session, int code, const char *doing);
/* The same for a COMMIT: says also whether it may have happened. */
persist_status lite_commit_error(persist_session *session, int code);

/* ---- url.c: pure */

/* Writes what is wrong into `fault` and returns false. */
bool lite_place_parse(const char *url, const persist_settings *settings, struct lite_place *place,
                      char *fault, size_t fault_size);

/* ---- file.c: the file before SQLite sees it */

/* Makes the path absolute; judges file, folder and file system; makes an empty file if
 * the store is opened to be migrated. Chooses open_flags and file. */
persist_status lite_file_check(const persist_call *call, persist_backend *store,
                               bool allow_network);
/* Once every connection of a store is closed: removes what a reader leaves behind. */
void lite_file_tidy(const persist_backend *store);
/* Is it ours, by its header alone? Nothing is written, not even beside it. */
persist_status lite_file_identify(const persist_call *call, persist_backend *store);

/* ---- session.c */

persist_status lite_connect(const persist_call *call, persist_backend *store,
                            persist_session **session);
persist_status lite_session_open(const persist_call *call, persist_backend *store,
                                 persist_session **session);
void lite_session_close(persist_session *session);
persist_status lite_session_ping(const persist_call *call, persist_session *session);
persist_status lite_session_reset(const persist_call *call, persist_session *session);
void lite_interrupt(persist_session *session);
/* Every operation begins with one of the two and ends with lite_end, whatever the first
 * said. lite_begin ends a read transaction that is held: only `read` and `scan` may go on
 * with it. lite_end resets every statement, rolls back what is open, and returns the status. */
persist_status lite_begin(const persist_call *call, persist_session *session);
persist_status lite_begin_read(const persist_call *call, persist_session *session);
persist_status lite_end(persist_session *session, persist_status status);
/* The same for one that is to see what is newest: in the file that has the name now, which
 * the session goes over to if it is another one than was opened. UNAVAILABLE: there is none. */
persist_status lite_begin_newest(const persist_call *call, persist_session *session);
/* BEGIN IMMEDIATE, once it is sure that the file may be and is worth being written. */
persist_status lite_begin_write(persist_session *session);
persist_status lite_commit(persist_session *session);

/* Was the call interrupted, or did its deadline pass? */
bool lite_must_stop(const persist_session *session);

/* ---- queue.c */

/* Writers of a file, of every process, wait in line. `file` NULL: a memory store. NULL: out
 * of memory. The file's name must outlive the queue. */
struct lite_queue *lite_queue_new(const char *file);
/* Nobody is in it. NULL is left alone. */
void lite_queue_free(struct lite_queue *queue);
/* Waits for the session's turn to write: TIMEOUT, INTERRUPTED. Nothing if it has it. */
persist_status lite_queue_enter(persist_session *session);
/* Nothing if it has no turn. */
void lite_queue_leave(persist_session *session);
/* Has everybody in line look whether he is to stop. */
void lite_queue_nudge(struct lite_queue *queue);
/* A thread that no signal goes to. */
bool lite_thread_start(pthread_t *thread, void *(*body)(void *), void *context);

/* ---- keeper.c */

/* How long a read transaction is held. */
#define LITE_HOLD_NS 10000000

/* NULL: out of memory. */
struct lite_keeper *lite_keeper_new(int64_t wal_autocheckpoint);
/* Every session it was told of is gone. NULL is left alone. */
void lite_keeper_free(struct lite_keeper *keeper, struct lite_queue *queue);
void lite_keeper_add(persist_session *session);
void lite_keeper_remove(persist_session *session);
/* The session has committed: is the log to be copied? */
void lite_keeper_committed(persist_session *session);
/* May the session keep its read transaction? It will be ended in time. */
bool lite_keeper_holds(persist_session *session);

/* ---- snapshot.c */

/* The clock row of the snapshot that a read works on: the one held if it serves for
 * timestamps up to `newest`, else a new one. NOT_FOUND. */
persist_status lite_snapshot(persist_session *session, uint32_t ns, int64_t newest,
                             persist_clock *clock);
/* Ends the one held, if any. */
void lite_snapshot_end(persist_session *session);

/* ---- statement.c */

/* The statement, reset and ready to bind. */
persist_status lite_prepare(persist_session *session, enum lite_statement which,
                            sqlite3_stmt **statement);
/* sqlite3_step, unless the call was interrupted or its deadline passed. */
int lite_step(persist_session *session, sqlite3_stmt *statement);
/* Steps to the end, dropping rows, and resets: OK or an error told. */
persist_status lite_run(persist_session *session, sqlite3_stmt *statement, const char *doing);
/* Runs one without parameters. */
persist_status lite_run_plain(persist_session *session, enum lite_statement which);
void lite_bind_bytes(sqlite3_stmt *statement, int index, persist_bytes bytes);
void lite_bind_digest(sqlite3_stmt *statement, int index, const persist_digest *digest);
/* 0 is stored as NULL. */
void lite_bind_link(sqlite3_stmt *statement, int index, int64_t seq);
persist_bytes lite_column_bytes(sqlite3_stmt *statement, int column);
persist_digest lite_column_digest(sqlite3_stmt *statement, int column);

/* ---- clock.c */

/* Columns of every statement that reads the clock row, in this order. */
#define LITE_CLOCK_COLUMNS                                                                  \
    "head, head_digest, versions, version_digest, control_version, epoch, state, horizon, " \
    "log_floor, floor_digest, retention, features, moved_to, name"
#define LITE_COLUMN_MOVED_TO 12
#define LITE_COLUMN_NAME 13

/* From the row a statement stands on. */
persist_clock lite_clock_row(sqlite3_stmt *statement);
/* Reads the clock row and so fixes the snapshot of the call. NOT_FOUND. The statement
 * (may be NULL) stays on its row. */
persist_status lite_clock(persist_session *session, uint32_t ns, persist_clock *clock,
                          sqlite3_stmt **statement);
/* Fills what the host's clock->size reaches. A NULL clock is left alone. */
void lite_clock_out(const persist_clock *from, persist_clock *to);
/* Do anchors ask for the newest record? */
bool lite_wants_newest(const persist_anchor *anchors, size_t count);
persist_status lite_anchors(persist_session *session, uint32_t ns, const persist_clock *clock,
                            persist_anchor *anchors, size_t count);
persist_status lite_head(const persist_call *call, persist_session *session, uint32_t ns,
                         persist_clock *clock, persist_on_control take, void *context);

/* ---- control.c */

persist_status lite_control(const persist_call *call, persist_session *session, uint32_t ns,
                            const persist_control *control, persist_clock *clock);
/* The pins of a namespace, names behind the array: one block, to be released. */
persist_status lite_pins(persist_session *session, uint32_t ns, persist_pin **pins, size_t *count);

/* ---- chain.c */

/* A version found by its place in the chain; value lives until the next one is read. */
struct lite_version {
    int64_t seq; /* 0: none */
    int64_t timestamp;
    int64_t prev;
    int64_t jump;
    int64_t jump_timestamp;
    uint32_t flags;
    persist_bytes value;
};

/* How chains are asked for: whose, and whether the value is wanted. */
struct lite_chain {
    uint32_t ns;
    persist_bytes key;
    bool values;
};

/* The newest version <= timestamp, from the head's seq on. found->seq 0: none. */
persist_status lite_chain_find(persist_session *session, const struct lite_chain *chain,
                               int64_t seq, int64_t timestamp, struct lite_version *found);
/* The version before, seq 0 if there is none; `at` is overwritten. */
persist_status lite_chain_older(persist_session *session, const struct lite_chain *chain,
                                struct lite_version *at);
/* Adds a version on top of its key's chain, or, when loading, within it. */
persist_status lite_chain_add(persist_session *session, uint32_t ns,
                              const persist_version *version);

/* ---- turn.c */

/* Under the write lock, after the compare of `lost` was lost to `found`: what the host says
 * to append instead. `since`: when the lock was got. */
persist_status lite_turn(persist_session *session, const persist_append *lost, int64_t since,
                         const persist_clock *found, persist_append *next);

/* ---- the operations: namespace.c, read.c, scan.c, changes.c, append.c, meta.c, admin.c */

persist_status lite_namespace_list(const persist_call *call, persist_session *session,
                                   persist_on_namespace take, void *context);
persist_status lite_namespace_create(const persist_call *call, persist_session *session,
                                     const persist_namespace_spec *spec, uint32_t *ns);
persist_status lite_namespace_drop(const persist_call *call, persist_session *session, uint32_t ns);
/* Raises a counter of the store to at least `least`, or by one if that is 0; `*value` is
 * the counter afterwards. Within a write transaction. */
persist_status lite_counter_raise(persist_session *session, const char *name, int64_t least,
                                  int64_t *value);
persist_status lite_read(const persist_call *call, persist_session *session,
                         const persist_read *read, persist_clock *clock, persist_on_version take,
                         void *context);
persist_status lite_scan(const persist_call *call, persist_session *session,
                         const persist_scan_range *range, persist_clock *clock,
                         persist_on_version take, void *context, int *more);
persist_status lite_changes(const persist_call *call, persist_session *session,
                            const persist_changes *changes, persist_clock *clock,
                            persist_on_record take, void *context, int *more);
persist_status lite_append(const persist_call *call, persist_session *session,
                           const persist_append *append, persist_clock *clock);
persist_status lite_meta_get(const persist_call *call, persist_session *session, uint32_t ns,
                             const char *name, persist_on_version take, void *context);
persist_status lite_meta_put(const persist_call *call, persist_session *session, uint32_t ns,
                             const char *name, const persist_bytes *value);
persist_status lite_stats(const persist_call *call, persist_session *session, persist_on_stat take,
                          void *context);

/* ---- migration.c */

/* Of the file: number of the newest migration applied. */
persist_status lite_format(persist_session *session, int64_t *format);
persist_status lite_migrate_plan(const persist_call *call, persist_session *session,
                                 persist_on_migration take, void *context);
persist_status lite_migrate_apply(const persist_call *call, persist_session *session,
                                  persist_on_migration done, void *context);
/* Turns on the write-ahead log if it is not; waits for others until the deadline. */
persist_status lite_use_wal(persist_session *session);

/* ---- open.c */

persist_status lite_check_config(const persist_call *call, const char *url,
                                 const persist_settings *settings);
persist_status lite_store_open(const persist_call *call, const persist_open *open,
                               persist_backend **store);
void lite_store_close(persist_backend *store);
uint64_t lite_store_caps(persist_backend *store);
void lite_store_limits(persist_backend *store, persist_limits *limits);
#define LITE_N_SETTINGS 6
extern const persist_setting lite_settings[LITE_N_SETTINGS];

#endif
