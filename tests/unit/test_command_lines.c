/* SPDX-License-Identifier: MIT */
#include "tools/persist/lines.h"
#include "tools/persist/signals.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/persist-lines-XXXXXX";
static char path[64];
static struct lines lines;
static persist_error *error;

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    error = persist_error_new();
}

static void tear_down(void)
{
    persist_error_free(error);
    unlink(path);
    rmdir(folder);
}

static void open_with(const char *data, size_t size)
{
    FILE *file = fopen(path, "w");
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(lines_open(&lines, path, error), PERSIST_OK);
    ck_assert_uint_eq(lines.total, size);
}

static void next(const char *text)
{
    persist_bytes line;
    ck_assert_int_eq(lines_next(&lines, &line, error), PERSIST_OK);
    ck_assert_uint_eq(line.size, strlen(text));
    ck_assert_int_eq(memcmp(line.data, text, line.size), 0);
}

static void end(void)
{
    persist_bytes line;
    ck_assert_int_eq(lines_next(&lines, &line, error), PERSIST_END);
    ck_assert_int_eq(lines_next(&lines, &line, error), PERSIST_END);
    lines_close(&lines);
}

START_TEST(endings)
{
    open_with("a\n\nb\r\nc", 7);
    next("a");
    ck_assert_uint_eq(lines.number, 1);
    ck_assert_uint_eq(lines.taken, 2);
    next("");
    next("b");
    next("c");
    ck_assert_uint_eq(lines.number, 4);
    ck_assert_uint_eq(lines.taken, 7);
    end();
    open_with("", 0);
    end();
}
END_TEST

START_TEST(longer_than_a_chunk)
{
    size_t size = 1 << 20;
    char *data = malloc(size + 3);
    persist_bytes line;
    memset(data, 'x', size);
    memcpy(data + size, "\ny\n", 3);
    open_with(data, size + 3);
    ck_assert_int_eq(lines_next(&lines, &line, error), PERSIST_OK);
    ck_assert_uint_eq(line.size, size);
    next("y");
    end();
    free(data);
}
END_TEST

START_TEST(length_is_bounded)
{
    persist_bytes line;
    open_with("12345\n123456\n", 13);
    lines.max = 5;
    next("12345");
    ck_assert_int_eq(lines_next(&lines, &line, error), PERSIST_LIMIT);
    ck_assert_ptr_nonnull(strstr(persist_error_message(error), ":2: "));
    lines_close(&lines);
}
END_TEST

START_TEST(rest_is_bounded)
{
    persist_bytes rest;
    open_with("12345", 5);
    lines.max = 5;
    ck_assert_int_eq(lines_rest(&lines, &rest, error), PERSIST_OK);
    ck_assert_uint_eq(rest.size, 5);
    lines_close(&lines);
    open_with("123456", 6);
    lines.max = 5;
    ck_assert_int_eq(lines_rest(&lines, &rest, error), PERSIST_LIMIT);
    lines_close(&lines);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
    persist_bytes line;
    ck_assert_int_eq(lines_open(&lines, "/nowhere/at/all", error), PERSIST_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(persist_error_message(error), "/nowhere/at/all"));
    ck_assert_int_eq(lines_open(&lines, folder, error), PERSIST_OK);
    ck_assert_int_eq(lines_next(&lines, &line, error), PERSIST_IO);
    lines_close(&lines);
}
END_TEST

START_TEST(signal_ends_the_waiting)
{
    int ends[2];
    persist_bytes line;
    ck_assert(signals_install());
    ck_assert(!signals_caught());
    ck_assert_int_eq(pipe(ends), 0);
    lines = (struct lines){.name = "pipe", .fd = ends[0], .max = LINES_MAX};
    raise(SIGINT);
    ck_assert(signals_caught());
    ck_assert_int_eq(lines_next(&lines, &line, error), PERSIST_INTERRUPTED);
    lines_close(&lines);
    close(ends[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command lines");
    TCase *cases = tcase_create("lines");
    tcase_add_test(cases, endings);
    tcase_add_test(cases, longer_than_a_chunk);
    tcase_add_test(cases, length_is_bounded);
    tcase_add_test(cases, rest_is_bounded);
    tcase_add_test(cases, files_that_cannot_be_read);
    tcase_add_test(cases, signal_ends_the_waiting);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
