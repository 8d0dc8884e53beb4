/* SPDX-License-Identifier: MIT */
/*
 * Nodes are doubled: (n, 0) was come to by another edge than rw, (n, 1) by an rw edge. A
 * walk that takes no second rw edge from (n, 1) is one without two of them in a row, and so
 * a cycle of the doubled graph is just the cycle asked for. Without `apart` all is at 0.
 */
#include "tests/history/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct graph_edge {
    size_t from, to;
    enum edge kind;
};

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

void graph_add(struct graph *graph, size_t from, size_t to, enum edge kind)
{
    if (from == to)
        return;
    if (graph->n_edges == graph->capacity) {
        graph->capacity = graph->capacity ? 2 * graph->capacity : 256;
        graph->edges = must(realloc(graph->edges, graph->capacity * sizeof *graph->edges));
    }
    graph->edges[graph->n_edges++] = (struct graph_edge){from, to, kind};
    if (graph->n_nodes <= from)
        graph->n_nodes = from + 1;
    if (graph->n_nodes <= to)
        graph->n_nodes = to + 1;
}

static int by_from(const void *left, const void *right)
{
    const struct graph_edge *a = left, *b = right;
    return a->from < b->from ? -1 : a->from > b->from;
}

void graph_sort(struct graph *graph)
{
    size_t at = 0;
    if (graph->n_edges)
        qsort(graph->edges, graph->n_edges, sizeof *graph->edges, by_from);
    graph->first = must(calloc(graph->n_nodes + 1, sizeof *graph->first));
    for (size_t node = 0; node <= graph->n_nodes; node++) {
        while (at < graph->n_edges && graph->edges[at].from < node)
            at++;
        graph->first[node] = at;
    }
}

void graph_free(struct graph *graph)
{
    free(graph->edges);
    free(graph->first);
    *graph = (struct graph){0};
}

/* Where an edge leads from a doubled node, or false if it may not be taken. */
static bool step(const struct graph_edge *edge, unsigned kinds, bool apart, size_t state,
                 size_t *next)
{
    if (!(edge->kind & kinds))
        return false;
    if (!apart) {
        *next = 2 * edge->to;
        return true;
    }
    if (edge->kind == EDGE_RW && state % 2)
        return false;
    *next = 2 * edge->to + (edge->kind == EDGE_RW);
    return true;
}

/* Depth first without recursion: what is met again while still open closes a cycle. */
struct search {
    const struct graph *graph;
    unsigned kinds;
    bool apart;
    unsigned char *colour; /* 0 new, 1 open, 2 done */
    size_t *next;          /* edge to be looked at */
    size_t *path;
};

static bool search_from(struct search *search, size_t start, size_t *node)
{
    size_t depth = 0, to;
    if (search->colour[start])
        return false;
    search->colour[start] = 1;
    search->next[start] = search->graph->first[start / 2];
    search->path[depth++] = start;
    while (depth) {
        size_t state = search->path[depth - 1];
        if (search->next[state] == search->graph->first[state / 2 + 1]) {
            search->colour[state] = 2;
            depth--;
            continue;
        }
        const struct graph_edge *edge = &search->graph->edges[search->next[state]++];
        if (!step(edge, search->kinds, search->apart, state, &to) || search->colour[to] == 2)
            continue;
        if (search->colour[to] == 1) {
            *node = to / 2;
            return true;
        }
        search->colour[to] = 1;
        search->next[to] = search->graph->first[to / 2];
        search->path[depth++] = to;
    }
    return false;
}

bool graph_cycle(const struct graph *graph, unsigned kinds, bool apart, size_t *node)
{
    size_t states = 2 * graph->n_nodes;
    bool found = false;
    struct search search = {.graph = graph,
                            .kinds = kinds,
                            .apart = apart,
                            .colour = must(calloc(states + 1, 1)),
                            .next = must(calloc(states + 1, sizeof(size_t))),
                            .path = must(calloc(states + 1, sizeof(size_t)))};
    for (size_t state = 0; state < states && !found; state++)
        found = search_from(&search, state, node);
    free(search.colour);
    free(search.next);
    free(search.path);
    return found;
}

static const char *edge_name(enum edge kind)
{
    switch (kind) {
    case EDGE_WW:
        return "ww";
    case EDGE_WR:
        return "wr";
    case EDGE_RW:
        return "rw";
    case EDGE_RT:
        break;
    }
    return "rt";
}

/* Breadth first from a state back to itself; came[] holds the edge taken, plus one. */
static bool search_back(const struct graph *graph, unsigned kinds, bool apart, size_t start,
                        size_t *came, size_t *before)
{
    size_t *queue = must(calloc(2 * graph->n_nodes + 1, sizeof *queue));
    size_t head = 0, tail = 0, to;
    bool found = false;
    queue[tail++] = start;
    while (head < tail && !found) {
        size_t state = queue[head++];
        for (size_t e = graph->first[state / 2]; e < graph->first[state / 2 + 1] && !found; e++) {
            if (!step(&graph->edges[e], kinds, apart, state, &to) || came[to])
                continue;
            came[to] = e + 1;
            before[to] = state;
            found = to == start;
            queue[tail++] = to;
        }
    }
    free(queue);
    return found;
}

static void tell_path(const struct graph *graph, size_t start, const size_t *came,
                      const size_t *before, char *out, size_t size)
{
    size_t n = 0, state = start, used;
    size_t *path = must(calloc(2 * graph->n_nodes + 1, sizeof *path));
    do {
        path[n++] = came[state] - 1;
        state = before[state];
    } while (state != start);
    used = (size_t)snprintf(out, size, "%zu", start / 2);
    while (n-- && used < size) {
        const struct graph_edge *edge = &graph->edges[path[n]];
        used += (size_t)snprintf(out + used, size - used, " -%s-> %zu", edge_name(edge->kind),
                                 edge->to);
    }
    free(path);
}

void graph_tell(const struct graph *graph, unsigned kinds, bool apart, size_t node, char *out,
                size_t size)
{
    for (size_t state = 2 * node; state < 2 * node + 2; state++) {
        size_t *came = must(calloc(2 * graph->n_nodes + 1, sizeof *came));
        size_t *before = must(calloc(2 * graph->n_nodes + 1, sizeof *before));
        bool found = search_back(graph, kinds, apart, state, came, before);
        if (found)
            tell_path(graph, state, came, before, out, size);
        free(came);
        free(before);
        if (found)
            return;
    }
    snprintf(out, size, "no cycle through %zu", node);
}
