/* SPDX-License-Identifier: MIT */
#include "tools/persist/time.h"

#include <check.h>
#include <string.h>

#define S INT64_C(1000000000)
#define NOW (INT64_C(1700000000) * S)

static void good(const char *text, int64_t expected)
{
    int64_t ns = -1;
    const char *fault = time_parse(text, NOW, &ns);
    ck_assert_msg(!fault, "%s: %s", text, fault);
    ck_assert_msg(ns == expected, "%s: %lld", text, (long long)ns);
}

static void bad(const char *text, const char *why)
{
    int64_t ns;
    const char *fault = time_parse(text, NOW, &ns);
    ck_assert_msg(fault && strstr(fault, why), "%s: %s", text, fault ? fault : "taken");
}

START_TEST(nanoseconds)
{
    good("0", 0);
    good("1700000000123456789", INT64_C(1700000000123456789));
    good("9223372036854775807", INT64_MAX);
    bad("9223372036854775808", "range");
    bad("-1", "negative");
    bad("-0", "negative");
    bad("", "empty");
    bad("-", "empty");
    bad("+5", "not a time");
    bad("1e9", "not a time");
}
END_TEST

START_TEST(rfc3339)
{
    good("1970-01-01T00:00:00Z", 0);
    good("2023-11-14T22:13:20Z", NOW);
    good("2023-11-14t22:13:20z", NOW);
    good("2023-11-14 22:13:20Z", NOW);
    good("2023-11-14T23:13:20+01:00", NOW);
    good("2023-11-14T16:43:20-05:30", NOW);
    good("2023-11-14T22:13:20.5Z", NOW + S / 2);
    good("2023-11-14T22:13:20.000000001Z", NOW + 1);
    good("2000-02-29T00:00:00Z", INT64_C(951782400) * S);
    good("2016-12-31T23:59:60Z", INT64_C(1483228800) * S);
    good("2262-04-11T23:47:16.854775807Z", INT64_MAX);
    bad("2262-04-11T23:47:16.854775808Z", "range");
    bad("9999-12-31T23:59:59Z", "range");
    bad("1969-12-31T23:59:59Z", "range");
    bad("1970-01-01T00:00:00+00:01", "range");
}
END_TEST

START_TEST(rfc3339_faults)
{
    bad("2023-11-14", "not a time");
    bad("2023-11-14T22:13Z", "not a time");
    bad("2023-11-14T22:13:20", "offset");
    bad("2023-11-14T22:13:20+0100", "offset");
    bad("2023-11-14T22:13:20+24:00", "offset");
    bad("2023-11-14T22:13:20+01:60", "offset");
    bad("2023-11-14T22:13:20.Z", "fraction");
    bad("2023-11-14T22:13:20.0000000001Z", "fraction");
    bad("2023-11-14T22:13:20Zx", "not a time");
    bad("2023-02-29T00:00:00Z", "day");
    bad("2100-02-29T00:00:00Z", "day");
    bad("2023-00-01T00:00:00Z", "day");
    bad("2023-13-01T00:00:00Z", "day");
    bad("2023-01-00T00:00:00Z", "day");
    bad("2023-04-31T00:00:00Z", "day");
    bad("2023-01-01T24:00:00Z", "day");
    bad("2023-01-01T00:60:00Z", "day");
    bad("2023-01-01T00:00:61Z", "day");
    bad("yesterday", "not a time");
}
END_TEST

START_TEST(ages)
{
    good("-15m", NOW - 900 * S);
    good("-1h30m", NOW - 5400 * S);
    good("-90s", NOW - 90 * S);
    good("-7d", NOW - 7 * 86400 * S);
    good("-1ns", NOW - 1);
    good("-0s", NOW);
    bad("-15", "negative");
    bad("-15x", "not an age");
    bad("-m", "not an age");
    bad("-1h30", "not an age");
    bad("--1h", "not an age");
    bad("-1.5h", "not an age");
    bad("-20000d", "range"); /* before 1970 */
    bad("-99999999999999999999s", "not an age");
    bad("-9000000000s9000000000s", "range");
}
END_TEST

START_TEST(shown)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000000000Z"},
        {NOW + 5, "2023-11-14T22:13:20.000000005Z"},
        {INT64_MAX, "2262-04-11T23:47:16.854775807Z"},
        {-1, "1969-12-31T23:59:59.999999999Z"},
        {INT64_MIN, "1677-09-21T00:12:43.145224192Z"},
        {INT64_C(951827696) * S, "2000-02-29T12:34:56.000000000Z"},
    };
    char text[TIME_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_str_eq(time_show(cases[i].ns, text), cases[i].text);
}
END_TEST

/* Every day up to 2262 is shown and read back. */
START_TEST(round_trip)
{
    for (int64_t day = 0; day < 106751; day++) {
        char text[TIME_TEXT];
        int64_t ns = day * 86400 * S + day, back;
        ck_assert_ptr_null(time_parse(time_show(ns, text), NOW, &back));
        ck_assert_int_eq(back, ns);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command time");
    TCase *cases = tcase_create("time");
    tcase_add_test(cases, nanoseconds);
    tcase_add_test(cases, rfc3339);
    tcase_add_test(cases, rfc3339_faults);
    tcase_add_test(cases, ages);
    tcase_add_test(cases, shown);
    tcase_add_test(cases, round_trip);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
