/* SPDX-License-Identifier: MIT */
/*
 * The verbs' names of one or two words are completed first, then options and, for operands
 * called FILE, files.
 */
#include "tools/persist/completion.h"

#include "tools/persist/declare.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Length of the first word of a verb's name. */
static int first_size(size_t verb)
{
    return (int)strcspn(declare_verbs[verb].name, " ");
}

static const char *second_word(size_t verb)
{
    const char *blank = strchr(declare_verbs[verb].name, ' ');
    return blank ? blank + 1 : NULL;
}

/* Is it the first verb with its first word? They stand together. */
static bool opens_group(size_t verb)
{
    int size = first_size(verb);
    return verb == 0 || first_size(verb - 1) != size ||
           strncmp(declare_verbs[verb].name, declare_verbs[verb - 1].name, (size_t)size) != 0;
}

static bool takes_file(size_t verb)
{
    return strcmp(declare_verbs[verb].operands, "FILE") == 0;
}

static bool is_file(size_t option)
{
    const char *argument = declare_options[option].argument;
    return argument && strcmp(argument, "FILE") == 0;
}

static void print_first_words(void)
{
    for (size_t i = 0; i < VERBS; i++)
        if (opens_group(i))
            printf("%s%.*s", i ? " " : "", first_size(i), declare_verbs[i].name);
}

static void print_second_words(size_t first)
{
    for (size_t i = first; i < VERBS && (i == first || !opens_group(i)); i++)
        printf("%s%s", i == first ? "" : " ", second_word(i));
}

static void print_options(uint64_t options, bool global)
{
    for (size_t id = 0; id < OPTION_COUNT; id++)
        if (id < OPTION_GLOBAL_COUNT ? global : (options & DECLARE_BIT(id)) != 0)
            printf(" --%s", declare_options[id].name);
}

/* ---- bash */

static void bash_values(void)
{
    puts("    case $previous in");
    for (size_t id = 0; id < OPTION_COUNT; id++) {
        const struct option_spec *spec = &declare_options[id];
        if (spec->words)
            printf("    --%s) COMPREPLY=($(compgen -W '%s' -- \"$current\")); return ;;\n",
                   spec->name, spec->words);
        else if (is_file(id))
            printf("    --%s) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n", spec->name);
        else if (spec->argument)
            printf("    --%s) return ;;\n", spec->name);
    }
    puts("    esac");
}

/* Finds the words that are neither options nor their values. */
static void bash_words(void)
{
    fputs(
        "    local words=() i\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        case ${COMP_WORDS[i]} in\n"
        "        ",
        stdout);
    bool first = true;
    for (size_t id = 0; id < OPTION_COUNT; id++)
        if (declare_options[id].argument) {
            printf("%s--%s", first ? "" : "|", declare_options[id].name);
            first = false;
        }
    puts(
        ") ((i++)) ;;\n"
        "        -*) ;;\n"
        "        *) words+=(\"${COMP_WORDS[i]}\") ;;\n"
        "        esac\n"
        "    done");
}

static void bash_verbs(void)
{
    puts("    case ${words[*]} in");
    fputs("    '') choices='", stdout);
    print_first_words();
    puts("' ;;");
    for (size_t i = 0; i < VERBS; i++)
        if (opens_group(i) && second_word(i)) {
            printf("    %.*s) choices='", first_size(i), declare_verbs[i].name);
            print_second_words(i);
            puts("' ;;");
        }
    for (size_t i = 0; i < VERBS; i++) {
        printf("    '%s'|'%s '*) options='", declare_verbs[i].name, declare_verbs[i].name);
        print_options(declare_verbs[i].options, false);
        printf("'%s ;;\n", takes_file(i) ? "; files=1" : "");
    }
    puts("    esac");
}

void completion_bash(void)
{
    puts(
        "# bash completion for persist\n"
        "_persist()\n"
        "{\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
        "    local choices='' options='' files=''");
    bash_values();
    bash_words();
    bash_verbs();
    fputs(
        "    if [[ $current == -* ]]; then\n"
        "        COMPREPLY=($(compgen -W \"$options",
        stdout);
    print_options(0, true);
    puts(
        "\" -- \"$current\"))\n"
        "    elif [[ $choices ]]; then\n"
        "        COMPREPLY=($(compgen -W \"$choices\" -- \"$current\"))\n"
        "    elif [[ $files ]]; then\n"
        "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
        "    fi\n"
        "}\n"
        "complete -o filenames -F _persist persist");
}

/* ---- zsh */

/* A text within single quotes and, there, within brackets. */
static void zsh_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (strchr("[]:\\", *text))
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

static void zsh_option(size_t id)
{
    const struct option_spec *spec = &declare_options[id];
    printf("        '--%s%s[", spec->name, spec->argument ? "=" : "");
    zsh_text(spec->help);
    putchar(']');
    if (spec->words)
        printf(":%s:(%s)", spec->argument, spec->words);
    else if (spec->argument)
        printf(":%s:%s", spec->argument, is_file(id) ? "_files" : "");
    puts("' \\");
}

static void zsh_options(uint64_t options, bool global)
{
    for (size_t id = 0; id < OPTION_COUNT; id++)
        if (id < OPTION_GLOBAL_COUNT ? global : (options & DECLARE_BIT(id)) != 0)
            zsh_option(id);
}

static void zsh_first_words(void)
{
    puts("    local -a verbs=(");
    for (size_t i = 0; i < VERBS; i++)
        if (opens_group(i)) {
            printf("        '%.*s:", first_size(i), declare_verbs[i].name);
            if (second_word(i))
                print_second_words(i);
            else
                zsh_text(declare_verbs[i].summary);
            puts("'");
        }
    puts("    )");
}

static void zsh_groups(void)
{
    puts("    case $words[1] in");
    for (size_t i = 0; i < VERBS; i++)
        if (opens_group(i) && second_word(i)) {
            printf("    %.*s)\n        if (( CURRENT == 2 )); then\n            compadd ",
                   first_size(i), declare_verbs[i].name);
            print_second_words(i);
            puts(
                "\n            return\n        fi\n        verb=\"$words[1] $words[2]\"\n"
                "        shift words; (( CURRENT-- )) ;;");
        }
    puts("    *) verb=$words[1] ;;\n    esac");
}

static void zsh_verbs(void)
{
    puts("    case $verb in");
    for (size_t i = 0; i < VERBS; i++) {
        printf("    '%s') _arguments $global \\\n", declare_verbs[i].name);
        zsh_options(declare_verbs[i].options, false);
        printf("        '*:%s:%s' ;;\n",
               *declare_verbs[i].operands ? declare_verbs[i].operands : " ",
               takes_file(i) ? "_files" : "");
    }
    puts("    esac");
}

void completion_zsh(void)
{
    puts(
        "#compdef persist\n"
        "_persist()\n"
        "{\n"
        "    local curcontext=$curcontext state line verb\n"
        "    local -a global=( \\");
    zsh_options(0, true);
    puts("    )");
    zsh_first_words();
    puts(
        "    _arguments -C $global '1: :->verb' '*:: :->rest'\n"
        "    if [[ $state == verb ]]; then\n"
        "        _describe verb verbs\n"
        "        return\n"
        "    fi");
    zsh_groups();
    zsh_verbs();
    puts(
        "}\n"
        "_persist \"$@\"");
}

/* ---- fish */

/* A text within single quotes. */
static void fish_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
}

static void fish_option(size_t id, const char *condition)
{
    const struct option_spec *spec = &declare_options[id];
    printf("complete -c persist%s -l %s", condition, spec->name);
    if (spec->letter)
        printf(" -s %c", spec->letter);
    if (spec->words)
        printf(" -x -a '%s'", spec->words);
    else if (spec->argument)
        fputs(is_file(id) ? " -rF" : " -x", stdout);
    fputs(" -d '", stdout);
    fish_text(spec->help);
    puts("'");
}

/* True of a command line on which the verb stands already. */
static void fish_condition(size_t verb, char *out, size_t capacity)
{
    const char *second = second_word(verb);
    snprintf(out, capacity, " -n '__fish_seen_subcommand_from %.*s%s%s'", first_size(verb),
             declare_verbs[verb].name, second ? "; and __fish_seen_subcommand_from " : "",
             second ? second : "");
}

static void fish_second_words(size_t first)
{
    int size = first_size(first);
    printf(
        "complete -c persist -n '__fish_seen_subcommand_from %.*s; and not "
        "__fish_seen_subcommand_from ",
        size, declare_verbs[first].name);
    print_second_words(first);
    fputs("' -a '", stdout);
    print_second_words(first);
    puts("'");
}

void completion_fish(void)
{
    puts("# fish completion for persist\ncomplete -c persist -f");
    for (size_t id = 0; id < OPTION_GLOBAL_COUNT; id++)
        fish_option(id, "");
    for (size_t i = 0; i < VERBS; i++) {
        char condition[160];
        if (opens_group(i)) {
            printf("complete -c persist -n __fish_use_subcommand -a %.*s -d '", first_size(i),
                   declare_verbs[i].name);
            if (second_word(i))
                print_second_words(i);
            else
                fish_text(declare_verbs[i].summary);
            puts("'");
            if (second_word(i))
                fish_second_words(i);
        }
        fish_condition(i, condition, sizeof condition);
        for (size_t id = OPTION_GLOBAL_COUNT; id < OPTION_COUNT; id++)
            if (declare_verbs[i].options & DECLARE_BIT(id))
                fish_option(id, condition);
        if (takes_file(i))
            printf("complete -c persist%s -F\n", condition);
    }
}
