/* SPDX-License-Identifier: MIT */
/* Whose files are run, and where they may stand. */
#include "core/loader/trust.h"
#include "tests/unit/loader/workshop.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOMEBODY 51234
#define ANOTHER 51235

static const char *good;

static void open_shop(void)
{
    workshop_open();
    good = strdup(put_plugin(folder("in"), "good", "good"));
}

static void close_shop(void)
{
    free((char *)(uintptr_t)good);
    workshop_close();
}

static const struct {
    mode_t mode;
    const char *words; /* NULL: fine */
} modes[] = {
    {0755, NULL},         {0644, NULL},        {0600, NULL},        {0664, "its group"},
    {0620, "its group"},  {0646, "everybody"}, {0666, "everybody"}, {0777, "chmod go-w"},
    {01666, "everybody"}, /* sticky means nothing on a file */
    {04755, NULL},
};

START_TEST(modes_of_the_file)
{
    ck_assert_int_eq(chmod(good, modes[_i].mode), 0);
    if (modes[_i].words)
        assert_refused(good, modes[_i].words);
    else
        assert_accepted(good);
}
END_TEST

static const struct {
    mode_t mode;
    const char *words;
} folder_modes[] = {
    {0755, NULL},         {0700, NULL},  {0711, NULL},  {0775, "its group"},  {0757, "everybody"},
    {0777, "chmod go-w"}, {01777, NULL}, {01775, NULL}, {02775, "its group"},
};

START_TEST(modes_of_the_folder)
{
    ck_assert_int_eq(chmod(at("in"), folder_modes[_i].mode), 0);
    if (folder_modes[_i].words) {
        assert_refused(good, folder_modes[_i].words);
        assert_refused(good, at("in"));
    } else {
        assert_accepted(good);
    }
}
END_TEST

/* Whoever may write a folder far above can put another tree in its place. */
START_TEST(modes_of_a_folder_above)
{
    folder("a");
    folder("a/b");
    const char *file = put_plugin(folder("a/b/c"), "deep", "deep");
    assert_accepted(file);
    ck_assert_int_eq(chmod(at("a"), 0777), 0);
    assert_refused(file, at("a"));
    ck_assert_int_eq(chmod(at("a"), 01777), 0);
    assert_accepted(file);
}
END_TEST

START_TEST(refused_before_it_runs)
{
    ck_assert_int_eq(chmod(good, 0666), 0);
    assert_open_refused(good, NULL, "everybody", "");
    ck_assert_int_eq(chmod(good, 0644), 0);
    ck_assert_int_eq(chmod(at("in"), 0777), 0);
    assert_open_refused(good, NULL, "everybody", "");
}
END_TEST

/* An untrusted file can still be looked at. */
START_TEST(the_head_is_shown_all_the_same)
{
    struct plugin_file file;
    ck_assert_int_eq(chmod(good, 0666), 0);
    ck_assert_int_eq(loader_inspect(good, &file, NULL), PERSIST_OK);
    ck_assert(!file.accepted && file.has_head);
    ck_assert_str_eq(file.head.name, "good");
}
END_TEST

START_TEST(links)
{
    const char *bad = folder("bad");
    char target[PATH_MAX];
    ck_assert_int_eq(mkdir(at("links"), 0755), 0);
    ck_assert_int_eq(symlink("../in/persist_good.so", at("links/persist_good.so")), 0);
    assert_accepted(at("links/persist_good.so"));

    /* The folder of the link does not count, for what it leads to is judged ... */
    ck_assert_int_eq(chmod(at("links"), 0777), 0);
    assert_accepted(at("links/persist_good.so"));

    /* ... the folder of the target does, also through a link to a folder. */
    put_plugin(bad, "evil", "evil");
    ck_assert_int_eq(chmod(bad, 0777), 0);
    snprintf(target, sizeof target, "%s/persist_evil.so", bad);
    ck_assert_int_eq(symlink(target, at("in/persist_evil.so")), 0);
    assert_refused(at("in/persist_evil.so"), bad);
    ck_assert_int_eq(symlink(bad, at("in/dir")), 0);
    assert_refused(at("in/dir/persist_evil.so"), bad);
    assert_refused(at("in/../bad/persist_evil.so"), bad);
}
END_TEST

START_TEST(broken_links)
{
    struct plugin_file file;
    ck_assert_int_eq(symlink("nowhere", at("persist_a.so")), 0);
    ck_assert_int_eq(loader_inspect(at("persist_a.so"), &file, NULL), PERSIST_NOT_FOUND);
    ck_assert_int_eq(symlink("persist_b.so", at("persist_b.so")), 0);
    ck_assert_int_eq(loader_inspect(at("persist_b.so"), &file, NULL), PERSIST_IO);
}
END_TEST

/* A name is judged as it was asked for: distributions link versioned files. */
START_TEST(a_link_names_the_plugin)
{
    ck_assert_int_eq(rename(good, at("in/persist_good.so.1.2")), 0);
    ck_assert_int_eq(symlink("persist_good.so.1.2", good), 0);
    assert_accepted(good);
    assert_refused(at("in/persist_good.so.1.2"), "must be called");
}
END_TEST

static void need_root(void)
{
    if (geteuid() == 0)
        return;
    fprintf(stderr, "skipped: only root can give files away\n");
    exit(EXIT_SUCCESS);
}

static void give(const char *path, uid_t to)
{
    ck_assert_int_eq(lchown(path, to, (gid_t)-1), 0);
}

START_TEST(owner_of_the_file)
{
    need_root();
    give(good, SOMEBODY);
    assert_refused(good, "belongs to user 51234");
    assert_open_refused(good, NULL, "belongs to user 51234", "");
    give(good, 0);
    assert_accepted(good);
}
END_TEST

START_TEST(owner_of_a_folder)
{
    need_root();
    give(at("in"), SOMEBODY);
    assert_refused(good, "the folder");
    give(at("in"), 0);
    give(workshop, SOMEBODY);
    assert_refused(good, "belongs to user 51234");
    chmod(workshop, 01755); /* sticky says nothing of the owner */
    assert_refused(good, "belongs to user 51234");
    give(workshop, 0);
}
END_TEST

/* Links belong to whom they like. */
START_TEST(owner_of_a_link)
{
    need_root();
    ck_assert_int_eq(symlink("in/persist_good.so", at("persist_good.so")), 0);
    give(at("persist_good.so"), SOMEBODY);
    assert_accepted(at("persist_good.so"));
}
END_TEST

START_TEST(the_effective_user_counts)
{
    need_root();
    give(good, SOMEBODY);
    ck_assert_int_eq(seteuid(SOMEBODY), 0);
    assert_accepted(good);
    ck_assert_int_eq(seteuid(0), 0);
    give(good, ANOTHER);
    ck_assert_int_eq(seteuid(SOMEBODY), 0);
    assert_refused(good, "belongs to user 51235");
    ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

static persist_status open_as(uid_t user, uid_t library, struct plugin_file *file)
{
    struct trust trust = {.user = user, .library = library};
    struct stat st;
    char real[PATH_MAX];
    int fd;
    memset(file, 0, sizeof *file);
    ck_assert_ptr_nonnull(realpath(good, real));
    persist_status status = trust_open(&trust, real, file, &fd, &st, NULL);
    if (fd >= 0)
        close(fd);
    return status;
}

START_TEST(owner_of_the_library)
{
    need_root();
    struct plugin_file file;
    give(good, SOMEBODY);
    ck_assert_int_eq(open_as(0, SOMEBODY, &file), PERSIST_OK);
    ck_assert_int_eq(file.status, PERSIST_OK);
    ck_assert_int_eq(open_as(0, ANOTHER, &file), PERSIST_OK);
    ck_assert_int_eq(file.status, PERSIST_PLUGIN_REFUSED);
    ck_assert_int_eq(open_as(SOMEBODY, 0, &file), PERSIST_OK);
    ck_assert_int_eq(file.status, PERSIST_OK);
}
END_TEST

/* This program is what holds the library's code, and its folder is what counts. */
START_TEST(the_library_is_found)
{
    struct trust trust;
    struct stat st;
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    ck_assert_int_gt(length, 0);
    path[length] = '\0';
    *strrchr(path, '/') = '\0';
    ck_assert_int_eq(stat(path, &st), 0);
    trust_begin(&trust);
    ck_assert_uint_eq(trust.user, geteuid());
    ck_assert_uint_eq(trust.library, st.st_uid);
}
END_TEST

START_TEST(what_may_not_be_read)
{
    struct plugin_file file;
    persist_error error = ERROR_INIT;
    ck_assert_int_eq(chmod(at("in"), 0700), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(SOMEBODY), 0);
    else
        ck_assert_int_eq(chmod(at("in"), 0), 0);
    ck_assert_int_eq(loader_inspect(good, &file, &error), PERSIST_IO);
    ck_assert_ptr_nonnull(strstr(persist_error_message(&error), "Permission denied"));
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(chmod(at("in"), 0755), 0);
    ck_assert_int_eq(chmod(good, 0), 0);
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(SOMEBODY), 0);
    ck_assert_int_eq(loader_inspect(good, &file, &error), PERSIST_IO);
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
    error_clear(&error);
}
END_TEST

/* The path was real when it was resolved; what became a link since is not followed. */
START_TEST(links_are_not_followed_any_more)
{
    struct trust trust;
    struct stat st;
    struct plugin_file file = {0};
    int fd;
    trust_begin(&trust);
    ck_assert_int_eq(symlink("in", at("link")), 0);
    ck_assert_int_eq(trust_open(&trust, at("link/persist_good.so"), &file, &fd, &st, NULL),
                     PERSIST_IO);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(symlink("persist_good.so", at("in/persist_link.so")), 0);
    ck_assert_int_eq(trust_open(&trust, at("in/persist_link.so"), &file, &fd, &st, NULL),
                     PERSIST_OK);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(file.status, PERSIST_PLUGIN_REFUSED);
    ck_assert_int_eq(trust_open(&trust, at("in/persist_no.so"), &file, &fd, &st, NULL),
                     PERSIST_NOT_FOUND);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loader: trust");
    TCase *tests = tcase_create("trust");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, open_shop, close_shop);
    tcase_add_loop_test(tests, modes_of_the_file, 0, sizeof modes / sizeof modes[0]);
    tcase_add_loop_test(tests, modes_of_the_folder, 0,
                        sizeof folder_modes / sizeof folder_modes[0]);
    tcase_add_test(tests, modes_of_a_folder_above);
    tcase_add_test(tests, refused_before_it_runs);
    tcase_add_test(tests, the_head_is_shown_all_the_same);
    tcase_add_test(tests, links);
    tcase_add_test(tests, broken_links);
    tcase_add_test(tests, a_link_names_the_plugin);
    tcase_add_test(tests, owner_of_the_file);
    tcase_add_test(tests, owner_of_a_folder);
    tcase_add_test(tests, owner_of_a_link);
    tcase_add_test(tests, the_effective_user_counts);
    tcase_add_test(tests, owner_of_the_library);
    tcase_add_test(tests, the_library_is_found);
    tcase_add_test(tests, what_may_not_be_read);
    tcase_add_test(tests, links_are_not_followed_any_more);
    suite_add_tcase(suite, tests);
    return workshop_run(suite);
}
