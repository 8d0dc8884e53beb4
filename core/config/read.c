/* SPDX-License-Identifier: MIT */
#include "core/config/read.h"

#include "core/config/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct persist_config *config;
    struct faults *faults;
    const char *folder;
};

static struct source source_of(const struct reading *reading, const struct node *node)
{
    return (struct source){node->origin, reading->folder, node->plain};
}

static bool is_null(const struct node *node)
{
    return node->kind == NODE_SCALAR && node->plain &&
           (!*node->text || text_in_words(node->text, "~ null Null NULL", NULL));
}

bool read_is_single(const struct node *node, const char *name, struct faults *faults)
{
    if (node->kind == NODE_REFUSED)
        return false;
    if (node->kind != NODE_SCALAR)
        faults_add(faults, node->origin, "%s is %s: give a single value", name,
                   tree_kind_text(node->kind));
    else if (is_null(node))
        faults_add(faults, node->origin, "%s has no value: give one, or leave the key out", name);
    else
        return true;
    return false;
}

/* As read_is_single, for a mapping. */
static bool is_mapping(const struct node *node, const char *name, struct faults *faults)
{
    if (node->kind == NODE_MAPPING)
        return true;
    if (node->kind != NODE_REFUSED)
        faults_add(faults, node->origin, "%s is %s: give a mapping of its keys, or leave it out",
                   name, is_null(node) ? "empty" : tree_kind_text(node->kind));
    return false;
}

static void read_list(const struct reading *reading, size_t index, const struct node *node)
{
    const char *name = declarations[index].setting.name;
    bool single = node->kind != NODE_LIST;
    const struct node *items = single ? node : node->items;
    size_t n = single ? 1 : node->n_items;
    if (node->kind == NODE_REFUSED)
        return;
    const char **texts = calloc(n + 1, sizeof *texts);
    struct source *sources = calloc(n + 1, sizeof *sources);
    size_t good = 0;
    for (size_t i = 0; texts && sources && i < n; i++) {
        if (!read_is_single(&items[i], name, reading->faults))
            continue;
        texts[good] = items[i].text;
        sources[good++] = source_of(reading, &items[i]);
    }
    if (!texts || !sources)
        faults_no_memory(reading->faults);
    else if (good == n)
        model_set_list(reading->config, index, texts, sources, n, node->origin, reading->faults);
    free(texts);
    free(sources);
}

static void read_value(const struct reading *reading, size_t index, const struct node *node)
{
    const persist_setting *setting = &declarations[index].setting;
    struct source source = source_of(reading, node);
    if (setting->flags & DECLARE_LIST)
        read_list(reading, index, node);
    else if (read_is_single(node, setting->name, reading->faults))
        model_set(reading->config, index, node->text, &source, reading->faults);
}

/* A section of the core: "pool". */
static void read_section(const struct reading *reading, const struct node *section)
{
    if (!is_mapping(section, section->key, reading->faults))
        return;
    for (size_t i = 0; i < section->n_items && !reading->faults->no_memory; i++) {
        const struct node *node = &section->items[i];
        char *path = text_format("%s.%s", section->key, node->key);
        if (!path) {
            faults_no_memory(reading->faults);
            return;
        }
        size_t index = declare_find(path);
        if (index < n_declarations)
            read_value(reading, index, node);
        else
            model_unknown(section->key, node->key, node->key_origin, reading->faults);
        free(path);
    }
}

/* "SECTION.KEY" as messages show it: a key may be of any length. */
static char *quoted_path(const char *section, const char *key)
{
    char quote[TEXT_QUOTE], front[TEXT_QUOTE];
    return text_format("%s.%s", text_quote(section, strlen(section), front),
                       text_quote(key, strlen(key), quote));
}

/* Takes one entry of a plugin's section, or of the mapping form, unjudged. */
static bool take_entry(const struct reading *reading, const struct node *section,
                       const struct node *node)
{
    struct source source = source_of(reading, node);
    bool mapping = strcmp(section->key, "persistence") == 0;
    char *shown = quoted_path(section->key, node->key);
    char *path = text_format("%s.%s", section->key, node->key);
    bool good = shown && path;
    if (good && read_is_single(node, shown, reading->faults))
        good = mapping ? model_set_mapping(reading->config, node->key, node->text, &source,
                                           reading->faults)
                       : pairs_set(&reading->config->sections, path, node->text,
                                   reading->config->layer, &source);
    free(shown);
    free(path);
    return good || faults_no_memory(reading->faults);
}

static void take_entries(const struct reading *reading, const struct node *section)
{
    for (size_t i = 0; i < section->n_items; i++)
        if (!take_entry(reading, section, &section->items[i]))
            return;
}

static void read_persistence(const struct reading *reading, size_t index, const struct node *node)
{
    if (node->kind != NODE_MAPPING) {
        read_value(reading, index, node);
        return;
    }
    if (model_begin_mapping(reading->config, node->origin))
        take_entries(reading, node);
    else
        faults_no_memory(reading->faults);
}

static void read_plugin(const struct reading *reading, const struct node *node)
{
    struct source source = {.origin = node->key_origin};
    if (!is_mapping(node, node->key, reading->faults))
        return;
    if (pairs_set(&reading->config->heads, node->key, "", reading->config->layer, &source))
        take_entries(reading, node);
    else
        faults_no_memory(reading->faults);
}

static void read_top(const struct reading *reading, const struct node *node)
{
    const char *key = node->key;
    size_t index = declare_find(key);
    if (strcmp(key, "include") == 0)
        return;
    if (index < n_declarations && strchr(key, '.')) {
        int size = (int)strcspn(key, ".");
        faults_add(reading->faults, node->key_origin,
                   "\"%s\" is a path: write \"%s\" below \"%.*s:\"", key, key + size + 1, size,
                   key);
    } else if (strcmp(key, "persistence") == 0) {
        read_persistence(reading, index, node);
    } else if (index < n_declarations) {
        read_value(reading, index, node);
    } else if (declare_is_section(key)) {
        read_section(reading, node);
    } else if (node->kind == NODE_MAPPING || model_knows_section(reading->config, key)) {
        read_plugin(reading, node);
    } else {
        model_unknown("", key, node->key_origin, reading->faults);
    }
}

void read_tree(struct persist_config *config, const struct node *root, const char *folder,
               struct faults *faults)
{
    const struct reading reading = {config, faults, folder};
    if (root->kind == NODE_REFUSED)
        return;
    if (root->kind != NODE_MAPPING) {
        faults_add(faults, root->origin,
                   "the file holds %s: give a mapping, such as persistence: sqlite:app.db",
                   tree_kind_text(root->kind));
        return;
    }
    for (size_t i = 0; i < root->n_items && !faults->no_memory; i++)
        read_top(&reading, &root->items[i]);
}
