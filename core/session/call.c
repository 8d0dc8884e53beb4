/* SPDX-License-Identifier: MIT */
#include "core/session/call.h"

#include <string.h>

void call_begin(struct call *call, int64_t deadline)
{
    memset(call, 0, sizeof *call);
    call->target.error = &call->error;
    call->frame =
        (persist_call){.size = sizeof call->frame, .deadline = deadline, .error = &call->target};
}

persist_status call_end(struct call *call, persist_status status, persist_error *error)
{
    if ((unsigned)status >= PERSIST_STATUS_COUNT)
        status = PERSIST_INTERNAL;
    if (status != PERSIST_OK) {
        bool detailed = call->error.message && *call->error.message;
        call->error.status = status;
        call->error.retryable |= status == PERSIST_CONFLICT || status == PERSIST_BUSY;
        if (detailed)
            error_copy(error, &call->error);
        else
            error_set(error, status, "%s", persist_status_text(status));
        if (error && !detailed) {
            error->retryable |= call->error.retryable;
            error->maybe_committed = call->error.maybe_committed;
            error->session_dead = call->error.session_dead;
        }
    }
    error_clear(&call->error);
    return status;
}
