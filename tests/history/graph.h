/* SPDX-License-Identifier: MIT */
/* A directed graph with kinds of edges, and the search for cycles in it. */
#ifndef TESTS_HISTORY_GRAPH_H
#define TESTS_HISTORY_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

enum edge { EDGE_WW = 1, EDGE_WR = 2, EDGE_RW = 4, EDGE_RT = 8 };
#define EDGE_ALL 15u

struct graph {
    struct graph_edge *edges; /* owned */
    size_t n_edges, capacity;
    size_t n_nodes;
    size_t *first; /* of each node's edges, once sorted; owned */
};

/* Aborts the program without memory; so does the search. */
void graph_add(struct graph *graph, size_t from, size_t to, enum edge kind);
/* After the last edge. */
void graph_sort(struct graph *graph);
void graph_free(struct graph *graph);

/*
 * Is there a cycle of the given kinds of edges? With `apart`, one in which no two rw edges
 * follow each other. Some node of it is in *node.
 */
bool graph_cycle(const struct graph *graph, unsigned kinds, bool apart, size_t *node);

/* Writes a shortest such cycle through the node: "1 -ww-> 2 -rw-> 1". */
void graph_tell(const struct graph *graph, unsigned kinds, bool apart, size_t node, char *out,
                size_t size);

#endif
