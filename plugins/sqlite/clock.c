/* SPDX-License-Identifier: MIT */
/* The clock row, and what is looked up beside it. */
#include "plugins/sqlite/sqlite.h"

#include <string.h>

persist_clock lite_clock_row(sqlite3_stmt *statement)
{
    return (persist_clock){
        .size = sizeof(persist_clock),
        .head = sqlite3_column_int64(statement, 0),
        .head_digest = lite_column_digest(statement, 1),
        .versions = (uint64_t)sqlite3_column_int64(statement, 2),
        .version_digest = lite_column_digest(statement, 3),
        .control_version = (uint64_t)sqlite3_column_int64(statement, 4),
        .epoch = (uint64_t)sqlite3_column_int64(statement, 5),
        .state = (persist_state)sqlite3_column_int(statement, 6),
        .horizon = sqlite3_column_int64(statement, 7),
        .log_floor = sqlite3_column_int64(statement, 8),
        .floor_digest = lite_column_digest(statement, 9),
        .retention = sqlite3_column_int64(statement, 10),
        .features = (uint64_t)sqlite3_column_int64(statement, 11),
    };
}

persist_status lite_clock(persist_session *session, uint32_t ns, persist_clock *clock,
                          sqlite3_stmt **statement)
{
    sqlite3_stmt *row;
    persist_status status = lite_prepare(session, LITE_CLOCK, &row);
    int code;

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(row, 1, ns);
    code = lite_step(session, row);
    if (code == SQLITE_DONE)
        return lite_fail(session->call, PERSIST_NOT_FOUND, "there is no namespace with the id %u",
                         ns);
    if (code != SQLITE_ROW)
        return lite_error(session, code, "reading the clock row");
    *clock = lite_clock_row(row);
    if (statement != NULL)
        *statement = row;
    return PERSIST_OK;
}

void lite_clock_out(const persist_clock *from, persist_clock *to)
{
    persist_clock filled = *from;

    if (to == NULL)
        return;
    if (to->size < filled.size)
        filled.size = to->size;
    memcpy(to, &filled, filled.size);
}

static persist_status anchor(persist_session *session, uint32_t ns, persist_anchor *at)
{
    sqlite3_stmt *statement;
    persist_status status = lite_prepare(session, LITE_ANCHOR, &statement);
    int code;

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(statement, 1, ns);
    sqlite3_bind_int64(statement, 2, at->at);
    code = lite_step(session, statement);
    at->timestamp = 0;
    at->digest = (persist_digest){{0}};
    if (code == SQLITE_ROW) {
        at->timestamp = sqlite3_column_int64(statement, 0);
        at->digest = lite_column_digest(statement, 1);
    }
    sqlite3_reset(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? PERSIST_OK
                                                     : lite_error(session, code, "reading the log");
}

bool lite_wants_newest(const persist_anchor *anchors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (anchors[i].at == PERSIST_NEWEST)
            return true;
    return false;
}

persist_status lite_anchors(persist_session *session, uint32_t ns, const persist_clock *clock,
                            persist_anchor *anchors, size_t count)
{
    persist_status status = PERSIST_OK;

    for (size_t i = 0; i < count && status == PERSIST_OK; i++) {
        /* The newest record is in the clock row, and is kept while it is above the floor. */
        if (anchors[i].at >= clock->head && clock->head > clock->log_floor) {
            anchors[i].timestamp = clock->head;
            anchors[i].digest = clock->head_digest;
        } else {
            status = anchor(session, ns, &anchors[i]);
        }
    }
    return status;
}

static persist_status control_out(persist_session *session, uint32_t ns, const persist_clock *clock,
                                  sqlite3_stmt *row, persist_on_control take, void *context)
{
    const char *moved_to = (const char *)sqlite3_column_text(row, LITE_COLUMN_MOVED_TO);
    persist_control control = {.size = sizeof(control),
                               .fields = PERSIST_CONTROL_HORIZON | PERSIST_CONTROL_LOG_FLOOR |
                                         PERSIST_CONTROL_RETENTION | PERSIST_CONTROL_PINS |
                                         PERSIST_CONTROL_STATE | PERSIST_CONTROL_EPOCH,
                               .control_version = clock->control_version,
                               .epoch = clock->epoch,
                               .state = clock->state,
                               .moved_to = moved_to != NULL ? moved_to : "",
                               .horizon = clock->horizon,
                               .log_floor = clock->log_floor,
                               .floor_digest = clock->floor_digest,
                               .retention = clock->retention};
    persist_pin *pins;
    persist_status status = lite_pins(session, ns, &pins, &control.n_pins);

    if (status != PERSIST_OK)
        return status;
    control.pins = pins;
    status = take(context, &control);
    lite_host.release(pins);
    return status;
}

persist_status lite_head(const persist_call *call, persist_session *session, uint32_t ns,
                         persist_clock *clock, persist_on_control take, void *context)
{
    persist_clock found;
    sqlite3_stmt *row = NULL;
    persist_status status = lite_begin_newest(call, session);

    if (status == PERSIST_OK)
        status = lite_clock(session, ns, &found, &row);
    if (status == PERSIST_OK) {
        lite_clock_out(&found, clock);
        if (take != NULL)
            status = control_out(session, ns, &found, row, take, context);
    }
    return lite_end(session, status);
}
