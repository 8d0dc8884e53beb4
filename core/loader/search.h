/* SPDX-License-Identifier: MIT */
/* Where plugins are looked for, and the story of a search for its refusal. */
#ifndef CORE_LOADER_SEARCH_H
#define CORE_LOADER_SEARCH_H

#include "core/base/bytes.h"
#include "core/loader/judge.h"

/* The folders that count, each once, in order. { 0 }, then search_begin, search_end. */
struct search {
    char **folders;
    struct file_id *ids; /* of folders that are there */
    size_t n_folders;
    struct buf tried; /* lines: places tried, and why each was skipped */
    bool no_memory;   /* tried lacks a line */
};

/* Fills it from the first of: the list, PERSIST_PLUGIN_PATH, the compiled folder. NO_MEMORY. */
persist_status search_begin(struct search *search, const struct plugin_search *where,
                            persist_error *error);
/* As search_begin, of a list as in PERSIST_PLUGIN_PATH. */
persist_status search_begin_path(struct search *search, const char *path, persist_error *error);
void search_end(struct search *search);
/* Notes a place and why it was skipped. */
void search_skip(struct search *search, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes one plugin file, judged. It may keep the open file by ending `judged` in its
 * stead, leaving -1 in its fd. Any status but OK ends the walk. */
typedef persist_status (*search_file_fn)(void *context, struct plugin_file *file,
                                         struct judged *judged);
/* Judges every persist_*.so, folder by folder, by name. A file is seen once. One whose name
 * an accepted file of an earlier folder has is refused as hidden by that. */
persist_status search_walk(struct search *search, search_file_fn fn, void *context,
                           persist_error *error);

#endif
