/* SPDX-License-Identifier: MIT */
#include "core/layers/words.h"

#include "core/config/units.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char *layer_op_name(enum layer_op op)
{
    static const char *const names[] = {
#define LAYER_OP_NAME(name) #name,
        LAYER_OPS(LAYER_OP_NAME)
#undef LAYER_OP_NAME
            "any"};
    return names[op];
}

/* So much of what is said instead of a piece that is too long. */
#define WORDS_CUT 8

bool words_next(const char **text, char separator, char piece[WORDS_LONGEST])
{
    const char *at = *text;
    while (*at == separator)
        at++;
    size_t length = 0;
    while (at[length] && at[length] != separator)
        length++;
    bool fits = length < WORDS_LONGEST;
    snprintf(piece, WORDS_LONGEST, "%.*s", fits ? (int)length : WORDS_CUT, fits ? at : "too long");
    *text = at + length;
    return length > 0;
}

char *words_cut(char *piece, char separator)
{
    char *at = strchr(piece, separator);
    if (!at)
        return NULL;
    *at = '\0';
    return at + 1;
}

bool words_op(const char *name, enum layer_op *op)
{
    for (int i = 0; i <= LAYER_any; i++)
        if (strcmp(name, layer_op_name((enum layer_op)i)) == 0) {
            *op = (enum layer_op)i;
            return true;
        }
    return false;
}

bool words_number(const char *text, int64_t least, int64_t *out)
{
    return units_integer(text, out) == UNITS_OK && *out >= least;
}

bool words_span(char *text, int64_t *from, int64_t *to)
{
    char *last = strstr(text, "..");
    if (last) {
        *last = '\0';
        last += 2;
    }
    if (units_duration(text, from) != UNITS_OK || *from < 0)
        return false;
    *to = *from;
    return !last || (units_duration(last, to) == UNITS_OK && *to >= *from);
}

/* Is `word` the name, with '-' for its spaces and slashes? */
static bool spells(const char *word, const char *name)
{
    for (; *name; name++, word++)
        if (*word != (isalpha((unsigned char)*name) ? *name : '-'))
            return false;
    return !*word;
}

bool words_status(const char *name, persist_status *status)
{
    for (int i = PERSIST_OK + 1; i < PERSIST_STATUS_COUNT; i++)
        if (spells(name, persist_status_name((persist_status)i))) {
            *status = (persist_status)i;
            return true;
        }
    return false;
}
