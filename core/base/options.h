/* SPDX-License-Identifier: MIT */
/* Option structs that begin with their size: what a caller of another version filled. */
#ifndef CORE_BASE_OPTIONS_H
#define CORE_BASE_OPTIONS_H

#include "core/base/error.h"

#include <string.h>

/* Copies as much of `given` (NULL: all defaults) as both sides know into `options`, which
 * is zeroed before. INVALID: its size was not set. `what` names it. */
static inline persist_status options_read(void *options, size_t size, const void *given,
                                          const char *what, persist_error *error)
{
    size_t given_size = size;
    memset(options, 0, size);
    if (!given) {
        memcpy(options, &size, sizeof size);
        return PERSIST_OK;
    }
    memcpy(&given_size, given, sizeof given_size);
    if (given_size < sizeof given_size)
        return error_set(error, PERSIST_INVALID,
                         "%s: the size of the options is %zu: set it to sizeof the struct", what,
                         given_size);
    memcpy(options, given, given_size < size ? given_size : size);
    memcpy(options, &size, sizeof size);
    return PERSIST_OK;
}

/* INVALID if flags has a bit that `known` lacks. */
static inline persist_status options_check_flags(uint32_t flags, uint32_t known, const char *what,
                                                 persist_error *error)
{
    if (flags & ~known)
        return error_set(error, PERSIST_INVALID, "%s: flags 0x%x are not known", what,
                         flags & ~known);
    return PERSIST_OK;
}

#endif
