/* SPDX-License-Identifier: MIT */
#include "core/txn/group.h"

#include "core/codec/digest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

bool group_init(struct group *group, size_t capacity)
{
    *group = (struct group){.capacity = capacity};
    group->members = calloc(capacity, sizeof *group->members);
    group->timestamps = calloc(capacity, sizeof *group->timestamps);
    if (group->members && group->timestamps)
        return true;
    group_free(group);
    return false;
}

static void payload_free(struct payload *payload)
{
    free(payload->versions);
    buf_free(&payload->record);
    free(payload->decoded);
    *payload = (struct payload){0};
}

void group_free(struct group *group)
{
    free(group->members);
    free(group->timestamps);
    payload_free(&group->built);
    payload_free(&group->before);
}

void group_add(struct group *group, struct commit_request *request)
{
    assert(group->n < group->capacity);
    group->members[group->n++] = request;
}

void group_remove(struct group *group, size_t i)
{
    struct commit_request *request = group->members[i];
    group->n--;
    memmove(&group->members[i], &group->members[i + 1], (group->n - i) * sizeof *group->members);
    group->members[group->n] = request;
}

int64_t group_deadline(const struct group *group)
{
    int64_t deadline = 0;
    for (size_t i = 0; i < group->n; i++)
        if (group->members[i]->deadline > deadline)
            deadline = group->members[i]->deadline;
    return deadline;
}

static size_t count_writes(const struct group *group)
{
    size_t count = 0;
    for (size_t i = 0; i < group->n; i++)
        count += group->members[i]->tx->writes.count;
    return count;
}

/* Model: GUARD_TIMESTAMP, tests/model/commit.pml. */
static persist_status assign_timestamps(struct group *group, int64_t head, int64_t wall,
                                        persist_error *error)
{
    int64_t last = head;
    for (size_t i = 0; i < group->n; i++) {
        if (last == INT64_MAX - 1)
            return error_set(error, PERSIST_CLOCK, "no commit timestamp is left after %lld",
                             (long long)last);
        last = wall > last ? wall : last + 1;
        group->timestamps[i] = last;
    }
    return PERSIST_OK;
}

/* Seals the writes of one member into versions and record writes, and sums up their
 * digests. */
static void seal_member(struct group *group, size_t i, uint32_t ns, persist_version *versions,
                        struct record_write *writes, persist_digest *sum)
{
    unsigned char tx_id[TX_ID_SIZE];
    value_tx_id(group->batch, (uint32_t)i, tx_id);
    struct buffer_entry *entry = buffer_first(&group->members[i]->tx->writes);
    for (; entry; entry = buffer_next(entry), versions++, writes++) {
        bool deleted = !entry->value.data;
        struct value_place place = {
            .ns = ns, .key = buffer_key(entry), .timestamp = group->timestamps[i]};
        uint32_t flags = deleted ? PERSIST_VERSION_TOMBSTONE : 0;
        persist_digest digest;
        if (!deleted)
            value_seal(&entry->value, &place, tx_id);
        *versions = (persist_version){.key = place.key,
                                      .value = {entry->value.data, entry->value.size},
                                      .timestamp = place.timestamp,
                                      .flags = flags};
        *writes = (struct record_write){.key = place.key, .deleted = deleted};
        value_version_digest(&place, flags, entry->value.payload_hash, &digest);
        digest_add(sum, &digest);
    }
}

persist_status group_build(struct group *group, const struct ns *ns, const persist_clock *known,
                           int64_t wall, persist_error *error)
{
    size_t count = count_writes(group), at = 0;
    persist_digest sum = known->version_digest;
    persist_status status = assign_timestamps(group, known->head, wall, error);
    if (status != PERSIST_OK)
        return status;
    if (getrandom(group->batch, sizeof group->batch, 0) != sizeof group->batch)
        return error_set(error, PERSIST_INTERNAL, "the system gave no random bytes");
    payload_free(&group->before);
    group->before = group->built;
    group->built = (struct payload){.versions = malloc(count * sizeof *group->built.versions)};
    struct record_write *writes = malloc(count * sizeof *writes);
    struct record_tx *txs = malloc(group->n * sizeof *txs);
    status = PERSIST_NO_MEMORY;
    if (!group->built.versions || !writes || !txs)
        goto out;
    for (size_t i = 0; i < group->n; i++) {
        size_t n = group->members[i]->tx->writes.count;
        seal_member(group, i, ns->id, group->built.versions + at, writes + at, &sum);
        txs[i] = (struct record_tx){.timestamp = group->timestamps[i],
                                    .index = (uint32_t)i,
                                    .writes = writes + at,
                                    .n_writes = n};
        at += n;
    }
    struct record record = {.predecessor = known->head,
                            .predecessor_digest = known->head_digest,
                            .txs = txs,
                            .n_txs = group->n};
    memcpy(record.batch, group->batch, sizeof record.batch);
    persist_append *append = &group->append;
    *append = (persist_append){.ns = ns->id,
                               .expected_head = known->head,
                               .expected_digest = known->head_digest,
                               .epoch = ns->epoch,
                               .new_versions = known->versions + count,
                               .new_version_digest = sum,
                               .versions = group->built.versions,
                               .n_versions = count};
    append->record.timestamp = group->timestamps[group->n - 1];
    if (!record_encode(&record, &group->built.record, &append->record.digest))
        goto out;
    append->record.data = buf_bytes(&group->built.record);
    group->built.decoded = record_copy(&record, &group->built.decoded_size);
    status = PERSIST_OK;
out:
    free(writes);
    free(txs);
    return status == PERSIST_OK ? status : error_no_memory(error);
}
