/* SPDX-License-Identifier: MIT */
/* What is done with data. */
#include "example.h"

#include <string.h>

/* ---- namespaces and the clock row */

/* NULL, and the error told, if there is none. */
static struct space *space_of(const persist_call *call, persist_session *session, uint32_t id)
{
    struct space *space = example_space(session->store, id);

    if (space == NULL)
        example_fail(call, PERSIST_NOT_FOUND, "there is no namespace with the id %u", id);
    return space;
}

/* Fills what the host's clock->size reaches; a NULL clock was not asked for. */
static void clock_out(const struct space *space, persist_clock *clock)
{
    if (clock != NULL) {
        size_t size = clock->size < sizeof(*clock) ? clock->size : sizeof(*clock);

        memcpy(clock, &space->clock, size);
        clock->size = size;
    }
}

/* Writes the entry, then applies it. The entry is used up. */
static persist_status commit(const persist_call *call, persist_session *session,
                             struct entry *entry)
{
    persist_backend *store = session->store;
    persist_status status = example_log_add(call, &store->log, entry);

    if (status != PERSIST_OK) {
        example_host.release(entry->data);
        return status;
    }
    status = example_apply(store, entry);
    if (status != PERSIST_OK) {
        /* It is in the file but not in memory: only reading the file back helps. */
        persist_error_detail detail = {.size = sizeof(detail),
                                       .flags = PERSIST_MAYBE_COMMITTED | PERSIST_SESSION_DEAD,
                                       .text = "out of memory: open the store again"};

        store->log.failed = true;
        example_host.set_error(call, &detail);
    }
    return status;
}

static persist_status namespace_list(const persist_call *call, persist_session *session,
                                     persist_on_namespace take, void *context)
{
    persist_status status = example_enter(call, session);

    if (status != PERSIST_OK)
        return status;
    for (struct space *space = session->store->spaces; space != NULL && status == PERSIST_OK;
         space = space->next)
        status =
            take(context, &(persist_namespace_row){space->id, space->name, space->clock.state});
    example_leave(session);
    return status;
}

static persist_status create(const persist_call *call, persist_session *session,
                             const persist_namespace_spec *spec, uint32_t *id)
{
    persist_backend *store = session->store;
    struct entry entry = {0};
    persist_status status;

    if (spec->name[0] == '\0' || strlen(spec->name) > EXAMPLE_NAME_BYTES)
        return example_fail(call, PERSIST_INVALID, "the namespace name %.80s: give 1 to %d bytes",
                            spec->name, EXAMPLE_NAME_BYTES);
    for (struct space *space = store->spaces; space != NULL; space = space->next)
        if (strcmp(space->name, spec->name) == 0)
            return example_fail(call, PERSIST_EXISTS, "namespace %s is there already", spec->name);
    *id = store->last_ns + 1;
    example_encode_create(&entry, *id, store->last_epoch + 1, spec);
    status = commit(call, session, &entry);
    return status;
}

static persist_status namespace_create(const persist_call *call, persist_session *session,
                                       const persist_namespace_spec *given, uint32_t *id)
{
    persist_namespace_spec spec;
    persist_status status = example_enter(call, session);

    if (status != PERSIST_OK)
        return status;
    example_copy_in(&spec, sizeof(spec), given, given->size);
    status = create(call, session, &spec, id);
    example_leave(session);
    return status;
}

static persist_status namespace_drop(const persist_call *call, persist_session *session,
                                     uint32_t id)
{
    struct entry entry = {0};
    persist_status status = example_enter(call, session);

    if (status != PERSIST_OK)
        return status;
    if (space_of(call, session, id) == NULL) {
        status = PERSIST_NOT_FOUND;
    } else {
        example_encode_drop(&entry, id);
        status = commit(call, session, &entry);
    }
    example_leave(session);
    return status;
}

/* ---- the control fields */

static persist_control control_of(const struct space *space)
{
    return (persist_control){.size = sizeof(persist_control),
                             .control_version = space->clock.control_version,
                             .epoch = space->clock.epoch,
                             .state = space->clock.state,
                             .moved_to = space->moved_to != NULL ? space->moved_to : "",
                             .horizon = space->clock.horizon,
                             .log_floor = space->clock.log_floor,
                             .floor_digest = space->clock.floor_digest,
                             .retention = space->clock.retention,
                             .pins = space->pins,
                             .n_pins = space->n_pins};
}

static persist_status head(const persist_call *call, persist_session *session, uint32_t id,
                           persist_clock *clock, persist_on_control take, void *context)
{
    struct space *space;
    persist_status status = example_enter(call, session);

    if (status != PERSIST_OK)
        return status;
    space = space_of(call, session, id);
    if (space == NULL) {
        status = PERSIST_NOT_FOUND;
    } else {
        persist_control control = control_of(space);

        clock_out(space, clock);
        status = take != NULL ? take(context, &control) : PERSIST_OK;
    }
    example_leave(session);
    return status;
}

/* The control fields as the request would leave them. */
static persist_control control_next(const persist_control *now, const persist_control *set)
{
    persist_control next = *now;

    next.control_version++;
    if (set->fields & PERSIST_CONTROL_HORIZON)
        next.horizon = set->horizon;
    if (set->fields & PERSIST_CONTROL_LOG_FLOOR) {
        next.log_floor = set->log_floor;
        next.floor_digest = set->floor_digest;
    }
    if (set->fields & PERSIST_CONTROL_RETENTION)
        next.retention = set->retention;
    if (set->fields & PERSIST_CONTROL_PINS) {
        next.pins = set->pins;
        next.n_pins = set->n_pins;
    }
    if (set->fields & PERSIST_CONTROL_STATE) {
        next.moved_to = set->moved_to != NULL ? set->moved_to : "";
        next.state = set->state;
        if (now->state == PERSIST_STATE_OPEN && next.state != PERSIST_STATE_OPEN)
            next.epoch++;
    }
    if (set->fields & PERSIST_CONTROL_EPOCH)
        next.epoch = set->epoch;
    return next;
}

/* What stands against it, or NULL. */
static const char *control_fault(const persist_control *now, const persist_control *next,
                                 uint32_t fields)
{
    int64_t wall = example_host.wall();

    if (next->horizon < now->horizon)
        return "it lowers the horizon";
    if (next->log_floor < now->log_floor)
        return "it lowers the log floor";
    if (next->log_floor > next->horizon)
        return "its log floor is above the horizon";
    if ((fields & PERSIST_CONTROL_EPOCH) && next->epoch <= now->epoch)
        return "its epoch is not above the present one";
    for (size_t i = 0; i < next->n_pins; i++)
        if (next->pins[i].timestamp < next->horizon &&
            (next->pins[i].expires == 0 || next->pins[i].expires > wall))
            return "a pin would lie below the horizon";
    return NULL;
}

static persist_status control_locked(const persist_call *call, persist_session *session,
                                     struct space *space, const persist_control *set)
{
    persist_control now = control_of(space);
    persist_control next = control_next(&now, set);
    const char *fault = control_fault(&now, &next, set->fields);
    struct entry entry = {0};

    if (set->control_version != now.control_version)
        return example_fail(call, PERSIST_CONFLICT, "the control version is %llu, not %llu",
                            (unsigned long long)now.control_version,
                            (unsigned long long)set->control_version);
    if (fault != NULL)
        return example_fail(call, PERSIST_INVALID, "control: %s", fault);
    example_encode_control(&entry, space->id, &next);
    return commit(call, session, &entry);
}

static persist_status control(const persist_call *call, persist_session *session, uint32_t id,
                              const persist_control *given, persist_clock *clock)
{
    persist_control set;
    struct space *space;
    persist_status status = example_enter(call, session);

    if (status != PERSIST_OK)
        return status;
    example_copy_in(&set, sizeof(set), given, given->size);
    space = space_of(call, session, id);
    status = space != NULL ? control_locked(call, session, space, &set) : PERSIST_NOT_FOUND;
    if (space != NULL)
        clock_out(space, clock);
    example_leave(session);
    return status;
}

/* ---- reading */

static void anchors_out(const struct space *space, persist_anchor *anchors, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        anchors[i].timestamp = 0;
        anchors[i].digest = (persist_digest){{0}};
        for (size_t r = space->n_records; r > 0; r--)
            if (space->records[r - 1].timestamp <= anchors[i].at) {
                anchors[i].timestamp = space->records[r - 1].timestamp;
                anchors[i].digest = space->records[r - 1].digest;
                break;
            }
    }
}

/* The newest version of the key at or below the timestamp, or NULL. */
static const struct version *visible(const struct space *space, persist_bytes key,
                                     int64_t timestamp)
{
    size_t at = example_find(space, key, timestamp);

    if (at == space->n_versions || example_compare(space->versions[at].key, key) != 0)
        return NULL;
    return &space->versions[at];
}

static persist_status emit(const struct version *version, uint32_t index, persist_on_version take,
                           void *context)
{
    persist_version row = {version->key, version->value, version->timestamp, version->flags, index};

    return take(context, &row);
}

static persist_status read_locked(const persist_call *call, persist_session *session,
                                  const persist_read *read, persist_clock *clock,
                                  persist_on_version take, void *context)
{
    struct space *space = space_of(call, session, read->ns);
    persist_status status = PERSIST_OK;

    if (space == NULL)
        return PERSIST_NOT_FOUND;
    if (read->n_keys > EXAMPLE_READ_KEYS)
        return example_fail(call, PERSIST_LIMIT, "%zu keys in one read: give at most %d",
                            read->n_keys, EXAMPLE_READ_KEYS);
    clock_out(space, clock);
    anchors_out(space, read->anchors, read->n_anchors);
    for (size_t i = 0; i < read->n_keys && status == PERSIST_OK; i++) {
        const struct version *version = visible(space, read->keys[i].key, read->keys[i].timestamp);

        status = example_go_on(call, session);
        if (status == PERSIST_OK && version != NULL)
            status = emit(version, (uint32_t)i, take, context);
    }
    return status;
}

static persist_status read_keys(const persist_call *call, persist_session *session,
                                const persist_read *given, persist_clock *clock,
                                persist_on_version take, void *context)
{
    persist_read read;
    persist_status status = example_enter(call, session);

    if (status != PERSIST_OK)
        return status;
    example_copy_in(&read, sizeof(read), given, given->size);
    status = read_locked(call, session, &read, clock, take, context);
    example_leave(session);
    return status;
}

/* A scan walks over keys; of each it hands out one version or, if asked for, all. */
struct scan {
    const persist_call *call;
    persist_session *session;
    const struct space *space;
    persist_scan_range range;
    persist_on_version take;
    void *context;
    uint64_t rows;
    uint64_t bytes;
    bool full;
};

/* Index of the newest version of the next key in the scan's direction, behind `key` or, if
 * `included`, at it; n_versions at the end. */
static size_t next_key(const struct scan *scan, persist_bytes key, bool included)
{
    const struct space *space = scan->space;
    size_t at;

    if ((scan->range.flags & PERSIST_SCAN_REVERSE) == 0)
        return example_find(space, key, included ? INT64_MAX : INT64_MIN);
    at = key.size > 0 ? example_find(space, key, included ? INT64_MIN : INT64_MAX)
                      : space->n_versions;
    return at > 0 ? example_find(space, space->versions[at - 1].key, INT64_MAX) : space->n_versions;
}

static size_t first_key(const struct scan *scan)
{
    const persist_scan_range *range = &scan->range;

    if (range->after_key.size > 0)
        return next_key(scan, range->after_key,
                        (range->flags & PERSIST_SCAN_VERSIONS) && range->after_timestamp > 0);
    if (range->flags & PERSIST_SCAN_REVERSE)
        return next_key(scan, range->to, false);
    return next_key(scan, range->from, true);
}

static bool in_range(const struct scan *scan, size_t at)
{
    persist_bytes key;

    if (at == scan->space->n_versions)
        return false;
    key = scan->space->versions[at].key;
    return example_compare(key, scan->range.from) >= 0 &&
           (scan->range.to.size == 0 || example_compare(key, scan->range.to) < 0);
}

static persist_status scan_version(struct scan *scan, const struct version *version)
{
    const persist_scan_range *range = &scan->range;
    struct version row = *version;

    if (range->flags & PERSIST_SCAN_KEYS_ONLY)
        row.value.size = 0;
    scan->rows++;
    scan->bytes += row.key.size + row.value.size;
    scan->full = (range->max_rows > 0 && scan->rows >= range->max_rows) ||
                 (range->max_bytes > 0 && scan->bytes >= range->max_bytes);
    return emit(&row, 0, scan->take, scan->context);
}

static persist_status scan_key(struct scan *scan, persist_bytes key)
{
    const persist_scan_range *range = &scan->range;
    const struct space *space = scan->space;
    bool all = (range->flags & PERSIST_SCAN_VERSIONS) != 0;
    bool tombstones = all || (range->flags & PERSIST_SCAN_TOMBSTONES) != 0;
    bool within = all && range->after_timestamp > 0 && range->after_key.size > 0 &&
                  example_compare(key, range->after_key) == 0;
    int64_t from = within && range->after_timestamp <= range->timestamp ? range->after_timestamp - 1
                                                                        : range->timestamp;
    persist_status status = example_go_on(scan->call, scan->session);

    for (size_t at = example_find(space, key, from);
         status == PERSIST_OK && !scan->full && at < space->n_versions &&
         example_compare(space->versions[at].key, key) == 0;
         at++) {
        if (tombstones || (space->versions[at].flags & PERSIST_VERSION_TOMBSTONE) == 0)
            status = scan_version(scan, &space->versions[at]);
        if (!all)
            break;
    }
    return status;
}

static persist_status scan_locked(struct scan *scan, persist_clock *clock)
{
    persist_status status = PERSIST_OK;

    scan->space = space_of(scan->call, scan->session, scan->range.ns);
    if (scan->space == NULL)
        return PERSIST_NOT_FOUND;
    clock_out(scan->space, clock);
    anchors_out(scan->space, scan->range.anchors, scan->range.n_anchors);
    for (size_t at = first_key(scan); status == PERSIST_OK && !scan->full && in_range(scan, at);
         at = next_key(scan, scan->space->versions[at].key, false))
        status = scan_key(scan, scan->space->versions[at].key);
    return status;
}

static persist_status scan_range(const persist_call *call, persist_session *session,
                                 const persist_scan_range *given, persist_clock *clock,
                                 persist_on_version take, void *context, int *more)
{
    struct scan scan = {.call = call, .session = session, .take = take, .context = context};
    persist_status status = example_enter(call, session);

    *more = 0;
    if (status != PERSIST_OK)
        return status;
    example_copy_in(&scan.range, sizeof(scan.range), given, given->size);
    status = scan_locked(&scan, clock);
    *more = status == PERSIST_OK && scan.full;
    example_leave(session);
    return status;
}

static persist_status changes_locked(const persist_call *call, persist_session *session,
                                     const persist_changes *changes, persist_clock *clock,
                                     persist_on_record take, void *context, int *more)
{
    struct space *space = space_of(call, session, changes->ns);
    uint64_t n = 0;
    uint64_t bytes = 0;
    persist_status status = PERSIST_OK;

    if (space == NULL)
        return PERSIST_NOT_FOUND;
    clock_out(space, clock);
    if (changes->after < space->clock.log_floor)
        return example_fail(call, PERSIST_TOO_OLD, "records up to %lld are gone",
                            (long long)space->clock.log_floor);
    for (size_t i = 0; i < space->n_records && status == PERSIST_OK && *more == 0; i++) {
        if (space->records[i].timestamp <= changes->after)
            continue;
        status = example_go_on(call, session);
        if (status == PERSIST_OK)
            status = take(context, &space->records[i]);
        n++;
        bytes += space->records[i].data.size;
        *more = (changes->max_records > 0 && n >= changes->max_records) ||
                (changes->max_bytes > 0 && bytes >= changes->max_bytes);
    }
    return status;
}

static persist_status read_changes(const persist_call *call, persist_session *session,
                                   const persist_changes *given, persist_clock *clock,
                                   persist_on_record take, void *context, int *more)
{
    persist_changes changes;
    persist_status status = example_enter(call, session);

    *more = 0;
    if (status != PERSIST_OK)
        return status;
    example_copy_in(&changes, sizeof(changes), given, given->size);
    status = changes_locked(call, session, &changes, clock, take, context, more);
    example_leave(session);
    return status;
}

/* ---- append */

static persist_status check_version(const persist_call *call, const persist_version *version)
{
    if (version->key.size == 0)
        return example_fail(call, PERSIST_INVALID, "an empty key");
    if (version->key.size > EXAMPLE_KEY_BYTES)
        return example_fail(call, PERSIST_LIMIT, "a key of %zu bytes: give at most %d",
                            version->key.size, EXAMPLE_KEY_BYTES);
    if (version->value.size > EXAMPLE_VALUE_BYTES)
        return example_fail(call, PERSIST_LIMIT, "a value of %zu bytes: give at most %d",
                            version->value.size, EXAMPLE_VALUE_BYTES);
    return PERSIST_OK;
}

/* What is wrong in the request itself, whatever the store holds. */
static persist_status append_check(const persist_call *call, const persist_append *append)
{
    size_t bytes = append->record.data.size;
    persist_status status = PERSIST_OK;

    if (append->n_versions > EXAMPLE_APPEND_VERSIONS)
        return example_fail(call, PERSIST_LIMIT, "%zu versions in one append: give at most %d",
                            append->n_versions, EXAMPLE_APPEND_VERSIONS);
    for (size_t i = 0; i < append->n_versions && status == PERSIST_OK; i++) {
        status = check_version(call, &append->versions[i]);
        bytes += append->versions[i].key.size + append->versions[i].value.size;
    }
    if (status == PERSIST_OK && bytes > EXAMPLE_APPEND_BYTES)
        status = example_fail(call, PERSIST_LIMIT, "an append of %zu bytes: give at most %d", bytes,
                              EXAMPLE_APPEND_BYTES);
    return status;
}

/* The compare. What a writer most needs to hear comes first. */
static persist_status append_compare(const persist_call *call, const struct space *space,
                                     const persist_append *append)
{
    const persist_clock *clock = &space->clock;
    bool load = (append->flags & PERSIST_APPEND_LOAD) != 0;

    if (clock->state == PERSIST_STATE_MOVED)
        return example_fail(call, PERSIST_MOVED, "namespace %s was moved to %s", space->name,
                            space->moved_to);
    if (clock->epoch != append->epoch)
        return example_fail(call, PERSIST_FENCED, "namespace %s has another epoch", space->name);
    if (clock->state == PERSIST_STATE_LOADING && !load)
        return example_fail(call, PERSIST_LOADING, "namespace %s is being filled", space->name);
    if (clock->state == PERSIST_STATE_OPEN && load)
        return example_fail(call, PERSIST_MISUSE, "namespace %s is not being filled", space->name);
    if (clock->head != append->expected_head ||
        memcmp(&clock->head_digest, &append->expected_digest, sizeof(clock->head_digest)) != 0)
        return example_fail(call, PERSIST_CONFLICT, "the head of namespace %s is %lld, not %lld",
                            space->name, (long long)clock->head, (long long)append->expected_head);
    return PERSIST_OK;
}

static persist_status append_locked(const persist_call *call, persist_session *session,
                                    const persist_append *append, persist_clock *clock)
{
    struct space *space = space_of(call, session, append->ns);
    persist_status status;

    if (space == NULL)
        return PERSIST_NOT_FOUND;
    status = append_check(call, append);
    if (status == PERSIST_OK)
        status = append_compare(call, space, append);
    if (status == PERSIST_OK) {
        struct entry entry = {0};

        example_encode_append(&entry, append);
        status = commit(call, session, &entry);
    }
    clock_out(space, clock);
    return status;
}

static persist_status append_versions(const persist_call *call, persist_session *session,
                                      const persist_append *given, persist_clock *clock)
{
    persist_append append;
    persist_status status = example_enter(call, session);

    if (status != PERSIST_OK)
        return status;
    example_copy_in(&append, sizeof(append), given, given->size);
    status = append_locked(call, session, &append, clock);
    example_leave(session);
    return status;
}

/* ---- small keys */

static persist_status meta_get(const persist_call *call, persist_session *session, uint32_t ns,
                               const char *name, persist_on_version take, void *context)
{
    struct meta *meta;
    persist_status status = example_enter(call, session);

    if (status != PERSIST_OK)
        return status;
    meta = example_meta(session->store, ns, name);
    if (meta == NULL)
        status = example_fail(call, PERSIST_NOT_FOUND, "nothing is kept as %s", name);
    else
        status = take(context, &(persist_version){.key = {meta->name, strlen(meta->name)},
                                                  .value = meta->value});
    example_leave(session);
    return status;
}

static persist_status meta_put(const persist_call *call, persist_session *session, uint32_t ns,
                               const char *name, const persist_bytes *value)
{
    struct entry entry = {0};
    persist_status status = example_enter(call, session);

    if (status != PERSIST_OK)
        return status;
    if (ns != 0 && space_of(call, session, ns) == NULL) {
        status = PERSIST_NOT_FOUND;
    } else {
        example_encode_meta(&entry, ns, name, value);
        status = commit(call, session, &entry);
    }
    example_leave(session);
    return status;
}

const persist_store_ops example_store = {
    .size = sizeof(example_store),
    .namespace_list = namespace_list,
    .namespace_create = namespace_create,
    .namespace_drop = namespace_drop,
    .head = head,
    .read = read_keys,
    .scan = scan_range,
    .changes = read_changes,
    .append = append_versions,
    .control = control,
    .meta_get = meta_get,
    .meta_put = meta_put,
};
