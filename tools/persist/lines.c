/* SPDX-License-Identifier: MIT */
#include "tools/persist/lines.h"

#include "tools/persist/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)256 << 10)

persist_status lines_open(struct lines *lines, const char *file, persist_error *error)
{
    struct stat about;
    bool standard = strcmp(file, "-") == 0;
    *lines = (struct lines){
        .name = standard ? "standard input" : file, .fd = STDIN_FILENO, .max = LINES_MAX};
    if (!standard) {
        lines->fd = open(file, O_RDONLY | O_CLOEXEC);
        if (lines->fd < 0)
            return error_set(error, errno == ENOENT ? PERSIST_NOT_FOUND : PERSIST_IO,
                             "cannot open %s: %s", file, strerror(errno));
    }
    if (fstat(lines->fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0)
        lines->total = (uint64_t)about.st_size;
    return PERSIST_OK;
}

void lines_close(struct lines *lines)
{
    buf_free(&lines->buf);
    if (lines->fd > STDIN_FILENO)
        close(lines->fd);
    lines->fd = -1;
}

/* Drops what was handed out, to make room. */
static void shift(struct lines *lines)
{
    if (!lines->at)
        return;
    lines->buf.size -= lines->at;
    memmove(lines->buf.data, lines->buf.data + lines->at, lines->buf.size);
    lines->at = 0;
}

static persist_status fill(struct lines *lines, persist_error *error)
{
    ssize_t n;
    shift(lines);
    if (!buf_reserve(&lines->buf, CHUNK))
        return error_no_memory(error);
    do {
        if (!signals_wait_readable(lines->fd))
            return error_set(error, PERSIST_INTERRUPTED, "interrupted");
        n = read(lines->fd, lines->buf.data + lines->buf.size, CHUNK);
    } while (n < 0 && (errno == EINTR || errno == EAGAIN));
    if (n < 0)
        return error_set(error, PERSIST_IO, "cannot read %s: %s", lines->name, strerror(errno));
    lines->end = n == 0;
    lines->buf.size += (size_t)n;
    return PERSIST_OK;
}

/* Hands out the line of `size` bytes that `ending` more bytes follow. */
static void take(struct lines *lines, size_t size, size_t ending, persist_bytes *line)
{
    const unsigned char *start = lines->buf.data + lines->at;
    lines->at += size + ending;
    lines->taken += size + ending;
    lines->number++;
    if (size && start[size - 1] == '\r')
        size--;
    *line = (persist_bytes){start, size};
}

persist_status lines_next(struct lines *lines, persist_bytes *line, persist_error *error)
{
    size_t searched = 0;
    for (;;) {
        size_t left = lines->buf.size - lines->at;
        const unsigned char *start = left ? lines->buf.data + lines->at : NULL;
        const unsigned char *feed =
            left > searched ? memchr(start + searched, '\n', left - searched) : NULL;
        size_t size = feed ? (size_t)(feed - start) : left;
        if (size > lines->max)
            return error_set(error, PERSIST_LIMIT,
                             "%s:%llu: the line has more than %zu bytes: split it", lines->name,
                             (unsigned long long)lines->number + 1, lines->max);
        if (feed || (lines->end && left)) {
            take(lines, size, feed ? 1 : 0, line);
            return PERSIST_OK;
        }
        if (lines->end)
            return PERSIST_END;
        searched = left;
        persist_status status = fill(lines, error);
        if (status != PERSIST_OK)
            return status;
    }
}

persist_status lines_rest(struct lines *lines, persist_bytes *rest, persist_error *error)
{
    while (!lines->end) {
        persist_status status = fill(lines, error);
        if (status != PERSIST_OK)
            return status;
        if (lines->buf.size > lines->max)
            return error_set(error, PERSIST_LIMIT, "%s has more than %zu bytes: give less",
                             lines->name, lines->max);
    }
    *rest = (persist_bytes){lines->buf.data + lines->at, lines->buf.size - lines->at};
    return PERSIST_OK;
}
