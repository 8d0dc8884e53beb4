/* SPDX-License-Identifier: MIT */
/* The pool of sessions, over a plugin that does nothing but count. */
#include "core/base/clock.h"
#include "core/session/backend.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * NS_PER_S)

struct persist_session {
    int number; /* in the order they were opened */
    bool dead;
};

static struct {
    atomic_int opened, closed, pings, resets;
    persist_status open_fails, ping_fails, reset_fails;
    atomic_bool may_open; /* false: opening waits */
    uint32_t answer_flags;
    persist_status answer, enter;
    atomic_int entered, left, starts, stops;
    uint64_t caps;
    _Atomic int64_t ping_deadline;
} world;

static persist_error *error;

static persist_status session_open(const persist_call *call, persist_backend *store,
                                   persist_session **session)
{
    (void)call, (void)store;
    while (!atomic_load(&world.may_open))
        clock_sleep(NS_PER_MS / 10);
    if (world.open_fails)
        return world.open_fails;
    *session = calloc(1, sizeof **session);
    (*session)->number = atomic_fetch_add(&world.opened, 1) + 1;
    return PERSIST_OK;
}

static void session_close(persist_session *session)
{
    atomic_fetch_add(&world.closed, 1);
    free(session);
}

static persist_status session_ping(const persist_call *call, persist_session *session)
{
    atomic_fetch_add(&world.pings, 1);
    world.ping_deadline = call->deadline;
    return session->dead ? world.ping_fails : PERSIST_OK;
}

static persist_status session_reset(const persist_call *call, persist_session *session)
{
    (void)call, (void)session;
    atomic_fetch_add(&world.resets, 1);
    return world.reset_fails;
}

static struct plugin plugin = {.life = {.size = sizeof(persist_life),
                                        .session_open = session_open,
                                        .session_close = session_close,
                                        .session_ping = session_ping,
                                        .session_reset = session_reset}};
static struct pool pool;

static void setup(void)
{
    memset(&world, 0, sizeof world);
    world.may_open = true;
    world.ping_fails = PERSIST_UNAVAILABLE;
    error = persist_error_new();
}

static void teardown(void)
{
    persist_error_free(error);
}

static void make_with(struct pool_options options)
{
    ck_assert_int_eq(pool_init(&pool, &plugin, NULL, &options, error), PERSIST_OK);
}

static void make(size_t max)
{
    make_with((struct pool_options){.max = max, .idle_timeout = HOUR, .ping_after = -1});
}

/* Closes it; every session there was is closed. */
static void end(void)
{
    pool_close(&pool);
    ck_assert_int_eq(world.opened, world.closed);
}

static persist_session *take(void)
{
    persist_session *session = NULL;
    ck_assert_msg(pool_take(&pool, PERSIST_NO_DEADLINE, &session, error) == PERSIST_OK, "%s",
                  persist_error_message(error));
    return session;
}

static struct pool_gauges gauges(void)
{
    struct pool_gauges now;
    pool_gauges(&pool, &now);
    return now;
}

START_TEST(the_one_used_last_is_used_first)
{
    make(3);
    persist_session *a = take(), *b = take(), *c = take();
    ck_assert_uint_eq(gauges().in_use, 3);
    pool_give(&pool, b, true);
    pool_give(&pool, a, true);
    pool_give(&pool, c, true);
    ck_assert_ptr_eq(take(), c);
    ck_assert_ptr_eq(take(), a);
    ck_assert_ptr_eq(take(), b);
    pool_give(&pool, a, true);
    pool_give(&pool, b, true);
    pool_give(&pool, c, true);
    struct pool_gauges now = gauges();
    ck_assert_uint_eq(now.open, 3);
    ck_assert_uint_eq(now.in_use, 0);
    ck_assert_uint_eq(now.opened, 3);
    ck_assert_uint_eq(now.taken, 6);
    ck_assert_uint_eq(now.waits + now.timeouts + now.closed_idle + now.closed_broken, 0);
    end();
}
END_TEST

START_TEST(there_are_max_and_no_more)
{
    persist_session *session = NULL;
    make(2);
    persist_session *a = take(), *b = take();
    int64_t deadline = clock_deadline(2 * NS_PER_MS);
    ck_assert_int_eq(pool_take(&pool, deadline, &session, error), PERSIST_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(persist_error_message(error), "all 2 sessions"));
    ck_assert_ptr_nonnull(strstr(persist_error_message(error), "pool.max"));
    ck_assert_int_ge(clock_monotonic(), deadline);
    struct pool_gauges now = gauges();
    ck_assert_uint_eq(now.timeouts, 1);
    ck_assert_uint_eq(now.waiting, 0);
    ck_assert_int_ge(now.wait_ns, NS_PER_MS);
    ck_assert_int_eq(now.wait_ns, now.wait_longest_ns);
    ck_assert_uint_eq(now.taken, 2);
    pool_give(&pool, a, true);
    ck_assert_ptr_eq(take(), a);
    pool_give(&pool, a, true);
    pool_give(&pool, b, true);
    end();
}
END_TEST

START_TEST(poisoned_sessions_are_closed)
{
    make(1);
    persist_session *a = take();
    pool_give(&pool, a, false);
    ck_assert_int_eq(world.closed, 1);
    ck_assert_uint_eq(gauges().open, 0);
    ck_assert_uint_eq(gauges().closed_broken, 1);
    persist_session *b = take();
    ck_assert_int_eq(b->number, 2);
    pool_give(&pool, b, true);
    end();
}
END_TEST

START_TEST(openings_that_fail_leave_their_place)
{
    persist_session *session = NULL;
    make(1);
    world.open_fails = PERSIST_AUTH;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pool_take(&pool, PERSIST_NO_DEADLINE, &session, error), PERSIST_AUTH);
    world.open_fails = PERSIST_OK;
    pool_give(&pool, take(), true);
    ck_assert_uint_eq(gauges().opened, 1);
    end();
}
END_TEST

/* ---- waiting */

static atomic_int served;

struct waiter {
    pthread_t thread;
    int64_t deadline;
    persist_status status;
    int place;  /* in the order of being served */
    int number; /* of the session */
};

static void *wait_for_one(void *context)
{
    struct waiter *waiter = context;
    persist_session *session = NULL;
    waiter->status = pool_take(&pool, waiter->deadline, &session, NULL);
    if (waiter->status == PERSIST_OK) {
        waiter->place = atomic_fetch_add(&served, 1);
        waiter->number = session->number;
        pool_give(&pool, session, true);
    }
    return NULL;
}

/* How many have begun to wait so far. */
static uint64_t waiters_so_far(void)
{
    struct pool_gauges now = gauges();
    return now.waiting + now.waits + now.timeouts;
}

static void start(struct waiter *waiter, int64_t deadline)
{
    uint64_t before = waiters_so_far();
    *waiter = (struct waiter){.deadline = deadline};
    ck_assert_int_eq(pthread_create(&waiter->thread, NULL, wait_for_one, waiter), 0);
    while (waiters_so_far() == before)
        clock_sleep(NS_PER_MS / 10);
}

START_TEST(who_waits_first_is_served_first)
{
    enum { N = 12 };
    struct waiter waiters[N];
    make(1);
    persist_session *session = take();
    for (int i = 0; i < N; i++)
        start(&waiters[i], PERSIST_NO_DEADLINE);
    ck_assert_uint_eq(gauges().waiting, N);
    if (_i)
        pool_give(&pool, session, false); /* the first one then opens another */
    else
        pool_give(&pool, session, true);
    for (int i = 0; i < N; i++) {
        pthread_join(waiters[i].thread, NULL);
        ck_assert_int_eq(waiters[i].status, PERSIST_OK);
        ck_assert_int_eq(waiters[i].place, i);
        ck_assert_int_eq(waiters[i].number, 1 + _i);
    }
    ck_assert_uint_eq(gauges().waits, N);
    ck_assert_uint_eq(gauges().waiting, 0);
    end();
}
END_TEST

START_TEST(waiters_give_up_wherever_they_stand)
{
    struct waiter waiters[3];
    make(1);
    persist_session *session = take();
    for (int i = 0; i < 3; i++)
        start(&waiters[i], i == _i ? clock_deadline(20 * NS_PER_MS) : PERSIST_NO_DEADLINE);
    pthread_join(waiters[_i].thread, NULL);
    ck_assert_int_eq(waiters[_i].status, PERSIST_TIMEOUT);
    ck_assert_uint_eq(gauges().waiting, 2);
    pool_give(&pool, session, true);
    for (int i = 0; i < 3; i++)
        if (i != _i) {
            pthread_join(waiters[i].thread, NULL);
            ck_assert_int_eq(waiters[i].status, PERSIST_OK);
        }
    end();
}
END_TEST

/* Whoever was given the right to open one, and could not, passes it on. */
START_TEST(a_failed_opening_serves_the_next)
{
    struct waiter waiters[2];
    make(1);
    persist_session *session = take();
    start(&waiters[0], PERSIST_NO_DEADLINE);
    start(&waiters[1], PERSIST_NO_DEADLINE);
    world.open_fails = PERSIST_UNAVAILABLE;
    pool_give(&pool, session, false);
    for (int i = 0; i < 2; i++) {
        pthread_join(waiters[i].thread, NULL);
        ck_assert_int_eq(waiters[i].status, PERSIST_UNAVAILABLE);
    }
    ck_assert_uint_eq(gauges().open, 0);
    end();
}
END_TEST

static void *hammer(void *context)
{
    unsigned seed = (unsigned)(uintptr_t)context;
    for (int i = 0; i < 3000; i++) {
        persist_session *session = NULL;
        int64_t deadline = i % 7 ? PERSIST_NO_DEADLINE : clock_deadline(1);
        persist_status status = pool_take(&pool, deadline, &session, NULL);
        if (status == PERSIST_TIMEOUT && deadline != PERSIST_NO_DEADLINE)
            continue;
        if (status != PERSIST_OK || session->dead)
            return context;
        session->dead = true; /* somebody else's, if seen */
        session->dead = false;
        pool_give(&pool, session, rand_r(&seed) % 16 != 0);
        if (i % 64 == 0)
            pool_tidy(&pool);
    }
    return NULL;
}

START_TEST(many_threads_share_a_few)
{
    pthread_t threads[8];
    make_with((struct pool_options){.max = 3, .idle_timeout = 1, .ping_after = 0});
    for (uintptr_t i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, (void *)(i + 1)), 0);
    for (int i = 0; i < 8; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    struct pool_gauges now = gauges();
    ck_assert_uint_le(now.open, 3);
    ck_assert_uint_eq(now.in_use, 0);
    ck_assert_uint_eq(now.opened, (unsigned)world.opened);
    ck_assert_uint_eq(now.opened - now.closed_idle - now.closed_broken, now.open);
    end();
}
END_TEST

/* ---- idle sessions */

/* Takes n at once and gives them back. */
static void spread(int n)
{
    persist_session *sessions[8];
    for (int i = 0; i < n; i++)
        sessions[i] = take();
    for (int i = 0; i < n; i++)
        pool_give(&pool, sessions[i], true);
}

START_TEST(idle_ones_above_min_are_closed)
{
    make_with((struct pool_options){.max = 5, .min = 2, .idle_timeout = 1, .ping_after = -1});
    spread(5);
    clock_sleep(2);
    pool_tidy(&pool);
    ck_assert_uint_eq(gauges().open, 2);
    ck_assert_uint_eq(gauges().closed_idle, 3);
    end();
}
END_TEST

START_TEST(idle_ones_are_closed_when_others_are_used)
{
    make_with((struct pool_options){.max = 4, .idle_timeout = 1, .ping_after = -1});
    spread(4);
    clock_sleep(2);
    persist_session *session = take();
    ck_assert_uint_eq(gauges().open, 1);
    pool_give(&pool, session, true);
    clock_sleep(2);
    pool_tidy(&pool);
    ck_assert_uint_eq(gauges().open, 0);
    end();
}
END_TEST

START_TEST(idle_ones_are_kept_within_their_time)
{
    make_with((struct pool_options){.max = 4, .idle_timeout = _i ? 0 : HOUR, .ping_after = -1});
    spread(4);
    clock_sleep(2);
    pool_tidy(&pool);
    pool_give(&pool, take(), true);
    ck_assert_uint_eq(gauges().open, 4);
    end();
}
END_TEST

/* ---- health */

START_TEST(idle_ones_are_asked_whether_they_live)
{
    static const int64_t after[] = {-1, 0, HOUR};
    make_with((struct pool_options){.max = 2, .ping_after = after[_i]});
    pool_give(&pool, take(), true);
    ck_assert_int_eq(world.pings, 0);
    int64_t now = clock_monotonic();
    pool_give(&pool, take(), true);
    ck_assert_int_eq(world.pings, after[_i] == 0);
    if (world.pings) {
        ck_assert_int_gt(world.ping_deadline, now);
        ck_assert_int_lt(world.ping_deadline, now + 60 * NS_PER_S);
    }
    end();
}
END_TEST

START_TEST(dead_ones_are_replaced)
{
    make_with((struct pool_options){.max = 3, .ping_after = 0});
    persist_session *a = take(), *b = take(), *c = take();
    b->dead = c->dead = true;
    pool_give(&pool, a, true);
    pool_give(&pool, b, true);
    pool_give(&pool, c, true);
    ck_assert_ptr_eq(take(), a);
    ck_assert_int_eq(world.pings, 3);
    ck_assert_uint_eq(gauges().closed_broken, 2);
    a->dead = true;
    pool_give(&pool, a, true);
    persist_session *fresh = take();
    ck_assert_int_eq(fresh->number, 4);
    ck_assert_uint_eq(gauges().taken, 5);
    pool_give(&pool, fresh, true);
    end();
}
END_TEST

/* ---- what becomes of a session after a call: through backend_... */

static persist_status store_open(const persist_call *call, const persist_open *open,
                                 persist_backend **store)
{
    (void)call, (void)open, (void)store;
    return PERSIST_OK;
}

static void store_close(persist_backend *store)
{
    (void)store;
}

static uint64_t store_caps(persist_backend *store)
{
    (void)store;
    return world.caps;
}

static void store_limits(persist_backend *store, persist_limits *limits)
{
    (void)store, (void)limits;
}

static persist_status drop(const persist_call *call, persist_session *session, uint32_t ns)
{
    persist_error_detail detail = {.size = sizeof detail, .flags = world.answer_flags};
    (void)session, (void)ns;
    if (world.answer_flags)
        loader_host()->set_error(call, &detail);
    return world.answer;
}

static persist_status thread_enter(void)
{
    atomic_fetch_add(&world.entered, 1);
    return world.enter;
}

static void thread_leave(void)
{
    atomic_fetch_add(&world.left, 1);
}

static persist_plugin descriptor;

static struct backend *open_backend(void)
{
    static char path[] = "x";
    struct backend *backend = NULL;
    struct backend_options options = {.url = "x:", .sessions = 2, .idle_timeout = HOUR};
    descriptor.caps = UINT64_MAX;
    plugin.descriptor = &descriptor;
    plugin.path = path;
    plugin.life.store_open = store_open;
    plugin.life.store_close = store_close;
    plugin.life.store_caps = store_caps;
    plugin.life.store_limits = store_limits;
    plugin.store.namespace_drop = drop;
    ck_assert_int_eq(backend_open(&plugin, &options, PERSIST_NO_DEADLINE, &backend, error),
                     PERSIST_OK);
    return backend;
}

START_TEST(sessions_of_failed_calls_are_reset_or_closed)
{
    static const struct {
        persist_status answer;
        uint32_t flags;
        persist_status reset;
        int resets, closed;
    } cases[] = {
        {PERSIST_OK, 0, PERSIST_OK, 0, 0},
        {PERSIST_NOT_FOUND, 0, PERSIST_OK, 0, 0},
        {PERSIST_CONFLICT, 0, PERSIST_OK, 0, 0},
        {PERSIST_BUSY, PERSIST_RETRYABLE, PERSIST_OK, 1, 0},
        {PERSIST_INTERRUPTED, 0, PERSIST_OK, 1, 0},
        {PERSIST_TIMEOUT, 0, PERSIST_UNAVAILABLE, 1, 1},
        {PERSIST_IO, PERSIST_SESSION_DEAD, PERSIST_OK, 0, 1},
        {PERSIST_OK, PERSIST_SESSION_DEAD, PERSIST_OK, 0, 1},
        {PERSIST_UNAVAILABLE, PERSIST_SESSION_DEAD | PERSIST_MAYBE_COMMITTED, PERSIST_OK, 0, 1},
    };
    struct backend *backend = open_backend();
    world.answer = cases[_i].answer;
    world.answer_flags = cases[_i].flags;
    world.reset_fails = cases[_i].reset;
    ck_assert_int_eq(backend_namespace_drop(backend, PERSIST_NO_DEADLINE, 1, error),
                     cases[_i].answer);
    ck_assert_int_eq(world.resets, cases[_i].resets);
    ck_assert_int_eq(world.closed, cases[_i].closed);
    struct pool_gauges now;
    backend_gauges(backend, &now);
    ck_assert_uint_eq(now.open, 1 - (unsigned)cases[_i].closed);
    ck_assert_uint_eq(now.in_use, 0);
    backend_tidy(backend);
    backend_close(backend);
    ck_assert_int_eq(world.opened, world.closed);
}
END_TEST

START_TEST(threads_of_the_host_enter_and_leave)
{
    struct backend *backend = open_backend();
    ck_assert_int_eq(backend_thread_enter(backend, error), PERSIST_OK);
    backend_thread_leave(backend);
    plugin.life.thread_enter = thread_enter;
    plugin.life.thread_leave = thread_leave;
    ck_assert_int_eq(backend_thread_enter(backend, error), PERSIST_OK);
    backend_thread_leave(backend);
    ck_assert_int_eq(world.entered, 1);
    ck_assert_int_eq(world.left, 1);
    world.enter = PERSIST_NO_MEMORY;
    ck_assert_int_eq(backend_thread_enter(backend, error), PERSIST_NO_MEMORY);
    ck_assert_ptr_nonnull(strstr(persist_error_message(error), "enter a thread"));
    backend_close(backend);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *tcase = tcase_create("pool");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_one_used_last_is_used_first);
    tcase_add_test(tcase, there_are_max_and_no_more);
    tcase_add_test(tcase, poisoned_sessions_are_closed);
    tcase_add_test(tcase, openings_that_fail_leave_their_place);
    tcase_add_loop_test(tcase, who_waits_first_is_served_first, 0, 2);
    tcase_add_loop_test(tcase, waiters_give_up_wherever_they_stand, 0, 3);
    tcase_add_test(tcase, a_failed_opening_serves_the_next);
    tcase_add_test(tcase, many_threads_share_a_few);
    tcase_add_test(tcase, idle_ones_above_min_are_closed);
    tcase_add_test(tcase, idle_ones_are_closed_when_others_are_used);
    tcase_add_loop_test(tcase, idle_ones_are_kept_within_their_time, 0, 2);
    tcase_add_loop_test(tcase, idle_ones_are_asked_whether_they_live, 0, 3);
    tcase_add_test(tcase, dead_ones_are_replaced);
    tcase_add_loop_test(tcase, sessions_of_failed_calls_are_reset_or_closed, 0, 9);
    tcase_add_test(tcase, threads_of_the_host_enter_and_leave);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
