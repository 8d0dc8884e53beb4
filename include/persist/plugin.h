/* SPDX-License-Identifier: MIT */
/**
 * persist/plugin.h - what a backend offers, and what it may ask for.
 *
 * A backend ("plugin") is one shared object, `persist_NAME.so`, that keeps an
 * ordered multi-version map and a commit log for the library ("host"). It
 * needs no SQL, links nothing of persist's, and knows nothing of transactions:
 * isolation, conflicts, grouping, checksums, compression and collection are the
 * host's work. What is asked of a backend is small:
 *
 *   - keep versions (key, timestamp) -> bytes or tombstone, in unsigned byte
 *     order of the key, and find the newest one at or below a timestamp;
 *   - keep one clock row per namespace, and commit records by timestamp;
 *   - `append`: add versions and a record and move the clock row, atomically
 *     and durably, if and only if the clock row is still the expected one.
 *
 * WORDS
 *   store      one configured place that holds data (a file, a database)
 *   session    one unit of serial work on a store (a connection)
 *   namespace  an independent map with its own clock row, named by a 32-bit id
 *   version    a value, or a tombstone, of one key at one timestamp
 *   record     what one append commits: opaque bytes at the newest of its
 *              timestamps. Records are chained: each holds the digest before it
 *   head       timestamp of the newest record; 0 in an empty namespace
 *
 * AN EXAMPLE. A backend over a relational engine may keep three tables:
 *
 *   clock      ns | head | head_digest | versions | version_digest | epoch | ...
 *   versions   ns | key | timestamp | flags | value     ordered by all three
 *   records    ns | timestamp | digest | record         ordered by both
 *
 * and do an append as one engine transaction:
 *
 *   1. update the clock row to the new head, digest, count and sum, where ns, head,
 *      head_digest and epoch are the expected ones and the state is OPEN. No row
 *      was changed: roll back, read the row, and tell by it which status it is
 *      (NOT_FOUND, FENCED, MOVED, LOADING; else CONFLICT)
 *   2. insert the versions and the record
 *   3. commit. If the engine's answer is lost, say PERSIST_MAYBE_COMMITTED
 *
 * A read of key k at t is the first row of versions with that key and timestamp
 * <= t, newest first; a scan is the same for each key of the range. With the
 * rows go the clock row and the anchors, of the same engine snapshot. All else
 * that a plugin does is opening, closing and telling what went wrong.
 *
 * THE LIFE OF A PLUGIN
 *
 *   the file is found     by name or scheme; owner, permissions and ELF note are
 *     |                   judged before any of its code runs
 *   persist_plugin_entry  the descriptor: equal to the note, tables complete
 *   load                  once per process; the file is never unloaded
 *     |-- check_config    for each configuration; also without a store
 *   start                 before the first store
 *     store_open          for each store
 *       session_open      as many as are needed at once, up to a bound
 *         operations      one after the other; session_reset after a failed one
 *         session_ping    at times, between two operations
 *       session_close
 *     store_close
 *   stop                  after the last store
 *
 * RULES THAT HOLD EVERYWHERE
 *   Memory     Inputs belong to the caller and stay valid until the call
 *              returns. Results go out through callbacks that copy, or into
 *              structs that the host provides. Nothing allocated on one side is
 *              freed on the other. Names, tables and descriptors are static.
 *   Growth     Every table and every struct that begins with `size` grows only
 *              at its end. Whoever reads one copies min(size) into zeroed memory
 *              of its own, or asks PERSIST_HAS. Who fills one sets `size` first
 *              and writes nothing past the `size` it was given. Structs without
 *              `size` never change.
 *   Errors     Every call ends with one persist_status. Text, SQLSTATE and the
 *              vendor's code go to `host->set_error`. A plugin does not print,
 *              exit, jump, or leave a message in a thread-local.
 *   Threads    A session is used by one thread at a time, from any thread;
 *              different sessions run in parallel. Only `interrupt` may be
 *              called while another call of the session runs. `life` calls on
 *              a store come from one thread at a time and never beside calls on
 *              its sessions, except session_open, session_close and interrupt.
 *              A callback of the host is called only from inside the call it was
 *              passed to, on the same thread; it must not be called after that.
 *   Time       Timestamps are int64 nanoseconds since the Unix epoch. Deadlines
 *              are int64 nanoseconds of CLOCK_MONOTONIC. A call that passes its
 *              deadline returns PERSIST_TIMEOUT soon after.
 *   Between    A session keeps no engine transaction open between two calls that
 *   calls      would stop others from writing, and no state that another session
 *              of the same store could not stand in for.
 *   Fork       A plugin need not work in a forked child; the host refuses there.
 *
 * WHAT IS GOT WRONG MOST OFTEN
 *   - Keys compared as text: a collation, a case or a trailing space then joins
 *     keys that differ. Order is that of unsigned bytes; 0x00 and 0xFF occur.
 *   - An empty value stored as the engine's null and handed out as a tombstone.
 *   - A compare that does not really write the clock row, or is done in a read
 *     before it: two appends then succeed at once on engines that only compare
 *     what was written.
 *   - MAYBE_COMMITTED left out after a connection broke during a commit: the host
 *     then reports a failure for what happened. Set wrongly, it costs one more
 *     append; left out wrongly, it costs the user's data. In doubt, set it.
 *   - A deadline observed while waiting for rows, but not while connecting, or
 *     while waiting for a lock.
 *   - A count or an id read from the clock of another snapshot than the rows.
 *   - `timestamp` taken for the engine's own time. It is a number of the host's;
 *     the engine's clock goes into persist_clock.engine_time alone.
 *
 * STABILITY. While PERSIST_ABI_MAJOR is 0 this header may change; each change
 * raises the minor, and the host refuses plugins built against a minor it no
 * longer understands. Major 1 will be frozen: tables then only grow.
 *
 * persist-plugin(3) is the guide; persist_memory.so is the worked example.
 */
#ifndef PERSIST_PLUGIN_H
#define PERSIST_PLUGIN_H

#include <persist/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ identity */

/** Major of this interface: host and plugin must agree on it. */
#define PERSIST_ABI_MAJOR 0
/** Minor of this interface: raised by every addition (under 0: every change). */
#define PERSIST_ABI_MINOR 1
/** Oldest minor a host of this header still takes. Leaves with major 0. */
#define PERSIST_ABI_MINOR_OLDEST 1

/**
 * Lowest host minor this plugin can live with. A plugin that uses later members
 * only behind PERSIST_HAS defines it to something lower before the include.
 */
#ifndef PERSIST_PLUGIN_FLOOR
#define PERSIST_PLUGIN_FLOOR PERSIST_ABI_MINOR
#endif

/** First eight bytes of every head: "PERSIST" and a NUL. */
#define PERSIST_PLUGIN_MAGIC "PERSIST"
/** 0x01020304 as the plugin's machine stores it: tells its byte order. */
#define PERSIST_BYTE_ORDER 0x01020304u
/** Vendors whose hosts differ from the released ones put their name here. */
#define PERSIST_ABI_EXTRA ""
/** Owner name of the ELF note; its section is ".note.persist". */
#define PERSIST_NOTE_OWNER "persist"
/** Type of the ELF note that holds a persist_plugin_head. */
#define PERSIST_NOTE_TYPE 1u

/**
 * Who a plugin is. Frozen for ever, in every major: fixed-width fields and
 * NUL-padded char arrays, no pointers, 4-byte alignment. It stands at the start
 * of the descriptor and, the same bytes, in an ELF note, so that a host can
 * refuse a file before any code in it runs.
 */
typedef struct persist_plugin_head {
    char magic[8];         /**< PERSIST_PLUGIN_MAGIC */
    uint32_t head_size;    /**< sizeof(persist_plugin_head): 448 */
    uint32_t abi_major;    /**< PERSIST_ABI_MAJOR it was built against */
    uint32_t abi_minor;    /**< PERSIST_ABI_MINOR it was built against */
    uint32_t host_floor;   /**< lowest host minor that will do */
    uint32_t pointer_bits; /**< 32 or 64 */
    uint32_t byte_order;   /**< PERSIST_BYTE_ORDER */
    char abi_extra[32];    /**< PERSIST_ABI_EXTRA */
    char name[32];         /**< lower-case letter, then letters, digits, '_':
                                  the file is persist_NAME.so */
    char schemes[64];      /**< URL schemes it answers to, separated by one
                                  space: "postgres postgresql" */
    char section[32];      /**< section of the configuration file it owns; its
                                  PERSIST_SECTION_... variables follow from it */
    char version[32];      /**< of the plugin, as its author writes it */
    char licence[64];      /**< SPDX expression */
    char summary[160];     /**< one line */
} persist_plugin_head;

/**
 * True if a sized table or struct reaches as far as `member`: the way to ask
 * whether the other side, which may be older, has it.
 */
#define PERSIST_HAS(object, member)                                                         \
    ((object)->size >= (size_t)((const char *)&(object)->member - (const char *)(object)) + \
                           sizeof((object)->member))

/* -------------------------------------------------------------- configuration */

/** Type of a setting; the host parses, converts and range-checks. */
typedef enum persist_setting_type {
    PERSIST_SETTING_TEXT = 1,     /**< UTF-8 without NUL */
    PERSIST_SETTING_BOOL = 2,     /**< true or false; read as 1 or 0 */
    PERSIST_SETTING_INT = 3,      /**< decimal integer */
    PERSIST_SETTING_SIZE = 4,     /**< bytes: 64MiB; read as a count of bytes */
    PERSIST_SETTING_DURATION = 5, /**< 15s, 14d; read as nanoseconds */
    PERSIST_SETTING_CHOICE = 6    /**< one of the words in `choices` */
} persist_setting_type;

/** The setting says where the store is or how to reach it: it may stand in the
 * mapping form of `persistence:` and in a PERSIST_SECTION_NAME variable. */
#define PERSIST_SETTING_CONNECTION 0x1u
/** Never shown: not in a log, an error, or `config show`. */
#define PERSIST_SETTING_SECRET 0x2u

/**
 * One setting of the plugin's section. The host knows a section only by this
 * declaration: it refuses every other key, and makes the JSON Schema and the
 * list of variables from it.
 */
typedef struct persist_setting {
    const char *name;          /**< key: letters, digits, '_' */
    persist_setting_type type; /**< how it is parsed */
    uint32_t flags;            /**< PERSIST_SETTING_CONNECTION, _SECRET */
    int64_t min;               /**< lowest value; INT, SIZE and DURATION only */
    int64_t max;               /**< highest value, or 0: no bound */
    const char *choices;       /**< CHOICE: words separated by one space */
    const char *preset;        /**< value if unset, as written; NULL: none */
    const char *help;          /**< one sentence for the manual */
} persist_setting;

/** The settings of one store, resolved by the host. Opaque; lives until
 * store_close returns (in check_config: until the call returns). */
typedef struct persist_settings persist_settings;

/* ----------------------------------------------------------------------- calls */

/**
 * The failed call may be tried again as it is, and may then succeed: a lost race
 * for a lock, a deadlock, a server that restarts. Nothing of it was done. CONFLICT
 * and BUSY imply it.
 */
#define PERSIST_RETRYABLE 0x1u
/**
 * It is not known whether the append happened: the connection, or the disk, failed
 * between the request to commit and its answer. The host then appends an empty
 * record with the same expected head, which settles it. Independent of the status
 * (UNAVAILABLE, TIMEOUT, INTERRUPTED, IO) and of the other bits.
 */
#define PERSIST_MAYBE_COMMITTED 0x2u
/**
 * The session is of no use any more: the host closes it without session_reset and
 * opens another when it needs one. To be set whenever the connection broke, or it
 * is not certain that nothing of the failed call still runs on it.
 */
#define PERSIST_SESSION_DEAD 0x4u

/**
 * What a failure was, beside its status. Filled by the plugin for set_error.
 *
 * Engines' own errors are told with these statuses:
 *
 *   lost race for a lock, deadlock          BUSY, and RETRYABLE
 *   connection refused, lost, server ends   UNAVAILABLE, and SESSION_DEAD
 *   login, role or database refused         AUTH
 *   disk or quota full                      FULL
 *   read-only file, folder or server        READ_ONLY
 *   page or index found broken              DAMAGED
 *   read or write failed below the engine   IO
 *   statement cancelled by `interrupt`      INTERRUPTED
 *   statement cancelled by the deadline     TIMEOUT
 *   anything a correct plugin cannot meet   INTERNAL
 */
typedef struct persist_error_detail {
    size_t size;         /**< sizeof(persist_error_detail) */
    uint32_t flags;      /**< PERSIST_RETRYABLE, _MAYBE_COMMITTED, _SESSION_DEAD */
    char sqlstate[6];    /**< five characters and NUL, or empty */
    int64_t vendor_code; /**< the engine's own number, or 0 */
    const char *text;    /**< names thing, value and remedy; UTF-8; no secret.
                              Copied by set_error */
} persist_error_detail;

/** Where the host keeps the error of a call. Opaque. */
typedef struct persist_call_error persist_call_error;

/**
 * One call's own circumstances: until when it may take, and where its failure is
 * described; first or second argument of every operation.
 * Lives until the operation returns.
 */
typedef struct persist_call {
    size_t size;               /**< set by the host */
    int64_t deadline;          /**< monotonic ns, or PERSIST_NO_DEADLINE */
    persist_call_error *error; /**< for host->set_error */
} persist_call;

/* ---------------------------------------------------------------- host services */

/** A metric registered with the host. Opaque; lives as long as the process. */
typedef struct persist_metric persist_metric;

/**
 * What the host offers. A plugin keeps the pointer in one static variable, set by
 * `load`. What stands under *Reserved* below is NULL in hosts of this minor: ask
 * before the call, and do without. Handed to `load` and valid for ever after; the only way
 * in which a plugin reaches the host. Every service may be called from any
 * thread, at any time after `load` was entered; none blocks for long. Members up
 * to the host's `size` are never NULL unless they say *reserved*.
 */
typedef struct persist_host {
    size_t size;         /**< of this table, as the host knows it */
    uint32_t abi_major;  /**< of the host */
    uint32_t abi_minor;  /**< of the host */
    const char *version; /**< of the host's library, for messages */

    /** Nonzero if messages of `level` go anywhere: ask before formatting. */
    int (*log_enabled)(persist_log_level level);
    /** Writes one message. `text` is one line without a newline, no secret. */
    void (*log)(persist_log_level level, const char *text);

    /**
     * Reserved (NULL): registers a counter ('c'), gauge ('g') or histogram ('h')
     * whose name begins with persist_, and returns its handle; the same name
     * gives the same handle. To be called from `load`.
     */
    persist_metric *(*metric)(int kind, const char *name, const char *help);
    /** Reserved (NULL): adds to a counter, sets a gauge, observes a histogram. */
    void (*metric_add)(persist_metric *metric, double value);

    /** Memory, as malloc; NULL if there is none. For the plugin's own use. */
    void *(*alloc)(size_t size);
    /** As realloc, on memory of `alloc`. */
    void *(*resize)(void *memory, size_t size);
    /** As free, on memory of `alloc`; NULL is allowed. */
    void (*release)(void *memory);

    /** XXH3, 64 bits, with a seed. */
    uint64_t (*xxh3_64)(const void *data, size_t size, uint64_t seed);
    /** XXH3, 128 bits, canonical form. */
    void (*xxh3_128)(const void *data, size_t size, persist_digest *digest);
    /** CRC-32C, continued from `crc` (0 to begin). */
    uint32_t (*crc32c)(uint32_t crc, const void *data, size_t size);

    /** Now, ns of CLOCK_MONOTONIC. */
    int64_t (*monotonic)(void);
    /** Now, ns since the Unix epoch. The host's tests may replace it. */
    int64_t (*wall)(void);
    /** Fills `data` with random bytes from the operating system. */
    persist_status (*random)(void *data, size_t size);

    /**
     * A setting's text as written, its preset, or NULL if neither is there. For
     * every type. The text lives as long as the settings.
     */
    const char *(*setting_text)(const persist_settings *settings, const char *name);
    /**
     * A BOOL (0, 1), INT, SIZE (bytes), DURATION (ns) or CHOICE (index into the
     * words) in `*value`. Returns 1 if it is set or has a preset, else 0 and
     * `*value` is left alone.
     */
    int (*setting_number)(const persist_settings *settings, const char *name, int64_t *value);
    /**
     * Reports what is wrong with a setting; the host adds file, line and column
     * (or the variable or option it came from). May be called several times; a
     * check_config that did returns PERSIST_CONFIG. `name` NULL: the URL.
     */
    void (*setting_error)(const persist_settings *settings, const char *name, const char *text);
    /**
     * Decodes %XX of a URL part into `out` with a NUL behind. Returns the length,
     * or -1 on a broken escape, %00, or if `capacity` bytes do not hold it.
     */
    long (*percent_decode)(const char *text, size_t size, char *out, size_t capacity);

    /**
     * Says what the failure of `call` was. At most once counts per call: the last
     * one. Without it the status alone is reported. To be called before the
     * operation returns, on its own thread; the text is copied. Example:
     *
     *     persist_error_detail detail = {sizeof detail};
     *     detail.flags = PERSIST_RETRYABLE;
     *     detail.text = "another process holds the lock: try again";
     *     host->set_error(call, &detail);
     *     return PERSIST_BUSY;
     */
    void (*set_error)(const persist_call *call, const persist_error_detail *detail);

    /**
     * Reserved (NULL): a named place where tests make a plugin fail; returns the
     * status to fail with, PERSIST_OK as a rule.
     */
    persist_status (*fault_point)(const char *name);
} persist_host;

/* ------------------------------------------------------- capabilities and limits */

/* The descriptor's `caps` are what the plugin can ever do; store_caps tells what
 * this store can, which may be less: a server's version, a database in memory. The
 * host uses what is in both. A bit it does not know it leaves alone. */

/** Several processes may have the store open, and write, at once: the compare in
 * `append` holds between them, and each sees what the others committed. */
#define PERSIST_CAP_SHARED 0x1u
/** `append` revalidates under the lock: see persist_append.revalidate. It makes
 * many writing processes faster and changes no result: leave it out at first. */
#define PERSIST_CAP_TURN 0x2u
/** Calls answer without leaving the process: the host reads on its caller's
 * thread. */
#define PERSIST_CAP_IN_PROCESS 0x4u
/** Data outlive the process. Without it every store_open begins with nothing. */
#define PERSIST_CAP_PERSISTENT 0x8u
/** PERSIST_DURABILITY_POWER can be kept: an append returns OK only when what it
 * wrote would be there after a power cut, the folder's entry of a new file too. A
 * backend whose data do not outlive the process accepts both durabilities. */
#define PERSIST_CAP_POWER 0x10u
/** Reserved: `wait_change` is there. */
#define PERSIST_CAP_WAIT_CHANGE 0x20u

/**
 * Bounds of a backend, each the largest allowed; 0: no bound of its own. In the
 * descriptor the most it can ever do; after store_open what this store can.
 */
typedef struct persist_limits {
    size_t size;              /**< sizeof(persist_limits) */
    uint64_t key_bytes;       /**< of a key; at least 2048 on a general backend */
    uint64_t value_bytes;     /**< of a stored value (32 more than the user's) */
    uint64_t append_versions; /**< versions in one append */
    uint64_t append_bytes;    /**< keys, values and record of one append */
    uint64_t read_keys;       /**< keys in one read */
    uint64_t sessions;        /**< sessions of one store in this process */
} persist_limits;

/* ------------------------------------------------------------------ data on the way */

/** The version is a tombstone: the key was deleted; `value` is empty. */
#define PERSIST_VERSION_TOMBSTONE 0x1u
/** Reserved: repair gave this version up; reading it is damage. */
#define PERSIST_VERSION_QUARANTINED 0x2u

/**
 * One version, on its way in or out. Never changes.
 *
 * Visible at a time t is, of each key, the version with the highest timestamp
 * <= t; if that is a tombstone the key is not there. With the versions
 *
 *     a@10 "x"    a@20 tombstone    b@20 "y"    a@30 "z"
 *
 * a scan sees at 9 nothing, at 10 and 19 a="x", at 20 b="y", at 30 a="z" and
 * b="y"; with PERSIST_SCAN_TOMBSTONES it also sees a's tombstone at 20.
 *
 * The value is the host's own envelope (checksum, compression, transaction): the
 * plugin stores and returns it byte for byte and looks at nothing in it.
 */
typedef struct persist_version {
    persist_bytes key;   /**< 1 to key_bytes bytes */
    persist_bytes value; /**< opaque; may be empty, which is not a tombstone */
    int64_t timestamp;   /**< ns; > 0 */
    uint32_t flags;      /**< PERSIST_VERSION_... */
    uint32_t index;      /**< out of `read`: which key of the request; else 0 */
} persist_version;

/**
 * One commit record, on its way in or out. The host finds out by it which keys
 * were written by others, whether an append of its own happened, and whether the
 * store went back. Handed out, all three fields are as they were handed in; the
 * plugin need not check the digest. Never changes.
 */
typedef struct persist_record {
    int64_t timestamp;     /**< newest timestamp of the append; ns */
    persist_digest digest; /**< of `data`, made by the host */
    persist_bytes data;    /**< opaque */
} persist_record;

/**
 * State of a namespace. Reads are answered in every state: what they show is for
 * the host to judge, by the clock that goes with them.
 */
typedef enum persist_state {
    PERSIST_STATE_OPEN = 0,    /**< read and written */
    PERSIST_STATE_LOADING = 1, /**< being filled; only appends with
                                    PERSIST_APPEND_LOAD */
    PERSIST_STATE_MOVED = 2    /**< lives elsewhere: persist_control.moved_to */
} persist_state;

/**
 * The clock row of a namespace, all of one moment. Filled by the plugin into
 * memory of the host: set what `size` reaches. Only `append` moves the first four
 * fields, only `control` those from control_version on.
 *
 * The host knows by head and head_digest whether it still sees the history it saw
 * before. A backend that restores, replicates or caches has to hand out the clock
 * that belongs to the rows, never a newer or an older one.
 */
typedef struct persist_clock {
    size_t size;                   /**< set by the host */
    int64_t head;                  /**< newest record's timestamp, or 0 */
    persist_digest head_digest;    /**< its digest, or zeros */
    uint64_t versions;             /**< count of all versions ever appended */
    persist_digest version_digest; /**< sum of their digests, made by the host */
    uint64_t control_version;      /**< changes of the fields below; from 1 */
    uint64_t epoch;                /**< fences writers; see namespace_create */
    persist_state state;           /**< may it be read and written */
    int64_t horizon;               /**< oldest timestamp still readable; 0: all */
    int64_t log_floor;             /**< records with timestamp <= this are gone;
                                        0: none. Below the newest record <= horizon:
                                    that of every readable time is there */
    persist_digest floor_digest;   /**< digest of the newest record gone, or zeros */
    int64_t retention;             /**< how long history is kept, ns; 0: for ever */
    uint64_t features;             /**< must-understand bits; the host refuses
                                        what it does not know */
    int64_t engine_time;           /**< the engine's own wall clock at this
                                        moment, ns; 0 if it has none of its own */
} persist_clock;

/**
 * A place in the log to be looked up with a read, so that rows and log are of
 * one snapshot: the newest record with timestamp <= at, or zeros if none is kept
 * there. The host compares the digest with the one it saw before, and so notices a
 * replica that is behind and a store on another branch. Never changes.
 */
typedef struct persist_anchor {
    int64_t at;            /**< in: a timestamp, or PERSIST_NEWEST */
    int64_t timestamp;     /**< out: of the newest record <= at, or 0 */
    persist_digest digest; /**< out: its digest, or zeros */
} persist_anchor;

/**
 * Takes one version, copying what it needs. Returns PERSIST_OK for more; any
 * other status ends the operation, which returns just that status.
 */
typedef persist_status (*persist_on_version)(void *context, const persist_version *version);
/** Takes one record; as persist_on_version. */
typedef persist_status (*persist_on_record)(void *context, const persist_record *record);

/** A key to be read, and when. Never changes. */
typedef struct persist_read_key {
    persist_bytes key; /**< the key */
    int64_t timestamp; /**< newest version <= this; PERSIST_NEWEST allowed */
} persist_read_key;

/**
 * Request of `read`. The same key may be asked for at several timestamps, and by
 * several transactions at once: `index` of a row tells which of `keys` it answers.
 */
typedef struct persist_read {
    size_t size;                  /**< set by the host */
    uint32_t ns;                  /**< id of the namespace */
    const persist_read_key *keys; /**< what to read, in any order */
    size_t n_keys;                /**< count; 0 reads clock and anchors only */
    persist_anchor *anchors;      /**< looked up in the same snapshot */
    size_t n_anchors;             /**< count; may be 0 */
} persist_read;

/* PERSIST_SCAN_REVERSE and PERSIST_SCAN_KEYS_ONLY (values may be left out: rows
 * carry empty ones) are those of persist/types.h. */
/** Every version <= timestamp of each key, newest first, tombstones too. */
#define PERSIST_SCAN_VERSIONS 0x4u
/** Keys whose newest version is a tombstone are handed out as well. */
#define PERSIST_SCAN_TOMBSTONES 0x8u

/**
 * Request of `scan`. To go on after a bound was met the host asks again with the
 * same range and timestamp and the last row's key in after_key. Between the two
 * others may have appended: at a fixed timestamp nothing in the range changes by
 * that, and the plugin keeps nothing from one call to the next.
 *
 * In reverse, keys come from the highest below `to` down to `from`; the versions
 * of one key still come newest first.
 */
typedef struct persist_scan_range {
    size_t size;             /**< set by the host */
    uint32_t ns;             /**< id of the namespace */
    uint32_t flags;          /**< PERSIST_SCAN_... */
    persist_bytes from;      /**< first key, included; empty: the lowest */
    persist_bytes to;        /**< end, not included; empty: none */
    int64_t timestamp;       /**< what is visible; PERSIST_NEWEST allowed */
    persist_bytes after_key; /**< resume: last key handed out before, or empty.
                                  It lies in the range; the scan goes on behind
                                  it in the scan's direction */
    int64_t after_timestamp; /**< resume within after_key, with
                                  PERSIST_SCAN_VERSIONS: go on below this
                                  timestamp; 0: behind the key */
    uint64_t max_rows;       /**< stop after so many rows; 0: no such bound */
    uint64_t max_bytes;      /**< stop when keys and values handed out reach so
                                  many bytes, after at least one row; 0: none */
    persist_anchor *anchors; /**< looked up in the same snapshot */
    size_t n_anchors;        /**< count; may be 0 */
} persist_scan_range;

/**
 * Request of `changes`: how a transaction learns what was committed since its
 * snapshot, and how a feed follows. Records are handed out whole and without gaps.
 */
typedef struct persist_changes {
    size_t size;          /**< set by the host */
    uint32_t ns;          /**< id of the namespace */
    int64_t after;        /**< records with timestamp > this */
    uint64_t max_records; /**< stop after so many; 0: no such bound */
    uint64_t max_bytes;   /**< stop when records reach so many bytes, after at
                               least one; 0: none */
} persist_changes;

/* --------------------------------------------------------------------------- append */

/** Fills a namespace in state LOADING: versions of any timestamp <= new_head. */
#define PERSIST_APPEND_LOAD 0x1u

typedef struct persist_append persist_append;

/**
 * Asked by a backend with PERSIST_CAP_TURN, under the lock of the clock row,
 * after a lost compare: `clock` is the row as locked and `records` are all
 * records after the expected head, in order, at least one, chaining from the
 * expected digest. PERSIST_OK: `*next` (size set by the plugin's caller, valid
 * until append returns) is what to append in the same engine transaction. Any
 * other status: append changes nothing and returns it. Must not call the plugin.
 */
typedef persist_status (*persist_revalidate)(void *context, const persist_clock *clock,
                                             const persist_record *records, size_t n_records,
                                             const persist_append **next);

/**
 * Request of `append`. What the host vouches for, so that a plugin need not look:
 * keys are within the limits, no (key, timestamp) is there already, the digests
 * are right. What the plugin compares: expected_head, expected_digest, epoch and
 * the state, all in the one statement that also sets the new values.
 *
 * With n_versions 0 it adds a record alone: the host settles the outcome of a lost
 * append that way. It must move the clock row like any other.
 */
struct persist_append {
    size_t size;                       /**< set by the host */
    uint32_t ns;                       /**< id of the namespace */
    uint32_t flags;                    /**< PERSIST_APPEND_... */
    int64_t expected_head;             /**< compare: head as the host knows it */
    persist_digest expected_digest;    /**< compare: its digest */
    uint64_t epoch;                    /**< compare: else PERSIST_FENCED */
    uint64_t new_versions;             /**< clock.versions afterwards */
    persist_digest new_version_digest; /**< clock.version_digest afterwards */
    const persist_version *versions;   /**< to add; timestamps rise from one to the
                                           next or are equal, all > expected_head
                                           and <= record.timestamp; (key,
                                           timestamp) is unique */
    size_t n_versions;                 /**< count; may be 0 */
    persist_record record;             /**< to add; its timestamp becomes head, its
                                           digest head_digest */
    persist_revalidate revalidate;     /**< NULL, or see PERSIST_CAP_TURN: at most
                                           max_turn_records records, else plain
                                           PERSIST_CONFLICT; without that
                                           capability it is not looked at */
    void *context;                     /**< for revalidate */
    uint64_t max_turn_records;         /**< see revalidate */
    int64_t max_turn_ns;               /**< longest time to hold the lock, ns */
};

/* ------------------------------------------------------------------------ namespaces */

/** One namespace of a list. Never changes. */
typedef struct persist_namespace_row {
    uint32_t ns;         /**< id; never used again after a drop */
    const char *name;    /**< 1 to 64 of a-z 0-9 _ - ; lives for the callback */
    persist_state state; /**< see persist_state */
} persist_namespace_row;

/** Takes one namespace; as persist_on_version. */
typedef persist_status (*persist_on_namespace)(void *context, const persist_namespace_row *row);

/** Request of `namespace_create`. What it does not name begins at 0 or empty, but
 * for control_version, which is 1, and the epoch, which is a new one. */
typedef struct persist_namespace_spec {
    size_t size;         /**< set by the host */
    const char *name;    /**< checked by the host */
    int64_t retention;   /**< ns; 0: for ever */
    persist_state state; /**< OPEN or LOADING */
    uint64_t features;   /**< must-understand bits to set */
} persist_namespace_spec;

/* --------------------------------------------------------------------------- control */

/** A named hold on history. Never changes. */
typedef struct persist_pin {
    const char *name;  /**< 1 to 64 bytes, UTF-8 */
    int64_t timestamp; /**< readable as long as the pin stands; ns */
    int64_t expires;   /**< wall clock at which it no longer counts; 0: never */
} persist_pin;

/** Which fields a `control` sets. */
#define PERSIST_CONTROL_HORIZON 0x1u   /**< horizon */
#define PERSIST_CONTROL_LOG_FLOOR 0x2u /**< log_floor and floor_digest */
#define PERSIST_CONTROL_RETENTION 0x4u /**< retention */
#define PERSIST_CONTROL_PINS 0x8u      /**< pins, all of them */
#define PERSIST_CONTROL_STATE \
    0x10u                           /**< state and moved_to; away from OPEN the
                                            epoch rises by one in the same step */
#define PERSIST_CONTROL_EPOCH 0x20u /**< epoch, which must rise */

/**
 * The control fields: what `head` can hand out whole, and what `control`
 * compares and sets.
 */
typedef struct persist_control {
    size_t size;                 /**< set by who fills it */
    uint32_t fields;             /**< PERSIST_CONTROL_... to set */
    uint64_t control_version;    /**< compare: else PERSIST_CONFLICT */
    uint64_t epoch;              /**< see persist_clock */
    persist_state state;         /**< see persist_clock */
    const char *moved_to;        /**< URL without user, password and paths of
                                      secrets; empty unless MOVED */
    int64_t horizon;             /**< see persist_clock; never lowered */
    int64_t log_floor;           /**< see persist_clock; never above horizon */
    persist_digest floor_digest; /**< see persist_clock */
    int64_t retention;           /**< see persist_clock */
    const persist_pin *pins;     /**< none may lie below the horizon */
    size_t n_pins;               /**< count */
} persist_control;

/** Takes the control fields; valid only during the call. Called once, before
 * `head` returns, if the namespace is there. */
typedef persist_status (*persist_on_control)(void *context, const persist_control *control);

/* ----------------------------------------------------------------------------- handles */

/** A plugin's opened store. Opaque to the host. It holds what sessions share: the
 * parsed URL, the settings, caches. Sessions of one store are used in parallel, so
 * what can change in it needs a lock of the plugin's. */
typedef struct persist_backend persist_backend;
/** A plugin's session. Opaque to the host. As a rule one connection with its
 * prepared statements; the host keeps it for many transactions, and in between
 * hands it to any thread. */
typedef struct persist_session persist_session;

/** Opened to be migrated: the store may be missing (it is then made), empty, or
 * of an older format; only `admin` operations follow. */
#define PERSIST_OPEN_MIGRATE 0x1u
/** Nothing will be written; the plugin may open a store it cannot write. */
#define PERSIST_OPEN_READ_ONLY 0x2u

/** Request of `store_open`. */
typedef struct persist_open {
    size_t size;                      /**< set by the host */
    const char *url;                  /**< as configured, or "SCHEME:" if the
                                           settings say where; UTF-8 */
    const persist_settings *settings; /**< checked; live until store_close */
    persist_durability durability;    /**< to be kept by every append, or refused */
    uint32_t flags;                   /**< PERSIST_OPEN_... */
    uint32_t sessions;                /**< most sessions the host will open: what
                                           caches are shared out over */
} persist_open;

/* -------------------------------------------------------------------------------- life */

/**
 * How a plugin and its stores live. In order: load, (check_config,) start,
 * store_open, session_open ... session_close, store_close, stop. `load` once per
 * process; start and stop around all stores of the process.
 */
typedef struct persist_life {
    size_t size; /**< sizeof(persist_life) */

    /**
     * Takes the host table; initialises the driver library. One thread, no
     * network, no threads of its own. After NO_MEMORY it is called again when the
     * plugin is next asked for. Mandatory. Since 0.1.
     * Statuses: OK, NO_MEMORY, UNSUPPORTED (the driver library is too old).
     */
    persist_status (*load)(const persist_host *host);
    /**
     * Checks URL and settings beyond their types, purely: no file, no network.
     * Reports each fault by host->setting_error. Optional. Since 0.1.
     * Statuses: OK, CONFIG.
     */
    persist_status (*check_config)(const persist_call *call, const char *url,
                                   const persist_settings *settings);
    /** Before the first store: may start threads. Optional. Since 0.1. */
    persist_status (*start)(void);
    /** After the last store: ends what start began. Optional. Since 0.1. */
    void (*stop)(void);
    /** In each thread the host makes, before it calls anything here, and before
     * the thread ends. Optional. Since 0.1. */
    persist_status (*thread_enter)(void);
    /** See thread_enter. */
    void (*thread_leave)(void);

    /**
     * Opens a store and checks that it is one: made by persist, of a format this
     * plugin knows, able to keep `durability`. What is not persist's is refused
     * and left untouched. Mandatory. Since 0.1.
     * Statuses: OK; NOT_FOUND (nothing there; the text names `persist init`),
     * FOREIGN, FORMAT, READ_ONLY, UNAVAILABLE, AUTH, TIMEOUT, DAMAGED, CONFIG,
     * UNSUPPORTED (the place cannot keep what is asked), FULL, IO, NO_MEMORY.
     */
    persist_status (*store_open)(const persist_call *call, const persist_open *open,
                                 persist_backend **store);
    /** Closes it; all its sessions are closed. Mandatory. Since 0.1. */
    void (*store_close)(persist_backend *store);
    /** PERSIST_CAP_... of this opened store. Mandatory. Since 0.1. */
    uint64_t (*store_caps)(persist_backend *store);
    /** Limits of this opened store; fills what limits->size reaches. Mandatory.
     * Since 0.1. */
    void (*store_limits)(persist_backend *store, persist_limits *limits);

    /** Opens a session. Any thread. Mandatory. Since 0.1. Statuses: as
     * store_open, and LIMIT. */
    persist_status (*session_open)(const persist_call *call, persist_backend *store,
                                   persist_session **session);
    /** Closes it, whatever state it is in. Mandatory. Since 0.1. */
    void (*session_close)(persist_session *session);
    /** Is it still good? As cheap as it can be: one round trip at most. Mandatory.
     * Since 0.1. Statuses: OK, UNAVAILABLE. */
    persist_status (*session_ping)(const persist_call *call, persist_session *session);
    /** Ends whatever a failed call left behind; the session is then as new.
     * Mandatory. Since 0.1. Statuses: OK, UNAVAILABLE (close it). */
    persist_status (*session_reset)(const persist_call *call, persist_session *session);
    /**
     * Makes the call that runs on the session, if any, return INTERRUPTED soon.
     * Any thread, also when no call runs (then nothing happens). The call still
     * returns once, and may well have done its work: then it says so. Mandatory.
     * Since 0.1.
     */
    void (*interrupt)(persist_session *session);
} persist_life;

/* ------------------------------------------------------------------------------- store */

/**
 * What is done with data. Each operation is one unit: it begins and ends whatever
 * engine transaction it needs. It is given a session on which no other call runs,
 * and leaves it as it found it, or, having failed, to session_reset.
 *
 * Common statuses of all of them, beside those named:
 * OK; NOT_FOUND (the namespace is not there); BUSY, UNAVAILABLE, AUTH, TIMEOUT,
 * INTERRUPTED, FULL, READ_ONLY, IO, DAMAGED, NO_MEMORY, INTERNAL. Unless
 * PERSIST_MAYBE_COMMITTED is set in the detail, a call that failed changed
 * nothing. Where a `clock` is asked for, clock, rows and anchors of one reply are
 * of one engine snapshot; the clock is filled before the first row is handed out.
 */
typedef struct persist_store_ops {
    size_t size; /**< sizeof(persist_store_ops) */

    /** Every namespace, by name in byte order, those in state LOADING and MOVED and
     * the host's own (their names begin with '_') too. Mandatory. Since 0.1. */
    persist_status (*namespace_list)(const persist_call *call, persist_session *session,
                                     persist_on_namespace take, void *context);
    /**
     * Makes a namespace, empty, head 0, control_version 1. Its id was never used
     * before, and its epoch is another than any namespace of this name ever had.
     * Mandatory. Since 0.1. Statuses: EXISTS.
     */
    persist_status (*namespace_create)(const persist_call *call, persist_session *session,
                                       const persist_namespace_spec *spec, uint32_t *ns);
    /** Removes a namespace and all it holds, whatever its state. Mandatory. Since
     * 0.1. */
    persist_status (*namespace_drop)(const persist_call *call, persist_session *session,
                                     uint32_t ns);

    /**
     * The clock row, as the writers see it: on a cluster never a replica's. With
     * `take` the control fields as well, of the same moment. Mandatory. Since 0.1.
     */
    persist_status (*head)(const persist_call *call, persist_session *session, uint32_t ns,
                           persist_clock *clock, persist_on_control take, void *context);
    /**
     * For each key the newest version <= its timestamp, tombstones too; a key
     * without one yields no row. Rows come in any order, known by `index`.
     * Mandatory. Since 0.1. Statuses: LIMIT (keys).
     */
    persist_status (*read)(const persist_call *call, persist_session *session,
                           const persist_read *read, persist_clock *clock, persist_on_version take,
                           void *context);
    /**
     * The newest version <= timestamp of each key in the range, in key order;
     * tombstones only if asked for. `*more` is 1 if it stopped at a bound with
     * possibly more to come, else 0. Memory stays within max_bytes and one row.
     * A range with from >= to is empty. Mandatory. Since 0.1.
     */
    persist_status (*scan)(const persist_call *call, persist_session *session,
                           const persist_scan_range *range, persist_clock *clock,
                           persist_on_version take, void *context, int *more);
    /**
     * Records with timestamp > after, oldest first. `*more` as in scan. Mandatory.
     * Since 0.1. Statuses: TOO_OLD if after < log_floor: never a short list.
     */
    persist_status (*changes)(const persist_call *call, persist_session *session,
                              const persist_changes *changes, persist_clock *clock,
                              persist_on_record take, void *context, int *more);

    /**
     * The one way to write. If head, digest and epoch are the expected ones and
     * the state is OPEN (with LOAD: LOADING): adds versions and record, sets head,
     * head_digest, versions, version_digest; atomic, durable as opened. Else
     * changes nothing. The engine's transaction changes the clock row first, for
     * real, so that two of them can never both succeed. Once a reader has seen
     * the new head, nothing with a timestamp <= it appears later. `clock` is the
     * row afterwards; on CONFLICT, FENCED, LOADING and MOVED the row as found.
     * Mandatory. Since 0.1.
     * Statuses: CONFLICT (head or digest), FENCED (epoch), LOADING, MOVED, LIMIT.
     * Any other with MAYBE_COMMITTED: the host finds out by appending again.
     */
    persist_status (*append)(const persist_call *call, persist_session *session,
                             const persist_append *append, persist_clock *clock);
    /**
     * Reserved (NULL allowed): compares control_version and sets the chosen
     * fields, all or none, raising control_version by one. `clock` is the row
     * afterwards, or as found. Refused with INVALID: a lower horizon, a log_floor
     * above the horizon, a pin below the horizon, a lower epoch.
     * Statuses: CONFLICT.
     */
    persist_status (*control)(const persist_call *call, persist_session *session, uint32_t ns,
                              const persist_control *control, persist_clock *clock);
    /**
     * Reserved (NULL allowed): for each (key, timestamp) keeps, of the key's
     * versions <= timestamp, the newest, unless that is a tombstone, and deletes
     * the others; in one engine transaction that also checks timestamp <= horizon
     * and the epoch (else FENCED). Hands out exactly what it removed.
     */
    persist_status (*collect)(const persist_call *call, persist_session *session, uint32_t ns,
                              uint64_t epoch, const persist_read_key *keys, size_t n_keys,
                              persist_on_version removed, void *context);
    /** Reserved (NULL allowed): drops records <= the log floor, at most `max` of
     * them; `*left` is 1 if some remain. */
    persist_status (*trim)(const persist_call *call, persist_session *session, uint32_t ns,
                           uint64_t max, int *left);
    /**
     * Reserved (NULL allowed): rewrites one version in place, or, with
     * PERSIST_VERSION_QUARANTINED, marks it; checks the epoch; leaves a row in
     * the store's list of repairs with `reason`.
     */
    persist_status (*repair)(const persist_call *call, persist_session *session, uint32_t ns,
                             uint64_t epoch, const persist_version *version, const char *reason);
    /** A small unversioned key of the host's (cursor, progress): handed out as a
     * version with timestamp 0. NOT_FOUND if it is not there. ns 0: of the whole
     * store. Mandatory. Since 0.1. */
    persist_status (*meta_get)(const persist_call *call, persist_session *session, uint32_t ns,
                               const char *name, persist_on_version take, void *context);
    /** Sets one, or removes it (value NULL). Durable. Mandatory. Since 0.1. */
    persist_status (*meta_put)(const persist_call *call, persist_session *session, uint32_t ns,
                               const char *name, const persist_bytes *value);
    /** Reserved (NULL allowed), by PERSIST_CAP_WAIT_CHANGE: returns when head >
     * after, or at the deadline with TIMEOUT. */
    persist_status (*wait_change)(const persist_call *call, persist_session *session, uint32_t ns,
                                  int64_t after, persist_clock *clock);
} persist_store_ops;

/* ------------------------------------------------------------------------------- admin */

/**
 * One step of the store's own schema. A released step is never changed: what has
 * to become different is a further step. Never changes.
 */
typedef struct persist_migration {
    uint32_t number;    /**< from 1, without gaps */
    const char *name;   /**< what it does, a few words */
    int64_t applied_at; /**< wall clock, ns; 0: not yet applied */
} persist_migration;

/** Takes one migration; as persist_on_version. */
typedef persist_status (*persist_on_migration)(void *context, const persist_migration *step);

/** One figure of the engine. Never changes. */
typedef struct persist_stat {
    const char *name; /**< lower case with '_' */
    const char *unit; /**< bytes, rows, pages, seconds, or empty */
    const char *help; /**< a few words */
    int64_t value;    /**< the figure */
} persist_stat;

/** Takes one figure; as persist_on_version. */
typedef persist_status (*persist_on_stat)(void *context, const persist_stat *stat);

/** Takes one line of a report: a path such as "plan/0/index" and its text. */
typedef persist_status (*persist_on_finding)(void *context, const char *path, const char *text);

/**
 * What is done to the store as a whole. These follow a store_open with
 * PERSIST_OPEN_MIGRATE (migrate_plan, migrate_apply) or a plain one (the others).
 */
typedef struct persist_admin_ops {
    size_t size; /**< sizeof(persist_admin_ops) */

    /** Every step this plugin knows, in order, applied or not. Mandatory. Since
     * 0.1. */
    persist_status (*migrate_plan)(const persist_call *call, persist_session *session,
                                   persist_on_migration take, void *context);
    /**
     * Applies the steps still missing, telling each after it is durable. Each is
     * additive and one engine transaction or restartable; two processes that do
     * it at once do no harm. Mandatory. Since 0.1. Statuses: FOREIGN, FORMAT.
     */
    persist_status (*migrate_apply)(const persist_call *call, persist_session *session,
                                    persist_on_migration done, void *context);
    /** The engine's own sizes and counts. Mandatory. Since 0.1. */
    persist_status (*stats)(const persist_call *call, persist_session *session,
                            persist_on_stat take, void *context);
    /** Reserved (NULL allowed): the engine's own check of itself; each finding is
     * told; DAMAGED if there was one. */
    persist_status (*verify)(const persist_call *call, persist_session *session,
                             persist_on_finding take, void *context);
    /** Reserved (NULL allowed): how a read or scan would be done, as a tree. */
    persist_status (*explain)(const persist_call *call, persist_session *session,
                              const persist_scan_range *range, persist_on_finding take,
                              void *context);
    /** Reserved (NULL allowed): gives space back, within the deadline. */
    persist_status (*maintain)(const persist_call *call, persist_session *session);
} persist_admin_ops;

/* -------------------------------------------------------------------------- descriptor */

/**
 * All a plugin says of itself, static and constant. The host copies what it knows
 * of each table and refuses the plugin, naming the member, if a mandatory one is
 * missing.
 */
typedef struct persist_plugin {
    persist_plugin_head head;        /**< the same as in the ELF note */
    size_t size;                     /**< sizeof(persist_plugin) */
    uint64_t caps;                   /**< PERSIST_CAP_... at most */
    const persist_limits *limits;    /**< at most; mandatory */
    const persist_life *life;        /**< mandatory */
    const persist_store_ops *store;  /**< mandatory */
    const persist_admin_ops *admin;  /**< mandatory */
    const persist_setting *settings; /**< its section; NULL: none */
    size_t n_settings;               /**< count */
} persist_plugin;

/** Type of the one exported symbol, persist_plugin_entry: free of side effects,
 * callable at any time. */
typedef const persist_plugin *(*persist_plugin_entry_fn)(void);

#if defined(__GNUC__)
#define PERSIST_PLUGIN_EXPORT __attribute__((visibility("default")))
#define PERSIST_PLUGIN_NOTE __attribute__((section(".note.persist"), used, aligned(4)))
#else
#define PERSIST_PLUGIN_EXPORT
#define PERSIST_PLUGIN_NOTE
#endif

#ifdef __cplusplus
#define PERSIST_PLUGIN_LINKAGE extern "C"
#else
#define PERSIST_PLUGIN_LINKAGE extern
#endif

/** Initialiser of a persist_plugin_head; used by PERSIST_PLUGIN. */
#define PERSIST_PLUGIN_HEAD(name, schemes, section, version, licence, summary)               \
    {                                                                                        \
        PERSIST_PLUGIN_MAGIC, (uint32_t)sizeof(persist_plugin_head), PERSIST_ABI_MAJOR,      \
            PERSIST_ABI_MINOR, PERSIST_PLUGIN_FLOOR, (uint32_t)(8 * sizeof(void *)),         \
            PERSIST_BYTE_ORDER, PERSIST_ABI_EXTRA, name, schemes, section, version, licence, \
            summary                                                                          \
    }

/** The ELF note: header, owner, and the head. Used by PERSIST_PLUGIN. */
struct persist_plugin_note {
    uint32_t name_size;       /**< 8 */
    uint32_t desc_size;       /**< sizeof(persist_plugin_head) */
    uint32_t type;            /**< PERSIST_NOTE_TYPE */
    char owner[8];            /**< PERSIST_NOTE_OWNER */
    persist_plugin_head head; /**< the descriptor's head */
};

/**
 * Makes a file a plugin: descriptor, ELF note and the entry. Once per plugin, at
 * file scope, behind the tables. The texts are string literals; the tables are
 * objects, not pointers. Example:
 *
 *     static const persist_life life = {
 *         .size = sizeof(persist_life), .load = mine_load, ...};
 *     ...
 *     PERSIST_PLUGIN("mine", "mine", "mine", "1.0", "MIT", "Keeps data in mine",
 *                    PERSIST_CAP_SHARED | PERSIST_CAP_PERSISTENT, limits, life,
 *                    store, admin, settings, sizeof settings / sizeof settings[0]);
 *
 * built with
 *
 *     cc -fPIC $(pkg-config --cflags persist-plugin) \
 *        $(pkg-config --variable=plugin_ldflags persist-plugin) \
 *        -o persist_mine.so mine.c
 *
 * and looked at, without running it, with `persist plugins inspect`.
 */
#define PERSIST_PLUGIN(name, schemes, section, version, licence, summary, caps, limits, life,      \
                       store, admin, settings, n_settings)                                         \
    PERSIST_PLUGIN_NOTE static const struct persist_plugin_note persist_plugin_note_ = {           \
        8u, (uint32_t)sizeof(persist_plugin_head), PERSIST_NOTE_TYPE, PERSIST_NOTE_OWNER,          \
        PERSIST_PLUGIN_HEAD(name, schemes, section, version, licence, summary)};                   \
    PERSIST_PLUGIN_LINKAGE PERSIST_PLUGIN_EXPORT const persist_plugin *persist_plugin_entry(void); \
    const persist_plugin *persist_plugin_entry(void)                                               \
    {                                                                                              \
        static const persist_plugin plugin = {                                                     \
            PERSIST_PLUGIN_HEAD(name, schemes, section, version, licence, summary),                \
            sizeof(persist_plugin),                                                                \
            caps,                                                                                  \
            &limits,                                                                               \
            &life,                                                                                 \
            &store,                                                                                \
            &admin,                                                                                \
            settings,                                                                              \
            n_settings};                                                                           \
        return &plugin;                                                                            \
    }                                                                                              \
    extern int persist_plugin_end_of_macro_

#ifdef __cplusplus
}
#endif

#endif
