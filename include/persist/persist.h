/* SPDX-License-Identifier: MIT */
/**
 * persist/persist.h - transactions over a versioned, ordered store.
 *
 * A program opens a store by configuration or URL, begins transactions, reads
 * and writes keys, and commits. Which engine keeps the data is decided by the
 * configuration alone; transactions behave the same on all of them.
 *
 *     persist_error *err = persist_error_new();
 *     persist_store *store;
 *     persist_tx *tx;
 *     if (persist_open_url("sqlite:app.db", NULL, &store, err) == PERSIST_OK) { ... }
 *
 * OWNERSHIP. Handles are made by a function that takes a `handle **out` and ended
 * by the function named there; a NULL handle may always be ended. Cursors end before
 * their transaction or with it, transactions before their store. Bytes handed in are
 * copied before the call returns. Bytes handed out (persist_row) are borrowed: valid
 * until the next call on the same transaction or any cursor of it, to which they may
 * be handed; persist_bytes_dup keeps them longer.
 *
 * ERRORS. Every call that can fail returns a persist_status and takes, last, a
 * persist_error that may be NULL. On failure the error holds the details; what it
 * holds after success, or PERSIST_END, means nothing: look at the status returned.
 * Out parameters are written only on PERSIST_OK. After a failed call a transaction
 * can be used further unless persist_error_dead says otherwise.
 *
 * THREADS. A store may be used by any number of threads. A transaction, its
 * cursors, and an error are used by one thread at a time. No thread-local state.
 *
 * FORK. In a forked child every handle of the parent answers PERSIST_FORKED; ending
 * them frees memory and touches nothing else.
 *
 * OPTIONS are structs that begin with their size. Fill them with zeros, set `size`
 * to sizeof, then what is wanted: zero always means the default. NULL means all
 * defaults. A size of 0 or an unknown flag is INVALID.
 *
 * KEYS are 1 to 2,048 bytes, compared as unsigned bytes. VALUES are bytes, possibly
 * none: an empty value is not an absent one.
 */
#ifndef PERSIST_PERSIST_H
#define PERSIST_PERSIST_H

#include <persist/types.h>
#include <persist/version.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PERSIST_API __attribute__((visibility("default")))
#else
#define PERSIST_API
#endif

/** A configuration, parsed and checked. */
typedef struct persist_config persist_config;
/** An open store. */
typedef struct persist_store persist_store;
/** A transaction. */
typedef struct persist_tx persist_tx;
/** A scan in progress. */
typedef struct persist_cursor persist_cursor;
/** A moment of a namespace, held readable. */
typedef struct persist_snapshot persist_snapshot;
/** What went wrong in the call it was last given to. */
typedef struct persist_error persist_error;

/* --------------------------------------------------------------------- library */

/** Version of the loaded library, "major.minor.patch". Static. */
PERSIST_API const char *persist_library_version(void);
/** Plugin ABI of the loaded library. */
PERSIST_API void persist_abi_version(uint32_t *major, uint32_t *minor);
/** Folder that plugins are looked for in by default. Static. */
PERSIST_API const char *persist_plugin_dir(void);
/** A status's short name, in lower case: "conflict", "not found". Static. */
PERSIST_API const char *persist_status_name(persist_status status);
/** What a status means, in a few words. Static. */
PERSIST_API const char *persist_status_text(persist_status status);

/** Takes a log message: one line of UTF-8, no secrets. Any thread, also several at
 * once; must not call persist. */
typedef void (*persist_log_fn)(void *context, persist_log_level level, const char *text);
/** Sends messages of `level` and more urgent ones to `fn`; NULL: nowhere (the
 * default). For the whole process; not to be called while a store is open. */
PERSIST_API void persist_set_log(persist_log_level level, persist_log_fn fn, void *context);

/* ----------------------------------------------------------------------- errors */

/** A new, empty error, or NULL if there is no memory (which may be passed on as it
 * is). Ended by persist_error_free. */
PERSIST_API persist_error *persist_error_new(void);
/** Ends an error. */
PERSIST_API void persist_error_free(persist_error *error);
/** Status of the failed call; PERSIST_OK if none failed yet. */
PERSIST_API persist_status persist_error_status(const persist_error *error);
/** Message: thing, value and remedy; may have several lines if several things are
 * wrong with a configuration. "" if none. Lives until the error is used again. */
PERSIST_API const char *persist_error_message(const persist_error *error);
/** SQLSTATE of the engine, or "". Lives as the message. */
PERSIST_API const char *persist_error_sqlstate(const persist_error *error);
/** The engine's own number, or 0. */
PERSIST_API int64_t persist_error_vendor_code(const persist_error *error);
/** 1 if running the whole transaction again may succeed. */
PERSIST_API int persist_error_retryable(const persist_error *error);
/** 1 if the transaction the call was made on has ended by it and can only be freed. */
PERSIST_API int persist_error_dead(const persist_error *error);
/** With PERSIST_TOO_OLD: oldest timestamp that can still be read; else 0. */
PERSIST_API int64_t persist_error_oldest(const persist_error *error);

/* ---------------------------------------------------------------- configuration */

/**
 * Reads a YAML configuration: built-in values, the file, its includes, then
 * PERSIST_SECTION__KEY variables. `path` NULL: variables only. Every fault is in
 * the message, each with file:line:column. Ended by persist_config_free.
 * Statuses: CONFIG, NOT_FOUND (the file), IO, NO_MEMORY.
 */
PERSIST_API persist_status persist_config_load(const char *path, persist_config **out,
                                               persist_error *error);
/**
 * Sets one value, as a flag would: above file and variables. `name` is the path,
 * "transaction.max_retries"; `value` is written as in the file.
 * Statuses: CONFIG, NO_MEMORY.
 */
PERSIST_API persist_status persist_config_set(persist_config *config, const char *name,
                                              const char *value, persist_error *error);
/** Ends a configuration; open stores do not need it. */
PERSIST_API void persist_config_free(persist_config *config);

/* ------------------------------------------------------------------------ stores */

/** Makes or upgrades the store's tables, and the namespace, if they are not there. */
#define PERSIST_STORE_CREATE 0x1u
/** Nothing is written through this handle. */
#define PERSIST_STORE_READ_ONLY 0x2u

/** How to open a store. */
typedef struct persist_store_options {
    size_t size;     /**< sizeof(persist_store_options) */
    uint32_t flags;  /**< PERSIST_STORE_... */
    const char *ns;  /**< namespace; NULL: the configuration's, or "default" */
    int64_t timeout; /**< for opening, ns; 0: pool.connect_timeout */
} persist_store_options;

/**
 * Opens a store by URL, with variables but without a file: "sqlite:///abs/path",
 * "sqlite:rel/path", "sqlite::memory:", "memory:", or another backend's. Ended by
 * persist_close.
 * Statuses: CONFIG, PLUGIN_REFUSED, NOT_FOUND (no store, or no such namespace),
 * INVALID (name of the namespace), FOREIGN, FORMAT, LOADING, MOVED, READ_ONLY,
 * UNAVAILABLE, AUTH, TIMEOUT, and the rest of I/O.
 */
PERSIST_API persist_status persist_open_url(const char *url, const persist_store_options *options,
                                            persist_store **out, persist_error *error);
/** Opens the store a configuration file names; else as persist_open_url. */
PERSIST_API persist_status persist_open_file(const char *path, const persist_store_options *options,
                                             persist_store **out, persist_error *error);
/** Opens the store a loaded configuration names; else as persist_open_url. */
PERSIST_API persist_status persist_open_config(const persist_config *config,
                                               const persist_store_options *options,
                                               persist_store **out, persist_error *error);
/**
 * Closes a store. Transactions and snapshots that are still open make it fail with
 * MISUSE, and the store stays open. Transactions have to be freed first, those that
 * were committed too. NULL is allowed.
 */
PERSIST_API persist_status persist_close(persist_store *store, persist_error *error);

/** The clock of a namespace. */
typedef struct persist_head_info {
    size_t size;           /**< sizeof(persist_head_info), set by the caller */
    int64_t head;          /**< newest commit, ns; 0: none yet */
    persist_digest digest; /**< of its record */
    uint64_t versions;     /**< versions ever committed */
    uint64_t epoch;        /**< fencing number */
    int64_t horizon;       /**< oldest readable timestamp, ns; 0: all */
    int64_t log_floor;     /**< oldest kept record lies above; ns; 0: all kept */
    int64_t retention;     /**< how long history is kept, ns; 0: for ever */
    int64_t engine_time;   /**< the engine's clock, ns; this machine's if it has none */
    int64_t clock_lead;    /**< how far head lies ahead of the engine's clock,
                                   ns; 0 if it does not */
    uint32_t state;        /**< 0 open, 1 loading, 2 moved */
} persist_head_info;

/** Reads the clock of the namespace `ns` (NULL: the store's) from the engine. */
PERSIST_API persist_status persist_head(persist_store *store, const char *ns,
                                        persist_head_info *out, persist_error *error);

/* -------------------------------------------------------------------- namespaces */

/** Takes one namespace; returns PERSIST_OK for more, else what ends the listing and is
 * returned by it. `name` lives for the call. As in every listing, the backend is at work
 * meanwhile: it must not call persist on the same store. */
typedef persist_status (*persist_namespace_fn)(void *context, const char *name, uint32_t id,
                                               uint32_t state);
/** Lists the namespaces by name, those that begin with '_' too. */
PERSIST_API persist_status persist_namespace_list(persist_store *store, persist_namespace_fn fn,
                                                  void *context, persist_error *error);
/** Makes a namespace: 1 to 64 of a-z 0-9 _ -, not beginning with '_'. `retention` in
 * ns; 0: for ever; negative: gc.retention. Statuses: EXISTS, INVALID. */
PERSIST_API persist_status persist_namespace_create(persist_store *store, const char *name,
                                                    int64_t retention, persist_error *error);
/** Removes a namespace and everything in it, for good. Statuses: NOT_FOUND, INVALID. */
PERSIST_API persist_status persist_namespace_drop(persist_store *store, const char *name,
                                                  persist_error *error);

/* ------------------------------------------------------------------ transactions */

/** What a transaction is protected from. */
typedef enum persist_isolation {
    PERSIST_ISOLATION_DEFAULT = 0, /**< as configured: serializable if not */
    PERSIST_SERIALIZABLE = 1,      /**< as if run alone; reads are validated */
    PERSIST_SNAPSHOT = 2           /**< one snapshot; first committer of a key wins */
} persist_isolation;

/** How new a snapshot has to be. */
typedef enum persist_freshness {
    PERSIST_FRESHNESS_DEFAULT = 0, /**< as configured: strict if not */
    PERSIST_STRICT = 1,            /**< every commit acknowledged before begin is in it */
    PERSIST_CACHED = 2             /**< what this process knows, at most
                                        transaction.max_staleness old and never older than
                                        its own newest commit; costs no trip */
} persist_freshness;

/** Bytes of a session token's text, with its NUL. */
#define PERSIST_TOKEN_SIZE 49

/** Reads only: never validates, never conflicts. */
#define PERSIST_TX_READ_ONLY 0x1u
/** Fixes the snapshot at once, not with the first read. */
#define PERSIST_TX_NOW 0x2u

/** How a transaction begins. */
typedef struct persist_tx_options {
    size_t size;                 /**< sizeof(persist_tx_options) */
    uint32_t flags;              /**< PERSIST_TX_... */
    persist_isolation isolation; /**< 0: as configured */
    const char *ns;              /**< namespace; NULL: the store's */
    int has_at;                  /**< 1: read at `at`; implies READ_ONLY */
    int64_t at;                  /**< past timestamp to read at, ns; above the head
                                      but not in the future it reads at the head */
    int64_t timeout;             /**< for each call, ns; 0: transaction.timeout */
    persist_freshness freshness; /**< 0: as configured */
    persist_snapshot *snapshot;  /**< read at this one; implies READ_ONLY. It must stay
                                      open as long as the transaction; its namespace counts */
    const char *token;           /**< of persist_tx_token: the snapshot holds that
                                      transaction's commit, or the first read is DIVERGED,
                                      or TIMEOUT if it has not arrived here in time */
} persist_tx_options;

/**
 * Begins a transaction. Its snapshot, fixed by its first read, includes every commit
 * acknowledged to anybody before this call. Ended by persist_tx_free.
 * Statuses: INVALID (at < 0, isolation, freshness, token), NOT_FOUND (ns). What is wrong
 * with `at` otherwise (CLOCK: in the future; TOO_OLD) is told by the first read, or here
 * with PERSIST_TX_NOW.
 */
PERSIST_API persist_status persist_begin(persist_store *store, const persist_tx_options *options,
                                         persist_tx **out, persist_error *error);
/** Rolls back if need be, ends its cursors, and frees it. NULL is allowed. */
PERSIST_API void persist_tx_free(persist_tx *tx);

/** The version was written by this very transaction: it has no timestamp yet. */
#define PERSIST_ROW_OWN 0x1u
/** A deletion; only in persist_history. */
#define PERSIST_ROW_TOMBSTONE 0x2u
/** The key is not there; only in persist_get_many. */
#define PERSIST_ROW_ABSENT 0x4u

/** One version of a key. */
typedef struct persist_row {
    size_t size;             /**< sizeof(persist_row), set by the caller */
    persist_bytes key;       /**< borrowed */
    persist_bytes value;     /**< borrowed; empty with keys_only */
    int64_t timestamp;       /**< of the commit, ns; 0 with PERSIST_ROW_OWN */
    unsigned char tx_id[16]; /**< of the transaction: batch (12), index (4); zeros
                                   with keys_only, tombstones, PERSIST_ROW_OWN */
    uint32_t flags;          /**< PERSIST_ROW_... */
} persist_row;

/**
 * Reads a key. Statuses: NOT_FOUND, INVALID and LIMIT (key), CLOCK and TOO_OLD (`at`),
 * DAMAGED (with namespace, key and timestamp), FENCED, MOVED, LOADING, DIVERGED (the store
 * changed), MISUSE (ended), and those of reaching the engine.
 */
PERSIST_API persist_status persist_get(persist_tx *tx, persist_bytes key, persist_row *row,
                                       persist_error *error);
/** Writes a key in this transaction. Statuses: INVALID, LIMIT, MISUSE. */
PERSIST_API persist_status persist_put(persist_tx *tx, persist_bytes key, persist_bytes value,
                                       persist_error *error);
/** Deletes a key in this transaction; it need not exist. Statuses: as persist_put. */
PERSIST_API persist_status persist_delete(persist_tx *tx, persist_bytes key, persist_error *error);

/**
 * Reads several keys of one snapshot in as few trips as the backend allows. rows[i] is
 * of keys[i]; an absent key's has PERSIST_ROW_ABSENT. Each row's size is set by the
 * caller. The rows are borrowed together, until the next call. Statuses: as persist_get,
 * but NOT_FOUND.
 */
PERSIST_API persist_status persist_get_many(persist_tx *tx, const persist_bytes *keys, size_t n,
                                            persist_row *rows, persist_error *error);

/**
 * Marks a key as relied on: a commit that writes it makes this transaction's a CONFLICT at
 * both isolation levels. Counted from `read_at`, the timestamp at which its value was read,
 * which may be older than the snapshot (a value kept from before); 0: from the snapshot.
 * Statuses: INVALID, MISUSE, TOO_OLD (by the time of the commit).
 */
PERSIST_API persist_status persist_guard(persist_tx *tx, persist_bytes key, int64_t read_at,
                                         persist_error *error);
/** The same for every key in [from, to); `to` empty: no end. */
PERSIST_API persist_status persist_guard_range(persist_tx *tx, persist_bytes from, persist_bytes to,
                                               int64_t read_at, persist_error *error);

/** Marks the writes made so far, for persist_rollback_to. Marks nest; they cost no trip. */
PERSIST_API persist_status persist_savepoint(persist_tx *tx, uint64_t *mark, persist_error *error);
/** Takes back every write made since the mark, which stays usable; later marks end. What
 * was read stays read. Statuses: INVALID (no such mark), MISUSE. */
PERSIST_API persist_status persist_rollback_to(persist_tx *tx, uint64_t mark, persist_error *error);

/** Which keys to scan: `prefix`, and within it [from, to). */
typedef struct persist_scan_options {
    size_t size;          /**< sizeof(persist_scan_options) */
    uint32_t flags;       /**< PERSIST_SCAN_REVERSE, PERSIST_SCAN_KEYS_ONLY */
    persist_bytes prefix; /**< keys that begin so; empty: all */
    persist_bytes from;   /**< first key, included; empty: the lowest */
    persist_bytes to;     /**< end, not included; empty: none. from > to is INVALID */
    uint64_t limit;       /**< most rows; 0: no bound */
} persist_scan_options;

/**
 * Begins a scan over the snapshot merged with this transaction's own writes. Writes
 * made while it runs are seen where it has not been yet. It answers MISUSE once the
 * transaction has ended. Freed by persist_cursor_free, at the latest by
 * persist_tx_free. Statuses: INVALID, MISUSE.
 */
PERSIST_API persist_status persist_scan(persist_tx *tx, const persist_scan_options *options,
                                        persist_cursor **out, persist_error *error);
/** Versions of one key that the snapshot can see, newest first, tombstones too; the
 * transaction's own writes are not among them. Ended by persist_cursor_free. Statuses:
 * INVALID and LIMIT (key), MISUSE. */
PERSIST_API persist_status persist_history(persist_tx *tx, persist_bytes key, persist_cursor **out,
                                           persist_error *error);
/** Moves to the next row. Statuses: END (and again END), else as persist_get. */
PERSIST_API persist_status persist_cursor_next(persist_cursor *cursor, persist_row *row,
                                               persist_error *error);
/** Ends a scan. NULL is allowed. */
PERSIST_API void persist_cursor_free(persist_cursor *cursor);
/** Counts the keys a scan would give. Statuses: as persist_cursor_next. */
PERSIST_API persist_status persist_count(persist_tx *tx, const persist_scan_options *options,
                                         uint64_t *count, persist_error *error);

/**
 * Commits. On OK everything written is durable as configured, and *timestamp (may be
 * NULL) is the commit's; a transaction that wrote nothing gets its snapshot's, or, having
 * read nothing either, that of the newest commit known when it began. On
 * CONFLICT nothing was written: begin again, or use persist_run. UNRESOLVED: it is
 * not known; never re-run blindly. In every case but LIMIT the transaction is ended.
 */
PERSIST_API persist_status persist_commit(persist_tx *tx, int64_t *timestamp, persist_error *error);
/** Gives up all writes and ends the transaction. Statuses: MISUSE (ended). */
PERSIST_API persist_status persist_rollback(persist_tx *tx, persist_error *error);
/** The snapshot's timestamp, ns, fixing it if need be; after a commit the commit's. */
PERSIST_API persist_status persist_tx_timestamp(persist_tx *tx, int64_t *timestamp,
                                                persist_error *error);

/**
 * The session token of a committed transaction, or of an open one's snapshot, as text of
 * PERSIST_TOKEN_SIZE - 1 characters and a NUL: a transaction begun with it, in whatever
 * process, sees at least as much. Statuses: as persist_tx_timestamp.
 */
PERSIST_API persist_status persist_tx_token(persist_tx *tx, char token[PERSIST_TOKEN_SIZE],
                                            persist_error *error);
/** Bounds everything the transaction still does, its commit too: `ns` from now; 0: no bound
 * but each call's own. Statuses: MISUSE. */
PERSIST_API persist_status persist_tx_set_deadline(persist_tx *tx, int64_t ns,
                                                   persist_error *error);
/**
 * Makes the call that runs on the transaction, or else the next that reaches the backend,
 * return INTERRUPTED. Any thread; the transaction must not be freed meanwhile. A commit is
 * given up while it waits for its turn, and, if no other commit is written together with it,
 * while the backend has not written it: then nothing was written. Else it is told as it
 * ended.
 */
PERSIST_API void persist_cancel(persist_tx *tx);

/** Bytes of the token of an unresolved commit. */
#define PERSIST_RESOLVE_TOKEN_SIZE 40
/** With PERSIST_UNRESOLVED: the token that persist_resolve decides by, of
 * PERSIST_RESOLVE_TOKEN_SIZE bytes, living as the message; else NULL. */
PERSIST_API const unsigned char *persist_error_resolve_token(const persist_error *error);
/**
 * Decides an unresolved commit in the namespace `ns` (NULL: the store's), from any process,
 * as long as the log reaches back to it: *committed is 1, and *timestamp its commit's, or 0
 * and it never will be. Statuses: UNRESOLVED (the store cannot be asked), TOO_OLD (the log
 * does not reach back), DIVERGED, INVALID (no such token).
 */
PERSIST_API persist_status persist_resolve(persist_store *store, const char *ns,
                                           const unsigned char token[PERSIST_RESOLVE_TOKEN_SIZE],
                                           int *committed, int64_t *timestamp,
                                           persist_error *error);

/**
 * Holds a moment of the namespace `ns` (NULL: the store's) readable by this process: `at`
 * as in persist_tx_options, PERSIST_NEWEST: now. Ended by persist_snapshot_close.
 * Statuses: as the first read of a transaction.
 */
PERSIST_API persist_status persist_snapshot_open(persist_store *store, const char *ns, int64_t at,
                                                 persist_snapshot **out, persist_error *error);
/** Its timestamp, ns. */
PERSIST_API int64_t persist_snapshot_timestamp(const persist_snapshot *snapshot);
/** Ends it. The transactions that read at it must have ended. NULL is allowed. */
PERSIST_API void persist_snapshot_close(persist_snapshot *snapshot);

/** The work of a transaction: PERSIST_OK commits, anything else rolls back. It hands
 * `error` to its calls and returns their status, or one of its own, such as PRECONDITION.
 * May be called several times: it must not do what cannot be done twice. */
typedef persist_status (*persist_run_fn)(persist_tx *tx, void *context, persist_error *error);
/**
 * Begins, runs `fn`, commits, and on a retryable failure does it again after a
 * jittered pause, transaction.max_retries times at most. Returns fn's status or the
 * commit's. Never re-runs an UNRESOLVED commit.
 */
PERSIST_API persist_status persist_run(persist_store *store, const persist_tx_options *options,
                                       persist_run_fn fn, void *context, int64_t *timestamp,
                                       persist_error *error);

/* ------------------------------------------------------------------------- upkeep */

/** What the opened backend is and can do. Static, or as long as the store. */
typedef struct persist_store_info {
    size_t size;                   /**< sizeof(persist_store_info), set by the caller */
    const char *backend;           /**< plugin's name */
    const char *plugin_file;       /**< file it was loaded from */
    const char *plugin_version;    /**< plugin's version */
    const char *url;               /**< where, without secrets */
    const char *ns;                /**< the store's namespace */
    uint64_t caps;                 /**< PERSIST_CAP_... of persist/plugin.h, effective */
    uint64_t max_key;              /**< bytes, effective */
    uint64_t max_value;            /**< bytes, effective */
    persist_durability durability; /**< what a commit survives; 0: nothing, the data end
                                        with the process */
} persist_store_info;

/** Tells what the store is. */
PERSIST_API void persist_store_describe(persist_store *store, persist_store_info *out);

/** Takes one figure of the engine; returns PERSIST_OK for more. Texts live for the
 * call. */
typedef persist_status (*persist_stat_fn)(void *context, const char *name, int64_t value,
                                          const char *unit, const char *help);
/** The engine's own sizes and counts. */
PERSIST_API persist_status persist_stats(persist_store *store, persist_stat_fn fn, void *context,
                                         persist_error *error);

/** A check of health. */
typedef struct persist_health_report {
    size_t size;       /**< sizeof(persist_health_report), set by the caller */
    int64_t write_ns;  /**< time a commit took */
    int64_t read_ns;   /**< time to read it back */
    int64_t timestamp; /**< of the commit */
} persist_health_report;
/** Writes and reads back a key in the reserved namespace `_health`, made if need be; on a
 * store opened read-only it only asks for the newest commit: write_ns is 0. */
PERSIST_API persist_status persist_health(persist_store *store, persist_health_report *out,
                                          persist_error *error);

/** Takes one schema migration; applied_at is wall clock ns, 0: missing. */
typedef persist_status (*persist_migration_fn)(void *context, uint32_t number, const char *name,
                                               int64_t applied_at);
/** Lists the backend's schema migrations, applied or not, of a store that need not be
 * ready to be opened. */
PERSIST_API persist_status persist_migrate_status(const persist_config *config,
                                                  persist_migration_fn fn, void *context,
                                                  persist_error *error);
/** Applies those that are missing, telling each as it is done, and makes the
 * configured namespace if there is none. */
PERSIST_API persist_status persist_migrate_up(const persist_config *config, persist_migration_fn fn,
                                              void *context, persist_error *error);

/* ------------------------------------------------------------------ asynchronous */

/*
 * Every call that may reach a backend has a form that returns at once and tells a queue
 * when it is done: the same arguments, then a queue and a tag. PERSIST_OK means that
 * exactly one completion will come, never from inside the submitting call; any other
 * status that none will. What the call fills (out parameters, rows, the error) has to stay
 * in place until the completion was taken; what it reads is copied. One call at a time on a
 * transaction and its cursors: others are MISUSE meanwhile. Threads are the library's own,
 * pool.max of them at most, made when first needed.
 */

/** Where completions arrive. */
typedef struct persist_queue persist_queue;

/** A call that is done. */
typedef struct persist_completion {
    size_t size;           /**< sizeof(persist_completion), set by the caller */
    void *tag;             /**< as given to the call */
    persist_status status; /**< how it ended */
} persist_completion;

/** A new queue. Ended by persist_queue_free. Statuses: NO_MEMORY, IO (no descriptor). */
PERSIST_API persist_status persist_queue_new(persist_queue **out, persist_error *error);
/** Ends a queue, waiting for the calls that still go to it; what they tell is lost. */
PERSIST_API void persist_queue_free(persist_queue *queue);
/** A descriptor that can be read from (poll, epoll) while completions wait. Not to be read
 * or closed. */
PERSIST_API int persist_queue_fd(const persist_queue *queue);
/** Takes the next completion; any thread. END: none waits within `timeout` ns (0: does not
 * wait; negative: waits for ever). */
PERSIST_API persist_status persist_queue_next(persist_queue *queue, int64_t timeout,
                                              persist_completion *completion);

/** persist_open_config. The configuration must stay until the completion. */
PERSIST_API persist_status persist_open_config_async(const persist_config *config,
                                                     const persist_store_options *options,
                                                     persist_store **out, persist_error *error,
                                                     persist_queue *queue, void *tag);
/** persist_open_file. */
PERSIST_API persist_status persist_open_file_async(const char *path,
                                                   const persist_store_options *options,
                                                   persist_store **out, persist_error *error,
                                                   persist_queue *queue, void *tag);
/** persist_open_url. */
PERSIST_API persist_status persist_open_url_async(const char *url,
                                                  const persist_store_options *options,
                                                  persist_store **out, persist_error *error,
                                                  persist_queue *queue, void *tag);
/** persist_close: cancels what is in flight on the store, waits for it, closes. */
PERSIST_API persist_status persist_close_async(persist_store *store, persist_error *error,
                                               persist_queue *queue, void *tag);
/** persist_begin; snapshot handle and token of the options must stay until the completion. */
PERSIST_API persist_status persist_begin_async(persist_store *store,
                                               const persist_tx_options *options, persist_tx **out,
                                               persist_error *error, persist_queue *queue,
                                               void *tag);
/** persist_get. */
PERSIST_API persist_status persist_get_async(persist_tx *tx, persist_bytes key, persist_row *row,
                                             persist_error *error, persist_queue *queue, void *tag);
/** persist_get_many. */
PERSIST_API persist_status persist_get_many_async(persist_tx *tx, const persist_bytes *keys,
                                                  size_t n, persist_row *rows, persist_error *error,
                                                  persist_queue *queue, void *tag);
/** persist_cursor_next. */
PERSIST_API persist_status persist_cursor_next_async(persist_cursor *cursor, persist_row *row,
                                                     persist_error *error, persist_queue *queue,
                                                     void *tag);
/** persist_count. */
PERSIST_API persist_status persist_count_async(persist_tx *tx, const persist_scan_options *options,
                                               uint64_t *count, persist_error *error,
                                               persist_queue *queue, void *tag);
/** persist_guard. */
PERSIST_API persist_status persist_guard_async(persist_tx *tx, persist_bytes key, int64_t read_at,
                                               persist_error *error, persist_queue *queue,
                                               void *tag);
/** persist_guard_range. */
PERSIST_API persist_status persist_guard_range_async(persist_tx *tx, persist_bytes from,
                                                     persist_bytes to, int64_t read_at,
                                                     persist_error *error, persist_queue *queue,
                                                     void *tag);
/** persist_tx_timestamp. */
PERSIST_API persist_status persist_tx_timestamp_async(persist_tx *tx, int64_t *timestamp,
                                                      persist_error *error, persist_queue *queue,
                                                      void *tag);
/** persist_tx_token. */
PERSIST_API persist_status persist_tx_token_async(persist_tx *tx, char token[PERSIST_TOKEN_SIZE],
                                                  persist_error *error, persist_queue *queue,
                                                  void *tag);
/** persist_commit; no thread waits for it. */
PERSIST_API persist_status persist_commit_async(persist_tx *tx, int64_t *timestamp,
                                                persist_error *error, persist_queue *queue,
                                                void *tag);
/** persist_run; `fn` runs on a thread of the library and uses blocking calls. */
PERSIST_API persist_status persist_run_async(persist_store *store,
                                             const persist_tx_options *options, persist_run_fn fn,
                                             void *context, int64_t *timestamp,
                                             persist_error *error, persist_queue *queue, void *tag);
/** persist_snapshot_open. */
PERSIST_API persist_status persist_snapshot_open_async(persist_store *store, const char *ns,
                                                       int64_t at, persist_snapshot **out,
                                                       persist_error *error, persist_queue *queue,
                                                       void *tag);
/** persist_head. */
PERSIST_API persist_status persist_head_async(persist_store *store, const char *ns,
                                              persist_head_info *out, persist_error *error,
                                              persist_queue *queue, void *tag);
/** persist_resolve; the token is copied. */
PERSIST_API persist_status persist_resolve_async(
    persist_store *store, const char *ns, const unsigned char token[PERSIST_RESOLVE_TOKEN_SIZE],
    int *committed, int64_t *timestamp, persist_error *error, persist_queue *queue, void *tag);
/** persist_namespace_list; `fn` is called on a thread of the library. */
PERSIST_API persist_status persist_namespace_list_async(persist_store *store,
                                                        persist_namespace_fn fn, void *context,
                                                        persist_error *error, persist_queue *queue,
                                                        void *tag);
/** persist_namespace_create. */
PERSIST_API persist_status persist_namespace_create_async(persist_store *store, const char *name,
                                                          int64_t retention, persist_error *error,
                                                          persist_queue *queue, void *tag);
/** persist_namespace_drop. */
PERSIST_API persist_status persist_namespace_drop_async(persist_store *store, const char *name,
                                                        persist_error *error, persist_queue *queue,
                                                        void *tag);
/** persist_stats; `fn` is called on a thread of the library. */
PERSIST_API persist_status persist_stats_async(persist_store *store, persist_stat_fn fn,
                                               void *context, persist_error *error,
                                               persist_queue *queue, void *tag);
/** persist_health. */
PERSIST_API persist_status persist_health_async(persist_store *store, persist_health_report *out,
                                                persist_error *error, persist_queue *queue,
                                                void *tag);
/** persist_migrate_status; `fn` is called on a thread of the library. */
PERSIST_API persist_status persist_migrate_status_async(const persist_config *config,
                                                        persist_migration_fn fn, void *context,
                                                        persist_error *error, persist_queue *queue,
                                                        void *tag);
/** persist_migrate_up; `fn` is called on a thread of the library. */
PERSIST_API persist_status persist_migrate_up_async(const persist_config *config,
                                                    persist_migration_fn fn, void *context,
                                                    persist_error *error, persist_queue *queue,
                                                    void *tag);

/* -------------------------------------------------------------------------- bytes */

/** Bytes of a C string, without its NUL; NULL gives none. The string is borrowed. */
PERSIST_API persist_bytes persist_text(const char *text);
/** A copy that stays, with a NUL behind it; NULL if there is no memory. Ended by
 * persist_bytes_free. */
PERSIST_API void *persist_bytes_dup(persist_bytes bytes);
/** Ends a copy. */
PERSIST_API void persist_bytes_free(void *copy);

/* --------------------------------------------------------------------- tuple keys */

/**
 * Builds keys out of typed parts so that the byte order of keys is the order of the
 * parts, one after the other: absent < null < int64 < float64 < false < true < text
 * < bytes. Nothing to free: the caller gives the buffer.
 */
typedef struct persist_key_builder {
    unsigned char *data; /**< caller's buffer */
    size_t capacity;     /**< its size, bytes */
    size_t size;         /**< bytes used; > capacity if the parts did not fit */
} persist_key_builder;

/** Begins a key in `buffer`. */
PERSIST_API void persist_key_begin(persist_key_builder *key, void *buffer, size_t capacity);
/** Adds the null value. */
PERSIST_API void persist_key_add_null(persist_key_builder *key);
/** Adds a truth value; any nonzero is true. */
PERSIST_API void persist_key_add_bool(persist_key_builder *key, int value);
/** Adds an integer. */
PERSIST_API void persist_key_add_int(persist_key_builder *key, int64_t value);
/** Adds a float, in IEEE 754 total order. */
PERSIST_API void persist_key_add_float(persist_key_builder *key, double value);
/** Adds text, compared by its UTF-8 bytes; may hold NUL. */
PERSIST_API void persist_key_add_text(persist_key_builder *key, persist_bytes text);
/** Adds bytes. */
PERSIST_API void persist_key_add_bytes(persist_key_builder *key, persist_bytes bytes);
/** The finished key, borrowed from the buffer. Statuses: LIMIT (it did not fit),
 * INVALID (no part). */
PERSIST_API persist_status persist_key_end(const persist_key_builder *key, persist_bytes *out);

/** Type of a key's part. */
typedef enum persist_part_type {
    PERSIST_PART_NULL = 1,  /**< null */
    PERSIST_PART_INT = 2,   /**< integer */
    PERSIST_PART_FLOAT = 3, /**< number */
    PERSIST_PART_BOOL = 4,  /**< integer: 0 or 1 */
    PERSIST_PART_TEXT = 5,  /**< bytes */
    PERSIST_PART_BYTES = 6  /**< bytes */
} persist_part_type;

/** One part taken out of a key. */
typedef struct persist_key_part {
    size_t size;            /**< sizeof(persist_key_part), set by the caller */
    persist_part_type type; /**< which of the following counts */
    int64_t integer;        /**< INT, BOOL */
    double number;          /**< FLOAT */
    persist_bytes bytes;    /**< TEXT, BYTES: in the caller's scratch */
} persist_key_part;

/**
 * Takes the first part off `*key` and advances it. Text and bytes are decoded into
 * `scratch`, at least as large as the key. Statuses: END (none left), INVALID (not a
 * tuple key).
 */
PERSIST_API persist_status persist_key_next(persist_bytes *key, void *scratch, size_t capacity,
                                            persist_key_part *part);

#ifdef __cplusplus
}
#endif

#endif
