/* SPDX-License-Identifier: MIT */
/* The asynchronous forms of calls on transactions and cursors. */
#include "core/async.h"

#include "core/base/fork.h"
#include "core/base/options.h"
#include "core/txn/cursor.h"

static persist_status run_get(struct async_op *op)
{
    return persist_get(op->tx, op->first_key, op->out, op->error);
}

persist_status persist_get_async(persist_tx *tx, persist_bytes key, persist_row *row,
                                 persist_error *error, persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_get);
    if (!op)
        return PERSIST_NO_MEMORY;
    if (!async_room(op, key.size))
        return async_drop(op, error_no_memory(error));
    op->first_key = async_copy(op, key);
    op->out = row;
    return async_submit_tx(op, tx, "get");
}

static persist_status run_get_many(struct async_op *op)
{
    return persist_get_many(op->tx, op->context, op->count, op->out, op->error);
}

/* The array of keys stands before the bytes it points to. */
persist_status persist_get_many_async(persist_tx *tx, const persist_bytes *keys, size_t n,
                                      persist_row *rows, persist_error *error, persist_queue *queue,
                                      void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_get_many);
    size_t room = n * sizeof *keys;
    if (!op)
        return PERSIST_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        room += keys[i].size;
    if (!async_room(op, room))
        return async_drop(op, error_no_memory(error));
    persist_bytes *copies = (persist_bytes *)(void *)op->copied.data;
    op->copied.size = n * sizeof *keys;
    for (size_t i = 0; i < n; i++)
        copies[i] = async_copy(op, keys[i]);
    op->context = copies;
    op->count = n;
    op->out = rows;
    return async_submit_tx(op, tx, "get_many");
}

static persist_status run_cursor_next(struct async_op *op)
{
    return persist_cursor_next(op->cursor, op->out, op->error);
}

persist_status persist_cursor_next_async(persist_cursor *cursor, persist_row *row,
                                         persist_error *error, persist_queue *queue, void *tag)
{
    if (!cursor)
        return error_set(error, PERSIST_MISUSE, "cursor_next: the cursor is NULL");
    struct async_op *op = async_new(queue, tag, error, run_cursor_next);
    if (!op)
        return PERSIST_NO_MEMORY;
    op->cursor = cursor;
    op->out = row;
    return async_submit_tx(op, cursor->tx, "cursor_next");
}

static persist_status run_count(struct async_op *op)
{
    return persist_count(op->tx, &op->options.scan, op->out, op->error);
}

persist_status persist_count_async(persist_tx *tx, const persist_scan_options *options,
                                   uint64_t *count, persist_error *error, persist_queue *queue,
                                   void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_count);
    if (!op)
        return PERSIST_NO_MEMORY;
    persist_scan_options *scan = &op->options.scan;
    persist_status status = options_read(scan, sizeof *scan, options, "count", error);
    if (status != PERSIST_OK)
        return async_drop(op, status);
    if (!async_room(op, scan->prefix.size + scan->from.size + scan->to.size))
        return async_drop(op, error_no_memory(error));
    scan->prefix = async_copy(op, scan->prefix);
    scan->from = async_copy(op, scan->from);
    scan->to = async_copy(op, scan->to);
    op->out = count;
    return async_submit_tx(op, tx, "count");
}

static persist_status run_guard(struct async_op *op)
{
    return persist_guard(op->tx, op->first_key, op->number, op->error);
}

static persist_status run_guard_range(struct async_op *op)
{
    return persist_guard_range(op->tx, op->first_key, op->second_key, op->number, op->error);
}

static persist_status guard(persist_status (*run)(struct async_op *), persist_tx *tx,
                            persist_bytes from, persist_bytes to, int64_t read_at,
                            persist_error *error, persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run);
    if (!op)
        return PERSIST_NO_MEMORY;
    if (!async_room(op, from.size + to.size))
        return async_drop(op, error_no_memory(error));
    op->first_key = async_copy(op, from);
    op->second_key = async_copy(op, to);
    op->number = read_at;
    return async_submit_tx(op, tx, "guard");
}

persist_status persist_guard_async(persist_tx *tx, persist_bytes key, int64_t read_at,
                                   persist_error *error, persist_queue *queue, void *tag)
{
    return guard(run_guard, tx, key, (persist_bytes){NULL, 0}, read_at, error, queue, tag);
}

persist_status persist_guard_range_async(persist_tx *tx, persist_bytes from, persist_bytes to,
                                         int64_t read_at, persist_error *error,
                                         persist_queue *queue, void *tag)
{
    return guard(run_guard_range, tx, from, to, read_at, error, queue, tag);
}

static persist_status submit_question(struct async_op *op, persist_tx *tx, const char *what)
{
    if (tx && tx->state == TX_COMMITTED && tx->fork_generation == fork_generation())
        return async_submit_ended_tx(op, tx);
    return async_submit_tx(op, tx, what);
}

static persist_status run_timestamp(struct async_op *op)
{
    return persist_tx_timestamp(op->tx, op->out, op->error);
}

persist_status persist_tx_timestamp_async(persist_tx *tx, int64_t *timestamp, persist_error *error,
                                          persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_timestamp);
    if (!op)
        return PERSIST_NO_MEMORY;
    op->out = timestamp;
    return submit_question(op, tx, "timestamp");
}

static persist_status run_token(struct async_op *op)
{
    return persist_tx_token(op->tx, op->out, op->error);
}

persist_status persist_tx_token_async(persist_tx *tx, char token[PERSIST_TOKEN_SIZE],
                                      persist_error *error, persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, run_token);
    if (!op)
        return PERSIST_NO_MEMORY;
    op->out = token;
    return submit_question(op, tx, "token");
}

persist_status persist_commit_async(persist_tx *tx, int64_t *timestamp, persist_error *error,
                                    persist_queue *queue, void *tag)
{
    struct async_op *op = async_new(queue, tag, error, NULL);
    if (!op)
        return PERSIST_NO_MEMORY;
    op->out = timestamp;
    return async_submit_tx(op, tx, "commit");
}
