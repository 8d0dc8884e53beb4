/* SPDX-License-Identifier: MIT */
/*
 * Layers: plugins made from another plugin, whose operations call the other's and do
 * something before and after. See README.md for what they are for and how they are named.
 *
 * A layer lives as long as the process, as plugins do. Any thread may call anything here.
 */
#ifndef CORE_LAYERS_LAYER_H
#define CORE_LAYERS_LAYER_H

#include "core/loader/loader.h"

#include <pthread.h>

/* The operations that pass through a layer's hooks: all that take a persist_call but
 * check_config. Named as in persist/plugin.h. */
#define LAYER_OPS(X)    \
    X(store_open)       \
    X(session_open)     \
    X(session_ping)     \
    X(session_reset)    \
    X(namespace_list)   \
    X(namespace_create) \
    X(namespace_drop)   \
    X(head)             \
    X(read)             \
    X(scan)             \
    X(changes)          \
    X(append)           \
    X(control)          \
    X(collect)          \
    X(trim)             \
    X(repair)           \
    X(meta_get)         \
    X(meta_put)         \
    X(wait_change)      \
    X(migrate_plan)     \
    X(migrate_apply)    \
    X(stats)            \
    X(verify)           \
    X(explain)          \
    X(maintain)

enum layer_op {
#define LAYER_OP_ENUM(name) LAYER_##name,
    LAYER_OPS(LAYER_OP_ENUM)
#undef LAYER_OP_ENUM
        LAYER_OP_COUNT,
    LAYER_any = LAYER_OP_COUNT /* in rules: whichever */
};

/* "append"; "any" for LAYER_any. */
const char *layer_op_name(enum layer_op op);

/* One call on its way through a layer. */
struct layer_call {
    enum layer_op op;
    const persist_call *frame;
    persist_session *session; /* the layer's own; NULL: the call has none */
    uint32_t ns;              /* 0: none */
    uint64_t items;           /* asked for, or handed in: keys, versions */
    uint64_t item_bytes;      /* their keys and values, and an append's record */
    uint64_t rows;            /* handed out: versions, records, names */
    uint64_t row_bytes;
    int64_t began; /* monotonic ns */
    int note;      /* the hook's own, from `before` to `after`; begins as 0 */
};

struct layer_kind {
    const char *name;
    /* From the text behind "NAME:", "" if there is none. Statuses: CONFIG, NO_MEMORY. */
    persist_status (*make)(const char *text, void **state, persist_error *error);
    void (*drop)(void *state);
    /* Anything but PERSIST_OK is answered at once; the operation is not done. May be NULL. */
    persist_status (*before)(void *state, struct layer_call *call);
    /* What is answered for an operation that was done and gave `status`. May be NULL. */
    persist_status (*after)(void *state, struct layer_call *call, persist_status status);
};

/*
 * Puts the layers that `text` names over a plugin: "KIND[:RULES]" separated by ';', the
 * first one nearest to the caller. The same text over the same plugin gives the same
 * layers. Empty or NULL: *out is the plugin itself.
 * Statuses: CONFIG (names the fault), LIMIT (of layers in the process), NO_MEMORY.
 */
persist_status layers_over(const struct plugin *inner, const char *text, const struct plugin **out,
                           persist_error *error);
/* The same with the text of the variable PERSIST_LAYERS, which counts only in programs
 * that run with their caller's rights. */
persist_status layers_from_environment(const struct plugin *inner, const struct plugin **out,
                                       persist_error *error);
/* One layer of a kind the caller brings, such as a test; `state` stays the caller's. */
persist_status layer_push(const struct plugin *inner, const struct layer_kind *kind, void *state,
                          const struct plugin **out, persist_error *error);
/* State of the youngest layer of the kind with this name; NULL: there is none. */
void *layers_find(const char *kind);

#endif
