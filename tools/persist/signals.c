/* SPDX-License-Identifier: MIT */
#include "tools/persist/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

bool signals_wait_readable(int fd)
{
    struct pollfd ready[2] = {{.fd = fd, .events = POLLIN}, {.fd = wake[0], .events = POLLIN}};
    while (!caught)
        if (poll(ready, 2, -1) > 0 && ready[0].revents)
            return !caught;
    return false;
}
