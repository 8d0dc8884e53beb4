/* SPDX-License-Identifier: MIT */
/* Life of the plugin, of its stores and sessions; admin; and who it is. */
#include "example.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

persist_host example_host;

void example_copy_in(void *to, size_t capacity, const void *from, size_t size)
{
    memset(to, 0, capacity);
    memcpy(to, from, size < capacity ? size : capacity);
}

/* ---- calls */

persist_status example_fail(const persist_call *call, persist_status status, const char *format,
                            ...)
{
    char text[512];
    persist_error_detail detail = {.size = sizeof(detail), .text = text};
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (status == PERSIST_CONFLICT)
        detail.flags = PERSIST_RETRYABLE;
    example_host.set_error(call, &detail);
    return status;
}

persist_status example_go_on(const persist_call *call, persist_session *session)
{
    if (atomic_load(&session->interrupted))
        return example_fail(call, PERSIST_INTERRUPTED, "interrupted on request");
    if (call->deadline != PERSIST_NO_DEADLINE && example_host.monotonic() >= call->deadline)
        return example_fail(call, PERSIST_TIMEOUT, "the deadline of the call passed");
    return PERSIST_OK;
}

/* An interrupt that came before the call is forgotten. */
persist_status example_enter(const persist_call *call, persist_session *session)
{
    persist_status status;

    atomic_store(&session->interrupted, false);
    status = example_go_on(call, session);
    if (status == PERSIST_OK)
        pthread_mutex_lock(&session->store->lock);
    return status;
}

void example_leave(persist_session *session)
{
    pthread_mutex_unlock(&session->store->lock);
}

/* ---- stores */

static persist_status load(const persist_host *host)
{
    example_copy_in(&example_host, sizeof(example_host), host, host->size);
    return PERSIST_OK;
}

/* The path of example:PATH; false if the URL has none. */
static bool path_of(const char *url, char path[PATH_MAX])
{
    const char *colon = strchr(url, ':');

    return colon != NULL && colon[1] != '\0' &&
           example_host.percent_decode(colon + 1, strlen(colon + 1), path, PATH_MAX) > 0;
}

static const char url_remedy[] = "say which file: example:/path/to/file";

static persist_status check_config(const persist_call *call, const char *url,
                                   const persist_settings *settings)
{
    char path[PATH_MAX];

    (void)call;
    if (path_of(url, path))
        return PERSIST_OK;
    example_host.setting_error(settings, NULL, url_remedy);
    return PERSIST_CONFIG;
}

static persist_status store_open(const persist_call *call, const persist_open *open,
                                 persist_backend **out)
{
    char path[PATH_MAX];
    bool reads = (open->flags & PERSIST_OPEN_READ_ONLY) != 0;
    persist_backend *store;
    persist_status status;

    if (!path_of(open->url, path))
        return example_fail(call, PERSIST_CONFIG, "%s", url_remedy);
    store = example_host.alloc(sizeof(*store));
    if (store == NULL)
        return example_fail(call, PERSIST_NO_MEMORY, "out of memory");
    *store = (persist_backend){0};
    status = example_log_open(call, &store->log, path, open->flags);
    if (status == PERSIST_OK && store->log.made_at != 0)
        status = example_log_read(call, &store->log, !reads, example_apply, store);
    if (status != PERSIST_OK || pthread_mutex_init(&store->lock, NULL) != 0) {
        example_log_close(&store->log);
        example_state_free(store);
        example_host.release(store);
        return status != PERSIST_OK ? status : PERSIST_NO_MEMORY;
    }
    *out = store;
    return PERSIST_OK;
}

static void store_close(persist_backend *store)
{
    example_log_close(&store->log);
    example_state_free(store);
    pthread_mutex_destroy(&store->lock);
    example_host.release(store);
}

/* Not PERSIST_CAP_SHARED: the file is locked. Each append is synced, so POWER is kept. */
#define CAPS (PERSIST_CAP_IN_PROCESS | PERSIST_CAP_PERSISTENT | PERSIST_CAP_POWER)

static const persist_limits limits = {
    .size = sizeof(limits),
    .key_bytes = EXAMPLE_KEY_BYTES,
    .value_bytes = EXAMPLE_VALUE_BYTES,
    .append_versions = EXAMPLE_APPEND_VERSIONS,
    .append_bytes = EXAMPLE_APPEND_BYTES,
    .read_keys = EXAMPLE_READ_KEYS,
    .sessions = EXAMPLE_SESSIONS,
};

static uint64_t store_caps(persist_backend *store)
{
    (void)store;
    return CAPS;
}

static void store_limits(persist_backend *store, persist_limits *out)
{
    size_t size = out->size < sizeof(limits) ? out->size : sizeof(limits);

    (void)store;
    memcpy(out, &limits, size);
    out->size = size;
}

/* ---- sessions: they hold nothing, so that none can go bad */

static persist_status session_open(const persist_call *call, persist_backend *store,
                                   persist_session **out)
{
    persist_session *session = example_host.alloc(sizeof(*session));
    bool room;

    if (session == NULL)
        return example_fail(call, PERSIST_NO_MEMORY, "out of memory");
    pthread_mutex_lock(&store->lock);
    room = store->sessions < EXAMPLE_SESSIONS;
    store->sessions += room;
    pthread_mutex_unlock(&store->lock);
    if (!room) {
        example_host.release(session);
        return example_fail(call, PERSIST_LIMIT, "%d sessions are open: close one",
                            EXAMPLE_SESSIONS);
    }
    session->store = store;
    atomic_init(&session->interrupted, false);
    *out = session;
    return PERSIST_OK;
}

static void session_close(persist_session *session)
{
    pthread_mutex_lock(&session->store->lock);
    session->store->sessions--;
    pthread_mutex_unlock(&session->store->lock);
    example_host.release(session);
}

static persist_status session_ping(const persist_call *call, persist_session *session)
{
    (void)call;
    (void)session;
    return PERSIST_OK;
}

static void interrupt(persist_session *session)
{
    atomic_store(&session->interrupted, true);
}

/* ---- admin */

static persist_status tell_step(persist_session *session, persist_on_migration take, void *context)
{
    const persist_migration step = {1, "the header of the file", session->store->log.made_at};

    return take(context, &step);
}

static persist_status migrate_plan(const persist_call *call, persist_session *session,
                                   persist_on_migration take, void *context)
{
    persist_status status = example_enter(call, session);

    if (status != PERSIST_OK)
        return status;
    status = tell_step(session, take, context);
    example_leave(session);
    return status;
}

static persist_status migrate_apply(const persist_call *call, persist_session *session,
                                    persist_on_migration done, void *context)
{
    persist_status status = example_enter(call, session);

    if (status != PERSIST_OK)
        return status;
    if (session->store->log.made_at == 0) {
        status = example_log_make(call, &session->store->log);
        if (status == PERSIST_OK)
            status = tell_step(session, done, context);
    }
    example_leave(session);
    return status;
}

static persist_status stats(const persist_call *call, persist_session *session,
                            persist_on_stat take, void *context)
{
    persist_stat file = {"file", "bytes", "size of the file", 0};
    persist_stat versions = {"versions", "rows", "versions of all namespaces", 0};
    persist_status status = example_enter(call, session);

    if (status != PERSIST_OK)
        return status;
    file.value = session->store->log.end;
    for (struct space *space = session->store->spaces; space != NULL; space = space->next)
        versions.value += (int64_t)space->n_versions;
    status = take(context, &file);
    if (status == PERSIST_OK)
        status = take(context, &versions);
    example_leave(session);
    return status;
}

/* ---- tables */

static const persist_life life = {
    .size = sizeof(life),
    .load = load,
    .check_config = check_config,
    .store_open = store_open,
    .store_close = store_close,
    .store_caps = store_caps,
    .store_limits = store_limits,
    .session_open = session_open,
    .session_close = session_close,
    .session_ping = session_ping,
    .session_reset = session_ping,
    .interrupt = interrupt,
};

static const persist_admin_ops admin = {
    .size = sizeof(admin),
    .migrate_plan = migrate_plan,
    .migrate_apply = migrate_apply,
    .stats = stats,
};

PERSIST_PLUGIN("example", "example", "example", "1.0", "MIT", "Keeps data in an append-only file.",
               CAPS, limits, life, example_store, admin, NULL, 0);
