/* SPDX-License-Identifier: MIT */
/* migrate status, and migrate up, which init is too. */
#include "tools/persist/verbs.h"

#include "tools/persist/time.h"

static const struct column columns[] = {
    {"number", CELL_INTEGER, false},
    {"name", CELL_TEXT, false},
    {"applied_at", CELL_TIME, false},
    {"applied_time", CELL_TEXT, false},
};

struct listing {
    struct output *output;
    bool missing_only;
};

static persist_status take(void *context, uint32_t number, const char *name, int64_t applied_at)
{
    const struct listing *listing = context;
    struct output *output = listing->output;
    char time[TIME_TEXT];
    if (listing->missing_only && applied_at)
        return PERSIST_OK;
    output_integer(output, number);
    output_text(output, name);
    if (applied_at) {
        output_time(output, applied_at);
        output_text(output, time_show(applied_at, time));
    } else {
        output_none(output);
        output_none(output);
    }
    return PERSIST_OK;
}

static persist_status list(struct command *command, bool up, bool missing_only)
{
    struct listing listing = {&command->output, missing_only};
    persist_status status = command_configure(command);
    if (status != PERSIST_OK)
        return status;
    output_begin(&command->output, OUTPUT_LIST, columns, sizeof columns / sizeof *columns);
    status = up ? persist_migrate_up(command->config, take, &listing, command->error)
                : persist_migrate_status(command->config, take, &listing, command->error);
    output_end(&command->output, status == PERSIST_OK);
    return status;
}

persist_status verb_migrate_status(struct command *command)
{
    return list(command, false, false);
}

persist_status verb_migrate_up(struct command *command)
{
    persist_status status = list(command, !command->dry_run, command->dry_run);
    if (status != PERSIST_OK)
        return status;
    if (command->dry_run)
        command_note(command, "dry run: would apply %d migrations", (int)command->output.rows);
    else if (!command->output.rows)
        command_note(command, "nothing to do: the store is up to date");
    return status;
}
