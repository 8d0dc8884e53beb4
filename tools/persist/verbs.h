/* SPDX-License-Identifier: MIT */
/* The verbs: each in its file, verb_NAME.c. */
#ifndef TOOLS_PERSIST_VERBS_H
#define TOOLS_PERSIST_VERBS_H

#include "tools/persist/command.h"

typedef persist_status (*verb_fn)(struct command *command);

persist_status verb_init(struct command *command);
persist_status verb_get(struct command *command);
persist_status verb_put(struct command *command);
persist_status verb_delete(struct command *command);
persist_status verb_scan(struct command *command);
persist_status verb_count(struct command *command);
persist_status verb_history(struct command *command);
persist_status verb_txn(struct command *command);
persist_status verb_load(struct command *command);
persist_status verb_dump(struct command *command);
persist_status verb_namespace_list(struct command *command);
persist_status verb_namespace_create(struct command *command);
persist_status verb_namespace_drop(struct command *command);
persist_status verb_status(struct command *command);
persist_status verb_health(struct command *command);
persist_status verb_stats(struct command *command);
persist_status verb_plugins_list(struct command *command);
persist_status verb_plugins_inspect(struct command *command);
persist_status verb_plugins_conformance(struct command *command);
persist_status verb_config_check(struct command *command);
persist_status verb_config_show(struct command *command);
persist_status verb_config_schema(struct command *command);
persist_status verb_migrate_status(struct command *command);
persist_status verb_migrate_up(struct command *command);
persist_status verb_bench(struct command *command);
persist_status verb_help(struct command *command);
persist_status verb_version(struct command *command);

#endif
