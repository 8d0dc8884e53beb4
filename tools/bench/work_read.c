/* SPDX-License-Identifier: MIT */
/* Works that read. */
#include "tools/bench/run.h"

/* So that no read can be left out. */
static volatile unsigned char taken;

/* Some gets in one transaction. */
static persist_status get_some(struct bench *bench, const struct data *data, int64_t at,
                               uint64_t *state, uint64_t *done)
{
    unsigned char key[FIGURES_KEY];
    persist_row row = {.size = sizeof row};
    persist_tx *tx = NULL;
    persist_status status = data_begin(bench, data, at, &tx);
    for (unsigned i = 0; i < FIGURES_READS && status == PERSIST_OK; i++) {
        figures_key(figures_random(state) % data->keys, key);
        status = persist_get(tx, (persist_bytes){key, sizeof key}, &row, bench->error);
        if (status == PERSIST_OK)
            taken = *(const unsigned char *)row.value.data;
    }
    *done += FIGURES_READS;
    persist_tx_free(tx);
    return status;
}

/* Gets a second. */
static persist_status get(struct bench *bench, enum data_set set, bool half_way, double *figure)
{
    struct figures_timer timer;
    struct data *data;
    uint64_t state = bench->seed;
    persist_status status = data_need(bench, set, &data);
    figures_start(&timer, bench->seconds);
    while (status == PERSIST_OK && figures_more(&timer))
        status = get_some(bench, data, half_way ? data->half_way : 0, &state, &timer.done);
    *figure = figures_rate(&timer);
    return status;
}

static enum data_set versions(const struct bench_line *line)
{
    return line->count == DATA_MANY_VERSIONS ? DATA_MANY : DATA_FEW;
}

/* As many keys as in versions(). */
static enum data_set single(const struct bench_line *line)
{
    return line->count == DATA_MANY_VERSIONS ? DATA_MANY_ONE : DATA_FEW_ONE;
}

persist_status work_get(struct bench *bench, const struct bench_line *line, double *figure)
{
    (void)line;
    return get(bench, DATA_FLAT, false, figure);
}

persist_status work_get_versions(struct bench *bench, const struct bench_line *line, double *figure)
{
    return get(bench, versions(line), false, figure);
}

persist_status work_get_single(struct bench *bench, const struct bench_line *line, double *figure)
{
    return get(bench, single(line), false, figure);
}

static persist_status as_time(persist_status status, double *figure)
{
    *figure = 1e6 / *figure;
    return status;
}

persist_status work_get_half_way(struct bench *bench, const struct bench_line *line, double *figure)
{
    return as_time(get(bench, versions(line), true, figure), figure);
}

persist_status work_get_newest(struct bench *bench, const struct bench_line *line, double *figure)
{
    return as_time(get(bench, versions(line), false, figure), figure);
}

/* ---- scans */

/* One scan, from a random key on. */
static persist_status scan_some(struct bench *bench, const struct data *data, uint64_t *state,
                                uint64_t *done)
{
    unsigned char key[FIGURES_KEY];
    persist_row row = {.size = sizeof row};
    persist_scan_options options = {.size = sizeof options, .limit = FIGURES_SCAN};
    persist_cursor *cursor = NULL;
    persist_tx *tx = NULL;
    /* Of few keys all: how many there are behind a random one is chance. */
    if (data->keys > FIGURES_SCAN) {
        figures_key(figures_random(state) % data->keys, key);
        options.from = (persist_bytes){key, sizeof key};
    }
    persist_status status = data_begin(bench, data, 0, &tx);
    if (status == PERSIST_OK)
        status = persist_scan(tx, &options, &cursor, bench->error);
    while (status == PERSIST_OK) {
        status = persist_cursor_next(cursor, &row, bench->error);
        if (status == PERSIST_OK) {
            taken = *(const unsigned char *)row.value.data;
            ++*done;
        }
    }
    persist_cursor_free(cursor);
    persist_tx_free(tx);
    return status == PERSIST_END ? PERSIST_OK : status;
}

/* Rows a second. */
static persist_status scan(struct bench *bench, enum data_set set, double *figure)
{
    struct figures_timer timer;
    struct data *data;
    uint64_t state = bench->seed;
    persist_status status = data_need(bench, set, &data);
    figures_start(&timer, bench->seconds);
    while (status == PERSIST_OK && figures_more(&timer))
        status = scan_some(bench, data, &state, &timer.done);
    *figure = figures_rate(&timer);
    return status;
}

persist_status work_scan(struct bench *bench, const struct bench_line *line, double *figure)
{
    (void)line;
    return scan(bench, DATA_FLAT, figure);
}

persist_status work_scan_versions(struct bench *bench, const struct bench_line *line,
                                  double *figure)
{
    return scan(bench, versions(line), figure);
}

persist_status work_scan_single(struct bench *bench, const struct bench_line *line, double *figure)
{
    return scan(bench, single(line), figure);
}

/* ---- opening */

static persist_status first_get(persist_store *store, persist_error *error)
{
    persist_row row = {.size = sizeof row};
    persist_tx *tx = NULL;
    persist_status status = persist_begin(store, NULL, &tx, error);
    if (status == PERSIST_OK)
        status = persist_get(tx, persist_text("none"), &row, error);
    persist_tx_free(tx);
    return status == PERSIST_NOT_FOUND ? PERSIST_OK : status;
}

persist_status work_open(struct bench *bench, const struct bench_line *line, double *figure)
{
    struct figures_timer timer;
    struct data *data;
    (void)line;
    persist_status status = data_need(bench, DATA_FLAT, &data);
    figures_start(&timer, bench->seconds);
    while (status == PERSIST_OK && figures_more(&timer)) {
        persist_store *store = NULL;
        status = run_open_another(bench, &store);
        if (status == PERSIST_OK)
            status = first_get(store, bench->error);
        persist_close(store, NULL);
        timer.done++;
    }
    *figure = 1000 / figures_rate(&timer);
    return status;
}
