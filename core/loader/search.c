/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "core/loader/search.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef PERSIST_PLUGINDIR
#error "PERSIST_PLUGINDIR is not defined: it is the folder of backends, an absolute path"
#endif

void search_skip(struct search *search, const char *format, ...)
{
    char line[2 * PATH_MAX];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    size_t size = length < 0 ? 0 : (size_t)length;
    if (size >= sizeof line)
        size = sizeof line - 1;
    if (!buf_reserve(&search->tried, size + 4) || !buf_add(&search->tried, "\n  ", 3) ||
        !buf_add(&search->tried, line, size))
        search->no_memory = true;
}

static bool add_folder(struct search *search, const char *folder, size_t size, struct file_id id)
{
    size_t n = search->n_folders + 1;
    char **folders = realloc(search->folders, n * sizeof *folders);
    if (folders)
        search->folders = folders;
    struct file_id *ids = realloc(search->ids, n * sizeof *ids);
    if (ids)
        search->ids = ids;
    char *copy = strndup(folder, size);
    if (!folders || !ids || !copy) {
        free(copy);
        return false;
    }
    search->folders[search->n_folders] = copy;
    search->ids[search->n_folders++] = id;
    return true;
}

/* Adds a folder that `origin` names, unless it does not count. False without memory. */
static bool consider(struct search *search, const char *folder, size_t size, const char *origin)
{
    char path[PATH_MAX];
    struct stat st;
    while (size > 1 && folder[size - 1] == '/')
        size--;
    if (!size || folder[0] != '/' || size >= sizeof path) {
        search_skip(search, "'%.*s' of %s: skipped, it is not an absolute path", (int)size, folder,
                    origin);
        return true;
    }
    snprintf(path, sizeof path, "%.*s", (int)size, folder);
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        search_skip(search, "%s of %s: there is no such folder", path, origin);
        return true;
    }
    struct file_id id = {st.st_dev, st.st_ino};
    for (size_t i = 0; i < search->n_folders; i++)
        if (file_id_equal(search->ids[i], id))
            return true;
    return add_folder(search, path, size, id);
}

static persist_status end_begin(struct search *search, bool ok, persist_error *error)
{
    if (ok && !search->no_memory)
        return PERSIST_OK;
    search_end(search);
    return error_no_memory(error);
}

persist_status search_begin_path(struct search *search, const char *path, persist_error *error)
{
    bool ok = true;
    for (const char *part = path;; part++) {
        size_t size = strcspn(part, ":");
        ok = ok && consider(search, part, size, "PERSIST_PLUGIN_PATH");
        part += size;
        if (!*part)
            break;
    }
    return end_begin(search, ok, error);
}

persist_status search_begin(struct search *search, const struct plugin_search *where,
                            persist_error *error)
{
    static_assert(sizeof PERSIST_PLUGINDIR > 1, "the compiled folder is not empty");
    bool ok = true;
    if (where && where->n_folders) {
        for (size_t i = 0; ok && i < where->n_folders; i++)
            ok = consider(search, where->folders[i], strlen(where->folders[i]), "plugin_path");
        return end_begin(search, ok, error);
    }
    const char *path = secure_getenv("PERSIST_PLUGIN_PATH");
    if (path && *path)
        return search_begin_path(search, path, error);
    ok = consider(search, PERSIST_PLUGINDIR, strlen(PERSIST_PLUGINDIR), "this build");
    return end_begin(search, ok, error);
}

void search_end(struct search *search)
{
    for (size_t i = 0; i < search->n_folders; i++)
        free(search->folders[i]);
    free(search->folders);
    free(search->ids);
    buf_free(&search->tried);
    *search = (struct search){0};
}
