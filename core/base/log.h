/* SPDX-License-Identifier: MIT */
/* Where messages for the operator go. Any thread. */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

#include <persist/types.h>

#include <stdbool.h>

bool log_enabled(persist_log_level level);
void log_text(persist_log_level level, const char *text);
void log_write(persist_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
