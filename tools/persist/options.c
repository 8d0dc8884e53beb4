/* SPDX-License-Identifier: MIT */
#include "tools/persist/options.h"

#include "core/base/bytes.h"
#include "core/config/nearest.h"

#include <persist/persist.h>

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORD 32
#define SHOWN 100

struct parser {
    struct options *options;
    char *const *argv;
    int argc;
    int next;
    const char *words[OPTIONS_MAX_OPERANDS + 2]; /* verb and operands, in order */
    size_t n_words;
    uint64_t given; /* on the command line, not by a variable */
};

static bool fail(struct options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(struct options *options, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(options->fault, sizeof options->fault, format, args);
    va_end(args);
    return false;
}

bool options_has(const struct options *options, enum option_id id)
{
    return options->values[id] != NULL;
}

/* ---- verbs */

static bool starts_with_word(const char *name, const char *word)
{
    size_t size = strlen(word);
    return strncmp(name, word, size) == 0 && name[size] == ' ';
}

bool options_is_group(const char *word)
{
    for (size_t i = 0; i < VERBS; i++)
        if (starts_with_word(declare_verbs[i].name, word))
            return true;
    return false;
}

int options_find_verb(const char *const *words, size_t n, size_t *used)
{
    for (int i = 0; n && i < VERBS; i++) {
        const char *name = declare_verbs[i].name;
        const char *blank = strchr(name, ' ');
        bool found =
            blank ? n > 1 && starts_with_word(name, words[0]) && strcmp(blank + 1, words[1]) == 0
                  : strcmp(name, words[0]) == 0;
        if (found) {
            *used = blank ? 2 : 1;
            return i;
        }
    }
    return -1;
}

static bool fail_unknown_sub_verb(struct parser *parser)
{
    char list[200] = "";
    for (size_t i = 0; i < VERBS; i++)
        if (starts_with_word(declare_verbs[i].name, parser->words[0]))
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? ", " : "",
                     strchr(declare_verbs[i].name, ' ') + 1);
    if (parser->n_words < 2)
        return fail(parser->options, "%s needs one of: %s", parser->words[0], list);
    return fail(parser->options, "%s has no verb '%.*s': give one of: %s", parser->words[0], SHOWN,
                parser->words[1], list);
}

static bool fail_unknown_verb(struct parser *parser)
{
    char firsts[VERBS][MAX_WORD];
    const char *given = parser->words[0];
    struct nearest nearest = {.word = given};
    if (options_is_group(given))
        return fail_unknown_sub_verb(parser);
    for (size_t i = 0; i < VERBS; i++) {
        snprintf(firsts[i], MAX_WORD, "%.*s", (int)strcspn(declare_verbs[i].name, " "),
                 declare_verbs[i].name);
        nearest_offer(&nearest, firsts[i]);
    }
    if (nearest.best)
        return fail(parser->options, "there is no verb '%.*s': did you mean '%s'?", SHOWN, given,
                    nearest.best);
    return fail(parser->options, "there is no verb '%.*s': 'persist help' lists them", SHOWN,
                given);
}

/* ---- options */

static bool allowed(const struct parser *parser, size_t id)
{
    if (id < OPTION_GLOBAL_COUNT)
        return true;
    int verb = parser->options->verb;
    return verb >= 0 && declare_verbs[verb].options & DECLARE_BIT(id);
}

/* Id of the option of this name that goes here; OPTION_COUNT if there is none. */
static size_t find_option(const struct parser *parser, const char *name, size_t size)
{
    size_t id = 0;
    while (id < OPTION_COUNT && !(allowed(parser, id) && strlen(declare_options[id].name) == size &&
                                  memcmp(declare_options[id].name, name, size) == 0))
        id++;
    return id;
}

static bool fail_unknown_option(struct parser *parser, const char *given)
{
    struct options *options = parser->options;
    char name[SHOWN];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(given, "="), given);
    struct nearest nearest = {.word = strncmp(name, "--", 2) == 0 ? name + 2 : name};
    for (size_t id = 0; id < OPTION_COUNT; id++) {
        if (allowed(parser, id))
            nearest_offer(&nearest, declare_options[id].name);
        else if (strcmp(nearest.word, declare_options[id].name) == 0)
            return options->verb >= 0
                       ? fail(options,
                              "'%s' has no option '%s': 'persist %s --help' lists its "
                              "options",
                              declare_verbs[options->verb].name, name,
                              declare_verbs[options->verb].name)
                       : fail(options, "the option '%s' goes behind its verb", name);
    }
    if (nearest.best)
        return fail(options, "there is no option '%s': did you mean '--%s'?", name, nearest.best);
    return fail(options,
                "there is no option '%s': if it is no option, write -- before it; 'persist "
                "help' lists the options",
                name);
}

static bool check_word(struct options *options, const char *what, const char *words,
                       const char *value)
{
    size_t size = strlen(value);
    for (const char *word = words; words && *word;) {
        size_t length = strcspn(word, " ");
        if (length == size && memcmp(word, value, size) == 0)
            return true;
        word += length + (word[length] == ' ');
    }
    return !words || fail(options, "%s is '%.*s': give one of: %s", what, SHOWN, value, words);
}

static bool take_value(struct parser *parser, size_t id, const char *value)
{
    const struct option_spec *spec = &declare_options[id];
    char what[MAX_WORD];
    snprintf(what, sizeof what, "--%s", spec->name);
    parser->options->values[id] = value;
    parser->given |= DECLARE_BIT(id);
    return check_word(parser->options, what, spec->words, value);
}

static bool parse_long(struct parser *parser, const char *given)
{
    size_t size = strcspn(given + 2, "=");
    const char *value = given[2 + size] ? given + 2 + size + 1 : NULL;
    size_t id = find_option(parser, given + 2, size);
    if (id == OPTION_COUNT)
        return fail_unknown_option(parser, given);
    const struct option_spec *spec = &declare_options[id];
    if (!spec->argument)
        return value ? fail(parser->options, "--%s takes no value", spec->name)
                     : take_value(parser, id, "1");
    if (!value && parser->next < parser->argc)
        value = parser->argv[parser->next++];
    if (!value)
        return fail(parser->options, "--%s needs a value: --%s %s", spec->name, spec->name,
                    spec->argument);
    return take_value(parser, id, value);
}

/* Letters may be written together; none takes a value. */
static bool parse_letters(struct parser *parser, const char *given)
{
    for (const char *letter = given + 1; *letter; letter++) {
        size_t id = 0;
        while (id < OPTION_COUNT && !(allowed(parser, id) && declare_options[id].letter == *letter))
            id++;
        if (id == OPTION_COUNT)
            return fail_unknown_option(parser, given);
        assert(!declare_options[id].argument);
        if (!take_value(parser, id, "1"))
            return false;
    }
    return true;
}

static bool fail_surplus(struct parser *parser, const char *given)
{
    const struct verb_spec *verb = &declare_verbs[parser->options->verb];
    char shown[SHOWN];
    bytes_show(persist_text(given), shown, sizeof shown);
    return fail(parser->options, "'%s' is one argument too many: persist %s%s%s", shown, verb->name,
                *verb->operands ? " " : "", verb->operands);
}

static bool parse_word(struct parser *parser, const char *given)
{
    struct options *options = parser->options;
    size_t used;
    if (options->verb >= 0) {
        if (options->n_operands == declare_verbs[options->verb].max_operands)
            return fail_surplus(parser, given);
        assert(options->n_operands < OPTIONS_MAX_OPERANDS);
        options->operands[options->n_operands++] = given;
        return true;
    }
    parser->words[parser->n_words++] = given;
    options->verb = options_find_verb(parser->words, parser->n_words, &used);
    if (options->verb < 0 && !(parser->n_words == 1 && options_is_group(given)))
        return fail_unknown_verb(parser);
    return true;
}

static bool parse_arguments(struct parser *parser)
{
    bool words_only = false;
    while (parser->next < parser->argc) {
        const char *given = parser->argv[parser->next++];
        bool good;
        if (words_only || given[0] != '-' || !given[1])
            good = parse_word(parser, given);
        else if (strcmp(given, "--") == 0)
            good = words_only = true;
        else
            good = given[1] == '-' ? parse_long(parser, given) : parse_letters(parser, given);
        if (!good)
            return false;
    }
    return true;
}

/* ---- variables */

static bool parse_truth(struct options *options, const char *variable, const char *text,
                        const char **value)
{
    static const char *const yes[] = {"1", "true", "yes", "on"};
    static const char *const no[] = {"0", "false", "no", "off", ""};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (strcmp(text, yes[i]) == 0) {
            *value = "1";
            return true;
        }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (strcmp(text, no[i]) == 0)
            return true;
    return fail(options, "the variable %s is '%.*s': give 1 or 0", variable, SHOWN, text);
}

static bool parse_variables(struct parser *parser)
{
    struct options *options = parser->options;
    for (size_t id = 0; id < OPTION_COUNT; id++) {
        const struct option_spec *spec = &declare_options[id];
        const char *text = spec->variable ? getenv(spec->variable) : NULL;
        if (!text || parser->given & DECLARE_BIT(id))
            continue;
        char what[MAX_WORD + 16];
        snprintf(what, sizeof what, "the variable %s", spec->variable);
        if (!spec->argument) {
            if (!parse_truth(options, spec->variable, text, &options->values[id]))
                return false;
        } else if (*text) {
            options->values[id] = text;
            if (!check_word(options, what, spec->words, text))
                return false;
        }
    }
    return true;
}

/* ---- all */

static bool check_complete(struct parser *parser)
{
    struct options *options = parser->options;
    if (options_has(options, OPTION_HELP) || options_has(options, OPTION_VERSION))
        return true;
    if (options->verb < 0)
        return parser->n_words ? fail_unknown_sub_verb(parser)
                               : fail(options, "a verb is missing: 'persist help' lists them");
    const struct verb_spec *verb = &declare_verbs[options->verb];
    if (options->n_operands < verb->min_operands)
        return fail(options, "%s needs %s: persist %s %s", verb->name,
                    verb->min_operands > 1 ? "more arguments" : "an argument", verb->name,
                    verb->operands);
    if (options_has(options, OPTION_HEX) && options_has(options, OPTION_BASE64))
        return fail(options, "--hex and --base64 exclude each other: give one");
    return true;
}

bool options_parse(struct options *options, int argc, char *const *argv)
{
    struct parser parser = {.options = options, .argv = argv, .argc = argc, .next = 1};
    *options = (struct options){.verb = -1};
    return parse_arguments(&parser) && parse_variables(&parser) && check_complete(&parser);
}
