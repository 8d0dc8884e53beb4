/* SPDX-License-Identifier: MIT */
#include "core/session/backend.h"

#include "core/base/clock.h"
#include "core/session/call.h"
#include "core/session/running.h"

#include <stdlib.h>
#include <string.h>

struct backend {
    const struct plugin *plugin;
    persist_backend *handle;
    uint64_t caps;
    persist_limits limits;
    struct pool pool;
};

/* A session that leaves the process is asked whether it still lives when it was idle for
 * so long: servers and what stands before them drop connections silently. */
#define PING_AFTER (5 * NS_PER_S)

/* The smaller of two bounds of which 0 is none. */
static uint64_t tighter(uint64_t a, uint64_t b)
{
    return !a || (b && b < a) ? b : a;
}

static void learn_limits(struct backend *backend)
{
    persist_limits *limits = &backend->limits;
    const persist_limits *most = &backend->plugin->limits;
    limits->size = sizeof *limits;
    backend->plugin->life.store_limits(backend->handle, limits);
    limits->key_bytes = tighter(limits->key_bytes, most->key_bytes);
    limits->value_bytes = tighter(limits->value_bytes, most->value_bytes);
    limits->append_versions = tighter(limits->append_versions, most->append_versions);
    limits->append_bytes = tighter(limits->append_bytes, most->append_bytes);
    limits->read_keys = tighter(limits->read_keys, most->read_keys);
    limits->sessions = tighter(limits->sessions, most->sessions);
}

persist_status backend_open(const struct plugin *plugin, const struct backend_options *options,
                            int64_t deadline, struct backend **out, persist_error *error)
{
    struct backend *backend = calloc(1, sizeof *backend);
    if (!backend)
        return error_no_memory(error);
    backend->plugin = plugin;
    persist_status status = running_enter(plugin, error);
    if (status != PERSIST_OK)
        goto fail;
    persist_open open = {.size = sizeof open,
                         .url = options->url,
                         .settings = options->settings,
                         .durability = options->durability,
                         .flags = options->flags,
                         .sessions = options->sessions};
    struct call call;
    call_begin(&call, deadline);
    status = plugin->life.store_open(&call.frame, &open, &backend->handle);
    status = call_end(&call, status, error);
    if (status != PERSIST_OK)
        goto fail_running;
    backend->caps = plugin->life.store_caps(backend->handle) & plugin->descriptor->caps;
    learn_limits(backend);
    struct pool_options pool = {.max = (size_t)tighter(options->sessions, backend->limits.sessions),
                                .min = options->idle_sessions,
                                .idle_timeout = options->idle_timeout,
                                .ping_after =
                                    backend->caps & PERSIST_CAP_IN_PROCESS ? -1 : PING_AFTER};
    status = pool_init(&backend->pool, plugin, backend->handle, &pool, error);
    if (status != PERSIST_OK)
        goto fail_open;
    *out = backend;
    return PERSIST_OK;
fail_open:
    plugin->life.store_close(backend->handle);
fail_running:
    running_leave(plugin);
fail:
    free(backend);
    return status;
}

void backend_close(struct backend *backend)
{
    if (!backend)
        return;
    pool_close(&backend->pool);
    backend->plugin->life.store_close(backend->handle);
    running_leave(backend->plugin);
    free(backend);
}

void backend_abandon(struct backend *backend)
{
    if (!backend)
        return;
    pool_abandon(&backend->pool);
    free(backend);
}

const struct plugin *backend_plugin(const struct backend *backend)
{
    return backend->plugin;
}

uint64_t backend_caps(const struct backend *backend)
{
    return backend->caps;
}

const persist_limits *backend_limits(const struct backend *backend)
{
    return &backend->limits;
}

void backend_gauges(struct backend *backend, struct pool_gauges *gauges)
{
    pool_gauges(&backend->pool, gauges);
}

void backend_tidy(struct backend *backend)
{
    pool_tidy(&backend->pool);
}

persist_status backend_thread_enter(struct backend *backend, persist_error *error)
{
    const struct plugin *plugin = backend->plugin;
    persist_status status = plugin->life.thread_enter ? plugin->life.thread_enter() : PERSIST_OK;
    if (status != PERSIST_OK)
        error_set(error, status, "plugin %s could not enter a thread: %s", plugin->path,
                  persist_status_text(status));
    return status;
}

void backend_thread_leave(struct backend *backend)
{
    if (backend->plugin->life.thread_leave)
        backend->plugin->life.thread_leave();
}

/* One operation: the session it has, and its frame. */
struct operation {
    struct backend *backend;
    persist_session *session;
    struct cancel *cancel;
    struct call call;
};

static persist_status operation_begin(struct operation *op, struct backend *backend,
                                      int64_t deadline, struct cancel *cancel, persist_error *error)
{
    op->backend = backend;
    op->cancel = cancel;
    persist_status status = pool_take(&backend->pool, deadline, &op->session, error);
    if (status != PERSIST_OK)
        return status;
    if (cancel && !cancel_enter(cancel, op->session, backend->plugin->life.interrupt)) {
        pool_give(&backend->pool, op->session, true);
        return error_set(error, PERSIST_INTERRUPTED, "the call was cancelled");
    }
    call_begin(&op->call, deadline);
    return PERSIST_OK;
}

/* Answers about data, after which a session is as good as before. */
static bool is_answer(persist_status status)
{
    switch (status) {
    case PERSIST_OK:
    case PERSIST_NOT_FOUND:
    case PERSIST_EXISTS:
    case PERSIST_CONFLICT:
    case PERSIST_TOO_OLD:
    case PERSIST_FENCED:
    case PERSIST_MOVED:
    case PERSIST_LOADING:
    case PERSIST_LIMIT:
        return true;
    default:
        return false;
    }
}

static persist_status operation_end(struct operation *op, persist_status status,
                                    persist_error *error)
{
    const persist_life *life = &op->backend->plugin->life;
    bool good = !op->call.error.session_dead;
    int64_t deadline = op->call.frame.deadline;
    if (op->cancel)
        cancel_leave(op->cancel);
    status = call_end(&op->call, status, error);
    if (good && !is_answer(status)) {
        call_begin(&op->call, deadline);
        persist_status reset = life->session_reset(&op->call.frame, op->session);
        good = call_end(&op->call, reset, NULL) == PERSIST_OK;
    }
    pool_give(&op->backend->pool, op->session, good);
    return status;
}

/* Runs table.member with these arguments on a session of the backend. */
#define RUN_CANCELLABLE(cancel_, table, member, ...)                                     \
    do {                                                                                 \
        struct operation op;                                                             \
        persist_status status = operation_begin(&op, backend, deadline, cancel_, error); \
        if (status != PERSIST_OK)                                                        \
            return status;                                                               \
        status = backend->plugin->table.member(&op.call.frame, op.session, __VA_ARGS__); \
        return operation_end(&op, status, error);                                        \
    } while (0)

#define RUN(table, member, ...) RUN_CANCELLABLE(NULL, table, member, __VA_ARGS__)

static void clear_clock(persist_clock *clock)
{
    memset(clock, 0, sizeof *clock);
    clock->size = sizeof *clock;
}

persist_status backend_namespace_list(struct backend *backend, int64_t deadline,
                                      persist_on_namespace take, void *context,
                                      persist_error *error)
{
    RUN(store, namespace_list, take, context);
}

persist_status backend_namespace_create(struct backend *backend, int64_t deadline,
                                        const persist_namespace_spec *spec, uint32_t *ns,
                                        persist_error *error)
{
    RUN(store, namespace_create, spec, ns);
}

persist_status backend_namespace_drop(struct backend *backend, int64_t deadline, uint32_t ns,
                                      persist_error *error)
{
    RUN(store, namespace_drop, ns);
}

persist_status backend_head(struct backend *backend, int64_t deadline, uint32_t ns,
                            persist_clock *clock, persist_error *error)
{
    clear_clock(clock);
    RUN(store, head, ns, clock, NULL, NULL);
}

persist_status backend_read(struct backend *backend, int64_t deadline, struct cancel *cancel,
                            persist_read *read, persist_clock *clock, persist_on_version take,
                            void *context, persist_error *error)
{
    read->size = sizeof *read;
    clear_clock(clock);
    RUN_CANCELLABLE(cancel, store, read, read, clock, take, context);
}

persist_status backend_scan(struct backend *backend, int64_t deadline, struct cancel *cancel,
                            persist_scan_range *range, persist_clock *clock,
                            persist_on_version take, void *context, int *more, persist_error *error)
{
    range->size = sizeof *range;
    clear_clock(clock);
    RUN_CANCELLABLE(cancel, store, scan, range, clock, take, context, more);
}

persist_status backend_changes(struct backend *backend, int64_t deadline, persist_changes *changes,
                               persist_clock *clock, persist_on_record take, void *context,
                               int *more, persist_error *error)
{
    changes->size = sizeof *changes;
    clear_clock(clock);
    RUN(store, changes, changes, clock, take, context, more);
}

persist_status backend_append(struct backend *backend, int64_t deadline, persist_append *append,
                              persist_clock *clock, persist_error *error)
{
    append->size = sizeof *append;
    clear_clock(clock);
    RUN(store, append, append, clock);
}

persist_status backend_migrate_plan(struct backend *backend, int64_t deadline,
                                    persist_on_migration take, void *context, persist_error *error)
{
    RUN(admin, migrate_plan, take, context);
}

persist_status backend_migrate_apply(struct backend *backend, int64_t deadline,
                                     persist_on_migration done, void *context, persist_error *error)
{
    RUN(admin, migrate_apply, done, context);
}

persist_status backend_stats(struct backend *backend, int64_t deadline, persist_on_stat take,
                             void *context, persist_error *error)
{
    RUN(admin, stats, take, context);
}
