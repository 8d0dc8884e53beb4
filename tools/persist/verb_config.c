/* SPDX-License-Identifier: MIT */
/* config check, show, schema. */
#include "tools/persist/plugins.h"
#include "tools/persist/verbs.h"

#include "core/base/bytes.h"

#include <stdio.h>
#include <stdlib.h>

/* Loads the chosen backend and binds its section. */
static persist_status bind(struct command *command, const struct plugin **plugin,
                           persist_settings **settings)
{
    persist_status status = plugins_open(command, plugin);
    if (status == PERSIST_OK)
        status = config_bind(command->config, (*plugin)->descriptor, settings, command->error);
    return status;
}

/* Asks the backend about its URL and settings. */
static persist_status ask(struct command *command, const struct plugin *plugin,
                          persist_settings *settings)
{
    struct persist_call_error sink = {command->error};
    persist_call call = {sizeof call, PERSIST_NO_DEADLINE, &sink};
    const char *url = config_url(command->config);
    char scheme[64];
    if (!plugin->life.check_config)
        return PERSIST_OK;
    snprintf(scheme, sizeof scheme, "%s:", url ? "" : config_backend(command->config));
    persist_status status = plugin->life.check_config(&call, url ? url : scheme, settings);
    persist_status told = settings_take_errors(settings, command->error);
    return told != PERSIST_OK ? told : status;
}

persist_status verb_config_check(struct command *command)
{
    const struct plugin *plugin = NULL;
    persist_settings *settings = NULL;
    persist_status status = command_configure(command);
    if (status == PERSIST_OK)
        status = bind(command, &plugin, &settings);
    if (status == PERSIST_OK)
        status = ask(command, plugin, settings);
    settings_free(settings);
    if (status == PERSIST_OK)
        sink_text(&command->sink, "ok\n");
    return status;
}

static const struct column columns[] = {
    {"name", CELL_TEXT, false},
    {"value", CELL_TEXT, false},
    {"origin", CELL_TEXT, false},
};

static persist_status print(void *context, const char *name, const char *value, const char *origin)
{
    struct output *output = context;
    output_text(output, name);
    output_text(output, value);
    if (output->n_columns > 2)
        output_text(output, origin);
    return PERSIST_OK;
}

persist_status verb_config_show(struct command *command)
{
    const struct plugin *plugin = NULL;
    persist_settings *settings = NULL;
    bool origin = options_has(&command->options, OPTION_ORIGIN);
    persist_status status = command_configure(command);
    if (status != PERSIST_OK)
        return status;
    /* What cannot be bound is left out, and said: the rest is wanted all the more then. */
    status = bind(command, &plugin, &settings);
    if (status != PERSIST_OK)
        command_warn(command, "the backend's settings are not shown: %s",
                     persist_error_message(command->error));
    output_begin(&command->output, OUTPUT_LIST, columns, origin ? 3 : 2);
    status = config_show(command->config, settings ? plugin->descriptor : NULL, settings, print,
                         &command->output);
    output_end(&command->output);
    settings_free(settings);
    return status;
}

/* Descriptors of all backends that can be loaded. */
struct found {
    struct command *command;
    const persist_plugin **plugins;
    size_t n;
};

static persist_status collect(void *context, const struct plugin_file *file)
{
    struct found *found = context;
    struct plugin_search search = plugins_search(found->command);
    const struct plugin *plugin;
    if (!file->accepted)
        return PERSIST_OK;
    if (loader_open(file->path, &search, &plugin, found->command->error) != PERSIST_OK) {
        command_warn(found->command, "left out: %s", persist_error_message(found->command->error));
        return PERSIST_OK;
    }
    const persist_plugin **more = realloc(found->plugins, (found->n + 1) * sizeof *found->plugins);
    if (!more)
        return error_no_memory(found->command->error);
    found->plugins = more;
    found->plugins[found->n++] = plugin->descriptor;
    return PERSIST_OK;
}

persist_status verb_config_schema(struct command *command)
{
    struct found found = {.command = command};
    struct buf schema = {0};
    persist_status status = command_configure(command);
    if (status != PERSIST_OK)
        return status;
    struct plugin_search search = plugins_search(command);
    status = loader_list(&search, collect, &found, command->error);
    if (status == PERSIST_OK && !config_schema(found.plugins, found.n, &schema))
        status = error_no_memory(command->error);
    if (status == PERSIST_OK) {
        sink_add(&command->sink, schema.data, schema.size);
        if (schema.size && schema.data[schema.size - 1] != '\n')
            sink_char(&command->sink, '\n');
    }
    buf_free(&schema);
    free(found.plugins);
    return status;
}
