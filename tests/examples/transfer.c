/* SPDX-License-Identifier: MIT */
/*
 * Moves money between two accounts: persist_run, and a condition of the caller.
 *
 * Prints:
 *     first: ok
 *     second: precondition failed
 *     alice 30, bob 70
 */
#include "tests/examples/example.h"

#include <stdio.h>
#include <stdlib.h>

/*! [quote] */
struct transfer {
    const char *from, *to;
    long amount;
};

static persist_status read_balance(persist_tx *tx, const char *account, long *balance,
                                   persist_error *error)
{
    char text[24];
    persist_row row = {.size = sizeof row};
    persist_status status = persist_get(tx, persist_text(account), &row, error);
    if (status != PERSIST_OK)
        return status;
    /* No NUL stands behind a value. */
    snprintf(text, sizeof text, "%.*s", (int)row.value.size, (const char *)row.value.data);
    *balance = strtol(text, NULL, 10);
    return PERSIST_OK;
}

static persist_status write_balance(persist_tx *tx, const char *account, long balance,
                                    persist_error *error)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", balance);
    return persist_put(tx, persist_text(account), persist_text(text), error);
}

/* May be called several times, so it changes nothing but the transaction. */
static persist_status move_money(persist_tx *tx, void *context, persist_error *error)
{
    const struct transfer *transfer = context;
    long from = 0, to = 0;
    persist_status status = read_balance(tx, transfer->from, &from, error);
    if (status == PERSIST_OK)
        status = read_balance(tx, transfer->to, &to, error);
    if (status == PERSIST_OK && from < transfer->amount)
        status = PERSIST_PRECONDITION;
    if (status == PERSIST_OK)
        status = write_balance(tx, transfer->from, from - transfer->amount, error);
    if (status == PERSIST_OK)
        status = write_balance(tx, transfer->to, to + transfer->amount, error);
    return status; /* anything but PERSIST_OK rolls back */
}

static persist_status transfer(persist_store *store, const char *from, const char *to, long amount,
                               persist_error *error)
{
    struct transfer work = {from, to, amount};
    return persist_run(store, NULL, move_money, &work, NULL, error);
}
/*! [quote] */

static persist_status print_balances(persist_store *store, persist_error *error)
{
    long alice = 0, bob = 0;
    persist_tx *tx = NULL;
    persist_status status = persist_begin(store, NULL, &tx, error);
    if (status == PERSIST_OK)
        status = read_balance(tx, "alice", &alice, error);
    if (status == PERSIST_OK)
        status = read_balance(tx, "bob", &bob, error);
    if (status == PERSIST_OK)
        printf("alice %ld, bob %ld\n", alice, bob);
    persist_tx_free(tx);
    return status;
}

persist_status example(persist_store *store, persist_error *error)
{
    persist_status status = write_one(store, "alice", "100", NULL, error);
    if (status == PERSIST_OK)
        status = write_one(store, "bob", "0", NULL, error);
    if (status != PERSIST_OK)
        return status;
    printf("first: %s\n", persist_status_name(transfer(store, "alice", "bob", 70, error)));
    printf("second: %s\n", persist_status_name(transfer(store, "alice", "bob", 70, error)));
    return print_balances(store, error);
}
