/* SPDX-License-Identifier: MIT */
/* The scripts of txn: one step a line, as the manual of txn says. */
#ifndef TOOLS_PERSIST_SCRIPT_H
#define TOOLS_PERSIST_SCRIPT_H

#include "tools/persist/lines.h"

#include "tools/persist/encode.h"

enum step_kind { STEP_GET, STEP_PUT, STEP_DELETE, STEP_CHECK, STEP_CHECK_ABSENT };

/* A run of bytes of script.words, whose place in memory may still change. */
struct script_word {
    size_t at;
    size_t size;
};

struct step {
    enum step_kind kind;
    uint64_t line;
    struct script_word key;
    struct script_word value; /* of put and check */
};

struct script {
    const char *name; /* of the file, for messages */
    struct step *steps;
    size_t n;
    size_t capacity;
    struct buf words;
};

/* Reads all of it; a fault names file and line. Ended by script_free, also after a
 * failure. Statuses: INVALID, those of lines_next. */
persist_status script_read(struct script *script, struct lines *lines, enum encoding encoding,
                           persist_error *error);
persist_bytes script_bytes(const struct script *script, struct script_word word);
void script_free(struct script *script);

#endif
