/* SPDX-License-Identifier: MIT */
/* Tables of any length, and what is missing in them. */
#include "core/loader/tables.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tables behind which lies more, as a later plugin's would. */
static struct {
    persist_plugin descriptor;
    void *more[8];
} theirs;
static struct {
    persist_limits table;
    uint64_t more[8];
} limits;
static struct {
    persist_life table;
    void *more[8];
} life;
static struct {
    persist_store_ops table;
    void *more[8];
} store;
static struct {
    persist_admin_ops table;
    void *more[8];
} admin;
static persist_setting settings[1100];
static char names[1100][16];

static struct plugin plugin;
static persist_plugin descriptor;
static struct plugin_file file;

/* Every byte not zero: what is copied shows, and every operation is there. */
static void set_up(void)
{
    memset(&theirs, 1, sizeof theirs);
    memset(&limits, 1, sizeof limits);
    memset(&life, 1, sizeof life);
    memset(&store, 1, sizeof store);
    memset(&admin, 1, sizeof admin);
    limits.table.size = sizeof limits.table;
    life.table.size = sizeof life.table;
    store.table.size = sizeof store.table;
    admin.table.size = sizeof admin.table;
    snprintf(theirs.descriptor.head.section, sizeof theirs.descriptor.head.section, "test");
    theirs.descriptor.size = sizeof theirs.descriptor;
    theirs.descriptor.limits = &limits.table;
    theirs.descriptor.life = &life.table;
    theirs.descriptor.store = &store.table;
    theirs.descriptor.admin = &admin.table;
    theirs.descriptor.settings = settings;
    theirs.descriptor.n_settings = 2;
    for (int i = 0; i < 1100; i++) {
        snprintf(names[i], sizeof names[i], "setting_%d", i);
        settings[i] = (persist_setting){.name = names[i], .type = PERSIST_SETTING_INT, .help = "A"};
    }
}

static void assert_taken(void)
{
    memset(&file, 0, sizeof file);
    memset(&plugin, 0xEE, sizeof plugin);
    memset(&descriptor, 0xEE, sizeof descriptor);
    ck_assert_msg(tables_take(&theirs.descriptor, &descriptor, &plugin, &file), "%s", file.reason);
    ck_assert_int_eq(file.status, PERSIST_OK);
}

static void assert_not_taken(const char *words)
{
    memset(&file, 0, sizeof file);
    ck_assert(!tables_take(&theirs.descriptor, &descriptor, &plugin, &file));
    ck_assert_int_eq(file.status, PERSIST_PLUGIN_REFUSED);
    ck_assert_msg(strstr(file.reason, words) != NULL, "'%s' lacks '%s'", file.reason, words);
}

START_TEST(whole_ones)
{
    assert_taken();
    ck_assert_ptr_eq(plugin.descriptor, &descriptor);
    ck_assert_ptr_eq(descriptor.life, &plugin.life);
    ck_assert_ptr_eq(descriptor.store, &plugin.store);
    ck_assert_ptr_eq(descriptor.admin, &plugin.admin);
    ck_assert_ptr_eq(descriptor.limits, &plugin.limits);
    ck_assert_ptr_eq(descriptor.settings, settings);
    ck_assert_mem_eq(&plugin.life, &life.table, sizeof life.table);
    ck_assert_mem_eq(&plugin.store, &store.table, sizeof store.table);
    ck_assert_mem_eq(&plugin.admin, &admin.table, sizeof admin.table);
    ck_assert_mem_eq(&plugin.limits, &limits.table, sizeof limits.table);
    ck_assert_mem_eq(&descriptor.head, &theirs.descriptor.head, sizeof descriptor.head);
}
END_TEST

static const struct {
    const char *name; /* of the table */
    void *table;
    size_t offset;    /* of the operation */
    const char *what; /* NULL: it may be missing */
} operations[] = {
#define LIFE(member) "life", &life.table, offsetof(persist_life, member)
#define STORE(member) "store", &store.table, offsetof(persist_store_ops, member)
#define ADMIN(member) "admin", &admin.table, offsetof(persist_admin_ops, member)
    {LIFE(load), "life.load"},
    {LIFE(check_config), NULL},
    {LIFE(start), NULL},
    {LIFE(stop), NULL},
    {LIFE(thread_enter), NULL},
    {LIFE(thread_leave), NULL},
    {LIFE(store_open), "life.store_open"},
    {LIFE(store_close), "life.store_close"},
    {LIFE(store_caps), "life.store_caps"},
    {LIFE(store_limits), "life.store_limits"},
    {LIFE(session_open), "life.session_open"},
    {LIFE(session_close), "life.session_close"},
    {LIFE(session_ping), "life.session_ping"},
    {LIFE(session_reset), "life.session_reset"},
    {LIFE(interrupt), "life.interrupt"},
    {STORE(namespace_list), "store.namespace_list"},
    {STORE(namespace_create), "store.namespace_create"},
    {STORE(namespace_drop), "store.namespace_drop"},
    {STORE(head), "store.head"},
    {STORE(read), "store.read"},
    {STORE(scan), "store.scan"},
    {STORE(changes), "store.changes"},
    {STORE(append), "store.append"},
    {STORE(control), NULL},
    {STORE(collect), NULL},
    {STORE(trim), NULL},
    {STORE(repair), NULL},
    {STORE(meta_get), "store.meta_get"},
    {STORE(meta_put), "store.meta_put"},
    {STORE(wait_change), NULL},
    {ADMIN(migrate_plan), "admin.migrate_plan"},
    {ADMIN(migrate_apply), "admin.migrate_apply"},
    {ADMIN(stats), "admin.stats"},
    {ADMIN(verify), NULL},
    {ADMIN(explain), NULL},
    {ADMIN(maintain), NULL},
};
#define N_OPERATIONS (sizeof operations / sizeof operations[0])

START_TEST(an_operation_is_missing)
{
    memset((char *)operations[_i].table + operations[_i].offset, 0, sizeof(void *));
    if (operations[_i].what)
        assert_not_taken(operations[_i].what);
    else
        assert_taken();
}
END_TEST

/* The list above knows every operation there is. */
START_TEST(all_operations_are_tested)
{
    ck_assert_uint_eq((N_OPERATIONS + 3) * sizeof(void *),
                      sizeof(persist_life) + sizeof(persist_store_ops) + sizeof(persist_admin_ops));
}
END_TEST

/* A table that ends before an operation lacks it, whatever lies there. */
START_TEST(tables_end_before_an_operation)
{
    *(size_t *)operations[_i].table = operations[_i].offset;
    const char *first = NULL;
    for (size_t i = (size_t)_i; i < N_OPERATIONS && !first; i++)
        if (operations[i].table == operations[_i].table)
            first = operations[i].what;
    if (first) {
        assert_not_taken(first);
        return;
    }
    assert_taken();
    if (operations[_i].table == &store.table)
        ck_assert_ptr_null((void *)(uintptr_t)plugin.store.wait_change);
    else
        ck_assert_ptr_null((void *)(uintptr_t)plugin.admin.maintain);
}
END_TEST

static size_t *const sizes[] = {&limits.table.size, &life.table.size, &store.table.size,
                                &admin.table.size};
static const char *const sizes_of[] = {"limits.size is", "life.size is", "store.size is",
                                       "admin.size is"};

START_TEST(sizes_that_are_none)
{
    const size_t wrong[] = {0, 1, sizeof(size_t) - 1, sizeof(size_t) + 1, 12345, SIZE_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        *sizes[_i] = wrong[i];
        assert_not_taken(sizes_of[_i]);
    }
}
END_TEST

/* What is larger is cut: what this host does not know is not copied. */
START_TEST(sizes_that_are_larger)
{
    for (size_t i = 0; i < 4; i++)
        *sizes[i] += 64;
    theirs.descriptor.size += 64;
    assert_taken();
    ck_assert_mem_eq(&plugin.store, &store.table, sizeof store.table);
    for (size_t i = 0; i < 4; i++)
        *sizes[i] = SIZE_MAX - 7;
    assert_taken();
}
END_TEST

START_TEST(short_limits)
{
    limits.table.size = offsetof(persist_limits, value_bytes);
    assert_taken();
    ck_assert_uint_eq(plugin.limits.key_bytes, limits.table.key_bytes);
    ck_assert_uint_eq(plugin.limits.value_bytes, 0);
    ck_assert_uint_eq(plugin.limits.sessions, 0);
    limits.table.size = sizeof(size_t);
    assert_taken();
    ck_assert_uint_eq(plugin.limits.key_bytes, 0);
}
END_TEST

START_TEST(tables_that_are_null)
{
    theirs.descriptor.limits = NULL;
    assert_not_taken("'limits' is NULL");
    theirs.descriptor.limits = &limits.table;
    theirs.descriptor.life = NULL;
    assert_not_taken("'life' is NULL");
    theirs.descriptor.life = &life.table;
    theirs.descriptor.store = NULL;
    assert_not_taken("'store' is NULL");
    theirs.descriptor.store = &store.table;
    theirs.descriptor.admin = NULL;
    assert_not_taken("'admin' is NULL");
}
END_TEST

START_TEST(sizes_of_the_descriptor)
{
    const size_t wrong[] = {0, 1, offsetof(persist_plugin, settings) - 8,
                            offsetof(persist_plugin, settings) + 1, SIZE_MAX};
    for (size_t i = 0; i < 5; i++) {
        theirs.descriptor.size = wrong[i];
        assert_not_taken("descriptor's size is");
    }
    theirs.descriptor.size = offsetof(persist_plugin, settings);
    assert_taken();
    ck_assert_ptr_null(descriptor.settings);
    ck_assert_uint_eq(descriptor.n_settings, 0);
}
END_TEST

START_TEST(settings_without_a_home)
{
    theirs.descriptor.settings = NULL;
    assert_not_taken("n_settings is 2 but settings is NULL");
    theirs.descriptor.n_settings = 0;
    assert_taken();
    theirs.descriptor.settings = settings;
    theirs.descriptor.head.section[0] = '\0';
    assert_taken();
    theirs.descriptor.n_settings = 1;
    assert_not_taken("no section");
}
END_TEST

START_TEST(how_many_settings)
{
    theirs.descriptor.n_settings = 1024;
    assert_taken();
    theirs.descriptor.n_settings = 1025;
    assert_not_taken("1025 settings");
    theirs.descriptor.n_settings = SIZE_MAX;
    assert_not_taken("settings");
}
END_TEST

START_TEST(names_of_settings)
{
    const char *wrong[] = {"", "a-b", "a b", "a.b", "a\n", "\303\251"};
    for (size_t i = 0; i < 6; i++) {
        settings[1].name = wrong[i];
        assert_not_taken("setting number 2");
    }
    settings[1].name = NULL;
    assert_not_taken("setting number 2");
    settings[1].name = "A_9z";
    assert_taken();
    settings[1].name = "setting_0";
    assert_not_taken("'setting_0' twice");
}
END_TEST

START_TEST(types_of_settings)
{
    for (int type = -1; type <= 8; type++) {
        settings[1].type = (persist_setting_type)type;
        settings[1].choices = "one two";
        if (type >= 1 && type <= 6)
            assert_taken();
        else
            assert_not_taken("has type");
    }
    settings[1].type = PERSIST_SETTING_CHOICE;
    settings[1].choices = "";
    assert_not_taken("without choices");
    settings[1].choices = NULL;
    assert_not_taken("without choices");
}
END_TEST

START_TEST(bounds_of_settings)
{
    settings[0].min = 5;
    assert_taken(); /* max 0 is no bound */
    settings[0].max = 5;
    assert_taken();
    settings[0].max = 4;
    assert_not_taken("max 4 below min 5");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loader: tables");
    TCase *tests = tcase_create("tables");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, whole_ones);
    tcase_add_loop_test(tests, an_operation_is_missing, 0, N_OPERATIONS);
    tcase_add_test(tests, all_operations_are_tested);
    tcase_add_loop_test(tests, tables_end_before_an_operation, 0, N_OPERATIONS);
    tcase_add_loop_test(tests, sizes_that_are_none, 0, 4);
    tcase_add_test(tests, sizes_that_are_larger);
    tcase_add_test(tests, short_limits);
    tcase_add_test(tests, tables_that_are_null);
    tcase_add_test(tests, sizes_of_the_descriptor);
    tcase_add_test(tests, settings_without_a_home);
    tcase_add_test(tests, how_many_settings);
    tcase_add_test(tests, names_of_settings);
    tcase_add_test(tests, types_of_settings);
    tcase_add_test(tests, bounds_of_settings);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
