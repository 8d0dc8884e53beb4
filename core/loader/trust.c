/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "core/loader/trust.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file this code is in. In a program linked with the library's objects that is the
 * program, whose name dladdr takes from argv[0], that is from the caller: the kernel's
 * word is taken instead. A relative name is nobody's word. */
static bool library_path(char path[PATH_MAX])
{
    Dl_info info;
    struct link_map *map = NULL;
    if (!dladdr1((void *)(uintptr_t)&trust_begin, &info, (void **)&map, RTLD_DL_LINKMAP) || !map)
        return false;
    if (map->l_name && map->l_name[0])
        return map->l_name[0] == '/' && realpath(map->l_name, path);
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (length <= 0)
        return false;
    path[length] = '\0';
    return path[0] == '/';
}

void trust_begin(struct trust *trust)
{
    char path[PATH_MAX];
    struct stat st;
    trust->user = geteuid();
    trust->library = trust->user;
    if (!library_path(path))
        return;
    char *slash = strrchr(path, '/');
    slash[slash == path ? 1 : 0] = '\0';
    if (stat(path, &st) == 0)
        trust->library = st.st_uid;
}

/* `is` says what it is, "folder" or "file"; a sticky folder's entries can be replaced by
 * their owners only, and those are judged themselves. */
static bool judge_stat(const struct trust *trust, const char *path, const struct stat *st,
                       const char *is, struct plugin_file *file)
{
    if (st->st_uid != 0 && st->st_uid != trust->user && st->st_uid != trust->library)
        return judge_refuse(file,
                            "the %s %s belongs to user %ju: give it to root or to user %ju, who "
                            "runs this program",
                            is, path, (uintmax_t)st->st_uid, (uintmax_t)trust->user);
    bool sticky = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX);
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) && !sticky)
        return judge_refuse(file, "the %s %s may be written by %s (mode %03o): chmod go-w it", is,
                            path, st->st_mode & S_IWOTH ? "everybody" : "its group",
                            (unsigned)(st->st_mode & 0777));
    return true;
}

static persist_status lost(const char *path, persist_error *error)
{
    bool absent = errno == ENOENT;
    char why[128];
    snprintf(why, sizeof why, "%m");
    return error_set(error, absent ? PERSIST_NOT_FOUND : PERSIST_IO, "%s: cannot be opened: %s",
                     path, why);
}

/* Steps from the folder *at into `name`, judging *at, which is `path`, first. */
static persist_status step(const struct trust *trust, int *at, const char *path, const char *name,
                           struct plugin_file *file, persist_error *error)
{
    struct stat st;
    if (fstat(*at, &st) != 0)
        return lost(path, error);
    judge_stat(trust, path, &st, "folder", file);
    if (!name)
        return PERSIST_OK;
    int next = openat(*at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0)
        return lost(path, error);
    close(*at);
    *at = next;
    return PERSIST_OK;
}

/* The folder of `real`, judged with all above it, in *at. Cuts `real` at its last slash and
 * gives what follows in *name. */
static persist_status walk(const struct trust *trust, char *real, int *at, const char **name,
                           struct plugin_file *file, persist_error *error)
{
    char path[PATH_MAX] = "/";
    persist_status status = PERSIST_OK;
    char *part = real + 1;
    *at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*at < 0)
        return lost("/", error);
    for (char *slash; status == PERSIST_OK && (slash = strchr(part, '/')); part = slash + 1) {
        *slash = '\0';
        status = step(trust, at, path, part, file, error);
        snprintf(path, sizeof path, "%s", real);
        *slash = '/';
    }
    if (status == PERSIST_OK)
        status = step(trust, at, path, NULL, file, error);
    *name = part;
    return status;
}

/* Opens the last part. The look before the open keeps devices and pipes from being
 * opened at all; the one after it counts. */
static persist_status open_file(const struct trust *trust, int at, const char *name,
                                const char *real, struct plugin_file *file, int *fd,
                                struct stat *st, persist_error *error)
{
    if (fstatat(at, name, st, AT_SYMLINK_NOFOLLOW) != 0)
        return lost(real, error);
    if (S_ISREG(st->st_mode)) {
        *fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (*fd < 0 || fstat(*fd, st) != 0)
            return lost(real, error);
    }
    if (!S_ISREG(st->st_mode)) {
        judge_refuse(file, "it is a %s, not a file: name a shared object",
                     S_ISDIR(st->st_mode) ? "folder" : "device or pipe");
        if (*fd >= 0)
            close(*fd);
        *fd = -1;
        return PERSIST_OK;
    }
    judge_stat(trust, real, st, "file", file);
    return PERSIST_OK;
}

persist_status trust_open(const struct trust *trust, const char *real, struct plugin_file *file,
                          int *fd, struct stat *st, persist_error *error)
{
    assert(real[0] == '/');
    char path[PATH_MAX];
    const char *name = NULL;
    int at = -1;
    *fd = -1;
    snprintf(path, sizeof path, "%s", real);
    persist_status status = walk(trust, path, &at, &name, file, error);
    if (status == PERSIST_OK && !*name)
        judge_refuse(file, "it is a folder, not a file: name a shared object");
    else if (status == PERSIST_OK)
        status = open_file(trust, at, name, real, file, fd, st, error);
    if (at >= 0)
        close(at);
    if (status != PERSIST_OK && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return status;
}
