/* SPDX-License-Identifier: MIT */
/*
 * What product and peer have in common, so that both do the same work on the same keys and
 * are timed alike: made-up keys, a clock, medians, callers side by side.
 */
#ifndef TOOLS_BENCH_FIGURES_H
#define TOOLS_BENCH_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIGURES_KEY 24
#define FIGURES_VALUE 100
/* Keys that a transaction writes while keys are loaded. */
#define FIGURES_LOAD 2000
/* Rows of one scan. */
#define FIGURES_SCAN 10000
/* Puts of one batch. */
#define FIGURES_BATCH 512
/* Reads between one begin and its end. */
#define FIGURES_READS 1000
/* Callers of the lines that have many. */
#define FIGURES_CALLERS 64

/* The next of a sequence that its first state decides. */
uint64_t figures_random(uint64_t *state);
/* The key of a number: random bytes, another one for each number. */
void figures_key(uint64_t number, unsigned char key[FIGURES_KEY]);
/* A key whose order is that of the numbers. */
void figures_key_in_order(uint64_t number, unsigned char key[FIGURES_KEY]);
/* Random bytes. */
void figures_value(uint64_t number, unsigned char value[FIGURES_VALUE]);

/* Runs for a time: for (figures_start(&t, s); figures_more(&t); t.done += ...) */
struct figures_timer {
    int64_t started; /* monotonic, ns */
    int64_t until;
    int64_t ended;
    uint64_t done;
};
void figures_start(struct figures_timer *timer, double seconds);
/* At least once true. */
bool figures_more(struct figures_timer *timer);
/* What was done a second, until figures_more said that it is over. */
double figures_rate(const struct figures_timer *timer);

/* Orders `values`. */
double figures_median(double *values, size_t n);

/* What one caller waits for: false ends it, as its context says why. */
typedef bool (*figures_step)(void *context, unsigned caller, uint64_t random);
struct figures_callers {
    unsigned n;
    double seconds;
    uint64_t seed;
    figures_step step;
    void *context;
    double rate;   /* steps a second of all of them */
    double median; /* of a step, s */
    double tail;   /* 99.9 of 100 steps took no longer, s */
};
/* Runs them in threads, side by side. False without memory or threads. */
bool figures_run_callers(struct figures_callers *callers);

#endif
