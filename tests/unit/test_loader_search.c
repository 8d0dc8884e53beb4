/* SPDX-License-Identifier: MIT */
/* Where plugins are looked for, which one gets a scheme, and what a refusal tells. */
#include "core/loader/search.h"
#include "tests/unit/loader/workshop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_VARIABLE "PERSIST_PLUGIN_PATH"

static const char *two[2];
static struct plugin_search where = {two, 2};

static void open_shop(void)
{
    workshop_open();
    two[0] = strdup(folder("one"));
    two[1] = strdup(folder("two"));
}

static void close_shop(void)
{
    free((char *)(uintptr_t)two[0]);
    free((char *)(uintptr_t)two[1]);
    workshop_close();
}

static void assert_opens(const char *scheme, const struct plugin_search *places, const char *path)
{
    const struct plugin *plugin = NULL;
    persist_error error = ERROR_INIT;
    persist_status status = loader_open(scheme, places, &plugin, &error);
    ck_assert_msg(status == PERSIST_OK, "%s", persist_error_message(&error));
    ck_assert_str_eq(plugin->path, path);
    error_clear(&error);
}

START_TEST(by_its_name)
{
    const char *path = put_plugin(two[1], "good", "other");
    assert_opens("good", &where, path);
}
END_TEST

START_TEST(by_its_note)
{
    put_plugin(two[0], "aaa", "aaa");
    const char *path = put_plugin(two[1], "good", "postgres postgresql pg+x");
    assert_opens("postgres", &where, path);
    assert_opens("postgresql", &where, path);
    assert_opens("pg+x", &where, path);
    assert_open_refused("postgre", &where, "no plugin answers to 'postgre'", "CL");
    assert_open_refused("pg", &where, "it answers to 'postgres postgresql pg+x'", "CL");
}
END_TEST

START_TEST(its_name_comes_before_its_note)
{
    put_plugin(two[0], "aaa", "good");
    put_plugin(two[0], "bbb", "good");
    const char *path = put_plugin(two[1], "good", "good");
    assert_opens("good", &where, path);
}
END_TEST

START_TEST(the_first_folder_comes_first)
{
    const char *path = put_plugin(two[0], "good", "good x");
    put_plugin(two[1], "good", "good x");
    assert_opens("good", &where, path);
    assert_opens("x", &where, path);
    ck_assert_str_eq(marker(), "CL");
}
END_TEST

static char logged[4096];

static void take_log(void *context, persist_log_level level, const char *text)
{
    (void)context;
    ck_assert_int_eq(level, PERSIST_LOG_WARNING);
    snprintf(logged, sizeof logged, "%s", text);
}

START_TEST(a_refused_one_is_passed_over)
{
    const char *bad = put_plugin(two[0], "good", "good x");
    const char *path = put_plugin(two[1], "good", "good x");
    patch_number(bad, IN_BOTH, HEAD_AT(abi_major), 7);
    persist_set_log(PERSIST_LOG_WARNING, take_log, NULL);
    assert_opens("good", &where, path);
    ck_assert_ptr_nonnull(strstr(logged, bad));
    ck_assert_ptr_nonnull(strstr(logged, "the host is older"));
    assert_opens("x", &where, path);
    persist_set_log(PERSIST_LOG_WARNING, NULL, NULL);
}
END_TEST

START_TEST(two_claimants)
{
    const char *a = put_plugin(two[0], "aaa", "x y");
    const char *b = put_plugin(two[1], "bbb", "z y");
    assert_open_refused("y", &where, "two plugins answer to 'y'", "");
    assert_open_refused("y", &where, a, "");
    assert_open_refused("y", &where, b, "");
    assert_opens("z", &where, b);
    /* One that would be refused claims nothing. */
    patch_number(a, IN_BOTH, HEAD_AT(abi_major), 7);
    assert_opens("y", &where, b);
}
END_TEST

START_TEST(one_file_by_two_paths_is_one_claimant)
{
    const char *path = put_plugin(two[0], "aaa", "x");
    ck_assert_int_eq(symlink("../one/persist_aaa.so", at("two/persist_aaa.so")), 0);
    assert_opens("x", &where, path);
    const char *again[] = {two[0], at("link"), at("one/../one/")};
    ck_assert_int_eq(symlink(two[0], at("link")), 0);
    assert_opens("x", &(struct plugin_search){again, 3}, path);
}
END_TEST

/* Every place with its reason. */
START_TEST(the_refusal_tells_all)
{
    write_file(at("one/persist_x.so"), "text", 4);
    put_plugin(two[0], "young", "x");
    patch_number(at("one/persist_young.so"), IN_BOTH, HEAD_AT(host_floor), 9);
    put_plugin(two[1], "other", "y");
    const char *list[] = {two[0], two[1], "relative", at("missing"), ""};
    struct plugin_search five = {list, 5};
    const char *words[] = {"no plugin answers to 'x'",
                           "install persist_x.so or name its folder in plugin_path",
                           "one/persist_x.so: it has only 4 bytes",
                           "two/persist_x.so: there is no such file",
                           "one/persist_young.so: it was built for plugin ABI",
                           "the host is older",
                           "two/persist_other.so: it answers to 'y'",
                           "'relative' of plugin_path: skipped, it is not an absolute path",
                           "missing of plugin_path: there is no such folder",
                           "'' of plugin_path: skipped"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_open_refused("x", &five, words[i], "");
}
END_TEST

START_TEST(no_scheme)
{
    char scheme[80];
    const char *bad[] = {"",   "../evil", "a/b", "A",  "a b", "1a",      ".",
                         "..", "+a",      "a\n", "a%", "-a",  "\303\251"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_open_refused(bad[i], &where, "names no backend", "");
    memset(scheme, 'a', sizeof scheme);
    scheme[64] = '\0';
    assert_open_refused(scheme, &where, "names no backend", "");
    scheme[63] = '\0';
    assert_open_refused(scheme, &where, "no plugin answers to", "");
}
END_TEST

/* --------------------------------------------------------------------- the variable */

START_TEST(the_variable)
{
    char path[2048];
    put_plugin(two[0], "aaa", "aaa");
    put_plugin(two[1], "bbb", "bbb");
    snprintf(path, sizeof path, "%s:%s", two[0], two[1]);
    setenv(PATH_VARIABLE, path, 1);
    assert_opens("aaa", NULL, at("one/persist_aaa.so"));
    assert_opens("bbb", &(struct plugin_search){NULL, 0}, at("two/persist_bbb.so"));
    /* A configured list stands in its stead, not beside it. */
    assert_open_refused("aaa", &(struct plugin_search){two + 1, 1}, "no plugin", "CLCL");
}
END_TEST

START_TEST(relative_parts_of_the_variable)
{
    char path[2048];
    ck_assert_int_eq(chdir(workshop), 0);
    put_plugin(two[0], "aaa", "aaa");
    snprintf(path, sizeof path, "one:./one::~/one:%s", two[1]);
    setenv(PATH_VARIABLE, path, 1);
    assert_open_refused("aaa", NULL, "'one' of PERSIST_PLUGIN_PATH: skipped, it is not", "");
    assert_open_refused("aaa", NULL, "'./one' of PERSIST_PLUGIN_PATH: skipped", "");
    assert_open_refused("aaa", NULL, "'' of PERSIST_PLUGIN_PATH: skipped", "");
    assert_open_refused("aaa", NULL, "'~/one' of PERSIST_PLUGIN_PATH: skipped", "");
    assert_open_refused("aaa", NULL, at("two/persist_aaa.so"), "");
}
END_TEST

static void check_places(const char *path, size_t n)
{
    struct search search = {0};
    ck_assert_int_eq(search_begin_path(&search, path, NULL), PERSIST_OK);
    ck_assert_uint_eq(search.n_folders, n);
    search_end(&search);
}

START_TEST(parts_of_the_variable)
{
    check_places("/", 1);
    check_places("///", 1);
    check_places("/:/", 1);
    check_places("/:/usr:/usr/", 2);
    check_places("", 0);
    check_places(":::", 0);
    check_places("/dev/null", 0);
    char *longer = malloc(2 * PATH_MAX);
    memset(longer, '/', 2 * PATH_MAX);
    longer[2 * PATH_MAX - 1] = '\0';
    check_places(longer, 1);
    memset(longer + 1, 'x', PATH_MAX);
    longer[PATH_MAX] = '\0';
    check_places(longer, 0);
    free(longer);
}
END_TEST

/* An empty variable is an unset one. */
START_TEST(the_compiled_folder)
{
    unsetenv(PATH_VARIABLE);
    assert_open_refused("nosuchscheme", NULL, PERSIST_PLUGINDIR, "");
    setenv(PATH_VARIABLE, "", 1);
    assert_open_refused("nosuchscheme", NULL, PERSIST_PLUGINDIR, "");
}
END_TEST

/* ------------------------------------------------------------------------- a list */

struct listed {
    char text[4096];
    unsigned stop; /* after so many */
    unsigned n;
};

static persist_status take_file(void *context, const struct plugin_file *file)
{
    struct listed *listed = context;
    size_t used = strlen(listed->text);
    snprintf(listed->text + used, sizeof listed->text - used, "%s%s ",
             file->path + strlen(workshop), file->accepted ? "+" : "-");
    ck_assert(file->accepted == !file->reason[0]);
    return ++listed->n == listed->stop ? PERSIST_END : PERSIST_OK;
}

START_TEST(a_list)
{
    struct listed listed = {.stop = 0};
    put_plugin(two[0], "good", "good");
    put_plugin(two[0], "bad", "bad");
    write_file(at("one/persist_bad.so"), "text", 4);
    put_plugin(two[1], "good", "good");
    put_plugin(two[1], "bad", "bad");
    put_plugin(two[1], "zzz", "good");
    ck_assert_int_eq(symlink("persist_zzz.so", at("two/persist_zzzz.so")), 0);
    ck_assert_int_eq(symlink("nowhere", at("two/persist_broken.so")), 0);
    folder("two/persist_folder.so");
    const char *others[] = {"persist_.so", "persist_x.s", "libpersist_x.so", "persist_x.so.1"};
    for (size_t i = 0; i < 4; i++)
        write_file(at("one/%s", others[i]), "", 0);
    ck_assert_int_eq(loader_list(&where, take_file, &listed, NULL), PERSIST_OK);
    ck_assert_str_eq(listed.text,
                     "/one/persist_bad.so- /one/persist_good.so+ "
                     "/two/persist_bad.so+ /two/persist_folder.so- "
                     "/two/persist_good.so- /two/persist_zzz.so+ ");
    ck_assert_str_eq(marker(), "");
}
END_TEST

START_TEST(a_list_that_ends_early)
{
    struct listed listed = {.stop = 1};
    put_plugin(two[0], "aaa", "good");
    put_plugin(two[0], "bbb", "bad");
    put_plugin(two[1], "ccc", "bad");
    ck_assert_int_eq(loader_list(&where, take_file, &listed, NULL), PERSIST_END);
    ck_assert_uint_eq(listed.n, 1);
}
END_TEST

static persist_status take_reason(void *context, const struct plugin_file *file)
{
    if (!file->accepted)
        snprintf(context, 1024, "%s", file->reason);
    return PERSIST_OK;
}

START_TEST(a_hidden_one_says_so)
{
    char reason[1024] = "";
    const char *path = put_plugin(two[0], "good", "good");
    put_plugin(two[1], "good", "good");
    ck_assert_int_eq(loader_list(&where, take_reason, reason, NULL), PERSIST_OK);
    ck_assert_ptr_nonnull(strstr(reason, "hidden by"));
    ck_assert_ptr_nonnull(strstr(reason, path));
}
END_TEST

/* ------------------------------------------------------------- a program with more rights */

/* What this program does, started anew as `test_loader_search --open SCHEME`. */
static int open_and_tell(const char *scheme)
{
    const struct plugin *plugin = NULL;
    persist_error error = ERROR_INIT;
    persist_status status = loader_open(scheme, NULL, &plugin, &error);
    printf("%s\n", status == PERSIST_OK ? plugin->path : persist_error_message(&error));
    fflush(stdout); /* a leak checker cannot trace a set-user-id program, and aborts it */
    error_clear(&error);
    return 0;
}

static void run_as(uid_t uid, const char *program, const char *scheme, char *out, size_t capacity)
{
    int pipes[2], how;
    ck_assert_int_eq(pipe(pipes), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        if (setgid(uid) == 0 && setuid(uid) == 0)
            execl(program, program, "--open", scheme, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    size_t used = 0;
    for (ssize_t got; (got = read(pipes[0], out + used, capacity - 1 - used)) > 0;)
        used += (size_t)got;
    out[used] = '\0';
    close(pipes[0]);
    ck_assert_int_eq(waitpid(child, &how, 0), child);
    ck_assert(WIFEXITED(how) && WEXITSTATUS(how) != 127);
}

/* A set-user-id program looks where it was told when it was built, whatever its caller
 * says; and it takes no plugin of its caller's, even by path. */
START_TEST(a_set_user_id_program)
{
    struct statvfs fs;
    char out[8192];
    const uid_t owner = 51234, caller = 51235;
    ck_assert_int_eq(statvfs(workshop, &fs), 0);
    if (geteuid() != 0 || (fs.f_flag & ST_NOSUID)) {
        fprintf(stderr, "skipped: needs root and a file system that honours set-user-id\n");
        return;
    }
    size_t size;
    unsigned char *bytes = read_file("/proc/self/exe", &size);
    const char *program = at("program");
    write_file(program, bytes, size);
    free(bytes);
    const char *path = put_plugin(two[0], "good", "good");
    setenv(PATH_VARIABLE, two[0], 1);

    ck_assert_int_eq(chmod(program, 0755), 0);
    run_as(caller, program, "good", out, sizeof out);
    ck_assert_msg(strncmp(out, path, strlen(path)) == 0, "without the bit: %s", out);

    ck_assert_int_eq(chown(program, owner, (gid_t)-1), 0);
    ck_assert_int_eq(chmod(program, 04755), 0);
    run_as(caller, program, "good", out, sizeof out);
    ck_assert_msg(strstr(out, PERSIST_PLUGINDIR) && !strstr(out, two[0]), "with the bit: %s", out);

    run_as(caller, program, path, out, sizeof out);
    ck_assert_msg(strncmp(out, path, strlen(path)) == 0, "root's, by path: %s", out);
    ck_assert_int_eq(chown(path, caller, (gid_t)-1), 0);
    run_as(caller, program, path, out, sizeof out);
    ck_assert_msg(strstr(out, "belongs to user 51235") != NULL, "the caller's, by path: %s", out);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--open") == 0)
        return open_and_tell(argv[2]);
    Suite *suite = suite_create("loader: search");
    TCase *tests = tcase_create("search");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, open_shop, close_shop);
    tcase_add_test(tests, by_its_name);
    tcase_add_test(tests, by_its_note);
    tcase_add_test(tests, its_name_comes_before_its_note);
    tcase_add_test(tests, the_first_folder_comes_first);
    tcase_add_test(tests, a_refused_one_is_passed_over);
    tcase_add_test(tests, two_claimants);
    tcase_add_test(tests, one_file_by_two_paths_is_one_claimant);
    tcase_add_test(tests, the_refusal_tells_all);
    tcase_add_test(tests, no_scheme);
    tcase_add_test(tests, the_variable);
    tcase_add_test(tests, relative_parts_of_the_variable);
    tcase_add_test(tests, parts_of_the_variable);
    tcase_add_test(tests, the_compiled_folder);
    tcase_add_test(tests, a_list);
    tcase_add_test(tests, a_list_that_ends_early);
    tcase_add_test(tests, a_hidden_one_says_so);
    tcase_add_test(tests, a_set_user_id_program);
    suite_add_tcase(suite, tests);
    return workshop_run(suite);
}
