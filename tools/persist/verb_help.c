/* SPDX-License-Identifier: MIT */
#include "tools/persist/help.h"
#include "tools/persist/verbs.h"

#include <stdio.h>
#include <string.h>

/* help GROUP: all verbs that begin so. */
static persist_status help_group(struct command *command, const char *word)
{
    size_t size = strlen(word);
    for (int i = 0; i < VERBS; i++)
        if (strncmp(declare_verbs[i].name, word, size) == 0 && declare_verbs[i].name[size] == ' ') {
            if (command->sink.used)
                sink_char(&command->sink, '\n');
            help_write(&command->sink, i);
        }
    return PERSIST_OK;
}

persist_status verb_help(struct command *command)
{
    const struct options *options = &command->options;
    size_t used = 0;
    if (!options->n_operands) {
        help_write(&command->sink, -1);
        return PERSIST_OK;
    }
    if (options->n_operands == 1 && options_is_group(options->operands[0]))
        return help_group(command, options->operands[0]);
    int verb = options_find_verb(options->operands, options->n_operands, &used);
    if (verb < 0 || used != options->n_operands)
        return error_set(command->error, PERSIST_INVALID,
                         "there is no verb '%.60s%s%.60s': 'persist help' lists them",
                         options->operands[0], options->n_operands > 1 ? " " : "",
                         options->n_operands > 1 ? options->operands[1] : "");
    help_write(&command->sink, verb);
    return PERSIST_OK;
}
