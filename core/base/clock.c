/* SPDX-License-Identifier: MIT */
#include "core/base/clock.h"

#include <persist/types.h>

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t wall_shift;

static int64_t now(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_monotonic(void)
{
    return now(CLOCK_MONOTONIC);
}

int64_t clock_wall(void)
{
    return now(CLOCK_REALTIME) + atomic_load_explicit(&wall_shift, memory_order_relaxed);
}

void clock_shift_wall(int64_t ns)
{
    atomic_store(&wall_shift, ns);
}

int64_t clock_deadline(int64_t ns)
{
    int64_t deadline;
    if (ns <= 0 || __builtin_add_overflow(clock_monotonic(), ns, &deadline))
        return PERSIST_NO_DEADLINE;
    return deadline;
}

void clock_sleep(int64_t ns)
{
    struct timespec left = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
    while (ns > 0 && nanosleep(&left, &left) == -1 && errno == EINTR)
        ;
}
