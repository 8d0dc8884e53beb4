/* SPDX-License-Identifier: MIT */
/* Commits of several threads, stores and processes; lost acknowledgements. */
#include "tests/unit/fixture.h"

#include "core/base/clock.h"
#include "core/loader/loader.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACCOUNTS 10
#define START_MONEY 100

static void account_key(int account, char *key)
{
    sprintf(key, "account/%d", account);
}

static persist_status read_number(persist_tx *tx, const char *key, int *number,
                                  persist_error *error)
{
    persist_row row = {.size = sizeof row};
    char text[16] = "";
    persist_status status = persist_get(tx, persist_text(key), &row, error);
    if (status == PERSIST_OK && row.value.size < sizeof text)
        memcpy(text, row.value.data, row.value.size);
    *number = atoi(text);
    return status;
}

static persist_status write_number(persist_tx *tx, const char *key, int number,
                                   persist_error *error)
{
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    return persist_put(tx, persist_text(key), persist_text(text), error);
}

struct transfer {
    unsigned seed;
};

static persist_status transfer(persist_tx *tx, void *context, persist_error *error)
{
    struct transfer *transfer = context;
    char from[32], to[32];
    int a = rand_r(&transfer->seed) % ACCOUNTS;
    int b = (a + 1 + rand_r(&transfer->seed) % (ACCOUNTS - 1)) % ACCOUNTS;
    int have = 0, there = 0, amount = 1 + rand_r(&transfer->seed) % 20;
    account_key(a, from);
    account_key(b, to);
    persist_status status = read_number(tx, from, &have, error);
    if (status == PERSIST_OK)
        status = read_number(tx, to, &there, error);
    if (status != PERSIST_OK || have < amount)
        return status;
    status = write_number(tx, from, have - amount, error);
    return status == PERSIST_OK ? write_number(tx, to, there + amount, error) : status;
}

static int sum(persist_store *store)
{
    persist_tx *tx = begin(store);
    int total = 0;
    for (int i = 0; i < ACCOUNTS; i++) {
        char key[32];
        int number;
        account_key(i, key);
        assert_ok(read_number(tx, key, &number, fixture_error()));
        ck_assert_int_ge(number, 0);
        total += number;
    }
    persist_tx_free(tx);
    return total;
}

static void fill(persist_store *store)
{
    persist_tx *tx = begin(store);
    for (int i = 0; i < ACCOUNTS; i++) {
        char key[32];
        account_key(i, key);
        assert_ok(write_number(tx, key, START_MONEY, fixture_error()));
    }
    commit(tx);
}

struct worker {
    pthread_t thread;
    persist_store *store;
    unsigned seed;
    int rounds;
    persist_status failed;
    char message[256];
    int64_t last;
    bool disordered;
};

static void *work(void *context)
{
    struct worker *worker = context;
    persist_error *error = persist_error_new();
    struct transfer transferring = {worker->seed};
    for (int i = 0; i < worker->rounds && !worker->failed; i++) {
        int64_t timestamp = 0;
        worker->failed =
            persist_run(worker->store, NULL, transfer, &transferring, &timestamp, error);
        worker->disordered |= timestamp < worker->last;
        worker->last = timestamp;
    }
    snprintf(worker->message, sizeof worker->message, "%s", persist_error_message(error));
    persist_error_free(error);
    return NULL;
}

static void run_workers(persist_store **stores, int n_stores, int n, int rounds)
{
    struct worker workers[16];
    for (int i = 0; i < n; i++) {
        workers[i] = (struct worker){
            .store = stores[i % n_stores], .seed = (unsigned)(i + getpid()), .rounds = rounds};
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < n; i++) {
        pthread_join(workers[i].thread, NULL);
        ck_assert_msg(!workers[i].failed, "worker %d: %s", i, workers[i].message);
        ck_assert(!workers[i].disordered);
    }
}

#define PATIENT "transaction: { max_retries: 1000, timeout: 60s }\n"

START_TEST(threads_keep_the_invariant)
{
    persist_store *store = fixture_open_with(_i, PATIENT);
    fill(store);
    run_workers(&store, 1, 8, 50 * fixture_scale());
    ck_assert_int_eq(sum(store), ACCOUNTS * START_MONEY);
    fixture_close(store);
}
END_TEST

START_TEST(stores_keep_the_invariant)
{
    if (!fixture_shared(_i))
        return;
    persist_store *stores[3];
    for (int i = 0; i < 3; i++)
        stores[i] = fixture_open_with(_i, PATIENT);
    fill(stores[0]);
    run_workers(stores, 3, 6, 30 * fixture_scale());
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(sum(stores[i]), ACCOUNTS * START_MONEY);
        fixture_close(stores[i]);
    }
}
END_TEST

static int process_work(int backend, int rounds)
{
    persist_store *store = fixture_open_with(backend, PATIENT);
    run_workers(&store, 1, 2, rounds);
    fixture_close(store);
    return 0;
}

START_TEST(processes_keep_the_invariant)
{
    if (!fixture_shared(_i))
        return;
    persist_store *store = fixture_open_with(_i, PATIENT);
    pid_t children[4]; /* of two threads: 8 writers */
    fill(store);
    fixture_close(store);
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (!children[i])
            _exit(process_work(_i, 30 * fixture_scale()));
    }
    for (int i = 0; i < 4; i++) {
        int result;
        ck_assert_int_eq(waitpid(children[i], &result, 0), children[i]);
        ck_assert_int_eq(result, 0);
    }
    store = fixture_open_with(_i, PATIENT);
    ck_assert_int_eq(sum(store), ACCOUNTS * START_MONEY);
    fixture_close(store);
}
END_TEST

/* A put that reads first, and so takes the newest snapshot there is. */
static void set_seeing(persist_store *store, const char *key, const char *value)
{
    persist_tx *tx = begin(store);
    get(tx, key);
    put(tx, key, value);
    commit(tx);
}

START_TEST(conflicts_are_found_across_stores)
{
    if (!fixture_shared(_i))
        return;
    persist_store *one = fixture_open(_i), *two = fixture_open(_i);
    put_one(one, "x", "1");
    persist_tx *tx = begin(one);
    ck_assert_str_eq(get(tx, "x"), "1");
    set_seeing(two, "x", "2");
    put(tx, "y", "1");
    commit_fails(tx, PERSIST_CONFLICT);
    assert_message("key x");
    ck_assert_int_eq(persist_error_retryable(fixture_error()), 1);
    tx = begin(one);
    ck_assert_str_eq(get(tx, "x"), "2");
    persist_tx_free(tx);
    /* A blind write begins at what its own process knows: here before the other's. */
    tx = begin(two);
    set_seeing(one, "x", "3");
    put(tx, "x", "4");
    commit_fails(tx, PERSIST_CONFLICT);
    /* A snapshot is strict: what another store committed before begin is in it. */
    for (int i = 0; i < 20; i++) {
        char value[8];
        snprintf(value, sizeof value, "%d", i);
        set_seeing(i % 2 ? one : two, "z", value);
        tx = begin(i % 2 ? two : one);
        ck_assert_str_eq(get(tx, "z"), value);
        persist_tx_free(tx);
    }
    fixture_close(one);
    fixture_close(two);
}
END_TEST

/* A transaction older than the window is validated from the log itself. */
START_TEST(old_transactions_are_validated_from_the_log)
{
    persist_store *store =
        fixture_open_with(_i, "durability: process\ngroup_commit: { window_bytes: 64KiB }\n");
    put_one(store, "a", "1");
    for (int conflict = 0; conflict < 2; conflict++) {
        persist_tx *tx = begin(store);
        ck_assert_ptr_nonnull(get(tx, "a"));
        if (conflict)
            put_one(store, "a", "2");
        for (int i = 0; i < 900; i++) {
            char key[16];
            snprintf(key, sizeof key, "other/%d", i);
            put_one(store, key, "x");
        }
        put(tx, "b", "1");
        if (conflict)
            commit_fails(tx, PERSIST_CONFLICT);
        else
            commit(tx);
    }
    fixture_close(store);
}
END_TEST

/* ---- lost acknowledgements */

START_TEST(lost_acknowledgements_are_resolved)
{
    fixture_arm(_i, "append@1=drop-after,append@2=drop-before");
    persist_store *store = fixture_open(_i);
    int64_t timestamp = put_one(store, "a", "1");
    persist_head_info head = {.size = sizeof head};
    assert_ok(persist_head(store, NULL, &head, fixture_error()));
    ck_assert_int_eq(head.head, timestamp);
    put_one(store, "b", "1");
    assert_ok(persist_head(store, NULL, &head, fixture_error()));
    ck_assert_uint_eq(head.versions, 2);
    persist_tx *tx = begin(store);
    ck_assert_str_eq(scan_text(tx, NULL), "a=1 b=1");
    persist_tx_free(tx);
    ck_assert_uint_eq(fixture_hits(), 2);
    fixture_close(store);
}
END_TEST

/* A store that cannot be asked: the outcome stays open, and is decided later. */
START_TEST(unresolved_commits_are_decided_by_their_token)
{
    fixture_arm(_i, "");
    persist_store *store = fixture_open_with(_i, "resolve_timeout: 10ms\n");
    for (int done = 0; done < 2; done++)
        for (int later = 0; later < 2; later++) {
            unsigned char token[PERSIST_RESOLVE_TOKEN_SIZE];
            int committed = -1;
            int64_t timestamp = -1;
            put_one(store, "a", "1"); /* the log is known: the next append succeeds */
            persist_tx *tx = begin(store);
            ck_assert_ptr_nonnull(get(tx, "a"));
            put(tx, "k", done ? "after" : "before");
            fixture_arm(_i, done ? "append@1=drop-after,head=unavailable"
                                 : "append@1=drop-before,head=unavailable");
            assert_status(persist_commit(tx, NULL, fixture_error()), PERSIST_UNRESOLVED);
            ck_assert_ptr_nonnull(persist_error_resolve_token(fixture_error()));
            ck_assert_int_eq(persist_error_retryable(fixture_error()), 0);
            memcpy(token, persist_error_resolve_token(fixture_error()), sizeof token);
            persist_tx_free(tx);
            assert_status(
                persist_resolve(store, NULL, token, &committed, &timestamp, fixture_error()),
                PERSIST_UNRESOLVED);
            fixture_arm(_i, "");
            for (int again = 0; again <= later; again++) {
                assert_ok(
                    persist_resolve(store, NULL, token, &committed, &timestamp, fixture_error()));
                ck_assert_int_eq(committed, done);
                if (later) {
                    tx = begin(store);
                    get(tx, "other");
                    put(tx, "other", "1");
                    commit(tx);
                }
            }
            tx = begin(store);
            const char *value = get(tx, "k");
            if (done) {
                persist_row row = {.size = sizeof row};
                assert_ok(persist_get(tx, persist_text("k"), &row, fixture_error()));
                ck_assert_int_eq(row.timestamp, timestamp);
            } else {
                ck_assert(!value || strcmp(value, "before") != 0);
            }
            persist_tx_free(tx);
        }
    fixture_close(store);
}
END_TEST

START_TEST(every_outcome_told_is_true)
{
    fixture_arm(_i, "append@12.5%=drop-after,append@14%=drop-before,seed=1");
    persist_store *store = fixture_open_with(_i,
                                             "durability: process\n"
                                             "transaction: { max_retries: 1000, timeout: 60s }\n");
    fill(store);
    run_workers(&store, 1, 6, 60 * fixture_scale());
    ck_assert_uint_gt(fixture_hits(), 20);
    fixture_arm(_i, "");
    ck_assert_int_eq(sum(store), ACCOUNTS * START_MONEY);
    for (int i = 0; i < 200; i++) {
        char value[16];
        fixture_arm(_i, i % 3 ? "append@1=drop-after" : "append@1=drop-before");
        snprintf(value, sizeof value, "%d", i);
        int64_t timestamp = put_one(store, "k", value);
        persist_tx *tx = begin_at(store, timestamp);
        ck_assert_str_eq(get(tx, "k"), value);
        persist_tx_free(tx);
    }
    persist_tx *tx = begin(store);
    persist_cursor *cursor;
    persist_row row = {.size = sizeof row};
    int versions = 0;
    assert_ok(persist_history(tx, persist_text("k"), &cursor, fixture_error()));
    while (persist_cursor_next(cursor, &row, fixture_error()) == PERSIST_OK)
        versions++;
    ck_assert_int_eq(versions, 200);
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

/* ---- a clock of the engine's own, behind ours */

static persist_status (*real_head)(const persist_call *, persist_session *, uint32_t,
                                   persist_clock *, persist_on_control, void *);
static int64_t engine_behind;

static persist_status late_head(const persist_call *call, persist_session *session, uint32_t ns,
                                persist_clock *clock, persist_on_control take, void *context)
{
    persist_status status = real_head(call, session, ns, clock, take, context);
    clock->engine_time = clock_wall() - engine_behind;
    return status;
}

START_TEST(a_clock_far_ahead_of_the_engines_writes_nothing)
{
    struct plugin *plugin = (struct plugin *)(uintptr_t)fixture_plugin(_i);
    real_head = plugin->store.head;
    plugin->store.head = late_head;
    engine_behind = 61 * NS_PER_S;
    persist_store *store = fixture_open(_i);
    persist_tx *tx = begin(store);
    put(tx, "a", "1");
    commit_fails(tx, PERSIST_CLOCK);
    assert_message("max_clock_lead");
    tx = begin(store);
    ck_assert_ptr_null(get(tx, "a"));
    persist_tx_free(tx);
    fixture_close(store);
    engine_behind = 59 * NS_PER_S;
    store = fixture_open(_i);
    put_one(store, "a", "1");
    fixture_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("commits");
    TCase *tcase = tcase_create("commit");
    int n = fixture_backends();
    tcase_add_checked_fixture(tcase, fixture_begin, fixture_end);
    tcase_set_timeout(tcase, 600);
    tcase_add_loop_test(tcase, threads_keep_the_invariant, 0, n);
    tcase_add_loop_test(tcase, stores_keep_the_invariant, 0, n);
    tcase_add_loop_test(tcase, processes_keep_the_invariant, 0, n);
    tcase_add_loop_test(tcase, conflicts_are_found_across_stores, 0, n);
    tcase_add_loop_test(tcase, old_transactions_are_validated_from_the_log, 0, n);
    tcase_add_loop_test(tcase, lost_acknowledgements_are_resolved, 0, n);
    tcase_add_loop_test(tcase, unresolved_commits_are_decided_by_their_token, 0, n);
    tcase_add_loop_test(tcase, every_outcome_told_is_true, 0, n);
    tcase_add_loop_test(tcase, a_clock_far_ahead_of_the_engines_writes_nothing, 0, n);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
