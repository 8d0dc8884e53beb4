/* SPDX-License-Identifier: MIT */
/* Works that write. */
#include "tools/bench/run.h"

#include <stdatomic.h>

/* What the writers of one work share. */
struct writing {
    struct bench *bench;
    struct data *data;
    bool new_keys;
    _Atomic uint64_t next;
    persist_status status[FIGURES_CALLERS];
    persist_error error[FIGURES_CALLERS];
};

static persist_status begin(struct writing *writing, struct bench *bench,
                            const struct bench_line *line)
{
    *writing = (struct writing){.bench = bench, .new_keys = line->new_keys};
    persist_status status = data_need(bench, DATA_FLAT, &writing->data);
    atomic_init(&writing->next, writing->data->next);
    return status;
}

/* The numbers of new keys that were used are not new any more. */
static persist_status end(struct writing *writing)
{
    persist_status status = PERSIST_OK;
    writing->data->next = atomic_load(&writing->next);
    for (unsigned i = 0; i < FIGURES_CALLERS; i++) {
        if (status == PERSIST_OK && writing->status[i] != PERSIST_OK)
            status = error_copy(writing->bench->error, &writing->error[i]);
        error_clear(&writing->error[i]);
    }
    return status;
}

static persist_status put(struct writing *writing, persist_tx *tx, uint64_t random,
                          persist_error *error)
{
    unsigned char key[FIGURES_KEY], value[FIGURES_VALUE];
    figures_key(writing->new_keys ? atomic_fetch_add(&writing->next, 1)
                                  : random % writing->data->keys,
                key);
    figures_value(random, value);
    return persist_put(tx, (persist_bytes){key, sizeof key}, (persist_bytes){value, sizeof value},
                       error);
}

/* One transaction of `n` puts. */
static persist_status put_once(struct writing *writing, uint64_t random, unsigned n,
                               persist_error *error)
{
    persist_tx_options options = {.size = sizeof options, .ns = writing->data->ns};
    persist_tx *tx = NULL;
    persist_status status = persist_begin(writing->bench->store, &options, &tx, error);
    for (unsigned i = 0; i < n && status == PERSIST_OK; i++)
        status = put(writing, tx, n > 1 ? figures_random(&random) : random, error);
    if (status == PERSIST_OK)
        status = persist_commit(tx, NULL, error);
    persist_tx_free(tx);
    return status;
}

/* The same, until no other caller writes one of the keys at the same time: that costs time,
 * and counts. */
static bool put_commit(struct writing *writing, unsigned caller, uint64_t random, unsigned n)
{
    persist_status *status = &writing->status[caller];
    do
        *status = put_once(writing, random, n, &writing->error[caller]);
    while (*status == PERSIST_CONFLICT);
    return *status == PERSIST_OK;
}

/* Transactions of `n` puts, one after the other. */
static persist_status put_alone(struct bench *bench, const struct bench_line *line, unsigned n,
                                double *figure)
{
    struct writing writing;
    struct figures_timer timer;
    uint64_t state = bench->seed;
    persist_status status = begin(&writing, bench, line);
    if (status != PERSIST_OK)
        return status;
    figures_start(&timer, bench->seconds);
    while (figures_more(&timer) && put_commit(&writing, 0, figures_random(&state), n))
        timer.done += n;
    *figure = figures_rate(&timer);
    return end(&writing);
}

persist_status work_put(struct bench *bench, const struct bench_line *line, double *figure)
{
    return put_alone(bench, line, 1, figure);
}

persist_status work_put_batch(struct bench *bench, const struct bench_line *line, double *figure)
{
    return put_alone(bench, line, FIGURES_BATCH, figure);
}

/* ---- many callers */

static bool step(void *context, unsigned caller, uint64_t random)
{
    return put_commit(context, caller, random, 1);
}

static persist_status put_together(struct bench *bench, const struct bench_line *line,
                                   struct figures_callers *callers)
{
    struct writing writing;
    persist_status status = begin(&writing, bench, line);
    if (status != PERSIST_OK)
        return status;
    *callers = (struct figures_callers){.n = line->count,
                                        .seconds = bench->seconds,
                                        .seed = bench->seed,
                                        .step = step,
                                        .context = &writing};
    bool good = figures_run_callers(callers);
    status = end(&writing);
    return status == PERSIST_OK && !good ? error_no_memory(bench->error) : status;
}

persist_status work_put_callers(struct bench *bench, const struct bench_line *line, double *figure)
{
    struct figures_callers callers;
    persist_status status = put_together(bench, line, &callers);
    if (status == PERSIST_OK)
        *figure = callers.rate;
    return status;
}

/* Median and tail of one round are of the same commits. */
static persist_status wait_times(struct bench *bench, const struct bench_line *line)
{
    struct figures_callers callers;
    if (bench->waits.seed == bench->seed)
        return PERSIST_OK;
    persist_status status = put_together(bench, line, &callers);
    if (status == PERSIST_OK) {
        bench->waits.seed = bench->seed;
        bench->waits.median = callers.median * 1000;
        bench->waits.tail = callers.tail * 1000;
    }
    return status;
}

persist_status work_put_tail(struct bench *bench, const struct bench_line *line, double *figure)
{
    persist_status status = wait_times(bench, line);
    *figure = bench->waits.tail;
    return status;
}

persist_status work_put_median(struct bench *bench, const struct bench_line *line, double *figure)
{
    persist_status status = wait_times(bench, line);
    *figure = bench->waits.median;
    return status;
}
