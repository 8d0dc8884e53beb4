/* SPDX-License-Identifier: MIT */
/* Numbers with units, nearest words, texts, and conversion by declaration. */
#include "core/config/declare.h"
#include "core/config/nearest.h"
#include "core/config/text.h"
#include "core/config/units.h"

#include <check.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum units_fault (*read_fn)(const char *text, int64_t *out);

struct number_case {
    const char *text;
    enum units_fault fault;
    int64_t value;
};

static void check_numbers(read_fn read, const struct number_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t value = -77;
        enum units_fault fault = read(cases[i].text, &value);
        ck_assert_msg(fault == cases[i].fault, "\"%s\": %s", cases[i].text,
                      units_fault_text(fault));
        ck_assert_msg(value == (fault ? -77 : cases[i].value), "\"%s\" read as %lld", cases[i].text,
                      (long long)value);
    }
}
#define CHECK_NUMBERS(read, cases) check_numbers(read, cases, sizeof cases / sizeof *cases)

START_TEST(integers)
{
    static const struct number_case cases[] = {
        {"0", UNITS_OK, 0},
        {"42", UNITS_OK, 42},
        {"-1", UNITS_OK, -1},
        {"9223372036854775807", UNITS_OK, INT64_MAX},
        {"9223372036854775808", UNITS_OVERFLOW, 0},
        {"-9223372036854775807", UNITS_OK, -INT64_MAX},
        {"-9223372036854775808", UNITS_OK, INT64_MIN},
        {"-9223372036854775809", UNITS_OVERFLOW, 0},
        {"99999999999999999999999999", UNITS_OVERFLOW, 0},
        {"", UNITS_NOT_A_NUMBER, 0},
        {"-", UNITS_NOT_A_NUMBER, 0},
        {"+1", UNITS_NOT_A_NUMBER, 0},
        {" 1", UNITS_NOT_A_NUMBER, 0},
        {"1 ", UNITS_NOT_A_NUMBER, 0},
        {"--1", UNITS_NOT_A_NUMBER, 0},
        {"1.5", UNITS_NOT_A_NUMBER, 0},
        {"1e400", UNITS_NOT_A_NUMBER, 0},
        {"10x", UNITS_NOT_A_NUMBER, 0},
        {"0x10", UNITS_NOT_A_NUMBER, 0},
        {"1_000", UNITS_NOT_A_NUMBER, 0},
        {"010", UNITS_LEADING_ZERO, 0},
    };
    CHECK_NUMBERS(units_integer, cases);
}
END_TEST

START_TEST(sizes)
{
    static const struct number_case cases[] = {
        {"0", UNITS_OK, 0},
        {"512", UNITS_OK, 512},
        {"512B", UNITS_OK, 512},
        {"1KiB", UNITS_OK, 1024},
        {"64MiB", UNITS_OK, 64 << 20},
        {"2GiB", UNITS_OK, INT64_C(2) << 30},
        {"3TiB", UNITS_OK, INT64_C(3) << 40},
        {"1kB", UNITS_OK, 1000},
        {"1MB", UNITS_OK, 1000000},
        {"1GB", UNITS_OK, 1000000000},
        {"1TB", UNITS_OK, INT64_C(1000000000000)},
        {"8388607TiB", UNITS_OK, INT64_C(8388607) << 40},
        {"8388608TiB", UNITS_OVERFLOW, 0},
        {"9223372036854775808", UNITS_OVERFLOW, 0},
        {"9223372036854775808B", UNITS_OVERFLOW, 0},
        {"1kib", UNITS_UNKNOWN_UNIT, 0},
        {"1K", UNITS_UNKNOWN_UNIT, 0},
        {"1m", UNITS_UNKNOWN_UNIT, 0},
        {"1 MiB", UNITS_UNKNOWN_UNIT, 0},
        {"1.5MiB", UNITS_UNKNOWN_UNIT, 0},
        {"1e400", UNITS_UNKNOWN_UNIT, 0},
        {"-1", UNITS_NOT_A_NUMBER, 0},
        {"MiB", UNITS_NOT_A_NUMBER, 0},
        {"", UNITS_NOT_A_NUMBER, 0},
        {"01KiB", UNITS_LEADING_ZERO, 0},
    };
    CHECK_NUMBERS(units_size, cases);
}
END_TEST

START_TEST(durations)
{
    static const int64_t s = INT64_C(1000000000);
    const struct number_case cases[] = {
        {"0", UNITS_OK, 0},
        {"0s", UNITS_OK, 0},
        {"7ns", UNITS_OK, 7},
        {"90us", UNITS_OK, 90000},
        {"100ms", UNITS_OK, s / 10},
        {"15s", UNITS_OK, 15 * s},
        {"5m", UNITS_OK, 300 * s},
        {"24h", UNITS_OK, 86400 * s},
        {"14d", UNITS_OK, 14 * 86400 * s},
        {"2w", UNITS_OK, 14 * 86400 * s},
        {"9223372036854775807ns", UNITS_OK, INT64_MAX},
        {"9223372036854775808ns", UNITS_OVERFLOW, 0},
        {"106751d", UNITS_OK, INT64_C(106751) * 86400 * s},
        {"106752d", UNITS_OVERFLOW, 0},
        {"5", UNITS_NO_UNIT, 0},
        {"99999999999999999999", UNITS_NO_UNIT, 0},
        {"5x", UNITS_UNKNOWN_UNIT, 0},
        {"5S", UNITS_UNKNOWN_UNIT, 0},
        {"5s ", UNITS_UNKNOWN_UNIT, 0},
        {"1h30m", UNITS_UNKNOWN_UNIT, 0},
        {"1.5s", UNITS_UNKNOWN_UNIT, 0},
        {"-5s", UNITS_NOT_A_NUMBER, 0},
        {"s", UNITS_NOT_A_NUMBER, 0},
        {"00s", UNITS_LEADING_ZERO, 0},
    };
    CHECK_NUMBERS(units_duration, cases);
}
END_TEST

START_TEST(shown)
{
    char out[UNITS_TEXT];
    ck_assert_str_eq(units_show_size(0, out), "0");
    ck_assert_str_eq(units_show_size(1023, out), "1023B");
    ck_assert_str_eq(units_show_size(1024, out), "1KiB");
    ck_assert_str_eq(units_show_size(1000000, out), "1000000B");
    ck_assert_str_eq(units_show_size(INT64_C(16) << 30, out), "16GiB");
    ck_assert_str_eq(units_show_duration(0, out), "0");
    ck_assert_str_eq(units_show_duration(1500, out), "1500ns");
    ck_assert_str_eq(units_show_duration(INT64_C(90000000000), out), "90s");
    ck_assert_str_eq(units_show_duration(INT64_C(604800000000000), out), "7d");
    /* What is shown can be read. */
    int64_t back;
    ck_assert_int_eq(units_duration(units_show_duration(INT64_MAX, out), &back), UNITS_OK);
    ck_assert_int_eq(back, INT64_MAX);
}
END_TEST

START_TEST(distances)
{
    ck_assert_uint_eq(nearest_distance("pool", "pool", 9), 0);
    ck_assert_uint_eq(nearest_distance("pool", "POOL", 9), 0);
    ck_assert_uint_eq(nearest_distance("pol", "pool", 9), 1);
    ck_assert_uint_eq(nearest_distance("polo", "pool", 9), 1);
    ck_assert_uint_eq(nearest_distance("", "pool", 9), 4);
    ck_assert_uint_eq(nearest_distance("kitten", "sitting", 9), 3);
    ck_assert_uint_eq(nearest_distance("kitten", "sitting", 2), 2);
    char longest[66];
    memset(longest, 'x', sizeof longest);
    longest[64] = '\0';
    ck_assert_uint_eq(nearest_distance(longest, "", 99), 64);
    longest[64] = 'x';
    longest[65] = '\0';
    ck_assert_uint_eq(nearest_distance(longest, "", 99), 99);
}
END_TEST

START_TEST(nearest_words)
{
    struct nearest nearest = {.word = "retenshun"};
    nearest_offer(&nearest, "interval");
    ck_assert_ptr_null(nearest.best);
    nearest_offer(&nearest, "retention");
    ck_assert_str_eq(nearest.best, "retention");
    nearest_offer(&nearest, "retension"); /* nearer */
    ck_assert_str_eq(nearest.best, "retension");
    nearest_offer(&nearest, "retention");
    ck_assert_str_eq(nearest.best, "retension");
    struct nearest one = {.word = "x"};
    nearest_offer(&one, "y");
    ck_assert_ptr_null(one.best);
}
END_TEST

START_TEST(utf8)
{
    static const struct {
        const char *text;
        size_t size, fault;
    } cases[] = {
        {"", 0, 0},
        {"abc", 3, 3},
        {"a\0b", 3, 1},
        {"\xC3\xA9", 2, 2},
        {"\xE2\x82\xAC", 3, 3},
        {"\xF0\x9F\x98\x80", 4, 4},
        {"a\x80", 2, 1},            /* continuation alone */
        {"\xC3", 1, 0},             /* cut */
        {"\xC3(", 2, 0},            /* no continuation */
        {"\xC0\x80", 2, 0},         /* overlong NUL */
        {"\xE0\x9F\xBF", 3, 0},     /* overlong */
        {"\xF0\x8F\xBF\xBF", 4, 0}, /* overlong */
        {"\xED\x9F\xBF", 3, 3},     /* U+D7FF */
        {"\xED\xA0\x80", 3, 0},     /* surrogate */
        {"\xF4\x8F\xBF\xBF", 4, 4}, /* U+10FFFF */
        {"\xF4\x90\x80\x80", 4, 0}, /* above */
        {"\xF5\x80\x80\x80", 4, 0}, /* never */
        {"ok\xFF", 3, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(text_fault(cases[i].text, cases[i].size) == cases[i].fault, "case %zu", i);
}
END_TEST

START_TEST(quotes)
{
    char out[TEXT_QUOTE], text[200];
    ck_assert_str_eq(text_quote("a\"b\n\\", 5, out), "a\"b\\x0a\\x5c");
    /* Cut, but never within a character, wherever it lies. */
    for (size_t lead = 0; lead < 4; lead++) {
        size_t used = lead;
        memset(text, 'a', lead);
        while (used < 150) {
            memcpy(text + used, "\xE2\x82\xAC", 3);
            used += 3;
        }
        text_quote(text, used, out);
        ck_assert_uint_eq(text_fault(out, strlen(out)), strlen(out));
        ck_assert_str_eq(out + strlen(out) - 3, "...");
        ck_assert_uint_gt(strlen(out), 50);
    }
}
END_TEST

START_TEST(words)
{
    long index = -1;
    ck_assert(text_in_words("b", "a b c", &index));
    ck_assert_int_eq(index, 1);
    ck_assert(text_in_words("c", "a b c", NULL));
    ck_assert(!text_in_words("", "a b c", NULL));
    ck_assert(!text_in_words("a b", "a b c", NULL));
    ck_assert(!text_in_words("B", "a b c", NULL));
    ck_assert(!text_in_words("a", "", NULL));
    ck_assert(!text_in_words("a", NULL, NULL));
    ck_assert(text_sounds_secret("password"));
    ck_assert(text_sounds_secret("sslPassword"));
    ck_assert(text_sounds_secret("passwd"));
    ck_assert(text_sounds_secret("client_secret"));
    ck_assert(text_sounds_secret("api_token"));
    ck_assert(!text_sounds_secret("password_file"));
    ck_assert(!text_sounds_secret("PASSWORD_ENV"));
    ck_assert(!text_sounds_secret("password_credential"));
    ck_assert(!text_sounds_secret("user"));
}
END_TEST

/* Every number declared takes its bounds and refuses what lies beyond. */
START_TEST(bounds)
{
    for (size_t i = 0; i < n_declarations; i++) {
        const persist_setting *setting = &declarations[i].setting;
        char why[DECLARE_WHY], text[40];
        int64_t value = 0;
        if (setting->type == PERSIST_SETTING_TEXT || setting->type == PERSIST_SETTING_BOOL ||
            setting->type == PERSIST_SETTING_CHOICE)
            continue;
        const char *unit = setting->type == PERSIST_SETTING_DURATION ? "ns" : "";
        ck_assert_int_gt(setting->max, setting->min);
        for (int side = 0; side < 2; side++) {
            int64_t bound = side ? setting->max : setting->min;
            snprintf(text, sizeof text, "%lld%s", (long long)bound, unit);
            ck_assert_msg(declare_convert(setting, text, true, &value, why), "%s %s", setting->name,
                          why);
            ck_assert_int_eq(value, bound);
            snprintf(text, sizeof text, "%lld%s", (long long)(side ? bound + 1 : bound - 1), unit);
            ck_assert_msg(!declare_convert(setting, text, true, &value, why), "%s took %s",
                          setting->name, text);
            ck_assert_ptr_nonnull(strstr(why, "give "));
        }
    }
}
END_TEST

/* The table is what the code that walks it relies on. */
START_TEST(table)
{
    for (size_t i = 0; i < n_declarations; i++) {
        const persist_setting *setting = &declarations[i].setting;
        char why[DECLARE_WHY], section[64];
        int64_t value;
        ck_assert_uint_eq(declare_find(setting->name), i);
        ck_assert_ptr_nonnull(setting->help);
        ck_assert_int_eq(setting->help[strlen(setting->help) - 1], '.');
        if (setting->preset)
            ck_assert_msg(declare_convert(setting, setting->preset, true, &value, why), "%s %s",
                          setting->name, why);
        snprintf(section, sizeof section, "%.*s", (int)strcspn(setting->name, "."), setting->name);
        ck_assert_int_eq(declare_is_section(section), strchr(setting->name, '.') != NULL);
        if (declarations[i].pattern && setting->preset) {
            regex_t regex;
            ck_assert_int_eq(regcomp(&regex, declarations[i].pattern, REG_EXTENDED), 0);
            ck_assert_int_eq(regexec(&regex, setting->preset, 0, NULL, 0), 0);
            regfree(&regex);
        }
    }
    ck_assert_uint_eq(declare_find("pool"), n_declarations);
    ck_assert(!declare_is_section("pool.max"));
    ck_assert(!declare_is_section(""));
}
END_TEST

static void expect_why(const persist_setting *setting, const char *text, bool plain,
                       const char *expected)
{
    char why[DECLARE_WHY];
    int64_t value;
    ck_assert(!declare_convert(setting, text, plain, &value, why));
    ck_assert_str_eq(why, expected);
}

START_TEST(reasons)
{
    static const persist_setting open = {.name = "n", .type = PERSIST_SETTING_INT, .min = 3};
    static const persist_setting size = {.name = "n", .type = PERSIST_SETTING_SIZE, .max = 2048};
    static const persist_setting flag = {.name = "n", .type = PERSIST_SETTING_BOOL};
    static const persist_setting pin = {
        .name = "n", .type = PERSIST_SETTING_INT, .flags = PERSIST_SETTING_SECRET, .max = 9};
    static const persist_setting word = {.name = "n",
                                         .type = PERSIST_SETTING_CHOICE,
                                         .flags = PERSIST_SETTING_SECRET,
                                         .choices = "a b"};
    static const persist_setting strange = {.name = "n", .type = 99};
    expect_why(&open, "2", true, "is 2: give 3 or more");
    expect_why(&open, "x\ny", true, "is x\\x0ay, which is not a whole number: give 3 or more");
    expect_why(&open, "", true, "is \"\", which is not a whole number: give 3 or more");
    expect_why(&open, "5", false, "is the text \"5\": write the number without quotes");
    expect_why(&size, "3KiB", true, "is 3KiB: give a size such as 64MiB, 0 to 2KiB");
    expect_why(&flag, "yes", true, "is yes: give true or false");
    expect_why(&flag, "True", true, "is True: give true or false");
    expect_why(&flag, "true", false, "is quoted: write true or false without quotes");
    expect_why(&pin, "hunter", true, "is set to something that is not a whole number: give 0 to 9");
    expect_why(&pin, "123", true, "is out of range: give 0 to 9");
    expect_why(&word, "hunter", true, "is none of the words allowed: give one of a, b");
    expect_why(&word, "\xFF", true, "is not valid UTF-8: write it in UTF-8");
    expect_why(&strange, "1", true, "has a type (99) that this version does not know");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config-units");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, integers);
    tcase_add_test(tests, sizes);
    tcase_add_test(tests, durations);
    tcase_add_test(tests, shown);
    tcase_add_test(tests, distances);
    tcase_add_test(tests, nearest_words);
    tcase_add_test(tests, utf8);
    tcase_add_test(tests, quotes);
    tcase_add_test(tests, words);
    tcase_add_test(tests, bounds);
    tcase_add_test(tests, table);
    tcase_add_test(tests, reasons);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
