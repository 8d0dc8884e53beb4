/* SPDX-License-Identifier: MIT */
#include "tools/persist/rows.h"
#include "tools/persist/verbs.h"

static void print(struct command *command, const persist_row *row)
{
    struct output *output = &command->output;
    if (output->format != OUTPUT_TEXT) {
        rows_begin(output, OUTPUT_ONE);
        rows_add(output, row);
        output_end(output, true);
        return;
    }
    if (command->encoding == ENCODING_TEXT)
        sink_add(output->sink, row->value.data, row->value.size);
    else
        output_line_text(output, row->value);
    sink_char(output->sink, '\n');
}

persist_status verb_get(struct command *command)
{
    persist_tx *tx = NULL;
    persist_row row = {.size = sizeof row};
    struct buf key = {0};
    char shown[80];
    persist_status status = command_operand(command, 0, "KEY", &key);
    if (status == PERSIST_OK)
        status = command_read(command, &tx);
    if (status != PERSIST_OK)
        goto out;
    status = persist_get(tx, buf_bytes(&key), &row, command->error);
    if (status == PERSIST_OK)
        print(command, &row);
    else if (status == PERSIST_NOT_FOUND)
        error_set(command->error, status, "the key '%s' is not there%s",
                  bytes_show(buf_bytes(&key), shown, sizeof shown),
                  options_has(&command->options, OPTION_AT) ? " at that time" : "");
out:
    command_read_end(tx);
    buf_free(&key);
    return status;
}
