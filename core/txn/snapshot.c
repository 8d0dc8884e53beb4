/* SPDX-License-Identifier: MIT */
/*
 * The snapshot of a transaction. It is fixed by the first reply of the backend, whose
 * rows and clock are of one moment: all that was committed up to the head of that reply
 * is visible, and nothing later. Every further reply is asked to prove that it comes from
 * the same history: the newest record at or below the snapshot is still the same one.
 */
#include "core/base/clock.h"
#include "core/codec/digest.h"
#include "core/txn/branch.h"
#include "core/txn/tx.h"

#include <inttypes.h>

static void ask(const persist_tx *tx, struct snapshot_request *request)
{
    if (tx->fixed) {
        request->timestamp = tx->snapshot;
        request->anchors[0] = (persist_anchor){.at = tx->snapshot};
        request->n_anchors = 1;
        return;
    }
    log_known(&tx->ns->log, &request->known);
    request->timestamp = tx->has_at ? tx->at : PERSIST_NEWEST;
    request->anchors[0] = (persist_anchor){.at = request->timestamp};
    request->anchors[1] = (persist_anchor){.at = request->known.head};
    request->n_anchors = 2;
    if (tx->has_token)
        request->anchors[request->n_anchors++] = (persist_anchor){.at = tx->token.timestamp};
}

static persist_status too_old(const persist_tx *tx, int64_t snapshot, int64_t horizon,
                              persist_error *error)
{
    error_set(error, PERSIST_TOO_OLD,
              "namespace %s: timestamp %" PRId64 " can no longer be read: the oldest is %" PRId64,
              tx->ns->name, snapshot, horizon);
    if (error)
        error->oldest = horizon;
    return PERSIST_TOO_OLD;
}

static persist_status went_back(const persist_tx *tx, int64_t known, persist_error *error)
{
    error_set(error, PERSIST_DIVERGED,
              "namespace %s: the log no longer holds the commit at %" PRId64
              " that this process knew: the store was put back or failed over",
              tx->ns->name, known);
    branch_tell(tx->ns, error);
    return PERSIST_DIVERGED;
}

/* Does the reply still know what this process knew? A head below the log floor cannot be
 * looked up any more and proves nothing.
 * Model: GUARD_KNOWN, tests/model/failover.pml. */
static persist_status check_history(const persist_tx *tx, const struct snapshot_request *request,
                                    persist_error *error)
{
    const persist_clock *known = &request->known;
    const persist_anchor *anchor = &request->anchors[1];
    if (request->clock.head < known->head)
        return went_back(tx, known->head, error);
    if (known->head < request->clock.log_floor)
        return PERSIST_OK;
    if (known->head && known->head == request->clock.log_floor)
        return digest_equal(&known->head_digest, &request->clock.floor_digest)
                   ? PERSIST_OK
                   : went_back(tx, known->head, error);
    if (anchor->timestamp != known->head || !digest_equal(&anchor->digest, &known->head_digest))
        return went_back(tx, known->head, error);
    return PERSIST_OK;
}

/* Does the reply hold the commit that the session token names? */
static persist_status check_token(const persist_tx *tx, const struct snapshot_request *request,
                                  persist_error *error)
{
    const persist_anchor *token = &tx->token, *anchor = &request->anchors[2];
    if (request->clock.head < token->timestamp)
        return error_set(error, PERSIST_BUSY,
                         "namespace %s: the commit at %" PRId64
                         " that the token names has not arrived here: the head is %" PRId64,
                         tx->ns->name, token->timestamp, request->clock.head);
    if (token->timestamp <= request->clock.log_floor)
        return PERSIST_OK;
    if (anchor->timestamp != token->timestamp || !digest_equal(&anchor->digest, &token->digest))
        return went_back(tx, token->timestamp, error);
    return PERSIST_OK;
}

static persist_status fix(persist_tx *tx, const struct snapshot_request *request,
                          persist_error *error)
{
    const persist_clock *clock = &request->clock;
    int64_t snapshot = clock->head;
    persist_status status = check_history(tx, request, error);
    if (status == PERSIST_OK && tx->has_token)
        status = check_token(tx, request, error);
    if (status != PERSIST_OK)
        return status;
    if (tx->has_at && tx->at <= clock->head)
        snapshot = tx->at;
    else if (tx->has_at && tx->at > clock_wall())
        return error_set(error, PERSIST_CLOCK,
                         "timestamp %" PRId64 " lies in the future: it is now %" PRId64
                         " and the newest commit is %" PRId64,
                         tx->at, clock_wall(), clock->head);
    if (clock->horizon > snapshot)
        return too_old(tx, snapshot, clock->horizon, error);
    tx->snapshot = snapshot;
    tx->anchor = request->anchors[0];
    tx->base = snapshot;
    tx->base_digest = tx->anchor.digest;
    tx->validated = guard_oldest(tx, snapshot);
    tx->fixed = true;
    return PERSIST_OK;
}

/* Model: GUARD_ANCHOR, tests/model/failover.pml; the horizon in tests/model/reads.pml. */
persist_status snapshot_accept(persist_tx *tx, const struct snapshot_request *request,
                               persist_error *error)
{
    const persist_clock *clock = &request->clock;
    persist_status status = ns_check_clock(tx->ns, clock, error);
    if (status != PERSIST_OK)
        return status;
    if (!tx->fixed)
        return fix(tx, request, error);
    if (clock->head < tx->anchor.timestamp)
        return went_back(tx, tx->anchor.timestamp, error);
    if (clock->horizon > tx->snapshot)
        return too_old(tx, tx->snapshot, clock->horizon, error);
    if (request->anchors[0].timestamp != tx->anchor.timestamp ||
        !digest_equal(&request->anchors[0].digest, &tx->anchor.digest))
        return went_back(tx, tx->anchor.timestamp, error);
    return PERSIST_OK;
}

void snapshot_take(persist_tx *tx, int64_t snapshot, const persist_anchor *anchor)
{
    tx->snapshot = tx->base = tx->validated = snapshot;
    tx->anchor = *anchor;
    tx->base_digest = anchor->digest;
    tx->fixed = true;
}

static persist_status fix_by_trip(persist_tx *tx, int64_t deadline, persist_error *error)
{
    struct snapshot_request request;
    ask(tx, &request);
    persist_read read = {
        .ns = tx->ns->id, .anchors = request.anchors, .n_anchors = request.n_anchors};
    persist_status status = backend_read(tx->ns->backend, deadline, &tx->cancel, &read,
                                         &request.clock, NULL, NULL, error);
    return status == PERSIST_OK ? snapshot_accept(tx, &request, error) : status;
}

persist_status snapshot_fix(persist_tx *tx, int64_t deadline, persist_error *error)
{
    persist_status status = tx->fixed ? PERSIST_OK : fix_by_trip(tx, deadline, error);
    /* A commit that a token names may still be on its way to where we read. */
    int64_t pause = NS_PER_MS;
    while (status == PERSIST_BUSY && tx->has_token && clock_monotonic() + pause < deadline) {
        clock_sleep(pause);
        pause = pause < 50 * NS_PER_MS ? 2 * pause : pause;
        status = fix_by_trip(tx, deadline, error);
    }
    if (!tx->has_token || (status != PERSIST_BUSY && status != PERSIST_TIMEOUT))
        return status;
    error_prefix(error, "waiting for the commit that the session token names: ");
    if (error)
        error->status = PERSIST_TIMEOUT;
    return PERSIST_TIMEOUT;
}

persist_status snapshot_ask(persist_tx *tx, int64_t deadline, struct snapshot_request *request,
                            persist_error *error)
{
    persist_status status = tx->has_token ? snapshot_fix(tx, deadline, error) : PERSIST_OK;
    if (status == PERSIST_OK)
        ask(tx, request);
    return status;
}
