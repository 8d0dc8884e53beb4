/* SPDX-License-Identifier: MIT */
#include "core/config/model.h"

#include "core/config/file.h"
#include "core/config/nearest.h"
#include "core/config/text.h"
#include "core/config/url.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- pairs */

static void pair_free(struct pair *pair)
{
    text_wipe(pair->text);
    free(pair->name);
    free(pair->origin);
    free(pair->folder);
}

void pairs_free(struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->n; i++)
        pair_free(&pairs->items[i]);
    free(pairs->items);
    *pairs = (struct pairs){0};
}

const struct pair *pairs_find(const struct pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->n; i++)
        if (strcmp(pairs->items[i].name, name) == 0)
            return &pairs->items[i];
    return NULL;
}

static bool pairs_reserve(struct pairs *pairs)
{
    if (pairs->n < pairs->capacity)
        return true;
    size_t capacity = pairs->capacity ? 2 * pairs->capacity : 8;
    struct pair *items = realloc(pairs->items, capacity * sizeof *items);
    if (!items)
        return false;
    pairs->items = items;
    pairs->capacity = capacity;
    return true;
}

static bool pair_make(struct pair *pair, const char *name, const char *text, unsigned layer,
                      const struct source *source)
{
    *pair = (struct pair){.plain = source->plain, .layer = layer};
    pair->name = text_copy(name, strlen(name));
    pair->text = text_copy(text, strlen(text));
    pair->origin = text_copy(source->origin, strlen(source->origin));
    if (source->folder)
        pair->folder = text_copy(source->folder, strlen(source->folder));
    if (pair->name && pair->text && pair->origin && (pair->folder || !source->folder))
        return true;
    pair_free(pair);
    return false;
}

bool pairs_set(struct pairs *pairs, const char *name, const char *text, unsigned layer,
               const struct source *source)
{
    struct pair made;
    const struct pair *old = pairs_find(pairs, name);
    if (!pairs_reserve(pairs) || !pair_make(&made, name, text, layer, source))
        return false;
    if (old) {
        size_t i = (size_t)(old - pairs->items);
        pair_free(&pairs->items[i]);
        pairs->items[i] = made;
    } else {
        pairs->items[pairs->n++] = made;
    }
    return true;
}

/* ---- values */

static void value_free(struct value *value)
{
    for (size_t i = 0; i < value->n_items; i++)
        free(value->items[i]);
    free(value->items);
    text_wipe(value->text);
    free(value->origin);
    *value = (struct value){0};
}

struct persist_config *model_new(void)
{
    struct persist_config *config = calloc(1, sizeof *config);
    for (size_t i = 0; config && i < n_declarations; i++) {
        const persist_setting *setting = &declarations[i].setting;
        char why[DECLARE_WHY];
        bool good = !setting->preset ||
                    declare_convert(setting, setting->preset, true, &config->values[i].number, why);
        assert(good);
        (void)good;
    }
    return config;
}

void persist_config_free(persist_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < n_declarations; i++)
        value_free(&config->values[i]);
    free(config->backend);
    pairs_free(&config->mapping);
    pairs_free(&config->heads);
    pairs_free(&config->sections);
    pairs_free(&config->variables);
    pairs_free(&config->flags);
    pairs_free(&config->warnings);
    free(config);
}

/* What is wrong with a core key's text; false if nothing is. Says it to `faults`. */
static bool refuse(const struct declaration *declared, const char *text,
                   const struct source *source, int64_t *number, struct faults *faults)
{
    const char *name = declared->setting.name;
    bool text_type = declared->setting.type == PERSIST_SETTING_TEXT;
    bool url = strcmp(name, "persistence") == 0;
    char why[DECLARE_WHY], quote[TEXT_QUOTE], shown[256];
    const char *fault = NULL;
    if (!declare_convert(&declared->setting, text, source->plain, number, why)) {
        faults_add(faults, source->origin, "%s %s", name, why);
        return true;
    }
    if (text_type && !*text)
        fault = "is empty: give a value, or leave it out";
    else if (url)
        fault = url_fault(text);
    else if (declared->check)
        fault = declared->check(text);
    if (!fault)
        return false;
    if (url)
        text = config_url_redacted(text, shown, sizeof shown);
    faults_add(faults, source->origin, "%s \"%s\" %s", name, text_quote(text, strlen(text), quote),
               fault);
    return true;
}

/* Puts `made` in the place of a value. */
static void replace(struct value *value, struct value made)
{
    value_free(value);
    *value = made;
}

/* A key that nothing acts on: whoever sets it is told, once, where it was set last. */
static bool warn_unused(struct persist_config *config, const persist_setting *setting,
                        const char *origin)
{
    char text[1024], name[80];
    if (!(setting->flags & DECLARE_UNUSED))
        return true;
    snprintf(text, sizeof text, "%s: %s is set, but this release does nothing with it", origin,
             setting->name);
    text[text_fault(text, strlen(text))] = '\0'; /* not within a character */
    snprintf(name, sizeof name, "%s ", setting->name);
    return pairs_set(&config->warnings, name, text, 0, &(struct source){.origin = ""});
}

bool model_set(struct persist_config *config, size_t index, const char *text,
               const struct source *source, struct faults *faults)
{
    const struct declaration *declared = &declarations[index];
    struct value made = {0};
    assert(!(declared->setting.flags & DECLARE_LIST));
    if (refuse(declared, text, source, &made.number, faults))
        return true;
    made.origin = text_copy(source->origin, strlen(source->origin));
    made.text = declared->setting.flags & DECLARE_PATH ? file_join(source->folder, text)
                                                       : text_copy(text, strlen(text));
    if (!made.text || !made.origin || !warn_unused(config, &declared->setting, made.origin)) {
        value_free(&made);
        return faults_no_memory(faults);
    }
    replace(&config->values[index], made);
    if (strcmp(declared->setting.name, "persistence") == 0) {
        free(config->backend);
        config->backend = NULL;
        pairs_free(&config->mapping);
    }
    return true;
}

bool model_set_list(struct persist_config *config, size_t index, const char *const *texts,
                    const struct source *sources, size_t n, const char *origin,
                    struct faults *faults)
{
    const struct declaration *declared = &declarations[index];
    unsigned before = faults->count;
    int64_t number;
    struct value made = {.origin = text_copy(origin, strlen(origin)),
                         .items = calloc(n + 1, sizeof *made.items)};
    if (!made.origin || !made.items)
        goto no_memory;
    for (size_t i = 0; i < n; i++) {
        if (refuse(declared, texts[i], &sources[i], &number, faults))
            continue;
        made.items[made.n_items] = text_copy(texts[i], strlen(texts[i]));
        if (!made.items[made.n_items])
            goto no_memory;
        made.n_items++;
    }
    if (faults->count > before)
        value_free(&made);
    else
        replace(&config->values[index], made);
    return true;
no_memory:
    value_free(&made);
    return faults_no_memory(faults);
}

/* ---- the mapping form of persistence */

bool model_begin_mapping(struct persist_config *config, const char *origin)
{
    struct value made = {.origin = text_copy(origin, strlen(origin))};
    if (!made.origin)
        return false;
    replace(&config->values[declare_find("persistence")], made);
    free(config->backend);
    config->backend = NULL;
    pairs_free(&config->mapping);
    return true;
}

static bool set_backend(struct persist_config *config, const char *text,
                        const struct source *source, struct faults *faults)
{
    char quote[TEXT_QUOTE];
    size_t size = strlen(text);
    if (text_fault(text, size) != size || !size || size > PATH_MAX) {
        faults_add(faults, source->origin,
                   "persistence.backend \"%s\" is no name: give one such as sqlite or postgres",
                   text_quote(text, size, quote));
        return true;
    }
    char *copy = text_copy(text, size);
    if (!copy)
        return faults_no_memory(faults);
    free(config->backend);
    config->backend = copy;
    return true;
}

bool model_set_mapping(struct persist_config *config, const char *name, const char *text,
                       const struct source *source, struct faults *faults)
{
    const struct value *value = &config->values[declare_find("persistence")];
    if (value->text) {
        faults_add(faults, source->origin,
                   "persistence.%s has no place beside a URL: put it in the URL, or write "
                   "persistence as a mapping (%s)",
                   name, value->origin);
        return true;
    }
    if (!value->origin && !model_begin_mapping(config, source->origin))
        return faults_no_memory(faults);
    if (strcmp(name, "backend") == 0)
        return set_backend(config, text, source, faults);
    return pairs_set(&config->mapping, name, text, config->layer, source) ||
           faults_no_memory(faults);
}

/* ---- the whole */

bool model_warn(struct persist_config *config, const char *section, const char *format, ...)
{
    char text[1024], name[192];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    text[text_fault(text, strlen(text))] = '\0'; /* not within a character */
    /* Numbered, so that none replaces another. */
    snprintf(name, sizeof name, "%zu %s", config->warnings.n, section);
    return pairs_set(&config->warnings, name, text, 0, &(struct source){.origin = ""});
}

/* The n-th section of a plugin that may be in use, in out; false behind the last. */
static bool nth_plugin(const struct persist_config *config, size_t n, char out[64])
{
    static const char *const known[] = {"sqlite", "postgres", "mysql", "memory"};
    const size_t n_known = sizeof known / sizeof *known;
    const char *url = config_url(config);
    out[0] = '\0';
    if (n < n_known)
        snprintf(out, 64, "%s", known[n]);
    else if (n == n_known && config->backend)
        snprintf(out, 64, "%s", config->backend);
    else if (n == n_known && url)
        config_url_scheme(url, out, 64);
    return n <= n_known;
}

bool model_knows_plugin(const struct persist_config *config, const char *path)
{
    char section[64];
    for (size_t i = 0; nth_plugin(config, i, section); i++) {
        size_t size = strlen(section);
        if (size && strncmp(path, section, size) == 0 && strchr("_.", path[size]))
            return true; /* strchr finds the NUL, too */
    }
    return false;
}

bool model_knows_section(const struct persist_config *config, const char *name)
{
    char section[64];
    for (size_t i = 0; nth_plugin(config, i, section); i++)
        if (*section && strcmp(name, section) == 0)
            return true;
    return false;
}

void model_check_pool(const struct persist_config *config, struct faults *faults)
{
    const struct value *min = &config->values[declare_find("pool.min")];
    const struct value *max = &config->values[declare_find("pool.max")];
    if (min->number > max->number)
        faults_add(faults, min->origin ? min->origin : max->origin,
                   "pool.min is %d, above pool.max, which is %d: lower the one or raise the other",
                   (int)min->number, (int)max->number);
}

void model_check(const struct persist_config *config, struct faults *faults)
{
    const struct value *where = &config->values[declare_find("persistence")];
    for (size_t i = 0; i < config->heads.n; i++)
        if (!model_knows_section(config, config->heads.items[i].name))
            model_unknown("", config->heads.items[i].name, config->heads.items[i].origin, faults);
    if (where->origin && !where->text && !config->backend)
        faults_add(faults, where->origin,
                   "persistence has no backend: add one, such as backend: sqlite");
    model_check_pool(config, faults);
}

/* The core's keys of a section, and at the top what else may stand there. */
static void offer_keys(struct nearest *nearest, const char *section)
{
    size_t size = strlen(section);
    for (size_t i = 0; i < n_declarations; i++) {
        const char *name = declarations[i].setting.name;
        const char *dot = strchr(name, '.');
        if (!size && dot && strcmp(dot + 1, nearest->word) == 0)
            *nearest = (struct nearest){nearest->word, name, 0};
        else if (!size && !dot)
            nearest_offer(nearest, name);
        else if (size && strncmp(name, section, size) == 0 && name[size] == '.')
            nearest_offer(nearest, name + size + 1);
    }
    for (size_t i = 0; !size && declare_sections[i]; i++)
        nearest_offer(nearest, declare_sections[i]);
}

void model_unknown(const char *section, const char *key, const char *origin, struct faults *faults)
{
    static const char *const plugins[] = {"sqlite", "postgres", "mysql"};
    char quote[TEXT_QUOTE];
    const char *dot = *section ? "." : "";
    struct nearest nearest = {.word = key};
    offer_keys(&nearest, section);
    for (size_t i = 0; !*section && i < sizeof plugins / sizeof *plugins; i++)
        nearest_offer(&nearest, plugins[i]);
    text_quote(key, strlen(key), quote);
    if (nearest.best)
        faults_add(faults, origin, "unknown key \"%s%s%s\": did you mean \"%s%s%s\"?", section, dot,
                   quote, section, dot, nearest.best);
    else
        faults_add(faults, origin, "unknown key \"%s%s%s\": remove it, or correct its name",
                   section, dot, quote);
}
