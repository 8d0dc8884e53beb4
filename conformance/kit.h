/* SPDX-License-Identifier: MIT */
/*
 * What the cases of the kit are written with.
 *
 *   conformance.c  the public call: which cases, in what order, the report
 *   process.c      one process a case, and the processes that a case drives
 *   kit.c          the plugin within a case's process; how a case ends
 *   store.c        places, stores, sessions; one call
 *   line.c         histories and expectations as short texts
 *   group_*.c      the cases
 *
 * A case runs in a process of its own (process.c). An expectation that does not hold ends
 * that process at once, from whatever thread: so no case has to give anything back.
 *
 * Histories are written as text: "10 a=1 b=2; 20 a-" commits a and b at timestamp 10 and
 * deletes a at 20. Rows are read as text: "a@10=1 a@20-".
 */
#ifndef CONFORMANCE_KIT_H
#define CONFORMANCE_KIT_H

#include <persist/conformance.h>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/config/config.h"
#include "core/loader/loader.h"

#include <limits.h>
#include <stdnoreturn.h>

#define KIT_WORKERS 8

struct kit;
struct store;

/* ---- the table of cases */

/* What a case needs beside PERSIST_CAP_...: members that may be NULL. */
#define NEED_CONTROL (UINT64_C(1) << 32)
#define NEED_COLLECT (UINT64_C(1) << 33)
#define NEED_TRIM (UINT64_C(1) << 34)
#define NEED_REPAIR (UINT64_C(1) << 35)
#define NEED_WAIT (UINT64_C(1) << 36)

struct test_case {
    const char *name;
    void (*run)(struct kit *kit);
    uint64_t needs;
    unsigned workers; /* processes beside its own, at most KIT_WORKERS */
};

struct group {
    const char *name;
    const struct test_case *cases; /* ends with a NULL name */
};

extern const struct group group_head, group_life, group_keys, group_visible, group_scan,
    group_snapshot, group_append, group_turn, group_load, group_control, group_calls, group_limits,
    group_changes, group_meta, group_namespaces, group_migrate, group_stats, group_reopen,
    group_upkeep, group_history;

/* ---- kit.c: the world of one case */

struct worker {
    int socket; /* -1: none */
    int pid;
};

struct kit {
    const persist_conformance_options *options;
    const char *path; /* GROUP/CASE */
    uint64_t needs;
    uint64_t scale;
    uint64_t random; /* state of random_next */
    char folder[PATH_MAX];
    unsigned n_places;
    int report; /* where the verdict goes */
    const struct plugin *plugin;
    struct plugin own; /* behind `plugin`, if a descriptor was given */
    persist_plugin descriptor;
    struct worker workers[KIT_WORKERS];
};

/* Loads and starts the plugin, and skips the case if it lacks what that needs. */
void kit_load(struct kit *kit);
noreturn void kit_pass(struct kit *kit);
noreturn void kit_skip(struct kit *kit, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The one way to fail: what was done, what was expected of it, what came. */
noreturn void kit_fail(struct kit *kit, const char *operation, const char *expected,
                       const char *found);
/* Exit codes of a case's process; any other way to end is a failure. */
enum { KIT_PASSED = 0, KIT_FAILED = 1, KIT_SKIPPED = 77 };

void expect_true(struct kit *kit, bool holds, const char *operation, const char *expected);
void expect_number(struct kit *kit, const char *operation, int64_t found, int64_t expected);
void expect_text(struct kit *kit, const char *operation, const char *found, const char *expected);
/* Memory or another service of this machine is missing: no verdict on the plugin. */
void *kit_memory(struct kit *kit, size_t size);

uint64_t random_next(uint64_t *state);
static inline uint64_t random_below(uint64_t *state, uint64_t bound)
{
    return random_next(state) % bound;
}

/* ---- store.c */

/* Which plugin answers: the one under test, as a rule. */
struct store {
    struct kit *kit;
    const struct plugin *plugin;
    char url[PATH_MAX];
    persist_settings *settings;
    persist_backend *backend;
    uint64_t caps;
    persist_limits limits;
};

struct client {
    struct store *store;
    persist_session *session;
    int64_t deadline;
    persist_call call;
    struct persist_call_error sink;
    persist_error error; /* of the last call */
};

/* A new place; and its folder, if it has one, in `folder` (may be NULL). */
void kit_store_place(struct kit *kit, const struct plugin *plugin, char url[PATH_MAX],
                     char folder[PATH_MAX]);
/* Binds the settings for a URL; opens nothing. */
void kit_store_bind(struct kit *kit, const struct plugin *plugin, const char *url,
                    struct store *store);
/* Opens what is at store->url. */
persist_status kit_store_try(struct store *store, uint32_t flags, persist_error *error);
void kit_store_migrate(struct store *store);
void kit_store_open(struct store *store);
void kit_store_close(struct store *store);
/* A new place, bound, migrated and open. */
void kit_store_new(struct kit *kit, struct store *store);
/* An open session. */
void client_open(struct store *store, struct client *client);
void client_close(struct client *client);
/* The frame of the client's next call. */
const persist_call *client_call(struct client *client);
void expect_status(struct client *client, const char *operation, persist_status found,
                   persist_status expected);

/* ---- line.c: one namespace as a client knows it */

#define DRAFT_VERSIONS 64

struct line {
    struct client *client;
    uint32_t ns;
    persist_clock clock;
};

/* An append to be. Bytes of keys and values are the caller's. */
struct draft {
    persist_append append;
    persist_version versions[DRAFT_VERSIONS];
    char record[96];
};

struct world {
    struct store store;
    struct client client;
    struct line line;
};

/* A new store with one session and one namespace, "main". */
void world_new(struct kit *kit, struct world *world);
void line_create(struct client *client, const char *name, persist_state state, struct line *line);
/* Reads the clock row. */
void line_head(struct line *line);
/* As `line`, through another client. */
struct line line_through(const struct line *line, struct client *client);

persist_bytes text_bytes(const char *text);
/* An append at `timestamp` that expects what the line knows. */
void draft_begin(const struct line *line, int64_t timestamp, struct draft *draft);
void draft_put(struct draft *draft, persist_bytes key, persist_bytes value, int64_t timestamp,
               uint32_t flags);
/* Digests and counts, after the last change of the draft. */
void draft_end(const struct line *line, struct draft *draft);
persist_status draft_append(struct client *client, const struct draft *draft, persist_clock *clock);
/* Appends a history, each commit of which must succeed. */
void line_commit(struct line *line, const char *history);
/* The status of the last commit of a history of one commit. */
persist_status line_try(struct line *line, const char *history, persist_clock *clock);
/* One put at `timestamp`; must succeed. */
void line_put(struct line *line, int64_t timestamp, persist_bytes key, persist_bytes value);

/* Rows as text. { 0 }; freed with the process. */
struct rows {
    struct kit *kit;
    struct buf text; /* NUL-terminated */
    size_t n;
    size_t bytes; /* of keys and values */
    int64_t last_timestamp;
    char last_key[4096];
    size_t last_key_size;
    persist_status stop; /* answered to the plugin, once `stop_at` rows came */
    size_t stop_at;
    void (*hook)(void *context, size_t n); /* at each row */
    void *context;
};

persist_status rows_take(void *context, const persist_version *version);
persist_status rows_take_record(void *context, const persist_record *record);
const char *rows_text(struct rows *rows);

/* Fills size, ns and, if it is 0, timestamp; then scans. */
persist_status line_scan(struct line *line, const persist_scan_range *range, struct rows *rows,
                         persist_clock *clock, int *more);
/* The whole range in one call: no bound was met. */
void expect_scan(struct line *line, const char *what, persist_scan_range range,
                 const char *expected);
/* "a@10 b@*": what read finds for those keys, the rows in the order of the request. */
void expect_read(struct line *line, const char *request, const char *expected);
persist_status line_changes(struct line *line, int64_t after, uint64_t max_records,
                            uint64_t max_bytes, struct rows *rows, persist_clock *clock, int *more);
/* That a call changed nothing: clock row and all versions are as in an earlier `sight`. */
struct sight {
    persist_clock clock;
    char *rows;
};
struct sight line_sight(struct line *line);
void expect_unchanged(struct line *line, const char *operation, const struct sight *before);
void expect_clock(struct kit *kit, const char *operation, const persist_clock *found,
                  const persist_clock *expected);

/* ---- process.c */

/* What a worker is told to do, on the store at `url`, in its own process. `run` reports by
 * worker_tell; an expectation that fails there fails the case. */
struct job {
    void (*run)(struct kit *kit, const struct job *job);
    char url[PATH_MAX];
    uint32_t ns;
    uint64_t number;
    uint64_t count;
};

/* In a worker. */
void worker_tell(struct kit *kit, int64_t number);
/* Waits for a number from whoever drives it. */
int64_t worker_wait(struct kit *kit);
/* In the case's process. */
void worker_start(struct kit *kit, unsigned worker, const struct job *job);
void worker_send(struct kit *kit, unsigned worker, int64_t number);
/* The next number it told; false: it ended. */
bool worker_hear(struct kit *kit, unsigned worker, int64_t *number);
/* Kills it and waits until it is gone. */
void worker_kill(struct kit *kit, unsigned worker);

/* Runs a case in its own process. KIT_PASSED, _FAILED or _SKIPPED; -1 if that cannot be
 * done. `told` gets reason or findings. */
int process_run(struct kit *kit, const struct test_case *test, char *told, size_t capacity);

/* ---- threads */

/* Runs `run` in `n` threads, each with its number, and waits for them. */
void threads_run(struct kit *kit, unsigned n, void (*run)(void *context, unsigned number),
                 void *context);

#endif
