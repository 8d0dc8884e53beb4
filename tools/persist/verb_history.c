/* SPDX-License-Identifier: MIT */
#include "tools/persist/rows.h"
#include "tools/persist/verbs.h"

static const struct column text_columns[] = {
    {"timestamp", CELL_TIME, false},
    {"change", CELL_TEXT, false},
    {"value", CELL_BYTES, false},
};
static const struct column columns[] = {
    {"key", CELL_BYTES, false},  {"value", CELL_BYTES, false},  {"timestamp", CELL_TIME, false},
    {"tx_id", CELL_TEXT, false}, {"deleted", CELL_FLAG, false},
};

static void take_text(struct command *command, const persist_row *row)
{
    struct output *output = &command->output;
    bool deleted = row->flags & PERSIST_ROW_TOMBSTONE;
    output_time(output, row->timestamp);
    output_text(output, deleted ? "deleted" : "put");
    if (deleted)
        output_none(output);
    else
        output_bytes(output, row->value);
}

static void take(struct command *command, const persist_row *row)
{
    struct output *output = &command->output;
    bool deleted = row->flags & PERSIST_ROW_TOMBSTONE;
    output_bytes(output, row->key);
    if (deleted) {
        output_none(output);
        output_time(output, row->timestamp);
        output_none(output);
    } else {
        output_bytes(output, row->value);
        rows_origin(output, row);
    }
    output_flag(output, deleted);
}

static persist_status print(struct command *command, persist_cursor *cursor, persist_bytes key,
                            uint64_t limit)
{
    struct output *output = &command->output;
    bool text = output->format == OUTPUT_TEXT;
    char shown[80];
    if (text)
        output_begin(output, OUTPUT_LIST, text_columns, sizeof text_columns / sizeof *text_columns);
    else
        output_begin(output, OUTPUT_LIST, columns, sizeof columns / sizeof *columns);
    persist_status status = rows_each(command, cursor, limit, text ? take_text : take);
    output_end(output, status == PERSIST_OK);
    if (status == PERSIST_OK && !output->rows)
        status = error_set(command->error, PERSIST_NOT_FOUND, "the key '%s' has no version",
                           bytes_show(key, shown, sizeof shown));
    return status;
}

persist_status verb_history(struct command *command)
{
    persist_tx *tx = NULL;
    persist_cursor *cursor = NULL;
    struct buf key = {0};
    uint64_t limit;
    persist_status status = rows_limit(command, &limit);
    if (status == PERSIST_OK)
        status = command_operand(command, 0, "KEY", &key);
    if (status == PERSIST_OK)
        status = command_read(command, &tx);
    if (status == PERSIST_OK)
        status = persist_history(tx, buf_bytes(&key), &cursor, command->error);
    if (status == PERSIST_OK)
        status = print(command, cursor, buf_bytes(&key), limit);
    persist_cursor_free(cursor);
    command_read_end(tx);
    buf_free(&key);
    return status;
}
