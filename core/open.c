/* SPDX-License-Identifier: MIT */
/* Opening and closing: from a configuration to a store that can begin transactions. */
#include "core/store.h"

#include "core/base/clock.h"
#include "core/base/fork.h"
#include "core/base/log.h"
#include "core/base/options.h"
#include "core/layers/layer.h"
#include "core/session/call.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The URL, or "SCHEME:" of the mapping form, and its scheme. */
static persist_status where(const persist_config *config, char *scheme, size_t scheme_size,
                            char *mapped, size_t mapped_size, const char **url,
                            persist_error *error)
{
    *url = config_url(config);
    if (*url) {
        if (!config_url_scheme(*url, scheme, scheme_size))
            return error_set(error, PERSIST_CONFIG,
                             "persistence is not a URL: write sqlite:path/to/file.db, for example");
        return PERSIST_OK;
    }
    const char *backend = config_backend(config);
    if (!backend)
        return error_set(error, PERSIST_CONFIG,
                         "persistence is not set: say where the data live, for example "
                         "`persistence: sqlite:app.db` in persist.yaml, or --persistence "
                         "sqlite:app.db");
    if (strlen(backend) + 2 > mapped_size || strlen(backend) >= scheme_size)
        return error_set(error, PERSIST_CONFIG, "persistence.backend is too long: %.40s...",
                         backend);
    strcpy(scheme, backend);
    strcpy(mapped, backend);
    strcat(mapped, ":");
    *url = mapped;
    return PERSIST_OK;
}

static persist_status check_by_plugin(const struct plugin *plugin, const char *url,
                                      persist_settings *settings, persist_error *error)
{
    if (!plugin->life.check_config)
        return PERSIST_OK;
    struct call call;
    call_begin(&call, PERSIST_NO_DEADLINE);
    persist_status status = plugin->life.check_config(&call.frame, url, settings);
    status = call_end(&call, status, error);
    persist_status told = settings_take_errors(settings, error);
    return status != PERSIST_OK ? status : told;
}

/* A configuration made ready for its plugin. */
struct target {
    const struct plugin *plugin;
    persist_settings *settings;
    const char *url;
    char mapped[64];
};

static persist_status aim(const persist_config *config, struct target *target, persist_error *error)
{
    char scheme[64];
    target->settings = NULL;
    persist_status status = where(config, scheme, sizeof scheme, target->mapped,
                                  sizeof target->mapped, &target->url, error);
    if (status != PERSIST_OK)
        return status;
    struct plugin_search search;
    search.folders = config_list(config, "plugin_path", &search.n_folders);
    status = loader_open(scheme, &search, &target->plugin, error);
    if (status == PERSIST_OK)
        status = layers_from_environment(target->plugin, &target->plugin, error);
    if (status == PERSIST_OK)
        status = config_bind(config, target->plugin->descriptor, &target->settings, error);
    if (status == PERSIST_OK)
        status = check_by_plugin(target->plugin, target->url, target->settings, error);
    if (status != PERSIST_OK) {
        settings_free(target->settings);
        target->settings = NULL;
    }
    return status;
}

persist_status store_check_config(const persist_config *config, const struct plugin **plugin,
                                  persist_settings **settings, persist_error *error)
{
    struct target target;
    persist_status status = aim(config, &target, error);
    if (status != PERSIST_OK)
        return status;
    if (plugin)
        *plugin = target.plugin;
    if (settings)
        *settings = target.settings;
    else
        settings_free(target.settings);
    return PERSIST_OK;
}

static persist_durability durability_of(const persist_config *config)
{
    return (persist_durability)(config_number(config, "durability") + PERSIST_DURABILITY_PROCESS);
}

persist_status store_open_backend(const persist_config *config, uint32_t flags, int64_t deadline,
                                  struct backend **backend, persist_settings **settings,
                                  persist_error *error)
{
    struct target target;
    persist_status status = aim(config, &target, error);
    if (status != PERSIST_OK)
        return status;
    struct backend_options options = {.url = target.url,
                                      .settings = target.settings,
                                      .durability = durability_of(config),
                                      .flags = flags,
                                      .sessions = (uint32_t)config_number(config, "pool.max"),
                                      .idle_sessions = (uint32_t)config_number(config, "pool.min"),
                                      .idle_timeout = config_number(config, "pool.idle_timeout")};
    status = backend_open(target.plugin, &options, deadline, backend, error);
    if (status == PERSIST_OK)
        *settings = target.settings;
    else
        settings_free(target.settings);
    return status;
}

static uint64_t tighter(uint64_t a, uint64_t b)
{
    return b && b < a ? b : a;
}

static void read_settings(persist_store *store, const persist_config *config, uint32_t flags)
{
    const persist_limits *limits = backend_limits(store->backend);
    struct txn_settings *s = &store->settings;
    s->isolation =
        (persist_isolation)(config_number(config, "transaction.isolation") + PERSIST_SERIALIZABLE);
    s->freshness =
        (persist_freshness)(config_number(config, "transaction.freshness") + PERSIST_STRICT);
    s->max_staleness = config_number(config, "transaction.max_staleness");
    s->timeout = config_number(config, "transaction.timeout");
    s->max_age = config_number(config, "transaction.max_age");
    s->max_retries = config_number(config, "transaction.max_retries");
    s->max_writes = (uint64_t)config_number(config, "transaction.max_writes");
    s->max_bytes = (uint64_t)config_number(config, "transaction.max_bytes");
    s->max_reads = (uint64_t)config_number(config, "transaction.max_reads");
    s->max_clock_lead = config_number(config, "transaction.max_clock_lead");
    s->group_transactions = (uint64_t)config_number(config, "group_commit.max_transactions");
    s->group_bytes = (uint64_t)config_number(config, "group_commit.max_bytes");
    s->window_bytes = (uint64_t)config_number(config, "group_commit.window_bytes");
    s->resolve_timeout = config_number(config, "resolve_timeout");
    s->max_key = tighter(2048, limits->key_bytes);
    s->max_value = (uint64_t)config_number(config, "values.max_bytes");
    if (limits->value_bytes)
        s->max_value = tighter(s->max_value, limits->value_bytes - VALUE_HEADER_SIZE);
    s->read_only = flags & PERSIST_STORE_READ_ONLY;
    s->values = (struct value_options){
        .codec = (enum value_codec)config_number(config, "values.compression"),
        .level = (int)config_number(config, "values.level"),
        .threshold = (size_t)config_number(config, "values.threshold")};
    store->durability = durability_of(config);
    store->connect_timeout = config_number(config, "pool.connect_timeout");
    store->retention = config_number(config, "gc.retention");
}

/* Opens the backend; with CREATE makes or upgrades the tables first if they need it. */
static persist_status open_or_create(persist_store *store, const persist_config *config,
                                     uint32_t flags, int64_t deadline, persist_error *error)
{
    uint32_t open_flags = flags & PERSIST_STORE_READ_ONLY ? PERSIST_OPEN_READ_ONLY : 0;
    persist_error first = ERROR_INIT;
    persist_status status = store_open_backend(config, open_flags, deadline, &store->backend,
                                               &store->plugin_settings, &first);
    bool missing = status == PERSIST_NOT_FOUND || status == PERSIST_FORMAT;
    if (missing && (flags & PERSIST_STORE_CREATE)) {
        status = store_migrate(config, deadline, NULL, NULL, error);
        if (status == PERSIST_OK)
            status = store_open_backend(config, open_flags, deadline, &store->backend,
                                        &store->plugin_settings, error);
    } else if (status != PERSIST_OK) {
        error_copy(error, &first);
    }
    error_clear(&first);
    return status;
}

static persist_status open_own_ns(persist_store *store, int64_t deadline, persist_error *error)
{
    struct ns *ns;
    return store_ns(store, NULL, deadline, &ns, error);
}

static persist_status open_ns(persist_store *store, uint32_t flags, int64_t deadline,
                              persist_error *error)
{
    /* What dies with its process begins with its namespace made. */
    bool fleeting = !(backend_caps(store->backend) & PERSIST_CAP_PERSISTENT);
    if (!fleeting && !(flags & PERSIST_STORE_CREATE))
        return open_own_ns(store, deadline, error);
    persist_status status =
        store_ensure_ns(store, store->ns_name, store->retention, deadline, error);
    if (status != PERSIST_OK)
        return status;
    return open_own_ns(store, deadline, error);
}

static void describe_place(persist_store *store, const persist_config *config)
{
    const char *url = config_url(config);
    if (!url)
        url = config_backend(config);
    /* Neither is set: opening is about to say so. */
    if (url)
        config_url_redacted(url, store->url, sizeof store->url);
}

static void free_list(struct ns *list, bool end)
{
    while (list) {
        struct ns *next = list->next;
        if (end)
            ns_end(list);
        free(list);
        list = next;
    }
}

static void store_free(persist_store *store)
{
    executor_free(store->executor);
    free_list(store->namespaces, true);
    free_list(store->retired, true);
    backend_close(store->backend);
    settings_free(store->plugin_settings);
    flights_destroy(&store->flights);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

persist_status persist_open_config(const persist_config *config,
                                   const persist_store_options *options, persist_store **out,
                                   persist_error *error)
{
    persist_store_options given;
    persist_status status = options_read(&given, sizeof given, options, "open", error);
    if (status == PERSIST_OK)
        status = options_check_flags(given.flags, PERSIST_STORE_CREATE | PERSIST_STORE_READ_ONLY,
                                     "open", error);
    if (status == PERSIST_OK && given.flags == (PERSIST_STORE_CREATE | PERSIST_STORE_READ_ONLY))
        status = error_set(error, PERSIST_INVALID,
                           "open: a store cannot be made by a handle that is read-only");
    if (status != PERSIST_OK)
        return status;
    const char *name = given.ns ? given.ns : config_text(config, "namespace");
    persist_store *store = calloc(1, sizeof *store);
    if (!store)
        return error_no_memory(error);
    if (strlen(name) >= sizeof store->ns_name) {
        free(store);
        return error_set(error, PERSIST_INVALID, "namespace %.80s... is longer than 64 bytes",
                         name);
    }
    strcpy(store->ns_name, name);
    pthread_mutex_init(&store->lock, NULL);
    flights_init(&store->flights);
    store->fork_generation = fork_generation();
    describe_place(store, config);
    int64_t timeout = given.timeout ? given.timeout : config_number(config, "pool.connect_timeout");
    int64_t deadline = clock_deadline(timeout);
    status = open_or_create(store, config, given.flags, deadline, error);
    if (status == PERSIST_OK)
        status = executor_new(backend_plugin(store->backend),
                              (size_t)config_number(config, "pool.max"), &store->executor, error);
    if (status == PERSIST_OK) {
        read_settings(store, config, given.flags);
        status = open_ns(store, given.flags, deadline, error);
    }
    if (status != PERSIST_OK) {
        store_free(store);
        return status;
    }
    log_write(PERSIST_LOG_INFO, "opened %s, namespace %s", store->url, store->ns_name);
    *out = store;
    return PERSIST_OK;
}

persist_status persist_open_file(const char *path, const persist_store_options *options,
                                 persist_store **out, persist_error *error)
{
    persist_config *config = NULL;
    persist_status status = persist_config_load(path, &config, error);
    if (status == PERSIST_OK)
        status = persist_open_config(config, options, out, error);
    persist_config_free(config);
    return status;
}

persist_status persist_open_url(const char *url, const persist_store_options *options,
                                persist_store **out, persist_error *error)
{
    persist_config *config = NULL;
    persist_status status = persist_config_load(NULL, &config, error);
    if (status == PERSIST_OK)
        status = persist_config_set(config, "persistence", url, error);
    if (status == PERSIST_OK)
        status = persist_open_config(config, options, out, error);
    persist_config_free(config);
    return status;
}

/* In a forked child: memory only. Locks and log belong to the parent's threads. */
static void store_abandon(persist_store *store)
{
    free_list(store->namespaces, false);
    free_list(store->retired, false);
    backend_abandon(store->backend);
    executor_abandon(store->executor);
    free(store);
}

persist_status persist_close(persist_store *store, persist_error *error)
{
    if (!store)
        return PERSIST_OK;
    if (store->fork_generation != fork_generation()) {
        store_abandon(store);
        return PERSIST_OK;
    }
    flights_land(&store->flights);
    size_t open = atomic_load(&store->open_transactions);
    if (open)
        return error_set(error, PERSIST_MISUSE,
                         "%zu transaction%s or snapshot%s of the store %s not been freed: do that "
                         "first",
                         open, open == 1 ? "" : "s", open == 1 ? "" : "s",
                         open == 1 ? "has" : "have");
    store_free(store);
    return PERSIST_OK;
}

persist_status store_usable(const persist_store *store, const char *what, persist_error *error)
{
    if (!store)
        return error_set(error, PERSIST_MISUSE, "%s: the store is NULL", what);
    if (store->fork_generation != fork_generation())
        return error_set(error, PERSIST_FORKED,
                         "%s: the store was opened by the parent of this process: open it again",
                         what);
    return PERSIST_OK;
}

int64_t store_deadline(const persist_store *store)
{
    return clock_deadline(store->settings.timeout);
}
