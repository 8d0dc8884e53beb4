/* SPDX-License-Identifier: MIT */
/* The window of records that a process keeps. */
#include "core/txn/log.h"

#include <check.h>
#include <stdlib.h>

static struct log window;

/* As if a commit at the timestamp had been appended; its record takes `size` bytes. */
static void append(int64_t timestamp, size_t size)
{
    persist_clock clock = {.head = timestamp};
    struct record *record = size ? calloc(1, sizeof *record) : NULL;
    log_appended(&window, &clock, record, size);
}

static void begin(size_t max)
{
    persist_clock clock = {.head = 100};
    log_init(&window, &clock, max);
}

static int64_t above(int64_t timestamp)
{
    const struct log_entry *entry = log_above(&window, timestamp);
    return entry ? entry->timestamp : 0;
}

/* The entries are there in both directions, none more. */
static void assert_holds(const int64_t *timestamps, size_t n)
{
    const struct log_entry *entry = window.oldest, *before = NULL;
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++, before = entry, entry = entry->next) {
        ck_assert_ptr_nonnull(entry);
        ck_assert_ptr_eq(entry->before, before);
        ck_assert_int_eq(entry->timestamp, timestamps[i]);
        bytes += entry->size;
    }
    ck_assert_ptr_null(entry);
    ck_assert_ptr_eq(window.newest, before);
    ck_assert_uint_eq(window.window_bytes, bytes);
}

START_TEST(above_an_empty_window_is_nothing)
{
    begin(1000);
    ck_assert_int_eq(above(0), 0);
    ck_assert_int_eq(above(100), 0);
    assert_holds(NULL, 0);
    log_free(&window);
}
END_TEST

START_TEST(above_is_the_oldest_that_is_newer)
{
    begin(100000);
    for (int64_t at = 110; at <= 150; at += 10)
        append(at, 50);
    ck_assert_int_eq(above(0), 110);
    ck_assert_int_eq(above(109), 110);
    ck_assert_int_eq(above(110), 120);
    ck_assert_int_eq(above(139), 140);
    ck_assert_int_eq(above(149), 150);
    ck_assert_int_eq(above(150), 0);
    assert_holds((int64_t[]){110, 120, 130, 140, 150}, 5);
    log_free(&window);
}
END_TEST

START_TEST(the_oldest_leave_when_it_is_full)
{
    const size_t each = 50 + sizeof(struct log_entry);
    begin(3 * each);
    for (int64_t at = 110; at <= 130; at += 10)
        append(at, 50);
    ck_assert_int_eq(window.window_floor, 100);
    assert_holds((int64_t[]){110, 120, 130}, 3);
    append(140, 50);
    ck_assert_int_eq(window.window_floor, 110);
    assert_holds((int64_t[]){120, 130, 140}, 3);
    append(150, 51);
    ck_assert_int_eq(window.window_floor, 130);
    assert_holds((int64_t[]){140, 150}, 2);
    append(160, 3 * each);
    ck_assert_int_eq(window.window_floor, 160);
    assert_holds(NULL, 0);
    append(170, 50);
    ck_assert_int_eq(above(160), 170);
    assert_holds((int64_t[]){170}, 1);
    log_free(&window);
}
END_TEST

START_TEST(a_record_that_could_not_be_kept_empties_it)
{
    persist_clock known;
    begin(100000);
    append(110, 50);
    append(120, 0);
    ck_assert_int_eq(window.window_floor, 120);
    assert_holds(NULL, 0);
    log_known(&window, &known);
    ck_assert_int_eq(known.head, 120);
    append(130, 50);
    assert_holds((int64_t[]){130}, 1);
    log_free(&window);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *cases = tcase_create("window");
    tcase_add_test(cases, above_an_empty_window_is_nothing);
    tcase_add_test(cases, above_is_the_oldest_that_is_newer);
    tcase_add_test(cases, the_oldest_leave_when_it_is_full);
    tcase_add_test(cases, a_record_that_could_not_be_kept_empties_it);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
