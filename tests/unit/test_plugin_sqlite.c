/* SPDX-License-Identifier: MIT */
/* What only a file can go through: strangers, damage, rights, space, other processes. */
#include "tests/unit/plugin_host.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fixture f;
static struct log l;

static void expect_open(uint32_t flags, persist_status status, const char *text)
{
    ck_assert_msg(fixture_try(&f, flags) == status, "not %d: %s", (int)status, f.error.text);
    ck_assert_msg(strstr(f.error.text, text) != NULL, "no \"%s\" in \"%s\"", text, f.error.text);
    if (status == PERSIST_OK)
        fixture_close(&f);
}

/* A closed store with one key. */
static void make_store(void)
{
    fixture_open(&f, VARIANT_SQLITE);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    log_put(&f, &l, "k", 1, "v");
    fixture_close(&f);
}

/* Opens the file past the plugin. */
static void run_sql(const char *sql)
{
    sqlite3 *db;
    char *fault = NULL;

    ck_assert_int_eq(sqlite3_open(f.path, &db), SQLITE_OK);
    sqlite3_exec(db, sql, NULL, NULL, &fault);
    ck_assert_msg(fault == NULL, "%s: %s", sql, fault);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static size_t read_file(unsigned char **bytes)
{
    FILE *file = fopen(f.path, "rb");
    struct stat info;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fstat(fileno(file), &info), 0);
    *bytes = malloc((size_t)info.st_size + 1);
    ck_assert_uint_eq(fread(*bytes, 1, (size_t)info.st_size, file), (size_t)info.st_size);
    fclose(file);
    return (size_t)info.st_size;
}

static void write_file(const void *bytes, size_t size)
{
    FILE *file = fopen(f.path, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static bool there(const char *suffix)
{
    char path[PATH_MAX + 64];
    struct stat info;

    snprintf(path, sizeof(path), "%s%s", f.path, suffix);
    return stat(path, &info) == 0;
}

/* ---- URLs */

static const struct {
    const char *url;
    const char *fault; /* NULL: good */
} urls[] = {
    {"sqlite:///abs/path", NULL},
    {"sqlite:/abs/path", NULL},
    {"sqlite:rel/path", NULL},
    {"sqlite:a%20b%3f%23", NULL},
    {"sqlite::memory:", NULL},
    {"sqlite:///x?mode=ro", NULL},
    {"sqlite:", "no path"},
    {"sqlite://", "empty"},
    {"sqlite:?mode=ro", "no path"},
    {"sqlite://host/path", "host"},
    {"sqlite://host", "host"},
    {"sqlite:x?mode=rw", "mode=ro"},
    {"sqlite:x?", "mode=ro"},
    {"sqlite:x?cache=shared", "cache=shared"},
    {"sqlite:x?mode=ro&mode=ro", "repeated"},
    {"sqlite:x?mode=ro?", "repeated"},
    {"sqlite::memory:?mode=ro", "no parameter"},
    {"sqlite:x%", "escape"},
    {"sqlite:x%g1", "escape"},
    {"sqlite:x%00", "escape"},
    {"sqlite:x%0a", "control"},
    {"sqlite:x#y", "fragment"},
    {"postgres:x", "begin"},
};

START_TEST(urls_are_checked)
{
    fixture_prepare(&f, "sqlite");
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        persist_status status;

        host_faults = 0;
        status = f.life->check_config(&f.call, urls[i].url, &f.settings);
        ck_assert_msg((status == PERSIST_OK) == (urls[i].fault == NULL), "%s", urls[i].url);
        ck_assert_int_eq(host_faults, urls[i].fault != NULL);
        if (urls[i].fault != NULL) {
            ck_assert_msg(strstr(host_fault, urls[i].fault) != NULL, "%s: %s", urls[i].url,
                          host_fault);
            strcpy(f.url, urls[i].url);
            expect_open(PERSIST_OPEN_MIGRATE, PERSIST_CONFIG, urls[i].fault);
        }
    }
    fixture_remove(&f);
}
END_TEST

START_TEST(settings_are_checked)
{
    struct host_setting page[] = {{"page_size", NULL, 5000}, {NULL, NULL, 0}};
    struct host_setting path[] = {{"path", NULL, 0}, {NULL, NULL, 0}};

    make_store();
    f.settings.items = page;
    ck_assert_int_eq(f.life->check_config(&f.call, "sqlite:x", &f.settings), PERSIST_CONFIG);
    page[0].number = 8192;
    ck_assert_int_eq(f.life->check_config(&f.call, "sqlite:x", &f.settings), PERSIST_OK);
    f.settings.items = path;
    path[0].text = f.path;
    strcpy(f.url, "sqlite:");
    expect_open(0, PERSIST_OK, "");
    path[0].text = "";
    expect_open(0, PERSIST_CONFIG, "no path");
    fixture_remove(&f);
}
END_TEST

START_TEST(names_with_odd_bytes)
{
    static const char odd[] = "%20%3F%25%23%26%C3%A9'%22.db";

    fixture_prepare(&f, "sqlite");
    snprintf(f.url, sizeof(f.url), "sqlite://%s/%s", f.folder, odd);
    snprintf(f.path, sizeof(f.path), "%s/ ?%%#&\xc3\xa9'\".db", f.folder);
    ck_assert_int_eq(fixture_try(&f, PERSIST_OPEN_MIGRATE), PERSIST_OK);
    ck_assert(there(""));
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(relative_paths_survive_a_change_of_folder)
{
    fixture_prepare(&f, "sqlite");
    ck_assert_int_eq(chdir(f.folder), 0);
    strcpy(f.url, "sqlite:db.sqlite3");
    ck_assert_int_eq(fixture_try(&f, PERSIST_OPEN_MIGRATE), PERSIST_OK);
    ck_assert_int_eq(chdir("/"), 0);
    f.session = fixture_session(&f);
    ck_assert_int_eq(f.admin->migrate_apply(&f.call, f.session, NULL, NULL), PERSIST_OK);
    ck_assert(there(""));
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- what may stand at the path */

START_TEST(nothing_is_there)
{
    fixture_prepare(&f, "sqlite");
    expect_open(0, PERSIST_NOT_FOUND, "persist init");
    expect_open(PERSIST_OPEN_READ_ONLY, PERSIST_NOT_FOUND, "persist init");
    ck_assert(!there(""));
    snprintf(f.url, sizeof(f.url), "sqlite://%s/no/such/db", f.folder);
    expect_open(PERSIST_OPEN_MIGRATE, PERSIST_NOT_FOUND, "/no/such");
    snprintf(f.url, sizeof(f.url), "sqlite://%s", f.folder);
    expect_open(PERSIST_OPEN_MIGRATE, PERSIST_CONFIG, "folder");
    snprintf(f.url, sizeof(f.url), "sqlite://%s/new/", f.folder);
    expect_open(PERSIST_OPEN_MIGRATE, PERSIST_CONFIG, "folder");
    snprintf(f.url, sizeof(f.url), "sqlite://%s", f.path);
    ck_assert_int_eq(mkfifo(f.path, 0600), 0);
    expect_open(PERSIST_OPEN_MIGRATE, PERSIST_CONFIG, "regular");
    fixture_remove(&f);
}
END_TEST

START_TEST(an_empty_file_is_no_store_yet)
{
    fixture_prepare(&f, "sqlite");
    write_file("", 0);
    expect_open(0, PERSIST_NOT_FOUND, "persist init");
    expect_open(PERSIST_OPEN_MIGRATE, PERSIST_OK, "");
    expect_open(0, PERSIST_NOT_FOUND, "persist init");
    fixture_remove(&f);
}
END_TEST

static void expect_foreign(void)
{
    unsigned char *before, *after;
    size_t size = read_file(&before);

    expect_open(0, PERSIST_FOREIGN, "left untouched");
    expect_open(PERSIST_OPEN_MIGRATE, PERSIST_FOREIGN, "left untouched");
    ck_assert_uint_eq(read_file(&after), size);
    ck_assert_mem_eq(before, after, size);
    ck_assert(!there("-wal") && !there("-shm") && !there("-journal"));
    free(before);
    free(after);
}

START_TEST(strangers_are_left_untouched)
{
    fixture_prepare(&f, "sqlite");
    write_file("This is not a database, but somebody's letter.\n", 47);
    expect_foreign();
    write_file("x", 1);
    expect_foreign();
    unlink(f.path);
    run_sql("CREATE TABLE documents (key, value); INSERT INTO documents VALUES (1, 2)");
    expect_foreign();
    run_sql(
        "PRAGMA journal_mode = WAL; PRAGMA application_id = 12345;"
        "INSERT INTO documents VALUES (3, 4)");
    expect_foreign();
    fixture_remove(&f);
}
END_TEST

START_TEST(other_formats_are_left_untouched)
{
    make_store();
    run_sql("PRAGMA user_version = 7");
    expect_open(0, PERSIST_FORMAT, "format 7, this build knows up to 1");
    expect_open(PERSIST_OPEN_MIGRATE, PERSIST_FORMAT, "format 7");
    run_sql("PRAGMA user_version = 0");
    expect_open(0, PERSIST_FORMAT, "persist migrate up");
    fixture_remove(&f);
}
END_TEST

START_TEST(cut_off_files)
{
    static const size_t sizes[] = {2, 15, 16, 99, 100, 512, 4095, 4096, 8192, 8193};
    unsigned char *bytes;

    make_store();
    size_t size = read_file(&bytes);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        write_file(bytes, sizes[i]);
        expect_open(0, PERSIST_DAMAGED, "backup");
    }
    write_file(bytes, size - 1);
    expect_open(0, PERSIST_DAMAGED, "backup");
    write_file(bytes, size);
    expect_open(0, PERSIST_OK, "");
    free(bytes);
    fixture_remove(&f);
}
END_TEST

START_TEST(scrambled_pages_are_damage)
{
    unsigned char *bytes;
    int damaged = 0;

    make_store();
    size_t size = read_file(&bytes);
    for (size_t page = 1; page < size / 4096; page++) {
        unsigned char *copy = malloc(size);

        memcpy(copy, bytes, size);
        memset(copy + page * 4096, 0xa5, 4096);
        write_file(copy, size);
        free(copy);
        persist_status status = fixture_try(&f, 0);
        if (status == PERSIST_OK) {
            struct rows rows = {0};
            persist_read_key key = {B("k"), PERSIST_NEWEST};
            persist_read read = {.size = sizeof(read), .ns = l.ns, .keys = &key, .n_keys = 1};

            f.session = fixture_session(&f);
            status = f.ops->read(&f.call, f.session, &read, NULL, rows_take, &rows);
            rows_clear(&rows);
            fixture_close(&f);
        }
        ck_assert_msg(status == PERSIST_OK || status == PERSIST_DAMAGED, "page %zu: %d %s", page,
                      (int)status, f.error.text);
        damaged += status == PERSIST_DAMAGED;
    }
    ck_assert_int_ge(damaged, 3);
    free(bytes);
    fixture_remove(&f);
}
END_TEST

START_TEST(a_lost_row_is_damage)
{
    struct rows rows = {0};
    persist_read_key key = {B("k"), PERSIST_NEWEST};
    int more;

    make_store();
    run_sql("DELETE FROM documents");
    ck_assert_int_eq(fixture_try(&f, 0), PERSIST_OK);
    f.session = fixture_session(&f);
    persist_read read = {.size = sizeof(read), .ns = l.ns, .keys = &key, .n_keys = 1};
    ck_assert_int_eq(f.ops->read(&f.call, f.session, &read, NULL, rows_take, &rows),
                     PERSIST_DAMAGED);
    persist_scan_range range = {.size = sizeof(range), .ns = l.ns, .timestamp = 5};
    ck_assert_int_eq(scan(&f, &rows, &range, &more), PERSIST_DAMAGED);
    rows_clear(&rows);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(a_row_number_used_again_is_not_followed)
{
    make_store();
    ck_assert_int_eq(fixture_try(&f, 0), PERSIST_OK);
    f.session = fixture_session(&f);
    log_put(&f, &l, "k", 2, "w");
    run_sql("UPDATE documents SET key = CAST('other' AS BLOB) WHERE timestamp = 1");
    ck_assert_str_eq(read_one(&f, l.ns, B("k"), 1), "");
    run_sql("UPDATE documents SET key = CAST('k' AS BLOB), timestamp = 9 WHERE timestamp = 1");
    ck_assert_str_eq(read_one(&f, l.ns, B("k"), 1), "");
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(files_are_made_for_owner_and_group)
{
    struct stat info;

    umask(0);
    make_store();
    ck_assert_int_eq(stat(f.path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0640);
    fixture_remove(&f);
    umask(077);
    make_store();
    ck_assert_int_eq(stat(f.path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0600);
    fixture_remove(&f);
}
END_TEST

/* ---- rights */

START_TEST(read_only_stores_are_read_and_not_written)
{
    for (int i = 0; i < 2; i++) {
        make_store();
        if (i == 0)
            strcat(f.url, "?mode=ro");
        ck_assert_int_eq(fixture_try(&f, i == 0 ? 0 : PERSIST_OPEN_READ_ONLY), PERSIST_OK);
        f.session = fixture_session(&f);
        ck_assert_str_eq(read_one(&f, l.ns, B("k"), 1), "k@1=v");
        ck_assert_int_eq(log_append(&f, &l, 0, 5, NULL, 0, "r"), PERSIST_READ_ONLY);
        ck_assert_int_eq(f.ops->namespace_drop(&f.call, f.session, l.ns), PERSIST_READ_ONLY);
        fixture_close_and_remove(&f);
    }
}
END_TEST

static void become_nobody(void)
{
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(65534), 0);
}

START_TEST(a_reader_leaves_nothing_behind)
{
    unsigned char *before, *after;
    size_t size;

    make_store();
    size = read_file(&before);
    ck_assert_int_eq(fixture_try(&f, PERSIST_OPEN_READ_ONLY), PERSIST_OK);
    f.session = fixture_session(&f);
    ck_assert_str_eq(read_one(&f, l.ns, B("k"), 1), "k@1=v");
    ck_assert(there("-wal") && there("-shm"));
    fixture_close(&f);
    ck_assert(!there("-wal") && !there("-shm"));
    ck_assert_uint_eq(read_file(&after), size);
    ck_assert_mem_eq(before, after, size);
    /* Beside a writer the two are not touched. */
    struct fixture writer = f;
    ck_assert_int_eq(fixture_try(&writer, 0), PERSIST_OK);
    writer.session = fixture_session(&writer);
    ck_assert_int_eq(log_append(&writer, &l, 0, 2, NULL, 0, "2"), PERSIST_OK);
    ck_assert_int_eq(fixture_try(&f, PERSIST_OPEN_READ_ONLY), PERSIST_OK);
    fixture_close(&f);
    ck_assert(there("-wal") && there("-shm"));
    fixture_close(&writer);
    free(before);
    free(after);
    fixture_remove(&f);
}
END_TEST

START_TEST(rights_are_judged_before_anything_is_done)
{
    make_store();
    ck_assert_int_eq(chmod(f.folder, 0555), 0);
    ck_assert_int_eq(chmod(f.path, 0444), 0);
    become_nobody();
    expect_open(0, PERSIST_READ_ONLY, "may not be written");
    ck_assert_int_eq(fixture_try(&f, PERSIST_OPEN_READ_ONLY), PERSIST_OK);
    f.session = fixture_session(&f);
    ck_assert_str_eq(read_one(&f, l.ns, B("k"), 1), "k@1=v");
    fixture_close(&f);
    ck_assert(!there("-wal") && !there("-shm"));
    snprintf(f.url, sizeof(f.url), "sqlite://%s/new", f.folder);
    expect_open(PERSIST_OPEN_MIGRATE, PERSIST_READ_ONLY, "cannot be made");
    ck_assert(getuid() != 0 || seteuid(0) == 0);
    snprintf(f.url, sizeof(f.url), "sqlite://%s", f.path);
    ck_assert_int_eq(chmod(f.path, 0666), 0);
    become_nobody();
    expect_open(0, PERSIST_READ_ONLY, "the folder");
    ck_assert(getuid() != 0 || seteuid(0) == 0);
    ck_assert_int_eq(chmod(f.path, 0), 0);
    become_nobody();
    expect_open(PERSIST_OPEN_READ_ONLY, PERSIST_IO, "may not be read");
    ck_assert(getuid() != 0 || seteuid(0) == 0);
    ck_assert_int_eq(chmod(f.folder, 0755), 0);
    fixture_remove(&f);
}
END_TEST

/* ---- resources */

START_TEST(no_descriptor_is_left)
{
    persist_session *sessions[64];
    struct rlimit limit = {24, 24};
    persist_status status = PERSIST_OK;
    int n = 0;

    fixture_open(&f, VARIANT_SQLITE);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (status == PERSIST_OK && n < 64) {
        status = f.life->session_open(&f.call, f.store, &sessions[n]);
        n += status == PERSIST_OK;
    }
    ck_assert_msg(status == PERSIST_IO, "%d %s", (int)status, f.error.text);
    ck_assert_msg(strstr(f.error.text, "descriptor") != NULL, "%s", f.error.text);
    while (n > 0)
        f.life->session_close(sessions[--n]);
    log_put(&f, &l, "k", 1, "v");
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(a_full_disk_writes_nothing)
{
    char *bytes = malloc(300001);
    int64_t at = 1;
    persist_status status = PERSIST_OK;

    fixture_prepare(&f, "sqlite");
    if (mount("persist-test", f.folder, "tmpfs", 0, "size=1m") != 0) {
        fprintf(stderr, "skipped: a_full_disk_writes_nothing: a tmpfs cannot be mounted: %s\n",
                strerror(errno));
        fixture_remove(&f);
        free(bytes);
        return;
    }
    memset(bytes, 'x', 300000);
    bytes[300000] = '\0';
    ck_assert_int_eq(fixture_try(&f, PERSIST_OPEN_MIGRATE), PERSIST_OK);
    f.session = fixture_session(&f);
    ck_assert_int_eq(f.admin->migrate_apply(&f.call, f.session, NULL, NULL), PERSIST_OK);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    for (; status == PERSIST_OK && at < 20; at++) {
        persist_version version = put("k", at, bytes);

        status = log_append(&f, &l, 0, at, &version, 1, "r");
    }
    bool told = strstr(f.error.text, "free space") != NULL;
    uint32_t flags = f.error.flags;
    persist_clock clock = {.size = sizeof(clock)};
    persist_status head = f.ops->head(&f.call, f.session, l.ns, &clock, NULL, NULL);
    fixture_close(&f);
    ck_assert_int_eq(umount(f.folder), 0);
    ck_assert_int_eq(status, PERSIST_FULL);
    ck_assert(told);
    ck_assert_uint_eq(flags & PERSIST_MAYBE_COMMITTED, 0);
    ck_assert_int_eq(head, PERSIST_OK);
    ck_assert_int_eq(clock.head, l.clock.head);
    free(bytes);
    fixture_remove(&f);
}
END_TEST

START_TEST(a_write_that_fails_in_the_commit_is_open)
{
    struct rlimit before, limit;
    struct stat info;
    char wal[PATH_MAX + 64];

    fixture_open(&f, VARIANT_SQLITE);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    log_put(&f, &l, "k", 1, "1");
    snprintf(wal, sizeof(wal), "%s-wal", f.path);
    ck_assert_int_eq(stat(wal, &info), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)info.st_size;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    persist_status status = log_append(&f, &l, 0, 2, NULL, 0, "r");
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_msg(status == PERSIST_IO, "%d %s", (int)status, f.error.text);
    ck_assert_uint_eq(f.error.flags, PERSIST_MAYBE_COMMITTED | PERSIST_SESSION_DEAD);
    f.life->session_close(f.session);
    f.session = fixture_session(&f); /* appending again decides */
    ck_assert_int_eq(log_append(&f, &l, 0, 3, NULL, 0, "r"), PERSIST_OK);
    ck_assert_str_eq(read_one(&f, l.ns, B("k"), 3), "k@1=1");
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(a_removed_file_is_not_written)
{
    fixture_open(&f, VARIANT_SQLITE);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    ck_assert_int_eq(f.life->session_ping(&f.call, f.session), PERSIST_OK);
    ck_assert_int_eq(unlink(f.path), 0);
    ck_assert_int_eq(log_append(&f, &l, 0, 1, NULL, 0, "r"), PERSIST_UNAVAILABLE);
    ck_assert_int_eq(f.life->session_ping(&f.call, f.session), PERSIST_UNAVAILABLE);
    ck_assert_int_eq(f.life->session_reset(&f.call, f.session), PERSIST_UNAVAILABLE);
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- waiting for another writer */

static sqlite3 *hold_lock(void)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(f.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

START_TEST(a_held_lock_is_waited_for_until_the_deadline)
{
    struct timespec now;

    fixture_open(&f, VARIANT_SQLITE);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    sqlite3 *other = hold_lock();
    clock_gettime(CLOCK_MONOTONIC, &now);
    f.call.deadline = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + 30000000;
    ck_assert_int_eq(log_append(&f, &l, 0, 1, NULL, 0, "r"), PERSIST_TIMEOUT);
    ck_assert_uint_eq(f.error.flags & PERSIST_MAYBE_COMMITTED, 0);
    ck_assert_int_eq(f.error.vendor_code & 0xff, SQLITE_BUSY);
    f.call.deadline = PERSIST_NO_DEADLINE;
    ck_assert_str_eq(read_one(&f, l.ns, B("k"), 1), "");
    sqlite3_close(other);
    ck_assert_int_eq(log_append(&f, &l, 0, 1, NULL, 0, "r"), PERSIST_OK);
    fixture_close_and_remove(&f);
}
END_TEST

static atomic_bool waiting_over;

static void *interrupt_until_over(void *unused)
{
    (void)unused;
    while (!waiting_over)
        f.life->interrupt(f.session);
    return NULL;
}

START_TEST(a_wait_is_interrupted)
{
    pthread_t thread;

    fixture_open(&f, VARIANT_SQLITE);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    sqlite3 *other = hold_lock();
    ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_until_over, NULL), 0);
    persist_status status = log_append(&f, &l, 0, 1, NULL, 0, "r");
    waiting_over = true;
    pthread_join(thread, NULL);
    ck_assert_int_eq(status, PERSIST_INTERRUPTED);
    ck_assert_uint_eq(f.error.flags & PERSIST_MAYBE_COMMITTED, 0);
    sqlite3_close(other);
    ck_assert_int_eq(log_append(&f, &l, 0, 1, NULL, 0, "r"), PERSIST_OK);
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- other processes */

static void wait_for(const pid_t *children, int count)
{
    for (int i = 0; i < count; i++) {
        int status;

        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child %d: %d", i, status);
    }
}

/* Opens the store again, in this process, and reads the clock. */
static void reopen(void)
{
    ck_assert_msg(fixture_try(&f, 0) == PERSIST_OK, "%s", f.error.text);
    f.session = fixture_session(&f);
    l.clock.size = sizeof(l.clock);
    ck_assert_int_eq(f.ops->head(&f.call, f.session, l.ns, &l.clock, NULL, NULL), PERSIST_OK);
}

/* Appends the next timestamp to the newest head; true if it was the first to do so. */
static bool append_next(void)
{
    char value[24];
    persist_status status;
    persist_version version;

    f.ops->head(&f.call, f.session, l.ns, &l.clock, NULL, NULL);
    sprintf(value, "%lld", (long long)l.clock.head + 1);
    version = put("k", l.clock.head + 1, value);
    status = log_append(&f, &l, 0, l.clock.head + 1, &version, 1, value);
    if (status != PERSIST_OK && status != PERSIST_CONFLICT)
        _exit(2);
    return status == PERSIST_OK;
}

/* Every head from 1 on has its record and its version, readable at its time. */
static void expect_whole(int64_t head)
{
    struct rows rows = {0};
    persist_changes changes = {.size = sizeof(changes), .ns = l.ns};
    char wanted[64];
    int more;

    ck_assert_int_eq(
        f.ops->changes(&f.call, f.session, &changes, NULL, rows_take_record, &rows, &more),
        PERSIST_OK);
    ck_assert_uint_eq(rows.count, (size_t)head);
    rows_clear(&rows);
    for (int64_t t = 1; t <= head; t++) {
        snprintf(wanted, sizeof(wanted), "k@%lld=%lld", (long long)t, (long long)t);
        ck_assert_str_eq(read_one(&f, l.ns, B("k"), t), wanted);
    }
    ck_assert_uint_eq(l.clock.versions, (uint64_t)head);
}

static void make_counting_store(void)
{
    fixture_open(&f, VARIANT_SQLITE);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    fixture_close(&f);
}

START_TEST(no_append_of_processes_is_lost)
{
    enum { PROCESSES = 3, ROUNDS = 60 };
    pid_t children[PROCESSES];

    make_counting_store();
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            reopen();
            for (int won = 0; won < ROUNDS;)
                won += append_next();
            fixture_close(&f);
            _exit(0);
        }
    }
    wait_for(children, PROCESSES);
    reopen();
    ck_assert_int_eq(l.clock.head, PROCESSES * ROUNDS);
    expect_whole(l.clock.head);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(a_killed_writer_leaves_a_whole_store)
{
    int64_t head = 0;

    make_counting_store();
    for (int round = 0; round < 8; round++) {
        int tube[2];
        char byte;
        pid_t child;

        ck_assert_int_eq(pipe(tube), 0);
        child = fork();
        if (child == 0) {
            reopen();
            for (;;)
                if (append_next() && write(tube[1], "x", 1) != 1)
                    _exit(3);
        }
        close(tube[1]);
        for (int i = 0; i < 5 + round; i++)
            ck_assert_int_eq(read(tube[0], &byte, 1), 1);
        head += 5 + round; /* acknowledged at least */
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(tube[0], &byte, 1) == 1)
            head++;
        close(tube[0]);
        reopen();
        ck_assert_int_ge(l.clock.head, head);
        head = l.clock.head;
        expect_whole(head);
        fixture_close(&f);
    }
    fixture_remove(&f);
}
END_TEST

START_TEST(processes_migrate_at_once)
{
    enum { PROCESSES = 4 };
    pid_t children[PROCESSES];

    fixture_prepare(&f, "sqlite");
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            if (fixture_try(&f, PERSIST_OPEN_MIGRATE) != PERSIST_OK)
                _exit(1);
            f.session = fixture_session(&f);
            if (f.admin->migrate_apply(&f.call, f.session, NULL, NULL) != PERSIST_OK)
                _exit(2);
            fixture_close(&f);
            _exit(fixture_try(&f, 0) == PERSIST_OK ? 0 : 3);
        }
    }
    wait_for(children, PROCESSES);
    expect_open(0, PERSIST_OK, "");
    fixture_remove(&f);
}
END_TEST

/* Another connection of this process, opened and closed, must not drop the locks. */
START_TEST(opening_again_keeps_the_locks)
{
    struct fixture second;
    pid_t child;

    fixture_open(&f, VARIANT_SQLITE);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    log_put(&f, &l, "k", 1, "1");
    second = f;
    second.session = NULL;
    ck_assert_int_eq(fixture_try(&second, 0), PERSIST_OK);
    second.life->store_close(second.store);
    child = fork();
    if (child == 0) {
        /* With the locks gone it would take itself for the last and remove the log. */
        sqlite3 *db;

        sqlite3_open(f.path, &db);
        sqlite3_exec(db, "SELECT count(*) FROM clock", NULL, NULL, NULL);
        sqlite3_close(db);
        _exit(there("-wal") ? 0 : 1);
    }
    wait_for(&child, 1);
    log_put(&f, &l, "k", 2, "2");
    fixture_close(&f);
    reopen();
    expect_whole(2);
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- the chain */

struct node {
    int64_t timestamp;
    int64_t prev;
    int64_t jump;
    int64_t jump_timestamp;
};

START_TEST(the_past_is_near)
{
    enum { N = 1000 };
    struct node *nodes = calloc(N + 2, sizeof(*nodes));
    sqlite3 *db;
    sqlite3_stmt *row;
    int longest = 0;

    fixture_open(&f, VARIANT_SQLITE);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    persist_version versions[N];
    for (int i = 0; i < N; i++)
        versions[i] = put("k", i + 1, "v");
    ck_assert_int_eq(log_append(&f, &l, 0, N, versions, N, "r"), PERSIST_OK);
    ck_assert_int_eq(sqlite3_open(f.path, &db), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_prepare_v2(db, "SELECT seq, timestamp, prev, jump, jump_timestamp FROM documents",
                           -1, &row, NULL),
        SQLITE_OK);
    while (sqlite3_step(row) == SQLITE_ROW)
        nodes[sqlite3_column_int64(row, 0)] =
            (struct node){sqlite3_column_int64(row, 1), sqlite3_column_int64(row, 2),
                          sqlite3_column_int64(row, 3), sqlite3_column_int64(row, 4)};
    sqlite3_finalize(row);
    sqlite3_close(db);
    for (int64_t t = 1; t <= N; t++) {
        int64_t at = N;
        int steps = 0;

        for (; nodes[at].timestamp > t; steps++)
            at = nodes[at].jump_timestamp > t ? nodes[at].jump : nodes[at].prev;
        ck_assert_int_eq(nodes[at].timestamp, t);
        longest = steps > longest ? steps : longest;
    }
    ck_assert_int_le(longest, 28); /* 2 log2 1000, and a little; a list would take 999 */
    free(nodes);
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- dropping */

static int64_t count_raw(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *row;
    int64_t count;

    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    count = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return count;
}

/* Not a row of the namespace is left, in no table, and not one of another is gone. */
START_TEST(a_dropped_namespace_leaves_no_row)
{
    static const char *const tables[] = {"clock", "documents", "documents_heads", "commits"};
    struct log kept;
    char sql[96];
    sqlite3 *db;

    fixture_open(&f, VARIANT_SQLITE);
    kept = log_make(&f, "kept", PERSIST_STATE_OPEN);
    l = log_make(&f, "dropped", PERSIST_STATE_OPEN);
    for (int64_t t = 1; t <= 40; t++) {
        char key[8];

        snprintf(key, sizeof(key), "%d", (int)t % 7);
        log_put(&f, &kept, key, t, "v");
        log_put(&f, &l, key, t, "v");
    }
    ck_assert_int_eq(f.ops->namespace_drop(&f.call, f.session, l.ns), PERSIST_OK);
    ck_assert_int_eq(sqlite3_open(f.path, &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s WHERE namespace = %u", tables[i], l.ns);
        ck_assert_int_eq(count_raw(db, sql), 0);
    }
    ck_assert_int_eq(count_raw(db, "SELECT count(*) FROM documents"), 40);
    ck_assert_int_eq(count_raw(db, "SELECT count(*) FROM documents_heads"), 7);
    sqlite3_close(db);
    fixture_close_and_remove(&f);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {urls_are_checked,
                                  settings_are_checked,
                                  names_with_odd_bytes,
                                  relative_paths_survive_a_change_of_folder,
                                  nothing_is_there,
                                  an_empty_file_is_no_store_yet,
                                  strangers_are_left_untouched,
                                  other_formats_are_left_untouched,
                                  cut_off_files,
                                  scrambled_pages_are_damage,
                                  a_lost_row_is_damage,
                                  a_row_number_used_again_is_not_followed,
                                  files_are_made_for_owner_and_group,
                                  read_only_stores_are_read_and_not_written,
                                  a_reader_leaves_nothing_behind,
                                  rights_are_judged_before_anything_is_done,
                                  no_descriptor_is_left,
                                  a_full_disk_writes_nothing,
                                  a_write_that_fails_in_the_commit_is_open,
                                  a_removed_file_is_not_written,
                                  a_held_lock_is_waited_for_until_the_deadline,
                                  a_wait_is_interrupted,
                                  no_append_of_processes_is_lost,
                                  a_killed_writer_leaves_a_whole_store,
                                  processes_migrate_at_once,
                                  opening_again_keeps_the_locks,
                                  the_past_is_near,
                                  a_dropped_namespace_leaves_no_row};
    Suite *suite = suite_create("plugin_sqlite");
    TCase *all = tcase_create("files");
    SRunner *runner;
    int failed;

    tcase_set_timeout(all, 60);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        tcase_add_test(all, tests[i]);
    suite_add_tcase(suite, all);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
