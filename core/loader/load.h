/* SPDX-License-Identifier: MIT */
/*
 * Brings an accepted file into the process and keeps it there.
 *
 * The file is opened by its descriptor's name, /proc/thread-self/fd/N, so that what runs
 * is what was judged, whatever became of the path. ld.so takes an object it has for the one asked
 * for if the *names* are equal, before it looks at device and inode, and descriptor
 * numbers come back: so each name is spelt in a way of its own.
 *
 * Nothing is ever unloaded: a plugin that was refused after its code had run stays too,
 * and is refused again without being run again. Hence device and inode, which a mapped
 * file keeps, name it for good.
 */
#ifndef CORE_LOADER_LOAD_H
#define CORE_LOADER_LOAD_H

#include "core/loader/judge.h"

/* Loads an accepted file, or finds that it was loaded. PLUGIN_REFUSED; NO_MEMORY. */
persist_status load_file(struct plugin_file *file, const struct judged *judged,
                         const struct plugin **out, persist_error *error);

#endif
