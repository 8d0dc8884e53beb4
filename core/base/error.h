/* SPDX-License-Identifier: MIT */
/*
 * The error object of the public interface, and how it is filled. Every function
 * here takes a NULL error and then only passes the status on.
 */
#ifndef CORE_BASE_ERROR_H
#define CORE_BASE_ERROR_H

#include <persist/persist.h>
#include <persist/plugin.h>

#include <stdarg.h>
#include <stdbool.h>

struct persist_error {
    persist_status status;
    bool retryable;
    bool maybe_committed;
    bool session_dead;
    bool dead;
    char sqlstate[6];
    int64_t vendor_code;
    int64_t oldest;
    bool has_token; /* of an unresolved commit: */
    unsigned char token[PERSIST_RESOLVE_TOKEN_SIZE];
    char *message;   /* NULL: none, or no memory for it */
    size_t capacity; /* bytes behind message */
};

/* An error on the stack: { 0 }, then error_clear when done with it. */
#define ERROR_INIT \
    {              \
        0          \
    }

/* Sets status and message, forgetting what was there; returns the status. Whether it is
 * retryable follows from the status (CONFLICT, BUSY). */
persist_status error_set(persist_error *error, persist_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
persist_status error_set_va(persist_error *error, persist_status status, const char *format,
                            va_list args);
/* Adds a line to the message; the first one sets the status. */
persist_status error_add(persist_error *error, persist_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts text before the message: what was being done. Keeps everything else. */
persist_status error_prefix(persist_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* As error_set for PERSIST_NO_MEMORY. */
persist_status error_no_memory(persist_error *error);
/* Copies from into to (either may be NULL); returns from's status. */
persist_status error_copy(persist_error *to, const persist_error *from);
/* Forgets everything and frees the message. */
void error_clear(persist_error *error);

#endif
