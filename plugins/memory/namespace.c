/* SPDX-License-Identifier: MIT */
/* Namespaces, their control fields, and small unversioned keys. */
#include "plugins/memory/memory.h"

#include <string.h>

#define CONTROL_FIELDS                                                                 \
    (PERSIST_CONTROL_HORIZON | PERSIST_CONTROL_LOG_FLOOR | PERSIST_CONTROL_RETENTION | \
     PERSIST_CONTROL_PINS | PERSIST_CONTROL_STATE | PERSIST_CONTROL_EPOCH)

static char *text_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memory_host.alloc(size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

static struct namespace *find(persist_backend *store, uint32_t id)
{
    struct namespace *ns;

    LIST_FOREACH(ns, &store->namespaces, link)
    {
        if (ns->id == id)
            break;
    }
    return ns;
}

struct namespace *memory_namespace(const persist_call *call, persist_session *session, uint32_t id)
{
    struct namespace *ns = find(session->store, id);

    if (ns == NULL)
        memory_fail(call, PERSIST_NOT_FOUND, "there is no namespace with the id %u", id);
    return ns;
}

void memory_clock_out(const struct namespace *ns, persist_clock *clock)
{
    persist_clock filled = ns->clock;

    if (clock == NULL)
        return;
    if (clock->size < filled.size)
        filled.size = clock->size;
    memcpy(clock, &filled, filled.size);
}

/* ---------------------------------------------------------------------- small keys */

static struct meta *meta_find(struct meta_list *list, const char *name)
{
    struct meta *meta;

    SLIST_FOREACH(meta, list, link)
    {
        if (strcmp(meta->name, name) == 0)
            break;
    }
    return meta;
}

/* One block: struct, value, name. */
static struct meta *meta_new(const char *name, const persist_bytes *value)
{
    size_t name_size = strlen(name) + 1;
    struct meta *meta = memory_host.alloc(sizeof(*meta) + value->size + name_size);
    unsigned char *bytes;

    if (meta == NULL)
        return NULL;
    bytes = (unsigned char *)(meta + 1);
    if (value->size > 0)
        memcpy(bytes, value->data, value->size);
    meta->value = (persist_bytes){bytes, value->size};
    meta->name = (char *)bytes + value->size;
    memcpy(meta->name, name, name_size);
    return meta;
}

static void meta_free(struct meta_list *list)
{
    struct meta *meta;

    while ((meta = SLIST_FIRST(list)) != NULL) {
        SLIST_REMOVE_HEAD(list, link);
        memory_host.release(meta);
    }
}

/* The list of a namespace, or of the store (id 0); NULL if there is no such one. */
static struct meta_list *meta_list(const persist_call *call, persist_session *session, uint32_t id)
{
    struct namespace *ns;

    if (id == 0)
        return &session->store->meta;
    ns = memory_namespace(call, session, id);
    return ns != NULL ? &ns->meta : NULL;
}

persist_status memory_meta_get(const persist_call *call, persist_session *session, uint32_t id,
                               const char *name, persist_on_version take, void *context)
{
    struct meta_list *list;
    struct meta *meta = NULL;
    persist_status status = memory_enter(call, session, false);

    if (status != PERSIST_OK)
        return status;
    list = meta_list(call, session, id);
    if (list != NULL)
        meta = meta_find(list, name);
    if (meta != NULL) {
        persist_version row = {.key = {meta->name, strlen(meta->name)}, .value = meta->value};

        status = take(context, &row);
    } else {
        status = list != NULL ? memory_fail(call, PERSIST_NOT_FOUND, "nothing is kept as %s", name)
                              : PERSIST_NOT_FOUND;
    }
    memory_leave(session);
    return status;
}

persist_status memory_meta_put(const persist_call *call, persist_session *session, uint32_t id,
                               const char *name, const persist_bytes *value)
{
    struct meta_list *list;
    struct meta *old;
    struct meta *new = NULL;
    persist_status status = memory_enter(call, session, true);

    if (status != PERSIST_OK)
        return status;
    list = meta_list(call, session, id);
    if (list == NULL) {
        status = PERSIST_NOT_FOUND;
        goto out;
    }
    if (value != NULL) {
        new = meta_new(name, value);
        if (new == NULL) {
            status = memory_no_memory(call);
            goto out;
        }
    }
    old = meta_find(list, name);
    if (old != NULL)
        SLIST_REMOVE(list, old, meta, link);
    if (new != NULL)
        SLIST_INSERT_HEAD(list, new, link);
    memory_host.release(old);
out:
    memory_leave(session);
    return status;
}

/* ---------------------------------------------------------------------- namespaces */

static void namespace_free(struct namespace *ns)
{
    memory_map_free(ns);
    meta_free(&ns->meta);
    memory_host.release(ns->moved_to);
    memory_host.release(ns->pins);
    memory_host.release(ns);
}

void memory_namespaces_free(persist_backend *store)
{
    struct namespace *ns;

    while ((ns = LIST_FIRST(&store->namespaces)) != NULL) {
        LIST_REMOVE(ns, link);
        namespace_free(ns);
    }
    meta_free(&store->meta);
}

persist_status memory_namespace_list(const persist_call *call, persist_session *session,
                                     persist_on_namespace take, void *context)
{
    struct namespace *ns;
    persist_status status = memory_enter(call, session, false);

    if (status != PERSIST_OK)
        return status;
    LIST_FOREACH(ns, &session->store->namespaces, link)
    {
        persist_namespace_row row = {ns->id, ns->name, ns->clock.state};

        status = take(context, &row);
        if (status != PERSIST_OK)
            break;
    }
    memory_leave(session);
    return status;
}

static struct namespace *namespace_new(persist_backend *store, const persist_namespace_spec *spec)
{
    struct namespace *ns = memory_host.alloc(sizeof(*ns));

    if (ns == NULL)
        return NULL;
    *ns = (struct namespace){.id = ++store->last_ns};
    memcpy(ns->name, spec->name, strlen(spec->name) + 1);
    ns->clock = (persist_clock){.size = sizeof(ns->clock),
                                .control_version = 1,
                                .epoch = ++store->last_epoch,
                                .state = spec->state,
                                .retention = spec->retention,
                                .features = spec->features};
    RB_INIT(&ns->versions);
    RB_INIT(&ns->records);
    SLIST_INIT(&ns->meta);
    return ns;
}

/* Where a name stands in the list, or would: *before is the last one below it. */
static struct namespace *by_name(persist_backend *store, const char *name,
                                 struct namespace **before)
{
    struct namespace *ns;

    *before = NULL;
    LIST_FOREACH(ns, &store->namespaces, link)
    {
        int order = strcmp(ns->name, name);

        if (order == 0)
            return ns;
        if (order > 0)
            break;
        *before = ns;
    }
    return NULL;
}

static persist_status create_locked(const persist_call *call, persist_backend *store,
                                    const persist_namespace_spec *spec, uint32_t *id)
{
    struct namespace *before;
    struct namespace *ns;

    if (by_name(store, spec->name, &before) != NULL)
        return memory_fail(call, PERSIST_EXISTS, "namespace %s is there already", spec->name);
    if (store->last_ns == UINT32_MAX)
        return memory_fail(call, PERSIST_LIMIT, "every namespace id was used");
    ns = namespace_new(store, spec);
    if (ns == NULL)
        return memory_no_memory(call);
    if (before != NULL)
        LIST_INSERT_AFTER(before, ns, link);
    else
        LIST_INSERT_HEAD(&store->namespaces, ns, link);
    *id = ns->id;
    return PERSIST_OK;
}

persist_status memory_namespace_create(const persist_call *call, persist_session *session,
                                       const persist_namespace_spec *given, uint32_t *id)
{
    persist_namespace_spec spec;
    persist_status status = memory_enter(call, session, true);

    if (status != PERSIST_OK)
        return status;
    memory_copy_in(&spec, sizeof(spec), given, given->size);
    if (spec.name[0] == '\0' || strlen(spec.name) > MEMORY_NAME_BYTES)
        status =
            memory_fail(call, PERSIST_INVALID, "the namespace name \"%.80s\": give 1 to %d bytes",
                        spec.name, MEMORY_NAME_BYTES);
    else if (spec.state != PERSIST_STATE_OPEN && spec.state != PERSIST_STATE_LOADING)
        status = memory_fail(call, PERSIST_INVALID, "a namespace begins open or loading, not as %d",
                             (int)spec.state);
    else
        status = create_locked(call, session->store, &spec, id);
    memory_leave(session);
    return status;
}

persist_status memory_namespace_drop(const persist_call *call, persist_session *session,
                                     uint32_t id)
{
    struct namespace *ns;
    persist_status status = memory_enter(call, session, true);

    if (status != PERSIST_OK)
        return status;
    ns = memory_namespace(call, session, id);
    if (ns != NULL) {
        LIST_REMOVE(ns, link);
        namespace_free(ns);
    } else {
        status = PERSIST_NOT_FOUND;
    }
    memory_leave(session);
    return status;
}

/* ------------------------------------------------------------------- control fields */

static persist_control control_out(const struct namespace *ns)
{
    const persist_clock *clock = &ns->clock;

    return (persist_control){.size = sizeof(persist_control),
                             .fields = CONTROL_FIELDS,
                             .control_version = clock->control_version,
                             .epoch = clock->epoch,
                             .state = clock->state,
                             .moved_to = ns->moved_to != NULL ? ns->moved_to : "",
                             .horizon = clock->horizon,
                             .log_floor = clock->log_floor,
                             .floor_digest = clock->floor_digest,
                             .retention = clock->retention,
                             .pins = ns->pins != NULL ? ns->pins->pin : NULL,
                             .n_pins = ns->pins != NULL ? ns->pins->count : 0};
}

persist_status memory_head(const persist_call *call, persist_session *session, uint32_t id,
                           persist_clock *clock, persist_on_control take, void *context)
{
    struct namespace *ns;
    persist_status status = memory_enter(call, session, false);

    if (status != PERSIST_OK)
        return status;
    ns = memory_namespace(call, session, id);
    if (ns == NULL) {
        status = PERSIST_NOT_FOUND;
    } else {
        memory_clock_out(ns, clock);
        if (take != NULL) {
            persist_control control = control_out(ns);

            status = take(context, &control);
        }
    }
    memory_leave(session);
    return status;
}

/* The clock row as `control` would leave it. */
static persist_clock control_apply(const struct namespace *ns, const persist_control *control)
{
    persist_clock next = ns->clock;

    next.control_version++;
    if (control->fields & PERSIST_CONTROL_HORIZON)
        next.horizon = control->horizon;
    if (control->fields & PERSIST_CONTROL_LOG_FLOOR) {
        next.log_floor = control->log_floor;
        next.floor_digest = control->floor_digest;
    }
    if (control->fields & PERSIST_CONTROL_RETENTION)
        next.retention = control->retention;
    if (control->fields & PERSIST_CONTROL_STATE)
        next.state = control->state;
    if (control->fields & PERSIST_CONTROL_EPOCH)
        next.epoch = control->epoch;
    else if (ns->clock.state == PERSIST_STATE_OPEN && next.state != PERSIST_STATE_OPEN)
        next.epoch++; /* whoever wrote before is fenced from here on */
    return next;
}

/* Is a pin that still counts below the horizon? */
static const persist_pin *pin_below(const persist_pin *pins, size_t count, int64_t horizon)
{
    int64_t now = memory_host.wall();

    for (size_t i = 0; i < count; i++)
        if (pins[i].timestamp < horizon && (pins[i].expires == 0 || pins[i].expires > now))
            return &pins[i];
    return NULL;
}

static persist_status control_check(const persist_call *call, const struct namespace *ns,
                                    const persist_control *control, const persist_clock *next)
{
    bool sets_pins = (control->fields & PERSIST_CONTROL_PINS) != 0;
    persist_control now = control_out(ns);
    const persist_pin *low = sets_pins ? pin_below(control->pins, control->n_pins, next->horizon)
                                       : pin_below(now.pins, now.n_pins, next->horizon);

    if (control->fields & ~CONTROL_FIELDS)
        return memory_fail(call, PERSIST_INVALID, "control: unknown fields %#x", control->fields);
    if (next->state > PERSIST_STATE_MOVED)
        return memory_fail(call, PERSIST_INVALID, "control: unknown state %d", (int)next->state);
    if (next->horizon < ns->clock.horizon)
        return memory_fail(call, PERSIST_INVALID, "control: the horizon %lld is below %lld",
                           (long long)next->horizon, (long long)ns->clock.horizon);
    if (next->log_floor < ns->clock.log_floor || next->log_floor > next->horizon)
        return memory_fail(call, PERSIST_INVALID,
                           "control: the log floor %lld is not within %lld and the horizon %lld",
                           (long long)next->log_floor, (long long)ns->clock.log_floor,
                           (long long)next->horizon);
    if ((control->fields & PERSIST_CONTROL_EPOCH) && control->epoch <= ns->clock.epoch)
        return memory_fail(call, PERSIST_INVALID, "control: the epoch %llu is not above %llu",
                           (unsigned long long)control->epoch, (unsigned long long)ns->clock.epoch);
    if (low != NULL)
        return memory_fail(call, PERSIST_INVALID,
                           "control: pin %s at %lld is below the horizon %lld", low->name,
                           (long long)low->timestamp, (long long)next->horizon);
    return PERSIST_OK;
}

static struct pins *pins_copy(const persist_pin *from, size_t count)
{
    size_t size = sizeof(struct pins) + count * sizeof(persist_pin);
    struct pins *pins;
    char *text;

    for (size_t i = 0; i < count; i++)
        size += strlen(from[i].name) + 1;
    pins = memory_host.alloc(size);
    if (pins == NULL)
        return NULL;
    pins->count = count;
    text = (char *)&pins->pin[count];
    for (size_t i = 0; i < count; i++) {
        pins->pin[i] = from[i];
        pins->pin[i].name = strcpy(text, from[i].name);
        text += strlen(text) + 1;
    }
    return pins;
}

/* Makes the change: memory first, so that it is done whole or not at all. */
static persist_status control_set(const persist_call *call, persist_backend *store,
                                  struct namespace *ns, const persist_control *control,
                                  const persist_clock *next)
{
    struct pins *pins = NULL;
    char *moved_to = NULL;

    if (control->fields & PERSIST_CONTROL_PINS) {
        pins = pins_copy(control->pins, control->n_pins);
        if (pins == NULL)
            return memory_no_memory(call);
    }
    if (control->fields & PERSIST_CONTROL_STATE) {
        moved_to = text_copy(control->moved_to != NULL ? control->moved_to : "");
        if (moved_to == NULL) {
            memory_host.release(pins);
            return memory_no_memory(call);
        }
        memory_host.release(ns->moved_to);
        ns->moved_to = moved_to;
    }
    if (control->fields & PERSIST_CONTROL_PINS) {
        memory_host.release(ns->pins);
        ns->pins = pins;
    }
    ns->clock = *next;
    if (next->epoch > store->last_epoch)
        store->last_epoch = next->epoch;
    return PERSIST_OK;
}

static persist_status control_locked(const persist_call *call, persist_backend *store,
                                     struct namespace *ns, const persist_control *control)
{
    persist_clock next = control_apply(ns, control);
    persist_status status;

    if (control->control_version != ns->clock.control_version)
        return memory_fail(call, PERSIST_CONFLICT, "the control version of %s is %llu, not %llu",
                           ns->name, (unsigned long long)ns->clock.control_version,
                           (unsigned long long)control->control_version);
    status = control_check(call, ns, control, &next);
    return status == PERSIST_OK ? control_set(call, store, ns, control, &next) : status;
}

persist_status memory_control(const persist_call *call, persist_session *session, uint32_t id,
                              const persist_control *given, persist_clock *clock)
{
    persist_control control;
    struct namespace *ns;
    persist_status status = memory_enter(call, session, true);

    if (status != PERSIST_OK)
        return status;
    memory_copy_in(&control, sizeof(control), given, given->size);
    ns = memory_namespace(call, session, id);
    if (ns == NULL) {
        status = PERSIST_NOT_FOUND;
    } else {
        status = control_locked(call, session->store, ns, &control);
        memory_clock_out(ns, clock);
    }
    memory_leave(session);
    return status;
}
