/* SPDX-License-Identifier: MIT */
/* Namespaces: rows of `clock`, and what belongs to them. */
#include "plugins/sqlite/sqlite.h"

#include <stdio.h>
#include <string.h>

persist_status lite_namespace_list(const persist_call *call, persist_session *session,
                                   persist_on_namespace take, void *context)
{
    sqlite3_stmt *row = NULL;
    int code = SQLITE_DONE;
    persist_status status = lite_begin(call, session);

    if (status == PERSIST_OK)
        status = lite_prepare(session, LITE_NAMESPACE_LIST, &row);
    while (status == PERSIST_OK && (code = lite_step(session, row)) == SQLITE_ROW) {
        persist_namespace_row out = {(uint32_t)sqlite3_column_int64(row, 0),
                                     (const char *)sqlite3_column_text(row, 1),
                                     (persist_state)sqlite3_column_int(row, 2)};

        status = out.name != NULL ? take(context, &out) : lite_no_memory(call);
    }
    if (status == PERSIST_OK && code != SQLITE_DONE)
        status = lite_error(session, code, "listing namespaces");
    return lite_end(session, status);
}

static persist_status counter_read(persist_session *session, const char *name, int64_t *value)
{
    sqlite3_stmt *row;
    persist_status status = lite_prepare(session, LITE_COUNTER, &row);
    int code;

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    code = lite_step(session, row);
    if (code == SQLITE_ROW)
        *value = sqlite3_column_int64(row, 0);
    sqlite3_reset(row);
    if (code == SQLITE_DONE)
        return lite_fail(session->call, PERSIST_DAMAGED, "%s: the counter %s is missing",
                         session->store->place.path, name);
    return code == SQLITE_ROW ? PERSIST_OK : lite_error(session, code, "reading a counter");
}

persist_status lite_counter_raise(persist_session *session, const char *name, int64_t least,
                                  int64_t *value)
{
    int64_t now = 0;
    sqlite3_stmt *statement;
    persist_status status = counter_read(session, name, &now);

    if (status != PERSIST_OK)
        return status;
    *value = least == 0 ? now + 1 : least > now ? least : now;
    status = lite_prepare(session, LITE_COUNTER_RAISE, &statement);
    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, *value);
    return lite_run(session, statement, "raising a counter");
}

static persist_status is_taken(persist_session *session, const char *name)
{
    sqlite3_stmt *row;
    persist_status status = lite_prepare(session, LITE_NAMESPACE_NAMED, &row);
    int code;

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    code = lite_step(session, row);
    sqlite3_reset(row);
    if (code == SQLITE_ROW)
        return lite_fail(session->call, PERSIST_EXISTS, "namespace %s is there already", name);
    return code == SQLITE_DONE ? PERSIST_OK : lite_error(session, code, "looking for a namespace");
}

static persist_status insert(persist_session *session, const persist_namespace_spec *spec,
                             int64_t id, int64_t epoch)
{
    sqlite3_stmt *statement;
    persist_status status = lite_prepare(session, LITE_NAMESPACE_ADD, &statement);

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_text(statement, 2, spec->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, epoch);
    sqlite3_bind_int(statement, 4, (int)spec->state);
    sqlite3_bind_int64(statement, 5, spec->retention);
    sqlite3_bind_int64(statement, 6, (int64_t)spec->features);
    return lite_run(session, statement, "making a namespace");
}

static persist_status create(persist_session *session, const persist_namespace_spec *spec,
                             uint32_t *ns)
{
    int64_t id = 0;
    int64_t epoch = 0;
    persist_status status = lite_begin_write(session);

    if (status == PERSIST_OK)
        status = is_taken(session, spec->name);
    if (status == PERSIST_OK)
        status = lite_counter_raise(session, "namespace", 0, &id);
    if (status == PERSIST_OK && id > UINT32_MAX)
        status = lite_fail(session->call, PERSIST_LIMIT, "every namespace id was used");
    if (status == PERSIST_OK)
        status = lite_counter_raise(session, "epoch", 0, &epoch);
    if (status == PERSIST_OK)
        status = insert(session, spec, id, epoch);
    if (status == PERSIST_OK)
        status = lite_commit(session);
    if (status == PERSIST_OK)
        *ns = (uint32_t)id;
    return status;
}

persist_status lite_namespace_create(const persist_call *call, persist_session *session,
                                     const persist_namespace_spec *given, uint32_t *ns)
{
    persist_namespace_spec spec;
    persist_status status = lite_begin(call, session);

    lite_copy_in(&spec, sizeof(spec), given, given->size);
    if (status == PERSIST_OK && (spec.name[0] == '\0' || strlen(spec.name) > LITE_NAME_BYTES))
        status =
            lite_fail(call, PERSIST_INVALID, "the namespace name \"%.80s\": give 1 to %d bytes",
                      spec.name, LITE_NAME_BYTES);
    if (status == PERSIST_OK && spec.state != PERSIST_STATE_OPEN &&
        spec.state != PERSIST_STATE_LOADING)
        status = lite_fail(call, PERSIST_INVALID, "a namespace begins open or loading, not as %d",
                           (int)spec.state);
    if (status == PERSIST_OK)
        status = create(session, &spec, ns);
    return lite_end(session, status);
}

/* Deletes the version seq of a key and all those below it. */
static persist_status drop_chain(persist_session *session, uint32_t ns, persist_bytes key,
                                 int64_t seq)
{
    sqlite3_stmt *gone;
    persist_status status = PERSIST_OK;
    int code = SQLITE_DONE;

    while (status == PERSIST_OK && seq != 0) {
        status = lite_prepare(session, LITE_VERSION_DROP, &gone);
        if (status != PERSIST_OK)
            return status;
        sqlite3_bind_int64(gone, 1, seq);
        sqlite3_bind_int64(gone, 2, ns);
        lite_bind_bytes(gone, 3, key);
        code = lite_step(session, gone);
        seq = code == SQLITE_ROW ? sqlite3_column_int64(gone, 0) : 0;
        sqlite3_reset(gone);
        if (code != SQLITE_ROW && code != SQLITE_DONE)
            status = lite_error(session, code, "dropping versions");
    }
    return status;
}

/* Versions have no index by namespace, which every append would pay for: they are found
 * through the heads, key by key. */
static persist_status drop_versions(persist_session *session, uint32_t ns)
{
    sqlite3_stmt *head;
    persist_status status = lite_prepare(session, LITE_HEADS, &head);
    int code = SQLITE_DONE;

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(head, 1, ns);
    while (status == PERSIST_OK && (code = lite_step(session, head)) == SQLITE_ROW) {
        status = drop_chain(session, ns, lite_column_bytes(head, 0), sqlite3_column_int64(head, 1));
        if (status == PERSIST_OK && lite_must_stop(session))
            status = lite_error(session, SQLITE_INTERRUPT, "dropping a namespace");
    }
    if (status == PERSIST_OK && code != SQLITE_DONE)
        status = lite_error(session, code, "dropping a namespace");
    sqlite3_reset(head);
    return status;
}

/* Time and pages are those of the namespace, not of the store. */
static persist_status drop(persist_session *session, uint32_t ns)
{
    static const char *const tables[] = {"clock", "documents_heads", "commits", "pins",
                                         "meta",  "repairs"};
    persist_clock found;
    persist_status status = lite_begin_write(session);

    if (status == PERSIST_OK)
        status = lite_clock(session, ns, &found, NULL);
    if (status == PERSIST_OK) {
        sqlite3_reset(session->statements[LITE_CLOCK]);
        status = drop_versions(session, ns);
    }
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && status == PERSIST_OK; i++) {
        char sql[80];
        int code;

        snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE namespace = %u", tables[i], ns);
        code = sqlite3_exec(session->db, sql, NULL, NULL, NULL);
        if (code != SQLITE_OK)
            status = lite_error(session, code, "dropping a namespace");
    }
    return status == PERSIST_OK ? lite_commit(session) : status;
}

persist_status lite_namespace_drop(const persist_call *call, persist_session *session, uint32_t ns)
{
    persist_status status = lite_begin(call, session);

    if (status == PERSIST_OK)
        status = drop(session, ns);
    return lite_end(session, status);
}
