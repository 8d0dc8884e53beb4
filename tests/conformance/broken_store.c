/* SPDX-License-Identifier: MIT */
/* What is done with data, each with its faults. */
#include "tests/conformance/broken.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

persist_status broken_enter(persist_call *call, const persist_call *given, persist_session *session)
{
    *call = *given;
    if (fault("deadline_ignored"))
        call->deadline = PERSIST_NO_DEADLINE;
    if (fault("deadline_at_once") && call->deadline != PERSIST_NO_DEADLINE)
        return PERSIST_TIMEOUT;
    if (fault("thread_bound") && session->thread != (unsigned long)gettid())
        return PERSIST_INTERNAL;
    if (session->interrupted) {
        session->interrupted = false;
        return PERSIST_INTERRUPTED;
    }
    return PERSIST_OK;
}

#define ENTER()                                                  \
    persist_call call;                                           \
    persist_status status = broken_enter(&call, given, session); \
    if (status != PERSIST_OK)                                    \
    return status

/* A copy for the time of the process: there is no hurry to give it back. */
static persist_bytes copy(persist_bytes bytes)
{
    unsigned char *data = malloc(bytes.size + 1);
    if (bytes.size > 0)
        memcpy(data, bytes.data, bytes.size);
    return (persist_bytes){data, bytes.size};
}

/* Keys as if bytes were signed: the first one's highest bit is turned over, both ways. */
static persist_bytes key_bent(persist_bytes key)
{
    if (fault("keys_signed") && key.size > 0) {
        key = copy(key);
        ((unsigned char *)key.data)[0] ^= 0x80;
    }
    if (fault("long_keys_cut") && key.size > 2047)
        key.size = 2047;
    return key;
}

static persist_clock clock_now(const persist_call *call, persist_session *session, uint32_t ns)
{
    persist_clock clock = {.size = sizeof clock};
    inner->store->head(call, session->inner, ns, &clock, NULL, NULL);
    return clock;
}

/* ---- rows on their way out */

struct filter {
    persist_on_version take;
    void *context;
    uint32_t flags; /* of the scan as it was asked for */
    bool is_read;
};

static persist_status row_bent(void *context, const persist_version *version)
{
    struct filter *filter = context;
    persist_version row = *version;
    row.key = key_bent(row.key);
    if (fault("values_cut") && row.value.size > 65535)
        row.value.size = 65535;
    if (filter->is_read && fault("index_zero"))
        row.index = 0;
    if (filter->is_read && fault("empty_is_tombstone") && row.value.size == 0)
        row.flags = PERSIST_VERSION_TOMBSTONE;
    if (filter->flags & PERSIST_SCAN_KEYS_ONLY && fault("keys_only_flagless"))
        row.flags = 0;
    if (fault("bound_counts_tombstones") && row.flags & PERSIST_VERSION_TOMBSTONE &&
        !(filter->flags & (PERSIST_SCAN_TOMBSTONES | PERSIST_SCAN_VERSIONS)) && !filter->is_read)
        return PERSIST_OK;
    persist_status status = filter->take(filter->context, &row);
    return fault("taker_unheard") ? PERSIST_OK : status;
}

/* ---- namespaces */

struct list_filter {
    persist_on_namespace take;
    void *context;
};

static persist_status namespace_bent(void *context, const persist_namespace_row *row)
{
    struct list_filter *filter = context;
    if (fault("list_without_loading") && row->state == PERSIST_STATE_LOADING)
        return PERSIST_OK;
    persist_status status = filter->take(filter->context, row);
    return fault("list_unheard") ? PERSIST_OK : status;
}

static persist_status namespace_list(const persist_call *given, persist_session *session,
                                     persist_on_namespace take, void *context)
{
    struct list_filter filter = {take, context};
    ENTER();
    return inner->store->namespace_list(&call, session->inner, namespace_bent, &filter);
}

static persist_status namespace_create(const persist_call *given, persist_session *session,
                                       const persist_namespace_spec *spec, uint32_t *ns)
{
    persist_namespace_spec bent = *spec;
    ENTER();
    if (fault("retention_lost"))
        bent.retention = 0;
    if (fault("features_lost"))
        bent.features = 0;
    if (fault("names_short") && strlen(bent.name) > 63)
        return PERSIST_INVALID;
    status = inner->store->namespace_create(&call, session->inner, &bent, ns);
    return status == PERSIST_EXISTS && fault("exists_is_ok") ? PERSIST_OK : status;
}

static persist_status namespace_drop(const persist_call *given, persist_session *session,
                                     uint32_t ns)
{
    ENTER();
    if (fault("drop_does_nothing"))
        return PERSIST_OK;
    return inner->store->namespace_drop(&call, session->inner, ns);
}

static persist_status head(const persist_call *given, persist_session *session, uint32_t ns,
                           persist_clock *clock, persist_on_control take, void *context)
{
    ENTER();
    size_t room = clock ? clock->size : 0;
    status = inner->store->head(&call, session->inner, ns, clock, take, context);
    if (status != PERSIST_OK || !clock)
        return status;
    if (fault("clock_overrun") && room < sizeof *clock)
        clock->features = 0;
    if (fault("versions_miscounted") && clock->versions >= 4)
        clock->versions++;
    if (fault("head_stale") && session->has_seen)
        *clock = session->seen;
    session->seen = *clock;
    session->has_seen = true;
    return status;
}

/* ---- reading */

static persist_status read_keys(const persist_call *given, persist_session *session,
                                const persist_read *asked, persist_clock *clock,
                                persist_on_version take, void *context)
{
    struct filter filter = {take, context, 0, true};
    persist_read read = *asked;
    persist_read_key *keys = calloc(asked->n_keys + 1, sizeof *keys);
    ENTER();
    for (size_t i = 0; i < asked->n_keys; i++) {
        keys[i] = (persist_read_key){key_bent(asked->keys[i].key), asked->keys[i].timestamp};
        if (fault("read_exclusive") && keys[i].timestamp != PERSIST_NEWEST)
            keys[i].timestamp--;
        if (fault("microseconds") && keys[i].timestamp != PERSIST_NEWEST &&
            keys[i].timestamp > 1000000)
            keys[i].timestamp -= keys[i].timestamp % 1000;
        if (fault("read_folds") && keys[i].key.size > 0) {
            keys[i].key = copy(keys[i].key);
            unsigned char *first = (unsigned char *)keys[i].key.data;
            *first = (unsigned char)tolower(*first);
        }
    }
    read.keys = keys;
    if (fault("read_many_refused") && read.n_keys > 1000)
        return PERSIST_LIMIT;
    if ((fault("second_store_blind") && session->store->number > 0) ||
        (fault("sixth_session_blind") && session->number >= 5))
        read.n_keys = 0;
    if (fault("anchors_untouched"))
        read.n_anchors = 0;
    if (fault("reads_first_namespace") && read.ns > 1)
        read.ns = 1;
    status = inner->store->read(&call, session->inner, &read,
                                fault("clock_after_rows") ? NULL : clock, row_bent, &filter);
    if (clock && fault("clock_after_rows"))
        *clock = clock_now(&call, session, read.ns);
    free(keys);
    return status == PERSIST_LIMIT && fault("limit_unchecked") ? PERSIST_OK : status;
}

static void swap_bounds(persist_scan_range *range)
{
    persist_bytes from = range->from;
    range->from = range->to;
    range->to = from;
}

static bool bounds_cross(const persist_scan_range *range)
{
    size_t common = range->from.size < range->to.size ? range->from.size : range->to.size;
    return common > 0 && memcmp(range->from.data, range->to.data, common) > 0;
}

static void bend_range(persist_scan_range *range)
{
    range->from = key_bent(range->from);
    range->to = key_bent(range->to);
    range->after_key = key_bent(range->after_key);
    if (fault("reverse_ignored"))
        range->flags &= ~PERSIST_SCAN_REVERSE;
    if (fault("versions_ignored"))
        range->flags &= ~PERSIST_SCAN_VERSIONS;
    if (fault("bound_counts_tombstones"))
        range->flags |= PERSIST_SCAN_TOMBSTONES;
    if (fault("scan_at_newest"))
        range->timestamp = PERSIST_NEWEST;
    if (fault("scan_gap") && range->timestamp != PERSIST_NEWEST)
        range->timestamp--;
    if (fault("resume_ignored"))
        range->after_key.size = 0;
    if (fault("resume_behind_key"))
        range->after_timestamp = 0;
    if (fault("bytes_ignored"))
        range->max_bytes = 0;
    if (fault("one_row_more") && range->max_rows > 0)
        range->max_rows++;
    if (fault("bounds_swapped") && bounds_cross(range))
        swap_bounds(range);
    if (fault("anchors_untouched"))
        range->n_anchors = 0;
}

static persist_status scan(const persist_call *given, persist_session *session,
                           const persist_scan_range *asked, persist_clock *clock,
                           persist_on_version take, void *context, int *more)
{
    struct filter filter = {take, context, asked->flags, false};
    persist_scan_range range = *asked;
    ENTER();
    bend_range(&range);
    status = inner->store->scan(&call, session->inner, &range,
                                fault("clock_after_rows") ? NULL : clock, row_bent, &filter, more);
    if (clock && fault("clock_after_rows"))
        *clock = clock_now(&call, session, range.ns);
    if (fault("more_never"))
        *more = 0;
    if (fault("more_always"))
        *more = 1;
    return status;
}

struct record_filter {
    persist_on_record take;
    void *context;
    unsigned n;
};

static persist_status record_bent(void *context, const persist_record *record)
{
    struct record_filter *filter = context;
    persist_record bent = *record;
    if (fault("record_lost") && bent.timestamp == 30)
        return PERSIST_OK;
    if (fault("digest_wrong"))
        bent.digest.bytes[3] ^= 4;
    persist_status status = filter->take(filter->context, &bent);
    return fault("taker_unheard") ? PERSIST_OK : status;
}

static persist_status changes(const persist_call *given, persist_session *session,
                              const persist_changes *asked, persist_clock *clock,
                              persist_on_record take, void *context, int *more)
{
    struct record_filter filter = {take, context, 0};
    persist_changes bent = *asked;
    ENTER();
    if (fault("after_included") && bent.after > 0)
        bent.after--;
    if (fault("records_unbounded"))
        bent.max_records = 0;
    if (fault("record_bytes_unbounded"))
        bent.max_bytes = 0;
    status = inner->store->changes(&call, session->inner, &bent, clock, record_bent, &filter, more);
    if (status == PERSIST_TOO_OLD && fault("floor_short")) {
        bent.after = clock_now(&call, session, bent.ns).log_floor;
        status =
            inner->store->changes(&call, session->inner, &bent, clock, record_bent, &filter, more);
    }
    if (clock && fault("changes_clock_old"))
        clock->head--;
    return status;
}

/* ---- append */

static size_t drop_versions(persist_version *versions, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool bad = versions[i].key.size == 0 || versions[i].key.size > 2048;
        bool gone = (versions[i].flags & PERSIST_VERSION_TOMBSTONE) != 0;
        if ((fault("bad_keys_dropped") && bad) || (fault("tombstones_vanish") && gone))
            continue;
        versions[kept++] = versions[i];
    }
    return kept;
}

static void skip_compare(const persist_clock *now, persist_append *append)
{
    if (fault("head_not_compared") || fault("nothing_compared"))
        append->expected_head = now->head;
    if (fault("digest_not_compared") || fault("nothing_compared"))
        append->expected_digest = now->head_digest;
    if (fault("epoch_not_compared"))
        append->epoch = now->epoch;
    if (fault("loading_not_compared") && now->state == PERSIST_STATE_LOADING)
        append->flags |= PERSIST_APPEND_LOAD;
}

static persist_status answer_bent(persist_status status)
{
    static const struct {
        const char *name;
        persist_status from, to;
    } faults[] = {
        {"moved_is_conflict", PERSIST_MOVED, PERSIST_CONFLICT},
        {"not_found_is_fenced", PERSIST_NOT_FOUND, PERSIST_FENCED},
        {"conflict_is_ok", PERSIST_CONFLICT, PERSIST_OK},
        {"misuse_is_ok", PERSIST_MISUSE, PERSIST_OK},
        {"limit_unchecked", PERSIST_LIMIT, PERSIST_OK},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (status == faults[i].from && fault(faults[i].name))
            return faults[i].to;
    return status;
}

/* ---- the capability turn, done from outside: good as long as nobody else writes */

struct turn {
    persist_record records[16];
    size_t n;
};

static persist_status turn_take(void *context, const persist_record *record)
{
    struct turn *turn = context;
    if (turn->n < 16)
        turn->records[turn->n++] =
            (persist_record){record->timestamp, record->digest, copy(record->data)};
    return PERSIST_OK;
}

static persist_status lend_turn(const persist_call *call, persist_session *session,
                                const persist_append *append, persist_clock *clock)
{
    struct turn turn = {.n = 0};
    persist_changes asked = {
        .size = sizeof asked, .ns = append->ns, .after = append->expected_head};
    const persist_append *next = NULL;
    persist_clock now = {.size = sizeof now};
    int more = 0;
    persist_status status = fault("turn_never") ? PERSIST_CONFLICT : PERSIST_OK;
    if (status == PERSIST_OK)
        status = inner->store->changes(call, session->inner, &asked, &now, turn_take, &turn, &more);
    if (status != PERSIST_OK)
        return status;
    if (turn.n > append->max_turn_records && !fault("turn_unbounded"))
        return PERSIST_CONFLICT;
    if (fault("turn_without_first")) {
        turn.n--;
        memmove(turn.records, turn.records + 1, turn.n * sizeof *turn.records);
    }
    status = append->revalidate(append->context, &now, turn.records, turn.n, &next);
    if (status != PERSIST_OK && !fault("turn_refusal_lost"))
        return status;
    return status == PERSIST_OK ? inner->store->append(call, session->inner, next, clock)
                                : PERSIST_CONFLICT;
}

static persist_status append(const persist_call *given, persist_session *session,
                             const persist_append *asked, persist_clock *clock)
{
    persist_append bent = *asked;
    persist_version *versions = calloc(asked->n_versions + 1, sizeof *versions);
    ENTER();
    persist_clock now = clock_now(&call, session, asked->ns);
    bool needs_order = fault("load_in_order") && bent.flags & PERSIST_APPEND_LOAD;
    for (size_t i = 0; i < bent.n_versions; i++) {
        versions[i] = asked->versions[i];
        versions[i].key = key_bent(versions[i].key);
        if (needs_order && versions[i].timestamp <= bent.expected_head)
            return PERSIST_INVALID;
    }
    bent.versions = versions;
    bent.n_versions = drop_versions(versions, bent.n_versions);
    if (fault("empty_append_refused") && bent.n_versions == 0)
        return PERSIST_INVALID;
    skip_compare(&now, &bent);
    bool lends = getenv("BROKEN_TURN") && asked->revalidate;
    if (lends)
        bent.revalidate = NULL;
    status = inner->store->append(&call, session->inner, &bent, clock);
    bool turns =
        status == PERSIST_CONFLICT || (status == PERSIST_FENCED && fault("turn_in_other_epoch"));
    if (turns && lends)
        status = lend_turn(&call, session, asked, clock);
    free(versions);
    return answer_bent(status);
}

/* ---- control, small keys */

static persist_status control(const persist_call *given, persist_session *session, uint32_t ns,
                              const persist_control *asked, persist_clock *clock)
{
    persist_control bent = *asked;
    ENTER();
    if (fault("pins_lost"))
        bent.fields &= ~PERSIST_CONTROL_PINS;
    if (fault("control_not_compared"))
        bent.control_version = clock_now(&call, session, ns).control_version;
    status = inner->store->control(&call, session->inner, ns, &bent, clock);
    if (status == PERSIST_OK && fault("state_epoch_hidden") &&
        bent.fields & PERSIST_CONTROL_STATE && bent.state == PERSIST_STATE_MOVED)
        clock->epoch--;
    if (status == PERSIST_INVALID && fault("control_refuses_nothing"))
        status = PERSIST_OK;
    if (status == PERSIST_CONFLICT && fault("control_conflict_is_ok"))
        status = PERSIST_OK;
    return status;
}

static persist_status meta_get(const persist_call *given, persist_session *session, uint32_t ns,
                               const char *name, persist_on_version take, void *context)
{
    struct filter filter = {take, context, 0, false};
    ENTER();
    if (fault("meta_of_store_only"))
        ns = 0;
    return inner->store->meta_get(&call, session->inner, ns, name, row_bent, &filter);
}

static persist_status ignore(void *context, const persist_version *version)
{
    (void)context, (void)version;
    return PERSIST_OK;
}

/* A change of the clock row that nobody asked for. */
static void touch_clock(const persist_call *call, persist_session *session, uint32_t ns)
{
    persist_clock now = clock_now(call, session, ns), after = {.size = sizeof after};
    persist_control control = {.size = sizeof control,
                               .fields = PERSIST_CONTROL_RETENTION,
                               .control_version = now.control_version,
                               .retention = now.retention};
    inner->store->control(call, session->inner, ns, &control, &after);
}

static persist_status meta_put(const persist_call *given, persist_session *session, uint32_t ns,
                               const char *name, const persist_bytes *value)
{
    persist_bytes bent = value ? *value : (persist_bytes){NULL, 0};
    ENTER();
    if (fault("meta_of_store_only"))
        ns = 0;
    if (fault("meta_first_stays") && value &&
        inner->store->meta_get(&call, session->inner, ns, name, ignore, NULL) == PERSIST_OK)
        return PERSIST_OK;
    if (fault("meta_stays") && !value)
        return PERSIST_OK;
    if (fault("meta_cut") && value)
        bent.size = strnlen(bent.data, bent.size);
    if (fault("meta_touches_clock") && ns != 0)
        touch_clock(&call, session, ns);
    return inner->store->meta_put(&call, session->inner, ns, name, value ? &bent : NULL);
}

const persist_store_ops broken_store = {
    .size = sizeof broken_store,
    .namespace_list = namespace_list,
    .namespace_create = namespace_create,
    .namespace_drop = namespace_drop,
    .head = head,
    .read = read_keys,
    .scan = scan,
    .changes = changes,
    .append = append,
    .control = control,
    .meta_get = meta_get,
    .meta_put = meta_put,
};
