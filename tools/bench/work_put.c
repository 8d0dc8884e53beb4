/* SPDX-License-Identifier: MIT */
/* Works that write. */
#include "tools/bench/run.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Commits that each of many callers has outstanding. */
#define IN_FLIGHT 16

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

/* ---- many commits in flight, of one thread */

struct in_flight {
    persist_tx *tx;
};

static persist_status submit(struct writing *writing, struct in_flight *one, uint64_t random,
                             persist_queue *queue)
{
    persist_tx_options options = {.size = sizeof options, .ns = writing->data->ns};
    persist_error *error = writing->bench->error;
    persist_status status = persist_begin(writing->bench->store, &options, &one->tx, error);
    if (status == PERSIST_OK)
        status = put(writing, one->tx, random, error);
    if (status == PERSIST_OK)
        status = persist_commit_async(one->tx, NULL, NULL, queue, one);
    if (status != PERSIST_OK) {
        persist_tx_free(one->tx);
        one->tx = NULL;
    }
    return status;
}

/* Each commit that completes makes place for the next; a conflict costs time, and counts not. */
static persist_status keep_in_flight(struct writing *writing, struct in_flight *all, size_t n,
                                     persist_queue *queue, struct figures_timer *timer)
{
    uint64_t state = writing->bench->seed;
    persist_status status = PERSIST_OK;
    size_t flying = 0;
    figures_start(timer, writing->bench->seconds);
    for (; flying < n && status == PERSIST_OK; flying += status == PERSIST_OK)
        status = submit(writing, &all[flying], figures_random(&state), queue);
    bool going = status == PERSIST_OK;
    while (flying) {
        persist_completion completion = {.size = sizeof completion};
        persist_queue_next(queue, -1, &completion);
        struct in_flight *one = completion.tag;
        persist_tx_free(one->tx);
        flying--;
        if (completion.status != PERSIST_OK && completion.status != PERSIST_CONFLICT)
            status = error_set(writing->bench->error, completion.status, "a commit in flight: %s",
                               persist_status_text(completion.status));
        timer->done += going && completion.status == PERSIST_OK;
        going = going && status == PERSIST_OK && figures_more(timer);
        if (going && (status = submit(writing, one, figures_random(&state), queue)) == PERSIST_OK)
            flying++;
    }
    return status;
}

persist_status work_put_in_flight(struct bench *bench, const struct bench_line *line,
                                  double *figure)
{
    struct writing writing;
    struct figures_timer timer;
    persist_queue *queue = NULL;
    size_t n = (size_t)line->count * IN_FLIGHT;
    struct in_flight *all = calloc(n, sizeof *all);
    persist_status status = all ? begin(&writing, bench, line) : error_no_memory(bench->error);
    if (status == PERSIST_OK)
        status = persist_queue_new(&queue, bench->error);
    if (status == PERSIST_OK)
        status = keep_in_flight(&writing, all, n, queue, &timer);
    if (status == PERSIST_OK)
        *figure = figures_rate(&timer);
    persist_queue_free(queue);
    free(all);
    return status == PERSIST_OK ? end(&writing) : status;
}
