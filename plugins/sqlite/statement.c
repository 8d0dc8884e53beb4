/* SPDX-License-Identifier: MIT */
/* The statements, each prepared once per session. */
#include "plugins/sqlite/sqlite.h"

#include <assert.h>
#include <string.h>

#define HEADS_RANGE "h.namespace = ?1 AND h.key >= ?2 AND h.key < ?3 ORDER BY h.key"
#define SCAN                                            \
    "SELECT h.key, h.seq, h.timestamp, h.flags, d.seq," \
    " CASE WHEN h.timestamp <= ?4 THEN d.value END"     \
    " FROM documents_heads h LEFT JOIN documents d ON d.seq = h.seq WHERE " HEADS_RANGE
#define KEYS                                                 \
    "SELECT h.key, h.seq, h.timestamp, h.flags, h.seq, NULL" \
    " FROM documents_heads h WHERE " HEADS_RANGE

static const char *const texts[LITE_STATEMENT_COUNT] = {
    [LITE_BEGIN] = "BEGIN IMMEDIATE",
    [LITE_COMMIT] = "COMMIT",
    [LITE_ROLLBACK] = "ROLLBACK",
    [LITE_CLOCK] = "SELECT " LITE_CLOCK_COLUMNS " FROM clock WHERE namespace = ?1",
    [LITE_APPEND_CLOCK] =
        "UPDATE clock SET head = ?2, head_digest = ?3, versions = ?4, version_digest = ?5"
        " WHERE namespace = ?1 AND head = ?6 AND head_digest = ?7 AND epoch = ?8 AND state = ?9"
        " RETURNING " LITE_CLOCK_COLUMNS,
    [LITE_ANCHOR] =
        "SELECT timestamp, digest FROM commits"
        " WHERE namespace = ?1 AND timestamp <= ?2 ORDER BY timestamp DESC LIMIT 1",
    [LITE_READ] =
        "SELECT h.seq, h.timestamp, h.flags, d.seq,"
        " CASE WHEN h.timestamp <= ?3 THEN d.value END"
        " FROM documents_heads h LEFT JOIN documents d ON d.seq = h.seq"
        " WHERE h.namespace = ?1 AND h.key = ?2",
    [LITE_SCAN_UP] = SCAN,
    [LITE_SCAN_DOWN] = SCAN " DESC",
    [LITE_KEYS_UP] = KEYS,
    [LITE_KEYS_DOWN] = KEYS " DESC",
    [LITE_VERSION] =
        "SELECT timestamp, flags, prev, jump, jump_timestamp,"
        " CASE WHEN ?4 AND timestamp <= ?5 THEN value END"
        " FROM documents WHERE seq = ?1 AND namespace = ?2 AND key = ?3",
    [LITE_JUMP] =
        "SELECT timestamp, jump FROM documents"
        " WHERE seq = ?1 AND namespace = ?2 AND key = ?3",
    [LITE_VERSION_ADD] =
        "INSERT INTO documents"
        " (namespace, key, timestamp, flags, depth, prev, jump, jump_timestamp,"
        " value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [LITE_VERSION_LINK] =
        "UPDATE documents SET depth = ?2, prev = ?3, jump = ?4,"
        " jump_timestamp = ?5 WHERE seq = ?1",
    [LITE_VERSION_DROP] =
        "DELETE FROM documents WHERE seq = ?1 AND namespace = ?2 AND key = ?3 RETURNING prev",
    [LITE_HEADS] = "SELECT key, seq FROM documents_heads WHERE namespace = ?1",
    [LITE_HEAD] =
        "SELECT seq, timestamp, depth, jump, jump2 FROM documents_heads"
        " WHERE namespace = ?1 AND key = ?2",
    [LITE_HEAD_ADD] =
        "INSERT INTO documents_heads"
        " (namespace, key, seq, timestamp, flags, depth, jump, jump2)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [LITE_HEAD_SET] =
        "UPDATE documents_heads SET seq = ?3, timestamp = ?4, flags = ?5,"
        " depth = ?6, jump = ?7, jump2 = ?8 WHERE namespace = ?1 AND key = ?2",
    [LITE_CHANGES] =
        "SELECT timestamp, digest, record FROM commits"
        " WHERE namespace = ?1 AND timestamp > ?2 ORDER BY timestamp",
    [LITE_RECORD_ADD] =
        "INSERT INTO commits (namespace, timestamp, digest, record)"
        " VALUES (?1, ?2, ?3, ?4)",
    [LITE_NAMESPACE_LIST] = "SELECT namespace, name, state FROM clock ORDER BY name",
    [LITE_NAMESPACE_ADD] =
        "INSERT INTO clock (namespace, name, head, head_digest, versions, version_digest,"
        " control_version, epoch, state, horizon, log_floor, floor_digest, retention, features)"
        " VALUES (?1, ?2, 0, zeroblob(16), 0, zeroblob(16), 1, ?3, ?4, 0, 0, zeroblob(16), ?5, ?6)",
    [LITE_NAMESPACE_NAMED] = "SELECT 1 FROM clock WHERE name = ?1",
    [LITE_COUNTER] = "SELECT value FROM counters WHERE name = ?1",
    [LITE_COUNTER_RAISE] = "UPDATE counters SET value = ?2 WHERE name = ?1",
    [LITE_CONTROL_SET] =
        "UPDATE clock SET control_version = ?2, epoch = ?3, state = ?4, moved_to = ?5,"
        " horizon = ?6, log_floor = ?7, floor_digest = ?8, retention = ?9 WHERE namespace = ?1",
    [LITE_PINS] =
        "SELECT name, timestamp, expires FROM pins WHERE namespace = ?1 ORDER BY position",
    [LITE_PINS_CLEAR] = "DELETE FROM pins WHERE namespace = ?1",
    [LITE_PIN_ADD] =
        "INSERT INTO pins (namespace, position, name, timestamp, expires)"
        " VALUES (?1, ?2, ?3, ?4, ?5)",
    [LITE_META_GET] = "SELECT value FROM meta WHERE namespace = ?1 AND name = ?2",
    [LITE_META_PUT] =
        "INSERT INTO meta (namespace, name, value) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (namespace, name) DO UPDATE SET value = excluded.value",
    [LITE_META_DROP] = "DELETE FROM meta WHERE namespace = ?1 AND name = ?2",
};

persist_status lite_prepare(persist_session *session, enum lite_statement which,
                            sqlite3_stmt **statement)
{
    sqlite3_stmt **kept = &session->statements[which];
    int code = SQLITE_OK;

    assert(texts[which] != NULL);
    if (*kept != NULL)
        sqlite3_reset(*kept);
    else
        code = sqlite3_prepare_v3(session->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, kept,
                                  NULL);
    *statement = *kept;
    session->used |= UINT64_C(1) << which;
    return code == SQLITE_OK ? PERSIST_OK : lite_error(session, code, sqlite3_errmsg(session->db));
}

int lite_step(persist_session *session, sqlite3_stmt *statement)
{
    if (!session->committing && atomic_load(&session->interrupted))
        return SQLITE_INTERRUPT;
    return sqlite3_step(statement);
}

persist_status lite_run(persist_session *session, sqlite3_stmt *statement, const char *doing)
{
    int code;

    do
        code = lite_step(session, statement);
    while (code == SQLITE_ROW);
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? PERSIST_OK : lite_error(session, code, doing);
}

persist_status lite_run_plain(persist_session *session, enum lite_statement which)
{
    sqlite3_stmt *statement;
    persist_status status = lite_prepare(session, which, &statement);

    return status == PERSIST_OK ? lite_run(session, statement, texts[which]) : status;
}

/* Bindings point at memory that lives as long as the call, and every call binds anew. A
 * binding fails only beyond the length limit, which the host was told. */
void lite_bind_bytes(sqlite3_stmt *statement, int index, persist_bytes bytes)
{
    sqlite3_bind_blob64(statement, index, bytes.size > 0 ? bytes.data : "", bytes.size,
                        SQLITE_STATIC);
}

void lite_bind_digest(sqlite3_stmt *statement, int index, const persist_digest *digest)
{
    sqlite3_bind_blob(statement, index, digest->bytes, sizeof(digest->bytes), SQLITE_STATIC);
}

void lite_bind_link(sqlite3_stmt *statement, int index, int64_t seq)
{
    if (seq != 0)
        sqlite3_bind_int64(statement, index, seq);
    else
        sqlite3_bind_null(statement, index);
}

persist_bytes lite_column_bytes(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);

    return (persist_bytes){data, (size_t)sqlite3_column_bytes(statement, column)};
}

persist_digest lite_column_digest(sqlite3_stmt *statement, int column)
{
    persist_bytes bytes = lite_column_bytes(statement, column);
    persist_digest digest = {{0}};

    if (bytes.size == sizeof(digest.bytes))
        memcpy(digest.bytes, bytes.data, bytes.size);
    return digest;
}
