/* SPDX-License-Identifier: MIT */
/*
 * Thousands of commits whose replies are lost at random, before or after the append, and
 * whose outcome often cannot be asked for at once. Whatever was told is true; what was
 * left open is decided by another process: this program, run again with arguments.
 */
#include "tests/unit/fixture.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, SQLITE = 1 };

/* One commit of the key "c/THREAD/I", and what was told of it. */
struct told {
    char key[24];
    persist_status status;
    int64_t timestamp;
    unsigned char token[PERSIST_RESOLVE_TOKEN_SIZE];
};

struct writer {
    pthread_t thread;
    persist_store *store;
    int number;
    int first, n; /* of told */
    struct told *told;
    const char *fault; /* what went wrong in the test itself, or NULL */
};

/* Every fourth one reads and writes a key that all threads write, and so may conflict. */
static persist_status write_one(persist_tx *tx, int i, const char *key, persist_error *error)
{
    persist_row row = {.size = sizeof row};
    persist_status status = PERSIST_OK;
    if (i % 4 == 0) {
        status = persist_get(tx, persist_text("shared"), &row, error);
        if (status == PERSIST_OK || status == PERSIST_NOT_FOUND)
            status = persist_put(tx, persist_text("shared"), persist_text(key), error);
    }
    if (status == PERSIST_OK)
        status = persist_put(tx, persist_text(key), persist_text("x"), error);
    return status;
}

static void *write_all(void *context)
{
    struct writer *writer = context;
    persist_error *error = persist_error_new();
    for (int i = writer->first; i < writer->first + writer->n; i++) {
        struct told *told = &writer->told[i];
        persist_tx *tx = NULL;
        snprintf(told->key, sizeof told->key, "c/%d/%d", writer->number, i);
        told->status = persist_begin(writer->store, NULL, &tx, error);
        if (told->status == PERSIST_OK)
            told->status = write_one(tx, i, told->key, error);
        if (told->status == PERSIST_OK)
            told->status = persist_commit(tx, &told->timestamp, error);
        const unsigned char *token = persist_error_resolve_token(error);
        if (told->status == PERSIST_UNRESOLVED && token)
            memcpy(told->token, token, sizeof told->token);
        else if (told->status == PERSIST_UNRESOLVED)
            writer->fault = "an unresolved commit has no token";
        persist_tx_free(tx);
    }
    persist_error_free(error);
    return NULL;
}

static void write_from_threads(persist_store *store, struct told *told[THREADS], int first, int n)
{
    struct writer writers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        writers[i] =
            (struct writer){.store = store, .number = i, .first = first, .n = n, .told = told[i]};
        ck_assert_int_eq(pthread_create(&writers[i].thread, NULL, write_all, &writers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(writers[i].thread, NULL);
        ck_assert_msg(!writers[i].fault, "%s", writers[i].fault);
    }
}

/* ---- the other process */

/* argv: URL, file of tokens, file of verdicts. */
static int decide(char **argv)
{
    struct verdict {
        int32_t status, committed;
        int64_t timestamp;
    } verdict;
    unsigned char token[PERSIST_RESOLVE_TOKEN_SIZE];
    persist_store *store = NULL;
    FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
    if (!in || !out || persist_open_url(argv[0], NULL, &store, NULL) != PERSIST_OK)
        return 1;
    while (fread(token, sizeof token, 1, in) == 1) {
        int committed = -1;
        int64_t timestamp = -1;
        verdict.status = (int32_t)persist_resolve(store, NULL, token, &committed, &timestamp, NULL);
        verdict.committed = committed;
        verdict.timestamp = timestamp;
        if (fwrite(&verdict, sizeof verdict, 1, out) != 1)
            return 1;
    }
    fclose(in);
    return fclose(out) != 0 || persist_close(store, NULL) != PERSIST_OK;
}

static void run_decider(const char *tokens, const char *verdicts)
{
    int result;
    pid_t child = fork();
    if (!child) {
        unsetenv("PERSIST_LAYERS");
        execl("/proc/self/exe", "test_resolve", "decide", fixture_url(SQLITE), tokens, verdicts,
              (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert_int_eq(result, 0);
}

/* Has another process decide the first n commits of each thread that are open. Told are
 * then verdicts: OK or CONFLICT. `again`: those told as decided before are to be equal. */
static int settle(struct told *told[THREADS], int n)
{
    char tokens[160], verdicts[160];
    int open = 0;
    snprintf(tokens, sizeof tokens, "%s/tokens", fixture_folder());
    snprintf(verdicts, sizeof verdicts, "%s/verdicts", fixture_folder());
    FILE *file = fopen(tokens, "wb");
    ck_assert_ptr_nonnull(file);
    for (int t = 0; t < THREADS; t++)
        for (int i = 0; i < n; i++)
            if (told[t][i].status == PERSIST_UNRESOLVED)
                open += fwrite(told[t][i].token, sizeof told[t][i].token, 1, file) == 1;
    ck_assert_int_eq(fclose(file), 0);
    run_decider(tokens, verdicts);
    file = fopen(verdicts, "rb");
    ck_assert_ptr_nonnull(file);
    for (int t = 0; t < THREADS; t++)
        for (int i = 0; i < n; i++) {
            struct told *one = &told[t][i];
            struct {
                int32_t status, committed;
                int64_t timestamp;
            } verdict;
            if (one->status != PERSIST_UNRESOLVED)
                continue;
            ck_assert_uint_eq(fread(&verdict, sizeof verdict, 1, file), 1);
            ck_assert_int_eq(verdict.status, PERSIST_OK);
            one->status = verdict.committed ? PERSIST_OK : PERSIST_CONFLICT;
            one->timestamp = verdict.timestamp;
        }
    fclose(file);
    return open;
}

/* ---- the truth */

static void check_told(persist_store *store, struct told *told[THREADS], int n)
{
    persist_tx *tx = begin(store);
    int kept = 0, counted = 0;
    for (int t = 0; t < THREADS; t++)
        for (int i = 0; i < n; i++) {
            const struct told *one = &told[t][i];
            persist_row row = {.size = sizeof row};
            persist_status there = persist_get(tx, persist_text(one->key), &row, fixture_error());
            if (one->status == PERSIST_OK) {
                ck_assert_msg(there == PERSIST_OK, "%s was told as committed, is %s", one->key,
                              persist_status_name(there));
                ck_assert_int_eq(row.timestamp, one->timestamp);
                kept++;
            } else {
                ck_assert_msg(there == PERSIST_NOT_FOUND, "%s was told as %s, is %s", one->key,
                              persist_status_name(one->status), persist_status_name(there));
            }
        }
    persist_cursor *cursor;
    persist_row row = {.size = sizeof row};
    persist_scan_options options = {.size = sizeof options,
                                    .from = persist_text("c/"),
                                    .to = persist_text("c0"),
                                    .flags = PERSIST_SCAN_KEYS_ONLY};
    assert_ok(persist_scan(tx, &options, &cursor, fixture_error()));
    while (persist_cursor_next(cursor, &row, fixture_error()) == PERSIST_OK)
        counted++;
    ck_assert_int_eq(counted, kept);
    persist_tx_free(tx);
}

/* No commit stands in history twice, and all chain: the records are read one by one. */
static void check_once(persist_store *store, const struct told *told)
{
    persist_tx *tx = begin(store);
    persist_cursor *cursor;
    persist_row row = {.size = sizeof row};
    int versions = 0;
    assert_ok(persist_history(tx, persist_text(told->key), &cursor, fixture_error()));
    while (persist_cursor_next(cursor, &row, fixture_error()) == PERSIST_OK)
        versions++;
    ck_assert_int_eq(versions, told->status == PERSIST_OK);
    persist_tx_free(tx);
}

START_TEST(what_is_told_of_commits_is_true)
{
    struct told *told[THREADS];
    int n = 150 * fixture_scale(), rounds = 4;
    int open = 0;
    for (int t = 0; t < THREADS; t++)
        told[t] = calloc((size_t)(rounds * n), sizeof *told[t]);
    fixture_arm(SQLITE, "");
    persist_store *store = fixture_open_with(SQLITE,
                                             "durability: process\nresolve_timeout: 2ms\n"
                                             "transaction: { timeout: 60s }\n");
    for (int round = 0; round < rounds; round++) {
        char rules[160];
        snprintf(rules, sizeof rules,
                 "append@10%%=drop-after,append@10%%=drop-before,"
                 "head@60%%=unavailable,changes@20%%=unavailable,seed=%d",
                 round + 1);
        fixture_arm(SQLITE, rules);
        write_from_threads(store, told, round * n, n);
        ck_assert_uint_gt(fixture_hits(), (unsigned)n / 20);
        fixture_arm(SQLITE, "");
        /* The store stays open, and goes on behind what the other process appended. */
        open += settle(told, (round + 1) * n);
        check_told(store, told, (round + 1) * n);
    }
    ck_assert_int_gt(open, 10);
    for (int t = 0; t < THREADS; t++)
        for (int i = 0; i < rounds * n; i++)
            check_once(store, &told[t][i]);
    fixture_close(store);
    store = fixture_open(SQLITE);
    check_told(store, told, rounds * n);
    fixture_close(store);
    for (int t = 0; t < THREADS; t++)
        free(told[t]);
}
END_TEST

/* A verdict is final: asked again, by whomever, it is the same. */
START_TEST(verdicts_stay)
{
    fixture_arm(SQLITE, "");
    persist_store *store = fixture_open_with(SQLITE, "resolve_timeout: 500ms\n");
    struct told one = {.key = "c/0/0"}, *told[THREADS] = {&one};
    put_one(store, "a", "1");
    fixture_arm(SQLITE, _i ? "append@1=drop-after,head=unavailable"
                           : "append@1=drop-before,head=unavailable");
    persist_tx *tx = begin(store);
    put(tx, one.key, "x");
    assert_status(persist_commit(tx, NULL, fixture_error()), PERSIST_UNRESOLVED);
    memcpy(one.token, persist_error_resolve_token(fixture_error()), sizeof one.token);
    persist_tx_free(tx);
    fixture_arm(SQLITE, "");
    for (int round = 0; round < 3; round++) {
        int committed = -1;
        int64_t timestamp = -1;
        struct told others[THREADS] = {{.status = PERSIST_OK}};
        one.status = PERSIST_UNRESOLVED;
        for (int t = 1; t < THREADS; t++)
            told[t] = &others[t];
        ck_assert_int_eq(settle(told, 1), 1);
        ck_assert_int_eq(one.status, _i ? PERSIST_OK : PERSIST_CONFLICT);
        assert_ok(persist_resolve(store, NULL, one.token, &committed, &timestamp, fixture_error()));
        ck_assert_int_eq(committed, _i);
        ck_assert_int_eq(timestamp, one.timestamp);
        put_one(store, "later", "1");
    }
    fixture_close(store);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "decide") == 0)
        return decide(argv + 2);
    Suite *suite = suite_create("resolve");
    TCase *tcase = tcase_create("resolve");
    tcase_add_checked_fixture(tcase, fixture_begin, fixture_end);
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, what_is_told_of_commits_is_true);
    tcase_add_loop_test(tcase, verdicts_stay, 0, 2);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
