/* SPDX-License-Identifier: MIT */
/*
 * Stores for tests: one of each backend that was built, each in a folder of its own that
 * is removed at the end; and short forms of the calls tests make all the time, which fail
 * the test by name when they fail.
 */
#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

#include <persist/persist.h>

#include <check.h>
#include <stdbool.h>

struct plugin;

/* How many backends there are to run a test on (0 .. n-1 are memory, sqlite). */
int fixture_backends(void);
/* Is the i-th one kept in files, and so shared by stores and processes? */
bool fixture_shared(int backend);
/* How large tests are: 1, or PERSIST_TEST_SCALE. */
int fixture_scale(void);

/* Folders are made in memory where the system has a place for that: for tests that make
 * many stores and need no disk. Before the first test. */
void fixture_in_memory(void);
/* Begins a test: a fresh folder. */
void fixture_begin(void);
/* Removes it; stores must be closed. */
void fixture_end(void);
/* The folder. */
const char *fixture_folder(void);
/* A URL of the i-th backend in the folder. */
const char *fixture_url(int backend);
/* Opens it, making it if it is not there. */
persist_store *fixture_open(int backend);
/* Opens with configuration text (YAML, without `persistence`). */
persist_store *fixture_open_with(int backend, const char *yaml);
void fixture_close(persist_store *store);

/* Its plugin, as stores are given it without layers. */
const struct plugin *fixture_plugin(int backend);
/* Puts a fault layer over the i-th backend for the stores that this test opens from now on,
 * and sets its rules (core/layers/README.md); to be called again to set others. */
void fixture_arm(int backend, const char *rules);
/* How many calls were tampered with since; how many are held up now. */
uint64_t fixture_hits(void);
unsigned fixture_holding(void);

/* The error all short forms use; its message after a failed call. */
persist_error *fixture_error(void);
#define assert_status(call, expected)                                              \
    do {                                                                           \
        persist_status status_ = (call);                                           \
        ck_assert_msg(status_ == (expected), "%s is %s, not %s: %s", #call,        \
                      persist_status_name(status_), persist_status_name(expected), \
                      persist_error_message(fixture_error()));                     \
    } while (0)
#define assert_ok(call) assert_status(call, PERSIST_OK)
/* The last message holds this text. */
#define assert_message(text)                                                                      \
    ck_assert_msg(strstr(persist_error_message(fixture_error()), text), "no \"%s\" in: %s", text, \
                  persist_error_message(fixture_error()))

persist_tx *begin(persist_store *store);
persist_tx *begin_snapshot(persist_store *store);
persist_tx *begin_at(persist_store *store, int64_t at);
void put(persist_tx *tx, const char *key, const char *value);
void del(persist_tx *tx, const char *key);
/* The value as text (kept until the next call), or NULL if the key is absent. */
const char *get(persist_tx *tx, const char *key);
/* Commits and frees. */
int64_t commit(persist_tx *tx);
/* Commits, expecting this status, and frees. */
void commit_fails(persist_tx *tx, persist_status expected);
/* One put in a transaction of its own. */
int64_t put_one(persist_store *store, const char *key, const char *value);
int64_t del_one(persist_store *store, const char *key);
/* "key=value key=value ..." of a whole scan (kept until the next call). */
const char *scan_text(persist_tx *tx, const persist_scan_options *options);

#endif
