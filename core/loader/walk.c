/* SPDX-License-Identifier: MIT */
#include "core/loader/search.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The files seen so far: by what they are, and, once accepted, by name. */
struct seen {
    struct file_id id;
    char name[sizeof((persist_plugin_head *)0)->name]; /* "": not accepted */
    char *path;
};

struct walk {
    struct search *search;
    search_file_fn fn;
    void *context;
    struct seen *seen;
    size_t n_seen;
};

static int is_plugin_name(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return size > strlen("persist_.so") && strncmp(entry->d_name, "persist_", 8) == 0 &&
           strcmp(entry->d_name + size - 3, ".so") == 0;
}

/* Byte order, whatever the locale. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool was_seen(const struct walk *walk, struct file_id id)
{
    for (size_t i = 0; i < walk->n_seen; i++)
        if (file_id_equal(walk->seen[i].id, id))
            return true;
    return false;
}

static bool remember(struct walk *walk, const struct plugin_file *file, struct file_id id)
{
    struct seen *seen = realloc(walk->seen, (walk->n_seen + 1) * sizeof *seen);
    if (!seen)
        return false;
    walk->seen = seen;
    seen += walk->n_seen;
    *seen = (struct seen){.id = id, .path = strdup(file->path)};
    if (!seen->path)
        return false;
    if (file->accepted)
        memcpy(seen->name, file->head.name, sizeof seen->name);
    walk->n_seen++;
    return true;
}

static void hide(const struct walk *walk, struct plugin_file *file)
{
    for (size_t i = 0; file->accepted && i < walk->n_seen; i++)
        if (strcmp(walk->seen[i].name, file->head.name) == 0)
            judge_refuse(file, "it is hidden by %s, which comes first in the search",
                         walk->seen[i].path);
}

/* A file judged without a descriptor (a folder, say) has no identity to be known by. */
static persist_status visit(struct walk *walk, const char *path, persist_error *error)
{
    struct plugin_file file;
    struct judged judged;
    persist_error own = ERROR_INIT;
    persist_status status = judge_file(path, &file, &judged, &own);
    if (status != PERSIST_OK && status != PERSIST_NO_MEMORY) {
        search_skip(walk->search, "%s", persist_error_message(&own));
        status = PERSIST_END;
    }
    error_clear(&own);
    if (status != PERSIST_OK)
        return status == PERSIST_END ? PERSIST_OK : error_no_memory(error);
    bool known = judged.fd >= 0 && was_seen(walk, judged.id);
    if (!known) {
        hide(walk, &file);
        if (judged.fd >= 0 && !remember(walk, &file, judged.id))
            status = error_no_memory(error);
        else
            status = walk->fn(walk->context, &file, &judged);
    }
    judge_end(&judged);
    return status;
}

static persist_status visit_folder(struct walk *walk, const char *folder, persist_error *error)
{
    struct dirent **names = NULL;
    persist_status status = PERSIST_OK;
    int n = scandir(folder, &names, is_plugin_name, by_bytes);
    if (n < 0 && errno == ENOMEM)
        return error_no_memory(error);
    if (n < 0)
        search_skip(walk->search, "%s: cannot be listed: %m", folder);
    for (int i = 0; i < n; i++) {
        char path[PATH_MAX];
        int length = snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        if (status == PERSIST_OK && length < (int)sizeof path)
            status = visit(walk, path, error);
        free(names[i]);
    }
    free(names);
    return status;
}

persist_status search_walk(struct search *search, search_file_fn fn, void *context,
                           persist_error *error)
{
    struct walk walk = {.search = search, .fn = fn, .context = context};
    persist_status status = PERSIST_OK;
    for (size_t i = 0; status == PERSIST_OK && i < search->n_folders; i++)
        status = visit_folder(&walk, search->folders[i], error);
    for (size_t i = 0; i < walk.n_seen; i++)
        free(walk.seen[i].path);
    free(walk.seen);
    return status;
}
