/* SPDX-License-Identifier: MIT */
/* A namespace as the transactions of one store see it. */
#ifndef CORE_TXN_NS_H
#define CORE_TXN_NS_H

#include "core/session/executor.h"
#include "core/txn/log.h"

#include <stdatomic.h>

/* Named limits and presets; each is a key of the configuration. Sizes in bytes, times in
 * ns. */
struct txn_settings {
    persist_isolation isolation;
    persist_freshness freshness;
    int64_t max_staleness;
    int64_t timeout;
    int64_t max_age; /* 0: no bound */
    int64_t max_retries;
    uint64_t max_writes;
    uint64_t max_bytes;
    uint64_t max_reads;
    int64_t max_clock_lead;
    uint64_t group_transactions;
    uint64_t group_bytes;
    uint64_t window_bytes;
    int64_t resolve_timeout;
    uint64_t max_key;
    uint64_t max_value;
    bool read_only;
    struct value_options values;
};

struct commit_request;
struct flights;

/* Commits of this process waiting for a leader; see commit.c. */
struct commit_queue {
    pthread_mutex_t lock;
    struct commit_request *first;
    struct commit_request *last;
    bool led;           /* a leader is at work */
    bool leader_called; /* `lead` was submitted and has not begun */
    struct job lead;    /* leads on a thread of the executor */
};

/* A moment held readable. */
struct persist_snapshot {
    struct persist_snapshot *next;
    struct ns *ns;
    int64_t timestamp;
    persist_anchor anchor;
};

struct ns {
    struct ns *next; /* of the store */
    struct backend *backend;
    const struct txn_settings *settings;
    char name[65];
    uint32_t id;
    uint64_t epoch;
    struct log log;
    struct commit_queue queue;
    pthread_mutex_t snapshots_lock;
    struct persist_snapshot *snapshots; /* held open by the program */
    _Atomic size_t *open_transactions;  /* of the store */
    struct flights *flights;            /* of the store: what has not completed */
    struct executor *executor;          /* of the store */
    unsigned fork_generation;
};

/* Reads the clock of the namespace `id` and checks that it may be used: LOADING, MOVED,
 * FORMAT (unknown feature), NOT_FOUND. */
persist_status ns_init(struct ns *ns, int64_t deadline, persist_error *error);
void ns_end(struct ns *ns);

/* Is this clock row still of the namespace that was opened, and in use? FENCED, LOADING,
 * MOVED, FORMAT. */
persist_status ns_check_clock(const struct ns *ns, const persist_clock *clock,
                              persist_error *error);

#endif
