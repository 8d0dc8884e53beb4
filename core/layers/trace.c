/* SPDX-License-Identifier: MIT */
/* The layer that logs each call. */
#include "core/layers/kinds.h"

#include "core/base/clock.h"
#include "core/base/log.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

static const struct {
    const char *name;
    persist_log_level level;
} levels[] = {{"", PERSIST_LOG_DEBUG},
              {"debug", PERSIST_LOG_DEBUG},
              {"info", PERSIST_LOG_INFO},
              {"warning", PERSIST_LOG_WARNING},
              {"error", PERSIST_LOG_ERROR}};

/* The state is the level itself: the place of an entry of the table. */
static persist_status make(const char *text, void **state, persist_error *error)
{
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(text, levels[i].name) == 0) {
            *state = (void *)(uintptr_t)&levels[i].level;
            return PERSIST_OK;
        }
    return error_set(error, PERSIST_CONFIG,
                     "layer trace: level '%.40s' is unknown: give debug, info, warning or error",
                     text);
}

static void drop(void *state)
{
    (void)state;
}

static persist_status after(void *state, struct layer_call *call, persist_status status)
{
    const persist_log_level *level = state;
    log_write(*level,
              "%s ns=%" PRIu32 " items=%" PRIu64 "/%" PRIu64 "B rows=%" PRIu64 "/%" PRIu64
              "B %" PRId64 "us %s",
              layer_op_name(call->op), call->ns, call->items, call->item_bytes, call->rows,
              call->row_bytes, (clock_monotonic() - call->began) / 1000,
              persist_status_name(status));
    return status;
}

const struct layer_kind layer_trace = {.name = "trace", .make = make, .drop = drop, .after = after};
