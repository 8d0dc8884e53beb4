/* SPDX-License-Identifier: MIT */
/*
 * Two transactions that take the same last piece: the second to commit loses.
 *
 * Prints:
 *     first: ok
 *     second: conflict, retryable 1
 *     the piece belongs to ann
 */
#include "tests/examples/example.h"

#include <stdio.h>

/*! [quote] */
static persist_status take_piece(persist_tx *tx, const char *who, persist_error *error)
{
    persist_row row = {.size = sizeof row};
    persist_status status = persist_get(tx, persist_text("piece"), &row, error);
    if (status != PERSIST_NOT_FOUND) /* somebody has it, or the read failed */
        return status == PERSIST_OK ? PERSIST_PRECONDITION : status;
    return persist_put(tx, persist_text("piece"), persist_text(who), error);
}

static persist_status both_take(persist_tx *first, persist_tx *second, persist_error *error)
{
    persist_status status = take_piece(first, "ann", error);
    if (status == PERSIST_OK)
        status = take_piece(second, "ben", error); /* sees nothing of the first one's */
    if (status != PERSIST_OK)
        return status;

    status = persist_commit(first, NULL, error);
    printf("first: %s\n", persist_status_name(status));
    status = persist_commit(second, NULL, error);
    printf("second: %s, retryable %d\n", persist_status_name(status),
           persist_error_retryable(error));
    return PERSIST_OK;
}
/*! [quote] */

static persist_status print_owner(persist_store *store, persist_error *error)
{
    persist_tx *tx = NULL;
    persist_row row = {.size = sizeof row};
    persist_status status = persist_begin(store, NULL, &tx, error);
    if (status == PERSIST_OK)
        status = persist_get(tx, persist_text("piece"), &row, error);
    if (status == PERSIST_OK)
        printf("the piece belongs to %.*s\n", (int)row.value.size, (const char *)row.value.data);
    persist_tx_free(tx);
    return status;
}

persist_status example(persist_store *store, persist_error *error)
{
    persist_tx *first = NULL, *second = NULL;
    persist_status status = persist_begin(store, NULL, &first, error);
    if (status == PERSIST_OK)
        status = persist_begin(store, NULL, &second, error);
    if (status == PERSIST_OK)
        status = both_take(first, second, error);
    persist_tx_free(first);
    persist_tx_free(second);
    return status == PERSIST_OK ? print_owner(store, error) : status;
}
