/* SPDX-License-Identifier: MIT */
#include "tools/persist/help.h"

#include "tools/persist/declare.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 80

/* Words of a text, broken at WIDTH, each line indented by `indent`; the first line begins
 * at `column`. */
static void write_wrapped(struct sink *sink, const char *text, size_t indent, size_t column)
{
    while (*text) {
        if (text[0] == '\n') {
            sink_text(sink, "\n\n");
            column = 0;
            text += strspn(text, "\n");
            continue;
        }
        size_t size = strcspn(text, " \n");
        if (column > indent && column + 1 + size > WIDTH) {
            sink_char(sink, '\n');
            column = 0;
        }
        size_t blanks = column < indent ? indent - column : 1;
        for (size_t i = 0; i < blanks && (column || indent); i++)
            sink_char(sink, ' ');
        sink_add(sink, text, size);
        column += size + (column || indent ? blanks : 0);
        text += size;
        text += *text == ' ';
    }
    sink_char(sink, '\n');
}

static void write_entry(struct sink *sink, const char *name, size_t width, const char *text)
{
    sink_format(sink, "  %-*s", (int)width, name);
    write_wrapped(sink, text, width + 4, 2 + (strlen(name) > width ? strlen(name) : width));
}

static void write_option(struct sink *sink, const struct option_spec *spec)
{
    char name[64];
    snprintf(name, sizeof name, "--%s%s%s", spec->name, spec->argument ? " " : "",
             spec->argument ? spec->argument : "");
    if (spec->letter)
        snprintf(name + strlen(name), sizeof name - strlen(name), ", -%c", spec->letter);
    write_entry(sink, name, 22, spec->help);
}

static void write_global_options(struct sink *sink)
{
    for (size_t id = 0; id < OPTION_GLOBAL_COUNT; id++)
        write_option(sink, &declare_options[id]);
}

static void write_command(struct sink *sink)
{
    sink_text(sink,
              "usage: persist [OPTION...] VERB [ARGUMENT...]\n\n"
              "A transactional, multi-version key-value store.\n\nVerbs:\n");
    for (size_t i = 0; i < VERBS; i++) {
        char name[64];
        const struct verb_spec *verb = &declare_verbs[i];
        snprintf(name, sizeof name, "%s%s%s", verb->name, *verb->operands ? " " : "",
                 verb->operands);
        write_entry(sink, name, 22, verb->summary);
    }
    sink_text(sink, "\nOptions, before or behind the verb:\n");
    write_global_options(sink);
    sink_text(sink, "\n'persist help VERB' tells more of a verb, persist(1) of everything.\n");
}

static void write_verb(struct sink *sink, const struct verb_spec *verb)
{
    sink_format(sink, "usage: persist %s%s%s%s\n\n", verb->name,
                verb->options ? " [OPTION...]" : "", *verb->operands ? " " : "", verb->operands);
    write_wrapped(sink, verb->text, 0, 0);
    if (verb->options)
        sink_text(sink, "\nOptions:\n");
    for (size_t id = 0; id < OPTION_COUNT; id++)
        if (verb->options & DECLARE_BIT(id))
            write_option(sink, &declare_options[id]);
    sink_text(sink, "\nOptions of every verb:\n");
    write_global_options(sink);
}

void help_write(struct sink *sink, int verb)
{
    if (verb < 0)
        write_command(sink);
    else
        write_verb(sink, &declare_verbs[verb]);
}
