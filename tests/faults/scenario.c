/* SPDX-License-Identifier: MIT */
#include "tests/faults/scenario.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[SCENARIO_KEYS] = {"a", "b", "c", "d", "e", "f"};
/* Written first, and so compressed and stored in several pages. */
static char large[24000];

void scenario_configure(int backend, const char *durability, char path[160])
{
    snprintf(path, 160, "%s/scenario.yaml", fixture_folder());
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file,
            "persistence: \"%s\"\ndurability: %s\nresolve_timeout: 20ms\n"
            "transaction: { timeout: 1s }\npool: { connect_timeout: 1s }\n",
            fixture_url(backend), durability);
    ck_assert_int_eq(fclose(file), 0);
    unsigned seed = 1;
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (char)(i % 3 ? 'x' : rand_r(&seed));
}

__attribute__((format(printf, 2, 3))) static void violate(struct scenario *scenario,
                                                          const char *format, ...)
{
    va_list args;
    if (scenario->violation[0])
        return;
    va_start(args, format);
    vsnprintf(scenario->violation, sizeof scenario->violation, format, args);
    va_end(args);
}

/* True if the call did what it should; a failure before any fault is a violation. */
static bool went(struct scenario *scenario, persist_status status, const char *what)
{
    if (status == PERSIST_OK)
        return true;
    if (getenv("PERSIST_TEST_VERBOSE"))
        fprintf(stderr, "  %s: %s: %s\n", what, persist_status_name(status),
                persist_error_message(fixture_error()));
    scenario->failures++;
    if (!scenario->fired())
        violate(scenario, "%s is %s without a fault", what, persist_status_name(status));
    return false;
}

static bool text_is(const char *text, persist_bytes value)
{
    return strlen(text) == value.size && (!value.size || memcmp(text, value.data, value.size) == 0);
}

/* May the key hold this? NULL: be absent. */
static void expect(struct scenario *scenario, int key, const persist_bytes *value, const char *how)
{
    const struct possible *possible = &scenario->keys[key];
    for (int i = 0; i < possible->n; i++)
        if (value ? text_is(possible->texts[i], *value) && value->size
                  : possible->texts[i][0] == '\0')
            return;
    violate(scenario, "%s of %s gave %.*s and not %s", how, names[key],
            value ? (int)value->size : 6, value ? (const char *)value->data : "absent",
            possible->texts[0]);
}

/* ---- transactions whose effect is known */

/* Told as done: that is what is there. Left open: or what was there before. */
static void adopt(struct scenario *scenario, const struct attempt *attempt)
{
    for (size_t i = 0; i < attempt->n; i++) {
        struct possible *possible = &scenario->keys[attempt->changes[i].key];
        const char *value = attempt->changes[i].value;
        if (!attempt->open)
            possible->n = 0;
        snprintf(possible->texts[possible->n++], SCENARIO_VALUE, "%s", value ? value : "");
    }
}

static void note_commit(struct scenario *scenario, persist_status status, const char *what,
                        const struct change *changes, size_t n)
{
    const unsigned char *token = persist_error_resolve_token(fixture_error());
    bool done = went(scenario, status, what);
    if (!done && status != PERSIST_UNRESOLVED)
        return;
    struct attempt *attempt = &scenario->attempts[scenario->n_attempts++];
    *attempt = (struct attempt){.changes = changes, .n = n, .open = !done};
    scenario->commits += done;
    if (!done && token)
        memcpy(attempt->token, token, sizeof attempt->token);
    else if (!done)
        violate(scenario, "%s is unresolved, and there is no token", what);
    adopt(scenario, attempt);
}

static int64_t change(struct scenario *scenario, persist_store *store, const char *what,
                      const struct change *changes, size_t n)
{
    persist_tx *tx = NULL;
    int64_t timestamp = 0;
    persist_row row = {.size = sizeof row};
    persist_error *error = fixture_error();
    persist_status status = persist_begin(store, NULL, &tx, error);
    if (status == PERSIST_OK) {
        status = persist_get(tx, persist_text(names[changes[0].key]), &row, error);
        if (status == PERSIST_NOT_FOUND)
            status = PERSIST_OK;
    }
    for (size_t i = 0; i < n && status == PERSIST_OK; i++) {
        persist_bytes key = persist_text(names[changes[i].key]);
        status = changes[i].value ? persist_put(tx, key, persist_text(changes[i].value), error)
                                  : persist_delete(tx, key, error);
    }
    if (went(scenario, status, what))
        note_commit(scenario, persist_commit(tx, &timestamp, error), what, changes, n);
    persist_tx_free(tx);
    return timestamp;
}

/* ---- reading */

static void read_each(struct scenario *scenario, persist_store *store)
{
    persist_tx *tx = NULL;
    persist_row row = {.size = sizeof row};
    if (!went(scenario, persist_begin(store, NULL, &tx, fixture_error()), "begin"))
        return;
    for (int i = 0; i < SCENARIO_KEYS; i++) {
        persist_status status = persist_get(tx, persist_text(names[i]), &row, fixture_error());
        if (status == PERSIST_NOT_FOUND)
            expect(scenario, i, NULL, "get");
        else if (went(scenario, status, "get"))
            expect(scenario, i, &row.value, "get");
    }
    persist_tx_free(tx);
}

static void read_together(struct scenario *scenario, persist_store *store)
{
    persist_tx *tx = NULL;
    persist_bytes keys[SCENARIO_KEYS];
    persist_row rows[SCENARIO_KEYS] = {0};
    for (int i = 0; i < SCENARIO_KEYS; i++) {
        keys[i] = persist_text(names[i]);
        rows[i].size = sizeof *rows;
    }
    if (went(scenario, persist_begin(store, NULL, &tx, fixture_error()), "begin") &&
        went(scenario, persist_get_many(tx, keys, SCENARIO_KEYS, rows, fixture_error()),
             "get_many"))
        for (int i = 0; i < SCENARIO_KEYS; i++)
            expect(scenario, i, rows[i].flags & PERSIST_ROW_ABSENT ? NULL : &rows[i].value,
                   "get_many");
    persist_tx_free(tx);
}

/* A scan that says it came to its end has told of every key. */
static void scan_all(struct scenario *scenario, persist_store *store, uint32_t flags)
{
    persist_tx *tx = NULL;
    persist_cursor *cursor = NULL;
    bool seen[SCENARIO_KEYS] = {false};
    persist_row row = {.size = sizeof row};
    persist_scan_options options = {.size = sizeof options, .flags = flags};
    persist_status status = persist_begin(store, NULL, &tx, fixture_error());
    if (status == PERSIST_OK)
        status = persist_scan(tx, &options, &cursor, fixture_error());
    while (status == PERSIST_OK &&
           (status = persist_cursor_next(cursor, &row, fixture_error())) == PERSIST_OK) {
        int key = ((const char *)row.key.data)[0] - 'a';
        if (key < 0 || key >= SCENARIO_KEYS)
            continue;
        seen[key] = true;
        expect(scenario, key, &row.value, "scan");
    }
    for (int i = 0; i < SCENARIO_KEYS && status == PERSIST_END; i++)
        if (!seen[i])
            expect(scenario, i, NULL, "scan");
    if (status != PERSIST_END)
        went(scenario, status, "scan");
    persist_cursor_free(cursor);
    persist_tx_free(tx);
}

/* The large value, byte for byte, if its commit was told as done. */
static void read_large(struct scenario *scenario, persist_store *store)
{
    persist_tx *tx = NULL;
    persist_row row = {.size = sizeof row};
    persist_status status = persist_begin(store, NULL, &tx, fixture_error());
    if (status == PERSIST_OK)
        status = persist_get(tx, persist_text("large"), &row, fixture_error());
    if (went(scenario, status, "get of the large value") &&
        (row.value.size != sizeof large || memcmp(row.value.data, large, sizeof large) != 0))
        violate(scenario, "the large value is another");
    persist_tx_free(tx);
}

static bool write_large(struct scenario *scenario, persist_store *store)
{
    persist_tx *tx = NULL;
    persist_status status = persist_begin(store, NULL, &tx, fixture_error());
    if (status == PERSIST_OK)
        status = persist_put(tx, persist_text("large"), (persist_bytes){large, sizeof large},
                             fixture_error());
    if (status == PERSIST_OK)
        status = persist_commit(tx, NULL, fixture_error());
    persist_tx_free(tx);
    return went(scenario, status, "the large value");
}

static void read_past(struct scenario *scenario, persist_store *store, int64_t at,
                      const char *value)
{
    persist_tx *tx = NULL;
    persist_row row = {.size = sizeof row};
    persist_tx_options options = {.size = sizeof options, .has_at = 1, .at = at};
    persist_status status = persist_begin(store, &options, &tx, fixture_error());
    if (status == PERSIST_OK)
        status = persist_get(tx, persist_text("a"), &row, fixture_error());
    if (went(scenario, status, "get in the past") && !text_is(value, row.value))
        violate(scenario, "in the past a was not %s", value);
    persist_tx_free(tx);
}

static void read_history(struct scenario *scenario, persist_store *store)
{
    persist_tx *tx = NULL;
    persist_cursor *cursor = NULL;
    persist_row row = {.size = sizeof row};
    int64_t last = INT64_MAX;
    persist_status status = persist_begin(store, NULL, &tx, fixture_error());
    if (status == PERSIST_OK)
        status = persist_history(tx, persist_text("a"), &cursor, fixture_error());
    while (status == PERSIST_OK &&
           (status = persist_cursor_next(cursor, &row, fixture_error())) == PERSIST_OK) {
        if (row.timestamp >= last)
            violate(scenario, "the history of a is out of order");
        last = row.timestamp;
    }
    if (status != PERSIST_END)
        went(scenario, status, "history");
    persist_cursor_free(cursor);
    persist_tx_free(tx);
}

/* ---- the rest */

/* Two transactions change one key: the second must never be told as done after the first. */
static void rival(struct scenario *scenario, persist_store *store)
{
    static const struct change changes[] = {{2, "first"}};
    persist_tx *tx[2] = {NULL, NULL};
    persist_row row = {.size = sizeof row};
    persist_status status = PERSIST_OK;
    for (int i = 0; i < 2 && status == PERSIST_OK; i++) {
        status = persist_begin(store, NULL, &tx[i], fixture_error());
        if (status == PERSIST_OK)
            status = persist_get(tx[i], persist_text("c"), &row, fixture_error());
        if (status == PERSIST_OK || status == PERSIST_NOT_FOUND)
            status = persist_put(tx[i], persist_text("c"), persist_text(i ? "second" : "first"),
                                 fixture_error());
    }
    if (went(scenario, status, "rivals")) {
        status = persist_commit(tx[0], NULL, fixture_error());
        note_commit(scenario, status, "the first rival", changes, 1);
        if (status == PERSIST_OK &&
            (status = persist_commit(tx[1], NULL, fixture_error())) != PERSIST_CONFLICT) {
            if (status == PERSIST_OK)
                violate(scenario, "both rivals committed");
            went(scenario, status == PERSIST_OK ? PERSIST_INTERNAL : status, "the second rival");
        }
    }
    persist_tx_free(tx[0]);
    persist_tx_free(tx[1]);
}

static persist_status ignore_namespace(void *context, const char *name, uint32_t id, uint32_t state)
{
    (void)context, (void)name, (void)id, (void)state;
    return PERSIST_OK;
}

static persist_status ignore_stat(void *context, const char *name, int64_t value, const char *unit,
                                  const char *help)
{
    (void)context, (void)name, (void)value, (void)unit, (void)help;
    return PERSIST_OK;
}

static void administrate(struct scenario *scenario, persist_store *store)
{
    persist_error *error = fixture_error();
    persist_head_info head = {.size = sizeof head};
    persist_health_report report = {.size = sizeof report};
    persist_tx_options options = {.size = sizeof options, .ns = "other"};
    persist_tx *tx = NULL;
    went(scenario, persist_head(store, NULL, &head, error), "head");
    went(scenario, persist_health(store, &report, error), "health");
    went(scenario, persist_stats(store, ignore_stat, NULL, error), "stats");
    if (went(scenario, persist_namespace_create(store, "other", 0, error), "namespace_create")) {
        persist_status status = persist_begin(store, &options, &tx, error);
        if (status == PERSIST_OK)
            status = persist_put(tx, persist_text("a"), persist_text("other"), error);
        if (status == PERSIST_OK)
            status = persist_commit(tx, NULL, error);
        went(scenario, status, "a commit in another namespace");
        persist_tx_free(tx);
    }
    went(scenario, persist_namespace_list(store, ignore_namespace, NULL, error), "namespace_list");
    persist_status status = persist_namespace_drop(store, "other", error);
    if (status != PERSIST_NOT_FOUND)
        went(scenario, status, "namespace_drop");
}

static void roll_back(struct scenario *scenario, persist_store *store)
{
    persist_tx *tx = NULL;
    uint64_t mark;
    if (went(scenario, persist_begin(store, NULL, &tx, fixture_error()), "begin") &&
        went(scenario, persist_put(tx, persist_text("f"), persist_text("never"), fixture_error()),
             "put") &&
        went(scenario, persist_savepoint(tx, &mark, fixture_error()), "savepoint") &&
        went(scenario, persist_put(tx, persist_text("e"), persist_text("never"), fixture_error()),
             "put"))
        went(scenario, persist_rollback_to(tx, mark, fixture_error()), "rollback_to");
    persist_tx_free(tx);
}

static persist_store *open_again(struct scenario *scenario)
{
    persist_store *store = NULL;
    persist_store_options options = {.size = sizeof options, .flags = PERSIST_STORE_CREATE};
    went(scenario, persist_open_file(scenario->path, &options, &store, fixture_error()), "open");
    return store;
}

static void close_again(struct scenario *scenario, persist_store *store)
{
    if (persist_close(store, fixture_error()) != PERSIST_OK)
        violate(scenario, "close: %s", persist_error_message(fixture_error()));
}

/* A transaction goes on after another store has committed: what that wrote is read from
 * the log. */
static void go_on_after_others(struct scenario *scenario, persist_store *store)
{
    static const struct change theirs[] = {{5, "theirs"}}, ours[] = {{4, "ours"}};
    persist_tx *tx = NULL;
    persist_row row = {.size = sizeof row};
    persist_store *other = scenario->shared ? open_again(scenario) : NULL;
    persist_status status = persist_begin(store, NULL, &tx, fixture_error());
    if (status == PERSIST_OK)
        status = persist_get(tx, persist_text("a"), &row, fixture_error());
    if (status == PERSIST_NOT_FOUND)
        status = PERSIST_OK;
    if (other)
        change(scenario, other, "the other store's commit", theirs, 1);
    if (status == PERSIST_OK)
        status = persist_put(tx, persist_text("e"), persist_text("ours"), fixture_error());
    if (went(scenario, status, "a transaction beside another store's"))
        note_commit(scenario, persist_commit(tx, NULL, fixture_error()), "the commit after", ours,
                    1);
    persist_tx_free(tx);
    if (other)
        close_again(scenario, other);
}

static void act(struct scenario *scenario, persist_store *store)
{
    static const struct change first[] = {{0, "1"}, {1, "1"}, {2, "1"}};
    static const struct change second[] = {{0, "2"}, {1, NULL}, {3, "2"}};
    static const struct change third[] = {{4, "3"}, {0, "3"}};
    int64_t at = change(scenario, store, "the first commit", first, 3);
    read_each(scenario, store);
    change(scenario, store, "the second commit", second, 3);
    scan_all(scenario, store, 0);
    if (at)
        read_past(scenario, store, at, "1");
    if (write_large(scenario, store))
        read_large(scenario, store);
    roll_back(scenario, store);
    go_on_after_others(scenario, store);
    rival(scenario, store);
    read_together(scenario, store);
    administrate(scenario, store);
    change(scenario, store, "the third commit", third, 2);
    read_history(scenario, store);
    scan_all(scenario, store, PERSIST_SCAN_REVERSE);
}

/* ---- afterwards */

static void forget(struct scenario *scenario)
{
    for (int i = 0; i < SCENARIO_KEYS; i++)
        scenario->keys[i] = (struct possible){.n = 1};
}

/* What was left open is decided now; what is there has to be just as is told. */
static void settle(struct scenario *scenario, persist_store *store)
{
    forget(scenario);
    for (int i = 0; i < scenario->n_attempts; i++) {
        struct attempt *attempt = &scenario->attempts[i];
        int committed = 1;
        int64_t timestamp = -1;
        if (attempt->open)
            assert_ok(persist_resolve(store, NULL, attempt->token, &committed, &timestamp,
                                      fixture_error()));
        attempt->open = false;
        if (committed)
            adopt(scenario, attempt);
    }
}

static void check(struct scenario *scenario, persist_store *store)
{
    static const struct change last[] = {{5, "last"}, {1, "last"}};
    if (store) {
        read_each(scenario, store);
        scan_all(scenario, store, 0);
        proof_verify(store, NULL);
        change(scenario, store, "a commit afterwards", last, 2);
        read_each(scenario, store);
    }
    ck_assert_msg(!scenario->violation[0], "%s (%s)", scenario->violation,
                  persist_error_message(fixture_error()));
}

static bool never(void)
{
    return false;
}

void scenario_run(struct scenario *scenario)
{
    forget(scenario);
    persist_store *store = open_again(scenario);
    if (store)
        act(scenario, store);
    if (store && scenario->shared) {
        close_again(scenario, store);
        if ((store = open_again(scenario)))
            read_each(scenario, store);
    }
    if (store && scenario->shared)
        close_again(scenario, store);
    scenario->disarm();
    if (!store || scenario->shared)
        store = open_again(scenario);
    bool (*fired)(void) = scenario->fired;
    ck_assert_msg(store != NULL, "%s", persist_error_message(fixture_error()));
    ck_assert_msg(!scenario->violation[0], "%s", scenario->violation);
    scenario->fired = never;
    settle(scenario, store);
    check(scenario, store);
    close_again(scenario, store);
    scenario->fired = fired;
}
