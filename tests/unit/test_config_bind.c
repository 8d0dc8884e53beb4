/* SPDX-License-Identifier: MIT */
/* Settings of a plugin: where they come from, which one counts, secrets, complaints. */
#include "tests/unit/config_fixture.h"

#include "core/config/faults.h"

#include <persist/persist.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static persist_settings *bind_with(persist_config *config)
{
    persist_settings *settings = NULL;
    persist_error error = ERROR_INIT;
    persist_status status = config_bind(config, &fixture_plugin, &settings, &error);
    ck_assert_msg(!status, "%s", persist_error_message(&error));
    persist_config_free(config); /* they do not need it */
    return settings;
}

static persist_settings *bind_text(const char *text)
{
    return bind_with(fixture_load(text));
}

static void bind_fault(const char *text, const char *expected)
{
    persist_settings *settings = NULL;
    persist_error error = ERROR_INIT;
    persist_config *config = fixture_load(text);
    ck_assert_int_eq(config_bind(config, &fixture_plugin, &settings, &error), PERSIST_CONFIG);
    ck_assert_str_eq(persist_error_message(&error), expected);
    ck_assert_ptr_null(settings);
    ck_assert_int_eq(config_bind(config, &fixture_plugin, &settings, NULL), PERSIST_CONFIG);
    error_clear(&error);
    persist_config_free(config);
}

static void expect_text(const persist_settings *settings, const char *name, const char *expected)
{
    const char *text = settings_text(settings, name);
    if (expected)
        ck_assert_msg(text && strcmp(text, expected) == 0, "%s is %s", name, text ? text : "unset");
    else
        ck_assert_msg(!text, "%s is %s", name, text);
}

static void expect_number(const persist_settings *settings, const char *name, int64_t expected)
{
    int64_t value = -1;
    ck_assert_int_eq(settings_number(settings, name, &value), 1);
    ck_assert_int_eq(value, expected);
}

START_TEST(presets)
{
    persist_settings *settings = bind_text("persistence: demo:x\n");
    int64_t value = 77;
    expect_text(settings, "host", NULL);
    expect_text(settings, "port", "5432");
    expect_text(settings, "tls", "prefer");
    expect_number(settings, "port", 5432);
    expect_number(settings, "cache", 2 << 20);
    expect_number(settings, "tls", 1);
    expect_number(settings, "prepared", 1);
    /* Unset, a text, not declared: the value is left alone. */
    ck_assert_int_eq(settings_number(settings, "busy", &value), 0);
    ck_assert_int_eq(settings_number(settings, "host", &value), 0);
    ck_assert_int_eq(settings_number(settings, "none", &value), 0);
    ck_assert_int_eq(value, 77);
    expect_text(settings, "none", NULL);
    ck_assert_ptr_null(settings_text(settings, NULL));
    settings_free(settings);
    settings_free(NULL);
}
END_TEST

START_TEST(from_section)
{
    persist_settings *settings = bind_text(
        "persistence: demo:x\n"
        "demo: {host: h, port: 1, cache: 1KiB, busy: 1m, tls: require, prepared: false}\n"
        "sqlite: {host: other}\n");
    expect_text(settings, "host", "h");
    expect_number(settings, "port", 1);
    expect_number(settings, "cache", 1024);
    expect_text(settings, "cache", "1KiB");
    expect_number(settings, "busy", INT64_C(60000000000));
    expect_number(settings, "tls", 2);
    expect_number(settings, "prepared", 0);
    settings_free(settings);
}
END_TEST

/* Each source in turn, on top of the ones before it. */
START_TEST(precedence)
{
    persist_settings *settings;
    static const char file[] = "persistence: demo:x\ndemo: {host: section}\n";
    static const char mapping[] =
        "persistence: {backend: demo, host: mapping}\ndemo: {host: section}\n";
    settings = bind_text(file);
    expect_text(settings, "host", "section");
    settings_free(settings);
    setenv("PERSIST_DEMO_HOST", "piecewise", 1);
    settings = bind_text(file);
    expect_text(settings, "host", "piecewise");
    settings_free(settings);
    settings = bind_text(mapping);
    expect_text(settings, "host", "mapping");
    settings_free(settings);
    setenv("PERSIST_DEMO__HOST", "variable", 1);
    settings = bind_text(mapping);
    expect_text(settings, "host", "variable");
    settings_free(settings);
    persist_config *config = fixture_load(mapping);
    ck_assert_int_eq(persist_config_set(config, "demo.host", "flag", NULL), PERSIST_OK);
    settings = bind_with(config);
    expect_text(settings, "host", "flag");
    settings_free(settings);
}
END_TEST

START_TEST(mapping_names_the_plugin)
{
    static const char *const names[] = {"demo", "demo+tls", "/opt/persist_demo.so"};
    for (size_t i = 0; i < 3; i++) {
        char text[128];
        snprintf(text, sizeof text, "persistence: {backend: \"%s\", host: h}\n", names[i]);
        persist_settings *settings = bind_text(text);
        expect_text(settings, "host", "h");
        settings_free(settings);
    }
    persist_settings *settings = bind_text("persistence: {backend: other, host: h, odd: 1}\n");
    expect_text(settings, "host", NULL);
    settings_free(settings);
}
END_TEST

static unsigned warned;

static void count_warning(void *context, persist_log_level level, const char *text)
{
    (void)context;
    ck_assert_int_eq(level, PERSIST_LOG_WARNING);
    ck_assert_msg(strstr(text, "PERSIST_DEMO") || strstr(text, "may be read by everybody"), "%s",
                  text);
    ck_assert_ptr_null(strstr(text, "s3cret"));
    warned++;
}

START_TEST(variables)
{
    warned = 0;
    persist_set_log(PERSIST_LOG_WARNING, count_warning, NULL);
    setenv("PERSIST_DEMO_PORT", "77", 1);
    setenv("PERSIST_DEMO__CACHE", "1MiB", 1);
    persist_settings *settings = bind_text("persistence: demo:x\n");
    expect_number(settings, "port", 77);
    expect_number(settings, "cache", 1 << 20);
    ck_assert_uint_eq(warned, 0);
    settings_free(settings);
    setenv("PERSIST_DEMO_CACHE", "3MiB", 1); /* no connection setting: not piecewise */
    setenv("PERSIST_DEMO__FROB", "x", 1);
    setenv("PERSIST_DEMOX__PORT", "x", 1);
    settings = bind_text("persistence: demo:x\n");
    expect_number(settings, "cache", 1 << 20);
    ck_assert_uint_eq(warned, 2);
    settings_free(settings);
    persist_set_log(PERSIST_LOG_ERROR, NULL, NULL);
    setenv("PERSIST_DEMO__PORT", "0", 1);
    bind_fault("persistence: demo:x\n",
               "variable PERSIST_DEMO__PORT: demo.port is 0: give 1 to 65535");
}
END_TEST

START_TEST(refused)
{
    bind_fault(
        "persistence: demo:x\n"
        "demo:\n"
        "  hots: h\n"
        "  frobnicate: 1\n"
        "  port: 65536\n"
        "  cache: 1\n"
        "  busy: 61s\n"
        "  tls: maybe\n"
        "  prepared: \"true\"\n",
        "test.yaml:3:9: unknown key \"demo.hots\": did you mean \"demo.host\"?\n"
        "test.yaml:4:15: unknown key \"demo.frobnicate\": backend demo has no such setting\n"
        "test.yaml:5:9: demo.port is 65536: give 1 to 65535\n"
        "test.yaml:6:10: demo.cache is 1: give a size such as 64MiB, 1KiB or more\n"
        "test.yaml:7:9: demo.busy is 61s: give a duration such as 15s, 0 to 1m\n"
        "test.yaml:8:8: demo.tls is maybe: give one of off, prefer, require\n"
        "test.yaml:9:13: demo.prepared is quoted: write true or false without quotes");
    bind_fault("persistence: {backend: demo, hosst: h, cache: 1MiB, port: 0}\n",
               "test.yaml:1:37: unknown key \"persistence.hosst\": did you mean "
               "\"persistence.host\"?\n"
               "test.yaml:1:47: persistence.cache is no connection setting: write it below "
               "\"demo:\"\n"
               "test.yaml:1:59: persistence.port is 0: give 1 to 65535");
    bind_fault("persistence: demo:x\ndemo: {Host: h}\n",
               "test.yaml:2:14: unknown key \"demo.Host\": did you mean \"demo.host\"?");
    bind_fault("persistence: demo:x\ndemo: {host_file: h}\n",
               "test.yaml:2:19: unknown key \"demo.host_file\": backend demo has no such setting");
}
END_TEST

/* ---- secrets */

static void expect_secret(const char *text, const char *expected)
{
    persist_settings *settings = bind_text(text);
    expect_text(settings, "password", expected);
    settings_free(settings);
}

START_TEST(secret_files)
{
    fixture_write("lf", "s3c ret#@:/%\n");
    fixture_write("crlf", "s3cret\r\n");
    fixture_write("two", "s3cret\n\n");
    fixture_write("bare", "\xC3\xA9");
    expect_secret("persistence: {backend: demo, password_file: lf}\n", "s3c ret#@:/%");
    expect_secret("persistence: {backend: demo, password_file: crlf}\n", "s3cret");
    expect_secret("persistence: demo:x\ndemo: {password_file: two}\n", "s3cret\n");
    expect_secret("persistence: demo:x\ndemo: {password_file: bare}\n", "\xC3\xA9");
    setenv("PERSIST_DEMO_PASSWORD_FILE", "lf", 1);
    expect_secret("persistence: demo:x\n", "s3c ret#@:/%");
    setenv("PERSIST_DEMO__PASSWORD_FILE", "crlf", 1);
    expect_secret("persistence: demo:x\n", "s3cret");
}
END_TEST

START_TEST(secret_file_is_relative_to_its_file)
{
    ck_assert_int_eq(mkdir("etc", 0700), 0);
    fixture_write("etc/pw", "s3cret\n");
    fixture_write("etc/p.yaml", "demo: {password_file: pw}\n");
    expect_secret("persistence: demo:x\ninclude: etc/p.yaml\n", "s3cret");
}
END_TEST

START_TEST(secret_file_faults)
{
    char *large = malloc(4098);
    memset(large, 'x', 4098);
    fixture_write_bytes("most", large, 4096);
    fixture_write_bytes("large", large, 4097);
    fixture_write("empty", "\n");
    fixture_write_bytes("nul", "s3\0cret", 7);
    fixture_write("latin", "s3cret\xE9\n");
    large[4096] = '\0';
    expect_secret("persistence: demo:x\ndemo: {password_file: most}\n", large);
    free(large);
    bind_fault("persistence: demo:x\ndemo: {password_file: none}\n",
               "test.yaml:2:23: demo.password_file: file \"none\" is not there: create it or "
               "correct the path");
    bind_fault("persistence: demo:x\ndemo: {password_file: large}\n",
               "test.yaml:2:23: demo.password_file: file \"large\" has 4097 bytes: at most 4096 "
               "are read");
    bind_fault("persistence: demo:x\ndemo: {password_file: .}\n",
               "test.yaml:2:23: demo.password_file: file \".\" is a folder: give a file");
    bind_fault("persistence: demo:x\ndemo: {password_file: empty}\n",
               "test.yaml:2:23: demo.password_file names a file that is empty: put one line of "
               "UTF-8 in it");
    bind_fault("persistence: demo:x\ndemo: {password_file: nul}\n",
               "test.yaml:2:23: demo.password_file names a file that holds no text: put one line "
               "of UTF-8 in it");
    bind_fault("persistence: demo:x\ndemo: {password_file: latin}\n",
               "test.yaml:2:23: demo.password_file names a file that holds no text: put one line "
               "of UTF-8 in it");
}
END_TEST

START_TEST(secret_variables)
{
    setenv("MY_SECRET", "s3cret", 1);
    unsetenv("MY_UNSET");
    expect_secret("persistence: demo:x\ndemo: {password_env: MY_SECRET}\n", "s3cret");
    bind_fault("persistence: demo:x\ndemo: {password_env: MY_UNSET}\n",
               "test.yaml:2:22: demo.password_env: variable \"MY_UNSET\" is not set: set it");
    bind_fault("persistence: demo:x\ndemo: {password_env: \"\"}\n",
               "test.yaml:2:22: demo.password_env: variable \"\" is not set: set it");
    /* Variables inside values are not expanded. */
    expect_secret("persistence: demo:x\ndemo: {password: $MY_SECRET}\n", "$MY_SECRET");
    unsetenv("MY_SECRET");
}
END_TEST

START_TEST(secret_credentials)
{
    static const char text[] = "persistence: demo:x\ndemo: {password_credential: db}\n";
    bind_fault(text,
               "test.yaml:2:29: demo.password_credential: CREDENTIALS_DIRECTORY is not set: "
               "start this as a service with LoadCredential=db:FILE");
    setenv("CREDENTIALS_DIRECTORY", fixture_folder, 1);
    fixture_write("db", "s3cret\n");
    expect_secret(text, "s3cret");
    bind_fault("persistence: demo:x\ndemo: {password_credential: ../db}\n",
               "test.yaml:2:29: demo.password_credential is \"../db\": give the name of a "
               "credential, without a folder");
    bind_fault("persistence: demo:x\ndemo: {password_credential: a/db}\n",
               "test.yaml:2:29: demo.password_credential is \"a/db\": give the name of a "
               "credential, without a folder");
    setenv("CREDENTIALS_DIRECTORY", "relative", 1);
    bind_fault(text,
               "test.yaml:2:29: demo.password_credential: CREDENTIALS_DIRECTORY is not set: "
               "start this as a service with LoadCredential=db:FILE");
}
END_TEST

START_TEST(secrets_in_two_places)
{
    fixture_write("pw", "file\n");
    bind_fault("persistence: demo:x\ndemo: {password: a, password_file: pw}\n",
               "test.yaml:2:36: password and password_file are both set (test.yaml:2:18): give "
               "one of them");
    /* A stronger source has the last word, whatever its form. */
    fixture_write("inc.yaml", "demo: {password: plain}\n");
    expect_secret("persistence: demo:x\ndemo: {password_file: none}\ninclude: inc.yaml\n", "plain");
    setenv("PERSIST_DEMO__PASSWORD", "variable", 1);
    expect_secret("persistence: demo:x\ndemo: {password_file: none}\n", "variable");
    setenv("PERSIST_DEMO__PASSWORD_FILE", "pw", 1);
    bind_fault("persistence: demo:x\n",
               "variable PERSIST_DEMO__PASSWORD_FILE: password and password_file are both set "
               "(variable PERSIST_DEMO__PASSWORD): give one of them");
    persist_config *config = fixture_load("persistence: {backend: demo, password: x}\n");
    unsetenv("PERSIST_DEMO__PASSWORD");
    unsetenv("PERSIST_DEMO__PASSWORD_FILE");
    persist_config_free(config);
    config = fixture_load("persistence: {backend: demo, password: x}\n");
    ck_assert_int_eq(persist_config_set(config, "demo.password", "one", NULL), PERSIST_OK);
    ck_assert_int_eq(persist_config_set(config, "demo.password_file", "pw", NULL), PERSIST_OK);
    persist_settings *settings = bind_with(config);
    expect_text(settings, "password", "file");
    settings_free(settings);
}
END_TEST

START_TEST(secrets_are_not_told)
{
    fixture_write("pin", "hunter2\n");
    bind_fault("persistence: demo:x\ndemo: {pin: hunter2}\n",
               "test.yaml:2:13: demo.pin is set to something that is not a whole number: give "
               "1000 to 9999");
    bind_fault("persistence: demo:x\ndemo: {pin: 31337}\n",
               "test.yaml:2:13: demo.pin is out of range: give 1000 to 9999");
    bind_fault("persistence: demo:x\ndemo: {pin: \"1234\"}\n",
               "test.yaml:2:13: demo.pin is a quoted text: write the number without quotes");
    bind_fault("persistence: demo:x\ndemo: {pin_file: pin}\n",
               "test.yaml:2:18: demo.pin_file is set to something that is not a whole number: "
               "give 1000 to 9999");
}
END_TEST

START_TEST(readable_secret_file)
{
    warned = 0;
    fixture_write("pw", "s3cret\n");
    persist_set_log(PERSIST_LOG_WARNING, count_warning, NULL);
    expect_secret("persistence: demo:x\ndemo: {password_file: pw}\n", "s3cret");
    ck_assert_uint_eq(warned, 0);
    ck_assert_int_eq(chmod("pw", 0604), 0);
    expect_secret("persistence: demo:x\ndemo: {password_file: pw}\n", "s3cret");
    ck_assert_uint_eq(warned, 1);
    persist_set_log(PERSIST_LOG_ERROR, NULL, NULL);
}
END_TEST

/* ---- complaints of the plugin */

START_TEST(complaints)
{
    persist_error error = ERROR_INIT;
    setenv("PERSIST_DEMO_HOST", "h", 1);
    persist_settings *settings = bind_text("persistence: demo:x\ndemo: {port: 77}\n");
    ck_assert_int_eq(settings_take_errors(settings, &error), PERSIST_OK);
    settings_error(settings, "port", "77 is taken");
    settings_error(settings, "host", "h is unknown");
    settings_error(settings, "cache", "too small");
    settings_error(settings, "none", "?");
    settings_error(settings, NULL, "no path");
    settings_error(settings, "port", NULL);
    ck_assert_int_eq(settings_take_errors(settings, &error), PERSIST_CONFIG);
    ck_assert_str_eq(persist_error_message(&error),
                     "test.yaml:2:14: demo.port: 77 is taken\n"
                     "variable PERSIST_DEMO_HOST: demo.host: h is unknown\n"
                     "built-in: demo.cache: too small\n"
                     "built-in: demo.none: ?\n"
                     "test.yaml:1:14: persistence: no path\n"
                     "test.yaml:2:14: demo.port: is wrong");
    error_clear(&error);
    /* Taken is gone. */
    ck_assert_int_eq(settings_take_errors(settings, &error), PERSIST_OK);
    settings_error(settings, "port", "again");
    ck_assert_int_eq(settings_take_errors(settings, NULL), PERSIST_CONFIG);
    settings_free(settings);
}
END_TEST

START_TEST(wrong_declarations)
{
    static const persist_setting bad[] = {
        {.name = "size", .type = PERSIST_SETTING_SIZE, .preset = "large"}};
    persist_plugin plugin = fixture_plugin;
    persist_settings *settings = NULL;
    persist_error error = ERROR_INIT;
    persist_config *config = fixture_load("persistence: demo:x\n");
    plugin.settings = bad;
    plugin.n_settings = 1;
    ck_assert_int_eq(config_bind(config, &plugin, &settings, &error), PERSIST_PLUGIN_REFUSED);
    ck_assert_ptr_nonnull(strstr(persist_error_message(&error),
                                 "plugin demo: the preset of its setting size is large, which is "
                                 "not a whole number"));
    error_clear(&error);
    /* No settings at all, and no section: the name is the section. */
    plugin.settings = NULL;
    memset(plugin.head.section, 0, sizeof plugin.head.section);
    ck_assert_int_eq(config_bind(config, &plugin, &settings, &error), PERSIST_OK);
    ck_assert_ptr_null(settings_text(settings, "host"));
    settings_free(settings);
    persist_config_free(config);
    config = fixture_load("persistence: demo:x\ndemo: {a: 1}\n");
    ck_assert_int_eq(config_bind(config, &plugin, &settings, &error), PERSIST_CONFIG);
    ck_assert_str_eq(persist_error_message(&error),
                     "test.yaml:2:11: unknown key \"demo.a\": backend demo has no such setting");
    error_clear(&error);
    persist_config_free(config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config-bind");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, fixture_begin, fixture_end);
    tcase_add_test(tests, presets);
    tcase_add_test(tests, from_section);
    tcase_add_test(tests, precedence);
    tcase_add_test(tests, mapping_names_the_plugin);
    tcase_add_test(tests, variables);
    tcase_add_test(tests, refused);
    tcase_add_test(tests, secret_files);
    tcase_add_test(tests, secret_file_is_relative_to_its_file);
    tcase_add_test(tests, secret_file_faults);
    tcase_add_test(tests, secret_variables);
    tcase_add_test(tests, secret_credentials);
    tcase_add_test(tests, secrets_in_two_places);
    tcase_add_test(tests, secrets_are_not_told);
    tcase_add_test(tests, readable_secret_file);
    tcase_add_test(tests, complaints);
    tcase_add_test(tests, wrong_declarations);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
