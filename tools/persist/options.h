/* SPDX-License-Identifier: MIT */
/* The command line, parsed by the declarations. */
#ifndef TOOLS_PERSIST_OPTIONS_H
#define TOOLS_PERSIST_OPTIONS_H

#include "tools/persist/declare.h"

#include <stdbool.h>

#define OPTIONS_MAX_OPERANDS 4

/* Everything borrowed from argv and the environment. */
struct options {
    int verb; /* verb_id; -1: none was given */
    const char *values[OPTION_COUNT];
    const char *operands[OPTIONS_MAX_OPERANDS];
    size_t n_operands;
    char fault[512]; /* what is wrong with the command line */
};

/* Reads arguments, then variables for what they leave open. False: `fault` says why; verb
 * and the rest are as far as they were read. */
bool options_parse(struct options *options, int argc, char *const *argv);
/* Was it given? For flags. */
bool options_has(const struct options *options, enum option_id id);
/* The verb of these words, at most n of them; -1 if there is none. *used: how many of the
 * words its name took. */
int options_find_verb(const char *const *words, size_t n, size_t *used);
/* True if `word` is the first of verbs' names of two words: "namespace". */
bool options_is_group(const char *word);

#endif
