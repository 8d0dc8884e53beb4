/* SPDX-License-Identifier: MIT */
/**
 * persist/types.h - the words that hosts and backends share.
 *
 * Included by persist/persist.h (for programs that store data) and by
 * persist/plugin.h (for programs that are the store). It declares no function.
 *
 * TIME. A timestamp is a signed 64-bit count of nanoseconds since the Unix
 * epoch, UTC. It is both an identity (unique per transaction in a namespace,
 * strictly rising) and, as long as clocks behave, the wall-clock time of the
 * commit. 0 stands before every commit.
 */
#ifndef PERSIST_TYPES_H
#define PERSIST_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A run of bytes that somebody else owns. `data` may be NULL only if `size` is
 * 0. How long the bytes live is stated where a persist_bytes is handed over.
 * This struct never changes.
 */
typedef struct persist_bytes {
    const void *data; /**< first byte */
    size_t size;      /**< count of bytes */
} persist_bytes;

/** A 128-bit XXH3 digest, most significant byte first. Never changes. */
typedef struct persist_digest {
    unsigned char bytes[16]; /**< canonical (big-endian) form */
} persist_digest;

/** "The newest there is": where a timestamp to read at is asked for. */
#define PERSIST_NEWEST INT64_MAX

/** "Never": where a deadline on the monotonic clock is asked for. */
#define PERSIST_NO_DEADLINE INT64_MAX

/**
 * How a call ended. The list is closed: it grows only with a minor version, at
 * its end. Each line says what is known about the data afterwards; only
 * PERSIST_UNRESOLVED, and a backend's reply with PERSIST_MAYBE_COMMITTED, leave
 * that open.
 */
typedef enum persist_status {
    /** Done. */
    PERSIST_OK = 0,
    /** No further row: a cursor, or a list, came to its end. */
    PERSIST_END = 1,
    /** The key (at that timestamp), namespace, file or store is not there. */
    PERSIST_NOT_FOUND = 2,
    /** What was to be made is there already. Nothing was changed. */
    PERSIST_EXISTS = 3,
    /** Another commit came first. Nothing was written; run it again. */
    PERSIST_CONFLICT = 4,
    /** A condition of the caller (a check, a version) did not hold. */
    PERSIST_PRECONDITION = 5,
    /** An argument is wrong in itself. Nothing was done. */
    PERSIST_INVALID = 6,
    /** A named limit would be passed. Nothing was done. */
    PERSIST_LIMIT = 7,
    /** The call is not allowed in this state (after commit, on a read-only
     * transaction, with work still open). Nothing was done. */
    PERSIST_MISUSE = 8,
    /** The timestamp lies below the horizon, or the log floor. */
    PERSIST_TOO_OLD = 9,
    /** The time to read at lies in the future, or this machine's clock is
     * ahead of the engine's by more than is allowed. */
    PERSIST_CLOCK = 10,
    /** The namespace was fenced: its epoch is another one, or it was dropped. */
    PERSIST_FENCED = 11,
    /** The namespace was moved to another store. */
    PERSIST_MOVED = 12,
    /** The namespace is being filled and may not be read yet. */
    PERSIST_LOADING = 13,
    /** The store went back, or onto another branch of history. */
    PERSIST_DIVERGED = 14,
    /** Stored bytes are not what was written. */
    PERSIST_DAMAGED = 15,
    /** The engine is busy with others. Nothing was written; try again. */
    PERSIST_BUSY = 16,
    /** The engine cannot be reached. Nothing was written. */
    PERSIST_UNAVAILABLE = 17,
    /** The engine refused the login. */
    PERSIST_AUTH = 18,
    /** The deadline passed. */
    PERSIST_TIMEOUT = 19,
    /** The call was interrupted on request. */
    PERSIST_INTERRUPTED = 20,
    /** Whether the commit happened could not be found out yet. */
    PERSIST_UNRESOLVED = 21,
    /** No space is left, on disk or by quota. Nothing was written. */
    PERSIST_FULL = 22,
    /** The store, or its folder, may not be written. Nothing was written. */
    PERSIST_READ_ONLY = 23,
    /** Out of memory. */
    PERSIST_NO_MEMORY = 24,
    /** Reading or writing failed below the engine. */
    PERSIST_IO = 25,
    /** The configuration is wrong; nothing was opened. */
    PERSIST_CONFIG = 26,
    /** A plugin was not found, or refused. */
    PERSIST_PLUGIN_REFUSED = 27,
    /** What is there was not made by persist. It was left untouched. */
    PERSIST_FOREIGN = 28,
    /** A format, or a must-understand feature, this build does not know, or
     * one that has to be upgraded first. It was left untouched. */
    PERSIST_FORMAT = 29,
    /** This backend cannot do that. */
    PERSIST_UNSUPPORTED = 30,
    /** The handle belongs to the parent of this forked process. */
    PERSIST_FORKED = 31,
    /** persist, or a plugin, broke a rule of its own. */
    PERSIST_INTERNAL = 32
} persist_status;

/** Count of statuses: one more than the highest. */
#define PERSIST_STATUS_COUNT 33

/**
 * What an acknowledged commit survives.
 * Since ABI 0.1.
 */
typedef enum persist_durability {
    /** The death of the program; a power cut may take the last commits. */
    PERSIST_DURABILITY_PROCESS = 1,
    /** A power cut or a crash of the operating system. The default. */
    PERSIST_DURABILITY_POWER = 2
} persist_durability;

/** Scan from the highest key down. */
#define PERSIST_SCAN_REVERSE 0x1u
/** Scan keys and timestamps without values. */
#define PERSIST_SCAN_KEYS_ONLY 0x2u

/** Levels of log messages, most urgent first. */
typedef enum persist_log_level {
    PERSIST_LOG_ERROR = 1,   /**< something failed and was not mended */
    PERSIST_LOG_WARNING = 2, /**< something an operator should look at */
    PERSIST_LOG_INFO = 3,    /**< what happens in the life of a store */
    PERSIST_LOG_DEBUG = 4    /**< every call */
} persist_log_level;

#ifdef __cplusplus
}
#endif

#endif
