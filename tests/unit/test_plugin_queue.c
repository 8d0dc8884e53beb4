/* SPDX-License-Identifier: MIT */
/* Writers of an SQLite file wait in line: who holds it up, who leaves it, what is left. */
#include "tests/unit/plugin_host.h"

#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS INT64_C(1000000)

static struct fixture f;
static struct log l;
/* From and to the process or thread that is in its turn. */
static int told[2];
static int asked[2];

static int64_t in_ms(int64_t ms)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + ms * NS_PER_MS;
}

static void tell(const int tube[2])
{
    ck_assert_int_eq(write(tube[1], "x", 1), 1);
}

static void hear(const int tube[2])
{
    char byte;

    ck_assert_int_eq(read(tube[0], &byte, 1), 1);
}

static void open_store(void)
{
    fixture_open(&f, VARIANT_SQLITE);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    log_put(&f, &l, "k", 1, "1");
    ck_assert_int_eq(pipe(told), 0);
    ck_assert_int_eq(pipe(asked), 0);
}

static void close_store(void)
{
    for (int i = 0; i < 2; i++) {
        close(told[i]);
        close(asked[i]);
    }
    fixture_close_and_remove(&f);
}

static bool there(const char *suffix, struct stat *info)
{
    char path[PATH_MAX + 64];

    snprintf(path, sizeof(path), "%s%s", f.path, suffix);
    return stat(path, info) == 0;
}

/* ---- somebody in his turn: an append that lost the compare, in its callback */

static persist_status stay(void *context, const persist_clock *clock, const persist_record *records,
                           size_t n_records, const persist_append **next)
{
    void (*act)(void) = *(void (**)(void))context;

    (void)clock, (void)records, (void)n_records, (void)next;
    act();
    return PERSIST_CONFLICT;
}

static persist_status take_turn(struct fixture *by, void (*act)(void))
{
    persist_append append = {.size = sizeof(append),
                             .ns = l.ns,
                             .epoch = l.clock.epoch,
                             .record = {.timestamp = 1},
                             .revalidate = stay,
                             .context = &act,
                             .max_turn_records = 100,
                             .max_turn_ns = INT64_MAX};
    persist_clock clock = {.size = sizeof(clock)};

    return by->ops->append(&by->call, by->session, &append, &clock);
}

/* A process that does `act` in its turn, then ends with 0. */
static pid_t process_in_turn(void (*act)(void))
{
    pid_t child;

    fixture_close(&f);
    child = fork();
    if (child == 0) {
        if (fixture_try(&f, 0) != PERSIST_OK)
            _exit(1);
        f.session = fixture_session(&f);
        if (take_turn(&f, act) != PERSIST_CONFLICT)
            _exit(2);
        fixture_close(&f);
        _exit(0);
    }
    hear(told);
    ck_assert_int_eq(fixture_try(&f, 0), PERSIST_OK);
    f.session = fixture_session(&f);
    return child;
}

static void expect_end(pid_t child)
{
    int status;

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", status);
}

static void expect_timeout(void)
{
    f.call.deadline = in_ms(30);
    ck_assert_int_eq(log_append(&f, &l, 0, 2, NULL, 0, "2"), PERSIST_TIMEOUT);
    ck_assert_uint_eq(f.error.flags & PERSIST_MAYBE_COMMITTED, 0);
    ck_assert_ptr_nonnull(strstr(f.error.text, "-queue"));
    ck_assert_ptr_nonnull(strstr(f.error.text, "stopped"));
    f.call.deadline = PERSIST_NO_DEADLINE;
}

static void stop_here(void)
{
    tell(told);
    raise(SIGSTOP);
}

static void wait_here(void)
{
    tell(told);
    hear(asked);
}

/* ---- tests */

START_TEST(a_stopped_writer_holds_up_the_others)
{
    int status;

    open_store();
    pid_t child = process_in_turn(stop_here);
    ck_assert_int_eq(waitpid(child, &status, WUNTRACED), child);
    expect_timeout();
    ck_assert_str_eq(read_one(&f, l.ns, B("k"), 1), "k@1=1"); /* reading needs no turn */
    expect_timeout();
    kill(child, SIGCONT);
    ck_assert_int_eq(log_append(&f, &l, 0, 2, NULL, 0, "2"), PERSIST_OK);
    expect_end(child);
    close_store();
}
END_TEST

START_TEST(a_killed_writer_leaves_the_line)
{
    open_store();
    pid_t child = process_in_turn(wait_here);
    expect_timeout();
    kill(child, SIGKILL);
    ck_assert_int_eq(log_append(&f, &l, 0, 2, NULL, 0, "2"), PERSIST_OK);
    waitpid(child, NULL, 0);
    close_store();
}
END_TEST

/* The writer's own child stays behind; nothing of the line must stay with it. */
static void fork_here(void)
{
    if (fork() == 0) {
        tell(told);
        hear(asked);
        _exit(0);
    }
    for (;;)
        pause();
}

START_TEST(a_child_of_a_killed_writer_holds_up_nobody)
{
    open_store();
    pid_t child = process_in_turn(fork_here);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    f.call.deadline = in_ms(20000);
    ck_assert_msg(log_append(&f, &l, 0, 2, NULL, 0, "2") == PERSIST_OK, "%s", f.error.text);
    tell(asked);
    close_store();
}
END_TEST

/* Closing does not wait for a line that does not move. */
START_TEST(a_store_is_closed_while_others_write)
{
    open_store();
    pid_t child = process_in_turn(wait_here);
    expect_timeout();
    fixture_close(&f);
    tell(asked);
    expect_end(child);
    close_store();
}
END_TEST

static void *turn_of_a_thread(void *unused)
{
    struct fixture mine = f;

    (void)unused;
    mine.call.error = &mine.error;
    mine.session = fixture_session(&mine);
    ck_assert_int_eq(take_turn(&mine, wait_here), PERSIST_CONFLICT);
    mine.life->session_close(mine.session);
    return NULL;
}

START_TEST(threads_of_one_process_wait_too)
{
    pthread_t thread;

    open_store();
    ck_assert_int_eq(pthread_create(&thread, NULL, turn_of_a_thread, NULL), 0);
    hear(told);
    expect_timeout();
    tell(asked);
    ck_assert_int_eq(log_append(&f, &l, 0, 2, NULL, 0, "2"), PERSIST_OK);
    pthread_join(thread, NULL);
    close_store();
}
END_TEST

static void *interrupt_until_told(void *unused)
{
    struct pollfd end = {.fd = asked[0], .events = POLLIN};

    (void)unused;
    while (poll(&end, 1, 0) == 0)
        f.life->interrupt(f.session);
    hear(asked);
    return NULL;
}

START_TEST(who_waits_can_be_interrupted)
{
    pthread_t thread;
    int status;

    open_store();
    pid_t child = process_in_turn(stop_here);
    ck_assert_int_eq(waitpid(child, &status, WUNTRACED), child);
    ck_assert_int_eq(pthread_create(&thread, NULL, interrupt_until_told, NULL), 0);
    ck_assert_int_eq(log_append(&f, &l, 0, 2, NULL, 0, "2"), PERSIST_INTERRUPTED);
    tell(asked);
    pthread_join(thread, NULL);
    kill(child, SIGCONT);
    ck_assert_int_eq(log_append(&f, &l, 0, 2, NULL, 0, "2"), PERSIST_OK);
    expect_end(child);
    close_store();
}
END_TEST

START_TEST(the_file_goes_with_the_last_writer)
{
    struct stat queue;
    struct stat file;
    struct fixture other;

    open_store();
    ck_assert(there("-queue", &queue) && there("", &file));
    ck_assert_uint_eq(queue.st_mode, file.st_mode);
    other = f;
    other.session = NULL;
    other.call.error = &other.error;
    ck_assert_int_eq(fixture_try(&other, 0), PERSIST_OK);
    other.session = fixture_session(&other);
    ck_assert_int_eq(log_append(&other, &l, 0, 2, NULL, 0, "2"), PERSIST_OK);
    fixture_close(&other);
    ck_assert(!there("-queue", &queue)); /* nobody was writing just then */
    ck_assert_int_eq(log_append(&f, &l, 0, 3, NULL, 0, "3"), PERSIST_OK);
    ck_assert(there("-queue", &queue)); /* noticed, and made anew */
    fixture_close(&f);
    ck_assert(!there("-queue", &queue) && !there("-wal", &queue) && !there("-shm", &queue));
    close_store();
}
END_TEST

START_TEST(a_reader_makes_no_queue)
{
    struct stat info;

    open_store();
    fixture_close(&f);
    ck_assert_int_eq(fixture_try(&f, 0), PERSIST_OK);
    f.session = fixture_session(&f);
    ck_assert_str_eq(read_one(&f, l.ns, B("k"), 1), "k@1=1");
    ck_assert(!there("-queue", &info));
    close_store();
}
END_TEST

START_TEST(without_a_queue_writing_goes_on)
{
    char path[PATH_MAX + 64];

    open_store();
    fixture_close(&f);
    snprintf(path, sizeof(path), "%s-queue", f.path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(fixture_try(&f, 0), PERSIST_OK);
    f.session = fixture_session(&f);
    ck_assert_int_eq(log_append(&f, &l, 0, 2, NULL, 0, "2"), PERSIST_OK);
    close_store();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_stopped_writer_holds_up_the_others,
                                  a_killed_writer_leaves_the_line,
                                  a_child_of_a_killed_writer_holds_up_nobody,
                                  a_store_is_closed_while_others_write,
                                  threads_of_one_process_wait_too,
                                  who_waits_can_be_interrupted,
                                  the_file_goes_with_the_last_writer,
                                  a_reader_makes_no_queue,
                                  without_a_queue_writing_goes_on};
    Suite *suite = suite_create("plugin_queue");
    TCase *all = tcase_create("line");
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
