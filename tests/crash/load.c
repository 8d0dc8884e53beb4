/* SPDX-License-Identifier: MIT */
#include "tests/crash/load.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_KEYS 32
#define LARGE_VALUE 12000

struct ack {
    int thread;
    int64_t number;
};

struct committer {
    pthread_t thread;
    persist_store *store;
    int number;
    int acks;
};

persist_store *load_open(const struct load *load)
{
    char url[200];
    persist_config *config = NULL;
    persist_store *store = NULL;
    persist_store_options options = {.size = sizeof options, .flags = PERSIST_STORE_CREATE};
    snprintf(url, sizeof url, "sqlite://%s", load->path);
    const char *const settings[][2] = {{"persistence", url},
                                       {"durability", load->durability},
                                       {"transaction.timeout", "60s"},
                                       {"pool.connect_timeout", "60s"},
                                       {"sqlite.wal_autocheckpoint", load->autocheckpoint}};
    assert_ok(persist_config_load(NULL, &config, fixture_error()));
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        assert_ok(persist_config_set(config, settings[i][0], settings[i][1], fixture_error()));
    assert_ok(persist_open_config(config, &options, &store, fixture_error()));
    persist_config_free(config);
    return store;
}

/* ---- the process */

static void log_key(int thread, int64_t number, char key[32])
{
    snprintf(key, 32, "%d/log/%02d", thread, (int)(number % LOG_KEYS));
}

static persist_status commit_one(const struct committer *committer, int64_t number,
                                 persist_error *error)
{
    char value[LARGE_VALUE], key[32], last[32], twin[32];
    size_t size = (size_t)snprintf(value, sizeof value, "%" PRId64 " ", number);
    persist_bytes bytes = {value, size};
    persist_tx *tx = NULL;
    snprintf(last, sizeof last, "%d/last", committer->number);
    snprintf(twin, sizeof twin, "%d/twin", committer->number);
    log_key(committer->number, number, key);
    if (number % 10 == 0) {
        unsigned seed = (unsigned)number;
        for (; bytes.size < sizeof value; bytes.size++)
            value[bytes.size] = (char)rand_r(&seed);
    }
    persist_status status = persist_begin(committer->store, NULL, &tx, error);
    if (status == PERSIST_OK)
        status = persist_put(tx, persist_text(last), (persist_bytes){value, size}, error);
    if (status == PERSIST_OK)
        status = persist_put(tx, persist_text(key), bytes, error);
    if (status == PERSIST_OK)
        status = persist_put(tx, persist_text(twin), (persist_bytes){value, size}, error);
    if (status == PERSIST_OK)
        status = persist_commit(tx, NULL, error);
    persist_tx_free(tx);
    return status;
}

static int64_t number_at(persist_tx *tx, const char *key, persist_error *error)
{
    persist_row row = {.size = sizeof row};
    char text[24] = "";
    persist_status status = persist_get(tx, persist_text(key), &row, error);
    if (status == PERSIST_OK)
        memcpy(text, row.value.data,
               row.value.size < sizeof text ? row.value.size : sizeof text - 1);
    return status == PERSIST_OK ? strtoll(text, NULL, 10) : status == PERSIST_NOT_FOUND ? 0 : -1;
}

static void *commit_for_ever(void *context)
{
    const struct committer *committer = context;
    persist_error *error = persist_error_new();
    persist_tx *tx = NULL;
    char key[32];
    int64_t number = -1;
    snprintf(key, sizeof key, "%d/last", committer->number);
    if (persist_begin(committer->store, NULL, &tx, error) == PERSIST_OK)
        number = number_at(tx, key, error);
    persist_tx_free(tx);
    while (number >= 0) {
        struct ack ack = {committer->number, ++number};
        if (commit_one(committer, number, error) != PERSIST_OK ||
            write(committer->acks, &ack, sizeof ack) != sizeof ack)
            break;
    }
    fprintf(stderr, "thread %d: %s\n", committer->number, persist_error_message(error));
    persist_error_free(error);
    return NULL;
}

static int load_run(const struct load *load, int acks)
{
    struct committer committers[LOAD_THREADS];
    persist_store *store = load_open(load);
    for (int i = 0; i < LOAD_THREADS; i++) {
        committers[i] = (struct committer){.store = store, .number = i, .acks = acks};
        if (pthread_create(&committers[i].thread, NULL, commit_for_ever, &committers[i]) != 0)
            return 1;
    }
    for (int i = 0; i < LOAD_THREADS; i++)
        pthread_join(committers[i].thread, NULL);
    return 2;
}

/* ---- the test's side */

void load_start(struct load *load)
{
    int pipes[2];
    ck_assert_int_eq(pipe(pipes), 0);
    fflush(NULL);
    load->child = fork();
    ck_assert_int_ge(load->child, 0);
    if (load->child == 0) {
        close(pipes[0]);
        _exit(load_run(load, pipes[1]));
    }
    close(pipes[1]);
    load->acks = pipes[0];
}

static bool take_ack(struct load *load)
{
    struct ack ack;
    ssize_t size = read(load->acks, &ack, sizeof ack);
    if (size == 0)
        return false;
    ck_assert_int_eq(size, sizeof ack);
    load->acknowledged[ack.thread] = ack.number;
    return true;
}

bool load_await(struct load *load)
{
    return take_ack(load);
}

void load_kill(struct load *load)
{
    int result;
    kill(load->child, SIGKILL);
    while (take_ack(load))
        ;
    ck_assert_int_eq(waitpid(load->child, &result, 0), load->child);
    close(load->acks);
}

/* The number of a thread's newest commit, all three keys agreeing. */
static int64_t newest(persist_tx *tx, int thread)
{
    char key[32];
    snprintf(key, sizeof key, "%d/last", thread);
    int64_t number = number_at(tx, key, fixture_error());
    ck_assert_msg(number >= 0, "%s", persist_error_message(fixture_error()));
    snprintf(key, sizeof key, "%d/twin", thread);
    ck_assert_int_eq(number_at(tx, key, fixture_error()), number);
    for (int64_t before = number; before > 0 && before > number - LOG_KEYS; before--) {
        log_key(thread, before, key);
        ck_assert_int_eq(number_at(tx, key, fixture_error()), before);
    }
    return number;
}

int64_t load_check(struct load *load, bool all)
{
    persist_store *store = load_open(load);
    persist_tx *tx = begin(store);
    int64_t lost = 0, sum = 0;
    struct proof_content content;
    for (int i = 0; i < LOAD_THREADS; i++) {
        int64_t number = newest(tx, i), acknowledged = load->acknowledged[i];
        ck_assert_msg(!all || number >= acknowledged,
                      "thread %d: %" PRId64 " was acknowledged, %" PRId64 " is there", i,
                      acknowledged, number);
        ck_assert_int_le(number, acknowledged + 1);
        lost += number < acknowledged ? acknowledged - number : 0;
        sum += number;
        load->acknowledged[i] = number;
    }
    persist_tx_free(tx);
    proof_verify(store, &content);
    ck_assert_uint_eq(content.transactions, (uint64_t)sum);
    ck_assert_uint_eq(content.versions, 3 * (uint64_t)sum);
    fixture_close(store);
    return lost;
}
