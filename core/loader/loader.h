/* SPDX-License-Identifier: MIT */
/*
 * Finds, checks and opens plugins. A file is judged by its owner, its folders and its
 * ELF note before any code in it runs; a plugin once opened stays for the life of the
 * process. Thread-safe.
 */
#ifndef CORE_LOADER_LOADER_H
#define CORE_LOADER_LOADER_H

#include "core/base/error.h"

#include <limits.h>

/* A loaded plugin. The tables are private copies, as long as this host knows them, with
 * zeros where the plugin's were shorter. Never freed. */
struct plugin {
    const persist_plugin *descriptor;
    char *path; /* real path of the file it came from */
    persist_limits limits;
    persist_life life;
    persist_store_ops store;
    persist_admin_ops admin;
};

/* What can be known of a file without running it. */
struct plugin_file {
    char path[PATH_MAX];      /* as found */
    bool has_head;            /* head could be read */
    persist_plugin_head head; /* texts are NUL-terminated whatever the file said */
    bool accepted;            /* it would be loaded */
    persist_status status;    /* if not accepted: why */
    char reason[1024];        /* thing, value, remedy */
};

/* Where plugins are looked for: an absolute path, else the list given (plugin_path of
 * the configuration) if it is not empty, else PERSIST_PLUGIN_PATH, else the compiled
 * folder. */
struct plugin_search {
    const char *const *folders; /* absolute */
    size_t n_folders;
};

/* The plugin for a URL scheme: persist_SCHEME.so, else the one whose note lists the scheme;
 * two claimants are refused by name. An absolute path to a .so may stand in its place.
 * PLUGIN_REFUSED lists every place tried and why each was skipped. Loads at most once per file. */
persist_status loader_open(const char *scheme, const struct plugin_search *search,
                           const struct plugin **out, persist_error *error);

/* Judges one file; PERSIST_OK if it could be judged, `file` then says how. Never runs
 * its code. NOT_FOUND, IO, NO_MEMORY. */
persist_status loader_inspect(const char *path, struct plugin_file *file, persist_error *error);

/* Takes one plugin file that search would see (persist_*.so), accepted or not. */
typedef persist_status (*loader_list_fn)(void *context, const struct plugin_file *file);
persist_status loader_list(const struct plugin_search *search, loader_list_fn fn, void *context,
                           persist_error *error);

/* The host services table given to every plugin. */
const persist_host *loader_host(void);

/* One call to a plugin: the frame behind persist_call. The error of set_error lands in
 * `error`, whose status the caller then sets. */
struct persist_call_error {
    persist_error *error;
};

#endif
