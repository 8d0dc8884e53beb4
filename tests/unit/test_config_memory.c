/* SPDX-License-Identifier: MIT */
/*
 * Out of memory at every place in turn: the call says NO_MEMORY, or works where it can do
 * without, and under a leak checker nothing is left behind. Linked with --wrap, so that only
 * what this program itself asks for can fail.
 */
#include "tests/unit/config_fixture.h"

#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *data, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *data, size_t size);

/* Allocations until one fails; 0: none does. */
static unsigned countdown;
static bool failed_one;

static bool fails(void)
{
    if (!countdown || --countdown)
        return false;
    failed_one = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *data, size_t size)
{
    return fails() ? NULL : __real_realloc(data, size);
}

/* An action asserts nothing itself: check, too, would run out of memory. */
typedef persist_status (*action_fn)(void);

/* Runs the action until no allocation of it is left that could fail. */
static void exhaust(action_fn action, persist_status expected)
{
    unsigned runs = 0;
    do {
        countdown = ++runs;
        failed_one = false;
        persist_status status = action();
        countdown = 0;
        if (failed_one)
            ck_assert_msg(status == PERSIST_NO_MEMORY || status == expected, "allocation %u: %s",
                          runs, persist_status_name(status));
        else
            ck_assert_int_eq(status, expected);
    } while (failed_one);
    ck_assert_uint_gt(runs, 3);
}

static persist_status load(void)
{
    persist_config *config = NULL;
    persist_status status = persist_config_load("test.yaml", &config, NULL);
    if (!status)
        persist_config_free(config);
    return status;
}

static persist_status load_with_error(void)
{
    persist_error error = ERROR_INIT;
    persist_config *config = NULL;
    persist_status status = persist_config_load("test.yaml", &config, &error);
    if (!status)
        persist_config_free(config);
    else if (persist_error_status(&error) != status)
        status = PERSIST_INTERNAL;
    error_clear(&error);
    return status;
}

START_TEST(loading)
{
    setenv("PERSIST_POOL__MAX", "3", 1);
    setenv("PERSIST_FROB", "3", 1);
    setenv("PERSIST_DEMO_HOST", "h", 1);
    fixture_write("a.yaml", "schema: s\nplugin_path: [/a, /b]\n");
    fixture_write("test.yaml",
                  "include: [a.yaml, '*.none']\n"
                  "persistence: {backend: demo, host: h, password: p}\n"
                  "demo: {cache: 1MiB}\n");
    exhaust(load, PERSIST_OK);
    exhaust(load_with_error, PERSIST_OK);
}
END_TEST

START_TEST(refusing)
{
    fixture_write("test.yaml", "pool: {max: 0, max: 1, [a]: b}\nfrob: 1\nnamespace: &n []\n");
    exhaust(load, PERSIST_CONFIG);
    exhaust(load_with_error, PERSIST_CONFIG);
    fixture_write("test.yaml", "a: [\n");
    exhaust(load_with_error, PERSIST_CONFIG);
}
END_TEST

static persist_config *shared;

static persist_status set_some(void)
{
    static const char *const sets[][2] = {{"pool.max", "5"},        {"namespace", "n"},
                                          {"plugin_path", "/a:/b"}, {"persistence.port", "5"},
                                          {"demo.cache", "1MiB"},   {"persistence", "demo:y"},
                                          {"persistence", "demo:x"}};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        persist_status status = persist_config_set(shared, sets[i][0], sets[i][1], NULL);
        /* The mapping has no place beside a URL, which the last runs left. */
        if (status && !(status == PERSIST_CONFIG && i == 3))
            return status;
    }
    return PERSIST_OK;
}

START_TEST(setting)
{
    shared = fixture_load("persistence: {backend: demo}\n");
    exhaust(set_some, PERSIST_OK);
    ck_assert_int_eq(config_number(shared, "pool.max"), 5);
    persist_config_free(shared);
}
END_TEST

static persist_status ignore(void *context, const char *name, const char *value, const char *origin)
{
    (void)context;
    return name && value && origin ? PERSIST_OK : PERSIST_INTERNAL;
}

static persist_status bind_and_show(void)
{
    persist_settings *settings = NULL;
    persist_error error = ERROR_INIT;
    persist_status status = config_bind(shared, &fixture_plugin, &settings, &error);
    if (!status)
        status = config_show(shared, &fixture_plugin, settings, ignore, NULL);
    if (!status)
        status = config_show(shared, NULL, NULL, ignore, NULL);
    if (settings) {
        settings_error(settings, "port", "wrong");
        if (settings_take_errors(settings, &error) != PERSIST_CONFIG)
            status = PERSIST_INTERNAL;
    }
    settings_free(settings);
    error_clear(&error);
    return status;
}

START_TEST(binding)
{
    fixture_write("pw", "s3cret\n");
    shared = fixture_load(
        "persistence: {backend: demo, password_file: pw}\n"
        "plugin_path: [/a]\ndemo: {cache: 1MiB}\n");
    exhaust(bind_and_show, PERSIST_OK);
    persist_config_free(shared);
    shared = fixture_load("persistence: demo://u:p@h/d\ndemo: {cache: 1, frob: 2}\n");
    exhaust(bind_and_show, PERSIST_CONFIG);
    persist_config_free(shared);
}
END_TEST

static persist_status write_schema(void)
{
    static const persist_plugin *const plugins[] = {&fixture_plugin};
    struct buf out = {0};
    bool good = config_schema(plugins, 1, &out);
    buf_free(&out);
    return good ? PERSIST_OK : PERSIST_NO_MEMORY;
}

START_TEST(schema)
{
    exhaust(write_schema, PERSIST_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config-memory");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, fixture_begin, fixture_end);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, loading);
    tcase_add_test(tests, refusing);
    tcase_add_test(tests, setting);
    tcase_add_test(tests, binding);
    tcase_add_test(tests, schema);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
