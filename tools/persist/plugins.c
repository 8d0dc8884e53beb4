/* SPDX-License-Identifier: MIT */
#include "tools/persist/plugins.h"

struct plugin_search plugins_search(const struct command *command)
{
    struct plugin_search search = {0};
    search.folders = config_list(command->config, "plugin_path", &search.n_folders);
    return search;
}

persist_status plugins_open(struct command *command, const struct plugin **plugin)
{
    struct plugin_search search = plugins_search(command);
    const char *url = config_url(command->config);
    const char *scheme = config_backend(command->config);
    char from_url[64];
    if (url) {
        if (!config_url_scheme(url, from_url, sizeof from_url))
            return error_set(command->error, PERSIST_CONFIG,
                             "persistence has no scheme: write it as sqlite:///path/to/file");
        scheme = from_url;
    }
    if (!scheme)
        return error_set(command->error, PERSIST_CONFIG,
                         "nothing says where the data are: give --persistence URL, or "
                         "persistence in the configuration");
    return loader_open(scheme, &search, plugin, command->error);
}
