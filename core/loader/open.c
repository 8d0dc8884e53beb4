/* SPDX-License-Identifier: MIT */
#include "core/base/log.h"
#include "core/loader/accept.h"
#include "core/loader/load.h"
#include "core/loader/search.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A search for the plugin of one scheme. */
struct wanted {
    const char *scheme;
    struct search search;
    bool found;
    struct plugin_file file; /* the one found, with `judged` open */
    struct judged judged;
    persist_error *error;
};

/* A file that would have been the one but was refused: the operator should know, even if
 * another is found. */
static void pass_over(struct wanted *wanted, const struct plugin_file *file)
{
    search_skip(&wanted->search, "%s: %s", file->path, file->reason);
    log_write(PERSIST_LOG_WARNING, "plugin %s was passed over: %s", file->path, file->reason);
}

/* Tries persist_SCHEME.so of one folder. NO_MEMORY. */
static persist_status try_folder(struct wanted *wanted, const char *folder)
{
    char path[PATH_MAX + 80];
    persist_error own = ERROR_INIT;
    snprintf(path, sizeof path, "%s/persist_%s.so", folder, wanted->scheme);
    persist_status status = judge_file(path, &wanted->file, &wanted->judged, &own);
    if (status == PERSIST_OK && wanted->file.accepted) {
        wanted->found = true;
    } else if (status == PERSIST_OK) {
        pass_over(wanted, &wanted->file);
        judge_end(&wanted->judged);
    } else if (status != PERSIST_NO_MEMORY) {
        search_skip(&wanted->search, "%s", persist_error_message(&own));
        status = PERSIST_OK;
    }
    error_clear(&own);
    return status == PERSIST_OK ? status : error_no_memory(wanted->error);
}

/* persist_SCHEME.so of the first folder that has an acceptable one. */
static persist_status find_by_name(struct wanted *wanted)
{
    persist_status status = PERSIST_OK;
    const struct search *search = &wanted->search;
    for (size_t i = 0; i < search->n_folders && status == PERSIST_OK && !wanted->found; i++)
        status = try_folder(wanted, search->folders[i]);
    return status;
}

static bool is_named_for(const char *path, const char *scheme)
{
    char name[80];
    const char *slash = strrchr(path, '/');
    snprintf(name, sizeof name, "persist_%s.so", scheme);
    return strcmp(slash ? slash + 1 : path, name) == 0;
}

/* Keeps the file whose note lists the scheme; a second one makes the choice nobody's. */
static persist_status consider(void *context, struct plugin_file *file, struct judged *judged)
{
    struct wanted *wanted = context;
    if (is_named_for(file->path, wanted->scheme))
        return PERSIST_OK;
    if (!file->accepted) {
        search_skip(&wanted->search, "%s: %s", file->path, file->reason);
        return PERSIST_OK;
    }
    if (!accept_has_scheme(&file->head, wanted->scheme)) {
        search_skip(&wanted->search, "%s: it answers to '%s'", file->path, file->head.schemes);
        return PERSIST_OK;
    }
    if (wanted->found)
        return error_set(wanted->error, PERSIST_PLUGIN_REFUSED,
                         "two plugins answer to '%s': %s and %s: remove one, or name the file's "
                         "absolute path as the backend",
                         wanted->scheme, wanted->file.path, file->path);
    wanted->found = true;
    wanted->file = *file;
    wanted->judged = *judged;
    judged->fd = -1;
    return PERSIST_OK;
}

static persist_status refuse(struct wanted *wanted)
{
    const struct search *search = &wanted->search;
    if (search->no_memory)
        return error_no_memory(wanted->error);
    return error_set(wanted->error, PERSIST_PLUGIN_REFUSED,
                     "no plugin answers to '%s': install persist_%s.so or name its folder in "
                     "plugin_path; tried:%.*s",
                     wanted->scheme, wanted->scheme, (int)search->tried.size,
                     search->tried.size ? (const char *)search->tried.data : "");
}

static persist_status open_scheme(const char *scheme, const struct plugin_search *where,
                                  const struct plugin **out, persist_error *error)
{
    struct wanted wanted = {.scheme = scheme, .judged = {.fd = -1}, .error = error};
    persist_status status = search_begin(&wanted.search, where, error);
    if (status != PERSIST_OK)
        return status;
    status = find_by_name(&wanted);
    if (status == PERSIST_OK && !wanted.found)
        status = search_walk(&wanted.search, consider, &wanted, error);
    if (status == PERSIST_OK)
        status =
            wanted.found ? load_file(&wanted.file, &wanted.judged, out, error) : refuse(&wanted);
    if (wanted.found)
        judge_end(&wanted.judged);
    search_end(&wanted.search);
    return status;
}

static persist_status open_path(const char *path, const struct plugin **out, persist_error *error)
{
    struct plugin_file file;
    struct judged judged;
    persist_status status = judge_file(path, &file, &judged, error);
    if (status == PERSIST_NO_MEMORY)
        return status;
    if (status != PERSIST_OK) {
        if (error)
            error->status = PERSIST_PLUGIN_REFUSED;
        return PERSIST_PLUGIN_REFUSED;
    }
    if (file.accepted)
        status = load_file(&file, &judged, out, error);
    else
        status = error_set(error, file.status, "plugin %s is refused: %s", path, file.reason);
    judge_end(&judged);
    return status;
}

/* The scheme becomes part of a path: nothing but a scheme may pass. */
persist_status loader_open(const char *scheme, const struct plugin_search *search,
                           const struct plugin **out, persist_error *error)
{
    assert(scheme && out);
    char shown[80];
    size_t size = strlen(scheme);
    if (scheme[0] == '/')
        return open_path(scheme, out, error);
    if (size < sizeof((persist_plugin_head *)0)->schemes && accept_is_scheme(scheme, size))
        return open_scheme(scheme, search, out, error);
    return error_set(error, PERSIST_PLUGIN_REFUSED,
                     "'%s' names no backend: give a URL scheme in lower case, up to 63 letters, "
                     "digits, '+', '-' and '.', or the absolute path of a plugin",
                     bytes_show((persist_bytes){scheme, size}, shown, sizeof shown));
}
