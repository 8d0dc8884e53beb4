/* SPDX-License-Identifier: MIT */
#include "tools/persist/progress.h"

#include "core/base/clock.h"
#include "tools/persist/input.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *line(bool terminal, uint64_t total, uint64_t bytes)
{
    static char text[160];
    struct progress progress = {.terminal = terminal, .verb = "load", .total = total};
    return progress_line(&progress, 1000, bytes, 2 * NS_PER_S, text, sizeof text);
}

START_TEST(lines)
{
    ck_assert_str_eq(line(false, 0, 50), "load: 1000 rows, 500 rows/s");
    ck_assert_str_eq(line(true, 0, 50), "load: 1000 rows, 500 rows/s");
    ck_assert_str_eq(line(false, 200, 50), "load: 25% 1000 rows, 500 rows/s");
    ck_assert_str_eq(line(true, 200, 50),
                     "load: [######..................]  25% 1000 rows, 500 rows/s");
    ck_assert_str_eq(line(true, 200, 0),
                     "load: [........................]   0% 1000 rows, 500 rows/s");
    /* A file that grows while it is read. */
    ck_assert_str_eq(line(true, 200, 999),
                     "load: [########################] 100% 1000 rows, 500 rows/s");
}
END_TEST

/* Standard error as a file; what one step writes there, `late` or in time. */
static size_t told(bool quiet, bool terminal, bool late)
{
    struct progress progress;
    int kept = dup(STDERR_FILENO), file = memfd_create("stderr", 0);
    dup2(file, STDERR_FILENO);
    progress_begin(&progress, "load", 0, quiet);
    ck_assert(!progress.terminal);
    progress.terminal = terminal;
    if (late)
        progress.next = 0;
    progress_step(&progress, 1, 1);
    progress_step(&progress, 2, 2);
    progress_end(&progress);
    fflush(stderr);
    off_t size = lseek(file, 0, SEEK_END);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(file);
    return (size_t)size;
}

START_TEST(told_only_now_and_then)
{
    ck_assert_uint_eq(told(false, false, false), 0);
    ck_assert_uint_gt(told(false, false, true), 0);
    ck_assert_uint_gt(told(false, true, true), 0);
    ck_assert_uint_eq(told(true, false, true), 0);
}
END_TEST

static persist_status count(const char *text, uint64_t least, uint64_t expected)
{
    uint64_t value = 0;
    persist_error *error = persist_error_new();
    persist_status status = input_count(text, least, "--limit", &value, error);
    if (status == PERSIST_OK)
        ck_assert_uint_eq(value, expected);
    else
        ck_assert_ptr_nonnull(strstr(persist_error_message(error), "--limit is '"));
    persist_error_free(error);
    return status;
}

START_TEST(counts)
{
    ck_assert_int_eq(count("0", 0, 0), PERSIST_OK);
    ck_assert_int_eq(count("0", 1, 0), PERSIST_INVALID);
    ck_assert_int_eq(count("1", 1, 1), PERSIST_OK);
    ck_assert_int_eq(count("9223372036854775807", 1, INT64_MAX), PERSIST_OK);
    ck_assert_int_eq(count("9223372036854775808", 1, 0), PERSIST_INVALID);
    ck_assert_int_eq(count("-1", 0, 0), PERSIST_INVALID);
    ck_assert_int_eq(count("", 0, 0), PERSIST_INVALID);
    ck_assert_int_eq(count("1x", 0, 0), PERSIST_INVALID);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command progress");
    TCase *cases = tcase_create("progress");
    tcase_add_test(cases, lines);
    tcase_add_test(cases, told_only_now_and_then);
    tcase_add_test(cases, counts);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
