/* SPDX-License-Identifier: MIT */
#include "tests/concurrency/bank.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void account(int number, char key[32])
{
    snprintf(key, 32, "account/%03d", number);
}

static int amount_of(persist_bytes value)
{
    char text[16] = "";
    if (value.size < sizeof text)
        memcpy(text, value.data, value.size);
    return atoi(text);
}

static persist_status set(persist_tx *tx, const char *key, int amount, persist_error *error)
{
    char text[16];
    snprintf(text, sizeof text, "%d", amount);
    return persist_put(tx, persist_text(key), persist_text(text), error);
}

void bank_open_accounts(persist_store *store)
{
    persist_tx *tx = begin(store);
    for (int i = 0; i < BANK_ACCOUNTS; i++) {
        char key[32];
        account(i, key);
        assert_ok(set(tx, key, BANK_MONEY, fixture_error()));
    }
    commit(tx);
}

static persist_status move(persist_tx *tx, void *context, persist_error *error)
{
    unsigned *seed = context;
    char from[32], to[32];
    int a = rand_r(seed) % BANK_ACCOUNTS;
    int b = (a + 1 + rand_r(seed) % (BANK_ACCOUNTS - 1)) % BANK_ACCOUNTS;
    int amount = 1 + rand_r(seed) % 100, have, there;
    persist_row row = {.size = sizeof row};
    account(a, from);
    account(b, to);
    persist_status status = persist_get(tx, persist_text(from), &row, error);
    if (status != PERSIST_OK)
        return status;
    have = amount_of(row.value);
    if ((status = persist_get(tx, persist_text(to), &row, error)) != PERSIST_OK)
        return status;
    there = amount_of(row.value);
    if (have < amount)
        return PERSIST_OK;
    status = set(tx, from, have - amount, error);
    return status == PERSIST_OK ? set(tx, to, there + amount, error) : status;
}

persist_status bank_transfer(persist_store *store, unsigned *seed, persist_error *error)
{
    return persist_run(store, NULL, move, seed, NULL, error);
}

struct sum {
    int accounts, money;
    bool debt;
};

static void count(struct sum *sum, persist_bytes value)
{
    int amount = amount_of(value);
    sum->accounts++;
    sum->money += amount;
    sum->debt |= amount < 0;
}

static persist_status sum_by_scan(persist_tx *tx, struct sum *sum, persist_error *error)
{
    persist_cursor *cursor = NULL;
    persist_row row = {.size = sizeof row};
    persist_scan_options options = {.size = sizeof options, .prefix = persist_text("account/")};
    persist_status status = persist_scan(tx, &options, &cursor, error);
    while (status == PERSIST_OK &&
           (status = persist_cursor_next(cursor, &row, error)) == PERSIST_OK)
        count(sum, row.value);
    persist_cursor_free(cursor);
    return status == PERSIST_END ? PERSIST_OK : status;
}

static persist_status sum_by_keys(persist_tx *tx, struct sum *sum, persist_error *error)
{
    persist_status status = PERSIST_OK;
    for (int i = 0; i < BANK_ACCOUNTS && status == PERSIST_OK; i++) {
        char key[32];
        persist_row row = {.size = sizeof row};
        account(i, key);
        if ((status = persist_get(tx, persist_text(key), &row, error)) == PERSIST_OK)
            count(sum, row.value);
    }
    return status;
}

persist_status bank_audit(persist_store *store, bool scan, persist_error *error)
{
    struct sum sum = {0};
    persist_tx *tx = NULL;
    persist_tx_options options = {.size = sizeof options, .flags = PERSIST_TX_READ_ONLY};
    persist_status status = persist_begin(store, &options, &tx, error);
    if (status == PERSIST_OK)
        status = scan ? sum_by_scan(tx, &sum, error) : sum_by_keys(tx, &sum, error);
    if (status == PERSIST_OK &&
        (sum.debt || sum.accounts != BANK_ACCOUNTS || sum.money != BANK_ACCOUNTS * BANK_MONEY))
        status = PERSIST_INTERNAL;
    persist_tx_free(tx);
    return status;
}
