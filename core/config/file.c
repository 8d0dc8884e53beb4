/* SPDX-License-Identifier: MIT */
#include "core/config/file.h"

#include "core/config/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static persist_status tell_errno(int number, char why[FILE_WHY])
{
    char text[96] = "";
    if (number == ENOENT || number == ENOTDIR) {
        snprintf(why, FILE_WHY, "is not there: create it or correct the path");
        return PERSIST_NOT_FOUND;
    }
    if (number == EACCES) {
        snprintf(why, FILE_WHY, "may not be read by this user: correct its permissions");
        return PERSIST_IO;
    }
    snprintf(why, FILE_WHY, "cannot be read: %s", strerror_r(number, text, sizeof text));
    return PERSIST_IO;
}

static persist_status check_kind(const struct stat *info, size_t max, char why[FILE_WHY])
{
    if (S_ISDIR(info->st_mode))
        snprintf(why, FILE_WHY, "is a folder: give a file");
    else if (!S_ISREG(info->st_mode))
        snprintf(why, FILE_WHY, "is not a regular file: give one");
    else if (info->st_size > (off_t)max)
        snprintf(why, FILE_WHY, "has %lld bytes: at most %zu are read", (long long)info->st_size,
                 max);
    else
        return PERSIST_OK;
    return PERSIST_CONFIG;
}

/* Reads to the end into *out, which has room for max + 1 bytes or the file's size + 1. */
static persist_status read_all(int fd, size_t max, struct buf *out, char why[FILE_WHY])
{
    while (out->size <= max) {
        /* Grown at most once and only if the file grew meanwhile. */
        if (out->size == out->capacity && !buf_reserve(out, max + 1 - out->size))
            return PERSIST_NO_MEMORY;
        size_t room = out->capacity - out->size;
        ssize_t n = read(fd, out->data + out->size, room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return tell_errno(errno, why);
        if (n == 0)
            return PERSIST_OK;
        out->size += (size_t)n;
    }
    snprintf(why, FILE_WHY, "has more than %zu bytes: no more are read", max);
    return PERSIST_CONFIG;
}

persist_status file_read(const char *path, size_t max, struct buf *out, struct stat *info,
                         char why[FILE_WHY])
{
    persist_status status;
    *out = (struct buf){0};
    why[0] = '\0';
    /* O_NONBLOCK: a pipe nobody writes to would stop us here. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return tell_errno(errno, why);
    if (fstat(fd, info) != 0) {
        status = tell_errno(errno, why);
        goto out;
    }
    status = check_kind(info, max, why);
    if (status)
        goto out;
    status = buf_reserve(out, (size_t)info->st_size + 1) ? read_all(fd, max, out, why)
                                                         : PERSIST_NO_MEMORY;
out:
    close(fd);
    if (status)
        file_wipe(out);
    return status;
}

void file_wipe(struct buf *content)
{
    if (content->data)
        explicit_bzero(content->data, content->capacity);
    buf_free(content);
}

char *file_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return text_copy("", 0);
    return text_copy(path, slash == path ? 1 : (size_t)(slash - path));
}

char *file_join(const char *folder, const char *path)
{
    if (*path == '/' || !folder || !*folder)
        return text_copy(path, strlen(path));
    const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
    return text_format("%s%s%s", folder, slash, path);
}
