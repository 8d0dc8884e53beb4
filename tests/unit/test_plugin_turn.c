/* SPDX-License-Identifier: MIT */
/* Appends that lost the compare and are looked at again under the lock. */
#include "tests/unit/plugin_host.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct fixture f;
static struct log l;

/* What the host of a turn does, and what it saw. */
struct turn {
    struct fixture *f;
    int asked;
    size_t n_records;
    int64_t first;         /* timestamp of the first record */
    persist_status status; /* to answer */
    bool none;             /* answer OK without an append */
    int64_t lasts;         /* moves the clock */
    void (*spoil)(persist_append *next);
    persist_version version;
    char value[32];
    persist_append next;
};

static persist_status revalidate(void *context, const persist_clock *clock,
                                 const persist_record *records, size_t n_records,
                                 const persist_append **next)
{
    struct turn *turn = context;

    turn->asked++;
    turn->n_records = n_records;
    turn->first = records[0].timestamp;
    ck_assert_int_eq(records[n_records - 1].timestamp, clock->head);
    ck_assert_mem_eq(&records[n_records - 1].digest, &clock->head_digest, 16);
    for (size_t i = 1; i < n_records; i++)
        ck_assert_int_gt(records[i].timestamp, records[i - 1].timestamp);
    host_shift(turn->lasts);
    sprintf(turn->value, "%lld", (long long)clock->head + 1);
    turn->version = put("t", clock->head + 1, turn->value);
    turn->next = (persist_append){
        .size = sizeof(turn->next),
        .ns = l.ns,
        .expected_head = clock->head,
        .expected_digest = clock->head_digest,
        .epoch = clock->epoch,
        .new_versions = clock->versions + 1,
        .versions = &turn->version,
        .n_versions = 1,
        .record = {.timestamp = clock->head + 1, .digest = {{1}}, .data = turn->version.value}};
    if (turn->spoil != NULL)
        turn->spoil(&turn->next);
    *next = turn->none ? NULL : &turn->next;
    return turn->status;
}

/* An append behind `behind`, which lets itself be looked at again. */
static persist_append lost(struct turn *turn, const struct log *behind)
{
    return (persist_append){.size = sizeof(persist_append),
                            .ns = l.ns,
                            .expected_head = behind->clock.head,
                            .expected_digest = behind->clock.head_digest,
                            .epoch = behind->clock.epoch,
                            .record = {.timestamp = behind->clock.head + 1},
                            .revalidate = revalidate,
                            .context = turn,
                            .max_turn_records = 100,
                            .max_turn_ns = INT64_MAX};
}

/* A log with records at 10, 20, 30, 40; `old` knows the first. */
static struct log open_log(enum variant variant)
{
    struct log old;

    fixture_open(&f, variant);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    log_put(&f, &l, "k", 10, "1");
    old = l;
    log_put(&f, &l, "k", 20, "2");
    log_put(&f, &l, "k", 30, "3");
    log_put(&f, &l, "k", 40, "4");
    return old;
}

static persist_status run(struct turn *turn, const persist_append *append, persist_clock *clock)
{
    *clock = (persist_clock){.size = sizeof(*clock)};
    turn->asked = 0;
    f.error = (struct persist_call_error){0};
    return f.ops->append(&f.call, f.session, append, clock);
}

static void expect_untouched(void)
{
    persist_clock clock = {.size = sizeof(clock)};

    ck_assert_int_eq(f.ops->head(&f.call, f.session, l.ns, &clock, NULL, NULL), PERSIST_OK);
    ck_assert_int_eq(clock.head, 40);
    ck_assert_uint_eq(clock.versions, l.clock.versions);
    ck_assert_str_eq(read_one(&f, l.ns, B("t"), 1000), "");
    ck_assert_str_eq(read_one(&f, l.ns, B("k"), 1000), "k@40=4");
}

START_TEST(the_host_says_what_to_append)
{
    struct log old = open_log((enum variant)_i);
    struct turn turn = {0};
    persist_append append = lost(&turn, &old);
    persist_clock clock;

    ck_assert(f.life->store_caps(f.store) & PERSIST_CAP_TURN);
    ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_OK);
    ck_assert_int_eq(turn.asked, 1);
    ck_assert_uint_eq(turn.n_records, 3);
    ck_assert_int_eq(turn.first, 20);
    ck_assert_int_eq(clock.head, 41);
    ck_assert_uint_eq(clock.versions, l.clock.versions + 1);
    ck_assert_mem_eq(&clock.head_digest, &turn.next.record.digest, 16);
    ck_assert_str_eq(read_one(&f, l.ns, B("t"), 1000), "t@41=41");
    ck_assert_str_eq(read_one(&f, l.ns, B("k"), 1000), "k@40=4");
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(a_compare_that_is_won_asks_nobody)
{
    struct turn turn = {0};
    persist_append append;
    persist_clock clock;

    open_log((enum variant)_i);
    append = lost(&turn, &l);
    ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_OK);
    ck_assert_int_eq(turn.asked, 0);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(the_hosts_refusal_is_the_answer)
{
    static const persist_status refusals[] = {PERSIST_CONFLICT, PERSIST_DIVERGED, PERSIST_DAMAGED,
                                              PERSIST_NO_MEMORY, PERSIST_CLOCK};
    struct log old = open_log((enum variant)_i);
    struct turn turn = {0};
    persist_append append = lost(&turn, &old);
    persist_clock clock;

    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        turn.status = refusals[i];
        ck_assert_int_eq(run(&turn, &append, &clock), refusals[i]);
        ck_assert_int_eq(turn.asked, 1);
        ck_assert(f.error.set);
        ck_assert_uint_eq(f.error.flags, refusals[i] == PERSIST_CONFLICT ? PERSIST_RETRYABLE : 0);
        expect_untouched();
    }
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(refusals_of_the_row_come_first)
{
    struct log old = open_log((enum variant)_i);
    struct turn turn = {0};
    persist_append append = lost(&turn, &old);
    persist_clock clock;

    append.epoch++;
    ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_FENCED);
    append.epoch--;
    append.flags = PERSIST_APPEND_LOAD;
    ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_MISUSE);
    append.flags = 0;
    append.revalidate = NULL;
    ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_CONFLICT);
    ck_assert_int_eq(clock.head, 40);
    ck_assert_int_eq(turn.asked, 0);
    expect_untouched();
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(a_turn_is_bounded)
{
    struct log old = open_log((enum variant)_i);
    struct turn turn = {0};
    persist_append append = lost(&turn, &old);
    persist_clock clock;

    append.max_turn_records = 2;
    ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_CONFLICT);
    ck_assert_int_eq(turn.asked, 0);
    ck_assert_int_eq(clock.head, 40);
    append.max_turn_records = 3;
    append.max_turn_ns = INT64_C(10000000000);
    turn.lasts = append.max_turn_ns;
    ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_CONFLICT);
    ck_assert_int_eq(turn.asked, 1);
    ck_assert_ptr_nonnull(strstr(f.error.text, "too long"));
    expect_untouched();
    turn.lasts = 0;
    ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_OK);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(large_records_end_a_turn)
{
    enum { SIZE = 9 << 20 };
    char *large = malloc(SIZE + 1);
    struct turn turn = {0};
    persist_append append;
    persist_clock clock;
    struct log old;

    memset(large, 'x', SIZE);
    large[SIZE] = '\0';
    fixture_open(&f, VARIANT_SQLITE);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    old = l;
    ck_assert_int_eq(log_append(&f, &l, 0, 1, NULL, 0, large), PERSIST_OK);
    append = lost(&turn, &old);
    ck_assert_int_eq(log_append(&f, &l, 0, 2, NULL, 0, large), PERSIST_OK);
    ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_CONFLICT);
    ck_assert_ptr_nonnull(strstr(f.error.text, "too large"));
    ck_assert_int_eq(turn.asked, 0);
    old.clock.head = 1;
    append = lost(&turn, &old);
    ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_OK);
    free(large);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(the_log_must_reach_back)
{
    struct log old = open_log((enum variant)_i);
    struct turn turn = {0};
    persist_append append = lost(&turn, &old);
    persist_clock clock;
    persist_control control = {.size = sizeof(control),
                               .fields = PERSIST_CONTROL_HORIZON | PERSIST_CONTROL_LOG_FLOOR,
                               .control_version = 1,
                               .horizon = 30,
                               .log_floor = 11};

    ck_assert_int_eq(f.ops->control(&f.call, f.session, l.ns, &control, NULL), PERSIST_OK);
    ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_CONFLICT);
    ck_assert_int_eq(turn.asked, 0);
    expect_untouched();
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(another_head_at_the_same_time_asks_nobody)
{
    struct turn turn = {0};
    persist_append append;
    persist_clock clock;

    open_log((enum variant)_i);
    append = lost(&turn, &l);
    append.expected_digest.bytes[3] ^= 1;
    ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_CONFLICT);
    append = lost(&turn, &l);
    append.expected_head = 50;
    append.record.timestamp = 51;
    ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_CONFLICT);
    ck_assert_int_eq(turn.asked, 0);
    expect_untouched();
    fixture_close_and_remove(&f);
}
END_TEST

static void spoil_head(persist_append *next)
{
    next->expected_head--;
}

static void spoil_digest(persist_append *next)
{
    next->expected_digest.bytes[0] ^= 1;
}

static void spoil_epoch(persist_append *next)
{
    next->epoch++;
}

static void spoil_namespace(persist_append *next)
{
    next->ns++;
}

static void spoil_flags(persist_append *next)
{
    next->flags = PERSIST_APPEND_LOAD;
}

static void spoil_record(persist_append *next)
{
    next->record.timestamp = next->expected_head;
}

START_TEST(what_the_host_says_is_checked)
{
    static void (*const spoils[])(persist_append *) = {spoil_head,      spoil_digest, spoil_epoch,
                                                       spoil_namespace, spoil_flags,  spoil_record};
    struct log old = open_log((enum variant)_i);
    struct turn turn = {0};
    persist_append append = lost(&turn, &old);
    persist_clock clock;

    for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
        turn.spoil = spoils[i];
        ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_INVALID);
        ck_assert_int_eq(turn.asked, 1);
        expect_untouched();
    }
    turn.spoil = NULL;
    turn.none = true;
    ck_assert_int_eq(run(&turn, &append, &clock), PERSIST_INVALID);
    expect_untouched();
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(no_memory_ends_a_turn)
{
    struct log old = open_log((enum variant)_i);
    struct turn turn = {0};
    persist_append append = lost(&turn, &old);
    persist_clock clock;
    persist_status status = PERSIST_NO_MEMORY;

    for (int n = 1; status != PERSIST_OK; n++) {
        int live = host_live_allocations();

        host_fail_allocation(n);
        status = run(&turn, &append, &clock);
        host_fail_allocation(0);
        ck_assert(status == PERSIST_OK || status == PERSIST_NO_MEMORY);
        if (status != PERSIST_OK) {
            ck_assert_int_eq(host_live_allocations(), live);
            expect_untouched();
        }
    }
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- many writers: each append either wins or is put right under the lock */

#define WRITERS 8
#define ROUNDS 25

static void write_rounds(struct fixture *mine)
{
    persist_clock clock = {.size = sizeof(clock)};
    struct log known = l;

    for (int i = 0; i < ROUNDS; i++) {
        struct turn turn = {0};
        persist_append append = lost(&turn, &known);
        persist_version version;
        persist_status status;

        sprintf(turn.value, "%lld", (long long)append.record.timestamp);
        version = put("t", append.record.timestamp, turn.value);
        append.versions = &version;
        append.n_versions = 1;
        append.max_turn_records = WRITERS * ROUNDS;
        status = mine->ops->append(&mine->call, mine->session, &append, &clock);
        ck_assert_msg(status == PERSIST_OK, "%d %s", (int)status, mine->error.text);
        known.clock = clock;
    }
}

static void *writer(void *unused)
{
    struct fixture mine = f;

    (void)unused;
    mine.call.error = &mine.error;
    mine.session = fixture_session(&mine);
    write_rounds(&mine);
    mine.life->session_close(mine.session);
    return NULL;
}

/* Every timestamp has its version: no append was lost, none took another's place. */
static void expect_all(void)
{
    persist_clock clock = {.size = sizeof(clock)};

    ck_assert_int_eq(f.ops->head(&f.call, f.session, l.ns, &clock, NULL, NULL), PERSIST_OK);
    ck_assert_int_eq(clock.head, WRITERS * ROUNDS);
    for (int64_t t = 1; t <= WRITERS * ROUNDS; t++) {
        char wanted[64];

        snprintf(wanted, sizeof(wanted), "t@%lld=%lld", (long long)t, (long long)t);
        ck_assert_str_eq(read_one(&f, l.ns, B("t"), t), wanted);
    }
}

START_TEST(threads_wait_for_their_turn)
{
    pthread_t threads[WRITERS];

    fixture_open(&f, (enum variant)_i);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    for (int i = 0; i < WRITERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, writer, NULL), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    expect_all();
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(processes_wait_for_their_turn)
{
    pid_t children[WRITERS];

    fixture_open(&f, VARIANT_SQLITE);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
    fixture_close(&f);
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            if (fixture_try(&f, 0) != PERSIST_OK)
                _exit(1);
            f.session = fixture_session(&f);
            write_rounds(&f);
            fixture_close(&f);
            _exit(0);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int result;

        ck_assert_int_eq(waitpid(children[i], &result, 0), children[i]);
        ck_assert_int_eq(result, 0);
    }
    ck_assert_int_eq(fixture_try(&f, 0), PERSIST_OK);
    f.session = fixture_session(&f);
    expect_all();
    fixture_close_and_remove(&f);
}
END_TEST

int main(void)
{
    const TTest *const every[] = {the_host_says_what_to_append,
                                  a_compare_that_is_won_asks_nobody,
                                  the_hosts_refusal_is_the_answer,
                                  refusals_of_the_row_come_first,
                                  a_turn_is_bounded,
                                  the_log_must_reach_back,
                                  another_head_at_the_same_time_asks_nobody,
                                  what_the_host_says_is_checked,
                                  no_memory_ends_a_turn,
                                  threads_wait_for_their_turn};
    Suite *suite = suite_create("plugin_turn");
    TCase *all = tcase_create("turns");
    SRunner *runner;
    int failed;

    tcase_set_timeout(all, 60);
    for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++)
        tcase_add_loop_test(all, every[i], 0, VARIANT_COUNT);
    tcase_add_test(all, large_records_end_a_turn);
    tcase_add_test(all, processes_wait_for_their_turn);
    suite_add_tcase(suite, all);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
