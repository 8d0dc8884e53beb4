/* SPDX-License-Identifier: MIT */
/* URLs: scheme, redaction, percent-decoding, and what is refused before a backend sees it. */
#include "core/config/config.h"
#include "core/config/url.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(schemes)
{
    char out[16];
    ck_assert(config_url_scheme("sqlite:app.db", out, sizeof out));
    ck_assert_str_eq(out, "sqlite");
    ck_assert(config_url_scheme("PostGres://h/d", out, sizeof out));
    ck_assert_str_eq(out, "postgres");
    ck_assert(config_url_scheme("a+b-c.1:", out, sizeof out));
    ck_assert_str_eq(out, "a+b-c.1");
    ck_assert(!config_url_scheme("", out, sizeof out));
    ck_assert(!config_url_scheme(":x", out, sizeof out));
    ck_assert(!config_url_scheme("app.db", out, sizeof out));
    ck_assert(!config_url_scheme("1a:x", out, sizeof out));
    ck_assert(!config_url_scheme("a_b:x", out, sizeof out));
    ck_assert(!config_url_scheme("/a:b", out, sizeof out));
    /* Exactly the room, and one too few. */
    ck_assert(config_url_scheme("abc:", out, 4));
    ck_assert(!config_url_scheme("abc:", out, 3));
}
END_TEST

START_TEST(redaction)
{
    static const struct {
        const char *url, *shown;
    } cases[] = {
        {"sqlite:///var/lib/app.db", "sqlite:///var/lib/app.db"},
        {"sqlite:dir/me@home.db", "sqlite:dir/me@home.db"},
        {"memory:", "memory:"},
        {"postgres://h/d", "postgres://h/d"},
        {"postgres://u@h/d", "postgres://u@h/d"},
        {"postgres://h:5432/d?user=me@x", "postgres://h:5432/d?user=me@x"},
        {"postgres://u:s3cret@h/d", "postgres://u:<redacted>@h/d"},
        {"postgres://:s3cret@h/d", "postgres://:<redacted>@h/d"},
        {"postgres://u:@h/d", "postgres://u:@h/d"},
        {"postgres://u:s3c%40ret@h:1,h2:2/d?x=1", "postgres://u:<redacted>@h:1,h2:2/d?x=1"},
        {"postgres://u:s3c@ret@h/d", "postgres://u:<redacted>@h/d"},
        {"postgres://u:s3c/ret@h/d", "postgres://u:<redacted>@h/d"},
        {"postgres://u:s3c?ret@h/d", "postgres://u:<redacted>@h/d"},
        {"postgres://u:s3c#ret@h/d", "postgres://u:<redacted>@h/d"},
        {"postgres://u:s:3@h/d?password=x&sslpassword=y&a=b",
         "postgres://u:<redacted>@h/d?password=<redacted>&sslpassword=<redacted>&a=b"},
        {"mysql://h/d?password=s3&ssl_ca=/x#f", "mysql://h/d?password=<redacted>&ssl_ca=/x#f"},
        {"mysql://h/d?PASSWORD=s3", "mysql://h/d?PASSWORD=<redacted>"},
        {"mysql://h/d?pass%77ord=s3", "mysql://h/d?pass%77ord=<redacted>"},
        {"mysql://h/d?pass%zzord=s3", "mysql://h/d?pass%zzord=<redacted>"},
        {"mysql://h/d?password=", "mysql://h/d?password="},
        {"mysql://h/d?password", "mysql://h/d?password"},
        {"mysql://h/d?password_file=/x", "mysql://h/d?password_file=/x"},
        {"mysql://h/d?a=b&password=1&password=2",
         "mysql://h/d?a=b&password=<redacted>&password=<redacted>"},
        {"user:s3cret@h/d", "user:<redacted>@h/d"},
        {"s3cret@h", "<redacted>@h"},
        {"", ""},
        {"postgres://h/d?", "postgres://h/d?"},
        {"postgres://h/d??password=x", "postgres://h/d??password=<redacted>"},
        {"postgres://h/d?&&password=x&", "postgres://h/d?&&password=<redacted>&"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[128];
        const char *shown = config_url_redacted(cases[i].url, out, sizeof out);
        ck_assert_ptr_eq(shown, out);
        ck_assert_str_eq(out, cases[i].shown);
        ck_assert_int_eq(url_has_secret(cases[i].url), strcmp(cases[i].url, cases[i].shown) != 0);
    }
}
END_TEST

START_TEST(redaction_is_cut)
{
    static const char url[] = "postgres://u:s3cret@host/d";
    for (size_t capacity = 1; capacity < 48; capacity++) {
        char out[48];
        memset(out, '#', sizeof out);
        config_url_redacted(url, out, capacity);
        ck_assert_uint_lt(strlen(out), capacity);
        ck_assert_ptr_null(strstr(out, "s3"));
        for (size_t i = capacity; i < sizeof out; i++)
            ck_assert_int_eq(out[i], '#');
    }
    char none = '#';
    config_url_redacted(url, &none, 0);
    ck_assert_int_eq(none, '#');
}
END_TEST

START_TEST(decoding)
{
    char out[8];
    ck_assert_int_eq(config_percent_decode("a%2Fb%c3", 8, out, sizeof out), 4);
    ck_assert_int_eq(memcmp(out, "a/b\xC3", 5), 0);
    ck_assert_int_eq(config_percent_decode("", 0, out, sizeof out), 0);
    ck_assert_str_eq(out, "");
    ck_assert_int_eq(config_percent_decode("%41bc", 3, out, sizeof out), 1);
    ck_assert_str_eq(out, "A");
    ck_assert_int_eq(config_percent_decode("+", 1, out, sizeof out), 1);
    ck_assert_str_eq(out, "+");
    static const char *const broken[] = {"%", "%4", "%g1", "%1g", "%00", "a%", "%%41", "%-1"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        ck_assert_msg(config_percent_decode(broken[i], strlen(broken[i]), out, sizeof out) == -1,
                      "%s", broken[i]);
    /* The size counts, not what follows. */
    ck_assert_int_eq(config_percent_decode("%41", 2, out, sizeof out), -1);
    /* Room for the NUL is needed. */
    ck_assert_int_eq(config_percent_decode("abcdefg", 7, out, sizeof out), 7);
    ck_assert_int_eq(config_percent_decode("abcdefgh", 8, out, sizeof out), -1);
    ck_assert_int_eq(config_percent_decode("", 0, out, 0), -1);
    ck_assert_int_eq(config_percent_decode("a", 1, out, 0), -1);
}
END_TEST

START_TEST(faults)
{
    char *url = malloc(URL_MAX + 2);
    memset(url, 'a', URL_MAX + 1);
    url[1] = ':';
    url[URL_MAX] = '\0';
    ck_assert_ptr_null(url_fault(url));
    url[URL_MAX] = 'a';
    url[URL_MAX + 1] = '\0';
    ck_assert_ptr_nonnull(strstr(url_fault(url), "8192"));
    free(url);
    ck_assert_ptr_null(url_fault("sqlite: "));
    ck_assert_ptr_null(url_fault("sqlite:\xC3\xA9"));
    ck_assert_ptr_nonnull(strstr(url_fault("sqlite:\x1F"), "control character"));
    ck_assert_ptr_nonnull(strstr(url_fault("sqlite:\x7F"), "control character"));
    ck_assert_ptr_nonnull(strstr(url_fault("app.db"), "without a scheme"));
    ck_assert_ptr_nonnull(strstr(url_fault(""), "without a scheme"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config-url");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, schemes);
    tcase_add_test(tests, redaction);
    tcase_add_test(tests, redaction_is_cut);
    tcase_add_test(tests, decoding);
    tcase_add_test(tests, faults);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
