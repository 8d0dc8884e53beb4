/* SPDX-License-Identifier: MIT */
/*
 * Keys of several parts, a scan over those that share the first ones, and the newest of
 * them by a scan from above.
 *
 * Prints:
 *     ada 2: tea
 *     ada 10: bread
 *     ada 11: jam
 *     3 orders, the newest: ada 11: jam
 */
#include "tests/examples/example.h"

#include <stdio.h>

/*! [quote] */
/* Orders are kept under ("order", customer, number): sorted by customer, then number. */
static persist_status put_order(persist_tx *tx, const char *customer, int64_t number,
                                const char *what, persist_error *error)
{
    unsigned char buffer[256];
    persist_key_builder builder;
    persist_bytes key;
    persist_key_begin(&builder, buffer, sizeof buffer);
    persist_key_add_text(&builder, persist_text("order"));
    persist_key_add_text(&builder, persist_text(customer));
    persist_key_add_int(&builder, number);
    persist_status status = persist_key_end(&builder, &key);
    return status == PERSIST_OK ? persist_put(tx, key, persist_text(what), error) : status;
}

/* The parts that all orders of a customer begin with; it lives in `buffer`. */
static persist_status orders_of(const char *customer, void *buffer, size_t capacity,
                                persist_bytes *prefix)
{
    persist_key_builder builder;
    persist_key_begin(&builder, buffer, capacity);
    persist_key_add_text(&builder, persist_text("order"));
    persist_key_add_text(&builder, persist_text(customer));
    return persist_key_end(&builder, prefix);
}

static persist_status print_order(const persist_row *row)
{
    unsigned char scratch[256]; /* as large as the largest key */
    persist_bytes rest = row->key;
    persist_key_part customer = {.size = sizeof customer}, number = {.size = sizeof number};
    persist_status status = persist_key_next(&rest, scratch, sizeof scratch, &customer);
    if (status == PERSIST_OK) /* that was "order" */
        status = persist_key_next(&rest, scratch, sizeof scratch, &customer);
    if (status != PERSIST_OK)
        return status;
    printf("%.*s ", (int)customer.bytes.size, (const char *)customer.bytes.data);
    status = persist_key_next(&rest, scratch, sizeof scratch, &number);
    if (status == PERSIST_OK)
        printf("%lld: %.*s\n", (long long)number.integer, (int)row->value.size,
               (const char *)row->value.data);
    return status;
}

static persist_status print_orders(persist_tx *tx, const persist_scan_options *options,
                                   persist_error *error)
{
    persist_cursor *cursor = NULL;
    persist_row row = {.size = sizeof row};
    persist_status status = persist_scan(tx, options, &cursor, error);
    while (status == PERSIST_OK) {
        status = persist_cursor_next(cursor, &row, error);
        if (status == PERSIST_OK)
            status = print_order(&row);
    }
    persist_cursor_free(cursor);
    return status == PERSIST_END ? PERSIST_OK : status;
}

static persist_status list_orders(persist_tx *tx, const char *customer, persist_error *error)
{
    unsigned char buffer[256];
    uint64_t count = 0;
    persist_scan_options options = {.size = sizeof options};
    persist_status status = orders_of(customer, buffer, sizeof buffer, &options.prefix);
    if (status == PERSIST_OK)
        status = print_orders(tx, &options, error);
    if (status == PERSIST_OK)
        status = persist_count(tx, &options, &count, error);
    if (status != PERSIST_OK)
        return status;
    printf("%llu orders, the newest: ", (unsigned long long)count);
    options.flags = PERSIST_SCAN_REVERSE;
    options.limit = 1;
    return print_orders(tx, &options, error);
}
/*! [quote] */

/* In no order, and with a customer on each side. */
static persist_status put_orders(persist_tx *tx, persist_error *error)
{
    static const struct {
        const char *customer, *what;
        int64_t number;
    } orders[] = {{"ada", "jam", 11}, {"bob", "salt", 1}, {"ada", "tea", 2},
                  {"ad", "oil", 5},   {"adam", "rye", 7}, {"ada", "bread", 10}};
    persist_status status = PERSIST_OK;
    for (size_t i = 0; i < sizeof orders / sizeof *orders && status == PERSIST_OK; i++)
        status = put_order(tx, orders[i].customer, orders[i].number, orders[i].what, error);
    return status;
}

persist_status example(persist_store *store, persist_error *error)
{
    persist_tx *tx = NULL;
    persist_status status = persist_begin(store, NULL, &tx, error);
    if (status == PERSIST_OK)
        status = put_orders(tx, error);
    if (status == PERSIST_OK)
        status = persist_commit(tx, NULL, error);
    persist_tx_free(tx);
    tx = NULL;
    if (status == PERSIST_OK)
        status = persist_begin(store, NULL, &tx, error);
    if (status == PERSIST_OK)
        status = list_orders(tx, "ada", error);
    persist_tx_free(tx);
    return status;
}
