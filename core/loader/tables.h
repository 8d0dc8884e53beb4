/* SPDX-License-Identifier: MIT */
/* Copies a plugin's tables, however long they are, and finds what is missing in them. */
#ifndef CORE_LOADER_TABLES_H
#define CORE_LOADER_TABLES_H

#include "core/loader/loader.h"

/* Copies min(size) of `theirs` and of its tables into zeroed memory: *descriptor, whose
 * pointers then lead into *plugin, and *plugin. False: refused in `file`, naming the table
 * or the operation. */
bool tables_take(const persist_plugin *theirs, persist_plugin *descriptor, struct plugin *plugin,
                 struct plugin_file *file);

#endif
