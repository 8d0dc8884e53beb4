/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_PERSIST_DUMP_H
#define TOOLS_PERSIST_DUMP_H

#include "tools/persist/command.h"

/* Writes the cursor's rows as NDJSON, adding their count to *rows. INTERRUPTED. */
persist_status dump_rows(struct command *command, persist_cursor *cursor, uint64_t *rows);

#endif
