/* SPDX-License-Identifier: MIT */
/* Many threads and processes on one store; many readers beside a writer. */
#include "tests/concurrency/bank.h"

#include "core/base/clock.h"

#include <pthread.h>
#ifdef TEST_SQLITE
#include <sqlite3.h>
#endif
#include <stdio.h>
#include <string.h>

#define QUICK "durability: process\npool: { max: 16, connect_timeout: 120s }\n" PROOF_PATIENT
#define THREADS 16
#define PROCESSES 4
#define READERS 100

/* A small run counts, a soak goes on for a minute. */
struct span {
    int rounds;
    int64_t until; /* monotonic ns; 0: rounds count */
};

static struct span span_of(int rounds)
{
    if (fixture_scale() < PROOF_SOAK)
        return (struct span){proof_amount(rounds, 20 * rounds), 0};
    return (struct span){0, clock_monotonic() + 60 * NS_PER_S};
}

static bool goes_on(const struct span *span, int round)
{
    return span->until ? clock_monotonic() < span->until : round < span->rounds;
}

struct teller {
    pthread_t thread;
    persist_store *store;
    struct span span;
    unsigned seed;
    int done;
    persist_status status;
    char message[256];
};

static void *tell(void *context)
{
    struct teller *teller = context;
    persist_error *error = persist_error_new();
    for (int i = 0; goes_on(&teller->span, i) && !teller->status; i++, teller->done++)
        teller->status = i % 8 == 7 ? bank_audit(teller->store, i % 16 == 7, error)
                                    : bank_transfer(teller->store, &teller->seed, error);
    snprintf(teller->message, sizeof teller->message, "%s", persist_error_message(error));
    persist_error_free(error);
    return NULL;
}

static int tell_together(persist_store *store, int threads, struct span span, unsigned seed)
{
    struct teller tellers[THREADS];
    int sum = 0;
    for (int i = 0; i < threads; i++) {
        tellers[i] = (struct teller){.store = store, .span = span, .seed = seed + (unsigned)i};
        ck_assert_int_eq(pthread_create(&tellers[i].thread, NULL, tell, &tellers[i]), 0);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(tellers[i].thread, NULL);
        ck_assert_msg(!tellers[i].status, "teller %d: %s: %s", i,
                      persist_status_name(tellers[i].status), tellers[i].message);
        sum += tellers[i].done;
    }
    return sum;
}

START_TEST(threads)
{
    persist_store *store = fixture_open_with(_i, QUICK);
    bank_open_accounts(store);
    int done = tell_together(store, THREADS, span_of(60), proof_seed());
    printf("%d by threads\n", done);
    assert_ok(bank_audit(store, true, fixture_error()));
    proof_verify(store, NULL);
    fixture_close(store);
}
END_TEST

struct branch {
    int backend;
    struct span span;
    unsigned seed;
};

static int tell_in_branch(void *context)
{
    struct branch *branch = context;
    persist_store *store = fixture_open_with(branch->backend, QUICK);
    tell_together(store, THREADS / PROCESSES, branch->span, branch->seed);
    fixture_close(store);
    return 0;
}

START_TEST(processes)
{
    if (!fixture_shared(_i))
        return;
    pid_t children[PROCESSES];
    persist_store *store = fixture_open_with(_i, QUICK);
    unsigned seed = proof_seed();
    bank_open_accounts(store);
    fixture_close(store);
    struct branch branch = {.backend = _i, .span = span_of(40)};
    for (int i = 0; i < PROCESSES; i++) {
        branch.seed = seed + 100u * (unsigned)i;
        children[i] = proof_spawn(tell_in_branch, &branch);
    }
    for (int i = 0; i < PROCESSES; i++)
        proof_join(children[i]);
    store = fixture_open_with(_i, QUICK);
    assert_ok(bank_audit(store, true, fixture_error()));
    proof_verify(store, NULL);
    fixture_close(store);
}
END_TEST

/* ---- readers beside a writer */

struct reader {
    pthread_t thread;
    persist_store *store;
    _Atomic bool *go_on;
    int audits;
    int64_t longest; /* ns */
    persist_status status;
    char message[256];
};

static void *read_on(void *context)
{
    struct reader *reader = context;
    persist_error *error = persist_error_new();
    do {
        int64_t begun = clock_monotonic();
        reader->status = bank_audit(reader->store, reader->audits % 2, error);
        int64_t took = clock_monotonic() - begun;
        if (took > reader->longest)
            reader->longest = took;
        reader->audits++;
    } while (*reader->go_on && !reader->status);
    snprintf(reader->message, sizeof reader->message, "%s", persist_error_message(error));
    persist_error_free(error);
    return NULL;
}

START_TEST(readers_beside_a_writer)
{
    static struct reader readers[READERS];
    _Atomic bool go_on = true;
    unsigned seed = proof_seed();
    persist_store *store = fixture_open_with(_i, QUICK);
    struct span span = span_of(100);
    int64_t longest = 0;
    int commits = 0, audits = 0;
    bank_open_accounts(store);
    for (int i = 0; i < READERS; i++) {
        readers[i] = (struct reader){.store = store, .go_on = &go_on};
        ck_assert_int_eq(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
    }
    for (; goes_on(&span, commits); commits++)
        assert_ok(bank_transfer(store, &seed, fixture_error()));
    go_on = false;
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i].thread, NULL);
        ck_assert_msg(!readers[i].status, "reader %d: %s: %s", i,
                      persist_status_name(readers[i].status), readers[i].message);
        longest = readers[i].longest > longest ? readers[i].longest : longest;
        audits += readers[i].audits;
    }
    printf("%d commits beside %d audits, the longest of %lld ms\n", commits, audits,
           (long long)(longest / 1000000));
    fixture_close(store);
}
END_TEST

#ifdef TEST_SQLITE
static void *transfer_apart(void *context)
{
    struct teller *teller = context;
    teller->status = bank_transfer(teller->store, &teller->seed, NULL);
    return NULL;
}

/* While somebody holds the engine's lock for writing, and a commit waits for it, all
 * readers come to their end. */
START_TEST(readers_do_not_wait_for_a_writer)
{
    static struct reader readers[READERS];
    _Atomic bool go_on = false;
    char path[160];
    sqlite3 *engine;
    if (!fixture_shared(_i))
        return;
    persist_store *store = fixture_open_with(_i, QUICK);
    struct teller teller = {.store = store, .seed = 1};
    bank_open_accounts(store);
    snprintf(path, sizeof path, "%s/store.db", fixture_folder());
    ck_assert_int_eq(sqlite3_open(path, &engine), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(engine, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(pthread_create(&teller.thread, NULL, transfer_apart, &teller), 0);
    for (int i = 0; i < READERS; i++) {
        readers[i] = (struct reader){.store = store, .go_on = &go_on};
        ck_assert_int_eq(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
    }
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i].thread, NULL);
        ck_assert_msg(!readers[i].status, "reader %d: %s", i, readers[i].message);
    }
    ck_assert_int_eq(sqlite3_exec(engine, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(engine);
    pthread_join(teller.thread, NULL);
    ck_assert_int_eq(teller.status, PERSIST_OK);
    assert_ok(bank_audit(store, true, fixture_error()));
    fixture_close(store);
}
END_TEST
#endif

static void add(TCase *tcase)
{
    int n = fixture_backends();
    tcase_add_loop_test(tcase, threads, 0, n);
    tcase_add_loop_test(tcase, processes, 0, n);
    tcase_add_loop_test(tcase, readers_beside_a_writer, 0, n);
#ifdef TEST_SQLITE
    tcase_add_loop_test(tcase, readers_do_not_wait_for_a_writer, 0, n);
#endif
}

int main(void)
{
    return proof_main("concurrency", add);
}
