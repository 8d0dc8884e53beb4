/* SPDX-License-Identifier: MIT */
/* What the examples share: the store is opened for them, and a failure told. */
#ifndef TESTS_EXAMPLES_EXAMPLE_H
#define TESTS_EXAMPLES_EXAMPLE_H

#include <persist/persist.h>

/* The example: prints what its first comment says. */
persist_status example(persist_store *store, persist_error *error);

/* Writes one text under one key, in a transaction of its own; the timestamp of the commit
 * goes to *timestamp unless that is NULL. */
persist_status write_one(persist_store *store, const char *key, const char *value,
                         int64_t *timestamp, persist_error *error);

#endif
