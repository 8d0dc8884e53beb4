/* SPDX-License-Identifier: MIT */
/* JSON, written as it comes: compact, and the same bytes for the same content. */
#ifndef TOOLS_PERSIST_EMIT_H
#define TOOLS_PERSIST_EMIT_H

#include "tools/persist/sink.h"

#include <persist/types.h>

/* { sink } begins one. */
struct emit {
    struct sink *sink;
    bool comma; /* before the next member or item */
};

/* '{' or '[', and '}' or ']'. */
void emit_begin(struct emit *emit, char bracket);
void emit_end(struct emit *emit, char bracket);
/* Name of the member that follows. */
void emit_name(struct emit *emit, const char *name);
void emit_null(struct emit *emit);
void emit_bool(struct emit *emit, bool value);
/* As it stands: the text of a number. */
void emit_number(struct emit *emit, const char *digits);
void emit_integer(struct emit *emit, int64_t value);
/* UTF-8; what is not is replaced by U+FFFD. */
void emit_string(struct emit *emit, persist_bytes text);
/* A string of decimal digits: numbers lose theirs above 2^53. */
void emit_decimal(struct emit *emit, int64_t value);
/* Member "name" if the bytes are UTF-8, else "name_base64". False without memory. */
bool emit_member_bytes(struct emit *emit, const char *name, persist_bytes bytes);

#endif
