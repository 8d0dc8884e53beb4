/* SPDX-License-Identifier: MIT */
#include "tools/persist/change.h"
#include "tools/persist/verbs.h"

#include <string.h>

persist_status verb_put(struct command *command)
{
    const char *const *operands = command->options.operands;
    struct buf key = {0}, value = {0};
    persist_status status = PERSIST_OK;
    if (strcmp(operands[0], "-") == 0 && strcmp(operands[1], "-") == 0)
        status = error_set(command->error, PERSIST_INVALID,
                           "KEY and VALUE cannot both be -: give one of them as it is");
    if (status == PERSIST_OK)
        status = command_operand(command, 0, "KEY", &key);
    if (status == PERSIST_OK)
        status = command_operand(command, 1, "VALUE", &value);
    if (status == PERSIST_OK)
        status = command_open(command, 0);
    if (status == PERSIST_OK) {
        persist_bytes bytes = buf_bytes(&value);
        status = change_key(command, buf_bytes(&key), &bytes);
    }
    buf_free(&key);
    buf_free(&value);
    return status;
}
