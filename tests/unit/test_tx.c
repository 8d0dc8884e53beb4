/* SPDX-License-Identifier: MIT */
/* The blocking interface: reads and writes of one transaction, limits, misuse, time. */
#include "tests/unit/fixture.h"

#include "core/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(put_get_commit)
{
    persist_store *store = fixture_open(_i);
    persist_row row = {.size = sizeof row};
    int64_t before = clock_wall();
    persist_tx *tx = begin(store);
    put(tx, "a", "1");
    assert_ok(persist_get(tx, persist_text("a"), &row, fixture_error()));
    ck_assert_uint_eq(row.flags, PERSIST_ROW_OWN);
    ck_assert_int_eq(row.timestamp, 0);
    int64_t timestamp = commit(tx);
    ck_assert_int_ge(timestamp, before);
    ck_assert_int_le(timestamp, clock_wall());

    tx = begin(store);
    assert_ok(persist_get(tx, persist_text("a"), &row, fixture_error()));
    ck_assert_uint_eq(row.value.size, 1);
    ck_assert_int_eq(row.timestamp, timestamp);
    ck_assert_uint_eq(row.flags, 0);
    ck_assert_uint_eq(row.key.size, 1);
    ck_assert_mem_eq(row.key.data, "a", 1);
    static const unsigned char zeros[12];
    ck_assert_mem_ne(row.tx_id, zeros, sizeof zeros);
    ck_assert_ptr_null(get(tx, "b"));
    int64_t snapshot = commit(tx);
    ck_assert_int_eq(snapshot, timestamp);
    fixture_close(store);
}
END_TEST

START_TEST(empty_value_is_not_absent)
{
    persist_store *store = fixture_open(_i);
    put_one(store, "k", "");
    persist_tx *tx = begin(store);
    ck_assert_str_eq(get(tx, "k"), "");
    del(tx, "k");
    ck_assert_ptr_null(get(tx, "k"));
    commit(tx);
    tx = begin(store);
    ck_assert_ptr_null(get(tx, "k"));
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(rollback_leaves_nothing)
{
    persist_store *store = fixture_open(_i);
    put_one(store, "a", "1");
    persist_tx *tx = begin(store);
    put(tx, "a", "2");
    put(tx, "b", "3");
    assert_ok(persist_rollback(tx, fixture_error()));
    persist_tx_free(tx);
    tx = begin(store);
    ck_assert_str_eq(scan_text(tx, NULL), "a=1");
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(reads_at_past_timestamps)
{
    persist_store *store = fixture_open(_i);
    enum { N = 40 };
    int64_t when[N];
    char value[16];
    for (int i = 0; i < N; i++) {
        snprintf(value, sizeof value, "%d", i);
        when[i] = i % 10 == 9 ? del_one(store, "k") : put_one(store, "k", value);
    }
    for (int i = 0; i < N; i++) {
        persist_tx *tx = begin_at(store, when[i]);
        int64_t effective;
        snprintf(value, sizeof value, "%d", i);
        if (i % 10 == 9)
            ck_assert_ptr_null(get(tx, "k"));
        else
            ck_assert_str_eq(get(tx, "k"), value);
        assert_ok(persist_tx_timestamp(tx, &effective, fixture_error()));
        ck_assert_int_eq(effective, when[i]);
        persist_tx_free(tx);
    }
    persist_tx *tx = begin_at(store, when[0] - 1);
    ck_assert_ptr_null(get(tx, "k"));
    persist_tx_free(tx);
    tx = begin_at(store, 0);
    ck_assert_str_eq(scan_text(tx, NULL), "");
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(at_above_the_head_reads_at_the_head)
{
    persist_store *store = fixture_open(_i);
    int64_t head = put_one(store, "k", "1"), effective;
    persist_tx *tx = begin_at(store, clock_wall());
    ck_assert_str_eq(get(tx, "k"), "1");
    assert_ok(persist_tx_timestamp(tx, &effective, fixture_error()));
    ck_assert_int_eq(effective, head);
    put_one(store, "k", "2");
    ck_assert_str_eq(get(tx, "k"), "1");
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(at_in_the_future_is_refused)
{
    persist_store *store = fixture_open(_i);
    persist_row row = {.size = sizeof row};
    persist_tx *tx = begin_at(store, clock_wall() + 60 * NS_PER_S);
    assert_status(persist_get(tx, persist_text("k"), &row, fixture_error()), PERSIST_CLOCK);
    assert_message("future");
    persist_tx_free(tx);
    persist_tx_options options = {.size = sizeof options, .has_at = 1, .at = -1};
    assert_status(persist_begin(store, &options, &tx, fixture_error()), PERSIST_INVALID);
    assert_message("-1");
    fixture_close(store);
}
END_TEST

START_TEST(history_of_a_key)
{
    persist_store *store = fixture_open(_i);
    int64_t first = put_one(store, "k", "1");
    put_one(store, "k2", "x");
    int64_t gone = del_one(store, "k");
    int64_t last = put_one(store, "k", "3");
    persist_tx *tx = begin(store);
    persist_cursor *cursor;
    persist_row row = {.size = sizeof row};
    put(tx, "k", "own");
    assert_ok(persist_history(tx, persist_text("k"), &cursor, fixture_error()));
    assert_ok(persist_cursor_next(cursor, &row, fixture_error()));
    ck_assert_int_eq(row.timestamp, last);
    ck_assert_mem_eq(row.value.data, "3", 1);
    assert_ok(persist_cursor_next(cursor, &row, fixture_error()));
    ck_assert_int_eq(row.timestamp, gone);
    ck_assert_uint_eq(row.flags, PERSIST_ROW_TOMBSTONE);
    assert_ok(persist_cursor_next(cursor, &row, fixture_error()));
    ck_assert_int_eq(row.timestamp, first);
    assert_status(persist_cursor_next(cursor, &row, fixture_error()), PERSIST_END);
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(history_longer_than_a_page)
{
    persist_store *store = fixture_open_with(_i, "durability: process\n");
    enum { N = 300 };
    int64_t when[N];
    char value[16];
    for (int i = 0; i < N; i++) {
        snprintf(value, sizeof value, "%d", i);
        when[i] = put_one(store, "k", value);
    }
    persist_tx *tx = begin_at(store, when[N - 2]);
    persist_cursor *cursor;
    persist_row row = {.size = sizeof row};
    assert_ok(persist_history(tx, persist_text("k"), &cursor, fixture_error()));
    for (int i = N - 2; i >= 0; i--) {
        assert_ok(persist_cursor_next(cursor, &row, fixture_error()));
        ck_assert_int_eq(row.timestamp, when[i]);
        snprintf(value, sizeof value, "%d", i);
        ck_assert_uint_eq(row.value.size, strlen(value));
        ck_assert_mem_eq(row.value.data, value, row.value.size);
    }
    assert_status(persist_cursor_next(cursor, &row, fixture_error()), PERSIST_END);
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(keys_at_their_bounds)
{
    persist_store *store = fixture_open(_i);
    persist_row row = {.size = sizeof row};
    char big[2049];
    memset(big, 0xFF, sizeof big);
    persist_tx *tx = begin(store);
    persist_bytes value = persist_text("v");
    assert_status(persist_put(tx, persist_text(""), value, fixture_error()), PERSIST_INVALID);
    assert_message("empty");
    assert_status(persist_get(tx, persist_text(NULL), &row, fixture_error()), PERSIST_INVALID);
    assert_ok(persist_put(tx, (persist_bytes){big, 2048}, value, fixture_error()));
    assert_status(persist_put(tx, (persist_bytes){big, 2049}, value, fixture_error()),
                  PERSIST_LIMIT);
    assert_message("2049");
    assert_ok(persist_put(tx, (persist_bytes){"\0", 1}, value, fixture_error()));
    assert_ok(persist_put(tx, (persist_bytes){"a\0b", 3}, value, fixture_error()));
    assert_ok(persist_put(tx, (persist_bytes){"a", 1}, value, fixture_error()));
    commit(tx);
    tx = begin(store);
    assert_ok(persist_get(tx, (persist_bytes){big, 2048}, &row, fixture_error()));
    assert_ok(persist_get(tx, (persist_bytes){"a\0b", 3}, &row, fixture_error()));
    persist_cursor *cursor;
    static const size_t sizes[] = {1, 1, 3, 2048};
    assert_ok(persist_scan(tx, NULL, &cursor, fixture_error()));
    for (int i = 0; i < 4; i++) {
        assert_ok(persist_cursor_next(cursor, &row, fixture_error()));
        ck_assert_uint_eq(row.key.size, sizes[i]);
    }
    persist_scan_options ones = {.size = sizeof ones, .prefix = {big, 3}};
    uint64_t count;
    assert_ok(persist_count(tx, &ones, &count, fixture_error()));
    ck_assert_uint_eq(count, 1);
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(limits_are_named_and_leave_the_transaction_usable)
{
    persist_store *store = fixture_open_with(_i,
                                             "transaction: { max_writes: 3, max_bytes: 4KiB }\n"
                                             "values: { max_bytes: 2KiB, compression: none }\n");
    char *big = calloc(1, 4096);
    persist_tx *tx = begin(store);
    persist_bytes key = persist_text("k");
    assert_ok(persist_put(tx, key, (persist_bytes){big, 2048}, fixture_error()));
    assert_status(persist_put(tx, key, (persist_bytes){big, 2049}, fixture_error()), PERSIST_LIMIT);
    assert_message("values.max_bytes");
    put(tx, "l", "1");
    assert_status(persist_put(tx, persist_text("m"), (persist_bytes){big, 2048}, fixture_error()),
                  PERSIST_LIMIT);
    assert_message("transaction.max_bytes");
    put(tx, "m", "1");
    assert_status(persist_put(tx, persist_text("n"), persist_text("1"), fixture_error()),
                  PERSIST_LIMIT);
    assert_message("transaction.max_writes");
    put(tx, "m", "2");
    ck_assert_int_eq(persist_error_dead(fixture_error()), 0);
    commit(tx);
    tx = begin(store);
    ck_assert_str_eq(get(tx, "m"), "2");
    persist_tx_free(tx);
    free(big);
    fixture_close(store);
}
END_TEST

START_TEST(misuse_is_told)
{
    persist_store *store = fixture_open(_i);
    persist_row row = {.size = sizeof row};
    persist_cursor *cursor;
    put_one(store, "a", "1");
    persist_tx *tx = begin(store);
    assert_ok(persist_scan(tx, NULL, &cursor, fixture_error()));
    assert_status(persist_close(store, fixture_error()), PERSIST_MISUSE);
    assert_message("1 transaction");
    put(tx, "b", "2");
    assert_ok(persist_commit(tx, NULL, fixture_error()));
    assert_status(persist_commit(tx, NULL, fixture_error()), PERSIST_MISUSE);
    assert_message("was committed");
    assert_status(persist_put(tx, persist_text("c"), persist_text("3"), fixture_error()),
                  PERSIST_MISUSE);
    assert_status(persist_get(tx, persist_text("a"), &row, fixture_error()), PERSIST_MISUSE);
    assert_status(persist_cursor_next(cursor, &row, fixture_error()), PERSIST_MISUSE);
    assert_status(persist_rollback(tx, fixture_error()), PERSIST_MISUSE);
    assert_status(persist_scan(tx, NULL, &cursor, fixture_error()), PERSIST_MISUSE);
    persist_tx_free(tx);
    tx = begin(store);
    assert_ok(persist_rollback(tx, fixture_error()));
    assert_status(persist_delete(tx, persist_text("a"), fixture_error()), PERSIST_MISUSE);
    assert_message("rolled back");
    persist_tx_free(tx);
    assert_status(persist_get(NULL, persist_text("a"), &row, fixture_error()), PERSIST_MISUSE);
    fixture_close(store);
}
END_TEST

/* Bytes that were handed out may be handed in again. */
START_TEST(borrowed_bytes_are_keys_too)
{
    persist_store *store = fixture_open(_i);
    persist_row row = {.size = sizeof row};
    put_one(store, "a", "b");
    put_one(store, "b", "c");
    put_one(store, "c", "end");
    persist_tx *tx = begin(store);
    assert_ok(persist_get(tx, persist_text("a"), &row, fixture_error()));
    assert_ok(persist_get(tx, row.value, &row, fixture_error()));
    ck_assert_mem_eq(row.value.data, "c", 1);
    assert_ok(persist_get_many(tx, &row.value, 1, &row, fixture_error()));
    ck_assert_mem_eq(row.value.data, "end", 3);
    assert_ok(persist_get(tx, row.key, &row, fixture_error()));
    ck_assert_mem_eq(row.value.data, "end", 3);
    assert_ok(persist_put(tx, row.key, row.value, fixture_error()));
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(options_are_checked)
{
    persist_store *store = fixture_open(_i), *other;
    persist_error *error = fixture_error();
    persist_tx *tx;
    persist_cursor *cursor;
    persist_tx_options begin_options = {.flags = PERSIST_TX_READ_ONLY};
    assert_status(persist_begin(store, &begin_options, &tx, error), PERSIST_INVALID);
    assert_message("sizeof");
    begin_options = (persist_tx_options){.size = sizeof begin_options, .flags = 0x800};
    assert_status(persist_begin(store, &begin_options, &tx, error), PERSIST_INVALID);
    assert_message("0x800");
    tx = begin(store);
    persist_scan_options scan = {.limit = 1};
    assert_status(persist_scan(tx, &scan, &cursor, error), PERSIST_INVALID);
    assert_status(persist_guard_range(tx, persist_text("b"), persist_text("a"), 0, error),
                  PERSIST_INVALID);
    persist_tx_free(tx);
    fixture_close(store);
    persist_store_options open = {.size = sizeof open,
                                  .flags = PERSIST_STORE_CREATE | PERSIST_STORE_READ_ONLY};
    assert_status(persist_open_url(fixture_url(_i), &open, &other, error), PERSIST_INVALID);
    open.flags = PERSIST_STORE_CREATE;
    open.ns = "_mine";
    assert_status(persist_open_url(fixture_url(_i), &open, &other, error), PERSIST_INVALID);
    open.flags = PERSIST_STORE_READ_ONLY;
    open.ns = NULL;
    assert_ok(persist_open_url(fixture_url(_i), &open, &other, error));
    assert_status(persist_namespace_create(other, "n", 0, error), PERSIST_MISUSE);
    fixture_close(other);
}
END_TEST

START_TEST(the_stores_own_namespace_can_be_made_anew)
{
    persist_store *store = fixture_open(_i);
    put_one(store, "a", "1");
    assert_ok(persist_namespace_drop(store, "default", fixture_error()));
    persist_tx *tx;
    assert_status(persist_begin(store, NULL, &tx, fixture_error()), PERSIST_NOT_FOUND);
    assert_ok(persist_namespace_create(store, "default", 0, fixture_error()));
    tx = begin(store);
    ck_assert_ptr_null(get(tx, "a"));
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(transactions_grow_old)
{
    persist_store *store = fixture_open_with(_i, "transaction: { max_age: 1s }\n");
    persist_tx *tx = begin(store);
    int64_t until = clock_monotonic() + NS_PER_S;
    put(tx, "a", "1");
    while (clock_monotonic() <= until)
        clock_sleep(50 * NS_PER_MS); /* the very thing: let it grow old */
    assert_status(persist_commit(tx, NULL, fixture_error()), PERSIST_LIMIT);
    assert_message("transaction.max_age");
    assert_ok(persist_rollback(tx, fixture_error()));
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(read_only_refuses_writes)
{
    persist_store *store = fixture_open(_i);
    persist_tx_options options = {.size = sizeof options, .flags = PERSIST_TX_READ_ONLY};
    persist_tx *tx;
    put_one(store, "a", "1");
    assert_ok(persist_begin(store, &options, &tx, fixture_error()));
    assert_status(persist_put(tx, persist_text("a"), persist_text("2"), fixture_error()),
                  PERSIST_MISUSE);
    assert_message("read-only");
    ck_assert_str_eq(get(tx, "a"), "1");
    put_one(store, "a", "2");
    ck_assert_str_eq(get(tx, "a"), "1");
    commit(tx);
    fixture_close(store);
}
END_TEST

START_TEST(begin_now_fixes_the_snapshot)
{
    persist_store *store = fixture_open(_i);
    put_one(store, "a", "1");
    persist_tx_options now = {.size = sizeof now, .flags = PERSIST_TX_NOW};
    persist_tx *fixed, *open = begin(store);
    assert_ok(persist_begin(store, &now, &fixed, fixture_error()));
    put_one(store, "a", "2");
    ck_assert_str_eq(get(fixed, "a"), "1");
    ck_assert_str_eq(get(open, "a"), "2");
    persist_tx_free(fixed);
    persist_tx_free(open);
    fixture_close(store);
}
END_TEST

START_TEST(timestamps_rise_whatever_the_clock_does)
{
    persist_store *store = fixture_open(_i);
    static const int64_t shifts[] = {0, -86400, 0, 3600, -86400, 31536000, 0};
    int64_t last = 0, when[7];
    char value[8];
    for (int i = 0; i < 7; i++) {
        clock_shift_wall(shifts[i] * NS_PER_S);
        snprintf(value, sizeof value, "%d", i);
        persist_tx *tx = begin(store);
        put(tx, "k", value);
        persist_status status = persist_commit(tx, &when[i], fixture_error());
        persist_tx_free(tx);
        if (shifts[i] > 0 && status == PERSIST_CLOCK) {
            /* The engine's clock did not move with ours: nothing may be written. */
            assert_message("clock");
            when[i] = 0;
            continue;
        }
        assert_ok(status);
        ck_assert_int_gt(when[i], last);
        last = when[i];
    }
    clock_shift_wall(0);
    for (int i = 0; i < 7; i++) {
        if (!when[i])
            continue;
        persist_tx *tx = begin_at(store, when[i]);
        snprintf(value, sizeof value, "%d", i);
        ck_assert_str_eq(get(tx, "k"), value);
        persist_tx_free(tx);
    }
    fixture_close(store);
}
END_TEST

START_TEST(handles_do_not_pass_a_fork)
{
    persist_store *store = fixture_open(_i);
    persist_tx *tx = begin(store), *other;
    put(tx, "a", "1");
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        persist_row row = {.size = sizeof row};
        bool good = persist_get(tx, persist_text("a"), &row, NULL) == PERSIST_FORKED &&
                    persist_commit(tx, NULL, NULL) == PERSIST_FORKED &&
                    persist_begin(store, NULL, &other, fixture_error()) == PERSIST_FORKED &&
                    strstr(persist_error_message(fixture_error()), "parent");
        persist_tx_free(tx);
        good = good && persist_close(store, NULL) == PERSIST_OK;
        _exit(good ? 0 : 1);
    }
    int result;
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert_int_eq(result, 0);
    commit(tx);
    fixture_close(store);
}
END_TEST

static persist_status count_up(persist_tx *tx, void *context, persist_error *error)
{
    persist_row row = {.size = sizeof row};
    int *tries = context, value = 0;
    char text[16];
    persist_status status = persist_get(tx, persist_text("n"), &row, error);
    if (status == PERSIST_OK)
        value = atoi(memcpy(text, row.value.data, row.value.size < 15 ? row.value.size + 1 : 15));
    else if (status != PERSIST_NOT_FOUND)
        return status;
    ++*tries;
    snprintf(text, sizeof text, "%d", value + 1);
    return persist_put(tx, persist_text("n"), (persist_bytes){text, strlen(text) + 1}, error);
}

struct interfered {
    persist_store *store;
    int tries;
    int conflicts;
};

static persist_status interfere(persist_tx *tx, void *context, persist_error *error)
{
    struct interfered *state = context;
    persist_status status = count_up(tx, &state->tries, error);
    if (state->tries <= state->conflicts)
        put_one(state->store, "n", "0");
    return status;
}

START_TEST(run_tries_again_after_a_conflict)
{
    persist_store *store = fixture_open_with(_i, "transaction: { max_retries: 3 }\n");
    int tries = 0;
    assert_ok(persist_run(store, NULL, count_up, &tries, NULL, fixture_error()));
    ck_assert_int_eq(tries, 1);
    struct interfered state = {.store = store, .conflicts = 3};
    assert_ok(persist_run(store, NULL, interfere, &state, NULL, fixture_error()));
    ck_assert_int_eq(state.tries, 4);
    state = (struct interfered){.store = store, .conflicts = 100};
    assert_status(persist_run(store, NULL, interfere, &state, NULL, fixture_error()),
                  PERSIST_CONFLICT);
    ck_assert_int_eq(state.tries, 4);
    assert_message("key n");
    fixture_close(store);
}
END_TEST

static persist_status give_up(persist_tx *tx, void *context, persist_error *error)
{
    (void)context, (void)error;
    put(tx, "gone", "1");
    return PERSIST_PRECONDITION;
}

START_TEST(run_passes_on_what_the_function_says)
{
    persist_store *store = fixture_open(_i);
    assert_status(persist_run(store, NULL, give_up, NULL, NULL, fixture_error()),
                  PERSIST_PRECONDITION);
    persist_tx *tx = begin(store);
    ck_assert_ptr_null(get(tx, "gone"));
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

static persist_status collect_names(void *context, const char *name, uint32_t id, uint32_t state)
{
    (void)id, (void)state;
    strcat(strcat(context, name), " ");
    return PERSIST_OK;
}

START_TEST(namespaces)
{
    persist_store *store = fixture_open(_i);
    persist_error *error = fixture_error();
    char names[256] = "";
    assert_ok(persist_namespace_create(store, "other", -1, error));
    assert_status(persist_namespace_create(store, "other", -1, error), PERSIST_EXISTS);
    assert_status(persist_namespace_create(store, "_mine", -1, error), PERSIST_INVALID);
    assert_status(persist_namespace_create(store, "Big", -1, error), PERSIST_INVALID);
    assert_status(persist_namespace_create(store, "", -1, error), PERSIST_INVALID);
    assert_ok(persist_namespace_list(store, collect_names, names, error));
    ck_assert_str_eq(names, "default other ");
    persist_tx_options options = {.size = sizeof options, .ns = "other"};
    persist_tx *tx, *stale;
    assert_ok(persist_begin(store, &options, &tx, error));
    put(tx, "k", "in other");
    commit(tx);
    tx = begin(store);
    ck_assert_ptr_null(get(tx, "k"));
    persist_tx_free(tx);
    assert_ok(persist_begin(store, &options, &stale, error));
    ck_assert_str_eq(get(stale, "k"), "in other");
    assert_ok(persist_namespace_drop(store, "other", error));
    assert_status(persist_namespace_drop(store, "other", error), PERSIST_NOT_FOUND);
    persist_row row = {.size = sizeof row};
    assert_status(persist_get(stale, persist_text("k"), &row, error), PERSIST_NOT_FOUND);
    persist_tx_free(stale);
    options.ns = "missing";
    assert_status(persist_begin(store, &options, &tx, error), PERSIST_NOT_FOUND);
    assert_message("namespace create missing");
    assert_ok(persist_namespace_create(store, "other", 0, error));
    options.ns = "other";
    assert_ok(persist_begin(store, &options, &tx, error));
    ck_assert_str_eq(scan_text(tx, NULL), "");
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(health_writes_and_reads)
{
    persist_store *store = fixture_open(_i);
    persist_health_report report = {.size = sizeof report};
    for (int i = 0; i < 2; i++) {
        assert_ok(persist_health(store, &report, fixture_error()));
        ck_assert_int_gt(report.write_ns, 0);
        ck_assert_int_gt(report.read_ns, 0);
        ck_assert_int_gt(report.timestamp, 0);
    }
    persist_tx *tx = begin(store);
    ck_assert_str_eq(scan_text(tx, NULL), "");
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(head_tells_the_clock)
{
    persist_store *store = fixture_open(_i);
    persist_head_info head = {.size = sizeof head};
    assert_ok(persist_head(store, NULL, &head, fixture_error()));
    ck_assert_int_eq(head.head, 0);
    int64_t timestamp = put_one(store, "a", "1");
    del_one(store, "a");
    timestamp = put_one(store, "b", "1");
    assert_ok(persist_head(store, NULL, &head, fixture_error()));
    ck_assert_int_eq(head.head, timestamp);
    ck_assert_uint_eq(head.versions, 3);
    ck_assert_int_eq(head.clock_lead, 0);
    ck_assert_uint_eq(head.size, sizeof head);
    fixture_close(store);
}
END_TEST

START_TEST(values_of_all_sizes)
{
    persist_store *store = fixture_open(_i);
    static const size_t sizes[] = {0, 1, 1023, 1024, 1025, 65536, 8388608};
    unsigned char *value = malloc(8388608);
    persist_row row = {.size = sizeof row};
    for (int random = 0; random < 2; random++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            for (size_t b = 0; b < sizes[i]; b++)
                value[b] = (unsigned char)(random ? rand() : 'a' + (int)(b % 7));
            persist_tx *tx = begin(store);
            persist_bytes key = persist_text("k"), bytes = {value, sizes[i]};
            assert_ok(persist_put(tx, key, bytes, fixture_error()));
            assert_ok(persist_get(tx, key, &row, fixture_error()));
            ck_assert(row.value.size == sizes[i] && !memcmp(row.value.data, value, sizes[i]));
            commit(tx);
            tx = begin(store);
            assert_ok(persist_get(tx, key, &row, fixture_error()));
            ck_assert(row.value.size == sizes[i] && !memcmp(row.value.data, value, sizes[i]));
            persist_tx_free(tx);
        }
    free(value);
    fixture_close(store);
}
END_TEST

/* Data outlive the handle, whatever the backend promises to keep. */
START_TEST(data_stay)
{
    if (!fixture_shared(_i))
        return;
    persist_store *store = fixture_open(_i);
    int64_t timestamp = put_one(store, "a", "1");
    put_one(store, "a", "2");
    fixture_close(store);
    store = NULL;
    assert_ok(persist_open_url(fixture_url(_i), NULL, &store, fixture_error()));
    persist_tx *tx = begin_at(store, timestamp);
    ck_assert_str_eq(get(tx, "a"), "1");
    persist_tx_free(tx);
    tx = begin(store);
    ck_assert_str_eq(get(tx, "a"), "2");
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(open_says_what_is_missing)
{
    persist_store *store = NULL;
    persist_error *error = fixture_error();
    assert_status(persist_open_url("nosuch:x", NULL, &store, error), PERSIST_PLUGIN_REFUSED);
    assert_message("persist_nosuch.so");
    if (fixture_shared(_i)) {
        assert_status(persist_open_url(fixture_url(_i), NULL, &store, error), PERSIST_NOT_FOUND);
        assert_message("persist init");
    }
    persist_store_options options = {.size = sizeof options, .ns = "Bad Name"};
    options.flags = PERSIST_STORE_CREATE;
    assert_status(persist_open_url(fixture_url(_i), &options, &store, error), PERSIST_INVALID);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transactions");
    TCase *tcase = tcase_create("blocking");
    int n = fixture_backends();
    tcase_add_checked_fixture(tcase, fixture_begin, fixture_end);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, put_get_commit, 0, n);
    tcase_add_loop_test(tcase, empty_value_is_not_absent, 0, n);
    tcase_add_loop_test(tcase, rollback_leaves_nothing, 0, n);
    tcase_add_loop_test(tcase, reads_at_past_timestamps, 0, n);
    tcase_add_loop_test(tcase, at_above_the_head_reads_at_the_head, 0, n);
    tcase_add_loop_test(tcase, at_in_the_future_is_refused, 0, n);
    tcase_add_loop_test(tcase, history_of_a_key, 0, n);
    tcase_add_loop_test(tcase, history_longer_than_a_page, 0, n);
    tcase_add_loop_test(tcase, keys_at_their_bounds, 0, n);
    tcase_add_loop_test(tcase, limits_are_named_and_leave_the_transaction_usable, 0, n);
    tcase_add_loop_test(tcase, misuse_is_told, 0, n);
    tcase_add_loop_test(tcase, borrowed_bytes_are_keys_too, 0, n);
    tcase_add_loop_test(tcase, options_are_checked, 0, n);
    tcase_add_loop_test(tcase, the_stores_own_namespace_can_be_made_anew, 0, n);
    tcase_add_loop_test(tcase, transactions_grow_old, 0, n);
    tcase_add_loop_test(tcase, read_only_refuses_writes, 0, n);
    tcase_add_loop_test(tcase, begin_now_fixes_the_snapshot, 0, n);
    tcase_add_loop_test(tcase, timestamps_rise_whatever_the_clock_does, 0, n);
    tcase_add_loop_test(tcase, handles_do_not_pass_a_fork, 0, n);
    tcase_add_loop_test(tcase, run_tries_again_after_a_conflict, 0, n);
    tcase_add_loop_test(tcase, run_passes_on_what_the_function_says, 0, n);
    tcase_add_loop_test(tcase, namespaces, 0, n);
    tcase_add_loop_test(tcase, health_writes_and_reads, 0, n);
    tcase_add_loop_test(tcase, head_tells_the_clock, 0, n);
    tcase_add_loop_test(tcase, values_of_all_sizes, 0, n);
    tcase_add_loop_test(tcase, data_stay, 0, n);
    tcase_add_loop_test(tcase, open_says_what_is_missing, 0, n);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
