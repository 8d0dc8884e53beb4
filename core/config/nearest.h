/* SPDX-License-Identifier: MIT */
/* The known word that somebody who wrote an unknown one most likely meant. */
#ifndef CORE_CONFIG_NEAREST_H
#define CORE_CONFIG_NEAREST_H

#include <stddef.h>

/* Words are offered one by one; { word } begins, `best` is the result so far (NULL: none
 * is near enough). Keeps the pointers it was given. */
struct nearest {
    const char *word;
    const char *best;
    size_t distance;
};

void nearest_offer(struct nearest *nearest, const char *candidate);
/* Insertions, deletions, replacements and swaps of neighbours between two words, letters
 * compared without case; at most `bound` is counted. */
size_t nearest_distance(const char *a, const char *b, size_t bound);

#endif
