/* SPDX-License-Identifier: MIT */
/* What a store tells of itself: what it is, its clock, its figures, its health. */
#include "core/store.h"

#include "core/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *persist_library_version(void)
{
    return PERSIST_VERSION;
}

void persist_abi_version(uint32_t *major, uint32_t *minor)
{
    *major = PERSIST_ABI_MAJOR;
    *minor = PERSIST_ABI_MINOR;
}

const char *persist_plugin_dir(void)
{
    return PERSIST_PLUGINDIR;
}

/* Copies as much of a filled struct as the caller's reaches, keeping its size. */
static void hand_out(void *out, size_t out_size, const void *filled, size_t size)
{
    memcpy((char *)out + sizeof(size_t), (const char *)filled + sizeof(size_t),
           (out_size && out_size < size ? out_size : size) - sizeof(size_t));
}

/* A backend that keeps nothing takes either durability, and keeps neither. */
static persist_durability survives(const persist_store *store)
{
    if (!(backend_caps(store->backend) & PERSIST_CAP_PERSISTENT))
        return (persist_durability)0;
    return store->durability;
}

void persist_store_describe(persist_store *store, persist_store_info *out)
{
    const struct plugin *plugin = backend_plugin(store->backend);
    persist_store_info info = {.backend = plugin->descriptor->head.name,
                               .plugin_file = plugin->path,
                               .plugin_version = plugin->descriptor->head.version,
                               .url = store->url,
                               .ns = store->ns_name,
                               .caps = backend_caps(store->backend),
                               .max_key = store->settings.max_key,
                               .max_value = store->settings.max_value,
                               .durability = survives(store)};
    hand_out(out, out->size, &info, sizeof info);
}

persist_status persist_head(persist_store *store, const char *name, persist_head_info *out,
                            persist_error *error)
{
    uint32_t id;
    persist_clock clock;
    persist_status status = store_usable(store, "head", error);
    if (status == PERSIST_OK)
        status = store_ns_id(store, name, store_deadline(store), &id, error);
    if (status == PERSIST_OK)
        status = backend_head(store->backend, store_deadline(store), id, &clock, error);
    if (status != PERSIST_OK)
        return status;
    int64_t now = clock.engine_time ? clock.engine_time : clock_wall();
    persist_head_info info = {.head = clock.head,
                              .digest = clock.head_digest,
                              .versions = clock.versions,
                              .epoch = clock.epoch,
                              .horizon = clock.horizon,
                              .log_floor = clock.log_floor,
                              .retention = clock.retention,
                              .engine_time = now,
                              .clock_lead = clock.head > now ? clock.head - now : 0,
                              .state = clock.state};
    hand_out(out, out->size, &info, sizeof info);
    return PERSIST_OK;
}

struct stat_telling {
    persist_stat_fn fn;
    void *context;
};

static persist_status tell_stat(void *context, const persist_stat *stat)
{
    const struct stat_telling *telling = context;
    return telling->fn(telling->context, stat->name, stat->value, stat->unit, stat->help);
}

persist_status persist_stats(persist_store *store, persist_stat_fn fn, void *context,
                             persist_error *error)
{
    struct stat_telling telling = {fn, context};
    persist_status status = store_usable(store, "stats", error);
    if (status != PERSIST_OK)
        return status;
    return backend_stats(store->backend, store_deadline(store), tell_stat, &telling, error);
}

/* ---- health: a real commit, read back */

#define HEALTH_RETENTION (INT64_C(3600) * NS_PER_S)

static persist_status write_probe(persist_tx *tx, void *context, persist_error *error)
{
    return persist_put(tx, persist_text("probe"), persist_text(context), error);
}

static persist_status read_probe(persist_store *store, const char *expected, persist_error *error)
{
    persist_tx_options options = {
        .size = sizeof options, .flags = PERSIST_TX_READ_ONLY, .ns = STORE_HEALTH_NS};
    persist_row row = {.size = sizeof row};
    persist_tx *tx = NULL;
    persist_status status = persist_begin(store, &options, &tx, error);
    if (status == PERSIST_OK)
        status = persist_get(tx, persist_text("probe"), &row, error);
    /* Another process may have written its own probe since. */
    if (status == PERSIST_OK && row.value.size != strlen(expected))
        status = error_set(error, PERSIST_DAMAGED, "the probe read back is not one");
    persist_tx_free(tx);
    return status;
}

static persist_status probe(persist_store *store, persist_health_report *report,
                            persist_error *error)
{
    char value[40];
    persist_tx_options options = {.size = sizeof options, .ns = STORE_HEALTH_NS};
    snprintf(value, sizeof value, "%020" PRId64, clock_wall());
    int64_t begin = clock_monotonic();
    persist_status status =
        persist_run(store, &options, write_probe, value, &report->timestamp, error);
    report->write_ns = clock_monotonic() - begin;
    if (status != PERSIST_OK) {
        error_prefix(error, "health: a write failed: ");
        return status;
    }
    begin = clock_monotonic();
    status = read_probe(store, value, error);
    report->read_ns = clock_monotonic() - begin;
    if (status != PERSIST_OK)
        error_prefix(error, "health: a read failed: ");
    return status;
}

persist_status persist_health(persist_store *store, persist_health_report *out,
                              persist_error *error)
{
    persist_health_report report = {0};
    persist_status status = store_usable(store, "health", error);
    if (status != PERSIST_OK)
        return status;
    if (store->settings.read_only) {
        persist_head_info head = {.size = sizeof head};
        int64_t begin = clock_monotonic();
        status = persist_head(store, NULL, &head, error);
        report.read_ns = clock_monotonic() - begin;
        report.timestamp = head.head;
    } else {
        status =
            store_ensure_ns(store, STORE_HEALTH_NS, HEALTH_RETENTION, store_deadline(store), error);
        if (status == PERSIST_OK)
            status = probe(store, &report, error);
    }
    if (status == PERSIST_OK)
        hand_out(out, out->size, &report, sizeof report);
    return status;
}
