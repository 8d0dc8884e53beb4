/* SPDX-License-Identifier: MIT */
/* A run of the benchmark: what the works share. */
#ifndef TOOLS_BENCH_RUN_H
#define TOOLS_BENCH_RUN_H

#include "core/base/error.h"
#include "tools/bench/bench.h"
#include "tools/bench/figures.h"

#define RUN_NAME 40

/* Keys that are loaded before a work, each set in a namespace of its own. */
enum data_set {
    DATA_FLAT,     /* one version a key */
    DATA_FEW,      /* DATA_FEW_VERSIONS of each key, but fewer keys */
    DATA_FEW_ONE,  /* as many keys, one version each */
    DATA_MANY,     /* DATA_MANY_VERSIONS of each key, but few keys */
    DATA_MANY_ONE, /* as many keys, one version each */
    DATA_LONG,     /* twice the keys, loaded in their order */
    DATA_SETS
};
#define DATA_FEW_VERSIONS 20
#define DATA_MANY_VERSIONS 1000

struct data {
    bool made; /* the namespace is there */
    bool loaded;
    char ns[RUN_NAME];
    uint64_t keys;
    uint64_t next;    /* number of the next new key */
    int64_t half_way; /* timestamp at which half of the versions were there */
};

struct peer;

struct bench {
    const struct bench_options *options;
    persist_error *error;
    persist_store *store; /* NULL: none is open */
    persist_durability durability;
    struct data data[DATA_SETS];
    struct peer *peer; /* NULL: none */
    double seconds;    /* of this work */
    uint64_t seed;     /* of this round: product and peer get the same */
    struct {           /* what 64 callers took in the round of this seed */
        uint64_t seed;
        double median, tail; /* ms */
    } waits;
};

/* Opens the store with the durability, if it is not open so. */
persist_status run_open(struct bench *bench, persist_durability durability);
/* Opens the store once more. */
persist_status run_open_another(struct bench *bench, persist_store **out);

/* Loads a set if that was not done. Statuses: those of the store. */
persist_status data_need(struct bench *bench, enum data_set set, struct data **out);
/* Forgets what an engine that keeps nothing has lost with its store. */
persist_status data_reopened(struct bench *bench);
/* Drops the namespaces. */
persist_status data_drop(struct bench *bench, persist_error *error);
/* A transaction of the set; `at` 0: now. */
persist_status data_begin(struct bench *bench, const struct data *data, int64_t at,
                          persist_tx **out);

/* The works; see lines.c. */
persist_status work_put(struct bench *bench, const struct bench_line *line, double *figure);
persist_status work_put_callers(struct bench *bench, const struct bench_line *line, double *figure);
persist_status work_put_in_flight(struct bench *bench, const struct bench_line *line,
                                  double *figure);
persist_status work_put_batch(struct bench *bench, const struct bench_line *line, double *figure);
persist_status work_put_tail(struct bench *bench, const struct bench_line *line, double *figure);
persist_status work_put_median(struct bench *bench, const struct bench_line *line, double *figure);
persist_status work_get(struct bench *bench, const struct bench_line *line, double *figure);
persist_status work_get_versions(struct bench *bench, const struct bench_line *line,
                                 double *figure);
persist_status work_get_single(struct bench *bench, const struct bench_line *line, double *figure);
persist_status work_get_half_way(struct bench *bench, const struct bench_line *line,
                                 double *figure);
persist_status work_get_newest(struct bench *bench, const struct bench_line *line, double *figure);
persist_status work_scan(struct bench *bench, const struct bench_line *line, double *figure);
persist_status work_scan_versions(struct bench *bench, const struct bench_line *line,
                                  double *figure);
persist_status work_scan_single(struct bench *bench, const struct bench_line *line, double *figure);
persist_status work_open(struct bench *bench, const struct bench_line *line, double *figure);
persist_status work_open_transactions(struct bench *bench, const struct bench_line *line,
                                      double *figure);
persist_status work_scan_memory(struct bench *bench, const struct bench_line *line, double *figure);
persist_status work_dump_memory(struct bench *bench, const struct bench_line *line, double *figure);

/* Starts the program on a folder with so many keys. INTERNAL: it cannot be started. */
persist_status peer_start(const char *program, const char *folder, uint64_t keys, struct peer **out,
                          persist_error *error);
/* Has it do a work. INTERNAL: it failed, or ended. */
persist_status peer_work(struct peer *peer, const struct bench_line *line, double seconds,
                         uint64_t seed, double *figure, persist_error *error);
/* Ends it. NULL is allowed. */
void peer_end(struct peer *peer);

#endif
