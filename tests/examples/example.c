/* SPDX-License-Identifier: MIT */
#include "tests/examples/example.h"

#include <stdio.h>

persist_status write_one(persist_store *store, const char *key, const char *value,
                         int64_t *timestamp, persist_error *error)
{
    persist_tx *tx = NULL;
    persist_status status = persist_begin(store, NULL, &tx, error);
    if (status == PERSIST_OK)
        status = persist_put(tx, persist_text(key), persist_text(value), error);
    if (status == PERSIST_OK)
        status = persist_commit(tx, timestamp, error);
    persist_tx_free(tx);
    return status;
}

int main(int argc, char **argv)
{
    const char *url = argc > 1 ? argv[1] : "memory:";
    persist_store_options create = {.size = sizeof create, .flags = PERSIST_STORE_CREATE};
    persist_error *error = persist_error_new();
    persist_store *store = NULL;

    persist_status status = persist_open_url(url, &create, &store, error);
    if (status == PERSIST_OK)
        status = example(store, error);
    if (status == PERSIST_OK)
        status = persist_close(store, error);
    if (status != PERSIST_OK)
        fprintf(stderr, "%s: %s: %s\n", url, persist_status_name(status),
                persist_error_message(error));
    persist_error_free(error);
    return status != PERSIST_OK;
}
