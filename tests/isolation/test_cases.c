/* SPDX-License-Identifier: MIT */
/* Cases of isolation that need more than one schedule: a stalled commit, a killed writer,
 * many rounds, many versions. */
#include "tests/proof/proof.h"

#include "core/loader/loader.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUICK "durability: process\n" PROOF_PATIENT

/* ---- a commit that has its timestamp, and stalls before it is appended */

static persist_status (*real_append)(const persist_call *, persist_session *,
                                     const persist_append *, persist_clock *);
static pthread_mutex_t stall_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stall_changed = PTHREAD_COND_INITIALIZER;
enum stall { STALL_NONE, STALL_NEXT, STALLED };
static enum stall stall;
static int64_t stalled_at; /* timestamp of the commit that was held up */

static persist_status stalling_append(const persist_call *call, persist_session *session,
                                      const persist_append *append, persist_clock *clock)
{
    pthread_mutex_lock(&stall_lock);
    if (stall == STALL_NEXT) {
        stall = STALLED;
        stalled_at = append->record.timestamp;
        pthread_cond_broadcast(&stall_changed);
        while (stall == STALLED)
            pthread_cond_wait(&stall_changed, &stall_lock);
    }
    pthread_mutex_unlock(&stall_lock);
    return real_append(call, session, append, clock);
}

static void stall_set(enum stall state)
{
    pthread_mutex_lock(&stall_lock);
    stall = state;
    pthread_cond_broadcast(&stall_changed);
    pthread_mutex_unlock(&stall_lock);
}

static void stall_await(void)
{
    pthread_mutex_lock(&stall_lock);
    while (stall != STALLED)
        pthread_cond_wait(&stall_changed, &stall_lock);
    pthread_mutex_unlock(&stall_lock);
}

struct committing {
    persist_tx *tx;
    persist_status status;
    int64_t timestamp;
};

static void *commit_apart(void *context)
{
    struct committing *committing = context;
    committing->status = persist_commit(committing->tx, &committing->timestamp, NULL);
    return NULL;
}

/* A reader remembers a version; a commit that took its timestamp earlier and is appended
 * later must not show up at or below it. */
START_TEST(timestamps_are_not_seen_before_their_commit)
{
    const struct plugin *plugin;
    struct plugin_search search = {0};
    if (!fixture_shared(_i))
        return;
    assert_ok(loader_open("sqlite", &search, &plugin, fixture_error()));
    persist_store_ops *ops = &((struct plugin *)(uintptr_t)plugin)->store;
    real_append = ops->append;
    ops->append = stalling_append;
    persist_store *one = fixture_open_with(_i, QUICK), *two = fixture_open_with(_i, QUICK);
    put_one(one, "a", "0");
    for (int round = 0; round < proof_amount(10, 200); round++) {
        struct committing committing = {.tx = begin(one)};
        pthread_t thread;
        char before[256], value[16];
        snprintf(value, sizeof value, "%d", round);
        get(committing.tx, "a");
        put(committing.tx, "a", value);
        stall_set(STALL_NEXT);
        ck_assert_int_eq(pthread_create(&thread, NULL, commit_apart, &committing), 0);
        stall_await();
        persist_tx *tx = begin(two);
        get(tx, "b");
        put(tx, "b", value);
        int64_t seen = commit(tx);
        tx = begin_at(two, seen);
        snprintf(before, sizeof before, "%s", scan_text(tx, NULL));
        persist_tx_free(tx);
        stall_set(STALL_NONE);
        pthread_join(thread, NULL);
        ck_assert_int_eq(committing.status, PERSIST_OK);
        ck_assert_int_gt(committing.timestamp, seen);
        ck_assert_int_gt(committing.timestamp, stalled_at);
        persist_tx_free(committing.tx);
        tx = begin_at(one, seen);
        ck_assert_str_eq(scan_text(tx, NULL), before);
        persist_tx_free(tx);
    }
    proof_verify(one, NULL);
    fixture_close(one);
    fixture_close(two);
    ops->append = real_append;
}
END_TEST

/* ---- a transaction of many keys, its writer killed */

#define FRACTION_KEYS 50

static void fraction_key(int i, char key[32])
{
    snprintf(key, 32, "part/%02d", i);
}

struct fraction {
    int backend;
    int ready;
};

/* Writes all keys with one number after another, for ever. */
static int write_for_ever(void *context)
{
    struct fraction *fraction = context;
    persist_store *store = fixture_open_with(fraction->backend, QUICK);
    for (int round = getpid() % 1000 * 1000;; round++) {
        char key[32], value[32];
        persist_tx *tx = begin(store);
        snprintf(value, sizeof value, "%d", round);
        for (int i = 0; i < FRACTION_KEYS; i++) {
            fraction_key(i, key);
            put(tx, key, value);
        }
        commit(tx);
        if (write(fraction->ready, ".", 1) < 0 && errno != EAGAIN)
            return 1;
    }
}

/* All keys or none, all of one number. */
static void whole(persist_store *store, bool may_be_empty)
{
    char first[32] = "";
    int count = 0;
    persist_cursor *cursor;
    persist_row row = {.size = sizeof row};
    persist_status status;
    persist_tx *tx = begin(store);
    assert_ok(persist_scan(tx, NULL, &cursor, fixture_error()));
    while ((status = persist_cursor_next(cursor, &row, fixture_error())) == PERSIST_OK) {
        if (!count++)
            snprintf(first, sizeof first, "%.*s", (int)row.value.size,
                     (const char *)row.value.data);
        ck_assert_msg(strlen(first) == row.value.size &&
                          memcmp(first, row.value.data, row.value.size) == 0,
                      "%.*s among %s", (int)row.value.size, (const char *)row.value.data, first);
    }
    assert_status(status, PERSIST_END);
    ck_assert_msg(count == FRACTION_KEYS || (may_be_empty && !count), "%d keys", count);
    persist_cursor_free(cursor);
    persist_tx_free(tx);
}

START_TEST(commits_are_never_fractured)
{
    unsigned seed = proof_seed();
    if (!fixture_shared(_i))
        return;
    persist_store *store = fixture_open_with(_i, QUICK);
    for (int round = 0; round < proof_amount(8, 100); round++) {
        int pipes[2];
        char byte;
        ck_assert_int_eq(pipe(pipes), 0);
        struct fraction fraction = {_i, pipes[1]};
        fixture_close(store);
        pid_t child = proof_spawn(write_for_ever, &fraction);
        close(pipes[1]);
        store = fixture_open_with(_i, QUICK);
        int scans = rand_r(&seed) % 10;
        whole(store, round == 0);
        ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
        for (int i = 0; i < scans; i++)
            whole(store, false);
        usleep((useconds_t)rand_r(&seed) % 3000);
        kill(child, SIGKILL);
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        close(pipes[0]);
        whole(store, false);
    }
    proof_verify(store, NULL);
    fixture_close(store);
}
END_TEST

/* ---- keys never seen before, read absent crosswise, in many rounds */

START_TEST(fresh_keys_are_never_both_taken)
{
    persist_store *store = fixture_open_with(_i, QUICK);
    int both = 0;
    for (int round = 0; round < proof_amount(300, 10000); round++) {
        persist_status status[2];
        persist_tx *tx[2];
        char key[2][32];
        bool snapshot = round % 10 == 0;
        for (int i = 0; i < 2; i++)
            snprintf(key[i], sizeof key[i], "%08x/%d", (unsigned)round * 2654435761u, i);
        for (int i = 0; i < 2; i++)
            tx[i] = snapshot ? begin_snapshot(store) : begin(store);
        for (int i = 0; i < 2; i++) {
            ck_assert_ptr_null(get(tx[i], key[!i]));
            put(tx[i], key[i], "1");
        }
        for (int i = 0; i < 2; i++) {
            status[i] = persist_commit(tx[i], NULL, fixture_error());
            persist_tx_free(tx[i]);
        }
        ck_assert_int_eq(status[0], PERSIST_OK);
        ck_assert_int_eq(status[1], snapshot ? PERSIST_OK : PERSIST_CONFLICT);
        both += status[1] == PERSIST_OK;
    }
    ck_assert_int_gt(both, 0);
    fixture_close(store);
}
END_TEST

/* The same by two threads at once, so that both are in one group of commits. */
struct rival {
    pthread_t thread;
    persist_store *store;
    pthread_barrier_t *barrier;
    int number, rounds;
    persist_status *outcomes;
};

static void *rival_run(void *context)
{
    struct rival *rival = context;
    persist_error *error = persist_error_new();
    for (int round = 0; round < rival->rounds; round++) {
        char own[32], other[32];
        persist_row row = {.size = sizeof row};
        persist_tx *tx = NULL;
        snprintf(own, sizeof own, "%06d/%d", round, rival->number);
        snprintf(other, sizeof other, "%06d/%d", round, !rival->number);
        persist_status status = persist_begin(rival->store, NULL, &tx, error);
        if (status == PERSIST_OK &&
            (status = persist_get(tx, persist_text(other), &row, error)) == PERSIST_NOT_FOUND)
            status = persist_put(tx, persist_text(own), persist_text("1"), error);
        pthread_barrier_wait(rival->barrier);
        if (status == PERSIST_OK)
            status = persist_commit(tx, NULL, error);
        persist_tx_free(tx);
        rival->outcomes[round] = status;
        pthread_barrier_wait(rival->barrier);
    }
    persist_error_free(error);
    return NULL;
}

START_TEST(fresh_keys_of_two_threads)
{
    int rounds = proof_amount(200, 5000);
    pthread_barrier_t barrier;
    struct rival rivals[2];
    persist_store *store = fixture_open_with(_i, QUICK);
    pthread_barrier_init(&barrier, NULL, 2);
    for (int i = 0; i < 2; i++) {
        rivals[i] = (struct rival){.store = store, .barrier = &barrier, .number = i};
        rivals[i].rounds = rounds;
        rivals[i].outcomes = calloc((size_t)rounds, sizeof *rivals[i].outcomes);
        ck_assert_ptr_nonnull(rivals[i].outcomes);
        ck_assert_int_eq(pthread_create(&rivals[i].thread, NULL, rival_run, &rivals[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(rivals[i].thread, NULL);
    for (int i = 0; i < rounds; i++) {
        persist_status a = rivals[0].outcomes[i], b = rivals[1].outcomes[i];
        ck_assert_msg((a == PERSIST_OK && b == PERSIST_CONFLICT) ||
                          (a == PERSIST_CONFLICT && b == PERSIST_OK),
                      "round %d: %d and %d", i, (int)a, (int)b);
    }
    for (int i = 0; i < 2; i++)
        free(rivals[i].outcomes);
    pthread_barrier_destroy(&barrier);
    fixture_close(store);
}
END_TEST

/* ---- every one of many versions against a model */

#define MODEL_VERSIONS 200
#define MODEL_KEYS 9

struct model {
    int64_t timestamp;
    char values[MODEL_KEYS][8]; /* "" is absent */
};

static void model_text(const struct model *model, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < MODEL_KEYS; i++)
        if (model->values[i][0])
            used += (size_t)snprintf(out + used, size - used, "%s%c=%s", used ? " " : "", 'a' + i,
                                     model->values[i]);
}

static void model_step(persist_store *store, struct model *model, unsigned *seed)
{
    persist_tx *tx = begin(store);
    for (int writes = 1 + rand_r(seed) % 3; writes; writes--) {
        int key = rand_r(seed) % MODEL_KEYS;
        char name[2] = {(char)('a' + key), '\0'};
        if (rand_r(seed) % 3) {
            snprintf(model->values[key], sizeof model->values[key], "%d", rand_r(seed) % 10000);
            put(tx, name, model->values[key]);
        } else {
            model->values[key][0] = '\0';
            del(tx, name);
        }
    }
    model->timestamp = commit(tx);
}

static void model_compare(persist_store *store, const struct model *model, int64_t at)
{
    char text[256], key[2] = "a";
    persist_tx *tx = begin_at(store, at);
    model_text(model, text, sizeof text);
    ck_assert_str_eq(scan_text(tx, NULL), text);
    for (int i = 0; i < MODEL_KEYS; i++, key[0]++) {
        const char *value = get(tx, key);
        ck_assert_str_eq(value ? value : "", model->values[i]);
    }
    persist_tx_free(tx);
}

START_TEST(every_version_can_be_read)
{
    static struct model models[MODEL_VERSIONS + 1];
    unsigned seed = proof_seed();
    persist_store *store = fixture_open_with(_i, QUICK);
    for (int i = 1; i <= MODEL_VERSIONS; i++) {
        models[i] = models[i - 1];
        model_step(store, &models[i], &seed);
    }
    if (fixture_shared(_i)) {
        fixture_close(store);
        store = fixture_open_with(_i, QUICK);
    }
    for (int i = 1; i <= MODEL_VERSIONS; i++) {
        model_compare(store, &models[i], models[i].timestamp);
        model_compare(store, &models[i - 1], models[i].timestamp - 1);
    }
    persist_tx *tx = begin_at(store, INT64_MAX - 1);
    persist_row row = {.size = sizeof row};
    assert_status(persist_get(tx, persist_text("a"), &row, fixture_error()), PERSIST_CLOCK);
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

/* ---- what was read once is read again, at the same snapshot and at its timestamp */

#define REMEMBERED 500

struct remembered {
    int64_t at;
    char key[16];
    char value[16]; /* "": absent */
};

struct scribbler {
    pthread_t thread;
    persist_store *store;
    _Atomic bool done;
    unsigned seed;
    persist_status status;
};

static void *scribble(void *context)
{
    struct scribbler *scribbler = context;
    persist_error *error = persist_error_new();
    for (int i = 0; !scribbler->done && scribbler->status == PERSIST_OK; i++) {
        char key[16], value[16];
        persist_tx *tx = NULL;
        snprintf(key, sizeof key, "%d", rand_r(&scribbler->seed) % 50);
        snprintf(value, sizeof value, "%d", i);
        scribbler->status = persist_begin(scribbler->store, NULL, &tx, error);
        if (scribbler->status == PERSIST_OK && i % 4 == 0)
            scribbler->status = persist_delete(tx, persist_text(key), error);
        else if (scribbler->status == PERSIST_OK)
            scribbler->status = persist_put(tx, persist_text(key), persist_text(value), error);
        if (scribbler->status == PERSIST_OK)
            scribbler->status = persist_commit(tx, NULL, error);
        persist_tx_free(tx);
    }
    persist_error_free(error);
    return NULL;
}

static void remember(persist_tx *tx, struct remembered *item, unsigned *seed)
{
    snprintf(item->key, sizeof item->key, "%d", rand_r(seed) % 50);
    const char *value = get(tx, item->key);
    snprintf(item->value, sizeof item->value, "%s", value ? value : "");
    assert_ok(persist_tx_timestamp(tx, &item->at, fixture_error()));
}

static void repeat(persist_tx *tx, const struct remembered *item)
{
    const char *value = get(tx, item->key);
    ck_assert_msg(strcmp(value ? value : "", item->value) == 0, "%s at %" PRId64 ": %s, then %s",
                  item->key, item->at, item->value, value ? value : "absent");
}

START_TEST(reads_repeat)
{
    static struct remembered items[REMEMBERED];
    unsigned seed = proof_seed();
    persist_store *store = fixture_open_with(_i, QUICK);
    struct scribbler scribbler = {.store = store, .seed = seed};
    put_one(store, "0", "first");
    ck_assert_int_eq(pthread_create(&scribbler.thread, NULL, scribble, &scribbler), 0);
    for (int round = 0; round < proof_amount(1, 40); round++)
        for (int i = 0; i < REMEMBERED; i += 10) {
            persist_tx *tx = begin(store);
            for (int k = 0; k < 10; k++)
                remember(tx, &items[i + k], &seed);
            for (int k = 0; k < 10; k++)
                repeat(tx, &items[i + k]);
            persist_tx_free(tx);
            for (int k = 0; k < 10; k++) {
                const struct remembered *item = &items[rand_r(&seed) % (i + 10)];
                tx = begin_at(store, item->at);
                repeat(tx, item);
                persist_tx_free(tx);
            }
        }
    scribbler.done = true;
    pthread_join(scribbler.thread, NULL);
    ck_assert_int_eq(scribbler.status, PERSIST_OK);
    for (int i = 0; i < REMEMBERED; i++) {
        persist_tx *tx = begin_at(store, items[i].at);
        repeat(tx, &items[i]);
        persist_tx_free(tx);
    }
    proof_verify(store, NULL);
    fixture_close(store);
}
END_TEST

static void add(TCase *tcase)
{
    int n = fixture_backends();
    tcase_add_loop_test(tcase, timestamps_are_not_seen_before_their_commit, 0, n);
    tcase_add_loop_test(tcase, commits_are_never_fractured, 0, n);
    tcase_add_loop_test(tcase, fresh_keys_are_never_both_taken, 0, n);
    tcase_add_loop_test(tcase, fresh_keys_of_two_threads, 0, n);
    tcase_add_loop_test(tcase, every_version_can_be_read, 0, n);
    tcase_add_loop_test(tcase, reads_repeat, 0, n);
}

int main(void)
{
    return proof_main("isolation cases", add);
}
