/* SPDX-License-Identifier: MIT */
/* Point reads. */
#include "plugins/sqlite/sqlite.h"

/* One key: the head with its row, or the chain below it. */
static persist_status read_key(persist_session *session, uint32_t ns, const persist_read_key *key,
                               uint32_t index, persist_on_version take, void *context)
{
    struct lite_chain chain = {.ns = ns, .key = key->key, .values = true};
    struct lite_version found = {0};
    sqlite3_stmt *row;
    persist_status status = lite_prepare(session, LITE_READ, &row);
    persist_version out = {.key = key->key, .index = index};
    int code;

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(row, 1, ns);
    lite_bind_bytes(row, 2, key->key);
    sqlite3_bind_int64(row, 3, key->timestamp);
    code = lite_step(session, row);
    if (code == SQLITE_DONE)
        return PERSIST_OK;
    if (code != SQLITE_ROW)
        return lite_error(session, code, "reading a key");
    if (sqlite3_column_int64(row, 1) <= key->timestamp &&
        sqlite3_column_type(row, 3) != SQLITE_NULL) {
        out.timestamp = sqlite3_column_int64(row, 1);
        out.flags = (uint32_t)sqlite3_column_int64(row, 2);
        out.value = lite_column_bytes(row, 4);
        return take(context, &out);
    }
    status = lite_chain_find(session, &chain, sqlite3_column_int64(row, 0), key->timestamp, &found);
    if (status != PERSIST_OK || found.seq == 0)
        return status;
    out.timestamp = found.timestamp;
    out.flags = found.flags;
    out.value = found.value;
    return take(context, &out);
}

/* The newest time that is asked about; that of a request for the clock alone is now. */
static int64_t newest_of(const persist_read *read)
{
    int64_t newest = read->n_keys + read->n_anchors > 0 ? 0 : PERSIST_NEWEST;

    for (size_t i = 0; i < read->n_keys; i++)
        if (read->keys[i].timestamp > newest)
            newest = read->keys[i].timestamp;
    for (size_t i = 0; i < read->n_anchors; i++)
        if (read->anchors[i].at > newest)
            newest = read->anchors[i].at;
    return newest;
}

static persist_status read_all(persist_session *session, const persist_read *read,
                               persist_clock *clock, persist_on_version take, void *context)
{
    persist_clock found;
    persist_status status = lite_snapshot(session, read->ns, newest_of(read), &found);

    if (status != PERSIST_OK)
        return status;
    lite_clock_out(&found, clock);
    status = lite_anchors(session, read->ns, &found, read->anchors, read->n_anchors);
    for (size_t i = 0; i < read->n_keys && status == PERSIST_OK; i++)
        status = read_key(session, read->ns, &read->keys[i], (uint32_t)i, take, context);
    return status;
}

persist_status lite_read(const persist_call *call, persist_session *session,
                         const persist_read *given, persist_clock *clock, persist_on_version take,
                         void *context)
{
    persist_read read;
    persist_status status;

    lite_copy_in(&read, sizeof(read), given, given->size);
    status = lite_wants_newest(read.anchors, read.n_anchors) ? lite_begin_newest(call, session)
                                                             : lite_begin_read(call, session);
    if (status == PERSIST_OK)
        status = read_all(session, &read, clock, take, context);
    return lite_end(session, status);
}
