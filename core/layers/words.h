/* SPDX-License-Identifier: MIT */
/* Taking apart the text that a layer is made from. */
#ifndef CORE_LAYERS_WORDS_H
#define CORE_LAYERS_WORDS_H

#include "core/layers/layer.h"

/* The longest rule or layer, with its NUL. */
#define WORDS_LONGEST 256

/* Takes the next piece up to `separator` off *text into `piece`. False at the end. Empty
 * pieces are passed over; for one that does not fit stands "too long", which is no rule. */
bool words_next(const char **text, char separator, char piece[WORDS_LONGEST]);
/* Cuts the piece at the first `separator`; what is behind it, or NULL if there is none. */
char *words_cut(char *piece, char separator);
/* The operation, or LAYER_any. False: there is none of this name. */
bool words_op(const char *name, enum layer_op *op);
/* A whole number from `least` up. */
bool words_number(const char *text, int64_t least, int64_t *out);
/* A duration, "10ms", or two with ".." between, "1ms..5ms", the first not above the second. */
bool words_span(char *text, int64_t *from, int64_t *to);
/* A status by its name, with '-' for what is no letter: "not-found", "i-o". */
bool words_status(const char *name, persist_status *status);

#endif
