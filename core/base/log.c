/* SPDX-License-Identifier: MIT */
#include "core/base/log.h"

#include <persist/persist.h>

#include <stdarg.h>
#include <stdio.h>

/* Set before stores are opened and not changed while they are: no lock. */
static struct {
    persist_log_level level;
    persist_log_fn fn;
    void *context;
} sink;

void persist_set_log(persist_log_level level, persist_log_fn fn, void *context)
{
    sink.level = level;
    sink.fn = fn;
    sink.context = context;
}

bool log_enabled(persist_log_level level)
{
    return sink.fn && level <= sink.level;
}

void log_text(persist_log_level level, const char *text)
{
    if (log_enabled(level))
        sink.fn(sink.context, level, text);
}

void log_write(persist_log_level level, const char *format, ...)
{
    if (!log_enabled(level))
        return;
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sink.fn(sink.context, level, text);
}
