/* SPDX-License-Identifier: MIT */
#include "core/layers/call.h"

#include "core/base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

void layer_nap_init(struct layer_nap *nap)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&nap->cut, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&nap->lock, NULL);
    nap->interrupted = false;
}

void layer_nap_destroy(struct layer_nap *nap)
{
    pthread_cond_destroy(&nap->cut);
    pthread_mutex_destroy(&nap->lock);
}

static void set_interrupted(struct layer_nap *nap, bool interrupted)
{
    pthread_mutex_lock(&nap->lock);
    nap->interrupted = interrupted;
    pthread_cond_broadcast(&nap->cut);
    pthread_mutex_unlock(&nap->lock);
}

void layer_nap_begin(struct layer_nap *nap)
{
    set_interrupted(nap, false);
}

void layer_nap_cut(struct layer_nap *nap)
{
    set_interrupted(nap, true);
}

persist_status layer_nap_until(struct layer_nap *nap, int64_t moment)
{
    struct timespec until = {.tv_sec = moment / NS_PER_S, .tv_nsec = moment % NS_PER_S};
    if (!nap) {
        clock_sleep(moment - clock_monotonic());
        return PERSIST_OK;
    }
    pthread_mutex_lock(&nap->lock);
    while (!nap->interrupted && pthread_cond_timedwait(&nap->cut, &nap->lock, &until) != ETIMEDOUT)
        ;
    bool interrupted = nap->interrupted;
    pthread_mutex_unlock(&nap->lock);
    return interrupted ? PERSIST_INTERRUPTED : PERSIST_OK;
}

persist_status layer_call_sleep(const struct layer_call *call, int64_t ns)
{
    int64_t moment;
    int64_t deadline = call->frame->deadline;
    if (__builtin_add_overflow(clock_monotonic(), ns, &moment))
        moment = PERSIST_NO_DEADLINE;
    bool late = deadline < moment;
    persist_status status = layer_nap_until(layer_call_nap(call), late ? deadline : moment);
    return status == PERSIST_OK && late ? PERSIST_TIMEOUT : status;
}

persist_status layer_call_fail(const struct layer_call *call, persist_status status, uint32_t flags,
                               const char *what)
{
    char text[160];
    persist_error_detail detail = {.size = sizeof detail, .flags = flags, .text = text};
    assert(status != PERSIST_OK);
    snprintf(text, sizeof text, "%s: %s (%s)", layer_op_name(call->op), persist_status_text(status),
             what);
    loader_host()->set_error(call->frame, &detail);
    return status;
}

/* SplitMix64: a counter and a mixing function, so that threads need no lock. */
uint64_t layer_random_next(struct layer_random *random)
{
    const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = atomic_fetch_add_explicit(&random->state, step, memory_order_relaxed) + step;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int64_t layer_random_between(struct layer_random *random, int64_t from, int64_t to)
{
    assert(from <= to);
    uint64_t count = (uint64_t)to - (uint64_t)from + 1;
    uint64_t drawn = layer_random_next(random);
    return (int64_t)((uint64_t)from + (count ? drawn % count : drawn));
}
