/* SPDX-License-Identifier: MIT */
#include "core/config/config.h"

#include "core/config/nearest.h"
#include "core/config/read.h"
#include "core/config/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading */

persist_status read_memory(const char *name, const char *data, size_t size, persist_config **out,
                           persist_error *error)
{
    struct faults faults = {0};
    struct node root = {0};
    struct persist_config *config = model_new();
    if (!config)
        return error_no_memory(error);
    if (tree_parse(name, data, size, &faults, &root)) {
        read_tree(config, &root, NULL, &faults);
        const struct node *include =
            root.kind == NODE_MAPPING ? tree_entry(&root, "include") : NULL;
        if (include)
            faults_add(&faults, include->key_origin,
                       "include has no place here: give one whole configuration");
        tree_free(&root);
    }
    model_check(config, &faults);
    persist_status status = faults_end(&faults, error);
    if (status)
        persist_config_free(config);
    else
        *out = config;
    return status;
}

persist_status persist_config_load(const char *path, persist_config **out, persist_error *error)
{
    struct faults faults = {0};
    persist_status status = PERSIST_OK;
    struct persist_config *config = model_new();
    if (!config)
        return error_no_memory(error);
    if (path)
        status = read_file(config, path, &faults, error);
    if (status)
        goto out; /* what was read before does not matter */
    if (!faults.no_memory)
        read_variables(config, &faults);
    model_check(config, &faults);
    status = faults_end(&faults, error);
out:
    faults_drop(&faults);
    if (status)
        persist_config_free(config);
    else
        *out = config;
    return status;
}

/* ---- setting */

/* "a:b" into a list. */
static void set_list(struct persist_config *config, size_t index, const char *text,
                     struct faults *faults)
{
    size_t n = 1, used = 0;
    for (const char *at = text; *at; at++)
        n += *at == ':';
    char *copy = text_copy(text, strlen(text));
    const char **texts = calloc(n, sizeof *texts);
    struct source *sources = calloc(n, sizeof *sources);
    if (copy && texts && sources) {
        char *rest = copy;
        for (char *item; (item = strsep(&rest, ":")); used++) {
            texts[used] = item;
            sources[used] = (struct source){.origin = "flag", .plain = true};
        }
        model_set_list(config, index, texts, sources, used, "flag", faults);
    } else {
        faults_no_memory(faults);
    }
    free(copy);
    free(texts);
    free(sources);
}

/* Sets a core key; the value before stays if the new one, alone or beside others, is wrong. */
static void set_core(struct persist_config *config, size_t index, const char *text,
                     struct faults *faults)
{
    const persist_setting *setting = &declarations[index].setting;
    const struct source source = {.origin = "flag", .plain = true};
    if (strcmp(setting->name, "include") == 0) {
        faults_add(faults, "flag", "include belongs in a file: write it there");
        return;
    }
    if (setting->flags & DECLARE_LIST) {
        set_list(config, index, text, faults);
        return;
    }
    if (strncmp(setting->name, "pool.", 5) != 0) {
        model_set(config, index, text, &source, faults);
        return;
    }
    struct value old = config->values[index];
    config->values[index] = (struct value){.number = old.number};
    model_set(config, index, text, &source, faults);
    if (!faults->count && !faults->no_memory)
        model_check_pool(config, faults);
    bool changed = !faults->count && !faults->no_memory;
    struct value *drop = changed ? &old : &config->values[index];
    text_wipe(drop->text);
    free(drop->origin);
    if (!changed)
        config->values[index] = old;
}

/* The full path of a core key that was probably meant. */
static void tell_unknown(const char *name, struct faults *faults)
{
    char quote[TEXT_QUOTE];
    struct nearest nearest = {.word = name};
    for (size_t i = 0; i < n_declarations; i++)
        nearest_offer(&nearest, declarations[i].setting.name);
    text_quote(name, strlen(name), quote);
    if (nearest.best)
        faults_add(faults, "flag", "unknown key \"%s\": did you mean \"%s\"?", quote, nearest.best);
    else
        faults_add(faults, "flag", "unknown key \"%s\": correct its name", quote);
}

/* Sets what is no core key: a setting of the mapping form, or of a plugin. */
static void set_other(struct persist_config *config, const char *name, const char *text,
                      struct faults *faults)
{
    static const char mapping[] = "persistence.";
    const struct source source = {.origin = "flag", .plain = true};
    const char *dot = strchr(name, '.');
    char *section = text_copy(name, dot ? (size_t)(dot - name) : 0);
    if (!section)
        faults_no_memory(faults);
    else if (strncmp(name, mapping, strlen(mapping)) == 0)
        model_set_mapping(config, name + strlen(mapping), text, &source, faults);
    else if (!dot || !dot[1] || !model_knows_section(config, section))
        tell_unknown(name, faults);
    else if (!pairs_set(&config->flags, name, text, config->layer, &source))
        faults_no_memory(faults);
    free(section);
}

persist_status persist_config_set(persist_config *config, const char *name, const char *value,
                                  persist_error *error)
{
    struct faults faults = {0};
    if (!config || !name || !value)
        return error_set(error, PERSIST_CONFIG,
                         "persist_config_set got NULL: give configuration, name and value");
    config->layer++;
    size_t index = declare_find(name);
    if (index < n_declarations)
        set_core(config, index, value, &faults);
    else
        set_other(config, name, value, &faults);
    return faults_end(&faults, error);
}

/* ---- asking */

static const struct value *declared_value(const struct persist_config *config, const char *name,
                                          const persist_setting **setting)
{
    size_t index = declare_find(name);
    assert(index < n_declarations);
    *setting = &declarations[index].setting;
    return &config->values[index];
}

const char *config_text(const persist_config *config, const char *name)
{
    const persist_setting *setting;
    const struct value *value = declared_value(config, name, &setting);
    assert(setting->type == PERSIST_SETTING_TEXT && !(setting->flags & DECLARE_LIST));
    return value->origin ? value->text : setting->preset;
}

int64_t config_number(const persist_config *config, const char *name)
{
    const persist_setting *setting;
    const struct value *value = declared_value(config, name, &setting);
    assert(setting->type != PERSIST_SETTING_TEXT);
    return value->number;
}

const char *const *config_list(const persist_config *config, const char *name, size_t *n)
{
    const persist_setting *setting;
    const struct value *value = declared_value(config, name, &setting);
    assert(setting->flags & DECLARE_LIST);
    *n = value->n_items;
    return (const char *const *)value->items;
}

const char *config_url(const persist_config *config)
{
    return config_text(config, "persistence");
}

const char *config_backend(const persist_config *config)
{
    return config->backend;
}

/* The n-th warning that still holds: of a variable that a plugin named since may want, none
 * does. NULL behind the last. */
static const char *nth_warning(const struct persist_config *config, size_t n)
{
    for (size_t i = 0; i < config->warnings.n; i++) {
        const struct pair *warning = &config->warnings.items[i];
        const char *path = strchr(warning->name, ' ') + 1;
        if (*path && model_knows_plugin(config, path))
            continue;
        if (n-- == 0)
            return warning->text;
    }
    return NULL;
}

size_t config_warnings(const persist_config *config)
{
    size_t n = 0;
    while (nth_warning(config, n))
        n++;
    return n;
}

const char *config_warning(const persist_config *config, size_t i)
{
    const char *text = nth_warning(config, i);
    assert(text);
    return text;
}
