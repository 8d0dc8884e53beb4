/* SPDX-License-Identifier: MIT */
#include "tools/persist/verbs.h"

persist_status verb_health(struct command *command)
{
    static const struct column columns[] = {
        {"write_ns", CELL_SPAN, false},
        {"read_ns", CELL_SPAN, false},
        {"timestamp", CELL_TIME, false},
    };
    struct output *output = &command->output;
    persist_health_report report = {.size = sizeof report};
    persist_status status = command_open(command, 0);
    if (status == PERSIST_OK)
        status = persist_health(command->store, &report, command->error);
    if (status != PERSIST_OK)
        return status;
    output_begin(output, OUTPUT_ONE, columns, sizeof columns / sizeof *columns);
    output_span(output, report.write_ns);
    output_span(output, report.read_ns);
    output_time(output, report.timestamp);
    output_end(output, true);
    return PERSIST_OK;
}
