/* SPDX-License-Identifier: MIT */
/* The kit as a library, used as a plugin's author would: through its installed header. */
#include <persist/conformance.h>

#include <check.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

struct report {
    unsigned ok, not_ok, skipped;
    char last[4096];
};

static void take(void *context, const char *line)
{
    struct report *report = context;
    report->ok += strncmp(line, "ok ", 3) == 0;
    report->not_ok += strncmp(line, "not ok ", 7) == 0;
    report->skipped += strstr(line, "# SKIP") != NULL;
    snprintf(report->last, sizeof report->last, "%s", line);
}

/* persist_memory.so of this build. */
static const char *memory(void)
{
    static char path[4096];
    const char *build = getenv("top_builddir");
    snprintf(path, sizeof path, "%s/plugins/memory/.libs/persist_memory.so", build ? build : ".");
    return path;
}

static persist_conformance_options options_for(struct report *report)
{
    persist_conformance_options options = {0};
    options.size = sizeof options;
    options.plugin_file = memory();
    options.take = take;
    options.context = report;
    return options;
}

static persist_conformance_result result_empty(void)
{
    persist_conformance_result result = {0};
    result.size = sizeof result;
    return result;
}

START_TEST(counts)
{
    struct report report = {0};
    persist_conformance_options options = options_for(&report);
    persist_conformance_result result = result_empty();
    options.only = "head";
    ck_assert_int_eq(persist_conformance_run(&options, &result), PERSIST_OK);
    ck_assert_uint_eq(result.failed, 0);
    ck_assert_uint_eq(result.passed + result.skipped, report.ok);
    ck_assert_uint_eq(result.skipped, report.skipped);
    ck_assert_uint_eq(result.skipped, 2);
    ck_assert_str_eq(report.last, "# passed 7, failed 0, skipped 2");
}
END_TEST

/* The descriptor of a plugin that is linked in, or as here, loaded by somebody else. */
START_TEST(descriptor)
{
    struct report report = {0};
    persist_conformance_options options = options_for(&report);
    persist_conformance_result result = result_empty();
    void *handle = dlopen(memory(), RTLD_NOW | RTLD_LOCAL);
    ck_assert_ptr_nonnull(handle);
    void *address = dlsym(handle, "persist_plugin_entry");
    persist_plugin_entry_fn entry;
    memcpy(&entry, &address, sizeof entry);
    options.plugin_file = NULL;
    options.plugin = entry();
    options.only = "keys,scan,append";
    ck_assert_int_eq(persist_conformance_run(&options, &result), PERSIST_OK);
    ck_assert_uint_eq(result.failed, 0);
    ck_assert_uint_ge(result.passed, 25);
}
END_TEST

/* A case whose process dies fails, and the next one is run. */
static void die(void)
{
    abort();
}

START_TEST(crashes)
{
    struct report report = {0};
    persist_conformance_options options = options_for(&report);
    persist_conformance_result result = result_empty();
    persist_plugin plugin;
    persist_admin_ops admin;
    void *handle = dlopen(memory(), RTLD_NOW | RTLD_LOCAL);
    ck_assert_ptr_nonnull(handle);
    void *address = dlsym(handle, "persist_plugin_entry");
    persist_plugin_entry_fn entry;
    void (*dying)(void) = die;
    memcpy(&entry, &address, sizeof entry);
    plugin = *entry();
    admin = *plugin.admin;
    memcpy(&admin.stats, &dying, sizeof dying);
    plugin.admin = &admin;
    options.plugin_file = NULL;
    options.plugin = &plugin;
    options.only = "stats,keys/order";
    ck_assert_int_eq(persist_conformance_run(&options, &result), PERSIST_OK);
    ck_assert_uint_eq(result.failed, 2);
    ck_assert_uint_eq(result.passed, 1);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
}
END_TEST

static void expect_refused(const persist_conformance_options *options, persist_status expected,
                           const char *part)
{
    persist_conformance_result result = result_empty();
    ck_assert_int_eq(persist_conformance_run(options, &result), expected);
    ck_assert_msg(strstr(result.message, part) != NULL, "'%s' has no '%s'", result.message, part);
    ck_assert_uint_eq(result.passed + result.failed + result.skipped, 0);
}

START_TEST(refusals)
{
    struct report report = {0};
    persist_conformance_options options = options_for(&report);
    static const persist_plugin plugin;
    options.plugin = &plugin;
    expect_refused(&options, PERSIST_INVALID, "either plugin_file or plugin");
    options.plugin = NULL;
    options.plugin_file = NULL;
    expect_refused(&options, PERSIST_INVALID, "either plugin_file or plugin");
    options.plugin_file = "persist_memory.so";
    expect_refused(&options, PERSIST_INVALID, "give an absolute path");
    options.plugin_file = "/nowhere/persist_memory.so";
    expect_refused(&options, PERSIST_PLUGIN_REFUSED, "/nowhere/persist_memory.so");
    options = options_for(&report);
    options.only = "keys/none";
    expect_refused(&options, PERSIST_INVALID, "keys/none");
    ck_assert_uint_eq(report.ok + report.not_ok, 0);
}
END_TEST

/* A program of an older header gives shorter structs. */
START_TEST(short_structs)
{
    struct report report = {0};
    persist_conformance_options options = options_for(&report);
    persist_conformance_result result;
    memset(&result, 0xEE, sizeof result);
    result.size = offsetof(persist_conformance_result, skipped);
    options.only = "stats";
    ck_assert_int_eq(persist_conformance_run(&options, &result), PERSIST_OK);
    ck_assert_uint_eq(result.passed, 2);
    ck_assert_uint_eq(result.skipped, UINT64_C(0xEEEEEEEEEEEEEEEE));
    options.size = offsetof(persist_conformance_options, take);
    result = result_empty();
    ck_assert_int_eq(persist_conformance_run(&options, &result), PERSIST_OK);
    ck_assert_uint_eq(result.passed, 2);
    ck_assert_uint_eq(report.ok, 2); /* of the first run */
}
END_TEST

struct names {
    unsigned n;
    bool keys_order;
};

static void take_name(void *context, const char *name)
{
    struct names *names = context;
    names->n++;
    names->keys_order |= strcmp(name, "keys/order") == 0;
}

START_TEST(list)
{
    struct names names = {0};
    persist_conformance_list(take_name, &names);
    ck_assert_uint_ge(names.n, 100);
    ck_assert(names.keys_order);
}
END_TEST

/* One seed, one history: a failure can be had again. */
START_TEST(seed)
{
    for (int i = 0; i < 2; i++) {
        struct report report = {0};
        persist_conformance_options options = options_for(&report);
        persist_conformance_result result = result_empty();
        options.only = "history";
        options.seed = 42;
        options.scale = 2;
        options.reference_file = memory();
        ck_assert_int_eq(persist_conformance_run(&options, &result), PERSIST_OK);
        ck_assert_uint_eq(result.passed, 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conformance kit");
    TCase *test = tcase_create("embedding");
    tcase_set_timeout(test, 60);
    tcase_add_test(test, counts);
    tcase_add_test(test, descriptor);
    tcase_add_test(test, crashes);
    tcase_add_test(test, refusals);
    tcase_add_test(test, short_structs);
    tcase_add_test(test, list);
    tcase_add_test(test, seed);
    suite_add_tcase(suite, test);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
