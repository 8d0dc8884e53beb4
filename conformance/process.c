/* SPDX-License-Identifier: MIT */
/*
 * One process a case, and the processes that a case drives. All of them are forked before
 * the plugin is loaded, so that none of them is a child of one that had it.
 *
 *     the caller ---fork---> the case ---fork---> its workers
 *
 * The case's process holds one end of `alive` alone; that its other end is closed tells
 * that it ended, whatever became of the workers.
 */
#include "conformance/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"

/* Longest time of a case at scale 1. It is there for plugins that hang. */
#define CASE_NS (60 * NS_PER_S)

static ssize_t read_all(int fd, void *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(fd, (char *)data + done, size - done);
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        if (got > 0)
            done += (size_t)got;
    }
    return (ssize_t)done;
}

/* ---- in a worker */

void worker_tell(struct kit *kit, int64_t number)
{
    if (send(kit->workers[0].socket, &number, sizeof number, MSG_NOSIGNAL) != sizeof number)
        _exit(KIT_FAILED);
}

int64_t worker_wait(struct kit *kit)
{
    int64_t number = 0;
    if (read_all(kit->workers[0].socket, &number, sizeof number) != sizeof number)
        _exit(KIT_FAILED);
    return number;
}

static noreturn void worker_main(struct kit *kit, int socket)
{
    static struct job job;
    kit->workers[0].socket = socket; /* the one to its driver */
    if (read_all(socket, &job, sizeof job) != sizeof job)
        _exit(KIT_PASSED); /* it was not needed */
    kit_load(kit);
    job.run(kit, &job);
    _exit(KIT_PASSED);
}

/* ---- in the case's process */

static void worker_fork(struct kit *kit, unsigned number, int alive)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        kit_skip(kit, "this machine makes no more sockets");
    pid_t pid = fork();
    if (pid < 0)
        kit_skip(kit, "this machine makes no more processes");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(alive);
        close(ends[0]);
        for (unsigned i = 0; i < number; i++)
            close(kit->workers[i].socket);
        worker_main(kit, ends[1]);
    }
    close(ends[1]);
    kit->workers[number] = (struct worker){ends[0], (int)pid};
}

void worker_start(struct kit *kit, unsigned worker, const struct job *job)
{
    if (send(kit->workers[worker].socket, job, sizeof *job, MSG_NOSIGNAL) != sizeof *job)
        kit_fail(kit, "giving a second process its work", "it takes it", "it ended");
}

void worker_send(struct kit *kit, unsigned worker, int64_t number)
{
    if (send(kit->workers[worker].socket, &number, sizeof number, MSG_NOSIGNAL) != sizeof number)
        kit_fail(kit, "telling a second process to go on", "it goes on", "it ended");
}

bool worker_hear(struct kit *kit, unsigned worker, int64_t *number)
{
    return read_all(kit->workers[worker].socket, number, sizeof *number) == sizeof *number;
}

void worker_kill(struct kit *kit, unsigned worker)
{
    kill(kit->workers[worker].pid, SIGKILL);
    waitpid(kit->workers[worker].pid, NULL, 0);
}

static noreturn void case_main(struct kit *kit, const struct test_case *test, int alive)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < test->workers; i++)
        worker_fork(kit, i, alive);
    kit_load(kit);
    test->run(kit);
    kit_pass(kit);
}

/* ---- in the caller's process */

/* Waits until the case ended or its time is up, and ends all that is left of it. */
static int finish(pid_t pid, int alive, int64_t deadline, bool *late)
{
    struct pollfd end = {.fd = alive, .events = POLLIN};
    int wait_status = 0;
    int ready;
    do {
        int64_t left = (deadline - clock_monotonic()) / NS_PER_MS;
        ready = poll(&end, 1, left > 0 ? (int)left : 0);
    } while (ready < 0 && errno == EINTR);
    *late = ready == 0;
    kill(-pid, SIGKILL); /* workers too; the case itself, if it is late */
    if (*late)
        kill(pid, SIGKILL);
    while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
        ;
    return wait_status;
}

static int verdict(int wait_status, bool late, char *told, size_t capacity)
{
    size_t used = strlen(told);
    if (late)
        snprintf(told + used, capacity - used,
                 "operation: the whole case\nexpected:  an end\n"
                 "found:     its process hung and was killed\n");
    else if (WIFSIGNALED(wait_status))
        snprintf(told + used, capacity - used,
                 "operation: the whole case\nexpected:  an end\n"
                 "found:     its process died of signal %d\n",
                 WTERMSIG(wait_status));
    else if (WEXITSTATUS(wait_status) != KIT_FAILED)
        return WEXITSTATUS(wait_status);
    return KIT_FAILED;
}

static void read_report(int report, char *told, size_t capacity)
{
    ssize_t got;
    fcntl(report, F_SETFL, O_NONBLOCK);
    got = read(report, told, capacity - 256);
    told[got > 0 ? got : 0] = '\0';
}

int process_run(struct kit *kit, const struct test_case *test, char *told, size_t capacity)
{
    int report[2];
    int alive[2];
    int64_t deadline = clock_deadline(CASE_NS * (int64_t)(kit->scale < 1000 ? kit->scale : 1000));
    bool late;
    if (pipe2(report, O_CLOEXEC) != 0)
        return -1;
    if (pipe2(alive, O_CLOEXEC) != 0) {
        close(report[0]);
        close(report[1]);
        return -1;
    }
    kit->report = report[1];
    pid_t pid = fork();
    if (pid == 0) {
        close(report[0]);
        close(alive[0]);
        case_main(kit, test, alive[1]);
    }
    close(report[1]);
    close(alive[1]);
    int code = -1;
    if (pid > 0) {
        int wait_status = finish(pid, alive[0], deadline, &late);
        read_report(report[0], told, capacity);
        code = verdict(wait_status, late, told, capacity);
    }
    close(report[0]);
    close(alive[0]);
    return code;
}
