/* SPDX-License-Identifier: MIT */
/*
 * The compare of an append is a fence: append an *empty* record with the same expected
 * head. If that succeeds, the lost append can never commit any more. If the head is
 * another one, the record that directly follows the expected head is either ours, known by
 * its batch id, or another's, and then ours can never be there. Nothing else is a verdict.
 *
 * A token is [head, 8 LE][digest, 16][batch, 12][index, 4 LE].
 */
#include "core/txn/resolve.h"

#include "core/base/clock.h"
#include "core/codec/digest.h"
#include "core/codec/wire.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

_Static_assert(PERSIST_RESOLVE_TOKEN_SIZE == 8 + 16 + BATCH_ID_SIZE + 4, "size of a token");

void resolve_token_write(const struct lost_append *lost, uint32_t index,
                         unsigned char token[PERSIST_RESOLVE_TOKEN_SIZE])
{
    wire_put_le64(token, (uint64_t)lost->head);
    memcpy(token + 8, lost->digest.bytes, 16);
    memcpy(token + 24, lost->batch, BATCH_ID_SIZE);
    wire_put_le32(token + 36, index);
}

void resolve_token_read(const unsigned char token[PERSIST_RESOLVE_TOKEN_SIZE],
                        struct lost_append *lost, uint32_t *index)
{
    lost->head = (int64_t)wire_get_le64(token);
    memcpy(lost->digest.bytes, token + 8, 16);
    memcpy(lost->batch, token + 24, BATCH_ID_SIZE);
    *index = wire_get_le32(token + 36);
}

/* Appends an empty record behind the expected head, which `clock` was read at. OK: the
 * lost one never happened.
 * Model: Fence, tests/model/commit.pml. */
static persist_status fence(struct ns *ns, const struct lost_append *lost, int64_t deadline,
                            persist_clock *clock, persist_error *error)
{
    struct record record = {.predecessor = lost->head, .predecessor_digest = lost->digest};
    persist_append empty = {.ns = ns->id,
                            .expected_head = lost->head,
                            .expected_digest = lost->digest,
                            .epoch = clock->epoch,
                            .new_versions = clock->versions,
                            .new_version_digest = clock->version_digest,
                            .record = {.timestamp = lost->head + 1}};
    struct buf data = {0};
    persist_status status = PERSIST_NO_MEMORY;
    if (getrandom(record.batch, sizeof record.batch, 0) == sizeof record.batch &&
        record_encode(&record, &data, &empty.record.digest)) {
        empty.record.data = buf_bytes(&data);
        status = backend_append(ns->backend, deadline, NULL, &empty, clock, error);
    } else {
        error_no_memory(error);
    }
    buf_free(&data);
    return status;
}

struct verdict {
    const struct lost_append *lost;
    bool found;            /* a record follows the expected head */
    struct record *record; /* it, if it is ours */
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
    if (record->predecessor != verdict->lost->head ||
        !digest_equal(&record->predecessor_digest, &verdict->lost->digest)) {
        status = error_set(&verdict->error, PERSIST_DIVERGED,
                           "the commit at %" PRId64 " does not follow the one at %" PRId64
                           " that the lost commit would have followed",
                           data->timestamp, verdict->lost->head);
    } else {
        verdict->found = true;
        if (memcmp(record->batch, verdict->lost->batch, BATCH_ID_SIZE) == 0) {
            verdict->record = record;
            record = NULL;
        }
    }
    free(record);
    return status;
}

static bool head_is(const persist_clock *clock, const struct lost_append *lost)
{
    return clock->head == lost->head && digest_equal(&clock->head_digest, &lost->digest);
}

static bool is_refusal(persist_status status)
{
    return status == PERSIST_FENCED || status == PERSIST_MOVED || status == PERSIST_LOADING;
}

/* Looks at the record behind the expected head. OK: ours; CONFLICT: another's; else no
 * verdict.
 * Model: Look, tests/model/commit.pml. */
static persist_status look(struct ns *ns, struct verdict *verdict, int64_t deadline,
                           persist_clock *clock, persist_error *error)
{
    int more;
    persist_changes changes = {.ns = ns->id, .after = verdict->lost->head, .max_records = 1};
    error_clear(&verdict->error);
    verdict->found = false;
    persist_status status =
        backend_changes(ns->backend, deadline, &changes, clock, take_record, verdict, &more, error);
    if (verdict->error.status != PERSIST_OK)
        return error_copy(error, &verdict->error);
    if (is_refusal(status))
        return PERSIST_UNAVAILABLE; /* says nothing about the log */
    if (status != PERSIST_OK)
        return status;
    if (!verdict->found)
        return error_set(error, PERSIST_DIVERGED,
                         "the log ends before %" PRId64
                         ", which the lost commit would have "
                         "followed: the store was put back or failed over",
                         verdict->lost->head);
    return verdict->record ? PERSIST_OK : PERSIST_CONFLICT;
}

/* One round. With the head still where it was: append behind it; refused for its epoch or
 * state, the lost append is refused for the same. Else look what follows it. */
static persist_status ask(struct ns *ns, struct verdict *verdict, int64_t deadline,
                          persist_clock *clock, persist_error *error)
{
    const struct lost_append *lost = verdict->lost;
    persist_status status = backend_head(ns->backend, deadline, ns->id, clock, error);
    if (status != PERSIST_OK)
        return status;
    if (!head_is(clock, lost))
        return look(ns, verdict, deadline, clock, error);
    status = ns_check_clock(ns, clock, error);
    if (status != PERSIST_OK)
        return status;
    status = fence(ns, lost, deadline, clock, error);
    if (status == PERSIST_CONFLICT || (is_refusal(status) && !head_is(clock, lost)))
        return look(ns, verdict, deadline, clock, error);
    return status == PERSIST_OK ? PERSIST_CONFLICT : status;
}

/* Model: Verdict, tests/model/commit.pml. */
static bool is_verdict(persist_status status)
{
    switch (status) {
    case PERSIST_OK:
    case PERSIST_CONFLICT:
    case PERSIST_DIVERGED:
    case PERSIST_TOO_OLD:
    case PERSIST_NOT_FOUND:
    case PERSIST_FENCED:
    case PERSIST_MOVED:
    case PERSIST_LOADING:
    case PERSIST_FORMAT:
    case PERSIST_DAMAGED:
        return true;
    default:
        return false;
    }
}

persist_status resolve(struct ns *ns, const struct lost_append *lost, struct record **record,
                       persist_clock *clock, persist_error *error)
{
    int64_t deadline = clock_deadline(ns->settings->resolve_timeout);
    struct verdict verdict = {.lost = lost};
    persist_status status;
    for (int64_t pause = NS_PER_MS;; pause = pause < NS_PER_S / 4 ? 2 * pause : pause) {
        status = ask(ns, &verdict, deadline, clock, error);
        if (is_verdict(status) || clock_monotonic() >= deadline)
            break;
        clock_sleep(pause);
    }
    if (!is_verdict(status))
        status = error_set(error, PERSIST_UNRESOLVED,
                           "the commit's acknowledgement was lost and the store could not be "
                           "asked again within resolve_timeout: it may or may not have happened; "
                           "its token decides it later");
    if (record && status == PERSIST_OK)
        *record = verdict.record;
    else
        free(verdict.record);
    error_clear(&verdict.error);
    return status;
}
