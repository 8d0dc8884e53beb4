/* SPDX-License-Identifier: MIT */
/*
 * A file, then what it includes, each file over those before it. The chain of files being
 * read is known by device and inode, so no other spelling of a path hides a cycle.
 */
#include "core/config/read.h"

#include "core/config/file.h"
#include "core/config/text.h"
#include "core/config/url.h"

#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file being read, and the one that includes it. */
struct link {
    const struct link *parent;
    unsigned depth;
    dev_t device;
    ino_t inode;
};

struct loading {
    struct persist_config *config;
    struct faults *faults;
    unsigned files;
};

/* Paths to read, in order. */
struct paths {
    char **items;
    size_t n;
};

/* ---- what an include names */

static void paths_free(struct paths *paths)
{
    for (size_t i = 0; i < paths->n; i++)
        free(paths->items[i]);
    free(paths->items);
    *paths = (struct paths){0};
}

/* Takes over `path`; false, and freed, without memory. */
static bool paths_add(struct paths *paths, char *path)
{
    char **items = path ? realloc(paths->items, (paths->n + 1) * sizeof *items) : NULL;
    if (!items) {
        free(path);
        return false;
    }
    paths->items = items;
    paths->items[paths->n++] = path;
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_yaml(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

/* Every *.yaml and *.yml of a folder. */
static bool expand_folder(const char *path, struct paths *paths)
{
    bool good = true;
    DIR *folder = opendir(path);
    if (!folder)
        return paths_add(paths, text_copy(path, strlen(path))); /* reading it says why */
    for (struct dirent *entry; good && (entry = readdir(folder));)
        if (is_yaml(entry->d_name))
            good = paths_add(paths, file_join(path, entry->d_name));
    closedir(folder);
    return good;
}

static bool expand_pattern(const char *path, struct paths *paths)
{
    glob_t found = {0};
    int result = glob(path, GLOB_NOSORT, NULL, &found);
    bool good = result != GLOB_NOSPACE;
    for (size_t i = 0; good && result == 0 && i < found.gl_pathc; i++)
        good = paths_add(paths, text_copy(found.gl_pathv[i], strlen(found.gl_pathv[i])));
    globfree(&found);
    return good;
}

/* The files that one entry of `include` names, by name. */
static bool expand(const char *path, struct paths *paths)
{
    struct stat info;
    bool good;
    if (stat(path, &info) == 0)
        good = S_ISDIR(info.st_mode) ? expand_folder(path, paths)
                                     : paths_add(paths, text_copy(path, strlen(path)));
    else if (strpbrk(path, "*?["))
        good = expand_pattern(path, paths);
    else
        good = paths_add(paths, text_copy(path, strlen(path)));
    if (good && paths->n)
        qsort(paths->items, paths->n, sizeof *paths->items, by_name);
    return good;
}

/* ---- secrets in the open */

static bool mapping_has_secret(const struct node *mapping)
{
    for (size_t i = 0; i < mapping->n_items; i++)
        if (mapping->items[i].kind == NODE_SCALAR && text_sounds_secret(mapping->items[i].key))
            return true;
    return false;
}

static bool has_secret(const struct node *root)
{
    if (root->kind != NODE_MAPPING)
        return false;
    const struct node *where = tree_entry(root, "persistence");
    if (where && where->kind == NODE_SCALAR && url_has_secret(where->text))
        return true;
    for (size_t i = 0; i < root->n_items; i++)
        if (root->items[i].kind == NODE_MAPPING && mapping_has_secret(&root->items[i]))
            return true;
    return false;
}

static void warn_readable(struct loading *loading, const char *path, const struct stat *info,
                          const struct node *root)
{
    if ((info->st_mode & S_IROTH) && has_secret(root) &&
        !model_warn(loading->config, "",
                    "%s holds a password and may be read by everybody: chmod o-r it, or use "
                    "password_file",
                    path))
        faults_no_memory(loading->faults);
}

/* ---- files */

static persist_status load(struct loading *loading, const char *path, const struct link *parent,
                           char why[FILE_WHY]);

/* Includes one file; what is wrong with that is told at the entry. */
static void include_file(struct loading *loading, const struct node *entry, const char *path,
                         const struct link *parent)
{
    char why[FILE_WHY], quote[TEXT_QUOTE];
    persist_status status = load(loading, path, parent, why);
    if (status == PERSIST_NO_MEMORY)
        faults_no_memory(loading->faults);
    else if (status)
        faults_add(loading->faults, entry->origin, "include \"%s\" %s",
                   text_quote(path, strlen(path), quote), why);
}

static void include_entry(struct loading *loading, const struct node *entry, const char *folder,
                          const struct link *parent)
{
    struct paths paths = {0};
    char *path = NULL;
    if (!read_is_single(entry, "include", loading->faults))
        return;
    path = file_join(folder, entry->text);
    if (!path || !expand(path, &paths)) {
        faults_no_memory(loading->faults);
        goto out;
    }
    for (size_t i = 0; i < paths.n && !loading->faults->no_memory; i++)
        include_file(loading, entry, paths.items[i], parent);
out:
    paths_free(&paths);
    free(path);
}

static void include_all(struct loading *loading, const struct node *root, const char *folder,
                        const struct link *parent)
{
    const struct node *include = root->kind == NODE_MAPPING ? tree_entry(root, "include") : NULL;
    if (!include)
        return;
    if (include->kind != NODE_LIST) {
        include_entry(loading, include, folder, parent);
        return;
    }
    for (size_t i = 0; i < include->n_items && !loading->faults->no_memory; i++)
        include_entry(loading, &include->items[i], folder, parent);
}

static persist_status check_link(const struct loading *loading, const struct link *link,
                                 char why[FILE_WHY])
{
    for (const struct link *at = link->parent; at; at = at->parent)
        if (at->device == link->device && at->inode == link->inode) {
            snprintf(why, FILE_WHY, "includes itself: break the circle");
            return PERSIST_CONFIG;
        }
    if (link->depth > READ_INCLUDE_DEPTH)
        snprintf(why, FILE_WHY, "is included more than %d deep: flatten it", READ_INCLUDE_DEPTH);
    else if (loading->files >= READ_FILES_MAX)
        snprintf(why, FILE_WHY, "is one file too many: at most %d are read", READ_FILES_MAX);
    else
        return PERSIST_OK;
    return PERSIST_CONFIG;
}

/* Reads a file and its includes. A status other than OK is about the file itself. */
static persist_status load(struct loading *loading, const char *path, const struct link *parent,
                           char why[FILE_WHY])
{
    struct stat info;
    struct buf content = {0};
    struct node root = {0};
    char *folder = file_folder(path);
    persist_status status = PERSIST_NO_MEMORY;
    if (!folder)
        goto out;
    status = file_read(path, TREE_BYTES_MAX, &content, &info, why);
    if (status)
        goto out;
    const struct link link = {parent, parent ? parent->depth + 1 : 0, info.st_dev, info.st_ino};
    status = check_link(loading, &link, why);
    if (status)
        goto out;
    loading->files++;
    loading->config->layer++;
    if (!tree_parse(path, (const char *)content.data, content.size, loading->faults, &root))
        goto out;
    warn_readable(loading, path, &info, &root);
    if (root.kind == NODE_MAPPING && !root.n_items && !loading->faults->count &&
        !model_warn(loading->config, "", "%s holds no settings", path))
        faults_no_memory(loading->faults);
    read_tree(loading->config, &root, folder, loading->faults);
    include_all(loading, &root, folder, &link);
out:
    tree_free(&root);
    file_wipe(&content);
    free(folder);
    return status;
}

persist_status read_file(struct persist_config *config, const char *path, struct faults *faults,
                         persist_error *error)
{
    struct loading loading = {.config = config, .faults = faults};
    char why[FILE_WHY];
    persist_status status = load(&loading, path, NULL, why);
    if (status == PERSIST_NO_MEMORY)
        return error_no_memory(error);
    if (status)
        return error_set(error, status, "configuration file %s %s", path, why);
    return PERSIST_OK;
}
