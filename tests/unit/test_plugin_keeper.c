/* SPDX-License-Identifier: MIT */
/* The keeper of an SQLite store: checkpoints beside the commits, snapshots held for a
 * moment and never at the price of strictness. */
#include "tests/unit/plugin_host.h"

#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_PER_MS INT64_C(1000000)
#define PATIENCE_MS 20000

static struct fixture f;
static struct fixture other; /* a second session of the same store */
static struct log l;

static void open_two(void)
{
    fixture_open(&f, VARIANT_SQLITE);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    fixture_close(&f);
    ck_assert_int_eq(fixture_try(&f, 0), PERSIST_OK);
    f.session = fixture_session(&f);
    other = f;
    other.call.error = &other.error;
    other.session = fixture_session(&other);
    log_put(&f, &l, "k", 1, "1");
}

static void close_two(void)
{
    f.life->session_close(other.session);
    fixture_close_and_remove(&f);
}

/* The clock row that a read of "k" at `timestamp` comes with. */
static persist_clock read_clock(struct fixture *by, int64_t timestamp)
{
    struct rows rows = {0};
    persist_read_key key = {B("k"), timestamp};
    persist_read read = {.size = sizeof(read), .ns = l.ns, .keys = &key, .n_keys = 1};
    persist_clock clock = {.size = sizeof(clock)};

    ck_assert_int_eq(by->ops->read(&by->call, by->session, &read, &clock, rows_take, &rows),
                     PERSIST_OK);
    ck_assert_uint_eq(rows.count, 1);
    rows_clear(&rows);
    return clock;
}

static off_t size_of(const char *suffix)
{
    char path[PATH_MAX + 64];
    struct stat info;

    snprintf(path, sizeof(path), "%s%s", f.path, suffix);
    return stat(path, &info) == 0 ? info.st_size : -1;
}

static sqlite3 *open_raw(void)
{
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(f.path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, PATIENCE_MS);
    return db;
}

static void run_raw(sqlite3 *db, const char *sql)
{
    char *fault = NULL;

    sqlite3_exec(db, sql, NULL, NULL, &fault);
    ck_assert_msg(fault == NULL, "%s: %s", sql, fault);
}

/* ---- snapshots */

START_TEST(a_burst_of_reads_shares_a_snapshot)
{
    int shared = 0;

    open_two();
    sqlite3 *raw = open_raw();
    for (int i = 1; i <= 200; i++) {
        char sql[80];

        read_clock(&f, 1);
        read_clock(&f, 1);
        snprintf(sql, sizeof(sql), "UPDATE clock SET retention = %d", i);
        run_raw(raw, sql);
        shared += read_clock(&f, 1).retention == i - 1;
        /* Never beyond its time, and never for who asks for more. */
        host_shift(10 * NS_PER_MS);
        ck_assert_int_eq(read_clock(&f, 1).retention, i);
        snprintf(sql, sizeof(sql), "UPDATE clock SET retention = -%d", i);
        run_raw(raw, sql);
        ck_assert_int_eq(read_clock(&f, PERSIST_NEWEST).retention, -i);
        snprintf(sql, sizeof(sql), "UPDATE clock SET retention = %d", i);
        run_raw(raw, sql);
        ck_assert_int_eq(read_clock(&f, 2).retention, i);
    }
    ck_assert_int_gt(shared, 0);
    sqlite3_close(raw);
    close_two();
}
END_TEST

START_TEST(every_commit_is_seen_by_who_comes_later)
{
    open_two();
    for (int64_t t = 2; t <= 300; t++) {
        persist_clock clock = {.size = sizeof(clock)};
        persist_changes changes = {.size = sizeof(changes), .ns = l.ns, .after = t - 1};
        persist_scan_range range = {.size = sizeof(range), .ns = l.ns, .timestamp = t};
        persist_anchor anchor = {.at = t};
        persist_read_key key = {B("k"), t - 1};
        persist_read read = {.size = sizeof(read), .ns = l.ns, .keys = &key, .n_keys = 1};
        struct rows rows = {0};
        char value[32];
        char wanted[64];
        int more;

        read_clock(&other, t - 1);
        read_clock(&other, t - 1);
        snprintf(value, sizeof(value), "%lld", (long long)t);
        snprintf(wanted, sizeof(wanted), "k@%lld=%lld", (long long)t, (long long)t);
        log_put(&f, &l, "k", t, value);
        switch (t % 6) {
        case 0:
            ck_assert_str_eq(read_one(&other, l.ns, B("k"), PERSIST_NEWEST), wanted);
            break;
        case 1:
            ck_assert_str_eq(read_one(&other, l.ns, B("k"), t), wanted);
            break;
        case 2:
            other.ops->head(&other.call, other.session, l.ns, &clock, NULL, NULL);
            ck_assert_int_eq(clock.head, t);
            break;
        case 3:
            other.ops->changes(&other.call, other.session, &changes, &clock, rows_take_record,
                               &rows, &more);
            ck_assert_uint_eq(rows.count, 1);
            break;
        case 4:
            ck_assert_int_eq(scan(&other, &rows, &range, &more), PERSIST_OK);
            ck_assert_str_eq(rows.text, wanted);
            break;
        default:
            read.anchors = &anchor;
            read.n_anchors = 1;
            other.ops->read(&other.call, other.session, &read, &clock, rows_take, &rows);
            ck_assert_int_eq(anchor.timestamp, t);
        }
        rows_clear(&rows);
    }
    close_two();
}
END_TEST

START_TEST(own_control_is_seen_at_once)
{
    open_two();
    for (uint64_t i = 1; i <= 100; i++) {
        persist_control control = {.size = sizeof(control),
                                   .fields = PERSIST_CONTROL_RETENTION,
                                   .control_version = i,
                                   .retention = (int64_t)i};

        read_clock(&other, 1);
        read_clock(&other, 1);
        ck_assert_int_eq(f.ops->control(&f.call, f.session, l.ns, &control, NULL), PERSIST_OK);
        ck_assert_int_eq(read_clock(&other, 1).retention, (int64_t)i);
    }
    close_two();
}
END_TEST

START_TEST(a_session_at_rest_holds_nothing)
{
    int busy = 1;

    open_two();
    sqlite3 *raw = open_raw();
    sqlite3_busy_timeout(raw, 0);
    run_raw(raw, "SELECT * FROM clock"); /* only then it knows of the log */
    read_clock(&other, 1);
    read_clock(&other, 1); /* held from here */
    log_put(&f, &l, "k", 2, "2");
    for (int waited = 0; busy && waited < PATIENCE_MS; waited++) {
        busy = sqlite3_wal_checkpoint_v2(raw, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) !=
               SQLITE_OK;
        poll(NULL, 0, busy);
    }
    ck_assert(!busy);
    ck_assert_int_eq(size_of("-wal"), 0);
    sqlite3_close(raw);
    close_two();
}
END_TEST

START_TEST(stores_in_memory_hold_nothing)
{
    fixture_open(&f, VARIANT_SQLITE_MEMORY);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    log_put(&f, &l, "k", 1, "1");
    other = f;
    other.call.error = &other.error;
    other.session = fixture_session(&other);
    for (int64_t t = 2; t < 50; t++) {
        read_clock(&other, t - 1);
        read_clock(&other, t - 1);
        log_put(&f, &l, "k", t, "v"); /* would wait for ever */
    }
    close_two();
}
END_TEST

/* ---- checkpoints */

static struct host_setting often[] = {{"wal_autocheckpoint", NULL, 10}, {NULL, NULL, 0}};

static void reopen_often(void)
{
    f.settings.items = often;
    ck_assert_int_eq(fixture_try(&f, 0), PERSIST_OK);
    f.session = fixture_session(&f);
}

static void make_store(void)
{
    fixture_open(&f, VARIANT_SQLITE);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    fixture_close(&f);
}

/* Appends behind whatever is the head, until that succeeded so often. */
static void append_rounds(int rounds)
{
    static char value[2000];
    persist_clock clock = {.size = sizeof(clock)};

    memset(value, 'v', sizeof(value) - 1);
    while (rounds > 0) {
        persist_version version;

        f.ops->head(&f.call, f.session, l.ns, &clock, NULL, NULL);
        l.clock = clock;
        version = put("k", clock.head + 1, value);
        rounds -= log_append(&f, &l, 0, clock.head + 1, &version, 1, "r") == PERSIST_OK;
    }
}

START_TEST(the_log_is_copied_beside_the_commits)
{
    make_store();
    reopen_often();
    off_t before = size_of("");
    append_rounds(15); /* less than a commit would copy itself */
    for (int waited = 0; size_of("") == before && waited < PATIENCE_MS; waited++)
        poll(NULL, 0, 1);
    ck_assert_int_gt(size_of(""), before);
    append_rounds(1000);
    ck_assert_int_lt(size_of("-wal"), 4 << 20); /* of some 20 MiB written */
    fixture_close(&f);
    ck_assert_int_eq(size_of("-wal"), -1);
    ck_assert_int_eq(size_of("-shm"), -1);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(a_long_reader_does_not_stop_commits)
{
    make_store();
    reopen_often();
    sqlite3 *raw = open_raw();
    run_raw(raw, "BEGIN; SELECT * FROM clock");
    append_rounds(300);
    run_raw(raw, "COMMIT");
    append_rounds(100);
    sqlite3_close(raw);
    ck_assert_int_eq(l.clock.head, 400);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(processes_copy_the_log_one_at_a_time)
{
    enum { PROCESSES = 4, ROUNDS = 150 };
    pid_t children[PROCESSES];
    persist_clock clock = {.size = sizeof(clock)};

    make_store();
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            reopen_often();
            append_rounds(ROUNDS);
            if (i == 0)
                _exit(0); /* as if it crashed: perhaps within a checkpoint */
            fixture_close(&f);
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;

        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_int_eq(status, 0);
    }
    reopen_often();
    ck_assert_int_eq(f.ops->head(&f.call, f.session, l.ns, &clock, NULL, NULL), PERSIST_OK);
    ck_assert_int_eq(clock.head, PROCESSES * ROUNDS);
    sqlite3 *raw = open_raw();
    sqlite3_stmt *check;
    sqlite3_prepare_v2(raw, "PRAGMA integrity_check", -1, &check, NULL);
    ck_assert_int_eq(sqlite3_step(check), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(check, 0), "ok");
    sqlite3_finalize(check);
    sqlite3_close(raw);
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- both at once */

/* With a fixture of its own, copied before anybody works with the common one. */
static void *read_on(void *context)
{
    struct fixture mine = *(const struct fixture *)context;

    mine.call.error = &mine.error;
    mine.session = fixture_session(&mine);
    for (int64_t last = 1; last < 300;) {
        persist_clock clock = read_clock(&mine, last);

        ck_assert_int_ge(clock.head, last);
        mine.ops->head(&mine.call, mine.session, l.ns, &clock, NULL, NULL);
        ck_assert_int_ge(clock.head, last);
        last = clock.head;
        for (int i = 0; i < 20; i++)
            read_clock(&mine, last);
    }
    mine.life->session_close(mine.session);
    return NULL;
}

START_TEST(readers_and_a_writer_do_not_disturb_each_other)
{
    enum { READERS = 4 };
    static struct fixture common;
    pthread_t threads[READERS];

    make_store();
    reopen_often();
    append_rounds(1);
    common = f;
    for (int i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_on, &common), 0);
    append_rounds(400);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    fixture_close_and_remove(&f);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_burst_of_reads_shares_a_snapshot,
                                  every_commit_is_seen_by_who_comes_later,
                                  own_control_is_seen_at_once,
                                  a_session_at_rest_holds_nothing,
                                  stores_in_memory_hold_nothing,
                                  the_log_is_copied_beside_the_commits,
                                  a_long_reader_does_not_stop_commits,
                                  processes_copy_the_log_one_at_a_time,
                                  readers_and_a_writer_do_not_disturb_each_other};
    Suite *suite = suite_create("plugin_keeper");
    TCase *all = tcase_create("keeper");
    SRunner *runner;
    int failed;

    tcase_set_timeout(all, 120);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        tcase_add_test(all, tests[i]);
    suite_add_tcase(suite, all);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
