/* SPDX-License-Identifier: MIT */
/* Decides, by its head alone, whether this host takes a plugin. */
#ifndef CORE_LOADER_ACCEPT_H
#define CORE_LOADER_ACCEPT_H

#include "core/loader/judge.h"

/* Judges `head`, which stands in the file named by file->path. False: refused in `file`. */
bool accept_head(const persist_plugin_head *head, struct plugin_file *file);
/* True if the head's list of schemes has just this one. */
bool accept_has_scheme(const persist_plugin_head *head, const char *scheme);
/* True for a URL scheme in lower case: a letter, then letters, digits, '+', '-', '.'. */
bool accept_is_scheme(const char *text, size_t size);

#endif
