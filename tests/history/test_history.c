/* SPDX-License-Identifier: MIT */
/* Random histories of many clients on few keys, by threads and by processes. */
#include "tests/history/checker.h"
#include "tests/proof/proof.h"

#include "core/base/clock.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLIENTS 6
#define KEYS 4          /* in use at a time */
#define TXS_OF_A_KEY 60 /* of a client, before it goes on to the next keys */
#define LIST_MAX 4096   /* bytes of a list as text */

struct client {
    pthread_t thread;
    persist_store *store;
    persist_isolation isolation;
    int number, txs;
    unsigned seed;
    struct history history;
    persist_status status; /* of what ought not to have failed */
    char message[256];
};

static int next_number(const struct client *client, int tx, int op)
{
    return (tx * 8 + op) * CLIENTS + client->number + 1;
}

/* Numbers of "1 2 3". */
static size_t numbers_of(persist_bytes text, int *out)
{
    char copy[LIST_MAX + 1], *at = copy, *end;
    size_t n = 0, size = text.size < LIST_MAX ? text.size : LIST_MAX;
    if (size)
        memcpy(copy, text.data, size);
    copy[size] = '\0';
    for (long number; number = strtol(at, &end, 10), end != at; at = end)
        out[n++] = (int)number;
    return n;
}

/* Reads a list and notes it; the text, NUL-terminated, stays in `text`. */
static persist_status read_list(persist_tx *tx, struct history_tx *noted, int key,
                                char text[LIST_MAX + 1], persist_error *error)
{
    char name[16];
    int numbers[LIST_MAX];
    persist_row row = {.size = sizeof row};
    snprintf(name, sizeof name, "%d", key);
    persist_status status = persist_get(tx, persist_text(name), &row, error);
    if (status == PERSIST_NOT_FOUND) {
        text[0] = '\0';
        history_read(noted, key, NULL, 0);
        return PERSIST_OK;
    }
    if (status != PERSIST_OK)
        return status;
    if (row.value.size > LIST_MAX)
        return PERSIST_LIMIT;
    history_read(noted, key, numbers, numbers_of(row.value, numbers));
    memcpy(text, row.value.data, row.value.size);
    text[row.value.size] = '\0';
    return PERSIST_OK;
}

static persist_status append_to_list(persist_tx *tx, struct history_tx *noted, int key, int number,
                                     persist_error *error)
{
    char name[16], text[LIST_MAX + 32];
    persist_status status = read_list(tx, noted, key, text, error);
    if (status != PERSIST_OK)
        return status;
    snprintf(name, sizeof name, "%d", key);
    snprintf(text + strlen(text), 32, "%s%d", text[0] ? " " : "", number);
    history_append(noted, key, number);
    return persist_put(tx, persist_text(name), persist_text(text), error);
}

static persist_status one_transaction(struct client *client, int number, persist_error *error)
{
    char text[LIST_MAX + 1];
    persist_tx *tx = NULL;
    persist_tx_options options = {.size = sizeof options, .isolation = client->isolation};
    struct history_tx *noted = history_add(&client->history, clock_monotonic());
    int first = number / TXS_OF_A_KEY * KEYS, ops = 1 + rand_r(&client->seed) % 4;
    persist_status status = persist_begin(client->store, &options, &tx, error);
    for (int op = 0; op < ops && status == PERSIST_OK; op++) {
        int key = first + rand_r(&client->seed) % KEYS;
        if (rand_r(&client->seed) % 2)
            status = append_to_list(tx, noted, key, next_number(client, number, op), error);
        else
            status = read_list(tx, noted, key, text, error);
        sched_yield();
    }
    if (status != PERSIST_OK)
        noted->outcome = HISTORY_ABORTED;
    else if (rand_r(&client->seed) % 12 == 0)
        noted->outcome = HISTORY_ABORTED;
    else if ((status = persist_commit(tx, NULL, error)) == PERSIST_OK)
        noted->outcome = HISTORY_COMMITTED;
    else if (status == PERSIST_CONFLICT)
        noted->outcome = HISTORY_ABORTED;
    persist_tx_free(tx);
    noted->ended = clock_monotonic();
    return status == PERSIST_CONFLICT ? PERSIST_OK : status;
}

static void *client_run(void *context)
{
    struct client *client = context;
    persist_error *error = persist_error_new();
    for (int i = 0; i < client->txs && client->status == PERSIST_OK; i++)
        client->status = one_transaction(client, i, error);
    snprintf(client->message, sizeof client->message, "%s", persist_error_message(error));
    persist_error_free(error);
    return NULL;
}

/* Runs clients first .. first+n-1 on the store. */
static void run_clients(persist_store *store, persist_isolation isolation, int first, int n,
                        int txs, unsigned seed, struct history *history)
{
    struct client clients[CLIENTS];
    for (int i = 0; i < n; i++) {
        clients[i] = (struct client){.store = store,
                                     .isolation = isolation,
                                     .number = first + i,
                                     .txs = txs,
                                     .seed = seed + (unsigned)(first + i)};
        ck_assert_int_eq(pthread_create(&clients[i].thread, NULL, client_run, &clients[i]), 0);
    }
    for (int i = 0; i < n; i++) {
        pthread_join(clients[i].thread, NULL);
        ck_assert_msg(clients[i].status == PERSIST_OK, "client %d: %s", clients[i].number,
                      clients[i].message);
        history_merge(history, &clients[i].history);
    }
}

/* The last transaction reads everything. */
static void read_all(persist_store *store, int txs, struct history *history)
{
    char text[LIST_MAX + 1];
    struct history_tx *noted = history_add(history, clock_monotonic());
    persist_tx *tx = begin(store);
    for (int key = 0; key < ((txs - 1) / TXS_OF_A_KEY + 1) * KEYS; key++)
        assert_ok(read_list(tx, noted, key, text, fixture_error()));
    persist_tx_free(tx);
    noted->ended = clock_monotonic();
    noted->outcome = HISTORY_COMMITTED;
}

static const persist_isolation levels[] = {PERSIST_SNAPSHOT, PERSIST_SERIALIZABLE};

/* No anomaly; whether the load was wild enough to show write skew. */
static bool judge(struct history *history, persist_isolation isolation)
{
    char why[1024];
    unsigned forbidden = isolation == PERSIST_SNAPSHOT ? HISTORY_SNAPSHOT : HISTORY_SERIALIZABLE;
    unsigned found = history_check(history, forbidden, why, sizeof why);
    size_t committed = 0;
    for (size_t i = 0; i < history->n; i++)
        committed += history->txs[i].outcome == HISTORY_COMMITTED;
    printf("%zu transactions, %zu committed, found %#x\n", history->n, committed, found);
    ck_assert_msg(!(found & forbidden), "%#x: %s", found, why);
    ck_assert_uint_gt(committed, history->n / 10);
    history_free(history);
    return found & HISTORY_G2;
}

#define QUICK "durability: process\n" PROOF_PATIENT

static void another_store(void)
{
    fixture_end();
    fixture_begin();
}

/* Rounds that are tried for a write skew before the load is called too tame. */
#define ROUNDS 20

START_TEST(by_threads)
{
    int txs = proof_amount(300, 100000 / CLIENTS);
    persist_isolation isolation = levels[_i % 2];
    unsigned seed = proof_seed();
    bool skewed = false;
    for (int round = 0; round < ROUNDS && !skewed; round++) {
        struct history history = {0};
        persist_store *store = fixture_open_with(_i / 2, QUICK);
        run_clients(store, isolation, 0, CLIENTS, txs, seed + (unsigned)round, &history);
        read_all(store, txs, &history);
        skewed = judge(&history, isolation) || isolation == PERSIST_SERIALIZABLE;
        proof_verify(store, NULL);
        fixture_close(store);
        another_store();
    }
    ck_assert_msg(skewed, "no write skew under snapshot isolation: the load is too tame");
}
END_TEST

/* ---- by processes: each writes its history to a file */

struct process {
    int backend, number, txs;
    persist_isolation isolation;
    unsigned seed;
    char path[160];
};
#define PROCESSES 3

static void save(const struct history *history, const char *path)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    for (size_t t = 0; t < history->n; t++) {
        const struct history_tx *tx = &history->txs[t];
        fwrite(tx, sizeof *tx, 1, file);
        for (size_t o = 0; o < tx->n_ops; o++) {
            fwrite(&tx->ops[o], sizeof *tx->ops, 1, file);
            fwrite(tx->ops[o].seen, sizeof(int), tx->ops[o].n_seen, file);
        }
    }
    ck_assert_int_eq(fclose(file), 0);
}

static void load(struct history *history, const char *path)
{
    FILE *file = fopen(path, "r");
    struct history_tx read;
    ck_assert_ptr_nonnull(file);
    while (fread(&read, sizeof read, 1, file) == 1) {
        struct history_tx *tx = history_add(history, read.begun);
        tx->ended = read.ended;
        tx->outcome = read.outcome;
        for (size_t o = 0; o < read.n_ops; o++) {
            struct history_op op;
            int seen[LIST_MAX];
            ck_assert_uint_eq(fread(&op, sizeof op, 1, file), 1);
            ck_assert_uint_le(op.n_seen, LIST_MAX);
            ck_assert_uint_eq(fread(seen, sizeof(int), op.n_seen, file), op.n_seen);
            if (op.append)
                history_append(tx, op.key, op.number);
            else
                history_read(tx, op.key, seen, op.n_seen);
        }
    }
    fclose(file);
}

static int process_run(void *context)
{
    struct process *process = context;
    struct history history = {0};
    int threads = CLIENTS / PROCESSES;
    persist_store *store = fixture_open_with(process->backend, QUICK);
    run_clients(store, process->isolation, process->number * threads, threads, process->txs,
                process->seed, &history);
    fixture_close(store);
    save(&history, process->path);
    history_free(&history);
    return 0;
}

START_TEST(by_processes)
{
    int txs = proof_amount(100, 100000 / CLIENTS), backend = _i / 2;
    persist_isolation isolation = levels[_i % 2];
    unsigned seed = proof_seed();
    bool skewed = false;
    for (int round = 0; round < ROUNDS && !skewed && fixture_shared(backend); round++) {
        struct history history = {0};
        struct process processes[PROCESSES];
        pid_t children[PROCESSES];
        for (int i = 0; i < PROCESSES; i++) {
            processes[i] =
                (struct process){backend, i, txs, isolation, seed + 100u * (unsigned)round, ""};
            snprintf(processes[i].path, sizeof processes[i].path, "%s/history-%d", fixture_folder(),
                     i);
            children[i] = proof_spawn(process_run, &processes[i]);
        }
        for (int i = 0; i < PROCESSES; i++) {
            proof_join(children[i]);
            load(&history, processes[i].path);
        }
        persist_store *store = fixture_open_with(backend, QUICK);
        read_all(store, txs, &history);
        skewed = judge(&history, isolation) || isolation == PERSIST_SERIALIZABLE;
        proof_verify(store, NULL);
        fixture_close(store);
        another_store();
    }
    ck_assert_msg(skewed || !fixture_shared(backend),
                  "no write skew under snapshot isolation: the load is too tame");
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_loop_test(tcase, by_threads, 0, 2 * fixture_backends());
    tcase_add_loop_test(tcase, by_processes, 0, 2 * fixture_backends());
}

int main(void)
{
    return proof_main("random histories", add);
}
