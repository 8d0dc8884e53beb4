/* SPDX-License-Identifier: MIT */
/*
 * Settings of a plugin: every place that may hold one is looked through, from the weakest
 * to the strongest; what stands there under no declared name is refused; then the strongest
 * text of each setting is converted as its declaration says.
 */
#include "core/config/bind.h"

#include "core/base/log.h"
#include "core/config/nearest.h"
#include "core/config/secret.h"
#include "core/config/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Places, weakest first. A piecewise variable (PERSIST_POSTGRES_HOST) fills what the
 * mapping leaves open. */
enum place {
    PLACE_SECTION = 1,
    PLACE_PIECEWISE,
    PLACE_MAPPING,
    PLACE_VARIABLE,
    PLACE_FLAG,
};

/* The strongest text found for a setting so far. */
struct candidate {
    const struct pair *pair;
    enum place place;
    enum secret_form form;
};

struct binding {
    const struct persist_config *config;
    const persist_plugin *plugin;
    const char *section;
    struct candidate *candidates;
    struct faults faults;
};

const char *bind_section(const persist_plugin *plugin)
{
    return *plugin->head.section ? plugin->head.section : plugin->head.name;
}

/* ---- finding */

static size_t count_settings(const persist_plugin *plugin)
{
    return plugin->settings ? plugin->n_settings : 0;
}

/* The setting that `name`, which may end in the suffix of a secret's form, means. Names of
 * files count with their case, those of variables without. */
static bool find_setting(const persist_plugin *plugin, const char *name, bool any_case,
                         size_t *index, enum secret_form *form)
{
    int (*compare)(const char *, const char *, size_t) = any_case ? strncasecmp : strncmp;
    for (size_t f = 0; f < SECRET_FORMS; f++) { /* a setting's own name goes first */
        const char *suffix = secret_suffix((enum secret_form)f);
        for (size_t i = 0; i < count_settings(plugin); i++) {
            const persist_setting *setting = &plugin->settings[i];
            size_t size = strlen(setting->name);
            bool allowed = f == SECRET_PLAIN || (setting->flags & PERSIST_SETTING_SECRET);
            if (!allowed || compare(name, setting->name, size) != 0 ||
                compare(name + size, suffix, strlen(suffix) + 1) != 0)
                continue;
            *index = i;
            *form = (enum secret_form)f;
            return true;
        }
    }
    return false;
}

/* As messages name it: the section and key, or the place in the mapping. */
static char *path_of(const struct binding *binding, size_t index, const struct candidate *found)
{
    bool mapping = found->pair && found->place == PLACE_MAPPING;
    return text_format("%s.%s%s", mapping ? "persistence" : binding->section,
                       binding->plugin->settings[index].name,
                       found->pair ? secret_suffix(found->form) : "");
}

/* Keeps the stronger of two; of one strength there may not be two. */
static void consider(struct binding *binding, size_t index, struct candidate found)
{
    struct candidate *best = &binding->candidates[index];
    bool stronger = !best->pair || found.place > best->place ||
                    (found.place == best->place && found.pair->layer > best->pair->layer);
    bool equal = best->pair && found.place == best->place && found.pair->layer == best->pair->layer;
    if (equal) {
        const char *name = binding->plugin->settings[index].name;
        faults_add(&binding->faults, found.pair->origin,
                   "%s%s and %s%s are both set (%s): give one of them", name,
                   secret_suffix(best->form), name, secret_suffix(found.form), best->pair->origin);
    }
    if (stronger)
        *best = found;
}

static void tell_unknown(struct binding *binding, const char *section, const struct pair *pair,
                         const char *key)
{
    char quote[TEXT_QUOTE];
    struct nearest nearest = {.word = key};
    for (size_t i = 0; i < count_settings(binding->plugin); i++)
        nearest_offer(&nearest, binding->plugin->settings[i].name);
    text_quote(key, strlen(key), quote);
    if (nearest.best)
        faults_add(&binding->faults, pair->origin, "unknown key \"%s.%s\": did you mean \"%s.%s\"?",
                   section, quote, section, nearest.best);
    else
        faults_add(&binding->faults, pair->origin,
                   "unknown key \"%s.%s\": backend %s has no such setting", section, quote,
                   binding->plugin->head.name);
}

/* "SECTION.KEY" of files or flags. */
static void look_at_section(struct binding *binding, const struct pairs *pairs, enum place place)
{
    size_t size = strlen(binding->section);
    for (size_t i = 0; i < pairs->n; i++) {
        const struct pair *pair = &pairs->items[i];
        struct candidate found = {pair, place, SECRET_PLAIN};
        size_t index;
        if (strncmp(pair->name, binding->section, size) != 0 || pair->name[size] != '.')
            continue;
        if (find_setting(binding->plugin, pair->name + size + 1, false, &index, &found.form))
            consider(binding, index, found);
        else
            tell_unknown(binding, binding->section, pair, pair->name + size + 1);
    }
}

/* True if the mapping form names this plugin. A path names whatever was found there. */
static bool names_plugin(const struct binding *binding)
{
    const char *backend = binding->config->backend;
    const persist_plugin_head *head = &binding->plugin->head;
    return backend && (*backend == '/' || strcmp(backend, head->name) == 0 ||
                       text_in_words(backend, head->schemes, NULL));
}

static void look_at_mapping(struct binding *binding)
{
    const struct pairs *pairs = &binding->config->mapping;
    for (size_t i = 0; names_plugin(binding) && i < pairs->n; i++) {
        const struct pair *pair = &pairs->items[i];
        struct candidate found = {pair, PLACE_MAPPING, SECRET_PLAIN};
        size_t index;
        if (!find_setting(binding->plugin, pair->name, false, &index, &found.form))
            tell_unknown(binding, "persistence", pair, pair->name);
        else if (!(binding->plugin->settings[index].flags & PERSIST_SETTING_CONNECTION))
            faults_add(&binding->faults, pair->origin,
                       "persistence.%s is no connection setting: write it below \"%s:\"",
                       binding->plugin->settings[index].name, binding->section);
        else
            consider(binding, index, found);
    }
}

/* The setting a variable means, if it is this section's; its name without prefix is given. */
static void look_at_variable(struct binding *binding, const struct pair *pair, const char *rest)
{
    size_t size = strlen(binding->section);
    struct candidate found = {pair, PLACE_PIECEWISE, SECRET_PLAIN};
    size_t index;
    if (strncasecmp(rest, binding->section, size) != 0 || rest[size] != '_')
        return;
    const char *key = rest + size + 1;
    if (*key == '_') {
        found.place = PLACE_VARIABLE;
        key++;
    }
    bool known = find_setting(binding->plugin, key, true, &index, &found.form);
    if (known && found.place == PLACE_PIECEWISE &&
        !(binding->plugin->settings[index].flags & PERSIST_SETTING_CONNECTION))
        known = false;
    if (known)
        consider(binding, index, found);
    else
        log_write(PERSIST_LOG_WARNING, "variable %s matches no setting of backend %s", pair->name,
                  binding->plugin->head.name);
}

static void look_at_variables(struct binding *binding)
{
    const struct pairs *pairs = &binding->config->variables;
    for (size_t i = 0; i < pairs->n; i++)
        look_at_variable(binding, &pairs->items[i], pairs->items[i].name + strlen("PERSIST_"));
}

/* ---- converting */

/* Takes over the preset; false if the plugin declared one that is none. */
static bool take_preset(const struct binding *binding, size_t index, struct setting_value *value,
                        persist_error *error, persist_status *status)
{
    const persist_setting *setting = &binding->plugin->settings[index];
    char why[DECLARE_WHY];
    if (!setting->preset)
        return true;
    if (!declare_convert(setting, setting->preset, true, &value->number, why)) {
        *status =
            error_set(error, PERSIST_PLUGIN_REFUSED, "plugin %s: the preset of its setting %s %s",
                      binding->plugin->head.name, setting->name, why);
        return false;
    }
    value->text = text_copy(setting->preset, strlen(setting->preset));
    if (!value->text)
        *status = error_no_memory(error);
    return value->text != NULL;
}

static void take_candidate(struct binding *binding, size_t index, struct setting_value *value)
{
    const persist_setting *setting = &binding->plugin->settings[index];
    const struct candidate *found = &binding->candidates[index];
    char why[DECLARE_WHY];
    char *text = NULL;
    char *path = path_of(binding, index, found);
    value->origin = text_copy(found->pair->origin, strlen(found->pair->origin));
    if (!path || !value->origin) {
        faults_no_memory(&binding->faults);
        goto out;
    }
    if (!secret_fetch(found->form, found->pair, path, &binding->faults, &text))
        goto out;
    bool plain = found->form != SECRET_PLAIN || found->pair->plain;
    if (declare_convert(setting, text, plain, &value->number, why)) {
        value->text = text;
        text = NULL;
    } else {
        faults_add(&binding->faults, found->pair->origin, "%s %s", path, why);
    }
out:
    text_wipe(text);
    free(path);
}

static struct persist_settings *settings_new(const struct persist_config *config,
                                             const persist_plugin *plugin)
{
    const struct value *where = &config->values[declare_find("persistence")];
    const char *origin = where->origin ? where->origin : "persistence";
    struct persist_settings *settings = calloc(1, sizeof *settings);
    if (!settings)
        return NULL;
    settings->plugin = plugin;
    settings->n = count_settings(plugin);
    settings->values = calloc(settings->n + 1, sizeof *settings->values);
    settings->faults = calloc(1, sizeof *settings->faults);
    settings->where = text_copy(origin, strlen(origin));
    if (settings->values && settings->faults && settings->where)
        return settings;
    settings_free(settings);
    return NULL;
}

static persist_status convert_all(struct binding *binding, struct persist_settings *settings,
                                  persist_error *error)
{
    persist_status status = PERSIST_OK;
    for (size_t i = 0; i < settings->n; i++)
        if (binding->candidates[i].pair)
            take_candidate(binding, i, &settings->values[i]);
        else if (!take_preset(binding, i, &settings->values[i], error, &status))
            return status;
    return faults_end(&binding->faults, error);
}

persist_status config_bind(const persist_config *config, const persist_plugin *plugin,
                           persist_settings **out, persist_error *error)
{
    persist_status status;
    struct binding binding = {.config = config, .plugin = plugin, .section = bind_section(plugin)};
    struct persist_settings *settings = settings_new(config, plugin);
    binding.candidates = calloc(count_settings(plugin) + 1, sizeof *binding.candidates);
    if (!settings || !binding.candidates) {
        status = error_no_memory(error);
        goto out;
    }
    look_at_section(&binding, &config->sections, PLACE_SECTION);
    look_at_mapping(&binding);
    look_at_variables(&binding);
    look_at_section(&binding, &config->flags, PLACE_FLAG);
    status = convert_all(&binding, settings, error);
out:
    faults_drop(&binding.faults);
    free(binding.candidates);
    if (status)
        settings_free(settings);
    else
        *out = settings;
    return status;
}

void settings_free(persist_settings *settings)
{
    if (!settings)
        return;
    for (size_t i = 0; settings->values && i < settings->n; i++) {
        text_wipe(settings->values[i].text);
        free(settings->values[i].origin);
    }
    free(settings->values);
    if (settings->faults)
        faults_drop(settings->faults);
    free(settings->faults);
    free(settings->where);
    free(settings);
}

/* ---- asking */

static const struct setting_value *value_of(const persist_settings *settings, const char *name,
                                            const persist_setting **setting)
{
    for (size_t i = 0; name && i < settings->n; i++)
        if (strcmp(settings->plugin->settings[i].name, name) == 0) {
            *setting = &settings->plugin->settings[i];
            return &settings->values[i];
        }
    return NULL;
}

const char *settings_text(const persist_settings *settings, const char *name)
{
    const persist_setting *setting;
    const struct setting_value *value = value_of(settings, name, &setting);
    return value ? value->text : NULL;
}

int settings_number(const persist_settings *settings, const char *name, int64_t *number)
{
    const persist_setting *setting;
    const struct setting_value *value = value_of(settings, name, &setting);
    if (!value || !value->text || setting->type == PERSIST_SETTING_TEXT)
        return 0;
    *number = value->number;
    return 1;
}

void settings_error(const persist_settings *settings, const char *name, const char *text)
{
    const persist_setting *setting;
    const struct setting_value *value = value_of(settings, name, &setting);
    struct faults *faults = settings->faults;
    const char *section = bind_section(settings->plugin);
    if (!text)
        text = "is wrong";
    if (!name)
        faults_add(faults, settings->where, "persistence: %s", text);
    else
        faults_add(faults, value && value->origin ? value->origin : "built-in", "%s.%s: %s",
                   section, name, text);
}

persist_status settings_take_errors(persist_settings *settings, persist_error *error)
{
    return faults_end(settings->faults, error);
}
