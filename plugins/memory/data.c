/* SPDX-License-Identifier: MIT */
/* What a namespace is read and written with. */
#include "plugins/memory/memory.h"

#include <assert.h>
#include <string.h>

static persist_version version_out(const struct version *version)
{
    return (persist_version){.key = version->key,
                             .value = version->value,
                             .timestamp = version->timestamp,
                             .flags = version->flags};
}

/* ---------------------------------------------------------------------------- read */

static persist_status read_keys(const persist_call *call, persist_session *session,
                                struct namespace *ns, const persist_read *read,
                                persist_on_version take, void *context)
{
    persist_status status = PERSIST_OK;

    for (size_t i = 0; i < read->n_keys && status == PERSIST_OK; i++) {
        struct version *found = memory_visible(ns, read->keys[i].key, read->keys[i].timestamp);

        status = memory_go_on(call, session);
        if (status == PERSIST_OK && found != NULL) {
            persist_version row = version_out(found);

            row.index = (uint32_t)i;
            status = take(context, &row);
        }
    }
    return status;
}

persist_status memory_read(const persist_call *call, persist_session *session,
                           const persist_read *given, persist_clock *clock, persist_on_version take,
                           void *context)
{
    persist_read read;
    struct namespace *ns;
    persist_status status = memory_enter(call, session, false);

    if (status != PERSIST_OK)
        return status;
    memory_copy_in(&read, sizeof(read), given, given->size);
    ns = memory_namespace(call, session, read.ns);
    if (ns == NULL) {
        status = PERSIST_NOT_FOUND;
    } else {
        memory_clock_out(ns, clock);
        memory_anchors(ns, read.anchors, read.n_anchors);
        status = read_keys(call, session, ns, &read, take, context);
    }
    memory_leave(session);
    return status;
}

/* ---------------------------------------------------------------------------- scan */

/* A scan under way. */
struct scan {
    const persist_call *call;
    persist_session *session;
    struct namespace *ns;
    persist_scan_range range;
    persist_on_version take;
    void *context;
    uint64_t rows;
    uint64_t bytes;
    bool full; /* a bound was reached */
};

static bool scan_has(const struct scan *scan, uint32_t flag)
{
    return (scan->range.flags & flag) != 0;
}

/* Resuming within after_key, not behind it. */
static bool scan_resumes_within(const struct scan *scan)
{
    return scan->range.after_key.size > 0 && scan->range.after_timestamp > 0 &&
           scan_has(scan, PERSIST_SCAN_VERSIONS);
}

static struct version *scan_next_key(struct scan *scan, persist_bytes key)
{
    if (scan_has(scan, PERSIST_SCAN_REVERSE))
        return memory_key_before(scan->ns, key);
    return memory_version_at(scan->ns, key, INT64_MIN);
}

/* A resume point before the range, in the scan's direction, means nothing. */
static bool scan_resumes(const struct scan *scan)
{
    const persist_scan_range *range = &scan->range;

    if (range->after_key.size == 0)
        return false;
    if (scan_has(scan, PERSIST_SCAN_REVERSE))
        return range->to.size == 0 || memory_compare(range->after_key, range->to) < 0;
    return memory_compare(range->after_key, range->from) >= 0;
}

/* The newest version of the first key to be looked at. */
static struct version *scan_first_key(struct scan *scan)
{
    const persist_scan_range *range = &scan->range;

    if (scan_resumes(scan)) {
        struct version *within = memory_visible(scan->ns, range->after_key, INT64_MAX);

        if (scan_resumes_within(scan) && within != NULL)
            return within;
        return scan_next_key(scan, range->after_key);
    }
    if (scan_has(scan, PERSIST_SCAN_REVERSE))
        return memory_key_before(scan->ns, range->to);
    return memory_key_from(scan->ns, range->from);
}

static bool scan_in_range(const struct scan *scan, persist_bytes key)
{
    const persist_scan_range *range = &scan->range;

    return memory_compare(key, range->from) >= 0 &&
           (range->to.size == 0 || memory_compare(key, range->to) < 0);
}

static persist_status scan_emit(struct scan *scan, const struct version *version)
{
    const persist_scan_range *range = &scan->range;
    persist_version row = version_out(version);

    if (scan_has(scan, PERSIST_SCAN_KEYS_ONLY))
        row.value.size = 0;
    scan->rows++;
    scan->bytes += row.key.size + row.value.size;
    scan->full = (range->max_rows > 0 && scan->rows >= range->max_rows) ||
                 (range->max_bytes > 0 && scan->bytes >= range->max_bytes);
    return scan->take(scan->context, &row);
}

/* Hands out what is asked for of one key. */
static persist_status scan_key(struct scan *scan, persist_bytes key)
{
    const persist_scan_range *range = &scan->range;
    bool versions = scan_has(scan, PERSIST_SCAN_VERSIONS);
    int64_t at = range->timestamp;
    struct version *version;
    persist_status status = memory_go_on(scan->call, scan->session);

    if (scan_resumes_within(scan) && memory_compare(key, range->after_key) == 0 &&
        range->after_timestamp <= at)
        at = range->after_timestamp - 1;
    version = memory_visible(scan->ns, key, at);
    while (status == PERSIST_OK && version != NULL && !scan->full) {
        if (versions || scan_has(scan, PERSIST_SCAN_TOMBSTONES) ||
            (version->flags & PERSIST_VERSION_TOMBSTONE) == 0)
            status = scan_emit(scan, version);
        version = versions ? memory_older(version) : NULL;
    }
    return status;
}

persist_status memory_scan(const persist_call *call, persist_session *session,
                           const persist_scan_range *given, persist_clock *clock,
                           persist_on_version take, void *context, int *more)
{
    struct scan scan = {.call = call, .session = session, .take = take, .context = context};
    persist_status status = memory_enter(call, session, false);
    struct version *version;

    *more = 0;
    if (status != PERSIST_OK)
        return status;
    memory_copy_in(&scan.range, sizeof(scan.range), given, given->size);
    scan.ns = memory_namespace(call, session, scan.range.ns);
    if (scan.ns == NULL) {
        status = PERSIST_NOT_FOUND;
        goto out;
    }
    memory_clock_out(scan.ns, clock);
    memory_anchors(scan.ns, scan.range.anchors, scan.range.n_anchors);
    version = scan_first_key(&scan);
    while (status == PERSIST_OK && !scan.full && version != NULL &&
           scan_in_range(&scan, version->key)) {
        status = scan_key(&scan, version->key);
        version = scan_next_key(&scan, version->key);
    }
    *more = status == PERSIST_OK && scan.full;
out:
    memory_leave(session);
    return status;
}

/* ------------------------------------------------------------------------- changes */

static persist_status changes_emit(const persist_call *call, persist_session *session,
                                   struct namespace *ns, const persist_changes *changes,
                                   persist_on_record take, void *context, int *more)
{
    struct record *record = memory_record_after(ns, changes->after);
    uint64_t records = 0;
    uint64_t bytes = 0;
    persist_status status = PERSIST_OK;

    while (status == PERSIST_OK && record != NULL && *more == 0) {
        persist_record row = {record->timestamp, record->digest, record->data};

        status = memory_go_on(call, session);
        if (status == PERSIST_OK)
            status = take(context, &row);
        records++;
        bytes += record->data.size;
        if (status == PERSIST_OK)
            *more = (changes->max_records > 0 && records >= changes->max_records) ||
                    (changes->max_bytes > 0 && bytes >= changes->max_bytes);
        record = memory_record_next(record);
    }
    return status;
}

persist_status memory_changes(const persist_call *call, persist_session *session,
                              const persist_changes *given, persist_clock *clock,
                              persist_on_record take, void *context, int *more)
{
    persist_changes changes;
    struct namespace *ns;
    persist_status status = memory_enter(call, session, false);

    *more = 0;
    if (status != PERSIST_OK)
        return status;
    memory_copy_in(&changes, sizeof(changes), given, given->size);
    ns = memory_namespace(call, session, changes.ns);
    if (ns == NULL) {
        status = PERSIST_NOT_FOUND;
        goto out;
    }
    memory_clock_out(ns, clock);
    if (changes.after < ns->clock.log_floor)
        status = memory_fail(call, PERSIST_TOO_OLD,
                             "records after %lld were asked for, but those up to %lld are gone",
                             (long long)changes.after, (long long)ns->clock.log_floor);
    else
        status = changes_emit(call, session, ns, &changes, take, context, more);
out:
    memory_leave(session);
    return status;
}

/* -------------------------------------------------------------------------- append */

/* What is wrong in the request itself, whatever the store holds. */
static persist_status append_check(const persist_call *call, const persist_append *append)
{
    bool load = (append->flags & PERSIST_APPEND_LOAD) != 0;
    int64_t floor = load ? 0 : append->expected_head;
    int64_t before = floor;

    if (append->record.timestamp <= append->expected_head)
        return memory_fail(call, PERSIST_INVALID, "the record's timestamp %lld is not above %lld",
                           (long long)append->record.timestamp, (long long)append->expected_head);
    for (size_t i = 0; i < append->n_versions; i++) {
        const persist_version *version = &append->versions[i];

        if (version->key.size > MEMORY_KEY_BYTES)
            return memory_fail(call, PERSIST_LIMIT, "a key of %zu bytes: give at most %d",
                               version->key.size, MEMORY_KEY_BYTES);
        if (version->key.size == 0)
            return memory_fail(call, PERSIST_INVALID, "an empty key");
        if (version->timestamp <= floor || version->timestamp < before ||
            version->timestamp > append->record.timestamp)
            return memory_fail(call, PERSIST_INVALID, "version %zu has the timestamp %lld", i,
                               (long long)version->timestamp);
        before = version->timestamp;
    }
    return PERSIST_OK;
}

/*
 * The compare. What a writer most needs to hear comes first: that the data live
 * elsewhere, then that it was fenced, then that the time is not ripe.
 */
static persist_status append_compare(const persist_call *call, const struct namespace *ns,
                                     const persist_append *append)
{
    const persist_clock *clock = &ns->clock;
    bool load = (append->flags & PERSIST_APPEND_LOAD) != 0;

    if (clock->state == PERSIST_STATE_MOVED)
        return memory_fail(call, PERSIST_MOVED, "namespace %s was moved to %s", ns->name,
                           ns->moved_to != NULL ? ns->moved_to : "another store");
    if (clock->epoch != append->epoch)
        return memory_fail(call, PERSIST_FENCED, "namespace %s is in epoch %llu, not %llu",
                           ns->name, (unsigned long long)clock->epoch,
                           (unsigned long long)append->epoch);
    if (clock->state == PERSIST_STATE_LOADING && !load)
        return memory_fail(call, PERSIST_LOADING, "namespace %s is being filled", ns->name);
    if (clock->state == PERSIST_STATE_OPEN && load)
        return memory_fail(call, PERSIST_MISUSE, "namespace %s is open, not being filled",
                           ns->name);
    if (clock->head != append->expected_head ||
        memcmp(&clock->head_digest, &append->expected_digest, sizeof(clock->head_digest)) != 0)
        return memory_fail(call, PERSIST_CONFLICT, "the head of namespace %s is %lld, not %lld",
                           ns->name, (long long)clock->head, (long long)append->expected_head);
    return PERSIST_OK;
}

static void stage_free(struct version *staged)
{
    while (staged != NULL) {
        struct version *next = staged->staged;

        memory_host.release(staged);
        staged = next;
    }
}

/* Copies the versions of an append into a list: all that can fail for want of memory
 * is done before anything is changed. */
static persist_status stage(const persist_call *call, persist_session *session,
                            const persist_append *append, struct version **staged)
{
    persist_status status = PERSIST_OK;

    for (size_t i = 0; i < append->n_versions && status == PERSIST_OK; i++) {
        struct version *version = memory_version_new(&append->versions[i]);

        if (version == NULL)
            return memory_no_memory(call);
        version->staged = *staged;
        *staged = version;
        status = memory_go_on(call, session);
    }
    return status;
}

/* Puts the staged versions into the map; all, or none if one is there already. */
static persist_status insert(const persist_call *call, struct namespace *ns, struct version *staged)
{
    struct version *version;

    for (version = staged; version != NULL; version = version->staged)
        if (!memory_version_add(ns, version))
            break;
    if (version == NULL)
        return PERSIST_OK;
    for (struct version *added = staged; added != version; added = added->staged)
        memory_version_remove(ns, added);
    return memory_fail(call, PERSIST_INVALID, "a key has a version at %lld already",
                       (long long)version->timestamp);
}

/* ---- the turn: the compare was lost, and the lock is held */

static persist_status turn_given_up(const persist_call *call, const char *why)
{
    return memory_fail(call, PERSIST_CONFLICT, "other commits came first, and %s: run it again",
                       why);
}

/* How many records there are after the expected head; one more than allowed if there are
 * more. */
static size_t turn_count(struct namespace *ns, const persist_append *lost)
{
    size_t count = 0;

    for (struct record *r = memory_record_after(ns, lost->expected_head);
         r != NULL && count <= lost->max_turn_records; r = memory_record_next(r))
        count++;
    return count;
}

/* Is what the host made of it an append to the row as locked? */
static persist_status turn_check(const persist_call *call, const struct namespace *ns,
                                 const persist_append *lost, const persist_append *next)
{
    if (next->ns == lost->ns && next->flags == lost->flags &&
        append_compare(call, ns, next) == PERSIST_OK)
        return append_check(call, next);
    return memory_fail(call, PERSIST_INVALID,
                       "the revalidated append expects the head %lld, but %lld is locked",
                       (long long)next->expected_head, (long long)ns->clock.head);
}

/* Asks the host, with the records given; fills `next`. */
static persist_status turn_ask(const persist_call *call, struct namespace *ns,
                               const persist_append *lost, const persist_record *records,
                               size_t count, persist_append *next)
{
    int64_t since = memory_host.monotonic();
    const persist_append *given = NULL;
    persist_status status = lost->revalidate(lost->context, &ns->clock, records, count, &given);

    if (status == PERSIST_CONFLICT)
        return status; /* told already, by the lost compare */
    if (status != PERSIST_OK || given == NULL)
        return memory_fail(call, status != PERSIST_OK ? status : PERSIST_INVALID,
                           "the append was given up when it was looked at again");
    memory_copy_in(next, sizeof(*next), given, given->size);
    if (memory_host.monotonic() - since >= lost->max_turn_ns)
        return turn_given_up(call, "looking at them took too long");
    return turn_check(call, ns, lost, next);
}

static persist_status turn(const persist_call *call, struct namespace *ns,
                           const persist_append *lost, persist_append *next)
{
    size_t count = turn_count(ns, lost);
    struct record *record = memory_record_after(ns, lost->expected_head);
    persist_record *records;
    persist_status status;

    if (ns->clock.log_floor > lost->expected_head)
        return turn_given_up(call, "the log does not reach back to them");
    if (count > lost->max_turn_records)
        return turn_given_up(call, "they are too many to be looked at under the lock");
    /* The head went back, or another took its place. The host will find out. */
    if (count == 0)
        return turn_given_up(call, "the log does not have them");
    records = memory_host.alloc(count * sizeof(*records));
    if (records == NULL)
        return memory_no_memory(call);
    for (size_t i = 0; i < count; i++, record = memory_record_next(record))
        records[i] = (persist_record){record->timestamp, record->digest, record->data};
    status = turn_ask(call, ns, lost, records, count, next);
    memory_host.release(records);
    return status;
}

static persist_status append_locked(const persist_call *call, persist_session *session,
                                    struct namespace *ns, const persist_append *append)
{
    struct version *staged = NULL;
    struct record *record = NULL;
    persist_append next;
    persist_status status = append_compare(call, ns, append);

    if (status == PERSIST_CONFLICT && append->revalidate != NULL) {
        status = turn(call, ns, append, &next);
        append = &next;
    }
    if (status != PERSIST_OK)
        return status;
    status = stage(call, session, append, &staged);
    if (status != PERSIST_OK)
        goto out;
    record = memory_record_new(&append->record);
    status = record != NULL ? insert(call, ns, staged) : memory_no_memory(call);
    if (status != PERSIST_OK)
        goto out;
    memory_record_add(ns, record);
    ns->clock.head = append->record.timestamp;
    ns->clock.head_digest = append->record.digest;
    ns->clock.versions = append->new_versions;
    ns->clock.version_digest = append->new_version_digest;
    return PERSIST_OK;
out:
    stage_free(staged);
    memory_host.release(record);
    return status;
}

persist_status memory_append(const persist_call *call, persist_session *session,
                             const persist_append *given, persist_clock *clock)
{
    persist_append append;
    struct namespace *ns;
    persist_status status = memory_enter(call, session, true);

    if (status != PERSIST_OK)
        return status;
    memory_copy_in(&append, sizeof(append), given, given->size);
    ns = memory_namespace(call, session, append.ns);
    status = ns != NULL ? append_check(call, &append) : PERSIST_NOT_FOUND;
    if (status == PERSIST_OK) {
        status = append_locked(call, session, ns, &append);
        memory_clock_out(ns, clock);
    }
    memory_leave(session);
    return status;
}
