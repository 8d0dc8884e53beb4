/* SPDX-License-Identifier: MIT */
#include "tools/persist/change.h"

#include "core/store.h"
#include "tools/persist/signals.h"

static persist_status rehearse(struct command *command, persist_run_fn fn, void *context,
                               int64_t *timestamp)
{
    persist_tx *tx = NULL;
    int64_t unwanted;
    persist_tx_options options = {.size = sizeof options};
    persist_status status = persist_begin(command->store, &options, &tx, command->error);
    if (status != PERSIST_OK)
        return status;
    signals_watch(tx);
    status = fn(tx, context, command->error);
    if (status == PERSIST_OK)
        status = persist_tx_timestamp(tx, timestamp ? timestamp : &unwanted, command->error);
    signals_unwatch(tx);
    persist_tx_free(tx);
    return status;
}

persist_status change_run(struct command *command, persist_run_fn fn, void *context,
                          int64_t *timestamp)
{
    static const struct run_watch watch = {signals_watch, signals_unwatch};
    if (command->dry_run)
        return rehearse(command, fn, context, timestamp);
    persist_status status =
        store_run(command->store, NULL, fn, context, &watch, timestamp, command->error);
    if (status == PERSIST_INTERRUPTED)
        error_prefix(command->error, "interrupted, nothing was written: ");
    return status;
}

struct change {
    persist_bytes key;
    const persist_bytes *value;
};

static persist_status apply(persist_tx *tx, void *context, persist_error *error)
{
    const struct change *change = context;
    return change->value ? persist_put(tx, change->key, *change->value, error)
                         : persist_delete(tx, change->key, error);
}

static void print_timestamp(struct output *output, int64_t timestamp)
{
    static const struct column columns[] = {{"timestamp", CELL_TIME, true}};
    output_begin(output, OUTPUT_ONE, columns, 1);
    output_time(output, timestamp);
    output_end(output, true);
}

persist_status change_key(struct command *command, persist_bytes key, const persist_bytes *value)
{
    struct change change = {key, value};
    int64_t timestamp;
    char shown[80];
    persist_status status = change_run(command, apply, &change, &timestamp);
    if (status != PERSIST_OK)
        return status;
    bytes_show(key, shown, sizeof shown);
    if (!command->dry_run) {
        if (command->output.format != OUTPUT_TEXT)
            print_timestamp(&command->output, timestamp);
    } else if (value) {
        command_note(command, "dry run: would put '%s', %zu bytes", shown, value->size);
    } else {
        command_note(command, "dry run: would delete '%s'", shown);
    }
    return PERSIST_OK;
}
