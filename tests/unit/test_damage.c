/* SPDX-License-Identifier: MIT */
/*
 * Damage planted with the engine's own library: every flipped bit, every value in a wrong
 * place and every truncation is reported with namespace, key and timestamp, and never
 * handed out.
 */
#include "tests/unit/fixture.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQLITE 1 /* its number among the backends */

static sqlite3 *engine(void)
{
    char path[160];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/store.db", fixture_folder());
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

static void run_sql(const char *format, ...)
{
    char sql[512], *message = NULL;
    va_list args;
    sqlite3 *db = engine();
    va_start(args, format);
    vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK, "%s: %s", sql, message);
    ck_assert_int_gt(sqlite3_changes(db), 0);
    sqlite3_close(db);
}

static size_t stored_value(int64_t timestamp, unsigned char *out, size_t capacity)
{
    sqlite3 *db = engine();
    sqlite3_stmt *stmt;
    sqlite3_prepare_v2(db, "SELECT value FROM documents WHERE timestamp = ?", -1, &stmt, NULL);
    sqlite3_bind_int64(stmt, 1, timestamp);
    ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
    size_t size = (size_t)sqlite3_column_bytes(stmt, 0);
    ck_assert_uint_le(size, capacity);
    memcpy(out, sqlite3_column_blob(stmt, 0), size);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return size;
}

static void store_value(sqlite3 *db, int64_t timestamp, const unsigned char *value, size_t size)
{
    sqlite3_stmt *stmt;
    sqlite3_prepare_v2(db, "UPDATE documents SET value = ? WHERE timestamp = ?", -1, &stmt, NULL);
    sqlite3_bind_blob(stmt, 1, value, (int)size, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, timestamp);
    ck_assert_int_eq(sqlite3_step(stmt), SQLITE_DONE);
    ck_assert_int_eq(sqlite3_changes(db), 1);
    sqlite3_finalize(stmt);
}

/* Reading the key is damage, by get, scan and history; the rest can be read. */
static void expect_damage(persist_store *store, const char *key, int64_t timestamp)
{
    char when[32];
    persist_row row = {.size = sizeof row};
    persist_cursor *cursor;
    persist_tx *tx = begin(store);
    snprintf(when, sizeof when, "%" PRId64, timestamp);
    assert_status(persist_get(tx, persist_text(key), &row, fixture_error()), PERSIST_DAMAGED);
    assert_message("namespace default");
    assert_message(key);
    assert_message(when);
    assert_ok(persist_history(tx, persist_text(key), &cursor, fixture_error()));
    assert_status(persist_cursor_next(cursor, &row, fixture_error()), PERSIST_DAMAGED);
    assert_message(when);
    ck_assert_str_eq(get(tx, "sound"), "good");
    persist_scan_options options = {.size = sizeof options, .prefix = persist_text(key)};
    assert_ok(persist_scan(tx, &options, &cursor, fixture_error()));
    assert_status(persist_cursor_next(cursor, &row, fixture_error()), PERSIST_DAMAGED);
    assert_message(when);
    persist_tx_free(tx);
}

START_TEST(every_flipped_bit_is_damage)
{
    persist_store *store = fixture_open_with(SQLITE, "durability: process\n");
    unsigned char value[256];
    put_one(store, "sound", "good");
    int64_t timestamp = put_one(store, "hurt", "some value");
    size_t size = stored_value(timestamp, value, sizeof value);
    ck_assert_uint_eq(size, 32 + 10);
    sqlite3 *db = engine();
    for (size_t bit = 0; bit < 8 * size; bit++) {
        value[bit / 8] ^= (unsigned char)(1 << bit % 8);
        store_value(db, timestamp, value, size);
        expect_damage(store, "hurt", timestamp);
        value[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++) {
        store_value(db, timestamp, value, cut);
        expect_damage(store, "hurt", timestamp);
    }
    store_value(db, timestamp, value, size);
    sqlite3_close(db);
    persist_tx *tx = begin(store);
    ck_assert_str_eq(get(tx, "hurt"), "some value");
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(a_value_in_another_place_is_damage)
{
    persist_store *store = fixture_open(SQLITE);
    put_one(store, "sound", "good");
    int64_t old = put_one(store, "hurt", "value 1");
    int64_t new = put_one(store, "hurt", "value 2");
    int64_t other = put_one(store, "other", "value 3");
    const char *move =
        "UPDATE documents SET value = (SELECT value FROM documents WHERE "
        "timestamp = %" PRId64 ") WHERE timestamp = %" PRId64;
    run_sql(move, other, new); /* from another key */
    expect_damage(store, "hurt", new);
    run_sql(move, old, new); /* from another timestamp */
    expect_damage(store, "hurt", new);
    persist_tx *tx = begin_at(store, old);
    ck_assert_str_eq(get(tx, "hurt"), "value 1");
    persist_tx_free(tx);

    assert_ok(persist_namespace_create(store, "second", 0, fixture_error()));
    persist_tx_options options = {.size = sizeof options, .ns = "second"};
    assert_ok(persist_begin(store, &options, &tx, fixture_error()));
    put(tx, "other", "value 3");
    int64_t there = commit(tx);
    run_sql(move, other, there); /* from another namespace */
    persist_row row = {.size = sizeof row};
    assert_ok(persist_begin(store, &options, &tx, fixture_error()));
    assert_status(persist_get(tx, persist_text("other"), &row, fixture_error()), PERSIST_DAMAGED);
    assert_message("namespace second");
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

START_TEST(a_damaged_record_of_the_log_is_found)
{
    persist_store *one = fixture_open(SQLITE), *two = fixture_open(SQLITE);
    put_one(one, "a", "1");
    persist_tx *tx = begin(two);
    ck_assert_str_eq(get(tx, "a"), "1");
    int64_t timestamp = put_one(one, "b", "1");
    run_sql(
        "UPDATE commits SET record = CAST(substr(record, 1, length(record) - 1) AS BLOB) || "
        "x'00' WHERE timestamp = %" PRId64,
        timestamp);
    put(tx, "c", "1");
    commit_fails(tx, PERSIST_DAMAGED);
    assert_message("commit record");
    fixture_close(one);
    fixture_close(two);
}
END_TEST

static void go_back(int64_t gone)
{
    run_sql("BEGIN; DELETE FROM commits WHERE timestamp = %" PRId64
            "; UPDATE clock SET "
            "head = (SELECT max(timestamp) FROM commits WHERE namespace = clock.namespace), "
            "head_digest = (SELECT digest FROM commits WHERE namespace = clock.namespace ORDER BY "
            "timestamp DESC LIMIT 1) WHERE name = 'default'; COMMIT",
            gone);
}

/* The store goes back to where it was: an older copy of the file is put in its place. */
START_TEST(a_store_that_went_back_is_recognised)
{
    persist_store *store = fixture_open(SQLITE);
    put_one(store, "a", "1");
    int64_t gone = put_one(store, "a", "2");
    persist_row row = {.size = sizeof row};
    persist_tx *tx = begin(store), *writer = begin(store);
    ck_assert_str_eq(get(tx, "a"), "2");
    put(writer, "b", "1");
    run_sql("BEGIN; DELETE FROM commits WHERE timestamp = %" PRId64
            "; UPDATE clock SET "
            "head = (SELECT max(timestamp) FROM commits WHERE namespace = clock.namespace), "
            "head_digest = (SELECT digest FROM commits WHERE namespace = clock.namespace ORDER BY "
            "timestamp DESC LIMIT 1) WHERE name = 'default'; COMMIT",
            gone);
    assert_status(persist_get(tx, persist_text("a"), &row, fixture_error()), PERSIST_DIVERGED);
    ck_assert_int_eq(persist_error_dead(fixture_error()), 1);
    persist_tx_free(tx);
    commit_fails(writer, PERSIST_DIVERGED);
    tx = begin(store);
    assert_status(persist_get(tx, persist_text("a"), &row, fixture_error()), PERSIST_DIVERGED);
    persist_tx_free(tx);
    fixture_close(store);
}
END_TEST

/* A transaction read what another process committed, and that is lost: to the very head
 * this process knows, or to another branch. */
START_TEST(what_was_read_must_not_be_lost)
{
    for (int branch = 0; branch < 2; branch++) {
        persist_store *other = fixture_open(SQLITE);
        put_one(other, "a", "1");
        persist_store *store = fixture_open(SQLITE);
        persist_tx *tx = begin(other);
        ck_assert_str_eq(get(tx, "a"), "1");
        put(tx, "a", "2");
        int64_t gone = commit(tx);
        tx = begin(store);
        ck_assert_str_eq(get(tx, "a"), "2");
        put(tx, "b", "1");
        fixture_close(other);
        go_back(gone);
        if (branch) {
            other = fixture_open(SQLITE);
            put_one(other, "c", "3");
            fixture_close(other);
        }
        commit_fails(tx, PERSIST_DIVERGED);
        fixture_close(store);
        char path[160];
        snprintf(path, sizeof path, "%s/store.db", fixture_folder());
        remove(path);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("damage");
    TCase *tcase = tcase_create("damage");
    tcase_add_checked_fixture(tcase, fixture_begin, fixture_end);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, every_flipped_bit_is_damage);
    tcase_add_test(tcase, a_value_in_another_place_is_damage);
    tcase_add_test(tcase, a_damaged_record_of_the_log_is_found);
    tcase_add_test(tcase, a_store_that_went_back_is_recognised);
    tcase_add_test(tcase, what_was_read_must_not_be_lost);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
