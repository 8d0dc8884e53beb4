/* SPDX-License-Identifier: MIT */
/* The commit log. */
#include "plugins/sqlite/sqlite.h"

static persist_status changes_rows(persist_session *session, const persist_changes *changes,
                                   persist_on_record take, void *context, int *more)
{
    uint64_t records = 0;
    uint64_t bytes = 0;
    sqlite3_stmt *row;
    int code = SQLITE_DONE;
    persist_status status = lite_prepare(session, LITE_CHANGES, &row);

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(row, 1, changes->ns);
    sqlite3_bind_int64(row, 2, changes->after);
    while (status == PERSIST_OK && *more == 0 && (code = lite_step(session, row)) == SQLITE_ROW) {
        persist_record record = {sqlite3_column_int64(row, 0), lite_column_digest(row, 1),
                                 lite_column_bytes(row, 2)};

        status = take(context, &record);
        records++;
        bytes += record.data.size;
        if (status == PERSIST_OK)
            *more = (changes->max_records > 0 && records >= changes->max_records) ||
                    (changes->max_bytes > 0 && bytes >= changes->max_bytes);
    }
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        status = lite_error(session, code, "reading the log");
    sqlite3_reset(row);
    return status;
}

persist_status lite_changes(const persist_call *call, persist_session *session,
                            const persist_changes *given, persist_clock *clock,
                            persist_on_record take, void *context, int *more)
{
    persist_changes changes;
    persist_clock found;
    persist_status status = lite_begin_newest(call, session);

    *more = 0;
    lite_copy_in(&changes, sizeof(changes), given, given->size);
    if (status == PERSIST_OK)
        status = lite_clock(session, changes.ns, &found, NULL);
    if (status == PERSIST_OK) {
        lite_clock_out(&found, clock);
        if (changes.after < found.log_floor)
            status = lite_fail(call, PERSIST_TOO_OLD,
                               "records after %lld were asked for, but those up to %lld are gone",
                               (long long)changes.after, (long long)found.log_floor);
        else
            status = changes_rows(session, &changes, take, context, more);
    }
    return lite_end(session, status);
}
