/* SPDX-License-Identifier: MIT */
/* Keys and values, as they stand on the command line or in a script. */
#ifndef TOOLS_PERSIST_INPUT_H
#define TOOLS_PERSIST_INPUT_H

#include "core/base/error.h"
#include "tools/persist/encode.h"

/* Appends the bytes that a text stands for; `what` names it in messages. Statuses:
 * INVALID, NO_MEMORY. */
persist_status input_decode(struct buf *out, enum encoding encoding, persist_bytes text,
                            const char *what, persist_error *error);
/* An argument: as input_decode; "-" is all of standard input, byte by byte (with an encoding,
 * without white space at its end). Statuses: also those of lines_rest. */
persist_status input_argument(struct buf *out, enum encoding encoding, const char *argument,
                              const char *what, persist_error *error);
/* A whole number from `least` on. INVALID. */
persist_status input_count(const char *text, uint64_t least, const char *what, uint64_t *out,
                           persist_error *error);

#endif
