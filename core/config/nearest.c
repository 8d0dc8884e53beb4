/* SPDX-License-Identifier: MIT */
#include "core/config/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* Longer words are not compared: no known key is. */
#define WORD_MAX 64

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t nearest_distance(const char *a, const char *b, size_t bound)
{
    size_t rows[3][WORD_MAX + 1];
    size_t n = strlen(a), m = strlen(b);
    if (n > WORD_MAX || m > WORD_MAX)
        return bound;
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= m; j++)
        above[j] = before[j] = j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = least(least(above[j] + 1, row[j - 1] + 1),
                           above[j - 1] + !same(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *recycled = before;
        before = above;
        above = row;
        row = recycled;
    }
    return least(above[m], bound);
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
    /* A third of the word may be wrong. */
    size_t bound = nearest->best ? nearest->distance : (strlen(nearest->word) + 1) / 3 + 1;
    size_t distance = nearest_distance(nearest->word, candidate, bound);
    if (distance >= bound)
        return;
    nearest->best = candidate;
    nearest->distance = distance;
}
