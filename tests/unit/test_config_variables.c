/* SPDX-License-Identifier: MIT */
/* Variables, flags, what overrides what, and how it is shown. */
#include "tests/unit/config_fixture.h"

#include "core/config/declare.h"
#include "core/config/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static persist_config *load_variables(void)
{
    persist_config *config = NULL;
    persist_error error = ERROR_INIT;
    persist_status status = persist_config_load(NULL, &config, &error);
    ck_assert_msg(!status, "%s", persist_error_message(&error));
    return config;
}

/* One variable, set while the configuration is loaded. */
static void warn(const char *name, const char *text, const char *expected)
{
    setenv(name, text, 1);
    persist_config *config = load_variables();
    unsetenv(name);
    ck_assert_msg(config_warnings(config) == (expected ? 1 : 0), "%s: %zu warnings", name,
                  config_warnings(config));
    if (expected)
        ck_assert_str_eq(config_warning(config, 0), expected);
    persist_config_free(config);
}

START_TEST(variables_override_files)
{
    setenv("PERSIST_POOL__MAX", "32", 1);
    setenv("PERSIST_TRANSACTION__MAX_RETRIES", "3", 1);
    setenv("PERSIST_PERSISTENCE", "memory:", 1);
    setenv("PERSIST_NAMESPACE", "vars", 1);
    setenv("PERSIST_DURABILITY", "process", 1);
    setenv("PERSIST_SCHEMA", "s.yaml", 1);
    setenv("PERSIST_RESOLVE_TIMEOUT", "1s", 1);
    setenv("PERSIST_SLOW_LOG__PLAN", "false", 1);
    setenv("PERSIST_POOL__MIN", "", 1); /* as if it were not there */
    persist_config *config = fixture_load(
        "pool: {max: 8, min: 2}\nnamespace: file\n"
        "persistence: sqlite:x\n");
    ck_assert_int_eq(config_number(config, "pool.max"), 32);
    ck_assert_int_eq(config_number(config, "pool.min"), 2);
    ck_assert_int_eq(config_number(config, "transaction.max_retries"), 3);
    ck_assert_str_eq(config_url(config), "memory:");
    ck_assert_str_eq(config_text(config, "namespace"), "vars");
    ck_assert_int_eq(config_number(config, "durability"), 0);
    ck_assert_str_eq(config_text(config, "schema"), "s.yaml");
    ck_assert_int_eq(config_number(config, "resolve_timeout"), 1000000000);
    ck_assert_int_eq(config_number(config, "slow_log.plan"), 0);
    ck_assert_uint_eq(config_warnings(config), 2); /* schema and slow_log.plan have no effect */
    ck_assert_str_eq(config_warning(config, 0),
                     "variable PERSIST_SCHEMA: schema is set, but "
                     "this release does nothing with it");
    persist_config_free(config);
}
END_TEST

START_TEST(variables_refused)
{
    setenv("PERSIST_POOL__MAX", "0", 1);
    setenv("PERSIST_NAMESPACE", "\xFF", 1);
    setenv("PERSIST_PERSISTENCE", "postgres:\ns3cret", 1);
    fixture_refuse(NULL, PERSIST_CONFIG,
                   "variable PERSIST_NAMESPACE: namespace is not valid UTF-8: write it in UTF-8\n"
                   "variable PERSIST_PERSISTENCE: persistence \"postgres:\\x0as3cret\" is a URL "
                   "with a control character: write it as %XX\n"
                   "variable PERSIST_POOL__MAX: pool.max is 0: give 1 to 1024");
}
END_TEST

START_TEST(variables_unknown)
{
    static const char *const known[] = {"CONFIG", "OUTPUT",  "TIMEOUT",  "QUIET",
                                        "YES",    "DRY_RUN", "NO_COLOR", "PLUGIN_PATH"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char name[64];
        snprintf(name, sizeof name, "PERSIST_%s", known[i]);
        warn(name, "x", NULL);
    }
    warn("PERSIST_POSTGRES_HOST", "h", NULL);
    warn("PERSIST_SQLITE__CACHE", "1MiB", NULL);
    warn("PERSISTENT", "x", NULL);
    warn("PERSIST_POOL_MAX", "3",
         "variable PERSIST_POOL_MAX matches no setting: did you mean PERSIST_POOL__MAX?");
    warn("PERSIST_POOL__MAXX", "3",
         "variable PERSIST_POOL__MAXX matches no setting: did you mean PERSIST_POOL__MAX?");
    warn("PERSIST_NAMESPAC", "a",
         "variable PERSIST_NAMESPAC matches no setting: did you mean PERSIST_NAMESPACE?");
    warn("PERSIST_FROB__NICATE", "a", "variable PERSIST_FROB__NICATE matches no setting");
    warn("PERSIST_FROBNICATE", "a", "variable PERSIST_FROBNICATE matches no setting");
    warn("PERSIST_FROBNICATE", "", NULL);
    warn("PERSIST_INCLUDE", "a", "variable PERSIST_INCLUDE matches no setting");
    warn("PERSIST_", "a", "variable PERSIST_ matches no setting");
    warn("PERSIST_pool__max", "3", "variable PERSIST_pool__max matches no setting");
    warn("PERSIST_POOL.MAX", "3", "variable PERSIST_POOL.MAX matches no setting");
    char name[200] = "PERSIST_";
    memset(name + 8, 'X', 180);
    setenv(name, "x", 1);
    persist_config *config = load_variables();
    ck_assert_ptr_nonnull(strstr(config_warning(config, 0), "XXX... matches no setting"));
    persist_config_free(config);
}
END_TEST

/* Variables of a plugin are nobody's only as long as nothing names the plugin. */
START_TEST(variables_of_plugins)
{
    setenv("PERSIST_DEMO_HOST", "h", 1);
    setenv("PERSIST_DEMO__PORT", "1", 1);
    persist_config *config = load_variables();
    ck_assert_uint_eq(config_warnings(config), 2);
    ck_assert_int_eq(persist_config_set(config, "persistence", "demo:x", NULL), PERSIST_OK);
    ck_assert_uint_eq(config_warnings(config), 0);
    persist_config_free(config);
    persist_config_free(fixture_load("persistence: {backend: demo}\n"));
}
END_TEST

START_TEST(mapping_by_variables)
{
    persist_error error = ERROR_INIT;
    setenv("PERSIST_PERSISTENCE__BACKEND", "demo", 1);
    setenv("PERSIST_PERSISTENCE__HOST", "h", 1);
    persist_config *config = load_variables();
    ck_assert_str_eq(config_backend(config), "demo");
    persist_settings *settings;
    ck_assert_int_eq(config_bind(config, &fixture_plugin, &settings, &error), PERSIST_OK);
    ck_assert_str_eq(settings_text(settings, "host"), "h");
    settings_free(settings);
    persist_config_free(config);
    unsetenv("PERSIST_PERSISTENCE__BACKEND");
    fixture_refuse(NULL, PERSIST_CONFIG,
                   "variable PERSIST_PERSISTENCE__HOST: persistence has no backend: add one, such "
                   "as backend: sqlite");
    fixture_fault("persistence: demo:x\n",
                  "variable PERSIST_PERSISTENCE__HOST: persistence.host has no place beside a "
                  "URL: put it in the URL, or write persistence as a mapping (test.yaml:1:14)");
}
END_TEST

START_TEST(names_of_variables)
{
    char out[64];
    ck_assert_str_eq(read_variable_name("pool.max", out, sizeof out), "PERSIST_POOL__MAX");
    ck_assert_str_eq(read_variable_name("slow_log.plan", out, sizeof out),
                     "PERSIST_SLOW_LOG__PLAN");
    /* Every key can be set by its variable, or is a list. */
    for (size_t i = 0; i < n_declarations; i++) {
        const persist_setting *setting = &declarations[i].setting;
        if ((setting->flags & DECLARE_LIST) || !setting->preset)
            continue;
        setenv(read_variable_name(setting->name, out, sizeof out), setting->preset, 1);
    }
    persist_config *config = load_variables();
    for (size_t i = 0; i < config_warnings(config); i++)
        ck_assert_ptr_nonnull(strstr(config_warning(config, i), "this release does nothing"));
    persist_config_free(config);
}
END_TEST

/* ---- flags */

static void refuse_set(persist_config *config, const char *name, const char *value,
                       const char *expected)
{
    persist_error error = ERROR_INIT;
    ck_assert_int_eq(persist_config_set(config, name, value, &error), PERSIST_CONFIG);
    ck_assert_str_eq(persist_error_message(&error), expected);
    ck_assert_int_eq(persist_config_set(config, name, value, NULL), PERSIST_CONFIG);
    error_clear(&error);
}

START_TEST(flags_override)
{
    setenv("PERSIST_POOL__MAX", "32", 1);
    persist_config *config = fixture_load("persistence: {backend: demo, host: h}\n");
    persist_error error = ERROR_INIT;
    size_t n;
    error_set(&error, PERSIST_BUSY, "from before");
    ck_assert_int_eq(persist_config_set(config, "pool.max", "64", &error), PERSIST_OK);
    ck_assert_str_eq(persist_error_message(&error), "from before"); /* success: left alone */
    error_clear(&error);
    ck_assert_int_eq(config_number(config, "pool.max"), 64);
    ck_assert_int_eq(persist_config_set(config, "namespace", "n", NULL), PERSIST_OK);
    ck_assert_str_eq(config_text(config, "namespace"), "n");
    ck_assert_int_eq(persist_config_set(config, "plugin_path", "/a:/b", NULL), PERSIST_OK);
    ck_assert_str_eq(config_list(config, "plugin_path", &n)[1], "/b");
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(persist_config_set(config, "persistence.port", "7", NULL), PERSIST_OK);
    ck_assert_int_eq(persist_config_set(config, "persistence.backend", "memory", NULL), PERSIST_OK);
    ck_assert_str_eq(config_backend(config), "memory");
    ck_assert_int_eq(persist_config_set(config, "persistence", "sqlite:a", NULL), PERSIST_OK);
    ck_assert_str_eq(config_url(config), "sqlite:a");
    ck_assert_ptr_null(config_backend(config));
    persist_config_free(config);
}
END_TEST

START_TEST(flags_refused)
{
    persist_config *config = fixture_load(
        "pool: {min: 4, max: 8}\npersistence: sqlite:x\n"
        "namespace: keep\nplugin_path: /keep\n");
    size_t n;
    refuse_set(config, "pool.max", "0", "flag: pool.max is 0: give 1 to 1024");
    refuse_set(config, "pool.max", "3",
               "test.yaml:1:13: pool.min is 4, above pool.max, which is 3: lower the one or raise "
               "the other");
    refuse_set(config, "pool.min", "9",
               "flag: pool.min is 9, above pool.max, which is 8: lower the one or raise the other");
    refuse_set(config, "pool.mx", "9", "flag: unknown key \"pool.mx\": did you mean \"pool.max\"?");
    refuse_set(config, "frobnicate", "9", "flag: unknown key \"frobnicate\": correct its name");
    refuse_set(config, "", "9", "flag: unknown key \"\": correct its name");
    refuse_set(config, "pool", "9", "flag: unknown key \"pool\": correct its name");
    refuse_set(config, "sqlite.", "9", "flag: unknown key \"sqlite.\": correct its name");
    refuse_set(config, "demo.port", "9", "flag: unknown key \"demo.port\": correct its name");
    refuse_set(config, "include", "x", "flag: include belongs in a file: write it there");
    refuse_set(config, "namespace", "",
               "flag: namespace \"\" is empty: give a value, or leave it "
               "out");
    refuse_set(config, "plugin_path", "/a:b",
               "flag: plugin_path \"b\" is not an absolute path: begin it with /");
    refuse_set(config, "persistence", "nothing",
               "flag: persistence \"nothing\" is a URL without a scheme: begin it with the "
               "backend, such as sqlite:app.db or postgres://host/db");
    refuse_set(config, "persistence.host", "h",
               "flag: persistence.host has no place beside a URL: put it in the URL, or write "
               "persistence as a mapping (test.yaml:2:14)");
    refuse_set(config, NULL, "h",
               "persist_config_set got NULL: give configuration, name and value");
    refuse_set(config, "pool.max", NULL,
               "persist_config_set got NULL: give configuration, name and value");
    refuse_set(NULL, "pool.max", "1",
               "persist_config_set got NULL: give configuration, name and value");
    /* Nothing of that changed anything. */
    ck_assert_int_eq(config_number(config, "pool.max"), 8);
    ck_assert_int_eq(config_number(config, "pool.min"), 4);
    ck_assert_str_eq(config_text(config, "namespace"), "keep");
    ck_assert_str_eq(config_list(config, "plugin_path", &n)[0], "/keep");
    ck_assert_str_eq(config_url(config), "sqlite:x");
    persist_config_free(config);
    persist_config_free(NULL);
}
END_TEST

/* ---- showing */

struct shown {
    char text[16384];
    unsigned left; /* calls until it fails; 0: never */
};

static persist_status collect(void *context, const char *name, const char *value,
                              const char *origin)
{
    struct shown *shown = context;
    size_t used = strlen(shown->text);
    snprintf(shown->text + used, sizeof shown->text - used, "%s=%s (%s)\n", name, value, origin);
    return shown->left && --shown->left == 0 ? PERSIST_INTERRUPTED : PERSIST_OK;
}

static void expect_shown(const struct shown *shown, const char *line)
{
    ck_assert_msg(strstr(shown->text, line), "\"%s\" is not in:\n%s", line, shown->text);
}

START_TEST(show_origins)
{
    struct shown shown = {0};
    setenv("PERSIST_POOL__MIN", "2", 1);
    persist_config *config = fixture_load(
        "persistence: postgres://u:s3cret@h/d?password=s3cret\n"
        "plugin_path:\n  - /a\n  - /b\n"
        "values: {max_bytes: 1024KiB}\n");
    ck_assert_int_eq(persist_config_set(config, "pool.max", "9", NULL), PERSIST_OK);
    ck_assert_int_eq(config_show(config, NULL, NULL, collect, &shown), PERSIST_OK);
    expect_shown(&shown,
                 "persistence=postgres://u:<redacted>@h/d?password=<redacted> "
                 "(test.yaml:1:14)\n");
    expect_shown(&shown, "plugin_path=[/a, /b] (test.yaml:3:3)\n");
    expect_shown(&shown, "pool.min=2 (variable PERSIST_POOL__MIN)\n");
    expect_shown(&shown, "pool.max=9 (flag)\n");
    expect_shown(&shown, "values.max_bytes=1024KiB (test.yaml:5:21)\n");
    expect_shown(&shown, "gc.retention=7d (built-in)\n");
    expect_shown(&shown, "schema= (built-in)\n");
    ck_assert_ptr_null(strstr(shown.text, "s3cret"));
    ck_assert_ptr_null(strstr(shown.text, "include"));
    /* What the receiver returns ends it. */
    for (unsigned i = 1; i <= 5; i++) {
        struct shown cut = {.left = i};
        ck_assert_int_eq(config_show(config, NULL, NULL, collect, &cut), PERSIST_INTERRUPTED);
    }
    persist_config_free(config);
}
END_TEST

START_TEST(show_mapping)
{
    struct shown shown = {0};
    persist_config *config = fixture_load(
        "persistence: {backend: demo, host: h, password: s3cret, "
        "password_env: HOME}\n");
    ck_assert_int_eq(config_show(config, NULL, NULL, collect, &shown), PERSIST_OK);
    expect_shown(&shown, "persistence.backend=demo (test.yaml:1:14)\n");
    expect_shown(&shown, "persistence.host=h (test.yaml:1:36)\n");
    expect_shown(&shown, "persistence.password=<redacted> (test.yaml:1:49)\n");
    expect_shown(&shown, "persistence.password_env=HOME (test.yaml:1:71)\n");
    persist_config_free(config);
}
END_TEST

START_TEST(show_settings)
{
    struct shown shown = {0};
    persist_settings *settings;
    persist_config *config = fixture_load(
        "persistence: {backend: demo, host: h, password: s3cret}\n"
        "demo: {pin: 1234, cache: 3KiB}\n");
    ck_assert_int_eq(config_bind(config, &fixture_plugin, &settings, NULL), PERSIST_OK);
    ck_assert_int_eq(config_show(config, &fixture_plugin, settings, collect, &shown), PERSIST_OK);
    expect_shown(&shown, "persistence.backend=demo (test.yaml:1:14)\n");
    expect_shown(&shown, "demo.host=h (test.yaml:1:36)\n");
    expect_shown(&shown, "demo.port=5432 (built-in)\n");
    expect_shown(&shown, "demo.password=<redacted> (test.yaml:1:49)\n");
    expect_shown(&shown, "demo.pin=<redacted> (test.yaml:2:13)\n");
    expect_shown(&shown, "demo.cache=3KiB (test.yaml:2:26)\n");
    expect_shown(&shown, "demo.busy= (built-in)\n");
    ck_assert_ptr_null(strstr(shown.text, "persistence.host"));
    ck_assert_ptr_null(strstr(shown.text, "s3cret"));
    ck_assert_ptr_null(strstr(shown.text, "1234"));
    settings_free(settings);
    persist_config_free(config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config-variables");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, fixture_begin, fixture_end);
    tcase_add_test(tests, variables_override_files);
    tcase_add_test(tests, variables_refused);
    tcase_add_test(tests, variables_unknown);
    tcase_add_test(tests, variables_of_plugins);
    tcase_add_test(tests, mapping_by_variables);
    tcase_add_test(tests, names_of_variables);
    tcase_add_test(tests, flags_override);
    tcase_add_test(tests, flags_refused);
    tcase_add_test(tests, show_origins);
    tcase_add_test(tests, show_mapping);
    tcase_add_test(tests, show_settings);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
