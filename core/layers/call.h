/* SPDX-License-Identifier: MIT */
/* What hooks can do with a call that passes through their layer. */
#ifndef CORE_LAYERS_CALL_H
#define CORE_LAYERS_CALL_H

#include "core/layers/layer.h"

#include <stdatomic.h>

/* Lets a session's sleep be cut short by an interrupt. */
struct layer_nap {
    pthread_mutex_t lock; /* over all below */
    pthread_cond_t cut;   /* CLOCK_MONOTONIC */
    bool interrupted;     /* since the call that runs began */
};

void layer_nap_init(struct layer_nap *nap);
void layer_nap_destroy(struct layer_nap *nap);
/* A call begins: what was meant for the one before does not count for it. */
void layer_nap_begin(struct layer_nap *nap);
void layer_nap_cut(struct layer_nap *nap);
/* Sleeps until the moment; INTERRUPTED if cut. `nap` NULL: nobody can cut it. */
persist_status layer_nap_until(struct layer_nap *nap, int64_t moment);

/* Of the layer's session in `call`; NULL if it has none. */
struct layer_nap *layer_call_nap(const struct layer_call *call);
/* Lets the call wait: OK after `ns`; TIMEOUT at its deadline and INTERRUPTED before that. */
persist_status layer_call_sleep(const struct layer_call *call, int64_t ns);
/* Tells the caller what failed; returns the status. `flags` as in persist_error_detail. */
persist_status layer_call_fail(const struct layer_call *call, persist_status status, uint32_t flags,
                               const char *what);

/* A sequence of numbers that a seed decides, shared by threads. */
struct layer_random {
    _Atomic uint64_t state;
};

/* Of 64 even bits. */
uint64_t layer_random_next(struct layer_random *random);
/* Within [from, to]. */
int64_t layer_random_between(struct layer_random *random, int64_t from, int64_t to);

#endif
