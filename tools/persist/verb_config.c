/* SPDX-License-Identifier: MIT */
/* config check, show, schema. */
#include "tools/persist/verbs.h"

#include "core/loader/loader.h"
#include "core/store.h"

#include <stdlib.h>

persist_status verb_config_check(struct command *command)
{
    persist_status status = command_configure(command);
    if (status == PERSIST_OK)
        status = store_check_config(command->config, NULL, NULL, command->error);
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
    /* A faulty section is left out, and said: the rest is wanted all the more then. */
    status = store_check_config(command->config, &plugin, &settings, command->error);
    if (status != PERSIST_OK)
        command_warn(command, "the backend's settings are not shown: %s",
                     persist_error_message(command->error));
    output_begin(&command->output, OUTPUT_LIST, columns, origin ? 3 : 2);
    status = config_show(command->config, settings ? plugin->descriptor : NULL, settings, print,
                         &command->output);
    output_end(&command->output, status == PERSIST_OK);
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
    struct plugin_search search = command_plugins(found->command);
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
    struct plugin_search search = command_plugins(command);
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
