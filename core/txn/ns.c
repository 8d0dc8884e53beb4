/* SPDX-License-Identifier: MIT */
#include "core/txn/ns.h"

#include "core/base/fork.h"
#include "core/txn/commit.h"

#include <inttypes.h>

/* Feature bits this library understands: none exist yet. */
#define KNOWN_FEATURES UINT64_C(0)

persist_status ns_check_clock(const struct ns *ns, const persist_clock *clock, persist_error *error)
{
    if (clock->features & ~KNOWN_FEATURES)
        return error_set(error, PERSIST_FORMAT,
                         "namespace %s uses features 0x%" PRIx64
                         " that this release does not know: use a newer one",
                         ns->name, clock->features & ~KNOWN_FEATURES);
    if (clock->state == PERSIST_STATE_LOADING)
        return error_set(error, PERSIST_LOADING,
                         "namespace %s is being filled by a restore or a move: try again when "
                         "that has ended",
                         ns->name);
    if (clock->state == PERSIST_STATE_MOVED)
        return error_set(error, PERSIST_MOVED, "namespace %s was moved to another store", ns->name);
    if (ns->epoch && clock->epoch != ns->epoch)
        return error_set(error, PERSIST_FENCED,
                         "namespace %s was fenced: its epoch is %" PRIu64
                         ", this process opened "
                         "%" PRIu64 ": open the store again",
                         ns->name, clock->epoch, ns->epoch);
    return PERSIST_OK;
}

persist_status ns_init(struct ns *ns, int64_t deadline, persist_error *error)
{
    persist_clock clock;
    persist_status status = backend_head(ns->backend, deadline, ns->id, &clock, error);
    if (status == PERSIST_OK)
        status = ns_check_clock(ns, &clock, error);
    if (status != PERSIST_OK)
        return status;
    ns->epoch = clock.epoch;
    ns->fork_generation = fork_generation();
    log_init(&ns->log, &clock, ns->settings->window_bytes);
    commit_queue_init(&ns->queue);
    pthread_mutex_init(&ns->snapshots_lock, NULL);
    return PERSIST_OK;
}

void ns_end(struct ns *ns)
{
    log_free(&ns->log);
    pthread_mutex_destroy(&ns->queue.lock);
    pthread_mutex_destroy(&ns->snapshots_lock);
}
