/* SPDX-License-Identifier: MIT */
/*
 * Lists the versions of a key, newest first.
 *
 * Prints:
 *     back again
 *     (deleted)
 *     second
 *     first
 */
#include "tests/examples/example.h"

#include <stdio.h>

/*! [quote] */
static persist_status print_history(persist_tx *tx, const char *key, persist_error *error)
{
    persist_cursor *cursor = NULL;
    persist_row row = {.size = sizeof row};
    persist_status status = persist_history(tx, persist_text(key), &cursor, error);
    while (status == PERSIST_OK) {
        status = persist_cursor_next(cursor, &row, error);
        if (status != PERSIST_OK)
            break;
        /* row.timestamp says when it was committed */
        if (row.flags & PERSIST_ROW_TOMBSTONE)
            puts("(deleted)");
        else
            printf("%.*s\n", (int)row.value.size, (const char *)row.value.data);
    }
    persist_cursor_free(cursor);
    return status == PERSIST_END ? PERSIST_OK : status;
}
/*! [quote] */

static persist_status delete_it(persist_tx *tx, void *context, persist_error *error)
{
    return persist_delete(tx, persist_text(context), error);
}

persist_status example(persist_store *store, persist_error *error)
{
    char key[] = "note";
    persist_tx *tx = NULL;
    persist_status status = write_one(store, key, "first", NULL, error);
    if (status == PERSIST_OK)
        status = write_one(store, key, "second", NULL, error);
    if (status == PERSIST_OK)
        status = persist_run(store, NULL, delete_it, key, NULL, error);
    if (status == PERSIST_OK)
        status = write_one(store, key, "back again", NULL, error);
    if (status == PERSIST_OK)
        status = persist_begin(store, NULL, &tx, error);
    if (status == PERSIST_OK)
        status = print_history(tx, key, error);
    persist_tx_free(tx);
    return status;
}
