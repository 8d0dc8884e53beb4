/* SPDX-License-Identifier: MIT */
/* Which layers there are in the process, and how a text becomes a stack of them. */
#include "core/layers/kinds.h"
#include "core/layers/words.h"
#include "core/layers/wrap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The longest text, with its NUL. */
#define LAYERS_TEXT 2048

static const struct layer_kind *const kinds[] = {&layer_trace, &layer_delay, &layer_fault};

/* Entries are added at the end, and neither changed nor removed. */
static struct {
    pthread_mutex_t lock;
    struct layer *layers[LAYERS_MAX];
    unsigned n;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct layer *layers_at(unsigned index)
{
    pthread_mutex_lock(&registry.lock);
    assert(index < registry.n);
    struct layer *layer = registry.layers[index];
    pthread_mutex_unlock(&registry.lock);
    return layer;
}

void *layers_find(const char *kind)
{
    void *state = NULL;
    pthread_mutex_lock(&registry.lock);
    for (unsigned i = 0; i < registry.n; i++)
        if (strcmp(registry.layers[i]->kind->name, kind) == 0)
            state = registry.layers[i]->state;
    pthread_mutex_unlock(&registry.lock);
    return state;
}

/* Under the lock: one made from the same text over the same plugin. */
static struct layer *find(const struct plugin *inner, const struct layer_kind *kind,
                          const char *text)
{
    for (unsigned i = 0; i < registry.n; i++) {
        struct layer *layer = registry.layers[i];
        if (layer->inner == inner && layer->kind == kind && layer->text &&
            strcmp(layer->text, text) == 0)
            return layer;
    }
    return NULL;
}

/* Under the lock: adds one. `text` NULL: the state is given. */
static persist_status add(const struct plugin *inner, const struct layer_kind *kind,
                          const char *text, void *state, struct layer **out, persist_error *error)
{
    if (registry.n == LAYERS_MAX)
        return error_set(error, PERSIST_LIMIT, "a process has at most %d layers", LAYERS_MAX);
    struct layer *layer = calloc(1, sizeof *layer);
    if (!layer)
        return error_no_memory(error);
    *layer = (struct layer){.inner = inner, .kind = kind, .state = state};
    persist_status status = PERSIST_OK;
    if (text) {
        layer->text = strdup(text);
        status = layer->text ? kind->make(text, &layer->state, error) : error_no_memory(error);
    }
    if (status != PERSIST_OK) {
        free(layer->text);
        free(layer);
        return status;
    }
    wrap_plugin(layer, registry.n);
    registry.layers[registry.n++] = layer;
    *out = layer;
    return PERSIST_OK;
}

static const struct layer_kind *kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

/* One layer by its text, "KIND[:RULES]". */
static persist_status one_over(const struct plugin *inner, char *piece, const struct plugin **out,
                               persist_error *error)
{
    const char *rules = words_cut(piece, ':');
    const struct layer_kind *kind = kind_named(piece);
    persist_status status = PERSIST_OK;
    if (!kind)
        return error_set(error, PERSIST_CONFIG,
                         "layer '%.40s' is unknown: give trace, delay or fault", piece);
    if (!rules)
        rules = "";
    pthread_mutex_lock(&registry.lock);
    struct layer *layer = find(inner, kind, rules);
    if (!layer)
        status = add(inner, kind, rules, NULL, &layer, error);
    pthread_mutex_unlock(&registry.lock);
    if (status == PERSIST_OK)
        *out = &layer->plugin;
    return status;
}

persist_status layers_over(const struct plugin *inner, const char *text, const struct plugin **out,
                           persist_error *error)
{
    const char *at = text ? text : "";
    char copy[LAYERS_TEXT];
    char *pieces[LAYERS_MAX];
    size_t n = 0;
    const struct plugin *top = inner;
    persist_status status = PERSIST_OK;
    if (strlen(at) >= sizeof copy)
        return error_set(error, PERSIST_CONFIG, "the text of the layers has more than %d bytes",
                         LAYERS_TEXT - 1);
    strcpy(copy, at);
    char *rest = NULL;
    for (char *piece = strtok_r(copy, ";", &rest); piece; piece = strtok_r(NULL, ";", &rest)) {
        if (n == LAYERS_MAX)
            return error_set(error, PERSIST_LIMIT, "a process has at most %d layers", LAYERS_MAX);
        pieces[n++] = piece;
    }
    /* The first is nearest to the caller, so the last is put on first. */
    while (n && status == PERSIST_OK)
        status = one_over(top, pieces[--n], &top, error);
    if (status == PERSIST_OK)
        *out = top;
    return status;
}

persist_status layers_from_environment(const struct plugin *inner, const struct plugin **out,
                                       persist_error *error)
{
    persist_status status = layers_over(inner, secure_getenv("PERSIST_LAYERS"), out, error);
    if (status != PERSIST_OK)
        error_prefix(error, "variable PERSIST_LAYERS: ");
    return status;
}

persist_status layer_push(const struct plugin *inner, const struct layer_kind *kind, void *state,
                          const struct plugin **out, persist_error *error)
{
    struct layer *layer = NULL;
    pthread_mutex_lock(&registry.lock);
    persist_status status = add(inner, kind, NULL, state, &layer, error);
    pthread_mutex_unlock(&registry.lock);
    if (status == PERSIST_OK)
        *out = &layer->plugin;
    return status;
}
