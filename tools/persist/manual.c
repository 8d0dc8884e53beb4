/* SPDX-License-Identifier: MIT */
#include "tools/persist/manual.h"

#include "tools/persist/declare.h"
#include "tools/persist/exit.h"

#include <persist/version.h>

#include <stdio.h>
#include <string.h>

struct section {
    const char *title;
    const char *text; /* roff */
};

static const struct section opening[] = {
    {"NAME", "persist \\- a transactional, multi-version key-value store\n"},
    {"SYNOPSIS", ".B persist\n[\\fIoption\\fR...] \\fIverb\\fR [\\fIargument\\fR...]\n"},
    {"DESCRIPTION",
     "Reads and writes a store of keys and values whose every change is a transaction and whose "
     "past can be read. Which engine keeps the data is decided by the configuration alone: a URL "
     "such as\n.I sqlite:///var/lib/app/data.sqlite3\nor a file.\n.PP\n"
     "Keys are 1 to 2,048 bytes, ordered byte by byte; values are bytes, possibly none. On the "
     "command line both are text, or with\n.B \\-\\-hex\nor\n.B \\-\\-base64\nany bytes.\n.PP\n"
     "Standard output carries data only. Errors, remarks and progress go to standard error.\n"},
};

static const struct section closing[] = {
    {"TIMES",
     "A time is a count of nanoseconds since 1970, an RFC 3339 time "
     "(2026\\-01\\-31T12:00:00.5+01:00; up to nine digits of fraction, and always an offset or Z), "
     "or an age before now: \\-90s, \\-15m, \\-1h30m, \\-7d. It may be any time from before the "
     "first commit, when there was nothing, until now; a time in the future is refused.\n"
     ".PP\nA duration is a whole number with ns, us, ms, s, m, h, d or w.\n"},
    {"OUTPUT",
     "As\n.BR text ,\nlists have a line a row with tabs between its cells, and single answers a "
     "line for each name and value; a cell that is not there is \\-. Control characters, "
     "backslashes and bytes that are not UTF-8 are written \\et, \\en, \\er, \\e\\e and \\exNN; "
     "only\n.B get\nprints a value just as it is.\n.PP\n"
     "As\n.BR json ,\nlists are arrays of objects;\n.B ndjson\nhas one object a line. Timestamps "
     "and other counts of nanoseconds are strings of decimal digits, because numbers lose digits "
     "above 2^53. Bytes that are not UTF-8 appear in base64 as key_base64 and value_base64.\n.PP\n"
     "As\n.BR csv ,\nthe first line names the columns; bytes take two, one of which is filled: "
     "key and key_base64. Cells are quoted as RFC 4180 says, and lines end with a line feed. "
     "A cell that begins with = is written as it is; a spreadsheet may take it for a formula.\n"
     ".PP\nA transaction's id is 24 hexadecimal digits, which its batch shares, a hyphen, and its "
     "number in the batch.\n.PP\n"
     "If the reader goes away before the end, as\n.B head\ndoes, the command stops quietly with "
     "exit code 0. Any other failure to write, such as a full disk, is told and exit code 1.\n"},
    {"SIGNALS",
     "SIGINT, SIGTERM and SIGHUP end the command where nothing is half done: between rows and "
     "between transactions. A read or a commit that waits for the engine is given up, unless it "
     "is being written already. The exit code is 130. A second signal ends the command at once, "
     "which a store survives as well.\n"},
    {"FILES",
     ".TP\n.I ./persist.yaml\nthe configuration, if \\-\\-config is not given\n"
     ".TP\n.I " PERSIST_SYSCONFDIR "/persist/persist.yaml\nelse this one, if it is there\n"},
    {"EXAMPLES",
     ".nf\n"
     "export PERSIST_PERSISTENCE=sqlite:app.db\n"
     "persist init\n"
     "persist put greeting hello\n"
     "persist get greeting\n"
     "persist get greeting \\-\\-at \\-15m\n"
     "persist scan \\-\\-prefix user/ \\-\\-output ndjson | jq .key\n"
     "persist history greeting\n"
     "persist dump > app.ndjson\n"
     "persist load app.ndjson\n"
     "printf '%s\\en' 'check balance 10' 'put balance 9' | persist txn \\-\n"
     ".fi\n"},
};

/* Text as roff: nothing in it is a request or an escape. */
static void write_text(const char *text)
{
    for (; *text; text++) {
        if (text[0] == '\n') {
            fputs("\n.PP\n", stdout);
            text += strspn(text, "\n") - 1;
        } else if (*text == '\\') {
            fputs("\\e", stdout);
        } else if (*text == '-') {
            fputs("\\-", stdout);
        } else {
            putchar(*text);
        }
    }
    putchar('\n');
}

static void write_sections(const struct section *sections, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf(".SH %s\n%s", sections[i].title, sections[i].text);
}

static void write_option(const struct option_spec *spec)
{
    fputs(".TP\n.B \\-\\-", stdout);
    for (const char *c = spec->name; *c; c++)
        printf(*c == '-' ? "\\-" : "%c", *c);
    if (spec->letter)
        printf(", \\-%c", spec->letter);
    if (spec->argument)
        printf(" \\fI%s\\fR", spec->argument);
    putchar('\n');
    write_text(spec->help);
}

static void write_verb(const struct verb_spec *verb)
{
    printf(".SS persist %s", verb->name);
    if (*verb->operands)
        printf(" \\fI%s\\fR", verb->operands);
    putchar('\n');
    write_text(verb->text);
    for (size_t id = 0; id < OPTION_COUNT; id++)
        if (verb->options & DECLARE_BIT(id))
            write_option(&declare_options[id]);
}

static void write_variables(void)
{
    for (size_t id = 0; id < OPTION_COUNT; id++)
        if (declare_options[id].variable)
            printf(".TP\n.B %s\nstands in for \\-\\-%s%s\n", declare_options[id].variable,
                   declare_options[id].name, declare_options[id].argument ? "" : "; 1 or 0");
    fputs(
        ".TP\n.B NO_COLOR\nif it is not empty, as \\-\\-no\\-color\n"
        ".TP\n.B PERSIST_PLUGIN_PATH\nfolders with backends, separated by colons\n"
        ".TP\n.BI PERSIST_ SECTION __ KEY\nany setting of the configuration file, above what "
        "the file says\n",
        stdout);
}

void manual_write(void)
{
    printf(
        ".\\\" Made from the declarations of the command.\n"
        ".TH PERSIST 1 \"\" \"persist %s\" \"persist\"\n",
        PERSIST_VERSION);
    write_sections(opening, sizeof opening / sizeof *opening);
    puts(
        ".SH OPTIONS\nThese go with every verb, before or behind it. A value follows its option "
        "as the next argument or behind =. \\fB\\-\\-\\fR ends the options.");
    for (size_t id = 0; id < OPTION_GLOBAL_COUNT; id++)
        write_option(&declare_options[id]);
    puts(".SH VERBS");
    for (size_t i = 0; i < VERBS; i++)
        write_verb(&declare_verbs[i]);
    write_sections(closing, 3);
    puts(".SH EXIT STATUS");
    for (const struct exit_meaning *meaning = exit_meanings; meaning->text; meaning++) {
        printf(".TP\n.B %d\n", (int)meaning->code);
        write_text(meaning->text);
    }
    puts(".SH ENVIRONMENT");
    write_variables();
    write_sections(closing + 3, sizeof closing / sizeof *closing - 3);
}
