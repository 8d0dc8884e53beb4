/* SPDX-License-Identifier: MIT */
/* Writing, for the verbs that do. */
#ifndef TOOLS_PERSIST_CHANGE_H
#define TOOLS_PERSIST_CHANGE_H

#include "tools/persist/command.h"

/* Runs `fn` as persist_run does; with --dry-run in a transaction that is rolled back, and
 * *timestamp (may be NULL) is then its snapshot's. */
persist_status change_run(struct command *command, persist_run_fn fn, void *context,
                          int64_t *timestamp);
/* Puts one key, or deletes it (value NULL), of an open store, and prints the timestamp if
 * the output is not text. */
persist_status change_key(struct command *command, persist_bytes key, const persist_bytes *value);

#endif
