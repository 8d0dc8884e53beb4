/* SPDX-License-Identifier: MIT */
/* The one way to write. */
#include "plugins/sqlite/sqlite.h"

#include <string.h>

static persist_status check_version(const persist_call *call, const persist_backend *store,
                                    const persist_version *version)
{
    int64_t most = store->length_limit - LITE_ROW_OVERHEAD;

    if (version->key.size == 0)
        return lite_fail(call, PERSIST_INVALID, "an empty key");
    if (version->key.size > LITE_KEY_BYTES)
        return lite_fail(call, PERSIST_LIMIT, "a key of %zu bytes: give at most %d",
                         version->key.size, LITE_KEY_BYTES);
    if (version->value.size > (uint64_t)most)
        return lite_fail(call, PERSIST_LIMIT, "a value of %zu bytes: give at most %lld",
                         version->value.size, (long long)most);
    return PERSIST_OK;
}

/* What is wrong in the request itself, whatever the store holds. */
static persist_status check(const persist_call *call, const persist_backend *store,
                            const persist_append *append)
{
    int64_t floor = append->flags & PERSIST_APPEND_LOAD ? 0 : append->expected_head;
    int64_t before = floor;
    persist_status status = PERSIST_OK;

    if (append->record.timestamp <= append->expected_head)
        return lite_fail(call, PERSIST_INVALID, "the record's timestamp %lld is not above %lld",
                         (long long)append->record.timestamp, (long long)append->expected_head);
    if (append->record.data.size > (uint64_t)(store->length_limit - LITE_ROW_OVERHEAD))
        return lite_fail(call, PERSIST_LIMIT, "a record of %zu bytes: commit less at once",
                         append->record.data.size);
    for (size_t i = 0; i < append->n_versions && status == PERSIST_OK; i++) {
        const persist_version *version = &append->versions[i];

        status = check_version(call, store, version);
        if (status == PERSIST_OK && (version->timestamp <= floor || version->timestamp < before ||
                                     version->timestamp > append->record.timestamp))
            status = lite_fail(call, PERSIST_INVALID, "version %zu has the timestamp %lld", i,
                               (long long)version->timestamp);
        before = version->timestamp;
    }
    return status;
}

/* The compare failed: what a writer most needs to hear comes first. */
static persist_status refused(persist_session *session, const persist_append *append,
                              persist_clock *found)
{
    const persist_call *call = session->call;
    bool load = (append->flags & PERSIST_APPEND_LOAD) != 0;
    sqlite3_stmt *row;
    persist_status status = lite_clock(session, append->ns, found, &row);
    const char *name;

    if (status != PERSIST_OK)
        return status;
    name = (const char *)sqlite3_column_text(row, LITE_COLUMN_NAME);
    if (found->state == PERSIST_STATE_MOVED)
        return lite_fail(call, PERSIST_MOVED, "namespace %s was moved to %s", name,
                         (const char *)sqlite3_column_text(row, LITE_COLUMN_MOVED_TO));
    if (found->epoch != append->epoch)
        return lite_fail(call, PERSIST_FENCED, "namespace %s is in epoch %llu, not %llu", name,
                         (unsigned long long)found->epoch, (unsigned long long)append->epoch);
    if (found->state == PERSIST_STATE_LOADING && !load)
        return lite_fail(call, PERSIST_LOADING, "namespace %s is being filled", name);
    if (found->state == PERSIST_STATE_OPEN && load)
        return lite_fail(call, PERSIST_MISUSE, "namespace %s is open, not being filled", name);
    return lite_fail(call, PERSIST_CONFLICT, "the head of namespace %s is %lld, not %lld", name,
                     (long long)found->head, (long long)append->expected_head);
}

/* Compare and move the clock row in one statement, the first of the transaction. */
static persist_status move_clock(persist_session *session, const persist_append *append,
                                 persist_clock *found)
{
    bool load = (append->flags & PERSIST_APPEND_LOAD) != 0;
    sqlite3_stmt *statement;
    persist_status status = lite_prepare(session, LITE_APPEND_CLOCK, &statement);
    int code;

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(statement, 1, append->ns);
    sqlite3_bind_int64(statement, 2, append->record.timestamp);
    lite_bind_digest(statement, 3, &append->record.digest);
    sqlite3_bind_int64(statement, 4, (int64_t)append->new_versions);
    lite_bind_digest(statement, 5, &append->new_version_digest);
    sqlite3_bind_int64(statement, 6, append->expected_head);
    lite_bind_digest(statement, 7, &append->expected_digest);
    sqlite3_bind_int64(statement, 8, (int64_t)append->epoch);
    sqlite3_bind_int(statement, 9, load ? PERSIST_STATE_LOADING : PERSIST_STATE_OPEN);
    code = lite_step(session, statement);
    if (code == SQLITE_ROW)
        *found = lite_clock_row(statement);
    if (code == SQLITE_DONE)
        status = refused(session, append, found);
    else if (code != SQLITE_ROW)
        status = lite_error(session, code, "moving the clock row");
    sqlite3_reset(statement);
    return status;
}

static persist_status add_record(persist_session *session, const persist_append *append)
{
    sqlite3_stmt *statement;
    persist_status status = lite_prepare(session, LITE_RECORD_ADD, &statement);

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(statement, 1, append->ns);
    sqlite3_bind_int64(statement, 2, append->record.timestamp);
    lite_bind_digest(statement, 3, &append->record.digest);
    lite_bind_bytes(statement, 4, append->record.data);
    return lite_run(session, statement, "adding the record");
}

/* The compare was lost: what to append instead, and the clock row moved for it. */
static persist_status take_turn(persist_session *session, const persist_append *lost, int64_t since,
                                persist_clock *found, persist_append *next)
{
    persist_clock locked = *found;
    persist_status status;

    sqlite3_reset(session->statements[LITE_CLOCK]);
    status = lite_turn(session, lost, since, &locked, next);
    if (status == PERSIST_OK)
        status = check(session->call, session->store, next);
    return status == PERSIST_OK ? move_clock(session, next, found) : status;
}

static persist_status append_all(persist_session *session, const persist_append *append,
                                 persist_clock *found)
{
    persist_append next;
    persist_status status = lite_begin_write(session);
    int64_t since = lite_host.monotonic();

    if (status == PERSIST_OK)
        status = move_clock(session, append, found);
    if (status == PERSIST_CONFLICT && append->revalidate != NULL) {
        status = take_turn(session, append, since, found, &next);
        append = &next;
    }
    for (size_t i = 0; i < append->n_versions && status == PERSIST_OK; i++)
        status = lite_chain_add(session, append->ns, &append->versions[i]);
    if (status == PERSIST_OK)
        status = add_record(session, append);
    session->appending = true;
    if (status == PERSIST_OK)
        status = lite_commit(session);
    return status;
}

static bool tells_clock(persist_status status)
{
    return status == PERSIST_OK || status == PERSIST_CONFLICT || status == PERSIST_FENCED ||
           status == PERSIST_LOADING || status == PERSIST_MOVED || status == PERSIST_MISUSE;
}

persist_status lite_append(const persist_call *call, persist_session *session,
                           const persist_append *given, persist_clock *clock)
{
    persist_append append;
    persist_clock found = {0};
    persist_status status = lite_begin(call, session);

    lite_copy_in(&append, sizeof(append), given, given->size);
    if (status == PERSIST_OK)
        status = check(call, session->store, &append);
    if (status == PERSIST_OK)
        status = append_all(session, &append, &found);
    if (tells_clock(status) && found.size > 0)
        lite_clock_out(&found, clock);
    return lite_end(session, status);
}
