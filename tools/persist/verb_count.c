/* SPDX-License-Identifier: MIT */
#include "tools/persist/rows.h"
#include "tools/persist/verbs.h"

#include <inttypes.h>

static void print(struct output *output, uint64_t count)
{
    static const struct column columns[] = {{"count", CELL_INTEGER, false}};
    /* As a list, its text is the bare number. */
    enum output_shape shape = output->format == OUTPUT_TEXT ? OUTPUT_LIST : OUTPUT_ONE;
    output_begin(output, shape, columns, 1);
    output_integer(output, (int64_t)count);
    output_end(output, true);
}

persist_status verb_count(struct command *command)
{
    persist_tx *tx = NULL;
    uint64_t count = 0;
    struct rows_range range;
    persist_status status = rows_range(command, &range);
    if (status == PERSIST_OK)
        status = command_read(command, &tx);
    if (status == PERSIST_OK)
        status = persist_count(tx, &range.options, &count, command->error);
    if (status == PERSIST_OK)
        print(&command->output, count);
    command_read_end(tx);
    rows_range_free(&range);
    return status;
}
