/* SPDX-License-Identifier: MIT */
/* Savepoints, guards, many keys at once, tokens, cached snapshots, cancellation. */
#include "tests/unit/fixture.h"

#include "core/base/clock.h"
#include "core/txn/readset.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(savepoints_take_back_writes)
{
    persist_store *store = fixture_open(_i);
    persist_error *error = fixture_error();
    uint64_t outer, inner;
    put_one(store, "a", "0");
    persist_tx *tx = begin(store);
    put(tx, "a", "1");
    put(tx, "b", "1");
    assert_ok(persist_savepoint(tx, &outer, error));
    put(tx, "a", "2");
    del(tx, "b");
    put(tx, "c", "2");
    assert_ok(persist_savepoint(tx, &inner, error));
    put(tx, "a", "3");
    put(tx, "a", "4");
    del(tx, "c");
    put(tx, "d", "3");
    ck_assert_str_eq(scan_text(tx, NULL), "a=4 d=3");
    assert_ok(persist_rollback_to(tx, inner, error));
    ck_assert_str_eq(scan_text(tx, NULL), "a=2 c=2");
    put(tx, "e", "5");
    assert_ok(persist_rollback_to(tx, inner, error));
    ck_assert_str_eq(scan_text(tx, NULL), "a=2 c=2");
    assert_ok(persist_rollback_to(tx, outer, error));
    ck_assert_str_eq(scan_text(tx, NULL), "a=1 b=1");
    assert_status(persist_rollback_to(tx, inner, error), PERSIST_INVALID);
    assert_ok(persist_savepoint(tx, &(uint64_t){0}, error));
    assert_status(persist_rollback_to(tx, inner, error), PERSIST_INVALID);
    assert_status(persist_rollback_to(tx, 0, error), PERSIST_INVALID);
    commit(tx);
    tx = begin(store);
    ck_assert_str_eq(scan_text(tx, NULL), "a=1 b=1");
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(random_savepoints_equal_a_model)
{
    enum { KEYS = 12, DEPTH = 6 };
    persist_store *store = fixture_open(_i);
    srand(7);
    for (int round = 0; round < 40 * fixture_scale(); round++) {
        int value[KEYS] = {0}, saved[DEPTH][KEYS], depth = 0;
        uint64_t marks[DEPTH];
        persist_tx *tx = begin(store);
        for (int key = 0; key < KEYS; key++)
            del(tx, (char[]){(char)('a' + key), '\0'});
        for (int step = 0; step < 60; step++) {
            int what = rand() % 8, key = rand() % KEYS;
            char name[2] = {(char)('a' + key), '\0'}, text[16];
            if (what == 0 && depth < DEPTH) {
                assert_ok(persist_savepoint(tx, &marks[depth], fixture_error()));
                memcpy(saved[depth++], value, sizeof value);
            } else if (what == 1 && depth) {
                int to = rand() % depth;
                assert_ok(persist_rollback_to(tx, marks[to], fixture_error()));
                memcpy(value, saved[to], sizeof value);
                depth = to + 1;
            } else if (what == 2) {
                del(tx, name);
                value[key] = 0;
            } else {
                value[key] = 1 + rand() % 9;
                snprintf(text, sizeof text, "%d", value[key]);
                put(tx, name, text);
            }
        }
        char expected[256] = "";
        for (int key = 0; key < KEYS; key++)
            if (value[key])
                sprintf(expected + strlen(expected), "%s%c=%d", *expected ? " " : "", 'a' + key,
                        value[key]);
        ck_assert_str_eq(scan_text(tx, NULL), expected);
        commit(tx);
        tx = begin(store);
        ck_assert_str_eq(scan_text(tx, NULL), expected);
        persist_tx_free(tx);
    }
    fixture_close(store);
}
END_TEST

START_TEST(guards_hold_at_both_levels)
{
    persist_store *store = fixture_open(_i);
    persist_error *error = fixture_error();
    int64_t old = put_one(store, "schema", "1");
    for (int broken = 0; broken < 2; broken++) {
        persist_tx *tx = begin_snapshot(store);
        assert_ok(persist_guard(tx, persist_text("schema"), 0, error));
        put(tx, "doc", "1");
        put_one(store, broken ? "schema" : "schema2", "2");
        if (broken)
            commit_fails(tx, PERSIST_CONFLICT);
        else
            commit(tx);
    }
    assert_message("relies on");
    /* A value read long before: the guard counts from then, not from the snapshot. */
    for (int fresh = 0; fresh < 2; fresh++) {
        persist_tx *tx = begin_snapshot(store);
        const char *now = get(tx, "schema");
        ck_assert_str_eq(now, "2");
        int64_t read_at = old;
        if (fresh)
            assert_ok(persist_tx_timestamp(tx, &read_at, error));
        assert_ok(persist_guard(tx, persist_text("schema"), read_at, error));
        put(tx, "doc", "2");
        if (fresh)
            commit(tx);
        else
            commit_fails(tx, PERSIST_CONFLICT);
    }
    /* The same guard given before the first read. */
    persist_tx *tx = begin_snapshot(store);
    assert_ok(persist_guard(tx, persist_text("schema"), old, error));
    ck_assert_str_eq(get(tx, "schema"), "2");
    put(tx, "doc", "3");
    commit_fails(tx, PERSIST_CONFLICT);
    for (int inside = 0; inside < 2; inside++) {
        tx = begin_snapshot(store);
        assert_ok(persist_guard_range(tx, persist_text("r/"), persist_text("r0"), 0, error));
        put(tx, "doc", "4");
        put_one(store, inside ? "r/x" : "r0", "1");
        if (inside)
            commit_fails(tx, PERSIST_CONFLICT);
        else
            commit(tx);
    }
    tx = begin_snapshot(store);
    assert_status(persist_guard(tx, persist_text("k"), -1, error), PERSIST_INVALID);
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(many_keys_at_once)
{
    enum { N = 500 };
    persist_store *store = fixture_open(_i);
    static char names[N][8];
    persist_bytes keys[N];
    static persist_row rows[N];
    char value[600];
    persist_tx *tx = begin(store);
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "k%d", (i * 7) % N);
        keys[i] = persist_text(names[i]);
        rows[i].size = sizeof rows[i];
        memset(value, 'a' + i % 26, sizeof value);
        persist_bytes bytes = {value, (size_t)((i * 7) % N)};
        if (i % 3)
            assert_ok(persist_put(tx, keys[i], bytes, fixture_error()));
    }
    commit(tx);
    tx = begin(store);
    put(tx, names[0], "own");
    del(tx, names[1]);
    assert_ok(persist_get_many(tx, keys, N, rows, fixture_error()));
    ck_assert_uint_eq(rows[0].flags, PERSIST_ROW_OWN);
    ck_assert_mem_eq(rows[0].value.data, "own", 3);
    ck_assert_uint_eq(rows[1].flags, PERSIST_ROW_ABSENT);
    for (int i = 2; i < N; i++) {
        if (i % 3 == 0) {
            ck_assert_uint_eq(rows[i].flags, PERSIST_ROW_ABSENT);
            continue;
        }
        ck_assert_uint_eq(rows[i].flags, 0);
        ck_assert_uint_eq(rows[i].value.size, (size_t)((i * 7) % N));
        for (size_t b = 0; b < rows[i].value.size; b++)
            ck_assert_int_eq(((const char *)rows[i].value.data)[b], 'a' + i % 26);
        ck_assert_uint_eq(rows[i].key.size, keys[i].size);
        ck_assert_mem_eq(rows[i].key.data, keys[i].data, keys[i].size);
    }
    /* What was read, and found absent, is validated. */
    put_one(store, names[3], "new");
    commit_fails(tx, PERSIST_CONFLICT);
    tx = begin(store);
    assert_ok(persist_get_many(tx, keys, 0, rows, fixture_error()));
    keys[5].size = 0;
    assert_status(persist_get_many(tx, keys, N, rows, fixture_error()), PERSIST_INVALID);
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(read_sets_coarsen)
{
    persist_store *store = fixture_open_with(_i, "transaction: { max_reads: 16 }\n");
    for (int conflict = 0; conflict < 3; conflict++) {
        persist_tx *tx = begin(store);
        for (int i = 0; i < 200; i++) {
            char key[8];
            snprintf(key, sizeof key, "k%03d", i);
            get(tx, key);
        }
        put(tx, "z", "1");
        /* Never less than what was read; keys between may count as read. */
        put_one(store, conflict == 1 ? "k000" : conflict == 2 ? "k199" : "a", "1");
        if (conflict)
            commit_fails(tx, PERSIST_CONFLICT);
        else
            commit(tx);
    }
    fixture_close(store);
}
END_TEST

START_TEST(coarse_sets_cover_what_was_read)
{
    srand(3);
    for (int round = 0; round < 200; round++) {
        struct readset *set = readset_new();
        struct read_range *open = readset_add_range(set);
        char read[64][4];
        int n = 1 + rand() % 64;
        size_t most = (size_t)(1 + rand() % 20);
        for (int i = 0; i < n; i++) {
            sprintf(read[i], "%c%c", 'a' + rand() % 26, 'a' + rand() % 26);
            ck_assert(readset_add(set, persist_text(read[i])));
            if (rand() % 4 == 0) {
                persist_bytes from = persist_text("mm"), to = persist_text("mz");
                struct read_range *range = readset_add_range(set);
                ck_assert(read_range_widen(range, &from, &to));
                readset_close_range(range);
                ck_assert(readset_has(set, persist_text("mn")));
            }
            if (readset_count(set) > most)
                ck_assert(readset_coarsen(set, most));
        }
        for (int i = 0; i < n; i++)
            ck_assert_msg(readset_has(set, persist_text(read[i])), "%s was lost", read[i]);
        persist_bytes from = persist_text("\x7f"), to = persist_text("\x7f\x7f");
        ck_assert(!readset_has(set, from));
        ck_assert(read_range_widen(open, &from, &to));
        ck_assert(readset_has(set, from));
        readset_free(set);
    }
}
END_TEST

START_TEST(tokens_carry_what_was_seen)
{
    persist_store *store = fixture_open(_i);
    char token[PERSIST_TOKEN_SIZE], forged[PERSIST_TOKEN_SIZE];
    persist_tx *tx = begin(store), *with = NULL;
    put(tx, "a", "1");
    assert_ok(persist_commit(tx, NULL, fixture_error()));
    assert_ok(persist_tx_token(tx, token, fixture_error()));
    persist_tx_free(tx);
    ck_assert_uint_eq(strlen(token), PERSIST_TOKEN_SIZE - 1);
    put_one(store, "a", "2");
    persist_tx_options options = {.size = sizeof options, .token = token};
    assert_ok(persist_begin(store, &options, &with, fixture_error()));
    ck_assert_str_eq(get(with, "a"), "2");
    persist_tx_free(with);
    strcpy(forged, token);
    forged[40] = forged[40] == 'a' ? 'b' : 'a';
    options.token = forged;
    persist_row row = {.size = sizeof row};
    assert_ok(persist_begin(store, &options, &with, fixture_error()));
    assert_status(persist_get(with, persist_text("a"), &row, fixture_error()), PERSIST_DIVERGED);
    persist_tx_free(with);
    options.token = "00";
    assert_status(persist_begin(store, &options, &with, fixture_error()), PERSIST_INVALID);
    /* A commit that is not here (yet). */
    strcpy(forged, token);
    memcpy(forged, "7000", 4);
    options.token = forged;
    options.timeout = 20 * NS_PER_MS;
    assert_ok(persist_begin(store, &options, &with, fixture_error()));
    assert_status(persist_get(with, persist_text("a"), &row, fixture_error()), PERSIST_TIMEOUT);
    assert_message("token names");
    persist_tx_free(with);
    fixture_close(store);
}
END_TEST

START_TEST(cached_snapshots_are_never_older_than_our_own_commits)
{
    persist_store *store =
        fixture_open_with(_i, "transaction: { freshness: cached, max_staleness: 1h }\n");
    int64_t timestamp = put_one(store, "a", "1"), snapshot;
    persist_tx *tx = begin(store);
    assert_ok(persist_tx_timestamp(tx, &snapshot, fixture_error()));
    ck_assert_int_eq(snapshot, timestamp);
    ck_assert_str_eq(get(tx, "a"), "1");
    persist_tx_free(tx);
    if (fixture_shared(_i)) {
        persist_store *other = fixture_open(_i);
        put_one(other, "a", "2");
        tx = begin(store);
        ck_assert_str_eq(get(tx, "a"), "1");
        put(tx, "b", "1");
        commit_fails(tx, PERSIST_CONFLICT);
        persist_tx_options strict = {.size = sizeof strict, .freshness = PERSIST_STRICT};
        assert_ok(persist_begin(store, &strict, &tx, fixture_error()));
        ck_assert_str_eq(get(tx, "a"), "2");
        persist_tx_free(tx);
        fixture_close(other);
    }
    fixture_close(store);
}
END_TEST

START_TEST(stale_caches_are_not_used)
{
    if (!fixture_shared(_i))
        return;
    persist_store *store =
        fixture_open_with(_i, "transaction: { freshness: cached, max_staleness: 1ms }\n");
    persist_store *other = fixture_open(_i);
    put_one(store, "a", "1");
    put_one(other, "b", "2");
    clock_sleep(2 * NS_PER_MS); /* the very thing: let it grow stale */
    persist_tx *tx = begin(store);
    ck_assert_str_eq(get(tx, "b"), "2");
    persist_tx_free(tx);
    fixture_close(other);
    fixture_close(store);
}
END_TEST

START_TEST(snapshots_are_handles)
{
    persist_store *store = fixture_open(_i);
    persist_snapshot *snapshot = NULL;
    int64_t timestamp = put_one(store, "a", "1");
    assert_ok(persist_snapshot_open(store, NULL, PERSIST_NEWEST, &snapshot, fixture_error()));
    ck_assert_int_eq(persist_snapshot_timestamp(snapshot), timestamp);
    put_one(store, "a", "2");
    assert_status(persist_close(store, fixture_error()), PERSIST_MISUSE);
    for (int i = 0; i < 2; i++) {
        persist_tx_options options = {.size = sizeof options, .snapshot = snapshot};
        persist_tx *tx;
        assert_ok(persist_begin(store, &options, &tx, fixture_error()));
        ck_assert_str_eq(get(tx, "a"), "1");
        assert_status(persist_delete(tx, persist_text("a"), fixture_error()), PERSIST_MISUSE);
        persist_tx_free(tx);
    }
    persist_snapshot_close(snapshot);
    persist_snapshot_close(NULL);
    fixture_close(store);
}
END_TEST

/* ---- a backend whose reads do not return until they are interrupted */

static void *cancel_when_held(void *tx)
{
    while (!fixture_holding())
        clock_sleep(NS_PER_MS / 10);
    persist_cancel(tx);
    return NULL;
}

START_TEST(calls_can_be_cancelled)
{
    fixture_arm(_i, "read=hang");
    persist_store *store = fixture_open(_i);
    persist_row row = {.size = sizeof row};
    pthread_t thread;
    persist_tx_options options = {.size = sizeof options, .timeout = 60 * NS_PER_S};
    persist_tx *tx;
    assert_ok(persist_begin(store, &options, &tx, fixture_error()));
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_when_held, tx), 0);
    assert_status(persist_get(tx, persist_text("a"), &row, fixture_error()), PERSIST_INTERRUPTED);
    pthread_join(thread, NULL);
    /* With no call running, the next one is cancelled, once. */
    persist_cancel(tx);
    assert_status(persist_get(tx, persist_text("a"), &row, fixture_error()), PERSIST_INTERRUPTED);
    assert_ok(persist_tx_set_deadline(tx, 5 * NS_PER_MS, fixture_error()));
    assert_status(persist_get(tx, persist_text("a"), &row, fixture_error()), PERSIST_TIMEOUT);
    assert_ok(persist_tx_set_deadline(tx, 0, fixture_error()));
    put(tx, "a", "1");
    persist_cancel(tx);
    commit_fails(tx, PERSIST_INTERRUPTED);
    persist_head_info head = {.size = sizeof head};
    assert_ok(persist_head(store, NULL, &head, fixture_error()));
    ck_assert_uint_eq(head.versions, 0);
    put_one(store, "a", "1");
    fixture_close(store);
}
END_TEST

/* A commit that no other is written with is cancelled at the backend, too. */
START_TEST(lone_commits_can_be_cancelled)
{
    fixture_arm(_i, "append=hang");
    persist_store *store = fixture_open(_i);
    pthread_t thread;
    persist_tx_options options = {.size = sizeof options, .timeout = 60 * NS_PER_S};
    persist_tx *tx;
    assert_ok(persist_begin(store, &options, &tx, fixture_error()));
    put(tx, "a", "1");
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_when_held, tx), 0);
    assert_status(persist_commit(tx, NULL, fixture_error()), PERSIST_INTERRUPTED);
    pthread_join(thread, NULL);
    persist_tx_free(tx);
    persist_head_info head = {.size = sizeof head};
    assert_ok(persist_head(store, NULL, &head, fixture_error()));
    ck_assert_uint_eq(head.versions, 0);
    fixture_arm(_i, "");
    put_one(store, "a", "2");
    fixture_close(store);
}
END_TEST

/* What does not outlive the process survives nothing, whatever is configured. */
START_TEST(durability_is_what_holds)
{
    static const char *const texts[] = {"durability: process\n", "durability: power\n"};
    bool kept = strncmp(fixture_url(_i), "memory:", 7) != 0;
    for (int i = 0; i < 2; i++) {
        persist_store *store = fixture_open_with(_i, texts[i]);
        persist_store_info info = {.size = sizeof info};
        persist_store_describe(store, &info);
        ck_assert_int_eq((int)info.durability, kept ? PERSIST_DURABILITY_PROCESS + i : 0);
        fixture_close(store);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("features");
    TCase *tcase = tcase_create("features");
    int n = fixture_backends();
    tcase_add_checked_fixture(tcase, fixture_begin, fixture_end);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, savepoints_take_back_writes, 0, n);
    tcase_add_loop_test(tcase, random_savepoints_equal_a_model, 0, n);
    tcase_add_loop_test(tcase, guards_hold_at_both_levels, 0, n);
    tcase_add_loop_test(tcase, many_keys_at_once, 0, n);
    tcase_add_loop_test(tcase, read_sets_coarsen, 0, n);
    tcase_add_test(tcase, coarse_sets_cover_what_was_read);
    tcase_add_loop_test(tcase, tokens_carry_what_was_seen, 0, n);
    tcase_add_loop_test(tcase, cached_snapshots_are_never_older_than_our_own_commits, 0, n);
    tcase_add_loop_test(tcase, stale_caches_are_not_used, 0, n);
    tcase_add_loop_test(tcase, snapshots_are_handles, 0, n);
    tcase_add_loop_test(tcase, calls_can_be_cancelled, 0, n);
    tcase_add_loop_test(tcase, lone_commits_can_be_cancelled, 0, n);
    tcase_add_loop_test(tcase, durability_is_what_holds, 0, n);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
