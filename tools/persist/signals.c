/* SPDX-License-Identifier: MIT */
#include "tools/persist/signals.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t caught;
/* A byte in the pipe wakes a wait that began just before the signal came. */
static int wake[2] = {-1, -1};

static void handle(int number)
{
    (void)number;
    int kept = errno;
    caught = 1;
    ssize_t written = write(wake[1], "", 1);
    (void)written;
    errno = kept;
}

bool signals_install(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = handle, .sa_flags = (int)(SA_RESTART | SA_RESETHAND)};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (pipe2(wake, O_CLOEXEC | O_NONBLOCK))
        return false;
    sigemptyset(&action.sa_mask);
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction old;
        /* What nohup, or a shell's background, ignores stays ignored. */
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
    return true;
}

bool signals_caught(void)
{
    return caught;
}

/* ---- cancelling, by a thread of its own: a handler may not */

#define CANCEL_AGAIN_MS 50

static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER; /* over the two below */
static persist_tx *watched;
static bool watcher_runs;

/* Wakes up by the pipe, which stays readable. A request that met the end of a call is lost,
 * and the next call may wait as well: it is made again and again. */
static void *watch_signals(void *unused)
{
    struct pollfd ready = {.fd = wake[0], .events = POLLIN};
    (void)unused;
    while (poll(&ready, 1, -1) < 1)
        continue;
    for (;;) {
        pthread_mutex_lock(&watch_lock);
        if (watched)
            persist_cancel(watched);
        pthread_mutex_unlock(&watch_lock);
        poll(NULL, 0, CANCEL_AGAIN_MS);
    }
    return NULL;
}

/* Signals are for the first thread. Without the second one a call ends by its time limit. */
static bool start_watcher(void)
{
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&thread, NULL, watch_signals, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        pthread_detach(thread);
    return started;
}

void signals_watch(persist_tx *tx)
{
    pthread_mutex_lock(&watch_lock);
    assert(!watched);
    watched = tx;
    if (!watcher_runs)
        watcher_runs = start_watcher();
    pthread_mutex_unlock(&watch_lock);
}

void signals_unwatch(persist_tx *tx)
{
    pthread_mutex_lock(&watch_lock);
    assert(watched == tx);
    watched = NULL;
    pthread_mutex_unlock(&watch_lock);
    (void)tx;
}

bool signals_wait_readable(int fd)
{
    struct pollfd ready[2] = {{.fd = fd, .events = POLLIN}, {.fd = wake[0], .events = POLLIN}};
    while (!caught)
        if (poll(ready, 2, -1) > 0 && ready[0].revents)
            return !caught;
    return false;
}
