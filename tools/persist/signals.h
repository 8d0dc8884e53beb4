/* SPDX-License-Identifier: MIT */
/*
 * SIGINT, SIGTERM and SIGHUP ask the command to end where nothing is half done: verbs ask
 * signals_caught between rows and batches. The second one ends it at once.
 */
#ifndef TOOLS_PERSIST_SIGNALS_H
#define TOOLS_PERSIST_SIGNALS_H

#include <stdbool.h>

/* Also ignores SIGPIPE: writing then fails with EPIPE. False without descriptors. */
bool signals_install(void);
bool signals_caught(void);
/* Waits until fd can be read; false if a signal was caught. */
bool signals_wait_readable(int fd);

#endif
