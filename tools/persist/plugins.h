/* SPDX-License-Identifier: MIT */
/* Backends, for the verbs that look at them without opening a store. */
#ifndef TOOLS_PERSIST_PLUGINS_H
#define TOOLS_PERSIST_PLUGINS_H

#include "core/config/config.h"
#include "core/loader/loader.h"
#include "tools/persist/command.h"

/* Where the configuration says that plugins are. */
struct plugin_search plugins_search(const struct command *command);
/* Loads the backend that the configuration chooses. Statuses: CONFIG, PLUGIN_REFUSED. */
persist_status plugins_open(struct command *command, const struct plugin **plugin);

#endif
