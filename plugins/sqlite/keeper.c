/* SPDX-License-Identifier: MIT */
/*
 * The keeper: a thread of each open store, begun when there is first something to do. It
 *
 *   - copies the write-ahead log into the file (a checkpoint), so that no commit has to;
 *   - ends read transactions that idle sessions still hold (snapshot.c).
 *
 * CHECKPOINTS. From wal_autocheckpoint pages on, a passive one: it copies what no reader
 * needs any more and disturbs nobody. Under a stream of commits it never catches up, and
 * only a log that was copied whole is begun anew. So at FINISH times as many pages the
 * keeper takes its place in the line of writers and copies the little that is left, waiting
 * a moment for readers to leave the log. If there is no keeper, or it is far behind,
 * the committer copies at GIVE_UP times as many. With several processes each keeper tries;
 * SQLite lets one of them checkpoint at a time. One that dies leaves a log as good as
 * before.
 *
 * LOCKING. `lock` guards the members but the atomic ones. It may be held when a session's
 * lock is taken, never the other way round.
 */
#include "plugins/sqlite/sqlite.h"

#include <string.h>
#include <time.h>

#define FINISH 4
#define GIVE_UP 16
/* How long readers are waited for while writers wait too. */
#define READERS_MS 20

struct lite_keeper {
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    LIST_HEAD(, persist_session) sessions;
    persist_session *own; /* for checkpoints; NULL: none yet. Set once */
    pthread_t thread;
    bool running;
    bool stopping;
    bool checkpoint;     /* is asked for */
    atomic_bool holds;   /* a session may hold a read transaction */
    atomic_bool recalls; /* none is to be kept now */
    atomic_int pages;    /* in the log, after the last commit of this process */
    atomic_int mark;     /* pages at which to look at it next */
};

/* ----------------------------------------------------------------------- checkpoints */

static int copy_log(persist_session *session, int mode)
{
    int in_log = 0;
    int copied = 0;
    int code = sqlite3_wal_checkpoint_v2(session->db, NULL, mode, &in_log, &copied);

    return code == SQLITE_OK && in_log >= 0 ? in_log : -1;
}

/* Ends the read transactions of sessions that rest: those held for `age` ns or longer.
 * True if some are left. */
static bool end_holds(struct lite_keeper *keeper, int64_t age)
{
    persist_session *session;
    int64_t now = lite_host.monotonic();
    bool left = false;

    LIST_FOREACH(session, &keeper->sessions, link)
    {
        pthread_mutex_lock(&session->lock);
        if (session->running)
            left = true;
        else if (session->holds && now - session->held_since >= age)
            lite_snapshot_end(session);
        left = left || session->holds;
        pthread_mutex_unlock(&session->lock);
    }
    return left;
}

/* With writers kept out: the rest of the log, so that the next commit begins it anew. */
static void finish(struct lite_keeper *keeper)
{
    if (lite_queue_enter(keeper->own) != PERSIST_OK)
        return;
    atomic_store(&keeper->recalls, true);
    pthread_mutex_lock(&keeper->lock);
    end_holds(keeper, 0);
    pthread_mutex_unlock(&keeper->lock);
    copy_log(keeper->own, SQLITE_CHECKPOINT_RESTART);
    atomic_store(&keeper->recalls, false);
    lite_queue_leave(keeper->own);
}

static void checkpoint(struct lite_keeper *keeper)
{
    int step = (int)keeper->own->store->wal_autocheckpoint;
    int in_log = copy_log(keeper->own, SQLITE_CHECKPOINT_PASSIVE);

    if (in_log >= FINISH * step)
        finish(keeper);
    if (in_log < atomic_load(&keeper->pages))
        in_log = atomic_load(&keeper->pages); /* BUSY: another process is at it */
    atomic_store(&keeper->mark, in_log + step);
}

/* ------------------------------------------------------------------------ the thread */

static void rest(struct lite_keeper *keeper)
{
    struct timespec until;

    if (!atomic_load(&keeper->holds)) {
        pthread_cond_wait(&keeper->wanted, &keeper->lock);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LITE_HOLD_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&keeper->wanted, &keeper->lock, &until);
    /* Cleared first: a session that sets it while we look is not missed. */
    atomic_store(&keeper->holds, false);
    if (end_holds(keeper, LITE_HOLD_NS))
        atomic_store(&keeper->holds, true);
}

static void *run(void *context)
{
    struct lite_keeper *keeper = context;

    pthread_mutex_lock(&keeper->lock);
    while (!keeper->stopping) {
        if (!keeper->checkpoint) {
            rest(keeper);
            continue;
        }
        keeper->checkpoint = false;
        pthread_mutex_unlock(&keeper->lock);
        checkpoint(keeper);
        pthread_mutex_lock(&keeper->lock);
    }
    pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

/* With the lock held: is there a thread, if need be from now on? */
static bool call(struct lite_keeper *keeper)
{
    if (!keeper->running && !keeper->stopping)
        keeper->running = lite_thread_start(&keeper->thread, run, keeper);
    pthread_cond_signal(&keeper->wanted);
    return keeper->running;
}

/* ------------------------------------------------------------------- what it is told */

/* The keeper's own connection, made by the first who needs it, since he can tell a fault. */
static bool connect_own(struct lite_keeper *keeper, persist_session *session)
{
    persist_session *own = NULL;

    if (keeper->own == NULL && lite_connect(session->call, session->store, &own) == PERSIST_OK) {
        sqlite3_busy_timeout(own->db, READERS_MS);
        /* Copying the log takes no page cache. */
        atomic_fetch_and(&own->store->cache_shares, ~own->cache_share);
        own->cache_share = 0;
        keeper->own = own;
    }
    return keeper->own != NULL;
}

void lite_keeper_committed(persist_session *session)
{
    struct lite_keeper *keeper = session->store->keeper;
    int step = (int)session->store->wal_autocheckpoint;
    int pages = session->wal_pages;
    bool called = false;

    if (keeper == NULL || pages == 0)
        return;
    if (pages < atomic_exchange(&keeper->pages, pages))
        atomic_store(&keeper->mark, step); /* the log was begun anew */
    if (pages < atomic_load(&keeper->mark))
        return;
    pthread_mutex_lock(&keeper->lock);
    if (connect_own(keeper, session) && call(keeper))
        called = keeper->checkpoint = true;
    pthread_mutex_unlock(&keeper->lock);
    if (called)
        atomic_store(&keeper->mark, INT_MAX); /* until it has looked */
    if (pages >= GIVE_UP * step || (!called && pages >= FINISH * step))
        copy_log(session, SQLITE_CHECKPOINT_PASSIVE);
}

bool lite_keeper_holds(persist_session *session)
{
    struct lite_keeper *keeper = session->store->keeper;
    bool running = true;

    if (keeper == NULL || atomic_load(&keeper->recalls))
        return false;
    if (atomic_exchange(&keeper->holds, true))
        return true;
    pthread_mutex_lock(&keeper->lock);
    running = call(keeper);
    pthread_mutex_unlock(&keeper->lock);
    return running;
}

void lite_keeper_add(persist_session *session)
{
    struct lite_keeper *keeper = session->store->keeper;

    if (keeper == NULL || session->listed)
        return;
    session->listed = true;
    pthread_mutex_lock(&keeper->lock);
    LIST_INSERT_HEAD(&keeper->sessions, session, link);
    pthread_mutex_unlock(&keeper->lock);
}

void lite_keeper_remove(persist_session *session)
{
    if (!session->listed)
        return;
    pthread_mutex_lock(&session->store->keeper->lock);
    LIST_REMOVE(session, link);
    pthread_mutex_unlock(&session->store->keeper->lock);
    session->listed = false;
}

/* ------------------------------------------------------------------------------ life */

struct lite_keeper *lite_keeper_new(int64_t wal_autocheckpoint)
{
    struct lite_keeper *keeper = lite_host.alloc(sizeof(*keeper));
    pthread_condattr_t monotonic;

    if (keeper == NULL)
        return NULL;
    memset(keeper, 0, sizeof(*keeper));
    LIST_INIT(&keeper->sessions);
    atomic_init(&keeper->holds, false);
    atomic_init(&keeper->recalls, false);
    atomic_init(&keeper->pages, 0);
    atomic_init(&keeper->mark, (int)wal_autocheckpoint);
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->wanted, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return keeper;
}

void lite_keeper_free(struct lite_keeper *keeper, struct lite_queue *queue)
{
    if (keeper == NULL)
        return;
    pthread_mutex_lock(&keeper->lock);
    keeper->stopping = true;
    pthread_cond_signal(&keeper->wanted);
    pthread_mutex_unlock(&keeper->lock);
    if (keeper->own != NULL) {
        atomic_store(&keeper->own->interrupted, true);
        sqlite3_interrupt(keeper->own->db);
        lite_queue_nudge(queue);
    }
    if (keeper->running)
        pthread_join(keeper->thread, NULL);
    if (keeper->own != NULL) {
        /* An interrupt stands until a statement begins; closing would heed it, and leave
         * the log where it is. */
        atomic_store(&keeper->own->interrupted, false);
        sqlite3_exec(keeper->own->db, "SELECT 1", NULL, NULL, NULL);
        lite_session_close(keeper->own);
    }
    pthread_mutex_destroy(&keeper->lock);
    pthread_cond_destroy(&keeper->wanted);
    lite_host.release(keeper);
}
