/* SPDX-License-Identifier: MIT */
/* Texts of the configuration: any of them may be a secret, so all are wiped when freed. */
#ifndef CORE_CONFIG_TEXT_H
#define CORE_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Formatted into malloc'ed memory; NULL without memory. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A copy of `size` bytes with a NUL behind; NULL without memory. */
char *text_copy(const char *text, size_t size);
/* Overwrites, then frees. NULL is allowed. */
void text_wipe(char *text);

/* Longest value that a message quotes, bytes. */
#define TEXT_QUOTE 64
/* A value for a message: printable, cut to TEXT_QUOTE. Returns out. */
const char *text_quote(const char *text, size_t size, char out[TEXT_QUOTE]);

/* Offset of the first byte that is no well-formed UTF-8 or is NUL; `size` if there is none. */
size_t text_fault(const char *text, size_t size);
/* True if the word is one of those in `words`, separated by one space; its index in *index
 * (NULL allowed). */
bool text_in_words(const char *word, const char *words, long *index);
/* True if `name` sounds like a secret: a password, passphrase, secret or token itself, not
 * the file, variable or credential it is in. For what no declaration tells. */
bool text_sounds_secret(const char *name);

#endif
