/* SPDX-License-Identifier: MIT */
#include "tools/persist/verbs.h"

#include "core/base/clock.h"
#include "core/config/units.h"
#include "tools/persist/time.h"

#include <inttypes.h>
#include <stdio.h>

static const struct column columns[] = {
    {"backend", CELL_TEXT, false},
    {"plugin_file", CELL_TEXT, false},
    {"plugin_version", CELL_TEXT, false},
    {"url", CELL_TEXT, false},
    {"namespace", CELL_TEXT, false},
    {"state", CELL_TEXT, false},
    {"head", CELL_TIME, false},
    {"head_time", CELL_TEXT, false},
    {"versions", CELL_INTEGER, false},
    {"epoch", CELL_TEXT, false},
    {"horizon", CELL_TIME, false},
    {"log_floor", CELL_TIME, false},
    {"retention", CELL_SPAN, false},
    {"engine_time", CELL_TIME, false},
    {"clock_lead", CELL_SPAN, false},
    {"durability", CELL_TEXT, false},
    {"max_key_bytes", CELL_INTEGER, false},
    {"max_value_bytes", CELL_INTEGER, false},
};

/* A bound of 0 is none. */
static void print_bound(struct output *output, uint64_t bound)
{
    if (bound && bound <= INT64_MAX)
        output_integer(output, (int64_t)bound);
    else
        output_none(output);
}

static void print_head(struct output *output, const persist_head_info *head)
{
    static const char *const states[] = {"open", "loading", "moved"};
    char time[TIME_TEXT], epoch[24];
    snprintf(epoch, sizeof epoch, "%" PRIu64, head->epoch);
    output_text(output,
                head->state < sizeof states / sizeof *states ? states[head->state] : "unknown");
    output_time(output, head->head);
    if (head->head)
        output_text(output, time_show(head->head, time));
    else
        output_none(output);
    output_integer(output, (int64_t)head->versions);
    output_text(output, epoch);
    output_time(output, head->horizon);
    output_time(output, head->log_floor);
    if (head->retention)
        output_span(output, head->retention);
    else
        output_none(output);
    output_time(output, head->engine_time);
    output_span(output, head->clock_lead);
}

static const char *durability_name(persist_durability durability)
{
    switch (durability) {
    case PERSIST_DURABILITY_PROCESS:
        return "process";
    case PERSIST_DURABILITY_POWER:
        return "power";
    }
    return "none"; /* the data end with the process */
}

static void print(struct output *output, const persist_store_info *info,
                  const persist_head_info *head)
{
    output_begin(output, OUTPUT_ONE, columns, sizeof columns / sizeof *columns);
    output_text(output, info->backend);
    output_text(output, info->plugin_file);
    output_text(output, info->plugin_version);
    output_text(output, info->url);
    output_text(output, info->ns);
    print_head(output, head);
    output_text(output, durability_name(info->durability));
    print_bound(output, info->max_key);
    print_bound(output, info->max_value);
    output_end(output, true);
}

/* Cut to a unit that says how bad it is. */
static int64_t roughly(int64_t ns)
{
    static const int64_t units[] = {86400 * NS_PER_S, 3600 * NS_PER_S, NS_PER_S, NS_PER_MS};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (ns >= units[i])
            return ns - ns % units[i];
    return ns;
}

persist_status verb_status(struct command *command)
{
    persist_store_info info = {.size = sizeof info};
    persist_head_info head = {.size = sizeof head};
    char lead[UNITS_TEXT];
    persist_status status = command_open(command, PERSIST_STORE_READ_ONLY);
    if (status == PERSIST_OK)
        status = persist_head(command->store, NULL, &head, command->error);
    if (status != PERSIST_OK)
        return status;
    persist_store_describe(command->store, &info);
    print(&command->output, &info, &head);
    if (head.clock_lead > 0)
        command_warn(command,
                     "the newest commit lies %s ahead of the engine's clock: check the clocks of "
                     "the machines that write",
                     units_show_duration(roughly(head.clock_lead), lead));
    return PERSIST_OK;
}
