/* SPDX-License-Identifier: MIT */
/*
 * What a configuration consists of, and how values enter it. Sources are applied from the
 * weakest to the strongest, so a value that enters replaces the one before it. Settings of
 * plugins stay texts until their declarations are known (bind.c).
 */
#ifndef CORE_CONFIG_MODEL_H
#define CORE_CONFIG_MODEL_H

#include "core/config/config.h"
#include "core/config/declare.h"
#include "core/config/faults.h"

/* A core key's value. Built-in: text, items and origin are NULL. */
struct value {
    char *text;
    int64_t number;
    char **items; /* LIST */
    size_t n_items;
    char *origin;
};

/* A text under a name that has not been judged yet. */
struct pair {
    char *name;
    char *text;
    bool plain;     /* written without quotes */
    unsigned layer; /* of two, the higher one counts */
    char *origin;
    char *folder; /* that relative paths begin at; NULL: the working folder */
};

struct pairs {
    struct pair *items;
    size_t n;
    size_t capacity;
};

/* Where one thing comes from. */
struct source {
    const char *origin;
    const char *folder;
    bool plain;
};

struct persist_config {
    struct value values[DECLARE_COUNT];
    char *backend;          /* of the mapping form */
    struct pairs mapping;   /* the rest of it */
    struct pairs heads;     /* sections of plugins: name, where it stood */
    struct pairs sections;  /* "SECTION.KEY" of files */
    struct pairs variables; /* PERSIST_... that are no core key's */
    struct pairs flags;     /* "SECTION.KEY" of persist_config_set */
    struct pairs warnings;  /* text: the warning; name: what tells it from others, a space,
                               then a section it is about, or nothing */
    unsigned layer;         /* of what is being read */
};

struct persist_config *model_new(void);

/* All of these are false only without memory. */
bool pairs_set(struct pairs *pairs, const char *name, const char *text, unsigned layer,
               const struct source *source);
void pairs_free(struct pairs *pairs);
const struct pair *pairs_find(const struct pairs *pairs, const char *name);

/* Sets a core key that is no list; what is wrong with the text goes to `faults`, and the old
 * value stays. */
bool model_set(struct persist_config *config, size_t index, const char *text,
               const struct source *source, struct faults *faults);
/* Sets a list; the items' own sources are given. */
bool model_set_list(struct persist_config *config, size_t index, const char *const *texts,
                    const struct source *sources, size_t n, const char *origin,
                    struct faults *faults);
/* Empties `persistence` and notes where its mapping begins. */
bool model_begin_mapping(struct persist_config *config, const char *origin);
/* Sets `backend` (name "backend") or a connection setting of the mapping form. */
bool model_set_mapping(struct persist_config *config, const char *name, const char *text,
                       const struct source *source, struct faults *faults);
bool model_warn(struct persist_config *config, const char *section, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* True if `path` is, or continues with '_' or '.', the section of a plugin that may be in use:
 * one that comes with persist, or one that backend or scheme names. */
bool model_knows_plugin(const struct persist_config *config, const char *path);
/* True if `section` is such a section. */
bool model_knows_section(const struct persist_config *config, const char *section);
/* What only all sources together tell: unknown sections, a mapping without a backend,
 * pool.min above pool.max. */
void model_check(const struct persist_config *config, struct faults *faults);
/* The last of these alone. */
void model_check_pool(const struct persist_config *config, struct faults *faults);
/* Adds to `faults` that there is no such key in `section` ("" at the top), and the nearest. */
void model_unknown(const char *section, const char *key, const char *origin, struct faults *faults);

#endif
