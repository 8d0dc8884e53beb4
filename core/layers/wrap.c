/* SPDX-License-Identifier: MIT */
/*
 * The tables of a layer: each function calls the hook before, the inner plugin's
 * function, and the hook after. Handles are the layer's own and hold the inner ones.
 */
#include "core/layers/wrap.h"

#include "core/base/clock.h"
#include "core/layers/call.h"

#include <assert.h>
#include <stdlib.h>

struct persist_backend {
    struct layer *layer;
    persist_backend *inner;
};

struct persist_session {
    struct layer *layer;
    persist_session *inner;
    struct layer_nap nap;
};

struct layer_nap *layer_call_nap(const struct layer_call *call)
{
    return call->session ? &call->session->nap : NULL;
}

/* ---- the hooks around a call */

static struct layer_call begin(const persist_call *frame, persist_session *session,
                               enum layer_op op, uint32_t ns)
{
    if (session)
        layer_nap_begin(&session->nap);
    return (struct layer_call){
        .op = op, .frame = frame, .session = session, .ns = ns, .began = clock_monotonic()};
}

static persist_status before(const struct layer *layer, struct layer_call *call)
{
    return layer->kind->before ? layer->kind->before(layer->state, call) : PERSIST_OK;
}

static persist_status after(const struct layer *layer, struct layer_call *call,
                            persist_status status)
{
    return layer->kind->after ? layer->kind->after(layer->state, call, status) : status;
}

/* The rest of a function: runs table.member of the inner plugin between the hooks. */
#define PASS(at, table, member, ...)                                            \
    do {                                                                        \
        const struct layer *layer = session->layer;                             \
        persist_status status = before(layer, &at);                             \
        if (status != PERSIST_OK)                                               \
            return status;                                                      \
        status = layer->inner->table.member(call, session->inner, __VA_ARGS__); \
        return after(layer, &at, status);                                       \
    } while (0)

/* Callbacks of the caller's, with what passes through them counted. */
struct tap {
    struct layer_call *call;
    persist_on_version version;
    persist_on_record record;
    persist_on_namespace name;
    void *context;
};

static persist_status tap_version(void *context, const persist_version *version)
{
    const struct tap *tap = context;
    tap->call->rows++;
    tap->call->row_bytes += version->key.size + version->value.size;
    return tap->version(tap->context, version);
}

static persist_status tap_record(void *context, const persist_record *record)
{
    const struct tap *tap = context;
    tap->call->rows++;
    tap->call->row_bytes += record->data.size;
    return tap->record(tap->context, record);
}

static persist_status tap_name(void *context, const persist_namespace_row *row)
{
    const struct tap *tap = context;
    tap->call->rows++;
    return tap->name(tap->context, row);
}

/* ---- life */

static persist_status open_in(unsigned index, const persist_call *call, const persist_open *open,
                              persist_backend **out)
{
    struct layer *layer = layers_at(index);
    struct layer_call at = begin(call, NULL, LAYER_store_open, 0);
    persist_backend *store = calloc(1, sizeof *store);
    if (!store)
        return PERSIST_NO_MEMORY;
    store->layer = layer;
    persist_status status = before(layer, &at);
    if (status == PERSIST_OK) {
        status = layer->inner->life.store_open(call, open, &store->inner);
        bool opened = status == PERSIST_OK;
        status = after(layer, &at, status);
        if (opened && status != PERSIST_OK)
            layer->inner->life.store_close(store->inner);
    }
    if (status == PERSIST_OK)
        *out = store;
    else
        free(store);
    return status;
}

static void store_close(persist_backend *store)
{
    store->layer->inner->life.store_close(store->inner);
    free(store);
}

static uint64_t store_caps(persist_backend *store)
{
    return store->layer->inner->life.store_caps(store->inner);
}

static void store_limits(persist_backend *store, persist_limits *limits)
{
    store->layer->inner->life.store_limits(store->inner, limits);
}

static persist_status session_open(const persist_call *call, persist_backend *store,
                                   persist_session **out)
{
    const struct layer *layer = store->layer;
    struct layer_call at = begin(call, NULL, LAYER_session_open, 0);
    persist_session *session = calloc(1, sizeof *session);
    if (!session)
        return PERSIST_NO_MEMORY;
    session->layer = store->layer;
    persist_status status = before(layer, &at);
    if (status == PERSIST_OK) {
        status = layer->inner->life.session_open(call, store->inner, &session->inner);
        bool opened = status == PERSIST_OK;
        status = after(layer, &at, status);
        if (opened && status != PERSIST_OK)
            layer->inner->life.session_close(session->inner);
    }
    if (status != PERSIST_OK) {
        free(session);
        return status;
    }
    layer_nap_init(&session->nap);
    *out = session;
    return PERSIST_OK;
}

static void session_close(persist_session *session)
{
    session->layer->inner->life.session_close(session->inner);
    layer_nap_destroy(&session->nap);
    free(session);
}

/* Functions without arguments of their own. */
#define PASS_BARE(at, table, member)                                                \
    do {                                                                            \
        const struct layer *layer = session->layer;                                 \
        persist_status status = before(layer, &at);                                 \
        if (status != PERSIST_OK)                                                   \
            return status;                                                          \
        return after(layer, &at, layer->inner->table.member(call, session->inner)); \
    } while (0)

static persist_status session_ping(const persist_call *call, persist_session *session)
{
    struct layer_call at = begin(call, session, LAYER_session_ping, 0);
    PASS_BARE(at, life, session_ping);
}

static persist_status session_reset(const persist_call *call, persist_session *session)
{
    struct layer_call at = begin(call, session, LAYER_session_reset, 0);
    PASS_BARE(at, life, session_reset);
}

static void interrupt(persist_session *session)
{
    layer_nap_cut(&session->nap);
    session->layer->inner->life.interrupt(session->inner);
}

/* ---- store */

static persist_status namespace_list(const persist_call *call, persist_session *session,
                                     persist_on_namespace take, void *context)
{
    struct layer_call at = begin(call, session, LAYER_namespace_list, 0);
    struct tap tap = {.call = &at, .name = take, .context = context};
    PASS(at, store, namespace_list, tap_name, &tap);
}

static persist_status namespace_create(const persist_call *call, persist_session *session,
                                       const persist_namespace_spec *spec, uint32_t *ns)
{
    struct layer_call at = begin(call, session, LAYER_namespace_create, 0);
    PASS(at, store, namespace_create, spec, ns);
}

static persist_status namespace_drop(const persist_call *call, persist_session *session,
                                     uint32_t ns)
{
    struct layer_call at = begin(call, session, LAYER_namespace_drop, ns);
    PASS(at, store, namespace_drop, ns);
}

static persist_status head(const persist_call *call, persist_session *session, uint32_t ns,
                           persist_clock *clock, persist_on_control take, void *context)
{
    struct layer_call at = begin(call, session, LAYER_head, ns);
    PASS(at, store, head, ns, clock, take, context);
}

static persist_status read_keys(const persist_call *call, persist_session *session,
                                const persist_read *read, persist_clock *clock,
                                persist_on_version take, void *context)
{
    struct layer_call at = begin(call, session, LAYER_read, read->ns);
    struct tap tap = {.call = &at, .version = take, .context = context};
    at.items = read->n_keys;
    for (size_t i = 0; i < read->n_keys; i++)
        at.item_bytes += read->keys[i].key.size;
    PASS(at, store, read, read, clock, take ? tap_version : NULL, &tap);
}

static persist_status scan(const persist_call *call, persist_session *session,
                           const persist_scan_range *range, persist_clock *clock,
                           persist_on_version take, void *context, int *more)
{
    struct layer_call at = begin(call, session, LAYER_scan, range->ns);
    struct tap tap = {.call = &at, .version = take, .context = context};
    PASS(at, store, scan, range, clock, tap_version, &tap, more);
}

static persist_status changes(const persist_call *call, persist_session *session,
                              const persist_changes *changes, persist_clock *clock,
                              persist_on_record take, void *context, int *more)
{
    struct layer_call at = begin(call, session, LAYER_changes, changes->ns);
    struct tap tap = {.call = &at, .record = take, .context = context};
    PASS(at, store, changes, changes, clock, tap_record, &tap, more);
}

static persist_status append(const persist_call *call, persist_session *session,
                             const persist_append *append, persist_clock *clock)
{
    struct layer_call at = begin(call, session, LAYER_append, append->ns);
    at.items = append->n_versions;
    at.item_bytes = append->record.data.size;
    for (size_t i = 0; i < append->n_versions; i++)
        at.item_bytes += append->versions[i].key.size + append->versions[i].value.size;
    PASS(at, store, append, append, clock);
}

static persist_status control(const persist_call *call, persist_session *session, uint32_t ns,
                              const persist_control *control, persist_clock *clock)
{
    struct layer_call at = begin(call, session, LAYER_control, ns);
    PASS(at, store, control, ns, control, clock);
}

static persist_status collect(const persist_call *call, persist_session *session, uint32_t ns,
                              uint64_t epoch, const persist_read_key *keys, size_t n_keys,
                              persist_on_version removed, void *context)
{
    struct layer_call at = begin(call, session, LAYER_collect, ns);
    struct tap tap = {.call = &at, .version = removed, .context = context};
    at.items = n_keys;
    for (size_t i = 0; i < n_keys; i++)
        at.item_bytes += keys[i].key.size;
    PASS(at, store, collect, ns, epoch, keys, n_keys, removed ? tap_version : NULL, &tap);
}

static persist_status trim(const persist_call *call, persist_session *session, uint32_t ns,
                           uint64_t max, int *left)
{
    struct layer_call at = begin(call, session, LAYER_trim, ns);
    PASS(at, store, trim, ns, max, left);
}

static persist_status repair(const persist_call *call, persist_session *session, uint32_t ns,
                             uint64_t epoch, const persist_version *version, const char *reason)
{
    struct layer_call at = begin(call, session, LAYER_repair, ns);
    at.items = 1;
    at.item_bytes = version->key.size + version->value.size;
    PASS(at, store, repair, ns, epoch, version, reason);
}

static persist_status meta_get(const persist_call *call, persist_session *session, uint32_t ns,
                               const char *name, persist_on_version take, void *context)
{
    struct layer_call at = begin(call, session, LAYER_meta_get, ns);
    struct tap tap = {.call = &at, .version = take, .context = context};
    PASS(at, store, meta_get, ns, name, tap_version, &tap);
}

static persist_status meta_put(const persist_call *call, persist_session *session, uint32_t ns,
                               const char *name, const persist_bytes *value)
{
    struct layer_call at = begin(call, session, LAYER_meta_put, ns);
    at.items = 1;
    at.item_bytes = value ? value->size : 0;
    PASS(at, store, meta_put, ns, name, value);
}

static persist_status wait_change(const persist_call *call, persist_session *session, uint32_t ns,
                                  int64_t since, persist_clock *clock)
{
    struct layer_call at = begin(call, session, LAYER_wait_change, ns);
    PASS(at, store, wait_change, ns, since, clock);
}

/* ---- admin */

static persist_status migrate_plan(const persist_call *call, persist_session *session,
                                   persist_on_migration take, void *context)
{
    struct layer_call at = begin(call, session, LAYER_migrate_plan, 0);
    PASS(at, admin, migrate_plan, take, context);
}

static persist_status migrate_apply(const persist_call *call, persist_session *session,
                                    persist_on_migration done, void *context)
{
    struct layer_call at = begin(call, session, LAYER_migrate_apply, 0);
    PASS(at, admin, migrate_apply, done, context);
}

static persist_status stats(const persist_call *call, persist_session *session,
                            persist_on_stat take, void *context)
{
    struct layer_call at = begin(call, session, LAYER_stats, 0);
    PASS(at, admin, stats, take, context);
}

static persist_status verify(const persist_call *call, persist_session *session,
                             persist_on_finding take, void *context)
{
    struct layer_call at = begin(call, session, LAYER_verify, 0);
    PASS(at, admin, verify, take, context);
}

static persist_status explain(const persist_call *call, persist_session *session,
                              const persist_scan_range *range, persist_on_finding take,
                              void *context)
{
    struct layer_call at = begin(call, session, LAYER_explain, range->ns);
    PASS(at, admin, explain, range, take, context);
}

static persist_status maintain(const persist_call *call, persist_session *session)
{
    struct layer_call at = begin(call, session, LAYER_maintain, 0);
    PASS_BARE(at, admin, maintain);
}

/* ---- the tables */

#define OPEN_IN(n)                                                                        \
    static persist_status open_in_##n(const persist_call *call, const persist_open *open, \
                                      persist_backend **store)                            \
    {                                                                                     \
        return open_in(n, call, open, store);                                             \
    }
/* Written by hand: clang-format changes its mind about it each time. */
/* clang-format off */
#define OPEN_EACH(X)                        \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) \
    X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) \
    X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) \
    X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31)
/* clang-format on */
OPEN_EACH(OPEN_IN)

typedef persist_status (*open_fn)(const persist_call *, const persist_open *, persist_backend **);
#define OPEN_NAME(n) open_in_##n,
static const open_fn opens[] = {OPEN_EACH(OPEN_NAME)};
_Static_assert(sizeof opens / sizeof *opens == LAYERS_MAX, "an entry for each layer");

/* Takes ours over theirs where they have one at all. */
#define OVER(table, member, ours)                \
    do {                                         \
        if (layer->plugin.table.member)          \
            layer->plugin.table.member = (ours); \
    } while (0)

static void wrap_life(struct layer *layer, unsigned index)
{
    OVER(life, store_open, opens[index]);
    OVER(life, store_close, store_close);
    OVER(life, store_caps, store_caps);
    OVER(life, store_limits, store_limits);
    OVER(life, session_open, session_open);
    OVER(life, session_close, session_close);
    OVER(life, session_ping, session_ping);
    OVER(life, session_reset, session_reset);
    OVER(life, interrupt, interrupt);
}

static void wrap_store(struct layer *layer)
{
    OVER(store, namespace_list, namespace_list);
    OVER(store, namespace_create, namespace_create);
    OVER(store, namespace_drop, namespace_drop);
    OVER(store, head, head);
    OVER(store, read, read_keys);
    OVER(store, scan, scan);
    OVER(store, changes, changes);
    OVER(store, append, append);
    OVER(store, control, control);
    OVER(store, collect, collect);
    OVER(store, trim, trim);
    OVER(store, repair, repair);
    OVER(store, meta_get, meta_get);
    OVER(store, meta_put, meta_put);
    OVER(store, wait_change, wait_change);
}

static void wrap_admin(struct layer *layer)
{
    OVER(admin, migrate_plan, migrate_plan);
    OVER(admin, migrate_apply, migrate_apply);
    OVER(admin, stats, stats);
    OVER(admin, verify, verify);
    OVER(admin, explain, explain);
    OVER(admin, maintain, maintain);
}

void wrap_plugin(struct layer *layer, unsigned index)
{
    assert(index < LAYERS_MAX);
    layer->plugin = *layer->inner;
    wrap_life(layer, index);
    wrap_store(layer);
    wrap_admin(layer);
}
