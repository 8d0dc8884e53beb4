/* SPDX-License-Identifier: MIT */
/* The frame of one call to a plugin, and what becomes of its error. */
#ifndef CORE_SESSION_CALL_H
#define CORE_SESSION_CALL_H

#include "core/base/error.h"
#include "core/loader/loader.h"

struct call {
    persist_call frame;               /* for the plugin */
    struct persist_call_error target; /* behind frame.error */
    persist_error error;              /* what set_error said */
};

void call_begin(struct call *call, int64_t deadline);
/* Passes status and detail on to `error` (may be NULL) and clears the frame. */
persist_status call_end(struct call *call, persist_status status, persist_error *error);

#endif
