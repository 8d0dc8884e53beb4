/* SPDX-License-Identifier: MIT */
/*
 * Writers wait in line. SQLite's own way to wait for its one write lock is to sleep and
 * try again, which starves whoever sleeps. Here the writers of a process wait in a list,
 * and the first of it queues with other processes on two bytes of FILE-queue:
 *
 *     take GATE, take TURN, give GATE back, write, give TURN back
 *
 * Whoever waits for TURN holds GATE, so a process that has just written cannot overtake
 * those that wait. The kernel drops both when a process dies, however it dies.
 *
 * The kernel's wait for a lock knows no deadline. So a thread of the store's waits, and
 * only if the locks are not free at once; the writer waits for the thread, and may leave.
 *
 * The line is a courtesy: what keeps writers apart is SQLite's lock. Where FILE-queue
 * cannot be made, or a thread, a writer goes on without.
 *
 * LOCKING. `lock` guards all members. While `asking` the thread alone uses `fd`, without
 * the lock: the locks belong to the open file, so nobody else of it may ask meanwhile.
 * A forked child would keep the open file, and with it the locks, beyond the death of
 * its parent: it closes all of them (a list of the whole process, with a lock of its own).
 */
#include "plugins/sqlite/sqlite.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define GATE 0
#define TURN 1
#define NS_PER_S INT64_C(1000000000)

/* Of what the thread may be cancelled in: the address sanitizer does not follow that, and
 * would take what the frames leave behind for a fault. */
#define CANCELLED_WITHIN __attribute__((no_sanitize_address))

struct waiter {
    TAILQ_ENTRY(waiter) link;
    pthread_cond_t changed;
    bool granted;
};

struct lite_queue {
    LIST_ENTRY(lite_queue) all;
    pthread_mutex_t lock;
    pthread_cond_t wanted;        /* the thread waits for this */
    TAILQ_HEAD(, waiter) waiters; /* first come, first served */
    const char *file;             /* of the database; NULL: in memory, no other process */
    char path[PATH_MAX + 16];     /* of the queue */
    int fd;                       /* -1: not opened */
    bool useless;                 /* it cannot be opened */
    bool taken;                   /* a writer of this process has its turn */
    bool asking;                  /* the thread waits for the locks */
    bool running;                 /* there is a thread */
    bool stopping;
    pthread_t thread;
};

/* --------------------------------------------------------------------------- forking */

static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, lite_queue) all_queues = LIST_HEAD_INITIALIZER(all_queues);

static void before_fork(void)
{
    pthread_mutex_lock(&all_lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&all_lock);
}

static void in_child(void)
{
    struct lite_queue *queue;

    LIST_FOREACH(queue, &all_queues, all)
    {
        if (queue->fd >= 0)
            close(queue->fd);
        queue->fd = -1;
    }
    pthread_mutex_unlock(&all_lock);
}

static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, in_child);
}

/* The descriptor, as a child will see it. */
static void set_fd(struct lite_queue *queue, int fd)
{
    pthread_mutex_lock(&all_lock);
    if (queue->fd >= 0)
        close(queue->fd);
    queue->fd = fd;
    pthread_mutex_unlock(&all_lock);
}

/* ------------------------------------------------------------------------- the locks */

/* Beside the file, with its mode and, made by root, its owner. */
static int open_file(const struct lite_queue *queue)
{
    struct stat like;
    int fd = open(queue->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (stat(queue->file, &like) != 0)
        return -1;
    fd = open(queue->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, like.st_mode & 0777);
    if (fd < 0)
        return errno == EEXIST ? open(queue->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
    fchmod(fd, like.st_mode & 0777);
    if (geteuid() == 0 && fchown(fd, like.st_uid, like.st_gid) != 0)
        lite_host.log(PERSIST_LOG_WARNING, "sqlite: the owner of the queue cannot be set");
    return fd;
}

/* False: writers do without. */
static bool is_open(struct lite_queue *queue)
{
    char text[PATH_MAX + 256];

    if (queue->fd < 0 && !queue->useless) {
        set_fd(queue, open_file(queue));
        queue->useless = queue->fd < 0;
        if (queue->useless) {
            snprintf(text, sizeof(text), "sqlite: %s: %s: writers do not wait in line", queue->path,
                     strerror(errno));
            lite_host.log(PERSIST_LOG_WARNING, text);
        }
    }
    return !queue->useless;
}

CANCELLED_WITHIN static bool set_lock(int fd, int command, short type, off_t byte)
{
    struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    int result;

    do
        result = fcntl(fd, command, &range);
    while (result != 0 && errno == EINTR);
    return result == 0;
}

static void unlock_both(const struct lite_queue *queue)
{
    if (queue->fd >= 0) {
        set_lock(queue->fd, F_OFD_SETLK, F_UNLCK, TURN);
        set_lock(queue->fd, F_OFD_SETLK, F_UNLCK, GATE);
    }
}

/* Whoever closes removes the file if nobody is in it; others find that out here. */
static bool was_removed(const struct lite_queue *queue)
{
    struct stat info;

    return fstat(queue->fd, &info) == 0 && info.st_nlink == 0;
}

/* Takes the turn if it is free. */
static bool try_locks(struct lite_queue *queue)
{
    while (queue->file != NULL && is_open(queue)) {
        if (!set_lock(queue->fd, F_OFD_SETLK, F_WRLCK, GATE))
            return false;
        if (!set_lock(queue->fd, F_OFD_SETLK, F_WRLCK, TURN)) {
            set_lock(queue->fd, F_OFD_SETLK, F_UNLCK, GATE);
            return false;
        }
        set_lock(queue->fd, F_OFD_SETLK, F_UNLCK, GATE);
        if (!was_removed(queue))
            return true;
        set_fd(queue, -1);
    }
    return true;
}

/* In the thread: waits for the turn. It can be cancelled while it does, and only then;
 * closing the file gives back what it had. */
CANCELLED_WITHIN static void wait_for_locks(int fd)
{
    int before;

    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
    set_lock(fd, F_OFD_SETLKW, F_WRLCK, GATE);
    set_lock(fd, F_OFD_SETLKW, F_WRLCK, TURN);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    set_lock(fd, F_OFD_SETLK, F_UNLCK, GATE);
}

/* -------------------------------------------------------------------------- the line */

static void grant(struct lite_queue *queue)
{
    struct waiter *first = TAILQ_FIRST(&queue->waiters);

    assert(!queue->taken);
    TAILQ_REMOVE(&queue->waiters, first, link);
    queue->taken = true;
    first->granted = true;
    pthread_cond_signal(&first->changed);
}

/* Asks for the locks once; the lock of the queue is held before and behind. */
CANCELLED_WITHIN static void ask(struct lite_queue *queue)
{
    int fd = queue->fd;

    queue->asking = true;
    pthread_mutex_unlock(&queue->lock);
    wait_for_locks(fd);
    pthread_mutex_lock(&queue->lock);
    queue->asking = false;
    if (was_removed(queue))
        set_fd(queue, -1); /* the wait was for nothing: again */
    else if (!TAILQ_EMPTY(&queue->waiters))
        grant(queue);
    else
        unlock_both(queue);
}

CANCELLED_WITHIN static void *run(void *context)
{
    struct lite_queue *queue = context;
    int before;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before);
    pthread_mutex_lock(&queue->lock);
    while (!queue->stopping) {
        if (queue->taken || TAILQ_EMPTY(&queue->waiters))
            pthread_cond_wait(&queue->wanted, &queue->lock);
        else if (is_open(queue))
            ask(queue);
        else
            grant(queue);
    }
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

bool lite_thread_start(pthread_t *thread, void *(*body)(void *), void *context)
{
    sigset_t every;
    sigset_t before;
    int result;

    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    result = pthread_create(thread, NULL, body, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result == 0;
}

/* Has the thread ask, beginning it if it is the first time. */
static bool call_thread(struct lite_queue *queue)
{
    if (!queue->running)
        queue->running = lite_thread_start(&queue->thread, run, queue);
    pthread_cond_signal(&queue->wanted);
    return queue->running;
}

/* Until granted, or the call is to stop. */
static void wait_in_line(struct lite_queue *queue, struct waiter *waiter,
                         const persist_session *session)
{
    int64_t deadline = session->call != NULL ? session->call->deadline : PERSIST_NO_DEADLINE;
    struct timespec until;

    while (!waiter->granted && !lite_must_stop(session)) {
        if (deadline == PERSIST_NO_DEADLINE) {
            pthread_cond_wait(&waiter->changed, &queue->lock);
            continue;
        }
        clock_gettime(CLOCK_MONOTONIC, &until);
        int64_t at =
            (int64_t)until.tv_sec * NS_PER_S + until.tv_nsec + deadline - lite_host.monotonic();
        until.tv_sec = (time_t)(at / NS_PER_S);
        until.tv_nsec = (long)(at % NS_PER_S);
        pthread_cond_timedwait(&waiter->changed, &queue->lock, &until);
    }
}

static persist_status line_up(struct lite_queue *queue, persist_session *session)
{
    struct waiter waiter = {.granted = false};
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&waiter.changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    TAILQ_INSERT_TAIL(&queue->waiters, &waiter, link);
    if (queue->file == NULL || call_thread(queue) || queue->taken)
        wait_in_line(queue, &waiter, session);
    if (!waiter.granted)
        TAILQ_REMOVE(&queue->waiters, &waiter, link);
    pthread_cond_destroy(&waiter.changed);
    session->has_turn = waiter.granted;
    if (waiter.granted || !lite_must_stop(session))
        return PERSIST_OK; /* without a thread: without a turn */
    if (session->call == NULL)
        return PERSIST_INTERRUPTED; /* the keeper's, which tells nobody */
    if (atomic_load(&session->interrupted))
        return lite_fail(session->call, PERSIST_INTERRUPTED, "interrupted on request");
    return lite_fail(session->call, PERSIST_TIMEOUT,
                     "%s: other writers did not leave %s before the deadline: if one of them is "
                     "stopped, let it go on or end it",
                     queue->file != NULL ? queue->file : ":memory:", queue->path);
}

persist_status lite_queue_enter(persist_session *session)
{
    struct lite_queue *queue = session->store->queue;
    persist_status status = PERSIST_OK;

    if (queue == NULL || session->has_turn)
        return PERSIST_OK;
    pthread_mutex_lock(&queue->lock);
    if (!queue->taken && !queue->asking && TAILQ_EMPTY(&queue->waiters) && try_locks(queue))
        queue->taken = session->has_turn = true;
    else
        status = line_up(queue, session);
    pthread_mutex_unlock(&queue->lock);
    return status;
}

void lite_queue_leave(persist_session *session)
{
    struct lite_queue *queue = session->store->queue;

    if (!session->has_turn)
        return;
    session->has_turn = false;
    pthread_mutex_lock(&queue->lock);
    assert(queue->taken && !queue->asking);
    unlock_both(queue);
    queue->taken = false;
    if (!TAILQ_EMPTY(&queue->waiters)) {
        if (try_locks(queue))
            grant(queue);
        else
            call_thread(queue);
    }
    pthread_mutex_unlock(&queue->lock);
}

void lite_queue_nudge(struct lite_queue *queue)
{
    struct waiter *waiter;

    if (queue == NULL)
        return;
    pthread_mutex_lock(&queue->lock);
    TAILQ_FOREACH(waiter, &queue->waiters, link)
    pthread_cond_signal(&waiter->changed);
    pthread_mutex_unlock(&queue->lock);
}

/* ----------------------------------------------------------------------------- life */

struct lite_queue *lite_queue_new(const char *file)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct lite_queue *queue = lite_host.alloc(sizeof(*queue));

    if (queue == NULL)
        return NULL;
    memset(queue, 0, sizeof(*queue));
    queue->fd = -1;
    queue->file = file;
    if (file != NULL)
        snprintf(queue->path, sizeof(queue->path), "%s-queue", file);
    TAILQ_INIT(&queue->waiters);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->wanted, NULL);
    pthread_once(&once, watch_forks);
    pthread_mutex_lock(&all_lock);
    LIST_INSERT_HEAD(&all_queues, queue, all);
    pthread_mutex_unlock(&all_lock);
    return queue;
}

static void stop(struct lite_queue *queue)
{
    if (!queue->running)
        return;
    pthread_mutex_lock(&queue->lock);
    queue->stopping = true;
    if (queue->asking)
        pthread_cancel(queue->thread);
    pthread_cond_signal(&queue->wanted);
    pthread_mutex_unlock(&queue->lock);
    pthread_join(queue->thread, NULL);
}

/* With both locks nobody is in the file: those that have it open will see that it went. */
static void remove_file(const struct lite_queue *queue)
{
    struct stat mine;
    struct stat there;

    if (queue->fd >= 0 && set_lock(queue->fd, F_OFD_SETLK, F_WRLCK, GATE) &&
        set_lock(queue->fd, F_OFD_SETLK, F_WRLCK, TURN) && fstat(queue->fd, &mine) == 0 &&
        stat(queue->path, &there) == 0 && mine.st_ino == there.st_ino &&
        mine.st_dev == there.st_dev)
        unlink(queue->path);
}

void lite_queue_free(struct lite_queue *queue)
{
    if (queue == NULL)
        return;
    stop(queue);
    remove_file(queue);
    set_fd(queue, -1);
    pthread_mutex_lock(&all_lock);
    LIST_REMOVE(queue, all);
    pthread_mutex_unlock(&all_lock);
    pthread_mutex_destroy(&queue->lock);
    pthread_cond_destroy(&queue->wanted);
    lite_host.release(queue);
}
