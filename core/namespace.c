/* SPDX-License-Identifier: MIT */
#include "core/store.h"

#include <stdlib.h>
#include <string.h>

/* 1 to 64 of a-z 0-9 _ - */
static bool name_valid(const char *name)
{
    size_t length = strlen(name);
    return length >= 1 && length <= 64 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

static persist_status check_name(const char *name, bool reserved_too, persist_error *error)
{
    if (!name || !name_valid(name))
        return error_set(error, PERSIST_INVALID,
                         "namespace %.80s: a name is 1 to 64 of a-z 0-9 _ -",
                         name && *name ? name : "\"\"");
    if (*name == '_' && !reserved_too)
        return error_set(error, PERSIST_INVALID,
                         "namespace %s: names that begin with _ are reserved", name);
    return PERSIST_OK;
}

struct lookup {
    const char *name;
    uint32_t id;
    bool found;
};

static persist_status match_name(void *context, const persist_namespace_row *row)
{
    struct lookup *lookup = context;
    if (strcmp(row->name, lookup->name) == 0) {
        lookup->id = row->ns;
        lookup->found = true;
    }
    return PERSIST_OK;
}

static persist_status find_id(persist_store *store, const char *name, int64_t deadline,
                              uint32_t *id, persist_error *error)
{
    struct lookup lookup = {.name = name};
    persist_status status =
        backend_namespace_list(store->backend, deadline, match_name, &lookup, error);
    if (status != PERSIST_OK)
        return status;
    if (!lookup.found)
        return error_set(error, PERSIST_NOT_FOUND,
                         "namespace %s is not there: make it with `persist namespace create %s`",
                         name, name);
    *id = lookup.id;
    return PERSIST_OK;
}

static persist_status open_listed(persist_store *store, const char *name, int64_t deadline,
                                  struct ns **out, persist_error *error)
{
    struct ns *ns = calloc(1, sizeof *ns);
    if (!ns)
        return error_no_memory(error);
    ns->backend = store->backend;
    ns->settings = &store->settings;
    ns->open_transactions = &store->open_transactions;
    ns->flights = &store->flights;
    ns->executor = store->executor;
    strcpy(ns->name, name);
    persist_status status = find_id(store, name, deadline, &ns->id, error);
    if (status == PERSIST_OK)
        status = ns_init(ns, deadline, error);
    if (status != PERSIST_OK) {
        free(ns);
        return status;
    }
    ns->next = store->namespaces;
    store->namespaces = ns;
    *out = ns;
    return PERSIST_OK;
}

persist_status store_ns(persist_store *store, const char *name, int64_t deadline, struct ns **out,
                        persist_error *error)
{
    bool own = !name;
    if (own && (*out = atomic_load(&store->ns)))
        return PERSIST_OK;
    if (own)
        name = store->ns_name;
    persist_status status = check_name(name, true, error);
    if (status != PERSIST_OK)
        return status;
    /* Held over the trip, so that a namespace is opened once. */
    pthread_mutex_lock(&store->lock);
    struct ns *ns = store->namespaces;
    while (ns && strcmp(ns->name, name) != 0)
        ns = ns->next;
    if (ns)
        *out = ns;
    else
        status = open_listed(store, name, deadline, out, error);
    if (own && status == PERSIST_OK)
        atomic_store(&store->ns, *out);
    pthread_mutex_unlock(&store->lock);
    return status;
}

persist_status store_ns_id(persist_store *store, const char *name, int64_t deadline, uint32_t *id,
                           persist_error *error)
{
    if (!name)
        name = store->ns_name;
    persist_status status = check_name(name, true, error);
    return status == PERSIST_OK ? find_id(store, name, deadline, id, error) : status;
}

/* EXISTS, INVALID. */
static persist_status create(persist_store *store, const char *name, int64_t retention,
                             int64_t deadline, persist_error *error)
{
    persist_namespace_spec spec = {.size = sizeof spec,
                                   .name = name,
                                   .retention = retention < 0 ? store->retention : retention,
                                   .state = PERSIST_STATE_OPEN};
    uint32_t id;
    persist_status status = backend_namespace_create(store->backend, deadline, &spec, &id, error);
    if (status == PERSIST_EXISTS)
        error_set(error, status, "namespace %s is there already", name);
    return status;
}

persist_status store_ensure_ns(persist_store *store, const char *name, int64_t retention,
                               int64_t deadline, persist_error *error)
{
    struct lookup lookup = {.name = name};
    bool health = strcmp(name, STORE_HEALTH_NS) == 0;
    persist_status status = check_name(name, health, error);
    if (status == PERSIST_OK)
        status = backend_namespace_list(store->backend, deadline, match_name, &lookup, error);
    if (status != PERSIST_OK || lookup.found)
        return status;
    /* Another process may make it at this very moment. */
    persist_error raced = ERROR_INIT;
    status = create(store, name, retention, deadline, &raced);
    if (status == PERSIST_EXISTS)
        status = PERSIST_OK;
    else if (status != PERSIST_OK)
        error_copy(error, &raced);
    error_clear(&raced);
    return status;
}

static persist_status check_writable(const persist_store *store, const char *what,
                                     persist_error *error)
{
    if (store->settings.read_only)
        return error_set(error, PERSIST_MISUSE, "%s: the store was opened read-only", what);
    return PERSIST_OK;
}

persist_status persist_namespace_create(persist_store *store, const char *name, int64_t retention,
                                        persist_error *error)
{
    persist_status status = store_usable(store, "namespace_create", error);
    if (status == PERSIST_OK)
        status = check_writable(store, "namespace_create", error);
    if (status == PERSIST_OK)
        status = check_name(name, false, error);
    if (status != PERSIST_OK)
        return status;
    return create(store, name, retention, store_deadline(store), error);
}

/* Takes a dropped namespace out of use; transactions in it find it gone. */
static void retire(persist_store *store, const char *name)
{
    pthread_mutex_lock(&store->lock);
    struct ns **link = &store->namespaces;
    while (*link && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    struct ns *ns = *link;
    if (ns) {
        *link = ns->next;
        if (atomic_load(&store->ns) == ns)
            atomic_store(&store->ns, NULL);
        ns->next = store->retired;
        store->retired = ns;
    }
    pthread_mutex_unlock(&store->lock);
}

persist_status persist_namespace_drop(persist_store *store, const char *name, persist_error *error)
{
    uint32_t id;
    persist_status status = store_usable(store, "namespace_drop", error);
    if (status == PERSIST_OK)
        status = check_writable(store, "namespace_drop", error);
    if (status == PERSIST_OK)
        status = check_name(name, false, error);
    if (status == PERSIST_OK)
        status = find_id(store, name, store_deadline(store), &id, error);
    if (status == PERSIST_OK)
        status = backend_namespace_drop(store->backend, PERSIST_NO_DEADLINE, id, error);
    if (status == PERSIST_OK)
        retire(store, name);
    return status;
}

struct listing {
    persist_namespace_fn fn;
    void *context;
};

static persist_status list_row(void *context, const persist_namespace_row *row)
{
    const struct listing *listing = context;
    return listing->fn(listing->context, row->name, row->ns, row->state);
}

persist_status persist_namespace_list(persist_store *store, persist_namespace_fn fn, void *context,
                                      persist_error *error)
{
    struct listing listing = {fn, context};
    persist_status status = store_usable(store, "namespace_list", error);
    if (status != PERSIST_OK)
        return status;
    return backend_namespace_list(store->backend, store_deadline(store), list_row, &listing, error);
}
