/* SPDX-License-Identifier: MIT */
#include "tools/persist/rows.h"
#include "tools/persist/verbs.h"

static void take(struct command *command, const persist_row *row)
{
    rows_add(&command->output, row);
}

static void take_key(struct command *command, const persist_row *row)
{
    rows_add_key(&command->output, row);
}

persist_status verb_scan(struct command *command)
{
    struct output *output = &command->output;
    bool keys_only = options_has(&command->options, OPTION_KEYS_ONLY);
    persist_tx *tx = NULL;
    persist_cursor *cursor = NULL;
    struct rows_range range;
    persist_status status = rows_range(command, &range);
    if (status == PERSIST_OK)
        status = command_read(command, &tx);
    if (status == PERSIST_OK)
        status = persist_scan(tx, &range.options, &cursor, command->error);
    if (status != PERSIST_OK)
        goto out;
    if (keys_only)
        rows_begin_keys(output);
    else
        rows_begin(output, OUTPUT_LIST);
    status = rows_each(command, cursor, 0, keys_only ? take_key : take);
    output_end(output, status == PERSIST_OK);
out:
    persist_cursor_free(cursor);
    command_read_end(tx);
    rows_range_free(&range);
    return status;
}
