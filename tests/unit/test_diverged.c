/* SPDX-License-Identifier: MIT */
/*
 * Files of stores that are put back under a running process, and clocks that jump. The
 * process that knew more says DIVERGED and names the newest commit in common; one that
 * comes afterwards just works. Whatever the clock does, commits go on behind the head.
 */
#include "tests/unit/fixture.h"

#include "core/base/clock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SQLITE = 1 };

#define DAY (INT64_C(86400) * NS_PER_S)

static const char *in_folder(const char *name)
{
    static char path[2][160];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", fixture_folder(), name);
    return path[turn];
}

/* Copies the contents; an existing file stays the same file. */
static void copy(const char *from, const char *to)
{
    char block[4096];
    ssize_t size;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(in, 0);
    ck_assert_int_ge(out, 0);
    while ((size = read(in, block, sizeof block)) > 0)
        ck_assert_int_eq(write(out, block, (size_t)size), size);
    ck_assert_int_eq(size, 0);
    close(in);
    close(out);
}

/* Keeps a copy of the store, which is closed and so has no log beside it. */
static void keep_copy(void)
{
    ck_assert_int_ne(access(in_folder("store.db-wal"), F_OK), 0);
    copy(in_folder("store.db"), in_folder("kept.db"));
}

static bool has_log(void)
{
    return access(in_folder("store.db-wal"), F_OK) == 0;
}

enum way { RENAME_OVER, OVERWRITE, WAYS };

/* Puts the copy back, as somebody would who does not know of the process. */
static void put_back(enum way way)
{
    if (way == RENAME_OVER) {
        copy(in_folder("kept.db"), in_folder("again.db"));
        ck_assert_int_eq(rename(in_folder("again.db"), in_folder("store.db")), 0);
        unlink(in_folder("store.db-wal"));
        unlink(in_folder("store.db-shm"));
    } else {
        copy(in_folder("kept.db"), in_folder("store.db"));
    }
}

/* Moves what is in the log to the file: the log is then empty. */
static void checkpoint(void)
{
    sqlite3 *db = NULL;
    int code = sqlite3_open(in_folder("store.db"), &db);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    sqlite3_close(db);
    ck_assert_int_eq(code, SQLITE_OK);
}

static void assert_diverged(persist_status status, int64_t common)
{
    char text[80];
    assert_status(status, PERSIST_DIVERGED);
    snprintf(text, sizeof text, "the newest commit that both have is at %" PRId64, common);
    assert_message(text);
}

static persist_status try_get(persist_store *store, const char *key)
{
    persist_row row = {.size = sizeof row};
    persist_tx *tx = begin(store);
    persist_status status = persist_get(tx, persist_text(key), &row, fixture_error());
    persist_tx_free(tx);
    return status;
}

static persist_status try_put(persist_store *store, const char *key)
{
    persist_tx *tx = begin(store);
    put(tx, key, "x");
    persist_status status = persist_commit(tx, NULL, fixture_error());
    persist_tx_free(tx);
    return status;
}

static persist_status try_scan(persist_store *store)
{
    persist_row row = {.size = sizeof row};
    persist_cursor *cursor = NULL;
    persist_tx *tx = begin(store);
    persist_status status = persist_scan(tx, NULL, &cursor, fixture_error());
    if (status == PERSIST_OK)
        status = persist_cursor_next(cursor, &row, fixture_error());
    persist_tx_free(tx);
    return status;
}

/* A store with two commits, kept; opened again, two more. Returns it, still open. */
static persist_store *make_ahead(int64_t timestamps[4])
{
    persist_store *store = fixture_open(SQLITE);
    timestamps[0] = put_one(store, "a", "1");
    timestamps[1] = put_one(store, "b", "2");
    fixture_close(store);
    keep_copy();
    store = fixture_open(SQLITE);
    timestamps[2] = put_one(store, "a", "3");
    timestamps[3] = put_one(store, "c", "4");
    ck_assert_int_eq(try_get(store, "c"), PERSIST_OK);
    checkpoint();
    return store;
}

/* What is there now works for whoever knew nothing else, and goes on. */
static void check_fresh(const int64_t timestamps[4])
{
    persist_store *fresh = fixture_open(SQLITE);
    persist_tx *tx = begin(fresh);
    ck_assert_str_eq(scan_text(tx, NULL), "a=1 b=2");
    persist_tx_free(tx);
    int64_t next = put_one(fresh, "a", "5");
    ck_assert_int_gt(next, timestamps[1]);
    tx = begin_at(fresh, timestamps[0]);
    ck_assert_str_eq(scan_text(tx, NULL), "a=1");
    persist_tx_free(tx);
    fixture_close(fresh);
}

START_TEST(an_older_copy_is_noticed)
{
    int64_t timestamps[4];
    persist_store *store = make_ahead(timestamps);
    put_back((enum way)_i);
    assert_diverged(try_get(store, "a"), timestamps[1]);
    assert_diverged(try_scan(store), timestamps[1]);
    assert_diverged(try_put(store, "a"), timestamps[1]);
    /* Again, and from sessions that were idle meanwhile. */
    assert_diverged(try_put(store, "d"), timestamps[1]);
    assert_diverged(try_get(store, "c"), timestamps[1]);
    fixture_close(store);
    check_fresh(timestamps);
}
END_TEST

/* The older copy has gone on since: the head is beyond what the process knew. */
START_TEST(another_branch_is_noticed)
{
    int64_t timestamps[4];
    persist_store *store = make_ahead(timestamps);
    put_back((enum way)_i);
    if (_i == RENAME_OVER) {
        persist_store *other = fixture_open(SQLITE);
        for (int i = 0; i < 5; i++)
            ck_assert_int_gt(put_one(other, "e", "5"), timestamps[1]);
        fixture_close(other);
        assert_diverged(try_put(store, "f"), timestamps[1]);
        assert_diverged(try_get(store, "e"), timestamps[1]);
    } else {
        assert_diverged(try_put(store, "f"), timestamps[1]);
    }
    fixture_close(store);
}
END_TEST

START_TEST(transactions_that_were_open_are_noticed)
{
    int64_t timestamps[4];
    persist_store *store = make_ahead(timestamps);
    persist_tx *tx = begin(store), *old = begin_at(store, timestamps[1]);
    ck_assert_str_eq(get(tx, "a"), "3");
    ck_assert_str_eq(get(old, "a"), "1");
    put(tx, "z", "1");
    put_back((enum way)_i);
    assert_diverged(persist_commit(tx, NULL, fixture_error()), timestamps[1]);
    persist_tx_free(tx);
    /* What both have is still what it was. */
    ck_assert_str_eq(get(old, "b"), "2");
    persist_tx_free(old);
    fixture_close(store);
}
END_TEST

/* A copy from before anything that the process remembers. */
START_TEST(a_copy_without_anything_in_common_is_noticed)
{
    persist_store *store = fixture_open(SQLITE);
    fixture_close(store);
    keep_copy();
    store = fixture_open(SQLITE);
    put_one(store, "a", "1");
    put_one(store, "a", "2");
    checkpoint();
    put_back((enum way)_i);
    assert_status(try_get(store, "a"), PERSIST_DIVERGED);
    assert_message("they have no commit in common");
    fixture_close(store);
    store = fixture_open(SQLITE);
    ck_assert_int_eq(try_get(store, "a"), PERSIST_NOT_FOUND);
    fixture_close(store);
}
END_TEST

/* A process that knows the newer head alone cannot tell how far both are the same. */
START_TEST(what_is_not_known_is_not_told)
{
    char text[80];
    int64_t timestamps[4];
    fixture_close(make_ahead(timestamps));
    persist_store *store = fixture_open(SQLITE);
    put_back((enum way)_i);
    assert_status(try_get(store, "a"), PERSIST_DIVERGED);
    snprintf(text, sizeof text, "both have is at %" PRId64 " or before", timestamps[1]);
    assert_message(text);
    fixture_close(store);
}
END_TEST

START_TEST(the_same_file_again_is_no_divergence)
{
    int64_t timestamps[4];
    persist_store *store = make_ahead(timestamps);
    copy(in_folder("store.db"), in_folder("kept.db"));
    put_back((enum way)_i);
    ck_assert_int_eq(try_get(store, "c"), PERSIST_OK);
    put_one(store, "d", "5");
    persist_store *other = fixture_open(SQLITE);
    ck_assert_int_eq(try_get(other, "d"), PERSIST_OK);
    put_one(other, "e", "6");
    ck_assert_int_eq(try_get(store, "e"), PERSIST_OK);
    fixture_close(other);
    fixture_close(store);
    ck_assert(!has_log());
}
END_TEST

START_TEST(a_removed_file_is_noticed)
{
    persist_store *store = fixture_open(SQLITE);
    put_one(store, "a", "1");
    ck_assert_int_eq(rename(in_folder("store.db"), in_folder("away.db")), 0);
    assert_status(try_get(store, "a"), PERSIST_UNAVAILABLE);
    assert_message("removed or replaced");
    assert_status(try_put(store, "a"), PERSIST_NOT_FOUND);
    assert_message("persist init");
    ck_assert_int_eq(rename(in_folder("away.db"), in_folder("store.db")), 0);
    ck_assert_int_eq(try_get(store, "a"), PERSIST_OK);
    fixture_close(store);
}
END_TEST

/* A head that regressed, as on a failover that lost commits: the backend itself answers an
 * older clock row. */
START_TEST(the_window_survives_a_divergence)
{
    int64_t timestamps[4];
    persist_store *store = make_ahead(timestamps);
    copy(in_folder("store.db"), in_folder("newer.db"));
    put_back(RENAME_OVER);
    assert_diverged(try_put(store, "d"), timestamps[1]);
    assert_diverged(try_put(store, "d"), timestamps[1]);
    /* It comes back, and all is well again. */
    ck_assert_int_eq(rename(in_folder("newer.db"), in_folder("store.db")), 0);
    unlink(in_folder("store.db-wal"));
    unlink(in_folder("store.db-shm"));
    ck_assert_int_gt(put_one(store, "d", "5"), timestamps[3]);
    fixture_close(store);
}
END_TEST

/* ---- clocks */

static int64_t lead(persist_store *store)
{
    persist_head_info head = {.size = sizeof head};
    assert_ok(persist_head(store, NULL, &head, fixture_error()));
    return head.clock_lead;
}

static void check_versions(persist_store *store, const int64_t *timestamps, int n)
{
    for (int i = 0; i < n; i++) {
        char value[8];
        persist_tx *tx = begin_at(store, timestamps[i]);
        snprintf(value, sizeof value, "%d", i);
        ck_assert_str_eq(get(tx, "k"), value);
        persist_tx_free(tx);
        if (!i)
            continue;
        snprintf(value, sizeof value, "%d", i - 1);
        tx = begin_at(store, timestamps[i] - 1);
        ck_assert_str_eq(get(tx, "k"), value);
        persist_tx_free(tx);
    }
}

START_TEST(clocks_that_jump)
{
    /* Where the clock stands at each commit, and whether it is then exactly head + 1. */
    static const struct {
        int64_t shift;
        bool next;
    } steps[] = {{0, false},         {-DAY, true},       {-DAY, true}, {0, false},
                 {365 * DAY, false}, {0, true},          {0, true},    {-DAY, true},
                 {364 * DAY, true},  {366 * DAY, false}, {0, true}};
    enum { N = sizeof steps / sizeof *steps };
    int64_t timestamps[N];
    persist_store *store = fixture_open(_i);
    for (int i = 0; i < N; i++) {
        char value[8];
        snprintf(value, sizeof value, "%d", i);
        clock_shift_wall(steps[i].shift);
        int64_t before = clock_wall();
        timestamps[i] = put_one(store, "k", value);
        if (steps[i].next)
            ck_assert_int_eq(timestamps[i], timestamps[i - 1] + 1);
        else
            ck_assert_int_ge(timestamps[i], before);
        persist_tx *tx = begin(store);
        ck_assert_str_eq(get(tx, "k"), value);
        persist_tx_free(tx);
        check_versions(store, timestamps, i + 1);
        if (steps[i].next)
            ck_assert_int_gt(lead(store), 0);
        else
            ck_assert_int_eq(lead(store), 0);
    }
    if (fixture_shared(_i)) {
        /* Another process sees and continues the same. */
        fixture_close(store);
        store = fixture_open(_i);
        check_versions(store, timestamps, N);
        ck_assert_int_eq(put_one(store, "k", "last"), timestamps[N - 1] + 1);
    }
    fixture_close(store);
}
END_TEST

/* A year ahead is no future that could not be read: the head is the newest there is. */
START_TEST(times_between_head_and_clock_can_be_read)
{
    persist_store *store = fixture_open(_i);
    clock_shift_wall(365 * DAY);
    int64_t timestamp = put_one(store, "k", "1");
    clock_shift_wall(0);
    persist_row row = {.size = sizeof row};
    persist_tx *tx = begin_at(store, timestamp);
    ck_assert_str_eq(get(tx, "k"), "1");
    persist_tx_free(tx);
    tx = begin_at(store, clock_wall());
    assert_status(persist_get(tx, persist_text("k"), &row, fixture_error()), PERSIST_NOT_FOUND);
    persist_tx_free(tx);
    tx = begin_at(store, timestamp + 1);
    assert_status(persist_get(tx, persist_text("k"), &row, fixture_error()), PERSIST_CLOCK);
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("diverged");
    TCase *tcase = tcase_create("diverged");
    tcase_add_checked_fixture(tcase, fixture_begin, fixture_end);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, an_older_copy_is_noticed, 0, WAYS);
    tcase_add_loop_test(tcase, another_branch_is_noticed, 0, WAYS);
    tcase_add_loop_test(tcase, transactions_that_were_open_are_noticed, 0, WAYS);
    tcase_add_loop_test(tcase, a_copy_without_anything_in_common_is_noticed, 0, WAYS);
    tcase_add_loop_test(tcase, what_is_not_known_is_not_told, 0, WAYS);
    tcase_add_loop_test(tcase, the_same_file_again_is_no_divergence, 0, WAYS);
    tcase_add_test(tcase, a_removed_file_is_noticed);
    tcase_add_test(tcase, the_window_survives_a_divergence);
    tcase_add_loop_test(tcase, clocks_that_jump, 0, fixture_backends());
    tcase_add_loop_test(tcase, times_between_head_and_clock_can_be_read, 0, fixture_backends());
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
