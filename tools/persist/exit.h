/* SPDX-License-Identifier: MIT */
/* What the command's exit codes mean. */
#ifndef TOOLS_PERSIST_EXIT_H
#define TOOLS_PERSIST_EXIT_H

#include <persist/types.h>

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_CONFIG = 3,
    EXIT_NOT_FOUND = 4,
    EXIT_CONFLICT = 5,
    EXIT_DAMAGED = 6,
    EXIT_UNREACHABLE = 7,
    EXIT_UNUSABLE = 8,
    EXIT_TOO_OLD = 9,
    EXIT_TIMEOUT = 10,
    EXIT_PRECONDITION = 11,
    EXIT_UNRESOLVED = 12,
    EXIT_FENCED = 13,
    EXIT_INTERRUPTED = 130
};

/* For the manual; ends with a NULL text. */
struct exit_meaning {
    enum exit_code code;
    const char *text;
};
extern const struct exit_meaning exit_meanings[];

/* The exit code of a call that ended so. */
enum exit_code exit_code_of(persist_status status);

#endif
