/* SPDX-License-Identifier: MIT */
/*
 * The layer that makes operations fail, lose their reply, hang or stop the process.
 *
 * The first rule that matches a call decides about it; each rule counts the calls of its
 * operation by itself, also those that another one decided about.
 */
#include "core/layers/call.h"
#include "core/layers/kinds.h"
#include "core/layers/words.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum action {
    ACTION_NONE, /* the note of a call that passes */
    ACTION_PASS,
    ACTION_FAIL,
    ACTION_DROP_BEFORE,
    ACTION_DROP_AFTER,
    ACTION_DELAY,
    ACTION_HANG,
    ACTION_STOP_BEFORE,
    ACTION_STOP_AFTER
};

struct rule {
    enum layer_op op;
    uint64_t from, to; /* which calls, from 1; of those: */
    uint64_t below;    /* of 2^64, how many do; 0: all */
    enum action action;
    persist_status status;      /* FAIL */
    int64_t wait_from, wait_to; /* DELAY, ns */
    uint64_t calls;             /* counted so far */
};

struct fault_plan {
    pthread_mutex_t lock; /* over rules and their counts */
    struct rule *rules;
    size_t n_rules;
    struct layer_random random;
    _Atomic uint64_t hits;
    atomic_uint holding;
};

/* ---- rules */

/* "", "N", "N+" or "P%". */
static bool take_when(struct rule *rule, char *when)
{
    int64_t number;
    rule->from = 1;
    rule->to = UINT64_MAX;
    if (!when)
        return true;
    size_t length = strlen(when);
    char last = length ? when[length - 1] : '\0';
    if (last == '%') {
        char *end;
        double percent = strtod(when, &end);
        bool good = end == when + length - 1 && percent > 0 && percent < 100;
        rule->below = good ? (uint64_t)(percent / 100 * 0x1p64) : 0;
        return good;
    }
    if (last == '+')
        when[length - 1] = '\0';
    if (!words_number(when, 1, &number))
        return false;
    rule->from = (uint64_t)number;
    if (last != '+')
        rule->to = rule->from;
    return true;
}

static bool take_action(struct rule *rule, char *text)
{
    static const struct {
        const char *name;
        enum action action;
    } actions[] = {{"pass", ACTION_PASS},
                   {"drop-before", ACTION_DROP_BEFORE},
                   {"drop-after", ACTION_DROP_AFTER},
                   {"hang", ACTION_HANG},
                   {"stop", ACTION_STOP_BEFORE},
                   {"stop-after", ACTION_STOP_AFTER}};
    char *value = words_cut(text, ':');
    if (value) {
        rule->action = ACTION_DELAY;
        return strcmp(text, "delay") == 0 && words_span(value, &rule->wait_from, &rule->wait_to);
    }
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(text, actions[i].name) == 0) {
            rule->action = actions[i].action;
            return true;
        }
    rule->action = ACTION_FAIL;
    return words_status(text, &rule->status);
}

/* "OP[@WHEN]=ACTION" as a rule more, or "seed=N". */
static bool take_rule(struct fault_plan *plan, char *text)
{
    int64_t seed;
    char *value = words_cut(text, '=');
    if (!value)
        return false;
    if (strcmp(text, "seed") == 0) {
        bool good = words_number(value, 0, &seed);
        if (good)
            plan->random.state = (uint64_t)seed;
        return good;
    }
    struct rule rule = {.op = LAYER_any};
    char *when = words_cut(text, '@');
    if (!words_op(text, &rule.op) || !take_when(&rule, when) || !take_action(&rule, value))
        return false;
    plan->rules[plan->n_rules++] = rule;
    return true;
}

static size_t count_pieces(const char *text)
{
    size_t n = 1;
    for (; *text; text++)
        n += *text == ',';
    return n;
}

persist_status fault_arm(struct fault_plan *plan, const char *text, persist_error *error)
{
    char piece[WORDS_LONGEST], whole[WORDS_LONGEST];
    struct fault_plan next = {.rules = calloc(count_pieces(text), sizeof *next.rules)};
    if (!next.rules)
        return error_no_memory(error);
    while (words_next(&text, ',', piece)) {
        memcpy(whole, piece, sizeof whole);
        if (take_rule(&next, piece))
            continue;
        free(next.rules);
        return error_set(error, PERSIST_CONFIG,
                         "layer fault: '%.80s' is no rule: give OPERATION[@N, @N+ or @P%%]=a "
                         "status, drop-before, drop-after, delay:10ms, hang, stop, stop-after or "
                         "pass; or seed=1",
                         whole);
    }
    pthread_mutex_lock(&plan->lock);
    free(plan->rules);
    plan->rules = next.rules;
    plan->n_rules = next.n_rules;
    atomic_store(&plan->random.state, next.random.state);
    atomic_store(&plan->hits, 0);
    pthread_mutex_unlock(&plan->lock);
    return PERSIST_OK;
}

uint64_t fault_hits(struct fault_plan *plan)
{
    return atomic_load(&plan->hits);
}

unsigned fault_holding(struct fault_plan *plan)
{
    return atomic_load(&plan->holding);
}

static void drop(void *state)
{
    struct fault_plan *plan = state;
    pthread_mutex_destroy(&plan->lock);
    free(plan->rules);
    free(plan);
}

static persist_status make(const char *text, void **state, persist_error *error)
{
    struct fault_plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return error_no_memory(error);
    pthread_mutex_init(&plan->lock, NULL);
    persist_status status = fault_arm(plan, text, error);
    if (status == PERSIST_OK)
        *state = plan;
    else
        drop(plan);
    return status;
}

/* ---- calls */

static bool strikes(struct fault_plan *plan, struct rule *rule, enum layer_op op)
{
    if (rule->op != LAYER_any && rule->op != op)
        return false;
    rule->calls++;
    if (rule->calls < rule->from || rule->calls > rule->to)
        return false;
    return !rule->below || layer_random_next(&plan->random) < rule->below;
}

/* What is to happen to a call; an action NONE if nothing. */
static struct rule decide(struct fault_plan *plan, enum layer_op op)
{
    struct rule decided = {.action = ACTION_NONE};
    pthread_mutex_lock(&plan->lock);
    for (size_t i = 0; i < plan->n_rules; i++)
        if (strikes(plan, &plan->rules[i], op) && decided.action == ACTION_NONE)
            decided = plan->rules[i];
    pthread_mutex_unlock(&plan->lock);
    return decided;
}

#define BY "layer fault"

/* The connection broke, and nobody knows whether before or behind the operation. */
static persist_status lose(const struct layer_call *call)
{
    return layer_call_fail(call, PERSIST_UNAVAILABLE,
                           PERSIST_MAYBE_COMMITTED | PERSIST_SESSION_DEAD, BY);
}

static persist_status hold(struct fault_plan *plan, const struct layer_call *call, int64_t ns)
{
    atomic_fetch_add(&plan->holding, 1);
    persist_status status = layer_call_sleep(call, ns);
    atomic_fetch_sub(&plan->holding, 1);
    return status == PERSIST_OK ? PERSIST_OK : layer_call_fail(call, status, 0, BY);
}

static persist_status fail(const struct layer_call *call, persist_status status)
{
    bool retryable = status == PERSIST_BUSY || status == PERSIST_CONFLICT;
    uint32_t flags = retryable                       ? PERSIST_RETRYABLE
                     : status == PERSIST_UNAVAILABLE ? PERSIST_SESSION_DEAD
                                                     : 0;
    return layer_call_fail(call, status, flags, BY);
}

static persist_status before(void *state, struct layer_call *call)
{
    struct fault_plan *plan = state;
    struct rule rule = decide(plan, call->op);
    if (rule.action == ACTION_NONE || rule.action == ACTION_PASS)
        return PERSIST_OK;
    atomic_fetch_add(&plan->hits, 1);
    call->note = (int)rule.action;
    switch (rule.action) {
    case ACTION_FAIL:
        return fail(call, rule.status);
    case ACTION_DROP_BEFORE:
        return lose(call);
    case ACTION_DELAY:
        return hold(plan, call, layer_random_between(&plan->random, rule.wait_from, rule.wait_to));
    case ACTION_HANG:
        return hold(plan, call, INT64_MAX);
    case ACTION_STOP_BEFORE:
        raise(SIGSTOP);
        return PERSIST_OK;
    default:
        return PERSIST_OK;
    }
}

static persist_status after(void *state, struct layer_call *call, persist_status status)
{
    (void)state;
    if (call->note == ACTION_STOP_AFTER)
        raise(SIGSTOP);
    return call->note == ACTION_DROP_AFTER ? lose(call) : status;
}

const struct layer_kind layer_fault = {
    .name = "fault", .make = make, .drop = drop, .before = before, .after = after};
