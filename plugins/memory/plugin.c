/* SPDX-License-Identifier: MIT */
/* Life of the plugin, of its stores and sessions; admin; and who it is. */
#include "plugins/memory/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

persist_host memory_host;

void memory_copy_in(void *to, size_t capacity, const void *from, size_t size)
{
    memset(to, 0, capacity);
    memcpy(to, from, size < capacity ? size : capacity);
}

/* -------------------------------------------------------------------------- errors */

persist_status memory_fail(const persist_call *call, persist_status status, const char *format, ...)
{
    char text[512];
    persist_error_detail detail = {.size = sizeof(detail), .text = text};
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (status == PERSIST_CONFLICT)
        detail.flags = PERSIST_RETRYABLE;
    memory_host.set_error(call, &detail);
    return status;
}

persist_status memory_no_memory(const persist_call *call)
{
    return memory_fail(call, PERSIST_NO_MEMORY, "out of memory");
}

/* --------------------------------------------------------------------------- calls */

persist_status memory_go_on(const persist_call *call, persist_session *session)
{
    if (atomic_load(&session->interrupted))
        return memory_fail(call, PERSIST_INTERRUPTED, "interrupted on request");
    if (call->deadline != PERSIST_NO_DEADLINE && memory_host.monotonic() >= call->deadline)
        return memory_fail(call, PERSIST_TIMEOUT, "the deadline of the call passed");
    return PERSIST_OK;
}

persist_status memory_enter(const persist_call *call, persist_session *session, bool write)
{
    persist_status status;

    atomic_store(&session->interrupted, false);
    status = memory_go_on(call, session);
    if (status != PERSIST_OK)
        return status;
    /* Nobody holds the lock for longer than one call: no deadline is needed here. */
    if (write)
        pthread_rwlock_wrlock(&session->store->lock);
    else
        pthread_rwlock_rdlock(&session->store->lock);
    return PERSIST_OK;
}

void memory_leave(persist_session *session)
{
    pthread_rwlock_unlock(&session->store->lock);
}

/* ---------------------------------------------------------------------------- life */

static persist_status life_load(const persist_host *host)
{
    memory_copy_in(&memory_host, sizeof(memory_host), host, host->size);
    memory_host.size = host->size < sizeof(memory_host) ? host->size : sizeof(memory_host);
    return PERSIST_OK;
}

static bool url_good(const char *url)
{
    return strcmp(url, "memory:") == 0;
}

static const char url_remedy[] = "a memory store has no name, place or parameter: write memory:";

static persist_status life_check_config(const persist_call *call, const char *url,
                                        const persist_settings *settings)
{
    (void)call;
    if (url_good(url))
        return PERSIST_OK;
    memory_host.setting_error(settings, NULL, url_remedy);
    return PERSIST_CONFIG;
}

static persist_status life_store_open(const persist_call *call, const persist_open *open,
                                      persist_backend **out)
{
    persist_backend *store;

    if (!url_good(open->url))
        return memory_fail(call, PERSIST_CONFIG, "%s", url_remedy);
    store = memory_host.alloc(sizeof(*store));
    if (store == NULL)
        return memory_no_memory(call);
    *store = (persist_backend){0};
    LIST_INIT(&store->namespaces);
    SLIST_INIT(&store->meta);
    if (pthread_rwlock_init(&store->lock, NULL) != 0) {
        memory_host.release(store);
        return memory_no_memory(call);
    }
    *out = store;
    return PERSIST_OK;
}

static void life_store_close(persist_backend *store)
{
    memory_namespaces_free(store);
    pthread_rwlock_destroy(&store->lock);
    memory_host.release(store);
}

#define MEMORY_CAPS (PERSIST_CAP_TURN | PERSIST_CAP_IN_PROCESS)

static const persist_limits memory_limits = {.size = sizeof(memory_limits),
                                             .key_bytes = MEMORY_KEY_BYTES};

static uint64_t life_store_caps(persist_backend *store)
{
    (void)store;
    return MEMORY_CAPS;
}

static void life_store_limits(persist_backend *store, persist_limits *limits)
{
    size_t size = limits->size < sizeof(memory_limits) ? limits->size : sizeof(memory_limits);

    (void)store;
    memcpy(limits, &memory_limits, size);
    limits->size = size;
}

static persist_status life_session_open(const persist_call *call, persist_backend *store,
                                        persist_session **out)
{
    persist_session *session = memory_host.alloc(sizeof(*session));

    if (session == NULL)
        return memory_no_memory(call);
    session->store = store;
    atomic_init(&session->interrupted, false);
    *out = session;
    return PERSIST_OK;
}

static void life_session_close(persist_session *session)
{
    memory_host.release(session);
}

/* A session holds nothing, so there is nothing that could go bad or be put right. */
static persist_status life_session_ping(const persist_call *call, persist_session *session)
{
    (void)call;
    (void)session;
    return PERSIST_OK;
}

static void life_interrupt(persist_session *session)
{
    atomic_store(&session->interrupted, true);
}

/* --------------------------------------------------------------------------- admin */

/* There is nothing to prepare: the one step is done by store_open. */
static const persist_migration only_step = {1, "nothing to make", 1};

static persist_status admin_migrate_plan(const persist_call *call, persist_session *session,
                                         persist_on_migration take, void *context)
{
    (void)call;
    (void)session;
    return take(context, &only_step);
}

static persist_status admin_migrate_apply(const persist_call *call, persist_session *session,
                                          persist_on_migration done, void *context)
{
    (void)call;
    (void)session;
    (void)done;
    (void)context;
    return PERSIST_OK;
}

/* What lies in one store, counted. */
struct census {
    int64_t namespaces;
    int64_t versions;
    int64_t records;
    int64_t bytes;
};

static struct census census(persist_backend *store)
{
    struct census sum = {0};
    struct namespace *ns;

    LIST_FOREACH(ns, &store->namespaces, link)
    {
        sum.namespaces++;
        for (struct version *key = memory_key_from(ns, (persist_bytes){0}); key != NULL;
             key = memory_version_at(ns, key->key, INT64_MIN))
            for (struct version *v = key; v != NULL; v = memory_older(v)) {
                sum.versions++;
                sum.bytes += (int64_t)(v->key.size + v->value.size);
            }
        for (struct record *r = memory_record_after(ns, 0); r != NULL; r = memory_record_next(r)) {
            sum.records++;
            sum.bytes += (int64_t)r->data.size;
        }
    }
    return sum;
}

static persist_status admin_stats(const persist_call *call, persist_session *session,
                                  persist_on_stat take, void *context)
{
    persist_status status = memory_enter(call, session, false);

    if (status != PERSIST_OK)
        return status;
    struct census sum = census(session->store);
    const persist_stat stats[] = {
        {"namespaces", "", "namespaces", sum.namespaces},
        {"versions", "rows", "versions kept, tombstones included", sum.versions},
        {"records", "rows", "commit records kept", sum.records},
        {"bytes", "bytes", "keys, values and records", sum.bytes},
    };
    for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]) && status == PERSIST_OK; i++)
        status = take(context, &stats[i]);
    memory_leave(session);
    return status;
}

/* -------------------------------------------------------------------------- tables */

static const persist_life memory_life = {
    .size = sizeof(memory_life),
    .load = life_load,
    .check_config = life_check_config,
    .store_open = life_store_open,
    .store_close = life_store_close,
    .store_caps = life_store_caps,
    .store_limits = life_store_limits,
    .session_open = life_session_open,
    .session_close = life_session_close,
    .session_ping = life_session_ping,
    .session_reset = life_session_ping,
    .interrupt = life_interrupt,
};

static const persist_store_ops memory_store = {
    .size = sizeof(memory_store),
    .namespace_list = memory_namespace_list,
    .namespace_create = memory_namespace_create,
    .namespace_drop = memory_namespace_drop,
    .head = memory_head,
    .read = memory_read,
    .scan = memory_scan,
    .changes = memory_changes,
    .append = memory_append,
    .control = memory_control,
    .meta_get = memory_meta_get,
    .meta_put = memory_meta_put,
};

static const persist_admin_ops memory_admin = {
    .size = sizeof(memory_admin),
    .migrate_plan = admin_migrate_plan,
    .migrate_apply = admin_migrate_apply,
    .stats = admin_stats,
};

PERSIST_PLUGIN("memory", "memory", "memory", "0.1.0", "MIT", "Keeps data in memory, for one run.",
               MEMORY_CAPS, memory_limits, memory_life, memory_store, memory_admin, NULL, 0);
