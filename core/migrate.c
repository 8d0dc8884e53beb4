/* SPDX-License-Identifier: MIT */
/* The backend's own tables: which steps are there, and bringing them up to date. */
#include "core/store.h"

#include "core/base/clock.h"

struct telling {
    persist_migration_fn fn;
    void *context;
};

static persist_status tell(void *context, const persist_migration *step)
{
    const struct telling *telling = context;
    if (!telling->fn)
        return PERSIST_OK;
    return telling->fn(telling->context, step->number, step->name, step->applied_at);
}

persist_status store_migrate(const persist_config *config, int64_t deadline,
                             persist_migration_fn fn, void *context, persist_error *error)
{
    struct backend *backend;
    persist_settings *settings;
    struct telling telling = {fn, context};
    persist_status status =
        store_open_backend(config, PERSIST_OPEN_MIGRATE, deadline, &backend, &settings, error);
    if (status != PERSIST_OK)
        return status;
    status = backend_migrate_apply(backend, deadline, tell, &telling, error);
    backend_close(backend);
    settings_free(settings);
    return status;
}

persist_status persist_migrate_up(const persist_config *config, persist_migration_fn fn,
                                  void *context, persist_error *error)
{
    int64_t deadline = clock_deadline(config_number(config, "pool.connect_timeout"));
    persist_status status = store_migrate(config, deadline, fn, context, error);
    if (status != PERSIST_OK)
        return status;
    persist_store *store;
    persist_store_options options = {.size = sizeof options, .flags = PERSIST_STORE_CREATE};
    status = persist_open_config(config, &options, &store, error);
    return status == PERSIST_OK ? persist_close(store, error) : status;
}

persist_status persist_migrate_status(const persist_config *config, persist_migration_fn fn,
                                      void *context, persist_error *error)
{
    struct backend *backend;
    persist_settings *settings;
    struct telling telling = {fn, context};
    int64_t deadline = clock_deadline(config_number(config, "pool.connect_timeout"));
    persist_status status =
        store_open_backend(config, PERSIST_OPEN_MIGRATE | PERSIST_OPEN_READ_ONLY, deadline,
                           &backend, &settings, error);
    if (status != PERSIST_OK)
        return status;
    status = backend_migrate_plan(backend, deadline, tell, &telling, error);
    backend_close(backend);
    settings_free(settings);
    return status;
}
