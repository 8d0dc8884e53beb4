/* SPDX-License-Identifier: MIT */
#include "tools/persist/change.h"
#include "tools/persist/verbs.h"

persist_status verb_delete(struct command *command)
{
    struct buf key = {0};
    persist_status status = command_operand(command, 0, "KEY", &key);
    if (status == PERSIST_OK)
        status = command_open(command, 0);
    if (status == PERSIST_OK)
        status = change_key(command, buf_bytes(&key), NULL);
    buf_free(&key);
    return status;
}
