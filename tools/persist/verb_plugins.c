/* SPDX-License-Identifier: MIT */
/* plugins list and inspect. */
#include "tools/persist/verbs.h"

#include <inttypes.h>
#include <stdio.h>

static const struct column list_columns[] = {
    {"name", CELL_TEXT, false},    {"version", CELL_TEXT, false}, {"abi", CELL_TEXT, false},
    {"schemes", CELL_TEXT, false}, {"verdict", CELL_TEXT, false}, {"file", CELL_TEXT, false},
    {"reason", CELL_TEXT, false},
};
static const struct column inspect_columns[] = {
    {"file", CELL_TEXT, false},
    {"verdict", CELL_TEXT, false},
    {"reason", CELL_TEXT, false},
    {"name", CELL_TEXT, false},
    {"version", CELL_TEXT, false},
    {"abi", CELL_TEXT, false},
    {"abi_extra", CELL_TEXT, false},
    {"host_floor", CELL_INTEGER, false},
    {"schemes", CELL_TEXT, false},
    {"section", CELL_TEXT, false},
    {"licence", CELL_TEXT, false},
    {"summary", CELL_TEXT, false},
    {"pointer_bits", CELL_INTEGER, false},
};

static const char *verdict(const struct plugin_file *file)
{
    return file->accepted ? "accepted" : "refused";
}

/* A text of the head, or nothing if there is none. */
static void print_head_text(struct output *output, const struct plugin_file *file, const char *text)
{
    if (file->has_head)
        output_text(output, text);
    else
        output_none(output);
}

static void print_abi(struct output *output, const struct plugin_file *file)
{
    char abi[32];
    snprintf(abi, sizeof abi, "%" PRIu32 ".%" PRIu32, file->head.abi_major, file->head.abi_minor);
    print_head_text(output, file, abi);
}

static void print_reason(struct output *output, const struct plugin_file *file)
{
    if (file->accepted)
        output_none(output);
    else
        output_text(output, file->reason);
}

static void print_head_number(struct output *output, const struct plugin_file *file,
                              uint32_t number)
{
    if (file->has_head)
        output_integer(output, number);
    else
        output_none(output);
}

static persist_status print_listed(void *context, const struct plugin_file *file)
{
    struct output *output = context;
    print_head_text(output, file, file->head.name);
    print_head_text(output, file, file->head.version);
    print_abi(output, file);
    print_head_text(output, file, file->head.schemes);
    output_text(output, verdict(file));
    output_text(output, file->path);
    print_reason(output, file);
    return PERSIST_OK;
}

persist_status verb_plugins_list(struct command *command)
{
    persist_status status = command_configure(command);
    if (status != PERSIST_OK)
        return status;
    struct plugin_search search = command_plugins(command);
    output_begin(&command->output, OUTPUT_LIST, list_columns,
                 sizeof list_columns / sizeof *list_columns);
    status = loader_list(&search, print_listed, &command->output, command->error);
    output_end(&command->output, status == PERSIST_OK);
    return status;
}

static void print_inspected(struct output *output, const struct plugin_file *file)
{
    output_begin(output, OUTPUT_ONE, inspect_columns,
                 sizeof inspect_columns / sizeof *inspect_columns);
    output_text(output, file->path);
    output_text(output, verdict(file));
    print_reason(output, file);
    print_head_text(output, file, file->head.name);
    print_head_text(output, file, file->head.version);
    print_abi(output, file);
    print_head_text(output, file, file->head.abi_extra);
    print_head_number(output, file, file->head.host_floor);
    print_head_text(output, file, file->head.schemes);
    print_head_text(output, file, file->head.section);
    print_head_text(output, file, file->head.licence);
    print_head_text(output, file, file->head.summary);
    print_head_number(output, file, file->head.pointer_bits);
    output_end(output, true);
}

persist_status verb_plugins_inspect(struct command *command)
{
    static struct plugin_file file;
    persist_status status = loader_inspect(command->options.operands[0], &file, command->error);
    if (status != PERSIST_OK)
        return status;
    print_inspected(&command->output, &file);
    if (file.accepted)
        return PERSIST_OK;
    command->code = EXIT_UNUSABLE;
    return error_set(command->error, PERSIST_PLUGIN_REFUSED, "%s", file.reason);
}
