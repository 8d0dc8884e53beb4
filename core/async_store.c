/* SPDX-License-Identifier: MIT */
/* The asynchronous forms of calls on stores. */
#include "core/async.h"

#include "core/base/options.h"

#include <string.h>

/* A store that is closed and freed by the call must not be touched by its end. */
static persist_status run_close(struct async_op *op)
{
    return persist_close(op->store, op->error);
}

persist_status persist_close_async(persist_store *store, persist_error *error, persist_queue *queue,
                                   void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_close);
    if (!op)
        return PERSIST_NO_MEMORY;
    op->store = store;
    return async_submit_alone(op);
}

static persist_status run_open_config(struct async_op *op)
{
    return persist_open_config(op->config, &op->options.open, op->out, op->error);
}

static persist_status run_open_file(struct async_op *op)
{
    return persist_open_file(op->name, &op->options.open, op->out, op->error);
}

static persist_status run_open_url(struct async_op *op)
{
    return persist_open_url(op->name, &op->options.open, op->out, op->error);
}

static size_t length(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static persist_status open_by(persist_status (*run)(struct async_op *),
                              const persist_config *config, const char *where,
                              const persist_store_options *options, persist_store **out,
                              persist_error *error, persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run);
    if (!op)
        return PERSIST_NO_MEMORY;
    persist_store_options *open = &op->options.open;
    persist_status status = options_read(open, sizeof *open, options, "open", error);
    if (status != PERSIST_OK)
        return async_drop(op, status);
    if (!async_room(op, length(where) + length(open->ns)))
        return async_drop(op, error_no_memory(error));
    open->ns = async_copy_text(op, open->ns);
    op->name = async_copy_text(op, where);
    op->config = config;
    op->out = out;
    return async_submit_alone(op);
}

persist_status persist_open_config_async(const persist_config *config,
                                         const persist_store_options *options, persist_store **out,
                                         persist_error *error, persist_queue *queue, void *tag)
{
    return open_by(run_open_config, config, NULL, options, out, error, queue, tag);
}

persist_status persist_open_file_async(const char *path, const persist_store_options *options,
                                       persist_store **out, persist_error *error,
                                       persist_queue *queue, void *tag)
{
    return open_by(run_open_file, NULL, path, options, out, error, queue, tag);
}

persist_status persist_open_url_async(const char *url, const persist_store_options *options,
                                      persist_store **out, persist_error *error,
                                      persist_queue *queue, void *tag)
{
    return open_by(run_open_url, NULL, url, options, out, error, queue, tag);
}

/* Copies transaction options; their namespace is a text of its own. */
static persist_status take_begin(struct async_op *op, const persist_tx_options *options)
{
    persist_tx_options *begin = &op->options.begin;
    persist_status status = options_read(begin, sizeof *begin, options, "begin", op->error);
    if (status != PERSIST_OK)
        return status;
    if (!async_room(op, length(begin->ns)))
        return error_no_memory(op->error);
    begin->ns = async_copy_text(op, begin->ns);
    return PERSIST_OK;
}

static persist_status run_begin(struct async_op *op)
{
    return persist_begin(op->store, &op->options.begin, op->out, op->error);
}

persist_status persist_begin_async(persist_store *store, const persist_tx_options *options,
                                   persist_tx **out, persist_error *error, persist_queue *queue,
                                   void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_begin);
    if (!op)
        return PERSIST_NO_MEMORY;
    persist_status status = take_begin(op, options);
    if (status != PERSIST_OK)
        return async_drop(op, status);
    op->out = out;
    return async_submit_store(op, store, "begin");
}

static persist_status run_run(struct async_op *op)
{
    return persist_run(op->store, &op->options.begin, op->fn.run, op->context, op->out, op->error);
}

persist_status persist_run_async(persist_store *store, const persist_tx_options *options,
                                 persist_run_fn fn, void *context, int64_t *timestamp,
                                 persist_error *error, persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_run);
    if (!op)
        return PERSIST_NO_MEMORY;
    persist_status status = take_begin(op, options);
    if (status != PERSIST_OK)
        return async_drop(op, status);
    op->fn.run = fn;
    op->context = context;
    op->out = timestamp;
    return async_submit_store(op, store, "run");
}

/* A call on a store that takes a name and a number. */
static persist_status submit_named(struct async_op *op, persist_store *store, const char *what,
                                   const char *name, int64_t number)
{
    if (!async_room(op, length(name)))
        return async_drop(op, error_no_memory(op->error));
    op->name = async_copy_text(op, name);
    op->number = number;
    return async_submit_store(op, store, what);
}

static persist_status run_snapshot_open(struct async_op *op)
{
    return persist_snapshot_open(op->store, op->name, op->number, op->out, op->error);
}

persist_status persist_snapshot_open_async(persist_store *store, const char *ns, int64_t at,
                                           persist_snapshot **out, persist_error *error,
                                           persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_snapshot_open);
    if (!op)
        return PERSIST_NO_MEMORY;
    op->out = out;
    return submit_named(op, store, "snapshot_open", ns, at);
}

static persist_status run_head(struct async_op *op)
{
    return persist_head(op->store, op->name, op->out, op->error);
}

persist_status persist_head_async(persist_store *store, const char *ns, persist_head_info *out,
                                  persist_error *error, persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_head);
    if (!op)
        return PERSIST_NO_MEMORY;
    op->out = out;
    return submit_named(op, store, "head", ns, 0);
}

static persist_status run_resolve(struct async_op *op)
{
    return persist_resolve(op->store, op->name, op->first_key.data, op->out, op->out2, op->error);
}

persist_status persist_resolve_async(persist_store *store, const char *ns,
                                     const unsigned char token[PERSIST_RESOLVE_TOKEN_SIZE],
                                     int *committed, int64_t *timestamp, persist_error *error,
                                     persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_resolve);
    if (!op)
        return PERSIST_NO_MEMORY;
    if (!async_room(op, PERSIST_RESOLVE_TOKEN_SIZE + length(ns)))
        return async_drop(op, error_no_memory(error));
    op->first_key = async_copy(op, (persist_bytes){token, PERSIST_RESOLVE_TOKEN_SIZE});
    op->name = async_copy_text(op, ns);
    op->out = committed;
    op->out2 = timestamp;
    return async_submit_store(op, store, "resolve");
}

static persist_status run_namespace_list(struct async_op *op)
{
    return persist_namespace_list(op->store, op->fn.list, op->context, op->error);
}

persist_status persist_namespace_list_async(persist_store *store, persist_namespace_fn fn,
                                            void *context, persist_error *error,
                                            persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_namespace_list);
    if (!op)
        return PERSIST_NO_MEMORY;
    op->fn.list = fn;
    op->context = context;
    return async_submit_store(op, store, "namespace_list");
}

static persist_status run_namespace_create(struct async_op *op)
{
    return persist_namespace_create(op->store, op->name, op->number, op->error);
}

persist_status persist_namespace_create_async(persist_store *store, const char *name,
                                              int64_t retention, persist_error *error,
                                              persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_namespace_create);
    if (!op)
        return PERSIST_NO_MEMORY;
    return submit_named(op, store, "namespace_create", name, retention);
}

static persist_status run_namespace_drop(struct async_op *op)
{
    return persist_namespace_drop(op->store, op->name, op->error);
}

persist_status persist_namespace_drop_async(persist_store *store, const char *name,
                                            persist_error *error, persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_namespace_drop);
    if (!op)
        return PERSIST_NO_MEMORY;
    return submit_named(op, store, "namespace_drop", name, 0);
}

static persist_status run_stats(struct async_op *op)
{
    return persist_stats(op->store, op->fn.stat, op->context, op->error);
}

persist_status persist_stats_async(persist_store *store, persist_stat_fn fn, void *context,
                                   persist_error *error, persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_stats);
    if (!op)
        return PERSIST_NO_MEMORY;
    op->fn.stat = fn;
    op->context = context;
    return async_submit_store(op, store, "stats");
}

static persist_status run_health(struct async_op *op)
{
    return persist_health(op->store, op->out, op->error);
}

persist_status persist_health_async(persist_store *store, persist_health_report *out,
                                    persist_error *error, persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_health);
    if (!op)
        return PERSIST_NO_MEMORY;
    op->out = out;
    return async_submit_store(op, store, "health");
}

static persist_status run_migrate_status(struct async_op *op)
{
    return persist_migrate_status(op->config, op->fn.migration, op->context, op->error);
}

static persist_status run_migrate_up(struct async_op *op)
{
    return persist_migrate_up(op->config, op->fn.migration, op->context, op->error);
}

static persist_status migrate(persist_status (*run)(struct async_op *),
                              const persist_config *config, persist_migration_fn fn, void *context,
                              persist_error *error, persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run);
    if (!op)
        return PERSIST_NO_MEMORY;
    op->config = config;
    op->fn.migration = fn;
    op->context = context;
    return async_submit_alone(op);
}

persist_status persist_migrate_status_async(const persist_config *config, persist_migration_fn fn,
                                            void *context, persist_error *error,
                                            persist_queue *queue, void *tag)
{
    return migrate(run_migrate_status, config, fn, context, error, queue, tag);
}

persist_status persist_migrate_up_async(const persist_config *config, persist_migration_fn fn,
                                        void *context, persist_error *error, persist_queue *queue,
                                        void *tag)
{
    return migrate(run_migrate_up, config, fn, context, error, queue, tag);
}
