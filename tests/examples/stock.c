/* SPDX-License-Identifier: MIT */
/*
 * An order of several parts: a part that is out of stock is taken back, the others stay.
 *
 * Prints:
 *     nut: out of stock
 *     order/bolt is 1
 *     order/nut is not there
 *     stock/bolt is 4
 *     stock/nut is 0
 */
#include "tests/examples/example.h"

#include <stdio.h>
#include <stdlib.h>

/*! [quote] */
/* Orders one piece of a part; PRECONDITION: it is out of stock. */
static persist_status order_part(persist_tx *tx, const char *part, persist_error *error)
{
    char order[64], stock[64], left[24];
    persist_row row = {.size = sizeof row};
    snprintf(order, sizeof order, "order/%s", part);
    snprintf(stock, sizeof stock, "stock/%s", part);
    persist_status status = persist_put(tx, persist_text(order), persist_text("1"), error);
    if (status == PERSIST_OK)
        status = persist_get(tx, persist_text(stock), &row, error);
    if (status != PERSIST_OK)
        return status;
    snprintf(left, sizeof left, "%.*s", (int)row.value.size, (const char *)row.value.data);
    long pieces = strtol(left, NULL, 10);
    if (pieces == 0)
        return PERSIST_PRECONDITION;
    snprintf(left, sizeof left, "%ld", pieces - 1);
    return persist_put(tx, row.key, persist_text(left), error); /* copied before it is lost */
}

/* Takes back what was written for a part that there is none of, and that alone. */
static persist_status order_parts(persist_tx *tx, void *context, persist_error *error)
{
    const char *const *parts = context;
    persist_status status = PERSIST_OK;
    for (size_t i = 0; parts[i] && status == PERSIST_OK; i++) {
        uint64_t mark;
        status = persist_savepoint(tx, &mark, error);
        if (status == PERSIST_OK)
            status = order_part(tx, parts[i], error);
        if (status == PERSIST_PRECONDITION) {
            printf("%s: out of stock\n", parts[i]);
            status = persist_rollback_to(tx, mark, error);
        }
    }
    return status;
}

/* Four keys of one snapshot, for the price of one. */
static persist_status print_stock(persist_tx *tx, persist_error *error)
{
    static const char *const names[4] = {"order/bolt", "order/nut", "stock/bolt", "stock/nut"};
    persist_bytes keys[4];
    persist_row rows[4];
    for (size_t i = 0; i < 4; i++) {
        keys[i] = persist_text(names[i]);
        rows[i].size = sizeof rows[i];
    }
    persist_status status = persist_get_many(tx, keys, 4, rows, error);
    for (size_t i = 0; i < 4 && status == PERSIST_OK; i++) {
        if (rows[i].flags & PERSIST_ROW_ABSENT)
            printf("%s is not there\n", names[i]);
        else
            printf("%s is %.*s\n", names[i], (int)rows[i].value.size,
                   (const char *)rows[i].value.data);
    }
    return status;
}
/*! [quote] */

persist_status example(persist_store *store, persist_error *error)
{
    const char *parts[] = {"bolt", "nut", NULL};
    persist_tx *tx = NULL;
    persist_status status = write_one(store, "stock/bolt", "5", NULL, error);
    if (status == PERSIST_OK)
        status = write_one(store, "stock/nut", "0", NULL, error);
    if (status == PERSIST_OK)
        status = persist_run(store, NULL, order_parts, parts, NULL, error);
    if (status == PERSIST_OK)
        status = persist_begin(store, NULL, &tx, error);
    if (status == PERSIST_OK)
        status = print_stock(tx, error);
    persist_tx_free(tx);
    return status;
}
