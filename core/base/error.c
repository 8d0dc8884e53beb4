/* SPDX-License-Identifier: MIT */
#include "core/base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

persist_error *persist_error_new(void)
{
    return calloc(1, sizeof(persist_error));
}

void persist_error_free(persist_error *error)
{
    if (!error)
        return;
    free(error->message);
    free(error);
}

persist_status persist_error_status(const persist_error *error)
{
    return error ? error->status : PERSIST_OK;
}

const char *persist_error_message(const persist_error *error)
{
    if (!error || error->status == PERSIST_OK)
        return "";
    return error->message && *error->message ? error->message : persist_status_text(error->status);
}

const char *persist_error_sqlstate(const persist_error *error)
{
    return error ? error->sqlstate : "";
}

int64_t persist_error_vendor_code(const persist_error *error)
{
    return error ? error->vendor_code : 0;
}

int persist_error_retryable(const persist_error *error)
{
    return error && error->retryable;
}

int persist_error_dead(const persist_error *error)
{
    return error && error->dead;
}

int64_t persist_error_oldest(const persist_error *error)
{
    return error ? error->oldest : 0;
}

const unsigned char *persist_error_resolve_token(const persist_error *error)
{
    return error && error->has_token ? error->token : NULL;
}

/* Makes room for size bytes; false leaves the message as it was. */
static bool reserve(persist_error *error, size_t size)
{
    if (size <= error->capacity)
        return true;
    char *message = realloc(error->message, size);
    if (!message)
        return false;
    if (!error->message)
        message[0] = '\0';
    error->message = message;
    error->capacity = size;
    return true;
}

/* Appends formatted text; without memory the message stays short. */
static void append_va(persist_error *error, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    size_t used = error->message ? strlen(error->message) : 0;
    if (length >= 0 && reserve(error, used + (size_t)length + 1))
        vsnprintf(error->message + used, (size_t)length + 1, format, args);
}

static void reset(persist_error *error, persist_status status)
{
    char *message = error->message;
    size_t capacity = error->capacity;
    if (message)
        message[0] = '\0';
    *error = (persist_error){.status = status,
                             .retryable = status == PERSIST_CONFLICT || status == PERSIST_BUSY,
                             .message = message,
                             .capacity = capacity};
}

persist_status error_set_va(persist_error *error, persist_status status, const char *format,
                            va_list args)
{
    if (!error)
        return status;
    reset(error, status);
    append_va(error, format, args);
    return status;
}

persist_status error_set(persist_error *error, persist_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_set_va(error, status, format, args);
    va_end(args);
    return status;
}

persist_status error_add(persist_error *error, persist_status status, const char *format, ...)
{
    if (!error)
        return status;
    if (error->status == PERSIST_OK)
        reset(error, status);
    else if (error->message && *error->message && reserve(error, strlen(error->message) + 2))
        strcat(error->message, "\n");
    va_list args;
    va_start(args, format);
    append_va(error, format, args);
    va_end(args);
    return error->status;
}

persist_status error_prefix(persist_error *error, const char *format, ...)
{
    if (!error)
        return PERSIST_INTERNAL;
    char *old = strdup(persist_error_message(error));
    if (!old)
        return error->status;
    if (error->message)
        error->message[0] = '\0';
    va_list args;
    va_start(args, format);
    append_va(error, format, args);
    va_end(args);
    size_t used = error->message ? strlen(error->message) : 0;
    if (reserve(error, used + strlen(old) + 1))
        memcpy(error->message + used, old, strlen(old) + 1);
    free(old);
    return error->status;
}

persist_status error_no_memory(persist_error *error)
{
    return error_set(error, PERSIST_NO_MEMORY, "out of memory");
}

persist_status error_copy(persist_error *to, const persist_error *from)
{
    if (!from)
        return PERSIST_OK;
    if (!to || to == from)
        return from->status;
    error_set(to, from->status, "%s", persist_error_message(from));
    to->retryable = from->retryable;
    to->maybe_committed = from->maybe_committed;
    to->session_dead = from->session_dead;
    to->dead = from->dead;
    memcpy(to->sqlstate, from->sqlstate, sizeof to->sqlstate);
    to->vendor_code = from->vendor_code;
    to->oldest = from->oldest;
    to->has_token = from->has_token;
    memcpy(to->token, from->token, sizeof to->token);
    return from->status;
}

void error_clear(persist_error *error)
{
    if (!error)
        return;
    free(error->message);
    *error = (persist_error)ERROR_INIT;
}
