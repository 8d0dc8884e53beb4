/* SPDX-License-Identifier: MIT */
#include "tools/persist/output.h"

#include <persist/persist.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct sink sink;
static struct output output;

static const struct column columns[] = {
    {"key", CELL_BYTES, false}, {"name", CELL_TEXT, false}, {"at", CELL_TIME, true},
    {"span", CELL_SPAN, false}, {"n", CELL_INTEGER, false}, {"on", CELL_FLAG, false},
};

static void begin(enum output_format format)
{
    sink_begin(&sink, memfd_create("output", 0));
    ck_assert_int_ge(sink.fd, 0);
    output_init(&output, &sink, format);
}

/* Compares what was written, and ends the sink. */
static void expect(const char *text)
{
    char written[4096] = "";
    sink_flush(&sink);
    ck_assert_int_eq(lseek(sink.fd, 0, SEEK_SET), 0);
    ck_assert_int_ge(read(sink.fd, written, sizeof written - 1), 0);
    ck_assert_str_eq(written, text);
    ck_assert(sink_finish(&sink));
}

static void row(const char *key, const char *name)
{
    output_bytes(&output, persist_text(key));
    output_text(&output, name);
    output_time(&output, INT64_MAX);
    output_span(&output, INT64_C(7) * 86400 * 1000000000);
    output_integer(&output, -5);
    output_flag(&output, true);
}

static void empty_row(void)
{
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        output_none(&output);
}

static void list(enum output_format format, int rows)
{
    begin(format);
    output_begin(&output, OUTPUT_LIST, columns, sizeof columns / sizeof *columns);
    if (rows > 0)
        row("k", "a,\"b\"");
    if (rows > 1)
        row("\xff\x01", "x\ty\n");
    if (rows > 2)
        empty_row();
    output_end(&output, true);
}

START_TEST(text_list)
{
    list(OUTPUT_TEXT, 3);
    expect(
        "k\ta,\"b\"\t7d\t-5\tyes\n"
        "\\xff\\x01\tx\\ty\\n\t7d\t-5\tyes\n"
        "-\t-\t-\t-\t-\n");
    list(OUTPUT_TEXT, 0);
    expect("");
}
END_TEST

START_TEST(text_one)
{
    begin(OUTPUT_TEXT);
    output_begin(&output, OUTPUT_ONE, columns, sizeof columns / sizeof *columns);
    row("k", "b");
    output_end(&output, true);
    expect("key   k\nname  b\nspan  7d\nn     -5\non    yes\n");
}
END_TEST

START_TEST(text_escapes)
{
    begin(OUTPUT_TEXT);
    output_line_text(&output, persist_text("\\ \t\n\r \x1b[0m \x7f \xc2\x85 \xc3\xa9 \xc3"));
    output_line_text(&output, (persist_bytes){"\0", 1});
    expect("\\\\ \\t\\n\\r \\x1b[0m \\x7f \\xc2\\x85 \xc3\xa9 \\xc3\\x00");
}
END_TEST

START_TEST(text_encoded)
{
    begin(OUTPUT_TEXT);
    output.encoding = ENCODING_HEX;
    output_line_text(&output, persist_text("k\xff"));
    output.encoding = ENCODING_BASE64;
    output_line_text(&output, persist_text("k\xff"));
    expect("6bffa/8=");
}
END_TEST

START_TEST(json_list)
{
    list(OUTPUT_JSON, 3);
    expect(
        "[\n"
        "{\"key\":\"k\",\"name\":\"a,\\\"b\\\"\",\"at\":\"9223372036854775807\","
        "\"span\":\"604800000000000\",\"n\":-5,\"on\":true},\n"
        "{\"key_base64\":\"/wE=\",\"name\":\"x\\ty\\n\",\"at\":\"9223372036854775807\","
        "\"span\":\"604800000000000\",\"n\":-5,\"on\":true},\n"
        "{\"key\":null,\"name\":null,\"at\":null,\"span\":null,\"n\":null,\"on\":null}\n]\n");
    list(OUTPUT_JSON, 0);
    expect("[]\n");
}
END_TEST

START_TEST(what_is_not_complete_has_no_end)
{
    static const struct column one[] = {{"n", CELL_INTEGER, false}};
    for (int format = OUTPUT_TEXT; format <= OUTPUT_CSV; format++) {
        begin((enum output_format)format);
        output_begin(&output, OUTPUT_LIST, one, 1);
        output_end(&output, false);
        expect("");
    }
    begin(OUTPUT_JSON);
    output_begin(&output, OUTPUT_LIST, one, 1);
    output_integer(&output, 1);
    output_end(&output, false);
    expect("[\n{\"n\":1}");
}
END_TEST

START_TEST(json_one)
{
    static const struct column one[] = {{"on", CELL_FLAG, false}};
    begin(OUTPUT_JSON);
    output_begin(&output, OUTPUT_ONE, one, 1);
    output_flag(&output, false);
    output_end(&output, true);
    expect("{\"on\":false}\n");
}
END_TEST

START_TEST(json_strings)
{
    struct emit emit = {.sink = &sink};
    begin(OUTPUT_JSON);
    emit_begin(&emit, '[');
    emit_string(&emit, (persist_bytes){"\0\x1f\"\\/\b\f\n\r\t\x7f\xe2\x82\xac", 14});
    emit_string(&emit, persist_text("a\xff"));
    emit_integer(&emit, INT64_MIN);
    emit_null(&emit);
    emit_end(&emit, ']');
    expect(
        "[\"\\u0000\\u001f\\\"\\\\/\\b\\f\\n\\r\\t\\u007f\xe2\x82\xac\",\"a\xef\xbf\xbd\","
        "-9223372036854775808,null]");
}
END_TEST

START_TEST(ndjson)
{
    static const struct column one[] = {{"n", CELL_INTEGER, false}};
    begin(OUTPUT_NDJSON);
    output_begin(&output, OUTPUT_LIST, one, 1);
    output_integer(&output, 1);
    output_integer(&output, 2);
    output_end(&output, true);
    expect("{\"n\":1}\n{\"n\":2}\n");
}
END_TEST

START_TEST(csv)
{
    list(OUTPUT_CSV, 3);
    expect(
        "key,key_base64,name,at,span,n,on\n"
        "k,,\"a,\"\"b\"\"\",9223372036854775807,604800000000000,-5,true\n"
        ",/wE=,\"x\ty\n\",9223372036854775807,604800000000000,-5,true\n"
        ",,,,,,\n");
    list(OUTPUT_CSV, 0);
    expect("key,key_base64,name,at,span,n,on\n");
}
END_TEST

/* Four digits count, but none is cut off before the point. */
static void numbers(enum output_format format)
{
    static const struct column one[] = {{"x", CELL_NUMBER, false}};
    static const double values[] = {0,      1,       -2.5,      1234.5,        12345.6,
                                    0.1234, 0.00012, 0.0000001, 999999999.125, 9.9996};
    begin(format);
    output_begin(&output, OUTPUT_LIST, one, 1);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        output_number(&output, values[i]);
    output_number(&output, (double)NAN);
    output_number(&output, (double)INFINITY);
    output_none(&output);
    output_end(&output, true);
}

START_TEST(numbers_have_four_digits)
{
    numbers(OUTPUT_TEXT);
    expect(
        "0\n1.000\n-2.500\n1234\n12346\n0.1234\n0.000120\n0.000000\n999999999\n"
        "10.000\n-\n-\n-\n");
    numbers(OUTPUT_CSV);
    expect(
        "x\n0\n1.000\n-2.500\n1234\n12346\n0.1234\n0.000120\n0.000000\n999999999\n"
        "10.000\n\n\n\n");
    numbers(OUTPUT_NDJSON);
    expect(
        "{\"x\":0}\n{\"x\":1.000}\n{\"x\":-2.500}\n{\"x\":1234}\n{\"x\":12346}\n"
        "{\"x\":0.1234}\n{\"x\":0.000120}\n{\"x\":0.000000}\n{\"x\":999999999}\n"
        "{\"x\":10.000}\n{\"x\":null}\n{\"x\":null}\n{\"x\":null}\n");
}
END_TEST

START_TEST(large_cells_pass_the_buffer)
{
    size_t size = 3 * sizeof sink.data + 1;
    char *big = malloc(size);
    memset(big, 'x', size);
    begin(OUTPUT_TEXT);
    sink_char(&sink, 'a');
    sink_add(&sink, big, size);
    sink_char(&sink, 'b');
    sink_flush(&sink);
    ck_assert_int_eq(lseek(sink.fd, 0, SEEK_END), (off_t)size + 2);
    ck_assert(sink_finish(&sink));
    free(big);
}
END_TEST

START_TEST(full_disk_is_a_fault)
{
    sink_begin(&sink, open("/dev/full", O_WRONLY));
    output_init(&output, &sink, OUTPUT_TEXT);
    sink_text(&sink, "data");
    ck_assert(output_open(&output));
    sink_flush(&sink);
    ck_assert(!output_open(&output));
    ck_assert(!sink_finish(&sink));
    ck_assert_int_eq(sink.fault, ENOSPC);
}
END_TEST

START_TEST(reader_that_left_is_no_fault)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    sink_begin(&sink, ends[1]);
    output_init(&output, &sink, OUTPUT_TEXT);
    sink_text(&sink, "data");
    sink_flush(&sink);
    ck_assert(!output_open(&output));
    ck_assert(sink_finish(&sink));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command output");
    TCase *cases = tcase_create("output");
    tcase_add_test(cases, text_list);
    tcase_add_test(cases, text_one);
    tcase_add_test(cases, text_escapes);
    tcase_add_test(cases, text_encoded);
    tcase_add_test(cases, json_list);
    tcase_add_test(cases, what_is_not_complete_has_no_end);
    tcase_add_test(cases, json_one);
    tcase_add_test(cases, json_strings);
    tcase_add_test(cases, ndjson);
    tcase_add_test(cases, csv);
    tcase_add_test(cases, numbers_have_four_digits);
    tcase_add_test(cases, large_cells_pass_the_buffer);
    tcase_add_test(cases, full_disk_is_a_fault);
    tcase_add_test(cases, reader_that_left_is_no_fault);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
