/* SPDX-License-Identifier: MIT */
/*
 * The compare of an append is a fence: append an *empty* record with the same expected
 * head. If that succeeds, the lost append can never commit any more. If it conflicts, the
 * record that directly follows the expected head is either ours, known by its batch id,
 * or another's, and then ours can never be there. Nothing else is a verdict.
 */
#include "core/txn/resolve.h"

#include "core/base/clock.h"
#include "core/codec/digest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Appends the empty record. OK: the lost one never happened. CONFLICT: look. */
static persist_status fence(struct ns *ns, const persist_append *lost, int64_t deadline,
                            persist_clock *clock, persist_error *error)
{
    struct record record = {.predecessor = lost->expected_head,
                            .predecessor_digest = lost->expected_digest};
    persist_append empty = {.ns = lost->ns,
                            .expected_head = lost->expected_head,
                            .expected_digest = lost->expected_digest,
                            .epoch = lost->epoch,
                            .new_versions = lost->new_versions - lost->n_versions,
                            .record = {.timestamp = lost->expected_head + 1}};
    persist_clock known;
    struct buf data = {0};
    log_known(&ns->log, &known);
    empty.new_version_digest = known.version_digest;
    if (getrandom(record.batch, sizeof record.batch, 0) != sizeof record.batch ||
        !record_encode(&record, &data, &empty.record.digest)) {
        buf_free(&data);
        return error_no_memory(error);
    }
    empty.record.data = buf_bytes(&data);
    persist_status status = backend_append(ns->backend, deadline, &empty, clock, error);
    buf_free(&data);
    return status;
}

struct verdict {
    const persist_append *lost;
    const unsigned char *batch;
    bool found; /* a record follows the expected head */
    bool ours;
    persist_error error;
};

static persist_status take_record(void *context, const persist_record *data)
{
    struct verdict *verdict = context;
    struct record *record = NULL;
    size_t size;
    persist_status status = log_decode(data, &record, &size, &verdict->error);
    if (status != PERSIST_OK)
        return status;
    if (record->predecessor != verdict->lost->expected_head ||
        !digest_equal(&record->predecessor_digest, &verdict->lost->expected_digest)) {
        status = error_set(&verdict->error, PERSIST_DIVERGED,
                           "the commit at %" PRId64 " does not follow the one at %" PRId64
                           " that this process knew",
                           data->timestamp, verdict->lost->expected_head);
    } else {
        verdict->found = true;
        verdict->ours = memcmp(record->batch, verdict->batch, BATCH_ID_SIZE) == 0;
    }
    free(record);
    return status;
}

/* Looks at the record behind the expected head. OK: ours; CONFLICT: another's; else no
 * verdict. */
static persist_status look(struct ns *ns, struct verdict *verdict, int64_t deadline,
                           persist_clock *clock, persist_error *error)
{
    int more;
    persist_changes changes = {
        .ns = ns->id, .after = verdict->lost->expected_head, .max_records = 1};
    persist_status status =
        backend_changes(ns->backend, deadline, &changes, clock, take_record, verdict, &more, error);
    if (verdict->error.status != PERSIST_OK)
        return error_copy(error, &verdict->error);
    if (status != PERSIST_OK)
        return status;
    if (!verdict->found)
        return error_set(error, PERSIST_BUSY, "no record follows the expected head yet");
    return verdict->ours ? PERSIST_OK : PERSIST_CONFLICT;
}

/* The row that our own append made, as far as the log is concerned. */
static void row_of_lost(const persist_append *lost, persist_clock *clock)
{
    clock->head = lost->record.timestamp;
    clock->head_digest = lost->record.digest;
    clock->versions = lost->new_versions;
    clock->version_digest = lost->new_version_digest;
}

/* Refused for another reason than the head. With the head where it was, the lost append
 * did not happen, and its epoch and state keep it from ever happening. */
static bool is_refusal(persist_status status)
{
    return status == PERSIST_FENCED || status == PERSIST_MOVED || status == PERSIST_LOADING;
}

static bool is_verdict(persist_status status)
{
    return status == PERSIST_OK || status == PERSIST_CONFLICT || status == PERSIST_DIVERGED ||
           is_refusal(status);
}

persist_status resolve(struct ns *ns, const persist_append *lost,
                       const unsigned char batch[BATCH_ID_SIZE], persist_clock *clock,
                       persist_error *error)
{
    int64_t deadline = clock_deadline(ns->settings->resolve_timeout);
    struct verdict verdict = {.lost = lost, .batch = batch};
    persist_status status;
    for (int64_t pause = NS_PER_MS;; pause = pause < NS_PER_S / 4 ? 2 * pause : pause) {
        status = fence(ns, lost, deadline, clock, error);
        if (status == PERSIST_OK)
            status = PERSIST_CONFLICT; /* the head moved: by our own empty record */
        else if (status == PERSIST_CONFLICT ||
                 (is_refusal(status) && clock->head != lost->expected_head))
            status = look(ns, &verdict, deadline, clock, error);
        if (is_verdict(status) || clock_monotonic() >= deadline)
            break;
        clock_sleep(pause);
    }
    if (status == PERSIST_OK)
        row_of_lost(lost, clock);
    else if (!is_verdict(status))
        status = error_set(error, PERSIST_UNRESOLVED,
                           "the commit's acknowledgement was lost and the store could not be "
                           "asked again within resolve_timeout: it may or may not have happened");
    error_clear(&verdict.error);
    return status;
}
