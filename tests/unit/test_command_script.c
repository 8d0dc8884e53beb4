/* SPDX-License-Identifier: MIT */
#include "tools/persist/script.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

static struct script script;
static persist_error *error;

static persist_status parse_as(const char *text, size_t size, enum encoding encoding)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], text, size), (ssize_t)size);
    close(ends[1]);
    struct lines lines = {.name = "s", .fd = ends[0], .max = LINES_MAX};
    error = persist_error_new();
    persist_status status = script_read(&script, &lines, encoding, error);
    lines_close(&lines);
    return status;
}

static void done(void)
{
    script_free(&script);
    persist_error_free(error);
}

static bool is(struct script_word word, const char *text, size_t size)
{
    return bytes_compare(script_bytes(&script, word), (persist_bytes){text, size}) == 0;
}

/* One step of this text. */
static void step(const char *text, enum step_kind kind, const char *key, const char *value)
{
    ck_assert_msg(parse_as(text, strlen(text), ENCODING_TEXT) == PERSIST_OK, "%s",
                  persist_error_message(error));
    ck_assert_uint_eq(script.n, 1);
    ck_assert_int_eq((int)script.steps[0].kind, (int)kind);
    ck_assert(is(script.steps[0].key, key, strlen(key)));
    ck_assert(is(script.steps[0].value, value, strlen(value)));
    done();
}

static void bad(const char *text, const char *message)
{
    ck_assert_int_eq(parse_as(text, strlen(text), ENCODING_TEXT), PERSIST_INVALID);
    ck_assert_msg(strstr(persist_error_message(error), message), "%s",
                  persist_error_message(error));
    done();
}

START_TEST(steps)
{
    step("get a", STEP_GET, "a", "");
    step("put a b", STEP_PUT, "a", "b");
    step("delete a", STEP_DELETE, "a", "");
    step("check a b", STEP_CHECK, "a", "b");
    step("check-absent a\n", STEP_CHECK_ABSENT, "a", "");
    step("\t put \t a  b \t", STEP_PUT, "a", "b");
    step("put a b # why\n# nothing\n\n   \n", STEP_PUT, "a", "b");
    step("put a b\r\n", STEP_PUT, "a", "b");
    step("put a#b c#d", STEP_PUT, "a#b", "c#d");
}
END_TEST

START_TEST(quotes)
{
    step("put \"a b\" \"\"", STEP_PUT, "a b", "");
    step("put \"#\" \"\\\"\\\\\\n\\t\\x41\\x7A\"", STEP_PUT, "#", "\"\\\n\tAz");
    step("\"get\" a", STEP_GET, "a", "");
    bad("get \"a", "s:1: a quote is not closed");
    bad("get \"a\\", "unknown escape");
    bad("get \"\\q\"", "unknown escape");
    bad("get \"\\x4\"", "unknown escape");
    bad("get \"\\x4g\"", "unknown escape");
    bad("get \"a\"b", "behind its closing quote");
    bad("get a\"b", "double quotes");
    bad("get a\\b", "double quotes");
}
END_TEST

START_TEST(nul_bytes)
{
    ck_assert_int_eq(parse_as("get \"\\x00\"", 10, ENCODING_TEXT), PERSIST_OK);
    ck_assert(is(script.steps[0].key, "\0", 1));
    done();
    ck_assert_int_eq(parse_as("get a\0b", 7, ENCODING_TEXT), PERSIST_INVALID);
    done();
}
END_TEST

START_TEST(faults_name_file_and_line)
{
    bad("get a\n\nfetch b", "s:3: unknown step 'fetch'");
    bad("get", "s:1: too few words: write get KEY");
    bad("get a b", "too many words: write get KEY");
    bad("put a", "too few words: write put KEY VALUE");
    bad("put a b c", "too many words");
}
END_TEST

START_TEST(encoded_words)
{
    ck_assert_int_eq(parse_as("put 6b 00ff", 11, ENCODING_HEX), PERSIST_OK);
    ck_assert(is(script.steps[0].key, "k", 1));
    ck_assert(is(script.steps[0].value, "\0\xff", 2));
    done();
    ck_assert_int_eq(parse_as("get 6", 5, ENCODING_HEX), PERSIST_INVALID);
    ck_assert_ptr_nonnull(strstr(persist_error_message(error), "s:1: the key '6' is not hex"));
    done();
    ck_assert_int_eq(parse_as("get a2s=", 8, ENCODING_BASE64), PERSIST_OK);
    ck_assert(is(script.steps[0].key, "kk", 2));
    done();
}
END_TEST

START_TEST(many_steps)
{
    struct buf text = {0};
    for (int i = 0; i < 1000; i++)
        ck_assert(buf_add(&text, "put k v\n", 8));
    ck_assert_int_eq(parse_as((const char *)text.data, text.size, ENCODING_TEXT), PERSIST_OK);
    ck_assert_uint_eq(script.n, 1000);
    ck_assert_uint_eq(script.steps[999].line, 1000);
    ck_assert(is(script.steps[999].value, "v", 1));
    done();
    ck_assert_int_eq(parse_as("", 0, ENCODING_TEXT), PERSIST_OK);
    ck_assert_uint_eq(script.n, 0);
    done();
    buf_free(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command script");
    TCase *cases = tcase_create("script");
    tcase_add_test(cases, steps);
    tcase_add_test(cases, quotes);
    tcase_add_test(cases, nul_bytes);
    tcase_add_test(cases, faults_name_file_and_line);
    tcase_add_test(cases, encoded_words);
    tcase_add_test(cases, many_steps);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
