/* SPDX-License-Identifier: MIT */
/* namespace list, create, drop. */
#include "tools/persist/verbs.h"

#include "core/config/units.h"

#include <stdio.h>
#include <string.h>

static const struct column columns[] = {
    {"name", CELL_TEXT, false},
    {"id", CELL_INTEGER, false},
    {"state", CELL_TEXT, false},
};

static persist_status print(void *context, const char *name, uint32_t id, uint32_t state)
{
    static const char *const states[] = {"open", "loading", "moved"};
    struct output *output = context;
    output_text(output, name);
    output_integer(output, id);
    output_text(output, state < sizeof states / sizeof *states ? states[state] : "unknown");
    return PERSIST_OK;
}

persist_status verb_namespace_list(struct command *command)
{
    persist_status status = command_open(command, PERSIST_STORE_READ_ONLY);
    if (status != PERSIST_OK)
        return status;
    output_begin(&command->output, OUTPUT_LIST, columns, sizeof columns / sizeof *columns);
    status = persist_namespace_list(command->store, print, &command->output, command->error);
    output_end(&command->output, status == PERSIST_OK);
    return status;
}

struct search {
    const char *name;
    bool found;
};

static persist_status compare(void *context, const char *name, uint32_t id, uint32_t state)
{
    struct search *search = context;
    (void)id;
    (void)state;
    search->found = search->found || strcmp(name, search->name) == 0;
    return PERSIST_OK;
}

/* What --dry-run does: OK if the namespace is there just as it has to be. */
static persist_status rehearse(struct command *command, const char *name, bool wanted)
{
    struct search search = {name, false};
    persist_status status =
        persist_namespace_list(command->store, compare, &search, command->error);
    if (status != PERSIST_OK)
        return status;
    if (search.found && !wanted)
        return error_set(command->error, PERSIST_EXISTS, "the namespace '%s' exists already", name);
    if (!search.found && wanted)
        return error_set(command->error, PERSIST_NOT_FOUND, "there is no namespace '%s'", name);
    command_note(command, "dry run: would %s the namespace '%s'", wanted ? "drop" : "make", name);
    return PERSIST_OK;
}

/* -1: as configured; 0: for ever. */
static persist_status parse_retention(struct command *command, int64_t *retention)
{
    const char *text = command->options.values[OPTION_RETENTION];
    *retention = -1;
    if (!text)
        return PERSIST_OK;
    if (strcmp(text, "forever") == 0) {
        *retention = 0;
        return PERSIST_OK;
    }
    if (units_duration(text, retention) == UNITS_OK && *retention > 0)
        return PERSIST_OK;
    return error_set(command->error, PERSIST_INVALID,
                     "--retention is '%.60s': give forever, or a number above 0 with s, m, h, d "
                     "or w",
                     text);
}

persist_status verb_namespace_create(struct command *command)
{
    const char *name = command->options.operands[0];
    int64_t retention;
    persist_status status = parse_retention(command, &retention);
    if (status == PERSIST_OK)
        status = command_open(command, 0);
    if (status != PERSIST_OK)
        return status;
    if (command->dry_run)
        return rehearse(command, name, false);
    return persist_namespace_create(command->store, name, retention, command->error);
}

persist_status verb_namespace_drop(struct command *command)
{
    const char *name = command->options.operands[0];
    char shown[80], question[200];
    snprintf(question, sizeof question, "Drop the namespace '%s' and everything in it, for good?",
             bytes_show(persist_text(name), shown, sizeof shown));
    persist_status status = command->dry_run ? PERSIST_OK : command_confirm(command, question);
    if (status == PERSIST_OK)
        status = command_open(command, 0);
    if (status != PERSIST_OK)
        return status;
    if (command->dry_run)
        return rehearse(command, name, true);
    return persist_namespace_drop(command->store, name, command->error);
}
