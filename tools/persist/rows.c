/* SPDX-License-Identifier: MIT */
#include "tools/persist/rows.h"

#include "tools/persist/signals.h"

#include <stdio.h>

static const struct column row_columns[] = {
    {"key", CELL_BYTES, false},
    {"value", CELL_BYTES, false},
    {"timestamp", CELL_TIME, true},
    {"tx_id", CELL_TEXT, true},
};
static const struct column key_columns[] = {
    {"key", CELL_BYTES, false},
    {"timestamp", CELL_TIME, true},
};

const char *rows_tx_id(const unsigned char tx_id[16], char out[ROWS_TX_ID])
{
    uint32_t index = 0;
    for (size_t i = 0; i < 12; i++)
        snprintf(out + 2 * i, 3, "%02x", (unsigned)tx_id[i]);
    /* Little-endian, as value_tx_id writes it. */
    for (size_t i = 16; i > 12; i--)
        index = index << 8 | tx_id[i - 1];
    snprintf(out + 24, ROWS_TX_ID - 24, "-%u", (unsigned)index);
    return out;
}

void rows_begin(struct output *output, enum output_shape shape)
{
    output_begin(output, shape, row_columns, sizeof row_columns / sizeof *row_columns);
}

void rows_begin_keys(struct output *output)
{
    output_begin(output, OUTPUT_LIST, key_columns, sizeof key_columns / sizeof *key_columns);
}

void rows_origin(struct output *output, const persist_row *row)
{
    char tx_id[ROWS_TX_ID];
    if (row->flags & PERSIST_ROW_OWN) {
        output_none(output);
        output_none(output);
        return;
    }
    output_time(output, row->timestamp);
    output_text(output, rows_tx_id(row->tx_id, tx_id));
}

void rows_add(struct output *output, const persist_row *row)
{
    output_bytes(output, row->key);
    output_bytes(output, row->value);
    rows_origin(output, row);
}

void rows_add_key(struct output *output, const persist_row *row)
{
    output_bytes(output, row->key);
    output_time(output, row->timestamp);
}

persist_status rows_limit(struct command *command, uint64_t *limit)
{
    const char *text = command->options.values[OPTION_LIMIT];
    *limit = 0;
    return text ? input_count(text, 1, "--limit", limit, command->error) : PERSIST_OK;
}

persist_status rows_range(struct command *command, struct rows_range *range)
{
    *range = (struct rows_range){.options = {.size = sizeof range->options}};
    persist_status status = rows_limit(command, &range->options.limit);
    if (status == PERSIST_OK)
        status = command_option(command, OPTION_PREFIX, &range->prefix);
    if (status == PERSIST_OK)
        status = command_option(command, OPTION_FROM, &range->from);
    if (status == PERSIST_OK)
        status = command_option(command, OPTION_TO, &range->to);
    range->options.prefix = buf_bytes(&range->prefix);
    range->options.from = buf_bytes(&range->from);
    range->options.to = buf_bytes(&range->to);
    if (options_has(&command->options, OPTION_REVERSE))
        range->options.flags |= PERSIST_SCAN_REVERSE;
    if (options_has(&command->options, OPTION_KEYS_ONLY))
        range->options.flags |= PERSIST_SCAN_KEYS_ONLY;
    return status;
}

void rows_range_free(struct rows_range *range)
{
    buf_free(&range->prefix);
    buf_free(&range->from);
    buf_free(&range->to);
}

persist_status rows_each(struct command *command, persist_cursor *cursor, uint64_t limit,
                         rows_take take)
{
    persist_row row = {.size = sizeof row};
    uint64_t taken = 0;
    while (output_open(&command->output) && (!limit || taken < limit)) {
        if (signals_caught())
            return error_set(command->error, PERSIST_INTERRUPTED, "interrupted");
        persist_status status = persist_cursor_next(cursor, &row, command->error);
        if (status != PERSIST_OK)
            return status == PERSIST_END ? PERSIST_OK : status;
        take(command, &row);
        taken++;
    }
    return PERSIST_OK;
}
