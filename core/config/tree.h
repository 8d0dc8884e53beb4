/* SPDX-License-Identifier: MIT */
/* A YAML document as a tree that remembers where everything stood. */
#ifndef CORE_CONFIG_TREE_H
#define CORE_CONFIG_TREE_H

#include "core/config/faults.h"

/* Largest file, bytes; deepest nesting. */
#define TREE_BYTES_MAX (1u << 20)
#define TREE_DEPTH_MAX 16
/* Most entries of one mapping or list. */
#define TREE_ITEMS_MAX 1000

enum node_kind {
    NODE_SCALAR,
    NODE_LIST,
    NODE_MAPPING,
    NODE_REFUSED, /* its fault is told already */
};

struct node {
    enum node_kind kind;
    char *origin;       /* "FILE:LINE:COLUMN" of the value */
    char *key;          /* in a mapping: the key, else NULL */
    char *key_origin;   /* and where it stood */
    char *text;         /* SCALAR; has no NUL inside */
    bool plain;         /* SCALAR: written without quotes */
    struct node *items; /* LIST, MAPPING: in the order written, keys unique */
    size_t n_items;
    size_t capacity;
};

/* Reads one document. What is wrong goes to `faults`; the tree then holds what could be
 * read. `file` names it in messages. False if nothing could be read, or without memory; *out
 * is then empty. An empty document is an empty mapping. */
bool tree_parse(const char *file, const char *data, size_t size, struct faults *faults,
                struct node *out);
void tree_free(struct node *node);
/* The entry of a mapping, or NULL. */
const struct node *tree_entry(const struct node *mapping, const char *key);
/* "a mapping", "a list", "a single value". */
const char *tree_kind_text(enum node_kind kind);

#endif
