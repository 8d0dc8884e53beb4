/* SPDX-License-Identifier: MIT */
/* The log against the versions against the clock row. */
#include "tests/proof/proof.h"

#include "core/base/clock.h"
#include "core/codec/digest.h"
#include "core/codec/record.h"
#include "core/store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What the log says was written: (key, timestamp, deleted). */
struct entry {
    char *key;
    size_t key_size;
    int64_t timestamp;
    bool deleted;
};

struct verify {
    struct ns *ns;
    struct proof_content *content;
    int64_t head; /* the records have led to */
    persist_digest digest;
    struct entry *entries;
    size_t n, capacity, seen;
    persist_digest sum;
    char last_key[PERSIST_TOKEN_SIZE + 2048];
    size_t last_size;
    int64_t last_timestamp;
};

static int by_key_newest_first(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order =
        bytes_compare((persist_bytes){a->key, a->key_size}, (persist_bytes){b->key, b->key_size});
    if (order)
        return order;
    return a->timestamp < b->timestamp ? 1 : a->timestamp > b->timestamp ? -1 : 0;
}

static void add_entry(struct verify *verify, const struct record_write *write, int64_t timestamp)
{
    if (verify->n == verify->capacity) {
        verify->capacity = verify->capacity ? 2 * verify->capacity : 256;
        verify->entries = realloc(verify->entries, verify->capacity * sizeof *verify->entries);
        ck_assert_ptr_nonnull(verify->entries);
    }
    verify->entries[verify->n++] = (struct entry){.key = persist_bytes_dup(write->key),
                                                  .key_size = write->key.size,
                                                  .timestamp = timestamp,
                                                  .deleted = write->deleted};
}

static persist_status take_record(void *context, const persist_record *record)
{
    struct verify *verify = context;
    struct record *decoded = NULL;
    size_t size;
    assert_ok(log_decode(record, &decoded, &size, fixture_error()));
    ck_assert_int_eq(decoded->predecessor, verify->head);
    ck_assert(digest_equal(&decoded->predecessor_digest, &verify->digest));
    ck_assert_int_gt(record->timestamp, verify->head);
    for (size_t i = 0; i < decoded->n_txs; i++)
        for (size_t w = 0; w < decoded->txs[i].n_writes; w++)
            add_entry(verify, &decoded->txs[i].writes[w], decoded->txs[i].timestamp);
    verify->content->records++;
    verify->content->transactions += decoded->n_txs;
    verify->head = record->timestamp;
    verify->digest = record->digest;
    free(decoded);
    return PERSIST_OK;
}

static persist_status take_version(void *context, const persist_version *version)
{
    struct verify *verify = context;
    struct value_place place = {verify->ns->id, version->key, version->timestamp};
    bool deleted = version->flags & PERSIST_VERSION_TOMBSTONE;
    uint64_t payload_hash = 0;
    persist_digest digest;
    if (!deleted) {
        struct buf scratch = {0};
        persist_bytes raw;
        const unsigned char *stored = version->value.data;
        assert_ok(value_open(&place, version->value, &raw, &scratch, NULL, fixture_error()));
        payload_hash = digest_hash64(stored + stored[3], version->value.size - stored[3], 0);
        buf_free(&scratch);
    }
    value_version_digest(&place, version->flags, payload_hash, &digest);
    digest_add(&verify->sum, &digest);
    ck_assert_msg(verify->seen < verify->n, "version %.*s@%" PRId64 " is not in the log",
                  (int)version->key.size, (const char *)version->key.data, version->timestamp);
    const struct entry *entry = &verify->entries[verify->seen++];
    ck_assert_msg(bytes_compare((persist_bytes){entry->key, entry->key_size}, version->key) == 0 &&
                      entry->timestamp == version->timestamp && entry->deleted == deleted,
                  "the log has %s@%" PRId64 ", the store %.*s@%" PRId64, entry->key,
                  entry->timestamp, (int)version->key.size, (const char *)version->key.data,
                  version->timestamp);
    memcpy(verify->last_key, version->key.data, version->key.size);
    verify->last_size = version->key.size;
    verify->last_timestamp = version->timestamp;
    return PERSIST_OK;
}

static void read_log(struct verify *verify, struct backend *backend, persist_clock *clock)
{
    int more = 1;
    while (more) {
        persist_changes changes = {
            .ns = verify->ns->id, .after = verify->head, .max_bytes = 1 << 20};
        assert_ok(backend_changes(backend, PERSIST_NO_DEADLINE, &changes, clock, take_record,
                                  verify, &more, fixture_error()));
    }
    ck_assert_int_eq(verify->head, clock->head);
    ck_assert(digest_equal(&verify->digest, &clock->head_digest));
    if (verify->n)
        qsort(verify->entries, verify->n, sizeof *verify->entries, by_key_newest_first);
}

static void read_versions(struct verify *verify, struct backend *backend)
{
    int more = 1;
    while (more) {
        char after[sizeof verify->last_key];
        persist_clock clock;
        memcpy(after, verify->last_key, sizeof after);
        persist_scan_range range = {.ns = verify->ns->id,
                                    .flags = PERSIST_SCAN_VERSIONS | PERSIST_SCAN_TOMBSTONES,
                                    .timestamp = verify->head,
                                    .after_key = {after, verify->last_size},
                                    .after_timestamp = verify->last_timestamp,
                                    .max_bytes = 1 << 20};
        assert_ok(backend_scan(backend, PERSIST_NO_DEADLINE, NULL, &range, &clock, take_version,
                               verify, &more, fixture_error()));
    }
}

void proof_verify(persist_store *store, struct proof_content *content)
{
    struct proof_content unwanted;
    struct verify *verify = calloc(1, sizeof *verify);
    persist_clock clock;
    ck_assert_ptr_nonnull(verify);
    verify->content = content ? content : &unwanted;
    *verify->content = (struct proof_content){0};
    assert_ok(store_ns(store, NULL, PERSIST_NO_DEADLINE, &verify->ns, fixture_error()));
    read_log(verify, store->backend, &clock);
    read_versions(verify, store->backend);
    ck_assert_uint_eq(verify->seen, verify->n);
    ck_assert_uint_eq(clock.versions, verify->n);
    ck_assert(digest_equal(&clock.version_digest, &verify->sum));
    verify->content->head = clock.head;
    verify->content->versions = verify->n;
    for (size_t i = 0; i < verify->n; i++)
        persist_bytes_free(verify->entries[i].key);
    free(verify->entries);
    free(verify);
}
