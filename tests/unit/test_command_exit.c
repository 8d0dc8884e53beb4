/* SPDX-License-Identifier: MIT */
#include "tools/persist/exit.h"

#include <check.h>
#include <stdbool.h>

START_TEST(each_status_has_its_code)
{
    static const struct {
        persist_status status;
        int code;
    } expected[] = {
        {PERSIST_OK, 0},
        {PERSIST_END, 0},
        {PERSIST_NOT_FOUND, 4},
        {PERSIST_EXISTS, 1},
        {PERSIST_CONFLICT, 5},
        {PERSIST_PRECONDITION, 11},
        {PERSIST_INVALID, 2},
        {PERSIST_LIMIT, 1},
        {PERSIST_MISUSE, 1},
        {PERSIST_TOO_OLD, 9},
        {PERSIST_CLOCK, 1},
        {PERSIST_FENCED, 13},
        {PERSIST_MOVED, 13},
        {PERSIST_LOADING, 13},
        {PERSIST_DIVERGED, 13},
        {PERSIST_DAMAGED, 6},
        {PERSIST_BUSY, 5},
        {PERSIST_UNAVAILABLE, 7},
        {PERSIST_AUTH, 7},
        {PERSIST_TIMEOUT, 10},
        {PERSIST_INTERRUPTED, 130},
        {PERSIST_UNRESOLVED, 12},
        {PERSIST_FULL, 1},
        {PERSIST_READ_ONLY, 1},
        {PERSIST_NO_MEMORY, 1},
        {PERSIST_IO, 1},
        {PERSIST_CONFIG, 3},
        {PERSIST_PLUGIN_REFUSED, 8},
        {PERSIST_FOREIGN, 8},
        {PERSIST_FORMAT, 8},
        {PERSIST_UNSUPPORTED, 1},
        {PERSIST_FORKED, 1},
        {PERSIST_INTERNAL, 1},
    };
    ck_assert_uint_eq(sizeof expected / sizeof *expected, PERSIST_STATUS_COUNT);
    for (size_t i = 0; i < PERSIST_STATUS_COUNT; i++) {
        ck_assert_int_eq((int)expected[i].status, (int)i);
        ck_assert_int_eq((int)exit_code_of(expected[i].status), expected[i].code);
    }
    ck_assert_int_eq((int)exit_code_of((persist_status)PERSIST_STATUS_COUNT), 1);
}
END_TEST

START_TEST(each_code_has_a_meaning)
{
    for (int status = 0; status < PERSIST_STATUS_COUNT; status++) {
        bool found = false;
        for (const struct exit_meaning *meaning = exit_meanings; meaning->text; meaning++)
            found = found || meaning->code == exit_code_of((persist_status)status);
        ck_assert_msg(found, "status %d", status);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command exit");
    TCase *cases = tcase_create("exit");
    tcase_add_test(cases, each_status_has_its_code);
    tcase_add_test(cases, each_code_has_a_meaning);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
