/* SPDX-License-Identifier: MIT */
#include "tools/persist/verbs.h"

persist_status verb_init(struct command *command)
{
    return verb_migrate_up(command);
}
