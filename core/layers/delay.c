/* SPDX-License-Identifier: MIT */
/* The layer that makes operations slow. */
#include "core/layers/call.h"
#include "core/layers/kinds.h"
#include "core/layers/words.h"

#include "core/base/clock.h"

#include <stdlib.h>
#include <string.h>

/* How long an operation waits, before it is done and after; ns. */
struct span {
    int64_t from;
    int64_t to;
};

struct delay {
    struct layer_random random;
    struct span before[LAYER_OP_COUNT];
    struct span after[LAYER_OP_COUNT];
};

static bool take_span(struct delay *delay, const char *name, bool later, struct span span)
{
    enum layer_op op;
    if (!words_op(name, &op))
        return false;
    for (int i = 0; i < LAYER_OP_COUNT; i++)
        if (op == LAYER_any || op == (enum layer_op)i)
            (later ? delay->after : delay->before)[i] = span;
    return true;
}

/* "seed=N", "OP=SPAN", "OP@before=SPAN" or "OP@after=SPAN". */
static bool take_rule(struct delay *delay, char *rule)
{
    int64_t seed;
    struct span span = {0};
    char *value = words_cut(rule, '=');
    if (!value)
        return false;
    if (strcmp(rule, "seed") == 0) {
        bool good = words_number(value, 0, &seed);
        if (good)
            delay->random.state = (uint64_t)seed;
        return good;
    }
    char *when = words_cut(rule, '@');
    bool later = when && strcmp(when, "after") == 0;
    if (when && !later && strcmp(when, "before") != 0)
        return false;
    return words_span(value, &span.from, &span.to) && take_span(delay, rule, later, span);
}

static persist_status make(const char *text, void **state, persist_error *error)
{
    char rule[WORDS_LONGEST], whole[WORDS_LONGEST];
    struct delay *delay = calloc(1, sizeof *delay);
    if (!delay)
        return error_no_memory(error);
    while (words_next(&text, ',', rule)) {
        memcpy(whole, rule, sizeof whole);
        if (take_rule(delay, rule))
            continue;
        free(delay);
        return error_set(error, PERSIST_CONFIG,
                         "layer delay: '%.80s' is no rule: give OPERATION=10ms, "
                         "OPERATION@after=1ms..5ms or seed=1",
                         whole);
    }
    *state = delay;
    return PERSIST_OK;
}

static int64_t draw(struct delay *delay, struct span span)
{
    return span.to ? layer_random_between(&delay->random, span.from, span.to) : 0;
}

static persist_status before(void *state, struct layer_call *call)
{
    struct delay *delay = state;
    int64_t ns = draw(delay, delay->before[call->op]);
    persist_status status = ns ? layer_call_sleep(call, ns) : PERSIST_OK;
    return status == PERSIST_OK ? PERSIST_OK : layer_call_fail(call, status, 0, "layer delay");
}

/* The operation is done, and how it ended is told, if late. */
static persist_status after(void *state, struct layer_call *call, persist_status status)
{
    struct delay *delay = state;
    int64_t ns = draw(delay, delay->after[call->op]);
    if (ns)
        clock_sleep(ns);
    return status;
}

const struct layer_kind layer_delay = {
    .name = "delay", .make = make, .drop = free, .before = before, .after = after};
