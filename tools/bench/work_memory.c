/* SPDX-License-Identifier: MIT */
/*
 * Works whose figure is memory: anonymous pages of this process beyond those it had when
 * idle. Idle is after the same work was done once and what it freed was given back, so that
 * caches of the engine have grown to what they stay at.
 */
#include "tools/bench/run.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRANSACTIONS 10000
#define MIB 1048576.0

/* Bytes of anonymous memory; 0 if the system does not tell. */
static uint64_t anonymous(void)
{
    char line[128];
    static const char name[] = "RssAnon:";
    uint64_t kib = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && !kib && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtoull(line + strlen(name), NULL, 10);
    if (file)
        fclose(file);
    return kib * 1024;
}

static uint64_t idle(void)
{
    malloc_trim(0);
    return anonymous();
}

static double beyond(uint64_t bytes, uint64_t least)
{
    return bytes > least ? (double)(bytes - least) : 0;
}

/* ---- open transactions */

static persist_status open_one(struct bench *bench, const struct data *data, uint64_t number,
                               persist_tx **tx)
{
    unsigned char key[FIGURES_KEY];
    persist_row row = {.size = sizeof row};
    persist_status status = data_begin(bench, data, 0, tx);
    figures_key(number % data->keys, key);
    return status == PERSIST_OK
               ? persist_get(*tx, (persist_bytes){key, sizeof key}, &row, bench->error)
               : status;
}

/* Bytes of each of many transactions that are open at the same time. */
static persist_status open_many(struct bench *bench, const struct data *data, double *each)
{
    persist_tx **txs = calloc(TRANSACTIONS, sizeof *txs);
    persist_status status = PERSIST_OK;
    uint64_t before = idle();
    if (!txs)
        return error_no_memory(bench->error);
    for (size_t i = 0; i < TRANSACTIONS && status == PERSIST_OK; i++)
        status = open_one(bench, data, i, &txs[i]);
    *each = beyond(anonymous(), before) / TRANSACTIONS;
    for (size_t i = 0; i < TRANSACTIONS; i++)
        persist_tx_free(txs[i]);
    free(txs);
    return status;
}

persist_status work_open_transactions(struct bench *bench, const struct bench_line *line,
                                      double *figure)
{
    struct data *data;
    (void)line;
    persist_status status = data_need(bench, DATA_FLAT, &data);
    for (unsigned i = 0; i < 2 && status == PERSIST_OK; i++)
        status = open_many(bench, data, figure);
    return status;
}

/* ---- long reads */

struct watch {
    pthread_t thread;
    atomic_bool over;
    _Atomic uint64_t highest;
};

static void *look(void *argument)
{
    struct watch *watch = argument;
    const struct timespec pause = {.tv_nsec = 1000000};
    while (!atomic_load(&watch->over)) {
        uint64_t bytes = anonymous();
        if (bytes > atomic_load(&watch->highest))
            atomic_store(&watch->highest, bytes);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

typedef persist_status (*long_read)(struct bench *bench, const struct data *data);

/* MiB that reading takes at its highest. */
static persist_status watch_read(struct bench *bench, long_read fn, double *figure)
{
    struct watch watch;
    struct data *data;
    atomic_init(&watch.over, false);
    atomic_init(&watch.highest, 0);
    persist_status status = data_need(bench, DATA_LONG, &data);
    if (status == PERSIST_OK)
        status = fn(bench, data);
    if (status != PERSIST_OK)
        return status;
    if (pthread_create(&watch.thread, NULL, look, &watch) != 0)
        return error_no_memory(bench->error);
    uint64_t before = idle();
    atomic_store(&watch.highest, before);
    status = fn(bench, data);
    atomic_store(&watch.over, true);
    pthread_join(watch.thread, NULL);
    *figure = beyond(atomic_load(&watch.highest), before) / MIB;
    return status;
}

static persist_status scan_all(struct bench *bench, const struct data *data)
{
    persist_row row = {.size = sizeof row};
    persist_scan_options options = {.size = sizeof options};
    persist_cursor *cursor = NULL;
    persist_tx *tx = NULL;
    persist_status status = data_begin(bench, data, 0, &tx);
    if (status == PERSIST_OK)
        status = persist_scan(tx, &options, &cursor, bench->error);
    while (status == PERSIST_OK)
        status = persist_cursor_next(cursor, &row, bench->error);
    persist_cursor_free(cursor);
    persist_tx_free(tx);
    return status == PERSIST_END ? PERSIST_OK : status;
}

static persist_status dump_all(struct bench *bench, const struct data *data)
{
    const struct bench_options *options = bench->options;
    return options->dump(options->context, bench->store, data->ns, bench->error);
}

persist_status work_scan_memory(struct bench *bench, const struct bench_line *line, double *figure)
{
    (void)line;
    return watch_read(bench, scan_all, figure);
}

persist_status work_dump_memory(struct bench *bench, const struct bench_line *line, double *figure)
{
    (void)line;
    return watch_read(bench, dump_all, figure);
}
