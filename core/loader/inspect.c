/* SPDX-License-Identifier: MIT */
#include "core/loader/judge.h"

#include "core/loader/accept.h"
#include "core/loader/note.h"
#include "core/loader/trust.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool judge_refuse(struct plugin_file *file, const char *format, ...)
{
    if (file->status != PERSIST_OK)
        return false;
    file->accepted = false;
    file->status = PERSIST_PLUGIN_REFUSED;
    va_list args;
    va_start(args, format);
    vsnprintf(file->reason, sizeof file->reason, format, args);
    va_end(args);
    return false;
}

/* A text of a head made fit to be printed: ended, and without control characters. */
static void tame(char *text, size_t size)
{
    text[size - 1] = '\0';
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
}

static void show_head(struct plugin_file *file, const persist_plugin_head *head)
{
    persist_plugin_head *shown = &file->head;
    *shown = *head;
    tame(shown->magic, sizeof shown->magic);
    tame(shown->abi_extra, sizeof shown->abi_extra);
    tame(shown->name, sizeof shown->name);
    tame(shown->schemes, sizeof shown->schemes);
    tame(shown->section, sizeof shown->section);
    tame(shown->version, sizeof shown->version);
    tame(shown->licence, sizeof shown->licence);
    tame(shown->summary, sizeof shown->summary);
    file->has_head = true;
}

static persist_status unreachable(const char *path, persist_error *error)
{
    bool absent = errno == ENOENT || errno == ENOTDIR;
    char why[128];
    snprintf(why, sizeof why, "%m");
    if (absent)
        return error_set(error, PERSIST_NOT_FOUND, "%s: there is no such file", path);
    return error_set(error, PERSIST_IO, "%s: cannot be reached: %s", path, why);
}

static persist_status resolve(const char *path, char real[PATH_MAX], persist_error *error)
{
    if (!*path || strlen(path) >= PATH_MAX)
        return error_set(error, PERSIST_NOT_FOUND,
                         "a plugin's path has 1 to %d bytes, this one has %zu", PATH_MAX - 1,
                         strlen(path));
    return realpath(path, real) ? PERSIST_OK : unreachable(path, error);
}

persist_status judge_file(const char *path, struct plugin_file *file, struct judged *judged,
                          persist_error *error)
{
    memset(file, 0, sizeof *file);
    memset(judged, 0, sizeof *judged);
    judged->fd = -1;
    persist_status status = resolve(path, judged->real, error);
    if (status != PERSIST_OK)
        return status;
    snprintf(file->path, sizeof file->path, "%s", path);

    struct trust trust;
    trust_begin(&trust);
    struct stat st;
    status = trust_open(&trust, judged->real, file, &judged->fd, &st, error);
    if (status != PERSIST_OK || judged->fd < 0)
        return status;
    judged->id = (struct file_id){st.st_dev, st.st_ino};
    status = note_read(judged->fd, file, &judged->head, error);
    if (status != PERSIST_OK) {
        judge_end(judged);
        return status;
    }
    if (judged->head.head_size) {
        show_head(file, &judged->head);
        accept_head(&judged->head, file);
    }
    file->accepted = file->status == PERSIST_OK;
    assert(!file->accepted || file->has_head);
    return PERSIST_OK;
}

void judge_end(struct judged *judged)
{
    if (judged->fd >= 0)
        close(judged->fd);
    judged->fd = -1;
}

persist_status loader_inspect(const char *path, struct plugin_file *file, persist_error *error)
{
    struct judged judged;
    persist_status status = judge_file(path, file, &judged, error);
    if (status == PERSIST_OK)
        judge_end(&judged);
    return status;
}
