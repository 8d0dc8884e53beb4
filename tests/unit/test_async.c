/* SPDX-License-Identifier: MIT */
/* The asynchronous forms: each does what the blocking one does, and completes once. */
#include "tests/unit/fixture.h"

#include "core/base/clock.h"
#include "core/loader/loader.h"

#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static persist_queue *new_queue(void)
{
    persist_queue *queue = NULL;
    assert_ok(persist_queue_new(&queue, fixture_error()));
    return queue;
}

static bool readable(persist_queue *queue)
{
    struct pollfd fd = {.fd = persist_queue_fd(queue), .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

/* Takes the one completion that is to come; its status. */
static persist_status complete(persist_queue *queue, void *tag)
{
    persist_completion completion = {.size = sizeof completion};
    ck_assert_int_eq(persist_queue_next(queue, -1, &completion), PERSIST_OK);
    ck_assert_ptr_eq(completion.tag, tag);
    ck_assert_int_eq(persist_queue_next(queue, 0, &completion), PERSIST_END);
    ck_assert(!readable(queue));
    return completion.status;
}

/* Submits, and waits for its completion with this status. */
#define assert_completes(call, expected)                                                        \
    do {                                                                                        \
        assert_ok(call);                                                                        \
        persist_status completed_ = complete(queue, &tag);                                      \
        ck_assert_msg(completed_ == (expected), "%s completed %s: %s", #call,                   \
                      persist_status_name(completed_), persist_error_message(fixture_error())); \
    } while (0)

static persist_status write_k(persist_tx *tx, void *context, persist_error *error)
{
    return persist_put(tx, persist_text("k"), persist_text(context), error);
}

static persist_status count_calls(void *context, const char *name, uint32_t id, uint32_t state)
{
    (void)name, (void)id, (void)state;
    ++*(int *)context;
    return PERSIST_OK;
}

static persist_status count_stats(void *context, const char *name, int64_t value, const char *unit,
                                  const char *help)
{
    (void)name, (void)value, (void)unit, (void)help;
    ++*(int *)context;
    return PERSIST_OK;
}

START_TEST(every_form_does_what_its_blocking_one_does)
{
    persist_queue *queue = new_queue();
    persist_error *error = fixture_error();
    persist_store *store = NULL;
    persist_tx *tx = NULL;
    persist_cursor *cursor;
    persist_snapshot *snapshot = NULL;
    persist_row row = {.size = sizeof row}, rows[2] = {{.size = sizeof row}, {.size = sizeof row}};
    persist_store_options create = {.size = sizeof create, .flags = PERSIST_STORE_CREATE};
    int64_t timestamp = 0, snapshot_at = 0;
    uint64_t count = 0;
    int tag, calls = 0;
    char token[PERSIST_TOKEN_SIZE] = "";

    assert_completes(persist_open_url_async(fixture_url(_i), &create, &store, error, queue, &tag),
                     PERSIST_OK);
    assert_completes(persist_begin_async(store, NULL, &tx, error, queue, &tag), PERSIST_OK);
    put(tx, "a", "1");
    put(tx, "b", "2");
    assert_completes(persist_commit_async(tx, &timestamp, error, queue, &tag), PERSIST_OK);
    ck_assert_int_gt(timestamp, 0);
    assert_completes(persist_tx_token_async(tx, token, error, queue, &tag), PERSIST_OK);
    persist_tx_free(tx);

    assert_completes(persist_begin_async(store, NULL, &tx, error, queue, &tag), PERSIST_OK);
    {
        char key[2] = "a"; /* what is read is copied: it may change at once */
        assert_ok(persist_get_async(tx, persist_text(key), &row, error, queue, &tag));
        key[0] = 'z';
    }
    ck_assert_int_eq(complete(queue, &tag), PERSIST_OK);
    ck_assert_mem_eq(row.value.data, "1", 1);
    assert_completes(persist_get_async(tx, persist_text("none"), &row, error, queue, &tag),
                     PERSIST_NOT_FOUND);
    persist_bytes keys[2] = {persist_text("b"), persist_text("c")};
    assert_completes(persist_get_many_async(tx, keys, 2, rows, error, queue, &tag), PERSIST_OK);
    ck_assert_mem_eq(rows[0].value.data, "2", 1);
    ck_assert_uint_eq(rows[1].flags, PERSIST_ROW_ABSENT);
    assert_completes(persist_tx_timestamp_async(tx, &snapshot_at, error, queue, &tag), PERSIST_OK);
    ck_assert_int_eq(snapshot_at, timestamp);
    assert_ok(persist_scan(tx, NULL, &cursor, error));
    assert_completes(persist_cursor_next_async(cursor, &row, error, queue, &tag), PERSIST_OK);
    ck_assert_mem_eq(row.key.data, "a", 1);
    assert_completes(persist_cursor_next_async(cursor, &row, error, queue, &tag), PERSIST_OK);
    assert_completes(persist_cursor_next_async(cursor, &row, error, queue, &tag), PERSIST_END);
    assert_completes(persist_count_async(tx, NULL, &count, error, queue, &tag), PERSIST_OK);
    ck_assert_uint_eq(count, 2);
    assert_completes(persist_guard_async(tx, persist_text("g"), 0, error, queue, &tag), PERSIST_OK);
    assert_completes(
        persist_guard_range_async(tx, persist_text("h"), persist_text("i"), 0, error, queue, &tag),
        PERSIST_OK);
    put_one(store, "g", "broken");
    put(tx, "x", "1");
    assert_completes(persist_commit_async(tx, NULL, error, queue, &tag), PERSIST_CONFLICT);
    assert_message("key g");
    assert_status(persist_commit_async(tx, NULL, error, queue, &tag), PERSIST_MISUSE);
    persist_tx_free(tx);

    assert_completes(
        persist_run_async(store, NULL, write_k, (char[]){"v"}, &timestamp, error, queue, &tag),
        PERSIST_OK);
    assert_completes(
        persist_snapshot_open_async(store, NULL, timestamp, &snapshot, error, queue, &tag),
        PERSIST_OK);
    ck_assert_int_eq(persist_snapshot_timestamp(snapshot), timestamp);
    persist_snapshot_close(snapshot);
    persist_head_info head = {.size = sizeof head};
    assert_completes(persist_head_async(store, NULL, &head, error, queue, &tag), PERSIST_OK);
    ck_assert_int_eq(head.head, timestamp);
    assert_completes(persist_namespace_create_async(store, "n", 0, error, queue, &tag), PERSIST_OK);
    assert_completes(persist_namespace_create_async(store, "n", 0, error, queue, &tag),
                     PERSIST_EXISTS);
    assert_completes(persist_namespace_list_async(store, count_calls, &calls, error, queue, &tag),
                     PERSIST_OK);
    ck_assert_int_eq(calls, 2);
    assert_completes(persist_namespace_drop_async(store, "n", error, queue, &tag), PERSIST_OK);
    assert_completes(persist_stats_async(store, count_stats, &calls, error, queue, &tag),
                     PERSIST_OK);
    ck_assert_int_gt(calls, 2);
    persist_health_report report = {.size = sizeof report};
    assert_completes(persist_health_async(store, &report, error, queue, &tag), PERSIST_OK);
    ck_assert_int_gt(report.write_ns, 0);
    unsigned char resolve[PERSIST_RESOLVE_TOKEN_SIZE] = {1};
    int committed;
    assert_completes(
        persist_resolve_async(store, NULL, resolve, &committed, NULL, error, queue, &tag),
        PERSIST_DIVERGED);
    assert_completes(persist_close_async(store, error, queue, &tag), PERSIST_OK);
    persist_queue_free(queue);
}
END_TEST

/* ---- many transactions of one thread */

enum stage { BEGUN, READ, COMMITTED };

struct client {
    int number;
    enum stage stage;
    persist_tx *tx;
    persist_row row;
    int64_t timestamp;
    persist_status outcome;
};

static void next_call(struct client *client, persist_store *store, persist_queue *queue)
{
    char key[32];
    snprintf(key, sizeof key, "client/%d", client->number);
    switch (client->stage) {
    case BEGUN:
        client->row.size = sizeof client->row;
        client->stage = READ;
        assert_ok(
            persist_get_async(client->tx, persist_text(key), &client->row, NULL, queue, client));
        break;
    case READ:
        put(client->tx, key, "here");
        client->stage = COMMITTED;
        assert_ok(persist_commit_async(client->tx, &client->timestamp, NULL, queue, client));
        break;
    default:
        (void)store;
        persist_tx_free(client->tx);
        client->tx = NULL;
    }
}

static int compare_timestamps(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

START_TEST(ten_thousand_transactions_of_one_thread)
{
    int n = 10000;
    persist_store *store = fixture_open_with(
        _i, "durability: process\npool: { max: 4 }\ntransaction: { timeout: 60s }\n");
    persist_queue *queue = new_queue();
    struct client *clients = calloc((size_t)n, sizeof *clients);
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    ck_assert_int_eq(epoll_ctl(epoll, EPOLL_CTL_ADD, persist_queue_fd(queue), &event), 0);
    for (int i = 0; i < n; i++) {
        clients[i].number = i;
        assert_ok(persist_begin_async(store, NULL, &clients[i].tx, NULL, queue, &clients[i]));
    }
    for (int completions = 0; completions < 3 * n;) {
        ck_assert_int_eq(epoll_wait(epoll, &event, 1, -1), 1);
        persist_completion completion = {.size = sizeof completion};
        while (persist_queue_next(queue, 0, &completion) == PERSIST_OK) {
            struct client *client = completion.tag;
            persist_status expected = client->stage == READ ? PERSIST_NOT_FOUND : PERSIST_OK;
            ck_assert_int_eq(completion.status, expected);
            next_call(client, store, queue);
            completions++;
        }
    }
    ck_assert(!readable(queue));
    int64_t *when = calloc((size_t)n, sizeof *when);
    for (int i = 0; i < n; i++) {
        ck_assert_ptr_null(clients[i].tx);
        when[i] = clients[i].timestamp;
    }
    qsort(when, (size_t)n, sizeof *when, compare_timestamps);
    for (int i = 1; i < n; i++)
        ck_assert_int_gt(when[i], when[i - 1]);
    uint64_t count;
    persist_tx *tx = begin(store);
    assert_ok(persist_count(tx, NULL, &count, fixture_error()));
    ck_assert_uint_eq(count, (uint64_t)n);
    persist_tx_free(tx);
    close(epoll);
    free(when);
    free(clients);
    persist_queue_free(queue);
    fixture_close(store);
}
END_TEST

/* Conflicting commits in flight: of each pair exactly one is told that it committed. */
START_TEST(pairs_conflict)
{
    enum { PAIRS = 300 };
    persist_store *store = fixture_open_with(_i, "durability: process\n");
    persist_queue *queue = new_queue();
    static struct client clients[2 * PAIRS];
    memset(clients, 0, sizeof clients);
    for (int i = 0; i < 2 * PAIRS; i++) {
        char key[32];
        clients[i].tx = begin(store);
        snprintf(key, sizeof key, "pair/%d", i / 2);
        ck_assert_ptr_null(get(clients[i].tx, key));
        put(clients[i].tx, key, i % 2 ? "odd" : "even");
    }
    for (int i = 0; i < 2 * PAIRS; i++)
        assert_ok(
            persist_commit_async(clients[i].tx, &clients[i].timestamp, NULL, queue, &clients[i]));
    for (int i = 0; i < 2 * PAIRS; i++) {
        persist_completion completion = {.size = sizeof completion};
        ck_assert_int_eq(persist_queue_next(queue, -1, &completion), PERSIST_OK);
        ((struct client *)completion.tag)->outcome = completion.status;
    }
    persist_tx *tx = begin(store);
    for (int i = 0; i < 2 * PAIRS; i += 2) {
        char key[32];
        snprintf(key, sizeof key, "pair/%d", i / 2);
        bool even = clients[i].outcome == PERSIST_OK, odd = clients[i + 1].outcome == PERSIST_OK;
        ck_assert(even != odd);
        ck_assert_int_eq(clients[even ? i + 1 : i].outcome, PERSIST_CONFLICT);
        ck_assert_str_eq(get(tx, key), even ? "even" : "odd");
        persist_tx_free(clients[i].tx);
        persist_tx_free(clients[i + 1].tx);
    }
    persist_tx_free(tx);
    persist_queue_free(queue);
    fixture_close(store);
}
END_TEST

/* ---- calls that do not return until they are interrupted */

static persist_status (*real_read)(const persist_call *, persist_session *, const persist_read *,
                                   persist_clock *, persist_on_version, void *);
static void (*real_interrupt)(persist_session *);
static _Atomic int interrupts, reading;

static persist_status endless_read(const persist_call *call, persist_session *session,
                                   const persist_read *read, persist_clock *clock,
                                   persist_on_version take, void *context)
{
    if (!read->n_keys)
        return real_read(call, session, read, clock, take, context);
    atomic_fetch_add(&reading, 1);
    for (;;) {
        int wanted = atomic_load(&interrupts);
        if (wanted > 0 && atomic_compare_exchange_strong(&interrupts, &wanted, wanted - 1))
            return PERSIST_INTERRUPTED;
        clock_sleep(NS_PER_MS / 10);
    }
}

static void note_interrupt(persist_session *session)
{
    atomic_fetch_add(&interrupts, 1);
    real_interrupt(session);
}

static void make_endless(int backend)
{
    const struct plugin *loaded;
    struct plugin_search search = {0};
    char scheme[16];
    snprintf(scheme, sizeof scheme, "%.*s", (int)strcspn(fixture_url(backend), ":"),
             fixture_url(backend));
    assert_ok(loader_open(scheme, &search, &loaded, fixture_error()));
    struct plugin *plugin = (struct plugin *)(uintptr_t)loaded;
    real_read = plugin->store.read;
    real_interrupt = plugin->life.interrupt;
    plugin->store.read = endless_read;
    plugin->life.interrupt = note_interrupt;
}

static void await_reading(int n)
{
    while (atomic_load(&reading) < n)
        clock_sleep(NS_PER_MS / 10);
}

START_TEST(a_call_in_flight_holds_its_transaction)
{
    make_endless(_i);
    persist_store *store = fixture_open(_i);
    persist_queue *queue = new_queue();
    persist_row row = {.size = sizeof row};
    persist_completion completion = {.size = sizeof completion};
    persist_tx *tx = begin(store);
    int tag;
    assert_ok(persist_get_async(tx, persist_text("a"), &row, NULL, queue, &tag));
    await_reading(1);
    assert_status(persist_put(tx, persist_text("a"), persist_text("1"), fixture_error()),
                  PERSIST_MISUSE);
    assert_message("has not completed");
    assert_status(persist_get(tx, persist_text("a"), &row, fixture_error()), PERSIST_MISUSE);
    assert_status(persist_commit_async(tx, NULL, fixture_error(), queue, &tag), PERSIST_MISUSE);
    ck_assert_int_eq(persist_queue_next(queue, 0, &completion), PERSIST_END);
    ck_assert_int_eq(persist_queue_next(queue, 2 * NS_PER_MS, &completion), PERSIST_END);
    persist_cancel(tx);
    ck_assert_int_eq(complete(queue, &tag), PERSIST_INTERRUPTED);
    put(tx, "a", "1");
    commit(tx);
    /* Freeing a transaction cancels its call and waits for it; the completion still comes. */
    tx = begin(store);
    assert_ok(persist_get_async(tx, persist_text("a"), &row, NULL, queue, &tag));
    await_reading(2);
    persist_tx_free(tx);
    ck_assert_int_eq(complete(queue, &tag), PERSIST_INTERRUPTED);
    persist_queue_free(queue);
    fixture_close(store);
}
END_TEST

START_TEST(closing_ends_what_is_in_flight)
{
    enum { N = 12 };
    make_endless(_i);
    persist_store *store =
        fixture_open_with(_i, "pool: { max: 3 }\ntransaction: { timeout: 60s }\n");
    persist_queue *queue = new_queue();
    persist_tx *txs[N];
    persist_row rows[N];
    int seen[N] = {0};
    for (int i = 0; i < N; i++) {
        rows[i].size = sizeof rows[i];
        txs[i] = begin(store);
        assert_ok(persist_get_async(txs[i], persist_text("a"), &rows[i], NULL, queue, &seen[i]));
    }
    await_reading(3);
    assert_status(persist_close(store, fixture_error()), PERSIST_MISUSE);
    for (int i = 0; i < N; i++) {
        persist_completion completion = {.size = sizeof completion};
        ck_assert_int_eq(persist_queue_next(queue, 0, &completion), PERSIST_OK);
        ck_assert_int_eq(completion.status, PERSIST_INTERRUPTED);
        ++*(int *)completion.tag;
    }
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(seen[i], 1);
        persist_tx_free(txs[i]);
    }
    persist_queue_free(queue);
    fixture_close(store);
}
END_TEST

/* A commit that waits for its turn behind another can be cancelled, and wrote nothing. */
static persist_status (*real_append)(const persist_call *, persist_session *,
                                     const persist_append *, persist_clock *);
static _Atomic int appending, release_append;

static persist_status held_append(const persist_call *call, persist_session *session,
                                  const persist_append *append, persist_clock *clock)
{
    atomic_fetch_add(&appending, 1);
    while (!atomic_load(&release_append))
        clock_sleep(NS_PER_MS / 10);
    return real_append(call, session, append, clock);
}

START_TEST(waiting_commits_can_be_cancelled)
{
    const struct plugin *loaded;
    struct plugin_search search = {0};
    persist_store *store = fixture_open(_i);
    persist_queue *queue = new_queue();
    persist_store_info info = {.size = sizeof info};
    persist_store_describe(store, &info);
    assert_ok(loader_open(info.backend, &search, &loaded, fixture_error()));
    struct plugin *plugin = (struct plugin *)(uintptr_t)loaded;
    real_append = plugin->store.append;
    plugin->store.append = held_append;
    persist_tx *first = begin(store), *second = begin(store);
    int tags[2];
    put(first, "a", "1");
    put(second, "b", "1");
    assert_ok(persist_commit_async(first, NULL, NULL, queue, &tags[0]));
    while (!atomic_load(&appending))
        clock_sleep(NS_PER_MS / 10);
    assert_ok(persist_commit_async(second, NULL, fixture_error(), queue, &tags[1]));
    persist_cancel(first); /* too late: it is told as it ends */
    persist_cancel(second);
    ck_assert_int_eq(complete(queue, &tags[1]), PERSIST_INTERRUPTED);
    assert_message("nothing was written");
    atomic_store(&release_append, 1);
    ck_assert_int_eq(complete(queue, &tags[0]), PERSIST_OK);
    persist_tx_free(first);
    persist_tx_free(second);
    persist_tx *tx = begin(store);
    ck_assert_str_eq(scan_text(tx, NULL), "a=1");
    persist_tx_free(tx);
    persist_queue_free(queue);
    fixture_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("asynchronous");
    TCase *tcase = tcase_create("queue");
    int n = fixture_backends();
    tcase_add_checked_fixture(tcase, fixture_begin, fixture_end);
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, every_form_does_what_its_blocking_one_does, 0, n);
    tcase_add_loop_test(tcase, ten_thousand_transactions_of_one_thread, 0, n);
    tcase_add_loop_test(tcase, pairs_conflict, 0, n);
    tcase_add_loop_test(tcase, a_call_in_flight_holds_its_transaction, 0, n);
    tcase_add_loop_test(tcase, closing_ends_what_is_in_flight, 0, n);
    tcase_add_loop_test(tcase, waiting_commits_can_be_cancelled, 0, n);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
