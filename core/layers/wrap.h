/* SPDX-License-Identifier: MIT */
/* The tables of a layer. */
#ifndef CORE_LAYERS_WRAP_H
#define CORE_LAYERS_WRAP_H

#include "core/layers/layer.h"

/* A layer's place in the list of stack.c. */
struct layer {
    struct plugin plugin; /* the plugin it is */
    const struct plugin *inner;
    const struct layer_kind *kind;
    void *state;
    char *text; /* it was made from; NULL: by layer_push */
};

/* As many layers can be told apart when they open a store: store_open gets nothing by
 * which to know which layer was meant, so each has an entry of its own. */
#define LAYERS_MAX 32

/* Fills layer->plugin: the inner one's operations, those with a hook by way of ours.
 * `index` is the layer's own in 0 .. LAYERS_MAX - 1. */
void wrap_plugin(struct layer *layer, unsigned index);
/* The layer at the index, which is there. In stack.c. */
struct layer *layers_at(unsigned index);

#endif
