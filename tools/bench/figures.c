/* SPDX-License-Identifier: MIT */
#include "tools/bench/figures.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- keys */

/* splitmix64: each state gives another number. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

uint64_t figures_random(uint64_t *state)
{
    return mix(*state += UINT64_C(0x9E3779B97F4A7C15));
}

static void fill(uint64_t state, unsigned char *out, size_t size)
{
    for (size_t i = 0; i < size; i += sizeof state) {
        uint64_t word = figures_random(&state);
        memcpy(out + i, &word, size - i < sizeof word ? size - i : sizeof word);
    }
}

void figures_key(uint64_t number, unsigned char key[FIGURES_KEY])
{
    /* The first word alone differs for each number. */
    uint64_t first = mix(number + 1);
    memcpy(key, &first, sizeof first);
    fill(first, key + sizeof first, FIGURES_KEY - sizeof first);
}

void figures_key_in_order(uint64_t number, unsigned char key[FIGURES_KEY])
{
    for (size_t i = 0; i < sizeof number; i++)
        key[i] = (unsigned char)(number >> (56 - 8 * i));
    fill(number, key + sizeof number, FIGURES_KEY - sizeof number);
}

void figures_value(uint64_t number, unsigned char value[FIGURES_VALUE])
{
    fill(number, value, FIGURES_VALUE);
}

/* ---- time */

#define NS_PER_S 1000000000

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

void figures_start(struct figures_timer *timer, double seconds)
{
    int64_t at = now();
    *timer = (struct figures_timer){.started = at, .until = at + (int64_t)(seconds * NS_PER_S)};
}

bool figures_more(struct figures_timer *timer)
{
    timer->ended = now();
    return !timer->done || timer->ended < timer->until;
}

double figures_rate(const struct figures_timer *timer)
{
    int64_t took = timer->ended - timer->started;
    return (double)timer->done * NS_PER_S / (double)(took > 0 ? took : 1);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double figures_median(double *values, size_t n)
{
    assert(n > 0);
    qsort(values, n, sizeof *values, by_value);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* ---- callers side by side */

/* Nobody begins before all are there. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    enum { GATE_SHUT, GATE_OPEN, GATE_GIVEN_UP } state;
};

struct caller {
    struct figures_callers *all;
    struct gate *gate;
    pthread_t thread;
    unsigned number;
    struct figures_timer timer;
    double *took; /* s, of each step */
    size_t n, capacity;
    bool no_memory;
};

static bool note(struct caller *caller, double took)
{
    if (caller->n == caller->capacity) {
        size_t capacity = caller->capacity ? 2 * caller->capacity : 1024;
        double *grown = realloc(caller->took, capacity * sizeof *grown);
        if (!grown)
            return false;
        caller->took = grown;
        caller->capacity = capacity;
    }
    caller->took[caller->n++] = took;
    return true;
}

/* False if not all callers could be made. */
static bool pass(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    while (gate->state == GATE_SHUT)
        pthread_cond_wait(&gate->opened, &gate->lock);
    bool open = gate->state == GATE_OPEN;
    pthread_mutex_unlock(&gate->lock);
    return open;
}

static void decide(struct gate *gate, bool open)
{
    pthread_mutex_lock(&gate->lock);
    gate->state = open ? GATE_OPEN : GATE_GIVEN_UP;
    pthread_cond_broadcast(&gate->opened);
    pthread_mutex_unlock(&gate->lock);
}

static void *call(void *argument)
{
    struct caller *caller = argument;
    struct figures_callers *all = caller->all;
    struct figures_timer *timer = &caller->timer;
    uint64_t state = all->seed + caller->number * UINT64_C(0x10001);
    if (!pass(caller->gate))
        return NULL;
    figures_start(timer, all->seconds);
    while (figures_more(timer)) {
        int64_t began = timer->ended;
        if (!all->step(all->context, caller->number, figures_random(&state)))
            break;
        timer->done++;
        caller->no_memory = !note(caller, (double)(now() - began) / NS_PER_S);
        if (caller->no_memory)
            break;
    }
    return NULL;
}

/* The steps of all, as one rate and two times. */
static bool sum_up(struct figures_callers *all, const struct caller *callers)
{
    size_t n = 0, at = 0;
    all->rate = 0;
    for (unsigned i = 0; i < all->n; i++) {
        n += callers[i].n;
        all->rate += figures_rate(&callers[i].timer);
    }
    double *took = malloc((n ? n : 1) * sizeof *took);
    if (!took)
        return false;
    for (unsigned i = 0; i < all->n; i++) {
        if (callers[i].n)
            memcpy(took + at, callers[i].took, callers[i].n * sizeof *took);
        at += callers[i].n;
    }
    if (n) {
        all->median = figures_median(took, n);
        all->tail = took[(n - 1) * 999 / 1000];
    }
    free(took);
    return true;
}

bool figures_run_callers(struct figures_callers *all)
{
    struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER};
    struct caller *callers = calloc(all->n, sizeof *callers);
    unsigned made = 0;
    if (!callers)
        return false;
    while (made < all->n) {
        struct caller *one = &callers[made];
        *one = (struct caller){.all = all, .gate = &gate, .number = made};
        if (pthread_create(&one->thread, NULL, call, one) != 0)
            break;
        made++;
    }
    bool good = made == all->n;
    decide(&gate, good);
    for (unsigned i = 0; i < made; i++) {
        pthread_join(callers[i].thread, NULL);
        good = good && !callers[i].no_memory;
    }
    good = good && sum_up(all, callers);
    for (unsigned i = 0; i < all->n; i++)
        free(callers[i].took);
    free(callers);
    return good;
}
