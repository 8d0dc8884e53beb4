/* SPDX-License-Identifier: MIT */
/* The schema, in numbered steps; each is one transaction, done once. */
#include "plugins/sqlite/sqlite.h"

#include <stdio.h>

/*
 * `clock` has one short row per namespace, rewritten by every append. `commits` is read
 * by range and written at the end of each namespace's part. `value` stands last in
 * documents, so that what links versions is read without it.
 */
static const char step_1[] =
    "CREATE TABLE schema_migrations ("
    " number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL);"
    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO counters (name, value) VALUES ('namespace', 0), ('epoch', 0);"
    "CREATE TABLE clock ("
    " namespace INTEGER PRIMARY KEY, head INTEGER NOT NULL, head_digest BLOB NOT NULL,"
    " versions INTEGER NOT NULL, version_digest BLOB NOT NULL, control_version INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL, state INTEGER NOT NULL, horizon INTEGER NOT NULL,"
    " log_floor INTEGER NOT NULL, floor_digest BLOB NOT NULL, retention INTEGER NOT NULL,"
    " features INTEGER NOT NULL, moved_to TEXT, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE documents ("
    " seq INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, timestamp INTEGER NOT NULL,"
    " flags INTEGER NOT NULL, depth INTEGER NOT NULL, prev INTEGER, jump INTEGER,"
    " jump_timestamp INTEGER, key BLOB NOT NULL, value BLOB NOT NULL);"
    "CREATE TABLE documents_heads ("
    " namespace INTEGER NOT NULL, key BLOB NOT NULL, seq INTEGER NOT NULL,"
    " timestamp INTEGER NOT NULL, flags INTEGER NOT NULL, depth INTEGER NOT NULL, jump INTEGER,"
    " jump2 INTEGER, PRIMARY KEY (namespace, key)) WITHOUT ROWID;"
    "CREATE TABLE commits ("
    " namespace INTEGER NOT NULL, timestamp INTEGER NOT NULL, digest BLOB NOT NULL,"
    " record BLOB NOT NULL, PRIMARY KEY (namespace, timestamp)) WITHOUT ROWID;"
    "CREATE TABLE pins ("
    " namespace INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,"
    " timestamp INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " PRIMARY KEY (namespace, position)) WITHOUT ROWID;"
    "CREATE TABLE meta ("
    " namespace INTEGER NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL,"
    " PRIMARY KEY (namespace, name)) WITHOUT ROWID;"
    "CREATE TABLE repairs ("
    " number INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, key BLOB NOT NULL,"
    " timestamp INTEGER NOT NULL, flags INTEGER NOT NULL, reason TEXT NOT NULL,"
    " repaired_at INTEGER NOT NULL);";

static const struct step {
    uint32_t number;
    const char *name;
    const char *sql;
} steps[] = {
    {1, "tables of format 1", step_1},
};

#define N_STEPS (sizeof(steps) / sizeof(steps[0]))
_Static_assert(N_STEPS == LITE_FORMAT, "the format is the number of the newest step");

/* One number out of one statement. */
static persist_status query(persist_session *session, const char *sql, int64_t *value)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(session->db, sql, -1, &statement, NULL);

    if (code == SQLITE_OK)
        code = lite_step(session, statement);
    *value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? PERSIST_OK : lite_error(session, code, sql);
}

static persist_status execute(persist_session *session, const char *sql, const char *doing)
{
    int code = sqlite3_exec(session->db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? PERSIST_OK : lite_error(session, code, doing);
}

persist_status lite_format(persist_session *session, int64_t *format)
{
    return query(session, "PRAGMA user_version", format);
}

static persist_status applied_at(persist_session *session, uint32_t number, int64_t *at)
{
    char sql[96];

    snprintf(sql, sizeof(sql), "SELECT applied_at FROM schema_migrations WHERE number = %u",
             number);
    return query(session, sql, at);
}

static persist_status plan(persist_session *session, persist_on_migration take, void *context)
{
    int64_t format;
    persist_status status = lite_format(session, &format);

    for (size_t i = 0; i < N_STEPS && status == PERSIST_OK; i++) {
        persist_migration row = {steps[i].number, steps[i].name, 0};

        if (row.number <= format)
            status = applied_at(session, row.number, &row.applied_at);
        if (status == PERSIST_OK)
            status = take(context, &row);
    }
    return status;
}

persist_status lite_migrate_plan(const persist_call *call, persist_session *session,
                                 persist_on_migration take, void *context)
{
    persist_status status = lite_begin(call, session);

    if (status == PERSIST_OK)
        status = plan(session, take, context);
    return lite_end(session, status);
}

/* What a step leaves behind, in its own transaction: the row, the format, whose file it is. */
static persist_status note_step(persist_session *session, const struct step *step, int64_t now)
{
    char sql[512];

    snprintf(sql, sizeof(sql),
             "INSERT INTO schema_migrations (number, name, applied_at) VALUES (%u, '%s', %lld);"
             "PRAGMA user_version = %u; PRAGMA application_id = %d;",
             step->number, step->name, (long long)now, step->number, LITE_APPLICATION_ID);
    return execute(session, sql, "noting a migration");
}

/* Applies one step unless somebody else did meanwhile; *did tells. */
static persist_status apply(persist_session *session, const struct step *step, int64_t now,
                            bool *did)
{
    int64_t format = 0;
    persist_status status = lite_begin_write(session);

    *did = false;
    if (status == PERSIST_OK)
        status = lite_format(session, &format);
    if (status == PERSIST_OK && format < step->number) {
        status = execute(session, step->sql, step->name);
        if (status == PERSIST_OK)
            status = note_step(session, step, now);
        *did = status == PERSIST_OK;
    }
    return status == PERSIST_OK ? lite_commit(session) : status;
}

static persist_status apply_all(persist_session *session, persist_on_migration done, void *context)
{
    int64_t format;
    bool did;
    persist_status status = lite_format(session, &format);

    for (size_t i = 0; i < N_STEPS && status == PERSIST_OK; i++) {
        persist_migration row = {steps[i].number, steps[i].name, lite_host.wall()};

        if (row.number <= format)
            continue;
        status = apply(session, &steps[i], row.applied_at, &did);
        if (status == PERSIST_OK && did && done != NULL)
            status = done(context, &row);
    }
    return status;
}

persist_status lite_migrate_apply(const persist_call *call, persist_session *session,
                                  persist_on_migration done, void *context)
{
    persist_status status = lite_begin(call, session);

    if (status == PERSIST_OK)
        status = apply_all(session, done, context);
    if (status == PERSIST_OK)
        status = lite_use_wal(session);
    return lite_end(session, status);
}

persist_status lite_use_wal(persist_session *session)
{
    sqlite3_stmt *statement = NULL;
    const char *mode = "";
    char found[16] = "";
    int code;

    if (session->store->place.memory || session->store->read_only)
        return PERSIST_OK;
    code = sqlite3_prepare_v2(session->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = lite_step(session, statement);
    if (code == SQLITE_ROW) {
        mode = (const char *)sqlite3_column_text(statement, 0);
        snprintf(found, sizeof(found), "%s", mode != NULL ? mode : "");
    }
    sqlite3_finalize(statement);
    if (code != SQLITE_ROW)
        return lite_error(session, code, "turning on the write-ahead log");
    if (sqlite3_stricmp(found, "wal") != 0)
        return lite_fail(session->call, PERSIST_UNSUPPORTED,
                         "%s: the write-ahead log cannot be used here (the journal mode stays "
                         "%s): use a file system with shared memory",
                         session->store->place.path, found);
    return PERSIST_OK;
}
