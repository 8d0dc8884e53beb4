/* SPDX-License-Identifier: MIT */
#include "core/config/bind.h"

#include "core/config/text.h"

#include <stdlib.h>
#include <string.h>

#define REDACTED "<redacted>"

static const char *origin_of(const char *origin)
{
    return origin ? origin : "built-in";
}

/* A list as it would be written in a file. malloc'ed. */
static char *list_text(const struct value *value)
{
    char *text = text_copy("[", 1);
    for (size_t i = 0; text && i < value->n_items; i++) {
        char *longer = text_format("%s%s%s", text, i ? ", " : "", value->items[i]);
        free(text);
        text = longer;
    }
    char *closed = text ? text_format("%s]", text) : NULL;
    free(text);
    return closed;
}

static persist_status show_list(const struct value *value, const char *name, config_show_fn fn,
                                void *context)
{
    char *text = list_text(value);
    persist_status status =
        text ? fn(context, name, text, origin_of(value->origin)) : PERSIST_NO_MEMORY;
    free(text);
    return status;
}

static persist_status show_url(const struct value *value, config_show_fn fn, void *context)
{
    /* A secret may be shorter than what stands in its place. */
    size_t capacity = 2 * strlen(value->text) + 64;
    size_t marks = 1;
    for (const char *at = value->text; *at; at++)
        marks += *at == '=';
    capacity += marks * strlen(REDACTED);
    char *text = malloc(capacity);
    if (!text)
        return PERSIST_NO_MEMORY;
    config_url_redacted(value->text, text, capacity);
    persist_status status = fn(context, "persistence", text, origin_of(value->origin));
    free(text);
    return status;
}

/* The mapping form. What a plugin says of its settings is not known here, so everything that
 * sounds like a secret is one. */
static persist_status show_mapping(const persist_config *config, bool all, config_show_fn fn,
                                   void *context)
{
    const struct value *value = &config->values[declare_find("persistence")];
    persist_status status =
        fn(context, "persistence.backend", config->backend, origin_of(value->origin));
    for (size_t i = 0; all && !status && i < config->mapping.n; i++) {
        const struct pair *pair = &config->mapping.items[i];
        char *name = text_format("persistence.%s", pair->name);
        const char *text = text_sounds_secret(pair->name) ? REDACTED : pair->text;
        status = name ? fn(context, name, text, pair->origin) : PERSIST_NO_MEMORY;
        free(name);
    }
    return status;
}

static persist_status show_core(const persist_config *config, size_t index, bool bound,
                                config_show_fn fn, void *context)
{
    const struct value *value = &config->values[index];
    const persist_setting *setting = &declarations[index].setting;
    if (strcmp(setting->name, "include") == 0)
        return PERSIST_OK; /* its effect is shown: the origins */
    if (strcmp(setting->name, "persistence") == 0 && config->backend)
        return show_mapping(config, !bound, fn, context);
    if (strcmp(setting->name, "persistence") == 0 && value->text)
        return show_url(value, fn, context);
    if (setting->flags & DECLARE_LIST)
        return show_list(value, setting->name, fn, context);
    const char *text = value->text ? value->text : setting->preset;
    return fn(context, setting->name, text ? text : "", origin_of(value->origin));
}

static persist_status show_setting(const persist_settings *settings, size_t index,
                                   config_show_fn fn, void *context)
{
    const struct setting_value *value = &settings->values[index];
    const persist_setting *setting = &settings->plugin->settings[index];
    const char *text = value->text ? value->text : "";
    if (*text && (setting->flags & PERSIST_SETTING_SECRET))
        text = REDACTED;
    char *name = text_format("%s.%s", bind_section(settings->plugin), setting->name);
    persist_status status =
        name ? fn(context, name, text, origin_of(value->origin)) : PERSIST_NO_MEMORY;
    free(name);
    return status;
}

persist_status config_show(const persist_config *config, const persist_plugin *plugin,
                           const persist_settings *settings, config_show_fn fn, void *context)
{
    persist_status status = PERSIST_OK;
    bool bound = plugin && settings;
    for (size_t i = 0; !status && i < n_declarations; i++)
        status = show_core(config, i, bound, fn, context);
    for (size_t i = 0; !status && bound && i < settings->n; i++)
        status = show_setting(settings, i, fn, context);
    return status;
}
