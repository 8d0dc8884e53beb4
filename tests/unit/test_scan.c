/* SPDX-License-Identifier: MIT */
/* Scans: the snapshot merged with own writes, compared with a model. */
#include "tests/unit/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 400

/* Values by key number; 0: absent. */
struct model {
    int value[KEYS];
};

static void key_of(int number, char *key)
{
    /* Lengths differ, so that prefixes of one another are among them. */
    sprintf(key, "%c%c%.*s", 'a' + number / 40, 'a' + number / 4 % 10, number % 4, "zzz");
}

/* Numbers in key order are in model order: "aa" < "aaz" < "aazz". */
static const char *expect(const struct model *model, int from, int to, bool reverse, uint64_t limit,
                          bool keys_only)
{
    static char text[1 << 16];
    size_t used = 0;
    uint64_t rows = 0;
    text[0] = '\0';
    for (int i = 0; i < to - from; i++) {
        int number = reverse ? to - 1 - i : from + i;
        char key[8];
        if (!model->value[number] || (limit && rows == limit))
            continue;
        key_of(number, key);
        used += (size_t)sprintf(text + used, keys_only ? "%s%s=" : "%s%s=%d", rows++ ? " " : "",
                                key, model->value[number]);
    }
    return text;
}

static void random_write(persist_tx *tx, struct model *model)
{
    char key[8], value[16];
    int number = rand() % KEYS;
    key_of(number, key);
    if (rand() % 3 == 0) {
        del(tx, key);
        model->value[number] = 0;
    } else {
        model->value[number] = 1 + rand() % 1000;
        sprintf(value, "%d", model->value[number]);
        put(tx, key, value);
    }
}

static void check_some_scan(persist_tx *tx, const struct model *model)
{
    char from[8], to[8];
    int a = rand() % KEYS, b = rand() % (KEYS + 1);
    if (a > b) {
        int swap = a;
        a = b;
        b = swap;
    }
    key_of(a, from);
    persist_scan_options options = {.size = sizeof options, .from = persist_text(from)};
    if (b < KEYS) {
        key_of(b, to);
        options.to = persist_text(to);
    }
    bool reverse = rand() % 2, keys_only = rand() % 4 == 0;
    options.flags = (reverse ? PERSIST_SCAN_REVERSE : 0) | (keys_only ? PERSIST_SCAN_KEYS_ONLY : 0);
    options.limit = rand() % 3 ? 0 : (uint64_t)(1 + rand() % 70);
    const char *expected = expect(model, a, b, reverse, options.limit, keys_only);
    ck_assert_str_eq(scan_text(tx, &options), expected);
}

static void check_prefix(persist_tx *tx, const struct model *model)
{
    char prefix[2] = {(char)('a' + rand() % 10), '\0'};
    persist_scan_options options = {.size = sizeof options, .prefix = persist_text(prefix)};
    options.flags = rand() % 2 ? PERSIST_SCAN_REVERSE : 0;
    int first = (prefix[0] - 'a') * 40;
    uint64_t count, expected = 0;
    ck_assert_str_eq(scan_text(tx, &options),
                     expect(model, first, first + 40, options.flags, 0, false));
    for (int i = first; i < first + 40; i++)
        expected += model->value[i] != 0;
    assert_ok(persist_count(tx, &options, &count, fixture_error()));
    ck_assert_uint_eq(count, expected);
}

START_TEST(scans_equal_a_model)
{
    persist_store *store = fixture_open_with(_i, "durability: process\n");
    struct model model = {0};
    struct model past[20];
    int64_t when[20];
    int rounds = 60 * fixture_scale(), n_past = 0;
    srand(20 + (unsigned)_i);
    for (int round = 0; round < rounds; round++) {
        persist_tx *tx = begin(store);
        for (int i = 0; i < 30; i++) {
            random_write(tx, &model);
            if (i % 5 == 0)
                check_some_scan(tx, &model);
        }
        check_prefix(tx, &model);
        int64_t timestamp = commit(tx);
        when[n_past % 20] = timestamp;
        past[n_past++ % 20] = model;
        int then = rand() % (n_past < 20 ? n_past : 20);
        tx = begin_at(store, when[then]);
        check_some_scan(tx, &past[then]);
        check_prefix(tx, &past[then]);
        persist_tx_free(tx);
    }
    fixture_close(store);
}
END_TEST

START_TEST(writes_while_scanning)
{
    persist_store *store = fixture_open(_i);
    persist_row row = {.size = sizeof row};
    persist_cursor *cursor;
    persist_tx *tx = begin(store);
    for (char c = 'b'; c <= 'y'; c = (char)(c + 2))
        put(tx, (char[]){c, '\0'}, "old");
    commit(tx);
    tx = begin(store);
    assert_ok(persist_scan(tx, NULL, &cursor, fixture_error()));
    assert_ok(persist_cursor_next(cursor, &row, fixture_error()));
    ck_assert_mem_eq(row.key.data, "b", 1);
    put(tx, "a", "behind");
    put(tx, "c", "ahead");
    del(tx, "d");
    put(tx, "f", "changed");
    put(tx, "z", "last");
    static const char expected[] = "cfhjlnprtvxz";
    for (const char *c = expected; *c; c++) {
        assert_ok(persist_cursor_next(cursor, &row, fixture_error()));
        ck_assert_msg(*(const char *)row.key.data == *c, "%c, not %c", *(const char *)row.key.data,
                      *c);
        if (*c == 'f')
            ck_assert_mem_eq(row.value.data, "changed", 7);
    }
    assert_status(persist_cursor_next(cursor, &row, fixture_error()), PERSIST_END);
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(bounds_that_make_no_sense)
{
    persist_store *store = fixture_open(_i);
    persist_cursor *cursor;
    put_one(store, "m", "1");
    persist_tx *tx = begin(store);
    persist_scan_options options = {
        .size = sizeof options, .from = persist_text("z"), .to = persist_text("a")};
    assert_status(persist_scan(tx, &options, &cursor, fixture_error()), PERSIST_INVALID);
    assert_message("exchange");
    options.to = persist_text("z");
    ck_assert_str_eq(scan_text(tx, &options), "");
    options = (persist_scan_options){
        .size = sizeof options, .prefix = persist_text("m"), .from = persist_text("n")};
    ck_assert_str_eq(scan_text(tx, &options), "");
    options = (persist_scan_options){
        .size = sizeof options, .prefix = persist_text("m"), .to = persist_text("m")};
    ck_assert_str_eq(scan_text(tx, &options), "");
    options = (persist_scan_options){.size = sizeof options, .flags = 0x80};
    assert_status(persist_scan(tx, &options, &cursor, fixture_error()), PERSIST_INVALID);
    ck_assert_str_eq(scan_text(tx, NULL), "m=1");
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

/* Only what was consumed counts: a scan that stopped early does not conflict beyond. */
START_TEST(range_is_validated_as_far_as_it_was_read)
{
    persist_store *store = fixture_open(_i);
    persist_row row = {.size = sizeof row};
    persist_cursor *cursor;
    for (int reverse = 0; reverse < 2; reverse++)
        for (int beyond = 0; beyond < 2; beyond++) {
            persist_tx *tx = begin(store);
            for (char c = 'b'; c <= 'p'; c++)
                put(tx, (char[]){c, '\0'}, "1");
            commit(tx);
            tx = begin(store);
            persist_scan_options options = {.size = sizeof options,
                                            .flags = reverse ? PERSIST_SCAN_REVERSE : 0};
            assert_ok(persist_scan(tx, &options, &cursor, fixture_error()));
            for (int i = 0; i < 5; i++)
                assert_ok(persist_cursor_next(cursor, &row, fixture_error()));
            put_one(store, (reverse ^ beyond) ? "n" : "c", "2");
            put(tx, "other", "1");
            if (beyond)
                commit(tx);
            else
                commit_fails(tx, PERSIST_CONFLICT);
        }
    fixture_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scans");
    TCase *tcase = tcase_create("scan");
    int n = fixture_backends();
    tcase_add_checked_fixture(tcase, fixture_begin, fixture_end);
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, scans_equal_a_model, 0, n);
    tcase_add_loop_test(tcase, writes_while_scanning, 0, n);
    tcase_add_loop_test(tcase, bounds_that_make_no_sense, 0, n);
    tcase_add_loop_test(tcase, range_is_validated_as_far_as_it_was_read, 0, n);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
