/* SPDX-License-Identifier: MIT */
/* The same random history on the memory backend and on SQLite: the same answers. */
#include "tests/unit/plugin_host.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fixture sides[2];
static struct log logs[2];
static uint64_t state;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t below(uint64_t n)
{
    return next_random() % n;
}

/* Keys from few bytes, so that they collide and are prefixes of each other. */
static persist_bytes random_key(char bytes[8])
{
    static const char alphabet[] = {'\0', 'a', '\xff', 'b'};
    size_t size = 1 + below(3);

    for (size_t i = 0; i < size; i++)
        bytes[i] = alphabet[below(sizeof(alphabet))];
    return (persist_bytes){bytes, size};
}

static int64_t random_time(void)
{
    return below(4) == 0 ? PERSIST_NEWEST : (int64_t)below((uint64_t)logs[0].clock.head + 10);
}

#define MOST 6

/* A batch of distinct (key, timestamp). Loading takes timestamps far back. */
static size_t random_batch(persist_version versions[MOST], char keys[MOST][8], int64_t head,
                           bool loading)
{
    size_t count = below(MOST + 1);
    int64_t at = loading ? 0 : logs[0].clock.head;

    for (size_t i = 0; i < count; i++) {
        int64_t room = head - at - (int64_t)(count - i);

        at += 1 + (room > 0 ? (int64_t)below((uint64_t)room + 1) : 0);
        if (at > head)
            return i;
        versions[i] = (persist_version){.key = random_key(keys[i]), .timestamp = at};
        if (below(5) == 0)
            versions[i].flags = PERSIST_VERSION_TOMBSTONE;
        else
            versions[i].value = (persist_bytes){"abcdefghijklmnopqrstuvwxyz", below(27)};
    }
    return count;
}

static void random_append(uint32_t flags)
{
    persist_version versions[MOST];
    char keys[MOST][8];
    char record[32];
    int64_t head = logs[0].clock.head + MOST + 2 + (int64_t)below(20);
    size_t count = random_batch(versions, keys, head, flags != 0);
    persist_status first, second;

    sprintf(record, "record %lld", (long long)head);
    if (below(10) == 0) /* sometimes a writer that is behind */
        logs[0].clock.head = logs[1].clock.head -= 1;
    first = log_append(&sides[0], &logs[0], flags, head, versions, count, record);
    second = log_append(&sides[1], &logs[1], flags, head, versions, count, record);
    ck_assert_msg(first == second, "%d (%s), %d (%s)", (int)first, sides[0].error.text, (int)second,
                  sides[1].error.text);
    for (int i = 0; i < 2 && first != PERSIST_OK; i++)
        ck_assert_int_eq(sides[i].ops->head(&sides[i].call, sides[i].session, logs[i].ns,
                                            &logs[i].clock, NULL, NULL),
                         PERSIST_OK);
}

static void compare_rows(struct rows rows[2])
{
    ck_assert_str_eq(rows[0].text != NULL ? rows[0].text : "",
                     rows[1].text != NULL ? rows[1].text : "");
    rows_clear(&rows[0]);
    rows_clear(&rows[1]);
}

static void random_read(void)
{
    char bytes[8];
    persist_bytes key = random_key(bytes);
    int64_t at = random_time();
    char first[200];

    snprintf(first, sizeof(first), "%s", read_one(&sides[0], logs[0].ns, key, at));
    ck_assert_str_eq(read_one(&sides[1], logs[1].ns, key, at), first);
}

static void random_scan(void)
{
    char from[8], to[8], after[8];
    struct rows rows[2] = {{0}, {0}};
    persist_anchor anchors[2][2] = {{{.at = random_time()}, {.at = 0}}};
    persist_scan_range range = {.size = sizeof(range),
                                .flags = (uint32_t)below(16),
                                .timestamp = random_time(),
                                .max_rows = below(3) == 0 ? below(10) : 0,
                                .max_bytes = below(3) == 0 ? below(100) : 0,
                                .n_anchors = 2};
    int more[2];

    if (below(2) == 0)
        range.from = random_key(from);
    if (below(2) == 0)
        range.to = random_key(to);
    if (below(3) == 0) {
        range.after_key = random_key(after);
        range.after_timestamp = below(2) == 0 ? (int64_t)below(400) : 0;
    }
    memcpy(anchors[1], anchors[0], sizeof(anchors[0]));
    for (int i = 0; i < 2; i++) {
        range.ns = logs[i].ns;
        range.anchors = anchors[i];
        ck_assert_int_eq(scan(&sides[i], &rows[i], &range, &more[i]), PERSIST_OK);
    }
    ck_assert_int_eq(more[0], more[1]);
    ck_assert_mem_eq(anchors[0], anchors[1], sizeof(anchors[0]));
    compare_rows(rows);
}

static void random_changes(void)
{
    struct rows rows[2] = {{0}, {0}};
    persist_changes changes = {.size = sizeof(changes),
                               .after = (int64_t)below((uint64_t)logs[0].clock.head + 1),
                               .max_records = below(10)};
    int more[2];

    for (int i = 0; i < 2; i++) {
        persist_clock clock = {.size = sizeof(clock)};

        changes.ns = logs[i].ns;
        ck_assert_int_eq(sides[i].ops->changes(&sides[i].call, sides[i].session, &changes, &clock,
                                               rows_take_record, &rows[i], &more[i]),
                         PERSIST_OK);
        ck_assert_int_eq(clock.head, logs[0].clock.head);
    }
    ck_assert_int_eq(more[0], more[1]);
    compare_rows(rows);
}

static void compare_everything(void)
{
    for (uint32_t flags = 0; flags < 16; flags++) {
        struct rows rows[2] = {{0}, {0}};
        int more;

        for (int i = 0; i < 2; i++) {
            persist_scan_range range = {.size = sizeof(range),
                                        .ns = logs[i].ns,
                                        .flags = flags,
                                        .timestamp = PERSIST_NEWEST};

            ck_assert_int_eq(scan(&sides[i], &rows[i], &range, &more), PERSIST_OK);
        }
        ck_assert_uint_eq(rows[0].count, rows[1].count);
        compare_rows(rows);
    }
}

static void run(persist_state start, int rounds)
{
    uint32_t flags = start == PERSIST_STATE_LOADING ? PERSIST_APPEND_LOAD : 0;

    for (int i = 0; i < 2; i++)
        logs[i] = log_make(&sides[i], start == PERSIST_STATE_LOADING ? "load" : "open", start);
    for (int i = 0; i < rounds; i++) {
        switch (below(6)) {
        case 0:
        case 1:
            random_append(flags);
            break;
        case 2:
        case 3:
            random_scan();
            break;
        case 4:
            random_read();
            break;
        default:
            random_changes();
        }
    }
    compare_everything();
}

START_TEST(the_same_history_gives_the_same_answers)
{
    state = 0x9e3779b97f4a7c15u * (uint64_t)(_i + 1);
    fixture_open(&sides[0], VARIANT_MEMORY);
    fixture_open(&sides[1], _i % 2 == 0 ? VARIANT_SQLITE : VARIANT_SQLITE_MEMORY);
    run(PERSIST_STATE_OPEN, 2000);
    run(PERSIST_STATE_LOADING, 800);
    fixture_close(&sides[0]);
    fixture_remove(&sides[0]);
    fixture_close_and_remove(&sides[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plugin_random");
    TCase *all = tcase_create("memory against sqlite");
    SRunner *runner;
    int failed;

    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, the_same_history_gives_the_same_answers, 0, 6);
    suite_add_tcase(suite, all);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
