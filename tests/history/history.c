/* SPDX-License-Identifier: MIT */
/* Keeping of histories. */
#include "tests/history/checker.h"

#include <stdlib.h>
#include <string.h>

static void *more(void *memory, size_t count, size_t size)
{
    void *out = realloc(memory, count * size);
    if (!out && count)
        abort();
    return out;
}

struct history_tx *history_add(struct history *history, int64_t begun)
{
    if (history->n == history->capacity) {
        history->capacity = history->capacity ? 2 * history->capacity : 64;
        history->txs = more(history->txs, history->capacity, sizeof *history->txs);
    }
    history->txs[history->n] = (struct history_tx){.begun = begun, .outcome = HISTORY_UNKNOWN};
    return &history->txs[history->n++];
}

static struct history_op *add_op(struct history_tx *tx)
{
    tx->ops = more(tx->ops, tx->n_ops + 1, sizeof *tx->ops);
    return &tx->ops[tx->n_ops++];
}

void history_append(struct history_tx *tx, int key, int number)
{
    *add_op(tx) = (struct history_op){.key = key, .append = true, .number = number};
}

void history_read(struct history_tx *tx, int key, const int *seen, size_t n_seen)
{
    int *copy = more(NULL, n_seen + 1, sizeof *copy);
    if (n_seen)
        memcpy(copy, seen, n_seen * sizeof *copy);
    *add_op(tx) = (struct history_op){.key = key, .seen = copy, .n_seen = n_seen};
}

void history_merge(struct history *into, struct history *from)
{
    for (size_t i = 0; i < from->n; i++)
        *history_add(into, 0) = from->txs[i];
    free(from->txs);
    *from = (struct history){0};
}

void history_free(struct history *history)
{
    for (size_t i = 0; i < history->n; i++) {
        for (size_t o = 0; o < history->txs[i].n_ops; o++)
            free(history->txs[i].ops[o].seen);
        free(history->txs[i].ops);
    }
    free(history->txs);
    *history = (struct history){0};
}
