/* SPDX-License-Identifier: MIT */
/* Bringing a plugin into the process: when its code runs, how often, and what is found wrong
 * only then. Each test has a process of its own. */
#include "core/loader/load.h"
#include "tests/unit/loader/workshop.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct plugin *open_ok(const char *path)
{
    const struct plugin *plugin = NULL;
    persist_error error = ERROR_INIT;
    persist_status status = loader_open(path, NULL, &plugin, &error);
    ck_assert_msg(status == PERSIST_OK, "%s", persist_error_message(&error));
    ck_assert_ptr_nonnull(plugin);
    error_clear(&error);
    return plugin;
}

static unsigned open_files(void)
{
    unsigned n = 0;
    DIR *dir = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

START_TEST(a_good_one)
{
    char real[PATH_MAX];
    const char *path = put_plugin(workshop, "good", "good");
    unsigned before = open_files();
    const struct plugin *plugin = open_ok(path);
    ck_assert_str_eq(marker(), "CL");
    ck_assert_uint_eq(open_files(), before);
    ck_assert_str_eq(plugin->path, realpath(path, real));
    ck_assert_str_eq(plugin->descriptor->head.name, "good");
    ck_assert_uint_eq(plugin->descriptor->n_settings, 1);
    ck_assert_ptr_eq(plugin->descriptor->life, &plugin->life);
    ck_assert_uint_eq(plugin->limits.key_bytes, 4096);
    ck_assert(plugin->store.append && plugin->admin.stats && !plugin->store.control);
    ck_assert_int_eq(plugin->life.session_ping(NULL, NULL), PERSIST_UNSUPPORTED);
}
END_TEST

START_TEST(loaded_once)
{
    const char *path = put_plugin(workshop, "good", "good");
    folder("other");
    ck_assert_int_eq(symlink("../persist_good.so", at("other/persist_good.so")), 0);
    ck_assert_int_eq(mkdir(at("hard"), 0755), 0);
    ck_assert_int_eq(link(path, at("hard/persist_good.so")), 0);
    const struct plugin *plugin = open_ok(path);
    ck_assert_ptr_eq(open_ok(path), plugin);
    ck_assert_ptr_eq(open_ok(at("other/persist_good.so")), plugin);
    ck_assert_ptr_eq(open_ok(at("hard/persist_good.so")), plugin);
    ck_assert_str_eq(marker(), "CL");
}
END_TEST

/* Descriptor numbers come back; each file must still be itself, equal as they may be. */
START_TEST(many_are_told_apart)
{
    const struct plugin *seen[20];
    for (int i = 0; i < 20; i++) {
        char name[32];
        snprintf(name, sizeof name, "folder%d", i);
        seen[i] = open_ok(put_plugin(folder(name), "same", "same"));
        for (int j = 0; j < i; j++) {
            ck_assert_ptr_ne(seen[i], seen[j]);
            ck_assert(seen[i]->life.load != seen[j]->life.load);
        }
    }
    ck_assert_uint_eq(strlen(marker()), 40);
}
END_TEST

static void *open_in_thread(void *path)
{
    const struct plugin *plugin = NULL;
    loader_open(path, NULL, &plugin, NULL);
    return (void *)(uintptr_t)plugin;
}

START_TEST(many_threads_load_once)
{
    pthread_t threads[16];
    char *path = strdup(put_plugin(workshop, "good", "good"));
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, open_in_thread, path), 0);
    void *first = NULL, *plugin;
    for (int i = 0; i < 16; i++) {
        pthread_join(threads[i], &plugin);
        ck_assert_ptr_nonnull(plugin);
        ck_assert(!first || first == plugin);
        first = plugin;
    }
    ck_assert_str_eq(marker(), "CL");
    free(path);
}
END_TEST

/* Inspecting, and refusing, come before the constructor, which kills whoever runs it. */
START_TEST(a_constructor_that_traps)
{
    build("-DTRAP", at("persist_base.so"));
    assert_accepted(at("persist_base.so"));
    patch_number(at("persist_base.so"), IN_BOTH, HEAD_AT(abi_major), 9);
    assert_refused(at("persist_base.so"), "the host is older");
    assert_open_refused(at("persist_base.so"), NULL, "the host is older", "");
}
END_TEST

/* The other side of the test above: the trap is a real one. */
START_TEST(a_constructor_that_traps_when_taken)
{
    int how;
    build("-DTRAP", at("persist_base.so"));
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        const struct plugin *plugin;
        loader_open(at("persist_base.so"), NULL, &plugin, NULL);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &how, 0), child);
    ck_assert_msg(!WIFEXITED(how) || WEXITSTATUS(how) != 0, "it was not trapped");
    ck_assert_str_eq(marker(), "C");
}
END_TEST

START_TEST(newer_and_older)
{
    const char *path = put_plugin(workshop, "good", "good");
    patch_number(path, IN_BOTH, HEAD_AT(abi_minor), PERSIST_ABI_MINOR + 5);
    patch_number(path, IN_BOTH, HEAD_AT(host_floor), PERSIST_ABI_MINOR);
    open_ok(path);
    ck_assert_str_eq(marker(), "CL");
    set_marker();
    path = put_plugin(folder("b"), "good", "good");
    patch_number(path, IN_BOTH, HEAD_AT(host_floor), PERSIST_ABI_MINOR + 1);
    assert_open_refused(path, NULL, "the host is older", "");
    patch_number(path, IN_BOTH, HEAD_AT(host_floor), 0);
    patch_number(path, IN_BOTH, HEAD_AT(abi_minor), 0);
    assert_open_refused(path, NULL, "the plugin is older", "");
}
END_TEST

START_TEST(load_that_fails)
{
    const char *path = put_plugin(workshop, "good", "good");
    setenv("PERSIST_TEST_LOAD", "30", 1); /* PERSIST_UNSUPPORTED */
    assert_open_refused(path, NULL, "life.load answered 'unsupported'", "CL");
    /* It stays refused, and neither runs again. */
    unsetenv("PERSIST_TEST_LOAD");
    assert_open_refused(path, NULL, "driver library", "CL");
    assert_open_refused(path, NULL, path, "CL");
    /* A mended file is another file. */
    ck_assert_int_eq(unlink(path), 0);
    open_ok(put_plugin(workshop, "good", "good"));
    ck_assert_str_eq(marker(), "CLCL");
}
END_TEST

START_TEST(load_out_of_memory)
{
    const char *path = put_plugin(workshop, "good", "good");
    setenv("PERSIST_TEST_LOAD", "24", 1);
    assert_open_refused(path, NULL, "out of memory", "CL");
    /* That passes: the plugin is asked again, by another name of the same object. */
    unsetenv("PERSIST_TEST_LOAD");
    open_ok(path);
}
END_TEST

START_TEST(a_descriptor_that_differs)
{
    const char *path = put_plugin(workshop, "good", "good");
    patch_text(path, IN_DESCRIPTOR, HEAD_AT(version), HEAD_SIZE(version), "1.1");
    assert_open_refused(path, NULL, "descriptor and its note differ", "C");
    assert_open_refused(path, NULL, "descriptor and its note differ", "C");
    path = put_plugin(folder("b"), "good", "good");
    patch_number(path, IN_NOTE, HEAD_AT(abi_minor), PERSIST_ABI_MINOR + 1);
    assert_open_refused(path, NULL, "descriptor and its note differ", "CC");
}
END_TEST

/* Any byte of the note that differs shows, be the note acceptable or not. */
START_TEST(any_byte_counts)
{
    for (size_t i = 8; i < sizeof(persist_plugin_head); i += 13) {
        char name[32];
        snprintf(name, sizeof name, "byte%zu", i);
        const char *path = put_plugin(folder(name), "good", "good");
        size_t size;
        unsigned char *bytes = read_file(path, &size);
        bytes[note_offset(path) + i] ^= 1;
        write_file(path, bytes, size);
        free(bytes);
        ck_assert_int_eq(loader_open(path, NULL, &(const struct plugin *){NULL}, NULL),
                         PERSIST_PLUGIN_REFUSED);
    }
    ck_assert_ptr_null(strchr(marker(), 'L'));
}
END_TEST

static const struct {
    const char *flags;
    const char *words;
    const char *ran;
} wrong[] = {
    {"-DUNDEFINED", "undefined symbol: persist_test_is_nowhere", ""},
    {"-DNO_NOTE", "no .note.persist", ""},
    {"-DTWO_NOTES", "two notes", ""},
    {"-DENTRY_NONE", "does not export persist_plugin_entry", "C"},
    {"-DENTRY_DATA", "is no function", "C"},
    {"-DENTRY_NULL", "returned NULL", "C"},
    {"-DNO_STATS", "admin.stats is missing", "C"},
};

START_TEST(wrong_ones)
{
    build(wrong[_i].flags, at("persist_base.so"));
    assert_open_refused(at("persist_base.so"), NULL, wrong[_i].words, wrong[_i].ran);
    assert_open_refused(at("persist_base.so"), NULL, at("persist_base.so"), wrong[_i].ran);
    ck_assert_ptr_null(strstr(wrong[_i].words, "/proc/"));
}
END_TEST

/* What ld.so says names the file, not the descriptor it was opened by. */
START_TEST(the_descriptor_is_not_named)
{
    const struct plugin *plugin;
    persist_error error = ERROR_INIT;
    build("-DUNDEFINED", at("persist_base.so"));
    ck_assert_int_eq(loader_open(at("persist_base.so"), NULL, &plugin, &error),
                     PERSIST_PLUGIN_REFUSED);
    ck_assert_ptr_null(strstr(persist_error_message(&error), "/proc/"));
    error_clear(&error);
}
END_TEST

/* An entry of a library that the plugin needs is not the plugin's. */
START_TEST(an_entry_of_another)
{
    char flags[1024];
    build("-Wl,-soname,libother.so", at("libother.so"));
    snprintf(flags, sizeof flags, "-DENTRY_NONE -Wl,--no-as-needed -Wl,-rpath,%s %s", workshop,
             at("libother.so"));
    build(flags, at("persist_base.so"));
    assert_open_refused(at("persist_base.so"), NULL, "does not export persist_plugin_entry", "CC");
}
END_TEST

START_TEST(smaller_and_larger_tables)
{
    build("-DSMALLER", at("persist_base.so"));
    const struct plugin *plugin = open_ok(at("persist_base.so"));
    ck_assert(plugin->store.append && !plugin->store.wait_change && !plugin->admin.verify);
    folder("larger");
    build("-DLARGER", at("larger/persist_base.so"));
    plugin = open_ok(at("larger/persist_base.so"));
    ck_assert(plugin->store.wait_change && plugin->admin.verify && plugin->life.interrupt);
    ck_assert_uint_gt(plugin->store.size, sizeof plugin->store);
    ck_assert_str_eq(marker(), "CLCL");
}
END_TEST

START_TEST(a_path_that_is_not_there)
{
    assert_open_refused(at("persist_no.so"), NULL, "no such file", "");
    assert_open_refused("/", NULL, "is a folder", "");
}
END_TEST

/* What was judged is what runs, whatever became of the path in between. */
START_TEST(the_very_file)
{
    struct plugin_file file;
    const struct plugin *plugin = NULL;
    struct judged judged;
    const char *path = put_plugin(workshop, "good", "good");
    ck_assert_int_eq(judge_file(path, &file, &judged, NULL), PERSIST_OK);
    ck_assert(file.accepted);
    ck_assert_int_eq(unlink(path), 0);
    write_file(path, "something else", 14);
    ck_assert_int_eq(load_file(&file, &judged, &plugin, NULL), PERSIST_OK);
    ck_assert_str_eq(plugin->descriptor->head.name, "good");
    judge_end(&judged);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loader: load");
    TCase *tests = tcase_create("load");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, workshop_open, workshop_close);
    tcase_add_test(tests, a_good_one);
    tcase_add_test(tests, loaded_once);
    tcase_add_test(tests, many_are_told_apart);
    tcase_add_test(tests, many_threads_load_once);
    tcase_add_test(tests, a_constructor_that_traps);
    tcase_add_test(tests, a_constructor_that_traps_when_taken);
    tcase_add_test(tests, newer_and_older);
    tcase_add_test(tests, load_that_fails);
    tcase_add_test(tests, load_out_of_memory);
    tcase_add_test(tests, a_descriptor_that_differs);
    tcase_add_test(tests, any_byte_counts);
    tcase_add_loop_test(tests, wrong_ones, 0, sizeof wrong / sizeof wrong[0]);
    tcase_add_test(tests, the_descriptor_is_not_named);
    tcase_add_test(tests, an_entry_of_another);
    tcase_add_test(tests, smaller_and_larger_tables);
    tcase_add_test(tests, a_path_that_is_not_there);
    tcase_add_test(tests, the_very_file);
    suite_add_tcase(suite, tests);
    return workshop_run(suite);
}
