/* SPDX-License-Identifier: MIT */
/* Memory: what the entries of the file add up to. */
#include "example.h"

#include <string.h>

/* ---- looking up */

int example_compare(persist_bytes a, persist_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

struct space *example_space(persist_backend *store, uint32_t id)
{
    struct space *space = store->spaces;

    while (space != NULL && space->id != id)
        space = space->next;
    return space;
}

struct meta *example_meta(persist_backend *store, uint32_t ns, const char *name)
{
    struct meta *meta = store->meta;

    while (meta != NULL && (meta->ns != ns || strcmp(meta->name, name) != 0))
        meta = meta->next;
    return meta;
}

size_t example_find(const struct space *space, persist_bytes key, int64_t timestamp)
{
    size_t low = 0;
    size_t high = space->n_versions;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct version *version = &space->versions[middle];
        int order = example_compare(version->key, key);

        if (order < 0 || (order == 0 && version->timestamp > timestamp))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- making entries */

void example_encode_create(struct entry *entry, uint32_t id, uint64_t epoch,
                           const persist_namespace_spec *spec)
{
    example_put_number(entry, CHANGE_CREATE);
    example_put_number(entry, id);
    example_put_number(entry, epoch);
    example_put_bytes(entry, (persist_bytes){spec->name, strlen(spec->name)});
    example_put_number(entry, (uint64_t)spec->retention);
    example_put_number(entry, (uint64_t)spec->state);
    example_put_number(entry, spec->features);
}

void example_encode_drop(struct entry *entry, uint32_t id)
{
    example_put_number(entry, CHANGE_DROP);
    example_put_number(entry, id);
}

void example_encode_append(struct entry *entry, const persist_append *append)
{
    example_put_number(entry, CHANGE_APPEND);
    example_put_number(entry, append->ns);
    example_put_number(entry, (uint64_t)append->record.timestamp);
    example_put_digest(entry, &append->record.digest);
    example_put_bytes(entry, append->record.data);
    example_put_number(entry, append->new_versions);
    example_put_digest(entry, &append->new_version_digest);
    example_put_number(entry, append->n_versions);
    for (size_t i = 0; i < append->n_versions; i++) {
        const persist_version *version = &append->versions[i];

        example_put_bytes(entry, version->key);
        example_put_bytes(entry, version->value);
        example_put_number(entry, (uint64_t)version->timestamp);
        example_put_number(entry, version->flags);
    }
}

void example_encode_control(struct entry *entry, uint32_t id, const persist_control *control)
{
    example_put_number(entry, CHANGE_CONTROL);
    example_put_number(entry, id);
    example_put_number(entry, control->control_version);
    example_put_number(entry, control->epoch);
    example_put_number(entry, (uint64_t)control->state);
    example_put_bytes(entry, (persist_bytes){control->moved_to, strlen(control->moved_to)});
    example_put_number(entry, (uint64_t)control->horizon);
    example_put_number(entry, (uint64_t)control->log_floor);
    example_put_digest(entry, &control->floor_digest);
    example_put_number(entry, (uint64_t)control->retention);
    example_put_number(entry, control->n_pins);
    for (size_t i = 0; i < control->n_pins; i++) {
        const persist_pin *pin = &control->pins[i];

        example_put_bytes(entry, (persist_bytes){pin->name, strlen(pin->name)});
        example_put_number(entry, (uint64_t)pin->timestamp);
        example_put_number(entry, (uint64_t)pin->expires);
    }
}

void example_encode_meta(struct entry *entry, uint32_t ns, const char *name,
                         const persist_bytes *value)
{
    example_put_number(entry, CHANGE_META);
    example_put_number(entry, ns);
    example_put_bytes(entry, (persist_bytes){name, strlen(name)});
    example_put_number(entry, value != NULL);
    if (value != NULL)
        example_put_bytes(entry, *value);
}

/* ---- applying them */

/* A text of its own, with a NUL behind; NULL without memory. */
static char *text_of(persist_bytes bytes)
{
    char *text = example_host.alloc(bytes.size + 1);

    if (text != NULL) {
        memcpy(text, bytes.data, bytes.size);
        text[bytes.size] = '\0';
    }
    return text;
}

/* Room for `more` elements behind the first n; false without memory. */
static bool make_room(void **array, size_t n, size_t *room, size_t more, size_t element)
{
    size_t wanted = *room > 0 ? *room : 16;
    void *moved;

    if (*room - n >= more)
        return true;
    while (wanted - n < more)
        wanted *= 2;
    moved = example_host.resize(*array, wanted * element);
    if (moved == NULL)
        return false;
    *array = moved;
    *room = wanted;
    return true;
}

static persist_status apply_create(persist_backend *store, struct entry *entry)
{
    struct space *space = example_host.alloc(sizeof(*space));
    struct space **at = &store->spaces;
    persist_bytes name;

    if (space == NULL)
        return PERSIST_NO_MEMORY;
    *space = (struct space){.id = (uint32_t)example_get_number(entry)};
    space->clock = (persist_clock){.size = sizeof(space->clock), .control_version = 1};
    space->clock.epoch = example_get_number(entry);
    name = example_get_bytes(entry);
    space->clock.retention = (int64_t)example_get_number(entry);
    space->clock.state = (persist_state)example_get_number(entry);
    space->clock.features = example_get_number(entry);
    if (entry->bad || name.size > EXAMPLE_NAME_BYTES) {
        example_host.release(space);
        return PERSIST_DAMAGED;
    }
    memcpy(space->name, name.data, name.size);
    while (*at != NULL && strcmp((*at)->name, space->name) < 0)
        at = &(*at)->next;
    space->next = *at;
    *at = space;
    store->last_ns = space->id;
    store->last_epoch = space->clock.epoch;
    return PERSIST_OK;
}

static void space_free(struct space *space)
{
    example_host.release(space->moved_to);
    example_host.release(space->pins);
    example_host.release(space->versions);
    example_host.release(space->records);
    example_host.release(space);
}

static void meta_remove(persist_backend *store, struct meta *meta)
{
    struct meta **at = &store->meta;

    while (*at != meta)
        at = &(*at)->next;
    *at = meta->next;
    example_host.release(meta->name);
    example_host.release(meta);
}

static persist_status apply_drop(persist_backend *store, struct entry *entry)
{
    uint32_t id = (uint32_t)example_get_number(entry);
    struct space **at = &store->spaces;
    struct space *space;

    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    if (*at == NULL)
        return PERSIST_DAMAGED;
    space = *at;
    *at = space->next;
    space_free(space);
    for (struct meta *meta = store->meta, *next; meta != NULL; meta = next) {
        next = meta->next;
        if (meta->ns == id)
            meta_remove(store, meta);
    }
    return PERSIST_OK;
}

static void insert(struct space *space, const struct version *version)
{
    size_t at = example_find(space, version->key, version->timestamp);

    memmove(&space->versions[at + 1], &space->versions[at],
            (space->n_versions - at) * sizeof(*version));
    space->versions[at] = *version;
    space->n_versions++;
}

static persist_status apply_append(persist_backend *store, struct entry *entry)
{
    struct space *space = example_space(store, (uint32_t)example_get_number(entry));
    persist_record record;
    uint64_t versions, n;
    persist_digest digest;

    record.timestamp = (int64_t)example_get_number(entry);
    record.digest = example_get_digest(entry);
    record.data = example_get_bytes(entry);
    versions = example_get_number(entry);
    digest = example_get_digest(entry);
    n = example_get_number(entry);
    if (space == NULL || entry->bad || n > entry->size)
        return PERSIST_DAMAGED;
    if (!make_room((void **)&space->versions, space->n_versions, &space->version_room, (size_t)n,
                   sizeof(struct version)) ||
        !make_room((void **)&space->records, space->n_records, &space->record_room, 1,
                   sizeof(persist_record)))
        return PERSIST_NO_MEMORY;
    for (uint64_t i = 0; i < n; i++) {
        struct version version = {.key = example_get_bytes(entry)};

        version.value = example_get_bytes(entry);
        version.timestamp = (int64_t)example_get_number(entry);
        version.flags = (uint32_t)example_get_number(entry);
        insert(space, &version);
    }
    space->records[space->n_records++] = record;
    space->clock.head = record.timestamp;
    space->clock.head_digest = record.digest;
    space->clock.versions = versions;
    space->clock.version_digest = digest;
    return entry->bad ? PERSIST_DAMAGED : PERSIST_OK;
}

/* Pins and their names in one block, as large as the entry at most needs. */
static persist_status apply_pins(struct space *space, struct entry *entry)
{
    size_t n = (size_t)example_get_number(entry);
    size_t most = entry->size - entry->at;
    persist_pin *pins;
    char *names;

    if (entry->bad || n > most)
        return PERSIST_DAMAGED;
    pins = example_host.alloc(n * sizeof(*pins) + most + n + 1);
    if (pins == NULL)
        return PERSIST_NO_MEMORY;
    names = (char *)(pins + n);
    for (size_t i = 0; i < n; i++) {
        persist_bytes name = example_get_bytes(entry);

        memcpy(names, name.data, name.size);
        names[name.size] = '\0';
        pins[i].name = names;
        names += name.size + 1;
        pins[i].timestamp = (int64_t)example_get_number(entry);
        pins[i].expires = (int64_t)example_get_number(entry);
    }
    example_host.release(space->pins);
    space->pins = pins;
    space->n_pins = n;
    return entry->bad ? PERSIST_DAMAGED : PERSIST_OK;
}

static persist_status apply_control(persist_backend *store, struct entry *entry)
{
    struct space *space = example_space(store, (uint32_t)example_get_number(entry));
    char *moved_to;

    if (space == NULL)
        return PERSIST_DAMAGED;
    space->clock.control_version = example_get_number(entry);
    space->clock.epoch = example_get_number(entry);
    if (space->clock.epoch > store->last_epoch)
        store->last_epoch = space->clock.epoch;
    space->clock.state = (persist_state)example_get_number(entry);
    moved_to = text_of(example_get_bytes(entry));
    if (moved_to == NULL)
        return PERSIST_NO_MEMORY;
    example_host.release(space->moved_to);
    space->moved_to = moved_to;
    space->clock.horizon = (int64_t)example_get_number(entry);
    space->clock.log_floor = (int64_t)example_get_number(entry);
    space->clock.floor_digest = example_get_digest(entry);
    space->clock.retention = (int64_t)example_get_number(entry);
    return apply_pins(space, entry);
}

static persist_status apply_meta(persist_backend *store, struct entry *entry)
{
    uint32_t ns = (uint32_t)example_get_number(entry);
    char *name = text_of(example_get_bytes(entry));
    struct meta *meta = example_host.alloc(sizeof(*meta));
    bool sets = example_get_number(entry) != 0;
    struct meta *old;

    if (name == NULL || meta == NULL) {
        example_host.release(name);
        example_host.release(meta);
        return PERSIST_NO_MEMORY;
    }
    *meta = (struct meta){.next = store->meta, .ns = ns, .name = name};
    old = example_meta(store, ns, name);
    store->meta = meta;
    if (sets)
        meta->value = example_get_bytes(entry);
    else
        meta_remove(store, meta);
    if (old != NULL)
        meta_remove(store, old);
    return entry->bad ? PERSIST_DAMAGED : PERSIST_OK;
}

persist_status example_apply(void *context, struct entry *entry)
{
    static persist_status (*const changes[])(persist_backend *, struct entry *) = {
        [CHANGE_CREATE] = apply_create, [CHANGE_DROP] = apply_drop,
        [CHANGE_APPEND] = apply_append, [CHANGE_CONTROL] = apply_control,
        [CHANGE_META] = apply_meta,
    };
    persist_backend *store = context;
    struct kept *kept = example_host.alloc(sizeof(*kept));
    uint64_t change = example_get_number(entry);

    if (kept == NULL) {
        example_host.release(entry->data);
        return PERSIST_NO_MEMORY;
    }
    *kept = (struct kept){store->kept, entry->data};
    store->kept = kept;
    if (change < CHANGE_CREATE || change > CHANGE_META)
        return PERSIST_DAMAGED;
    return changes[change](store, entry);
}

void example_state_free(persist_backend *store)
{
    while (store->meta != NULL)
        meta_remove(store, store->meta);
    while (store->spaces != NULL) {
        struct space *space = store->spaces;

        store->spaces = space->next;
        space_free(space);
    }
    while (store->kept != NULL) {
        struct kept *kept = store->kept;

        store->kept = kept->next;
        example_host.release(kept->data);
        example_host.release(kept);
    }
}
