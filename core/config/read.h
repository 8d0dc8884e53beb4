/* SPDX-License-Identifier: MIT */
/* From files to values: a tree's values, a file and its includes, the variables. */
#ifndef CORE_CONFIG_READ_H
#define CORE_CONFIG_READ_H

#include "core/config/model.h"
#include "core/config/tree.h"

/* Deepest chain of includes, and most files in all. */
#define READ_INCLUDE_DEPTH 8
#define READ_FILES_MAX 100

/* Takes over everything a file says but its `include`. `folder` is that of the file. */
void read_tree(struct persist_config *config, const struct node *root, const char *folder,
               struct faults *faults);
/* Complains about a value that is `null`, or of another kind than a single value; `name` is
 * its path. False if it did. */
bool read_is_single(const struct node *node, const char *name, struct faults *faults);

/* Reads a file, then its includes. NOT_FOUND and IO are the file's own, with *error set;
 * everything else is in `faults`. */
persist_status read_file(struct persist_config *config, const char *path, struct faults *faults,
                         persist_error *error);
/* Reads a configuration from memory and checks it: no file, no variables, no includes.
 * `name` stands for the file in messages. CONFIG, NO_MEMORY. */
persist_status read_memory(const char *name, const char *data, size_t size, persist_config **out,
                           persist_error *error);

/* Takes over PERSIST_... variables, unless the program runs with rights its caller lacks. */
void read_variables(struct persist_config *config, struct faults *faults);
/* Writes the variable's name of a path: "pool.max" is PERSIST_POOL__MAX. Returns out. */
const char *read_variable_name(const char *path, char *out, size_t capacity);

#endif
