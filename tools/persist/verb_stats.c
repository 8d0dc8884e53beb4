/* SPDX-License-Identifier: MIT */
#include "tools/persist/verbs.h"

static persist_status print(void *context, const char *name, int64_t value, const char *unit,
                            const char *help)
{
    struct output *output = context;
    output_text(output, name);
    output_integer(output, value);
    output_text(output, unit ? unit : "");
    output_text(output, help ? help : "");
    return PERSIST_OK;
}

persist_status verb_stats(struct command *command)
{
    static const struct column columns[] = {
        {"name", CELL_TEXT, false},
        {"value", CELL_INTEGER, false},
        {"unit", CELL_TEXT, false},
        {"help", CELL_TEXT, false},
    };
    struct output *output = &command->output;
    persist_status status = command_open(command, PERSIST_STORE_READ_ONLY);
    if (status != PERSIST_OK)
        return status;
    output_begin(output, OUTPUT_LIST, columns, sizeof columns / sizeof *columns);
    status = persist_stats(command->store, print, output, command->error);
    output_end(output, status == PERSIST_OK);
    return status;
}
