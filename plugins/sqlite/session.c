/* SPDX-License-Identifier: MIT */
/* Connections: how they are set up, waited on, stopped, and ended. */
#include "plugins/sqlite/sqlite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Virtual machine steps between two looks at the clock. */
#define PROGRESS_STEPS 2000
/* Waits for a lock double from the first to the last of these, with jitter. */
#define WAIT_FIRST_NS 50000
#define WAIT_LAST_NS 5000000
/* A connection's cache is not smaller, however many share the store's. */
#define CACHE_LEAST_KIB 512

bool lite_must_stop(const persist_session *session)
{
    const persist_call *call = session->call;

    return atomic_load(&session->interrupted) ||
           (call != NULL && call->deadline != PERSIST_NO_DEADLINE &&
            lite_host.monotonic() >= call->deadline);
}

static int on_progress(void *context)
{
    const persist_session *session = context;

    return !session->committing && lite_must_stop(session);
}

static int64_t wait_time(const persist_session *session, int count)
{
    int64_t longest = WAIT_FIRST_NS;
    int64_t left = INT64_MAX;
    uint32_t random;

    for (int i = 0; i < count && longest < WAIT_LAST_NS; i++)
        longest *= 2;
    sqlite3_randomness((int)sizeof(random), &random);
    if (session->call != NULL && session->call->deadline != PERSIST_NO_DEADLINE)
        left = session->call->deadline - lite_host.monotonic();
    longest = longest / 2 + (int64_t)(random % (uint32_t)(longest / 2));
    return left < longest ? left : longest;
}

/* Another connection holds the lock: wait a little, until the deadline. */
static int on_busy(void *context, int count)
{
    persist_session *session = context;
    struct timespec pause;
    int64_t ns;

    if (lite_must_stop(session))
        return 0;
    ns = wait_time(session, count);
    if (ns > 0) {
        pause = (struct timespec){.tv_nsec = (long)ns};
        nanosleep(&pause, NULL);
    }
    return 1;
}

/* Told by SQLite after each commit. */
static int on_commit(void *context, sqlite3 *db, const char *name, int pages)
{
    persist_session *session = context;

    (void)db;
    (void)name;
    session->wal_pages = pages;
    return SQLITE_OK;
}

/*
 * The host keeps as few sessions busy as it can, always the same ones: so the first has
 * half of the store's cache, the next half of the rest, and so on. In KiB.
 */
static int64_t take_cache(persist_session *session)
{
    atomic_uint *shares = &session->store->cache_shares;
    int64_t cache = session->store->cache_size / 1024;
    unsigned taken = atomic_load(shares);
    unsigned bit;

    do {
        bit = ~taken & (taken + 1); /* the lowest free one; 0: none is */
    } while (!atomic_compare_exchange_weak(shares, &taken, taken | bit));
    session->cache_share = bit;
    for (unsigned i = 1; i <= bit && cache > CACHE_LEAST_KIB; i *= 2)
        cache /= 2;
    return bit != 0 && cache > CACHE_LEAST_KIB ? cache : CACHE_LEAST_KIB;
}

static persist_status set_up(persist_session *session)
{
    const persist_backend *store = session->store;
    int64_t cache = take_cache(session);
    char sql[512];
    int code;

    sqlite3_extended_result_codes(session->db, 1);
    sqlite3_busy_handler(session->db, on_busy, session);
    sqlite3_progress_handler(session->db, PROGRESS_STEPS, on_progress, session);
    sqlite3_db_config(session->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(session->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    snprintf(sql, sizeof(sql),
             "PRAGMA page_size = %lld; PRAGMA synchronous = %s; PRAGMA foreign_keys = OFF;"
             "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -%lld;"
             "PRAGMA mmap_size = %lld; PRAGMA wal_autocheckpoint = 0;"
             "PRAGMA journal_size_limit = 67108864;%s%s",
             (long long)store->page_size,
             store->durability == PERSIST_DURABILITY_PROCESS ? "NORMAL" : "FULL", (long long)cache,
             (long long)store->mmap_size, store->read_only ? "PRAGMA query_only = ON;" : "",
             store->place.memory ? "PRAGMA journal_mode = MEMORY;" : "");
    code = sqlite3_exec(session->db, sql, NULL, NULL, NULL);
    sqlite3_wal_hook(session->db, on_commit, session);
    return code == SQLITE_OK ? PERSIST_OK : lite_error(session, code, "opening");
}

/* Was the file written since the last look? Then by a checkpoint, or by somebody who put
 * other contents in its place, which SQLite, trusting the log's index, would not notice. */
static bool was_written(persist_session *session, const struct stat *now)
{
    bool written = session->written.tv_sec != now->st_mtim.tv_sec ||
                   session->written.tv_nsec != now->st_mtim.tv_nsec;

    session->written = now->st_mtim;
    return written;
}

static persist_status gone(const persist_call *call, const persist_session *session)
{
    return lite_fail(call, PERSIST_UNAVAILABLE,
                     "%s was removed or replaced while it was open: open the store again",
                     session->store->place.path);
}

/* Is the file that has the name the one that was opened? Pages of one that was
 * overwritten are read anew. */
static bool is_in_place(persist_session *session)
{
    struct stat now;

    if (session->store->place.memory)
        return true;
    if (stat(session->store->place.path, &now) != 0 || now.st_dev != session->dev ||
        now.st_ino != session->ino)
        return false;
    if (was_written(session, &now))
        sqlite3_db_release_memory(session->db);
    return true;
}

/* Notes which file was opened: none, if it was replaced between opening and looking. */
static void note_place(persist_session *session)
{
    struct stat now;
    int moved = 0;

    session->ino = 0;
    if (session->store->place.memory || stat(session->store->place.path, &now) != 0)
        return;
    sqlite3_file_control(session->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved)
        return;
    session->dev = now.st_dev;
    session->ino = now.st_ino;
    session->written = now.st_mtim;
}

static void disconnect(persist_session *session)
{
    atomic_fetch_and(&session->store->cache_shares, ~session->cache_share);
    session->cache_share = 0;
    session->used = 0;
    for (size_t i = 0; i < LITE_STATEMENT_COUNT; i++) {
        sqlite3_finalize(session->statements[i]);
        session->statements[i] = NULL;
    }
    sqlite3_close(session->db);
    session->db = NULL;
}

/* Opens the file for a session whose call is set. */
static persist_status connect_file(persist_session *session)
{
    const persist_backend *store = session->store;
    int code = sqlite3_open_v2(store->file, &session->db,
                               store->open_flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
    persist_status status = PERSIST_OK;

    if (session->db == NULL)
        return lite_no_memory(session->call);
    if (code != SQLITE_OK)
        status = lite_error(session, sqlite3_extended_errcode(session->db), "opening");
    if (status == PERSIST_OK)
        status = set_up(session);
    if (status == PERSIST_OK)
        note_place(session);
    return status;
}

/*
 * Whoever uses a file that was removed or replaced is alone with it. What is newest is
 * looked for in the file that has the name now: the host can tell by its clock row
 * whether that is the history it knew.
 */
static persist_status check_place(const persist_call *call, persist_session *session)
{
    persist_error_detail detail = {.size = sizeof(detail), .flags = PERSIST_SESSION_DEAD};
    persist_status status;

    if (is_in_place(session))
        return PERSIST_OK;
    disconnect(session);
    status = connect_file(session);
    if (status == PERSIST_OK && is_in_place(session))
        return PERSIST_OK;
    detail.text = "the file was removed or replaced while it was open: open the store again";
    lite_host.set_error(call, &detail);
    return PERSIST_UNAVAILABLE;
}

persist_status lite_connect(const persist_call *call, persist_backend *store, persist_session **out)
{
    persist_session *session = lite_host.alloc(sizeof(*session));
    persist_status status;

    if (session == NULL)
        return lite_no_memory(call);
    memset(session, 0, sizeof(*session));
    session->store = store;
    session->call = call;
    atomic_init(&session->interrupted, false);
    pthread_mutex_init(&session->lock, NULL);
    status = connect_file(session);
    session->call = NULL;
    if (status != PERSIST_OK)
        lite_session_close(session);
    else
        *out = session;
    return status;
}

persist_status lite_session_open(const persist_call *call, persist_backend *store,
                                 persist_session **session)
{
    persist_status status = lite_connect(call, store, session);

    if (status == PERSIST_OK)
        lite_keeper_add(*session);
    return status;
}

void lite_session_close(persist_session *session)
{
    lite_keeper_remove(session);
    disconnect(session);
    pthread_mutex_destroy(&session->lock);
    lite_host.release(session);
}

persist_status lite_session_ping(const persist_call *call, persist_session *session)
{
    return is_in_place(session) ? PERSIST_OK : gone(call, session);
}

persist_status lite_session_reset(const persist_call *call, persist_session *session)
{
    lite_begin(call, session);
    lite_end(session, PERSIST_OK);
    return is_in_place(session) ? PERSIST_OK : gone(call, session);
}

void lite_interrupt(persist_session *session)
{
    pthread_mutex_lock(&session->lock);
    if (session->running)
        atomic_store(&session->interrupted, true);
    pthread_mutex_unlock(&session->lock);
    lite_queue_nudge(session->store->queue);
}

persist_status lite_begin(const persist_call *call, persist_session *session)
{
    persist_status status = lite_begin_read(call, session);

    lite_snapshot_end(session);
    return status;
}

persist_status lite_begin_read(const persist_call *call, persist_session *session)
{
    pthread_mutex_lock(&session->lock);
    session->running = true;
    atomic_store(&session->interrupted, false);
    pthread_mutex_unlock(&session->lock);
    session->call = call;
    if (call->deadline != PERSIST_NO_DEADLINE && lite_host.monotonic() >= call->deadline)
        return lite_fail(call, PERSIST_TIMEOUT, "the deadline of the call passed");
    return PERSIST_OK;
}

persist_status lite_begin_newest(const persist_call *call, persist_session *session)
{
    persist_status status = lite_begin(call, session);

    return status == PERSIST_OK ? check_place(call, session) : status;
}

/* All but the one that holds the snapshot, if it is kept. */
static void reset_statements(persist_session *session, bool keep)
{
    uint64_t used = session->used;

    if (keep)
        used &= ~(UINT64_C(1) << LITE_CLOCK);
    for (int i = 0; used != 0; i++, used >>= 1)
        if ((used & 1) != 0 && session->statements[i] != NULL)
            sqlite3_reset(session->statements[i]);
    session->used = 0;
}

persist_status lite_end(persist_session *session, persist_status status)
{
    bool keep = session->keeps && status == PERSIST_OK;

    session->committing = true; /* giving up must not be given up */
    reset_statements(session, keep);
    if (!keep)
        lite_snapshot_end(session);
    if (session->db != NULL && !sqlite3_get_autocommit(session->db))
        sqlite3_exec(session->db, "ROLLBACK", NULL, NULL, NULL);
    session->committing = session->appending = session->keeps = false;
    session->holds = keep;
    lite_queue_leave(session);
    session->call = NULL;
    pthread_mutex_lock(&session->lock);
    session->running = false;
    pthread_mutex_unlock(&session->lock);
    return status;
}

persist_status lite_begin_write(persist_session *session)
{
    persist_status status;

    if (session->store->read_only)
        return lite_fail(session->call, PERSIST_READ_ONLY, "%s was opened read-only",
                         session->store->place.path);
    status = check_place(session->call, session);
    if (status == PERSIST_OK)
        status = lite_queue_enter(session);
    return status == PERSIST_OK ? lite_run_plain(session, LITE_BEGIN) : status;
}

persist_status lite_commit(persist_session *session)
{
    sqlite3_stmt *statement;
    persist_status status = lite_prepare(session, LITE_COMMIT, &statement);
    int code;

    if (status != PERSIST_OK)
        return status;
    session->committing = true;
    code = lite_step(session, statement);
    if (code != SQLITE_DONE)
        status = lite_commit_error(session, code);
    sqlite3_reset(statement);
    session->committing = false;
    lite_queue_leave(session);
    if (!session->appending)
        atomic_fetch_add(&session->store->generation, 1);
    if (status == PERSIST_OK)
        lite_keeper_committed(session);
    return status;
}
