/* SPDX-License-Identifier: MIT */
/*
 * Reads a key as it was at an earlier time.
 *
 * Prints:
 *     then 10, now 12
 *     before that: not found
 */
#include "tests/examples/example.h"

#include <stdio.h>

/*! [quote] */
/* The value of a key at a timestamp, as text. */
static persist_status value_at(persist_store *store, const char *key, int64_t at, char *text,
                               size_t capacity, persist_error *error)
{
    persist_tx_options options = {.size = sizeof options, .has_at = 1, .at = at};
    persist_row row = {.size = sizeof row};
    persist_tx *tx = NULL;
    persist_status status = persist_begin(store, &options, &tx, error);
    if (status == PERSIST_OK)
        status = persist_get(tx, persist_text(key), &row, error);
    if (status == PERSIST_OK)
        snprintf(text, capacity, "%.*s", (int)row.value.size, (const char *)row.value.data);
    persist_tx_free(tx);
    return status;
}
/*! [quote] */

persist_status example(persist_store *store, persist_error *error)
{
    char old[16], new[16];
    int64_t then, now;
    persist_status status = write_one(store, "price", "10", &then, error);
    if (status == PERSIST_OK)
        status = write_one(store, "price", "12", &now, error);
    if (status == PERSIST_OK)
        status = value_at(store, "price", then, old, sizeof old, error);
    if (status == PERSIST_OK)
        status = value_at(store, "price", now, new, sizeof new, error);
    if (status != PERSIST_OK)
        return status;
    printf("then %s, now %s\n", old, new);
    status = value_at(store, "price", then - 1, old, sizeof old, error);
    printf("before that: %s\n", persist_status_name(status));
    return PERSIST_OK;
}
