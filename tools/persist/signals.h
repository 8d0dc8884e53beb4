/* SPDX-License-Identifier: MIT */
/*
 * SIGINT, SIGTERM and SIGHUP ask the command to end where nothing is half done: verbs ask
 * signals_caught between rows and batches, and what a watched transaction does is cancelled,
 * so that waiting for the engine ends too. The second one ends it at once.
 */
#ifndef TOOLS_PERSIST_SIGNALS_H
#define TOOLS_PERSIST_SIGNALS_H

#include <persist/persist.h>

#include <stdbool.h>

/* Also ignores SIGPIPE: writing then fails with EPIPE. False without descriptors. */
bool signals_install(void);
bool signals_caught(void);
/* From now on a signal cancels what the transaction does (one at a time is watched); until
 * signals_unwatch, which comes before it is freed. */
void signals_watch(persist_tx *tx);
void signals_unwatch(persist_tx *tx);
/* Waits until fd can be read; false if a signal was caught. */
bool signals_wait_readable(int fd);

#endif
