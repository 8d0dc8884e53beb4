/* SPDX-License-Identifier: MIT */
#include "tools/persist/sink.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void sink_begin(struct sink *sink, int fd)
{
    sink->fd = fd;
    sink->gone = false;
    sink->fault = 0;
    sink->used = 0;
}

bool sink_open(const struct sink *sink)
{
    return !sink->gone && !sink->fault;
}

/* Takes note of a failed write; true if it is to be tried again. */
static bool try_again(struct sink *sink)
{
    if (errno == EINTR)
        return true;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        struct pollfd ready = {.fd = sink->fd, .events = POLLOUT};
        poll(&ready, 1, -1);
        return true;
    }
    sink->gone = errno == EPIPE;
    sink->fault = sink->gone ? 0 : errno;
    return false;
}

static void write_all(struct sink *sink, const unsigned char *data, size_t size)
{
    while (size && sink_open(sink)) {
        ssize_t done = write(sink->fd, data, size);
        if (done < 0) {
            if (!try_again(sink))
                return;
            continue;
        }
        data += done;
        size -= (size_t)done;
    }
}

void sink_flush(struct sink *sink)
{
    write_all(sink, sink->data, sink->used);
    sink->used = 0;
}

void sink_add(struct sink *sink, const void *data, size_t size)
{
    if (size > sizeof sink->data - sink->used)
        sink_flush(sink);
    if (size > sizeof sink->data) {
        write_all(sink, data, size);
        return;
    }
    if (size)
        memcpy(sink->data + sink->used, data, size);
    sink->used += size;
}

void sink_text(struct sink *sink, const char *text)
{
    sink_add(sink, text, strlen(text));
}

void sink_char(struct sink *sink, char c)
{
    sink_add(sink, &c, 1);
}

void sink_format(struct sink *sink, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert(size >= 0 && (size_t)size < sizeof text);
    sink_add(sink, text, (size_t)size);
}

bool sink_finish(struct sink *sink)
{
    sink_flush(sink);
    /* What a network file system could not keep is told by close. */
    if (close(sink->fd) && errno != EINTR && sink_open(sink))
        sink->fault = errno;
    return !sink->fault;
}
