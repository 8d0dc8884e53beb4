/* SPDX-License-Identifier: MIT */
/*
 * A whole scenario, again and again, with the n-th call to the backend failing: once, or
 * from then on; for n = 1 until the scenario passes untouched. Nothing wrong is ever
 * answered, and the store holds afterwards what was told.
 */
#include "tests/unit/fixture.h"

#include "core/layers/kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the scenario was told of its commits: OK, or that nothing was written, or neither. */
struct told {
    bool open; /* the store was opened */
    persist_status first, second;
    bool wrong; /* a read answered what cannot be */
};

static persist_store *try_open(int backend)
{
    persist_store *store = NULL;
    persist_store_options options = {.size = sizeof options, .flags = PERSIST_STORE_CREATE};
    return persist_open_url(fixture_url(backend), &options, &store, NULL) == PERSIST_OK ? store
                                                                                        : NULL;
}

static persist_status try_put(persist_store *store, const char *key, const char *value)
{
    persist_tx *tx = NULL;
    persist_status status = persist_begin(store, NULL, &tx, NULL);
    persist_row row = {.size = sizeof row};
    if (status == PERSIST_OK)
        status = persist_get(tx, persist_text("none"), &row, NULL);
    if (status == PERSIST_NOT_FOUND)
        status = persist_put(tx, persist_text(key), persist_text(value), NULL);
    if (status == PERSIST_OK)
        status = persist_commit(tx, NULL, NULL);
    persist_tx_free(tx);
    return status;
}

/* Is the scan, as far as it came, what it has to be? */
static bool scans_right(persist_store *store, const struct told *told)
{
    persist_tx *tx = NULL;
    persist_cursor *cursor = NULL;
    persist_row row = {.size = sizeof row};
    char seen[64] = "", all[64];
    persist_status status = persist_begin(store, NULL, &tx, NULL);
    if (status == PERSIST_OK)
        status = persist_scan(tx, NULL, &cursor, NULL);
    while (status == PERSIST_OK && (status = persist_cursor_next(cursor, &row, NULL)) == PERSIST_OK)
        sprintf(seen + strlen(seen), "%.*s ", (int)row.key.size, (const char *)row.key.data);
    persist_cursor_free(cursor);
    persist_tx_free(tx);
    snprintf(all, sizeof all, "%s%s", told->first == PERSIST_OK ? "a " : "",
             told->second == PERSIST_OK ? "b " : "");
    bool certain = told->first != PERSIST_UNRESOLVED && told->second != PERSIST_UNRESOLVED;
    return status != PERSIST_END || !certain || strcmp(seen, all) == 0;
}

static persist_store *run(int backend, struct told *told)
{
    persist_store *store = try_open(backend);
    *told = (struct told){.open = store, .first = PERSIST_BUSY, .second = PERSIST_BUSY};
    if (!store)
        return NULL;
    told->first = try_put(store, "a", "1");
    told->second = try_put(store, "b", "2");
    told->wrong = !scans_right(store, told);
    persist_head_info head = {.size = sizeof head};
    persist_head(store, NULL, &head, NULL);
    persist_namespace_create(store, "more", 0, NULL);
    persist_namespace_drop(store, "more", NULL);
    persist_health_report health = {.size = sizeof health};
    persist_health(store, &health, NULL);
    return store;
}

static void check_key(persist_store *store, const char *key, persist_status told)
{
    persist_tx *tx = begin(store);
    const char *value = get(tx, key);
    if (told == PERSIST_OK)
        ck_assert_ptr_nonnull(value);
    else if (told != PERSIST_UNRESOLVED)
        ck_assert_msg(!value, "%s is there, but was told as %s", key, persist_status_name(told));
    persist_tx_free(tx);
}

static const char *const failures[] = {"unavailable", "i-o", "no-memory", "drop-before",
                                       "drop-after", "busy",
                                       /* at a larger scale only: */
                                       "full", "timeout", "interrupted"};
enum { N_FAILURES = sizeof failures / sizeof *failures, N_FIRST = 6 };

/* True if the scenario passed untouched. */
static bool check_nth(int backend, const char *failure, int n, bool for_good)
{
    char rules[64];
    struct told told;
    snprintf(rules, sizeof rules, "any@%d%s=%s", n, for_good ? "+" : "", failure);
    fixture_arm(backend, rules);
    persist_store *store = run(backend, &told);
    bool untouched = fixture_hits() == 0;
    fixture_arm(backend, "");
    ck_assert_msg(!told.wrong, "%s: a scan answered what cannot be", rules);
    if (untouched)
        ck_assert(told.open && told.first == PERSIST_OK && told.second == PERSIST_OK);
    /* The same store goes on; and a new one, where there is anything left of it. */
    if (store) {
        check_key(store, "a", told.first);
        check_key(store, "b", told.second);
        put_one(store, "c", "3");
        fixture_close(store);
    }
    if (store && fixture_shared(backend)) {
        store = fixture_open(backend);
        check_key(store, "a", told.first);
        check_key(store, "c", PERSIST_OK);
        fixture_close(store);
    }
    return untouched;
}

static void each_call_fails(int at, bool for_good)
{
    int backend = at / N_FAILURES, n = 1;
    bool untouched;
    if (at % N_FAILURES >= N_FIRST && fixture_scale() == 1)
        return;
    do {
        untouched = check_nth(backend, failures[at % N_FAILURES], n++, for_good);
        fixture_end();
        fixture_begin();
        fixture_arm(backend, "");
    } while (!untouched && n < 500);
    ck_assert_int_gt(n, 10);
    ck_assert_int_lt(n, 500);
}

START_TEST(each_call_fails_once)
{
    each_call_fails(_i, false);
}
END_TEST

START_TEST(each_call_fails_for_good)
{
    /* A store nobody can reach keeps the commit for resolve_timeout. */
    setenv("PERSIST_RESOLVE_TIMEOUT", "1ms", 1);
    each_call_fails(_i, true);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *tcase = tcase_create("faults");
    int n = fixture_backends() * N_FAILURES;
    tcase_add_checked_fixture(tcase, fixture_begin, fixture_end);
    tcase_set_timeout(tcase, 600);
    tcase_add_loop_test(tcase, each_call_fails_once, 0, n);
    tcase_add_loop_test(tcase, each_call_fails_for_good, 0, n);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
