/* SPDX-License-Identifier: MIT */
/*
 * Leading a group: validate each transaction against the log and against those before it
 * in the group, give each its timestamp, do one append for all.
 *
 * A lost compare means that another process committed. A backend that can, then hands
 * over the records since while it holds the lock of the clock row (the *turn*), and
 * appends what the validated rest of the group has become; else the records are read and
 * the append tried again. Either way the *whole* group is validated anew. Nobody is told
 * an outcome before the append's result. A backend error whose outcome is open is
 * resolved first (resolve.c); one that is known to have changed nothing splits the
 * group, so that a companion's bad row fails only itself.
 */
#include "core/txn/lead.h"

#include "core/base/clock.h"
#include "core/txn/branch.h"
#include "core/txn/conflict.h"
#include "core/txn/resolve.h"

#include <inttypes.h>
#include <string.h>

/* A turn is given up when so much has been committed since, or so much time has passed:
 * others wait for the lock meanwhile. */
#define TURN_RECORDS 1000
#define TURN_NS (INT64_C(100) * NS_PER_MS)

/* Pause after the n-th lost compare, growing, jittered: ns. */
static int64_t backoff(unsigned attempt)
{
    int64_t most = (INT64_C(100000) << (attempt < 8 ? attempt : 8));
    return clock_monotonic() % most;
}

static void fail(struct commit_request *request, const persist_error *error)
{
    unsigned char token[PERSIST_RESOLVE_TOKEN_SIZE];
    bool has_token = request->error.has_token;
    memcpy(token, request->error.token, sizeof token);
    request->status = error->status;
    error_copy(&request->error, error);
    request->error.has_token = has_token;
    memcpy(request->error.token, token, sizeof token);
}

static void fail_all(struct group *group, const persist_error *error)
{
    for (size_t i = 0; i < group->n; i++)
        if (group->members[i]->status == PERSIST_OK)
            fail(group->members[i], error);
}

/* Validates every member; those that conflict leave the group. Under the lock the log is
 * not read: what is not in the window counts as not validated. False if that happened.
 * Model: Validate, tests/model/commit.pml. */
static bool validate(struct group *group, bool under_lock, int64_t deadline)
{
    for (size_t i = 0; i < group->n; i++) {
        struct commit_request *request = group->members[i];
        if (under_lock && !conflict_in_window(request->tx))
            return false;
        persist_status status = PERSIST_OK;
        if (clock_monotonic() > request->deadline)
            status =
                error_set(&request->error, PERSIST_TIMEOUT,
                          "the commit waited for longer than its timeout: nothing was written");
        if (status == PERSIST_OK)
            status = conflict_check_log(request->tx, deadline, &request->error);
        for (size_t j = 0; j < i && status == PERSIST_OK; j++)
            status = conflict_check_pair(request->tx, group->members[j]->tx, &request->error);
        request->status = status;
        if (status != PERSIST_OK)
            group_remove(group, i--);
    }
    return true;
}

/* Wall clock too far ahead of the engine's? Nothing is written then. What was heard of the
 * engine's clock may be old: before it is held against ours it is asked again. */
static persist_status check_clock(struct ns *ns, int64_t deadline, persist_error *error)
{
    int64_t most = ns->settings->max_clock_lead, lead = log_lead(&ns->log);
    if (lead > most) {
        persist_clock clock;
        persist_status status = backend_head(ns->backend, deadline, ns->id, &clock, error);
        if (status != PERSIST_OK)
            return status;
        log_note_time(&ns->log, &clock);
        lead = log_lead(&ns->log);
    }
    if (lead <= most)
        return PERSIST_OK;
    return error_set(error, PERSIST_CLOCK,
                     "this machine's clock is %" PRId64
                     " ms ahead of the engine's, "
                     "transaction.max_clock_lead allows %" PRId64 " ms: set the clock",
                     lead / NS_PER_MS, most / NS_PER_MS);
}

/* Has a member read what another process committed since we last looked? Then the log is
 * followed first: what it read has to be part of it. Model: GUARD_SNAPSHOT,
 * tests/model/failover.pml. */
static persist_status reach_snapshots(struct ns *ns, const struct group *group, int64_t deadline,
                                      persist_error *error)
{
    persist_clock known;
    log_known(&ns->log, &known);
    for (size_t i = 0; i < group->n; i++)
        if (group->members[i]->tx->base > known.head)
            return log_catch_up(&ns->log, ns->backend, ns->id, deadline, error);
    return PERSIST_OK;
}

/* What the callback of a turn works on, and what it made of it. */
struct turn {
    struct ns *ns;
    struct group *group;
    persist_error error;
};

/* Under the lock of the clock row: follow the log, validate the group anew, and say what
 * to append. CONFLICT gives the turn up. Model: tests/model/turn.pml. */
static persist_status take_turn(void *context, const persist_clock *clock,
                                const persist_record *records, size_t n_records,
                                const persist_append **next)
{
    struct turn *turn = context;
    struct ns *ns = turn->ns;
    persist_status status = log_follow(&ns->log, clock, records, n_records, &turn->error);
    if (status != PERSIST_OK)
        return status;
    if (!validate(turn->group, true, 0) || !turn->group->n)
        return PERSIST_CONFLICT;
    status = group_build(turn->group, ns, clock, clock_wall(), &turn->error);
    if (status != PERSIST_OK)
        return status;
    turn->group->append.size = sizeof turn->group->append;
    *next = &turn->group->append;
    return PERSIST_OK;
}

/* The clock row that an append of ours left, as far as the log is concerned. */
static void row_of(const persist_append *append, persist_clock *clock)
{
    clock->head = append->record.timestamp;
    clock->head_digest = append->record.digest;
    clock->versions = append->new_versions;
    clock->version_digest = append->new_version_digest;
}

/* The outcome of the group's last append is open: find it out. What stays open gets its
 * tokens. */
static persist_status settle(struct ns *ns, struct group *group, persist_clock *after,
                             persist_error *error)
{
    const persist_append *append = &group->append;
    struct lost_append lost = {.head = append->expected_head, .digest = append->expected_digest};
    memcpy(lost.batch, group->batch, sizeof lost.batch);
    persist_status status = resolve(ns, &lost, NULL, after, error);
    if (status == PERSIST_OK)
        row_of(append, after);
    for (size_t i = 0; status == PERSIST_UNRESOLVED && i < group->n; i++) {
        persist_error *own = &group->members[i]->error;
        own->has_token = true;
        resolve_token_write(&lost, (uint32_t)i, own->token);
    }
    return status;
}

/* One attempt: CONFLICT is a lost compare, everything else is final. Model: Append and
 * Answer, tests/model/commit.pml. */
static persist_status attempt(struct ns *ns, struct group *group, int64_t deadline,
                              persist_error *error)
{
    persist_clock known, after;
    struct turn turn = {.ns = ns, .group = group};
    log_known(&ns->log, &known);
    persist_status status = group_build(group, ns, &known, clock_wall(), error);
    if (status != PERSIST_OK)
        return status;
    persist_append append = group->append;
    append.revalidate = take_turn;
    append.context = &turn;
    append.max_turn_records = TURN_RECORDS;
    append.max_turn_ns = TURN_NS;
    /* Cancelling one member must not fail the others. The member stays until its outcome is
     * told, even if it leaves the group in its turn. */
    struct cancel *cancel = group->n == 1 ? &group->members[0]->tx->cancel : NULL;
    status = backend_append(ns->backend, deadline, cancel, &append, &after, error);
    /* Ours was a turn's append if it was asked for one: group->append is the last. */
    if (status != PERSIST_OK && error->maybe_committed)
        status = settle(ns, group, &after, error);
    else if (status != PERSIST_OK && turn.error.status == status)
        error_copy(error, &turn.error);
    if (status == PERSIST_OK) {
        log_appended(&ns->log, &after, group->built.decoded, group->built.decoded_size);
        group->built.decoded = NULL;
    } else if (status == PERSIST_CONFLICT)
        log_note_time(&ns->log, &after);
    error_clear(&turn.error);
    return status;
}

static void succeed(struct group *group)
{
    const persist_record *record = &group->append.record;
    for (size_t i = 0; i < group->n; i++) {
        group->members[i]->record = (persist_anchor){
            .at = record->timestamp, .timestamp = record->timestamp, .digest = record->digest};
        group->members[i]->status = PERSIST_OK;
        group->members[i]->timestamp = group->timestamps[i];
    }
}

/* Statuses that say something about the store, and so about every member. */
static bool concerns_all(persist_status status)
{
    switch (status) {
    case PERSIST_FENCED:
    case PERSIST_MOVED:
    case PERSIST_LOADING:
    case PERSIST_DIVERGED:
    case PERSIST_UNRESOLVED:
    case PERSIST_CLOCK:
    case PERSIST_READ_ONLY:
    case PERSIST_AUTH:
    case PERSIST_UNAVAILABLE:
    case PERSIST_TIMEOUT:
    case PERSIST_NOT_FOUND:
        return true;
    default:
        return false;
    }
}

/* Runs each member on its own. Model: Split, tests/model/commit.pml. */
static void split(struct ns *ns, struct group *group)
{
    for (size_t i = 0; i < group->n; i++) {
        struct group single;
        if (!group_init(&single, 1)) {
            persist_error error = ERROR_INIT;
            error_no_memory(&error);
            fail(group->members[i], &error);
            error_clear(&error);
            continue;
        }
        group_add(&single, group->members[i]);
        lead_group(ns, &single);
        group_free(&single);
    }
}

void lead_group(struct ns *ns, struct group *group)
{
    persist_error error = ERROR_INIT;
    int64_t deadline = group_deadline(group);
    persist_status status = check_clock(ns, deadline, &error);
    if (status == PERSIST_OK)
        status = reach_snapshots(ns, group, deadline, &error);
    for (unsigned lost = 0; status == PERSIST_OK; lost++) {
        validate(group, false, deadline);
        if (!group->n)
            break;
        status = attempt(ns, group, deadline, &error);
        if (status == PERSIST_OK) {
            succeed(group);
            break;
        }
        if (status != PERSIST_CONFLICT || !group->n)
            break;
        if (clock_monotonic() >= deadline) {
            status = error_set(&error, PERSIST_TIMEOUT,
                               "other processes committed first, %u times in a row", lost + 1);
            break;
        }
        clock_sleep(lost ? backoff(lost) : 0);
        status = log_catch_up(&ns->log, ns->backend, ns->id, deadline, &error);
    }
    if (status == PERSIST_DIVERGED)
        branch_tell(ns, &error);
    if (status != PERSIST_OK && group->n > 1 && !concerns_all(status))
        split(ns, group);
    else if (status != PERSIST_OK)
        fail_all(group, &error);
    error_clear(&error);
}
