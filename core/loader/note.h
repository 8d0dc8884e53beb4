/* SPDX-License-Identifier: MIT */
/*
 * Reads the head of a plugin out of its ELF note. The file may hold anything: every offset
 * and size in it is checked before it is used, and it is read, never mapped.
 */
#ifndef CORE_LOADER_NOTE_H
#define CORE_LOADER_NOTE_H

#include "core/loader/judge.h"

/* PERSIST_OK: the head is in *head, or, its head_size being 0, there is none and `file` is
 * refused. IO: reading failed. NO_MEMORY. A file that this returns unrefused is a complete shared
 * object of this machine, as far as its headers tell. */
persist_status note_read(int fd, struct plugin_file *file, persist_plugin_head *head,
                         persist_error *error);

#endif
