/* SPDX-License-Identifier: MIT */
/*
 * The benchmark: lines of work, each done by the product through <persist/persist.h> alone,
 * and by what it is compared with, in alternation: the same work by hand on the same engine
 * (the peer, a program of its own), or another work of the product.
 */
#ifndef TOOLS_BENCH_BENCH_H
#define TOOLS_BENCH_BENCH_H

#include <persist/persist.h>

#include <stdbool.h>

/* What the figure must be. */
enum bench_rule {
    BENCH_NO_RULE,
    BENCH_RATIO_LEAST, /* figure / against >= must */
    BENCH_RATIO_MOST,  /* figure / against <= must */
    BENCH_FIGURE_MOST  /* figure <= must */
};

struct bench;
struct bench_line;
/* Does the work once and gives its figure. */
typedef persist_status (*bench_work)(struct bench *bench, const struct bench_line *line,
                                     double *figure);

struct bench_line {
    const char *id;
    const char *work;              /* what is done */
    const char *unit;              /* of the figures */
    const char *peer;              /* the peer's word for it; NULL: it has none */
    bench_work product;            /* measures it */
    bench_work own;                /* what it is compared with in place of the peer, or NULL */
    const char *against;           /* what that is; NULL: the peer */
    unsigned count;                /* callers, or versions a key */
    persist_durability durability; /* of its commits; 0: power */
    bool new_keys;                 /* puts are of keys that were not there */
    bool once;                     /* not a matter of time: one round will do */
    enum bench_rule rule;
    double must;
};

extern const struct bench_line bench_lines[];
extern const size_t bench_n_lines;

struct bench_result {
    const struct bench_line *line;
    bool measured;
    double product; /* median of the rounds */
    bool compared;
    double against; /* median of the rounds */
    double ratio;   /* product / against */
    bool judged;
    bool met;
    const char *remark; /* why something is missing; "" */
};

struct bench_options {
    persist_config *config;  /* of the store; its durability is set for each line */
    const char *only;        /* ids separated by commas; NULL: every line */
    uint64_t keys;           /* to begin with; from 1 */
    unsigned rounds;         /* from 1 */
    double seconds;          /* of each work in each round */
    const char *peer;        /* program; NULL: none */
    const char *peer_folder; /* where its data may be */
    /* Reads every row of the namespace and writes it as the command's dump does. */
    persist_status (*dump)(void *context, persist_store *store, const char *ns,
                           persist_error *error);
    /* True if it is to end early. */
    bool (*stop)(void);
    /* Tells which line is at work. */
    void (*tell)(void *context, const struct bench_line *line);
    persist_status (*take)(void *context, const struct bench_result *result);
    void *context;
};

/* Runs the lines, giving each result as it is there. It works in namespaces of its own, which
 * it makes and drops. Statuses: INVALID (no such line), INTERRUPTED, those of the store, and
 * INTERNAL for a peer that fails. */
persist_status bench_run(const struct bench_options *options, persist_error *error);

#endif
