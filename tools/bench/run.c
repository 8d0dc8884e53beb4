/* SPDX-License-Identifier: MIT */
/* Which lines are run, and how: both sides in turn, medians. */
#include "tools/bench/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a round's time, for the round before the first that counts. */
#define WARM_UP 0.2

/* ---- store */

persist_status run_open_another(struct bench *bench, persist_store **out)
{
    persist_store_options options = {.size = sizeof options, .flags = PERSIST_STORE_CREATE};
    return persist_open_config(bench->options->config, &options, out, bench->error);
}

persist_status run_open(struct bench *bench, persist_durability durability)
{
    if (bench->store && bench->durability == durability)
        return PERSIST_OK;
    persist_status status = persist_close(bench->store, bench->error);
    if (status != PERSIST_OK)
        return status;
    bench->store = NULL;
    status = persist_config_set(bench->options->config, "durability",
                                durability == PERSIST_DURABILITY_PROCESS ? "process" : "power",
                                bench->error);
    if (status == PERSIST_OK)
        status = run_open_another(bench, &bench->store);
    if (status != PERSIST_OK)
        return status;
    bench->durability = durability;
    return data_reopened(bench);
}

/* ---- one line */

/* The figures of both sides, a round each. */
struct rounds {
    double *product;
    double *against;
    unsigned n;
    bool compared;
};

static bool compares(const struct bench *bench, const struct bench_line *line)
{
    return line->own || (line->peer && bench->peer);
}

static persist_status compare(struct bench *bench, const struct bench_line *line, double *figure)
{
    return line->own
               ? line->own(bench, line, figure)
               : peer_work(bench->peer, line, bench->seconds, bench->seed, figure, bench->error);
}

/* Both sides once; which comes first changes with the round. */
static persist_status run_round(struct bench *bench, const struct bench_line *line, unsigned round,
                                bool compared, double *product, double *against)
{
    persist_status status = PERSIST_OK;
    bench->seed = (uint64_t)round * 1000003 + 17;
    for (unsigned i = 0; i < 2 && status == PERSIST_OK; i++) {
        if (bench->options->stop && bench->options->stop())
            return error_set(bench->error, PERSIST_INTERRUPTED, "interrupted");
        if (i == round % 2)
            status = line->product(bench, line, product);
        else if (compared)
            status = compare(bench, line, against);
    }
    return status;
}

static persist_status run_rounds(struct bench *bench, const struct bench_line *line,
                                 struct rounds *rounds)
{
    double ignored;
    persist_status status = PERSIST_OK;
    bench->seconds = bench->options->seconds * WARM_UP;
    if (!line->once)
        status = run_round(bench, line, rounds->n, rounds->compared, &ignored, &ignored);
    bench->seconds = bench->options->seconds;
    for (unsigned i = 0; i < rounds->n && status == PERSIST_OK; i++)
        status =
            run_round(bench, line, i, rounds->compared, &rounds->product[i], &rounds->against[i]);
    return status;
}

static void judge(struct bench_result *result)
{
    const struct bench_line *line = result->line;
    bool of_figure = line->rule == BENCH_FIGURE_MOST;
    if (result->compared)
        result->ratio = result->product / result->against;
    double figure = of_figure ? result->product : result->ratio;
    result->judged = line->rule != BENCH_NO_RULE && (of_figure || result->compared);
    result->met = result->judged &&
                  (line->rule == BENCH_RATIO_LEAST ? figure >= line->must : figure <= line->must);
    if (line->peer && !result->compared)
        result->remark = "without a peer";
}

static persist_status measure(struct bench *bench, const struct bench_line *line,
                              struct bench_result *result)
{
    unsigned n = line->once ? 1 : bench->options->rounds;
    struct rounds rounds = {.n = n,
                            .compared = compares(bench, line),
                            .product = calloc(n, sizeof(double)),
                            .against = calloc(n, sizeof(double))};
    persist_status status =
        rounds.product && rounds.against ? PERSIST_OK : error_no_memory(bench->error);
    if (status == PERSIST_OK)
        status = run_open(bench, line->durability ? line->durability : PERSIST_DURABILITY_POWER);
    if (status == PERSIST_OK)
        status = run_rounds(bench, line, &rounds);
    if (status == PERSIST_OK) {
        result->measured = true;
        result->product = figures_median(rounds.product, n);
        result->compared = rounds.compared;
        result->against = rounds.compared ? figures_median(rounds.against, n) : 0;
        judge(result);
    }
    free(rounds.product);
    free(rounds.against);
    return status;
}

static persist_status run_line(struct bench *bench, const struct bench_line *line)
{
    char remark[80] = "";
    struct bench_result result = {.line = line, .remark = remark};
    if (bench->options->tell)
        bench->options->tell(bench->options->context, line);
    persist_status status = measure(bench, line, &result);
    return status == PERSIST_OK ? bench->options->take(bench->options->context, &result)
                                : error_prefix(bench->error, "%s: ", line->id);
}

/* ---- all of them */

/* Is the id among those asked for? */
static bool wanted(const char *only, const char *id)
{
    size_t size = strlen(id);
    for (const char *at = only; at && *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == size && strncmp(at, id, size) == 0)
            return true;
    return !only;
}

static bool is_line(const char *id, size_t size)
{
    for (size_t i = 0; i < bench_n_lines; i++)
        if (strlen(bench_lines[i].id) == size && strncmp(bench_lines[i].id, id, size) == 0)
            return true;
    return false;
}

static persist_status no_line(const char *id, size_t size, persist_error *error)
{
    char list[600] = "";
    for (size_t i = 0; i < bench_n_lines; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "",
                 bench_lines[i].id);
    return error_set(error, PERSIST_INVALID, "there is no line '%.*s': give some of %s",
                     (int)(size < 40 ? size : 40), id, list);
}

static persist_status check_only(const char *only, persist_error *error)
{
    for (const char *at = only; at; at = strchr(at, ',')) {
        at += at != only; /* the comma */
        size_t size = strcspn(at, ",");
        if (!is_line(at, size))
            return no_line(at, size, error);
    }
    return PERSIST_OK;
}

persist_status bench_run(const struct bench_options *options, persist_error *error)
{
    struct bench bench = {.options = options, .error = error};
    persist_error closing = ERROR_INIT;
    persist_status status = check_only(options->only, error);
    if (status == PERSIST_OK && options->peer)
        status = peer_start(options->peer, options->peer_folder, options->keys, &bench.peer, error);
    for (size_t i = 0; i < bench_n_lines && status == PERSIST_OK; i++)
        if (wanted(options->only, bench_lines[i].id))
            status = run_line(&bench, &bench_lines[i]);
    peer_end(bench.peer);
    persist_status ended = PERSIST_OK;
    if (bench.store)
        ended = data_drop(&bench, &closing);
    if (ended == PERSIST_OK)
        ended = persist_close(bench.store, &closing);
    else
        persist_close(bench.store, NULL);
    if (status == PERSIST_OK && ended != PERSIST_OK)
        status = error_copy(error, &closing);
    error_clear(&closing);
    return status;
}
