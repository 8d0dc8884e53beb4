/* SPDX-License-Identifier: MIT */
/* Small unversioned keys. */
#include "plugins/sqlite/sqlite.h"

#include <string.h>

/* Namespace 0 is the store itself. */
static persist_status check_namespace(persist_session *session, uint32_t ns)
{
    persist_clock found;

    return ns != 0 ? lite_clock(session, ns, &found, NULL) : PERSIST_OK;
}

static persist_status get(persist_session *session, uint32_t ns, const char *name,
                          persist_on_version take, void *context)
{
    persist_version out = {.key = {name, strlen(name)}};
    sqlite3_stmt *row;
    persist_status status = check_namespace(session, ns);
    int code;

    if (status == PERSIST_OK)
        status = lite_prepare(session, LITE_META_GET, &row);
    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(row, 1, ns);
    sqlite3_bind_text(row, 2, name, -1, SQLITE_STATIC);
    code = lite_step(session, row);
    if (code == SQLITE_DONE)
        return lite_fail(session->call, PERSIST_NOT_FOUND, "nothing is kept as %s", name);
    if (code != SQLITE_ROW)
        return lite_error(session, code, "reading meta");
    out.value = lite_column_bytes(row, 0);
    return take(context, &out);
}

persist_status lite_meta_get(const persist_call *call, persist_session *session, uint32_t ns,
                             const char *name, persist_on_version take, void *context)
{
    persist_status status = lite_begin(call, session);

    if (status == PERSIST_OK)
        status = get(session, ns, name, take, context);
    return lite_end(session, status);
}

static persist_status put(persist_session *session, uint32_t ns, const char *name,
                          const persist_bytes *value)
{
    sqlite3_stmt *statement;
    persist_status status = lite_begin_write(session);

    if (status == PERSIST_OK)
        status = check_namespace(session, ns);
    if (status == PERSIST_OK)
        status = lite_prepare(session, value != NULL ? LITE_META_PUT : LITE_META_DROP, &statement);
    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(statement, 1, ns);
    sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
    if (value != NULL)
        lite_bind_bytes(statement, 3, *value);
    status = lite_run(session, statement, "writing meta");
    return status == PERSIST_OK ? lite_commit(session) : status;
}

persist_status lite_meta_put(const persist_call *call, persist_session *session, uint32_t ns,
                             const char *name, const persist_bytes *value)
{
    persist_status status = lite_begin(call, session);

    if (status == PERSIST_OK)
        status = put(session, ns, name, value);
    return lite_end(session, status);
}
