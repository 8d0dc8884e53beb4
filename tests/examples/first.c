/* SPDX-License-Identifier: MIT */
/*
 * The program of persist(3), EXAMPLE.
 *
 * Prints:
 *     greeting is hello
 */
/*! [quote] */
#include <persist/persist.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    /* Where the data live is for the user to say: "sqlite:app.db", "memory:" ... */
    const char *url = argc > 1 ? argv[1] : "memory:";
    persist_store_options create = {.size = sizeof create, .flags = PERSIST_STORE_CREATE};
    persist_error *error = persist_error_new();
    persist_store *store = NULL;
    persist_tx *tx = NULL;
    persist_row row = {.size = sizeof row};

    /* Opens the store; makes it first if it is not there. */
    persist_status status = persist_open_url(url, &create, &store, error);
    if (status != PERSIST_OK)
        goto out;

    /* What is put is kept in memory; the commit writes it, all or nothing. */
    status = persist_begin(store, NULL, &tx, error);
    if (status == PERSIST_OK)
        status = persist_put(tx, persist_text("greeting"), persist_text("hello"), error);
    if (status == PERSIST_OK)
        status = persist_commit(tx, NULL, error);
    persist_tx_free(tx);
    tx = NULL;
    if (status != PERSIST_OK)
        goto out;

    /* A transaction that only reads needs no commit. */
    status = persist_begin(store, NULL, &tx, error);
    if (status == PERSIST_OK)
        status = persist_get(tx, persist_text("greeting"), &row, error);
    /* The row's bytes are borrowed: good until the next call on tx. */
    if (status == PERSIST_OK)
        printf("greeting is %.*s\n", (int)row.value.size, (const char *)row.value.data);

out:
    if (status != PERSIST_OK)
        fprintf(stderr, "%s: %s\n", url, persist_error_message(error));
    /* Each of these may be NULL. Transactions are freed before their store is closed. */
    persist_tx_free(tx);
    persist_close(store, NULL);
    persist_error_free(error);
    return status != PERSIST_OK;
}
/*! [quote] */
