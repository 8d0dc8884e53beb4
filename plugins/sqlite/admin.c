/* SPDX-License-Identifier: MIT */
/* Sizes and counts of the file. */
#include "plugins/sqlite/sqlite.h"

#include <stdio.h>
#include <sys/stat.h>

static const struct figure {
    const char *name;
    const char *unit;
    const char *help;
    const char *sql; /* NULL: size of the write-ahead log */
} figures[] = {
    {"page_bytes", "bytes", "size of a page", "PRAGMA page_size"},
    {"pages", "pages", "pages of the file", "PRAGMA page_count"},
    {"free_pages", "pages", "pages that hold nothing", "PRAGMA freelist_count"},
    {"wal_bytes", "bytes", "size of the write-ahead log", NULL},
    {"namespaces", "", "namespaces", "SELECT count(*) FROM clock"},
    {"versions_appended", "rows", "versions ever appended",
     "SELECT coalesce(sum(versions), 0) FROM clock"},
};

static int64_t wal_size(const persist_backend *store)
{
    char path[PATH_MAX + 8];
    struct stat info;

    snprintf(path, sizeof(path), "%s-wal", store->place.path);
    return !store->place.memory && stat(path, &info) == 0 ? info.st_size : 0;
}

static persist_status measure(persist_session *session, const struct figure *figure, int64_t *value)
{
    sqlite3_stmt *row = NULL;
    int code;

    if (figure->sql == NULL) {
        *value = wal_size(session->store);
        return PERSIST_OK;
    }
    code = sqlite3_prepare_v2(session->db, figure->sql, -1, &row, NULL);
    if (code == SQLITE_OK)
        code = lite_step(session, row);
    if (code == SQLITE_ROW)
        *value = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return code == SQLITE_ROW ? PERSIST_OK : lite_error(session, code, figure->sql);
}

persist_status lite_stats(const persist_call *call, persist_session *session, persist_on_stat take,
                          void *context)
{
    persist_status status = lite_begin(call, session);

    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]) && status == PERSIST_OK; i++) {
        persist_stat stat = {figures[i].name, figures[i].unit, figures[i].help, 0};

        status = measure(session, &figures[i], &stat.value);
        if (status == PERSIST_OK)
            status = take(context, &stat);
    }
    return lite_end(session, status);
}
