/* SPDX-License-Identifier: MIT */
#include "tests/history/checker.h"

#include "tests/history/graph.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who appended a number, to what. */
struct writer {
    size_t tx;
    int key;
    bool known;
    bool last;  /* its transaction's last to the key */
    int next;   /* the number behind it in the key's order, 0: none */
    bool final; /* in the key's longest list */
    bool twice; /* seen so in the list looked at */
};

struct key {
    const int *longest;
    size_t n_longest;
    size_t by; /* whose read it was */
};

struct check {
    const struct history *history;
    unsigned found, forbidden;
    char *why;
    size_t size;
    struct writer *writers; /* by number */
    int n_writers;
    struct key *keys;
    int n_keys;
    struct graph graph;
};

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

__attribute__((format(printf, 3, 4))) static void find(struct check *check, unsigned anomaly,
                                                       const char *format, ...)
{
    va_list args;
    if ((anomaly & check->forbidden) && !(check->found & check->forbidden)) {
        va_start(args, format);
        vsnprintf(check->why, check->size, format, args);
        va_end(args);
    }
    check->found |= anomaly;
}

/* ---- who wrote what */

static void measure(struct check *check)
{
    for (size_t t = 0; t < check->history->n; t++)
        for (size_t o = 0; o < check->history->txs[t].n_ops; o++) {
            const struct history_op *op = &check->history->txs[t].ops[o];
            if (op->key >= check->n_keys)
                check->n_keys = op->key + 1;
            if (op->append && op->number >= check->n_writers)
                check->n_writers = op->number + 1;
        }
    check->keys = must(calloc((size_t)check->n_keys + 1, sizeof *check->keys));
    check->writers = must(calloc((size_t)check->n_writers + 1, sizeof *check->writers));
}

static void note_writers(struct check *check)
{
    for (size_t t = 0; t < check->history->n; t++) {
        const struct history_tx *tx = &check->history->txs[t];
        for (size_t o = 0; o < tx->n_ops; o++) {
            const struct history_op *op = &tx->ops[o];
            bool last = true;
            if (!op->append)
                continue;
            for (size_t later = o + 1; later < tx->n_ops; later++)
                last &= !(tx->ops[later].append && tx->ops[later].key == op->key);
            if (check->writers[op->number].known)
                find(check, HISTORY_GARBAGE, "%d was appended twice", op->number);
            check->writers[op->number] =
                (struct writer){.tx = t, .key = op->key, .known = true, .last = last};
        }
    }
}

static struct writer *writer_of(struct check *check, int number)
{
    struct writer *writer =
        number > 0 && number < check->n_writers ? &check->writers[number] : NULL;
    return writer && writer->known ? writer : NULL;
}

/* ---- each read in itself */

static bool numbers_are_sound(struct check *check, size_t t, const struct history_op *op)
{
    bool sound = true;
    for (size_t i = 0; i < op->n_seen; i++) {
        struct writer *writer = writer_of(check, op->seen[i]);
        if (!writer || writer->key != op->key || writer->twice) {
            find(check, HISTORY_GARBAGE, "%zu read %d in key %d, which %s", t, op->seen[i], op->key,
                 writer && writer->twice ? "is there twice" : "was never appended");
            sound = false;
            continue;
        }
        writer->twice = true;
        if (writer->tx != t && check->history->txs[writer->tx].outcome == HISTORY_ABORTED)
            find(check, HISTORY_G1A, "%zu read %d of %zu, which was rolled back", t, op->seen[i],
                 writer->tx);
    }
    for (size_t i = 0; i < op->n_seen; i++)
        if (writer_of(check, op->seen[i]))
            writer_of(check, op->seen[i])->twice = false;
    return sound;
}

static void check_intermediate(struct check *check, size_t t, const struct history_op *op)
{
    if (!op->n_seen)
        return;
    const struct writer *writer = writer_of(check, op->seen[op->n_seen - 1]);
    if (writer && writer->tx != t && !writer->last)
        find(check, HISTORY_G1B, "%zu read %d of %zu, which went on", t, op->seen[op->n_seen - 1],
             writer->tx);
}

/* A read is the one before it in the transaction with its own appends since. */
static void check_internal(struct check *check, size_t t, size_t o)
{
    const struct history_tx *tx = &check->history->txs[t];
    const struct history_op *op = &tx->ops[o];
    size_t own = 0;
    bool good = true;
    for (size_t before = o; before-- && good;) {
        const struct history_op *other = &tx->ops[before];
        if (other->key != op->key)
            continue;
        if (other->append) {
            own++;
            good = own <= op->n_seen && op->seen[op->n_seen - own] == other->number;
            continue;
        }
        good = other->n_seen + own == op->n_seen &&
               (!other->n_seen ||
                memcmp(other->seen, op->seen, other->n_seen * sizeof *op->seen) == 0);
        break;
    }
    if (!good)
        find(check, HISTORY_INTERNAL, "%zu contradicts itself at key %d", t, op->key);
}

/* How much of a list others can have seen: without the transaction's own appends. */
static size_t foreign(struct check *check, size_t t, const struct history_op *op)
{
    size_t n = op->n_seen;
    while (n) {
        const struct writer *writer = writer_of(check, op->seen[n - 1]);
        if (!writer || writer->tx != t)
            break;
        n--;
    }
    return n;
}

/* The list whose order counts: of a committed transaction all, else only what others made. */
static size_t counted(struct check *check, size_t t, const struct history_op *op)
{
    return check->history->txs[t].outcome == HISTORY_COMMITTED ? op->n_seen : foreign(check, t, op);
}

static void check_reads(struct check *check)
{
    for (size_t t = 0; t < check->history->n; t++)
        for (size_t o = 0; o < check->history->txs[t].n_ops; o++) {
            const struct history_op *op = &check->history->txs[t].ops[o];
            struct key *key = &check->keys[op->key];
            if (op->append || !numbers_are_sound(check, t, op))
                continue;
            check_intermediate(check, t, op);
            check_internal(check, t, o);
            if (counted(check, t, op) > key->n_longest || !key->longest)
                *key = (struct key){op->seen, counted(check, t, op), t};
        }
}

/* ---- the order of each key */

static void check_order(struct check *check)
{
    for (size_t t = 0; t < check->history->n; t++)
        for (size_t o = 0; o < check->history->txs[t].n_ops; o++) {
            const struct history_op *op = &check->history->txs[t].ops[o];
            const struct key *key = &check->keys[op->key];
            size_t n = op->append ? 0 : counted(check, t, op);
            if (n && (n > key->n_longest || memcmp(op->seen, key->longest, n * sizeof(int)) != 0))
                find(check, HISTORY_ORDER, "%zu and %zu disagree about key %d", t, key->by,
                     op->key);
        }
    for (int k = 0; k < check->n_keys; k++) {
        const struct key *key = &check->keys[k];
        for (size_t i = 0; i < key->n_longest; i++) {
            struct writer *writer = writer_of(check, key->longest[i]);
            writer->final = true;
            writer->next = i + 1 < key->n_longest ? key->longest[i + 1] : 0;
        }
    }
    for (int i = 0; i < check->n_writers; i++) {
        const struct writer *writer = &check->writers[i];
        if (writer->known && !writer->final &&
            check->history->txs[writer->tx].outcome == HISTORY_COMMITTED)
            find(check, HISTORY_LOST, "%d, which %zu committed to key %d, is lost", i, writer->tx,
                 writer->key);
    }
}

/* ---- edges */

/* A transaction counts if it committed, or if somebody saw what it wrote. */
static bool counts(const struct check *check, size_t t)
{
    const struct history_tx *tx = &check->history->txs[t];
    if (tx->outcome != HISTORY_UNKNOWN)
        return tx->outcome == HISTORY_COMMITTED;
    for (size_t o = 0; o < tx->n_ops; o++)
        if (tx->ops[o].append && check->writers[tx->ops[o].number].final)
            return true;
    return false;
}

static void add_read_edges(struct check *check, size_t t, const struct history_op *op)
{
    size_t n = foreign(check, t, op);
    int next = n < check->keys[op->key].n_longest ? check->keys[op->key].longest[n] : 0;
    if (n)
        graph_add(&check->graph, writer_of(check, op->seen[n - 1])->tx, t, EDGE_WR);
    if (next)
        graph_add(&check->graph, t, writer_of(check, next)->tx, EDGE_RW);
}

static void add_data_edges(struct check *check)
{
    for (size_t t = 0; t < check->history->n; t++) {
        const struct history_tx *tx = &check->history->txs[t];
        for (size_t o = 0; o < tx->n_ops && counts(check, t); o++) {
            const struct history_op *op = &tx->ops[o];
            if (!op->append)
                add_read_edges(check, t, op);
            else if (check->writers[op->number].next)
                graph_add(&check->graph, t, writer_of(check, check->writers[op->number].next)->tx,
                          EDGE_WW);
        }
    }
}

struct moment {
    int64_t at;
    size_t tx;
    bool end;
};

static int by_time(const void *left, const void *right)
{
    const struct moment *a = left, *b = right;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    /* At the same instant nothing is told: beginnings come first. */
    return (int)a->end - (int)b->end;
}

/* Ends are strung on a chain of nodes of their own: each transaction leads to the node of
 * its end, and comes from the last node before its beginning. */
static void add_time_edges(struct check *check)
{
    size_t n = check->history->n, count = 0, node = n;
    struct moment *moments = must(calloc(2 * n + 1, sizeof *moments));
    for (size_t t = 0; t < n; t++) {
        const struct history_tx *tx = &check->history->txs[t];
        if (!counts(check, t))
            continue;
        moments[count++] = (struct moment){tx->begun, t, false};
        if (tx->outcome == HISTORY_COMMITTED)
            moments[count++] = (struct moment){tx->ended, t, true};
    }
    qsort(moments, count, sizeof *moments, by_time);
    for (size_t i = 0; i < count; i++) {
        if (!moments[i].end) {
            if (node > n)
                graph_add(&check->graph, node - 1, moments[i].tx, EDGE_RT);
            continue;
        }
        if (node > n)
            graph_add(&check->graph, node - 1, node, EDGE_RT);
        graph_add(&check->graph, moments[i].tx, node++, EDGE_RT);
    }
    free(moments);
}

/* ---- cycles */

static bool look(struct check *check, unsigned kinds, bool apart, unsigned anomaly)
{
    size_t node;
    char cycle[1024];
    if (!graph_cycle(&check->graph, kinds, apart, &node))
        return false;
    graph_tell(&check->graph, kinds, apart, node, cycle, sizeof cycle);
    find(check, anomaly, "cycle %s", cycle);
    return true;
}

static void check_cycles(struct check *check)
{
    static const unsigned write = EDGE_WW, depend = EDGE_WW | EDGE_WR;
    static const unsigned data = EDGE_WW | EDGE_WR | EDGE_RW;
    if (look(check, write, false, HISTORY_G0) || look(check, depend, false, HISTORY_G1C) ||
        look(check, data, true, HISTORY_G_SINGLE))
        return;
    bool real_time = look(check, EDGE_ALL, true, HISTORY_REAL_TIME);
    if (!look(check, data, false, HISTORY_G2) && !real_time)
        look(check, EDGE_ALL, false, HISTORY_G2_REAL_TIME);
}

unsigned history_check(const struct history *history, unsigned forbidden, char *why, size_t size)
{
    struct check check = {.history = history, .forbidden = forbidden, .why = why, .size = size};
    why[0] = '\0';
    measure(&check);
    note_writers(&check);
    check_reads(&check);
    if (!(check.found & HISTORY_GARBAGE))
        check_order(&check);
    if (!(check.found & (HISTORY_GARBAGE | HISTORY_ORDER))) {
        add_data_edges(&check);
        add_time_edges(&check);
        graph_sort(&check.graph);
        check_cycles(&check);
        graph_free(&check.graph);
    }
    free(check.keys);
    free(check.writers);
    return check.found;
}
