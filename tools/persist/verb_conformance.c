/* SPDX-License-Identifier: MIT */
/* plugins conformance. */
#include "tools/persist/input.h"
#include "tools/persist/verbs.h"

#include <persist/conformance.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void print(void *context, const char *line)
{
    struct command *command = context;
    sink_text(&command->sink, line);
    sink_char(&command->sink, '\n');
    sink_flush(&command->sink);
}

/* The number of an option, from 1; 0 if it was not given. */
static persist_status number(struct command *command, enum option_id id, const char *name,
                             uint64_t *out)
{
    const char *text = command->options.values[id];
    return text ? input_count(text, 1, name, out, command->error) : PERSIST_OK;
}

static persist_status read_options(struct command *command, persist_conformance_options *options,
                                   char path[PATH_MAX])
{
    const char *file = command->options.operands[0];
    if (!realpath(file, path))
        return error_set(command->error, PERSIST_NOT_FOUND, "cannot read the plugin %s: %s", file,
                         strerror(errno));
    *options = (persist_conformance_options){.size = sizeof *options,
                                             .plugin_file = path,
                                             .url = command->options.values[OPTION_URL],
                                             .config_file = command->options.values[OPTION_CONFIG],
                                             .only = command->options.values[OPTION_ONLY],
                                             .take = print,
                                             .context = command};
    persist_status status = number(command, OPTION_SCALE, "--scale", &options->scale);
    if (status == PERSIST_OK)
        status = number(command, OPTION_SEED, "--seed", &options->seed);
    return status;
}

persist_status verb_plugins_conformance(struct command *command)
{
    static char path[PATH_MAX];
    static persist_conformance_result result;
    persist_conformance_options options;
    persist_status status = read_options(command, &options, path);
    if (status != PERSIST_OK)
        return status;
    result.size = sizeof result;
    status = persist_conformance_run(&options, &result);
    if (status != PERSIST_OK)
        return error_set(command->error, status, "%s", result.message);
    if (result.failed == 0)
        return PERSIST_OK;
    command->code = EXIT_FAILED;
    return error_set(command->error, PERSIST_PRECONDITION, "%llu of %llu cases failed",
                     (unsigned long long)result.failed,
                     (unsigned long long)result.passed + result.failed);
}
