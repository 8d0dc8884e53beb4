/* SPDX-License-Identifier: MIT */
/* Versions, scans, the log and appends: on every backend alike. */
#include "tests/unit/plugin_host.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fixture f;
static struct log l;

static void open_log(int variant)
{
    fixture_open(&f, (enum variant)variant);
    l = log_make(&f, "a", PERSIST_STATE_OPEN);
}

static void expect_scan(persist_scan_range range, const char *wanted, int wanted_more)
{
    struct rows rows = {0};
    int more = -1;

    range.size = sizeof(range);
    range.ns = l.ns;
    if (range.timestamp == 0)
        range.timestamp = PERSIST_NEWEST;
    ck_assert_int_eq(scan(&f, &rows, &range, &more), PERSIST_OK);
    ck_assert_str_eq(rows.text, wanted);
    ck_assert_int_eq(more, wanted_more);
    rows_clear(&rows);
}

/* a: 10 put, 20 put, 30 gone; b: 20 put; c: 10 put, 30 put; d: 30 gone */
static void fill(void)
{
    persist_version at10[] = {put("a", 10, "a1"), put("c", 10, "c1")};
    persist_version at20[] = {put("a", 20, "a2"), put("b", 20, "")};
    persist_version at30[] = {gone("a", 30), put("c", 30, "c3"), gone("d", 30)};

    ck_assert_int_eq(log_append(&f, &l, 0, 10, at10, 2, "r10"), PERSIST_OK);
    ck_assert_int_eq(log_append(&f, &l, 0, 20, at20, 2, "r20"), PERSIST_OK);
    ck_assert_int_eq(log_append(&f, &l, 0, 30, at30, 3, "r30"), PERSIST_OK);
}

/* ---- reading */

START_TEST(newest_at_or_below)
{
    open_log(_i);
    fill();
    static const struct {
        const char *key;
        int64_t at;
        const char *wanted;
    } reads[] = {{"a", 9, ""},          {"a", 10, "a@10=a1"}, {"a", 19, "a@10=a1"},
                 {"a", 20, "a@20=a2"},  {"a", 29, "a@20=a2"}, {"a", 30, "a@30=!"},
                 {"a", 1000, "a@30=!"}, {"b", 19, ""},        {"b", PERSIST_NEWEST, "b@20="},
                 {"d", 29, ""},         {"e", 30, ""},        {"aa", 30, ""},
                 {"a", 0, ""},          {"a", INT64_MIN, ""}};
    for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
        ck_assert_str_eq(
            read_one(&f, l.ns, (persist_bytes){reads[i].key, strlen(reads[i].key)}, reads[i].at),
            reads[i].wanted);
    fixture_close_and_remove(&f);
}
END_TEST

static persist_status take_index(void *context, const persist_version *version)
{
    uint32_t *seen = context;

    ck_assert_uint_lt(version->index, 4);
    *seen |= 1u << version->index;
    return PERSIST_OK;
}

START_TEST(many_keys_and_anchors_in_one_reply)
{
    persist_read_key keys[] = {{B("c"), 10}, {B("zz"), 30}, {B("c"), 30}, {B("a"), 5}};
    persist_anchor anchors[] = {{.at = 9}, {.at = 10}, {.at = 29}, {.at = PERSIST_NEWEST}};
    persist_read read = {sizeof(read), 0, keys, 4, anchors, 4};
    persist_clock clock = {.size = sizeof(clock)};
    uint32_t seen = 0;

    open_log(_i);
    fill();
    read.ns = l.ns;
    ck_assert_int_eq(f.ops->read(&f.call, f.session, &read, &clock, take_index, &seen), PERSIST_OK);
    ck_assert_uint_eq(seen, 0x5);
    ck_assert_int_eq(clock.head, 30);
    ck_assert_int_eq(anchors[0].timestamp, 0);
    ck_assert_int_eq(anchors[0].digest.bytes[3], 0);
    ck_assert_int_eq(anchors[1].timestamp, 10);
    ck_assert_int_eq(anchors[2].timestamp, 20);
    ck_assert_int_eq(anchors[3].timestamp, 30);
    ck_assert_mem_eq(&anchors[3].digest, &clock.head_digest, 16);
    ck_assert_mem_ne(&anchors[2].digest, &clock.head_digest, 16);
    read.n_keys = 0;
    ck_assert_int_eq(f.ops->read(&f.call, f.session, &read, &clock, take_index, &seen), PERSIST_OK);
    read.ns = 99;
    ck_assert_int_eq(f.ops->read(&f.call, f.session, &read, &clock, take_index, &seen),
                     PERSIST_NOT_FOUND);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(callback_ends_the_read)
{
    persist_read_key keys[] = {{B("b"), 30}, {B("c"), 30}};
    persist_read read = {.size = sizeof(read), .keys = keys, .n_keys = 2};
    struct rows rows = {.stop_after = 1};

    open_log(_i);
    fill();
    read.ns = l.ns;
    ck_assert_int_eq(f.ops->read(&f.call, f.session, &read, NULL, rows_take, &rows), PERSIST_END);
    ck_assert_uint_eq(rows.count, 1);
    rows_clear(&rows);
    log_put(&f, &l, "x", 31, "still writable");
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(long_histories)
{
    char value[20];
    char wanted[60];

    open_log(_i);
    for (int64_t t = 1; t <= 300; t++) {
        sprintf(value, "v%d", (int)t);
        log_put(&f, &l, "k", 10 * t, value);
    }
    for (int64_t t = 0; t < 3020; t += 7) {
        sprintf(wanted, "k@%d=v%d", (int)(t / 10 * 10), (int)(t / 10));
        if (t >= 3000)
            strcpy(wanted, "k@3000=v300");
        ck_assert_str_eq(read_one(&f, l.ns, B("k"), t), t < 10 ? "" : wanted);
    }
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- keys */

START_TEST(keys_in_unsigned_byte_order)
{
    static char longest[2048];
    static char above[2049];
    persist_version versions[] = {
        {.key = B("\xff\xff"), .timestamp = 1}, {.key = B("\0"), .timestamp = 1},
        {.key = B("a"), .timestamp = 1},        {.key = B("\xff"), .timestamp = 1},
        {.key = B("a\0"), .timestamp = 1},      {.key = B("A"), .timestamp = 1},
        {.key = B("\0\0"), .timestamp = 1},     {.key = B("a%_\\'\""), .timestamp = 1},
        {.key = B("\x7f"), .timestamp = 1},     {.key = B("\x80"), .timestamp = 1},
        {.key = B("a "), .timestamp = 1},       {.key = {longest, 2048}, .timestamp = 1}};
    struct rows rows = {0};
    int more;

    memset(longest, 0xff, sizeof(longest));
    memset(above, 0xff, sizeof(above));
    open_log(_i);
    ck_assert_int_eq(log_append(&f, &l, 0, 1, versions, 12, "r"), PERSIST_OK);
    persist_scan_range range = {.size = sizeof(range), .ns = l.ns, .timestamp = 1, .max_rows = 11};
    ck_assert_int_eq(scan(&f, &rows, &range, &more), PERSIST_OK);
    ck_assert_str_eq(rows.text,
                     "\\x00@1= \\x00\\x00@1= A@1= a@1= a\\x00@1= a\\x20@1= a%_\\'\"@1= "
                     "\\x7f@1= \\x80@1= \\xff@1= \\xff\\xff@1=");
    rows_clear(&rows);
    range.flags = PERSIST_SCAN_REVERSE;
    range.max_rows = 1;
    ck_assert_int_eq(scan(&f, &rows, &range, &more), PERSIST_OK);
    ck_assert_uint_eq(rows.last_key_size, 2048);
    range.after_key = (persist_bytes){longest, 2048};
    ck_assert_int_eq(scan(&f, &rows, &range, &more), PERSIST_OK);
    ck_assert_uint_eq(rows.last_key_size, 2);
    range.flags = 0;
    ck_assert_int_eq(scan(&f, &rows, &range, &more), PERSIST_OK);
    ck_assert_uint_eq(rows.count, 2);
    rows_clear(&rows);
    versions[0] = (persist_version){.key = {above, 2049}, .timestamp = 2};
    ck_assert_int_eq(log_append(&f, &l, 0, 2, versions, 1, "r"), PERSIST_LIMIT);
    versions[0].key.size = 0;
    ck_assert_int_eq(log_append(&f, &l, 0, 2, versions, 1, "r"), PERSIST_INVALID);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(values_of_every_size)
{
    static const size_t sizes[] = {0, 1, 255, 4000, 4061, 4062, 70000, 3000000};
    persist_clock clock = {.size = sizeof(clock)};
    (void)clock;

    open_log(_i);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *bytes = malloc(sizes[i] + 1);
        struct rows rows = {0};
        persist_read_key key = {B("k"), PERSIST_NEWEST};
        persist_read read = {.size = sizeof(read), .ns = l.ns, .keys = &key, .n_keys = 1};

        memset(bytes, 'x', sizes[i]);
        bytes[sizes[i]] = '\0';
        persist_version version = put("k", (int64_t)i + 1, bytes);
        ck_assert_int_eq(log_append(&f, &l, 0, (int64_t)i + 1, &version, 1, "r"), PERSIST_OK);
        ck_assert_int_eq(f.ops->read(&f.call, f.session, &read, NULL, rows_take, &rows),
                         PERSIST_OK);
        ck_assert_uint_eq(rows.size, sizes[i] + 4);
        rows_clear(&rows);
        free(bytes);
    }
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- scans */

START_TEST(scans_see_one_moment)
{
    open_log(_i);
    expect_scan((persist_scan_range){0}, "", 0);
    fill();
    expect_scan((persist_scan_range){0}, "b@20= c@30=c3", 0);
    expect_scan((persist_scan_range){.timestamp = 9}, "", 0);
    expect_scan((persist_scan_range){.timestamp = 10}, "a@10=a1 c@10=c1", 0);
    expect_scan((persist_scan_range){.timestamp = 29}, "a@20=a2 b@20= c@10=c1", 0);
    expect_scan((persist_scan_range){.flags = PERSIST_SCAN_TOMBSTONES},
                "a@30=! b@20= c@30=c3 d@30=!", 0);
    expect_scan((persist_scan_range){.flags = PERSIST_SCAN_REVERSE, .timestamp = 20},
                "c@10=c1 b@20= a@20=a2", 0);
    expect_scan((persist_scan_range){.flags = PERSIST_SCAN_KEYS_ONLY, .timestamp = 20},
                "a@20= b@20= c@10=", 0);
    expect_scan((persist_scan_range){.flags = PERSIST_SCAN_KEYS_ONLY}, "b@20= c@30=", 0);
    expect_scan((persist_scan_range){.flags = PERSIST_SCAN_VERSIONS},
                "a@30=! a@20=a2 a@10=a1 b@20= c@30=c3 c@10=c1 d@30=!", 0);
    expect_scan((persist_scan_range){.flags = PERSIST_SCAN_VERSIONS | PERSIST_SCAN_REVERSE |
                                              PERSIST_SCAN_KEYS_ONLY,
                                     .timestamp = 29},
                "c@10= b@20= a@20= a@10=", 0);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(scan_ranges_are_half_open)
{
    open_log(_i);
    fill();
    expect_scan((persist_scan_range){.timestamp = 20, .from = B("b")}, "b@20= c@10=c1", 0);
    expect_scan((persist_scan_range){.timestamp = 20, .to = B("c")}, "a@20=a2 b@20=", 0);
    expect_scan((persist_scan_range){.timestamp = 20, .from = B("a\0"), .to = B("b\0")},
                "b@20=", 0);
    expect_scan((persist_scan_range){.timestamp = 20, .from = B("b"), .to = B("b")}, "", 0);
    expect_scan((persist_scan_range){.timestamp = 20, .from = B("c"), .to = B("a")}, "", 0);
    expect_scan(
        (persist_scan_range){
            .timestamp = 20, .from = B("c"), .to = B("a"), .flags = PERSIST_SCAN_REVERSE},
        "", 0);
    expect_scan(
        (persist_scan_range){
            .timestamp = 20, .from = B("b"), .to = B("c"), .flags = PERSIST_SCAN_REVERSE},
        "b@20=", 0);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(scan_bounds)
{
    open_log(_i);
    fill();
    expect_scan((persist_scan_range){.timestamp = 20, .max_rows = 2}, "a@20=a2 b@20=", 1);
    expect_scan((persist_scan_range){.timestamp = 20, .max_rows = 4}, "a@20=a2 b@20= c@10=c1", 0);
    expect_scan((persist_scan_range){.timestamp = 20, .max_bytes = 1}, "a@20=a2", 1);
    expect_scan((persist_scan_range){.timestamp = 20, .max_bytes = 3}, "a@20=a2", 1);
    expect_scan((persist_scan_range){.timestamp = 20, .max_bytes = 4}, "a@20=a2 b@20=", 1);
    expect_scan((persist_scan_range){.timestamp = 20, .max_bytes = 8}, "a@20=a2 b@20= c@10=c1", 0);
    expect_scan(
        (persist_scan_range){.timestamp = 20, .max_bytes = 2, .flags = PERSIST_SCAN_KEYS_ONLY},
        "a@20= b@20=", 1);
    fixture_close_and_remove(&f);
}
END_TEST

/* Pages of every size, resumed at every position, make the whole. */
static void page_through(persist_scan_range range, uint64_t page)
{
    struct rows whole = {0};
    struct rows pages = {0};
    struct persist_scan_range next;
    char after[4096];
    int more;

    range.size = sizeof(range);
    range.ns = l.ns;
    ck_assert_int_eq(scan(&f, &whole, &range, &more), PERSIST_OK);
    next = range;
    next.max_rows = page;
    do {
        ck_assert_int_eq(scan(&f, &pages, &next, &more), PERSIST_OK);
        memcpy(after, pages.last_key, pages.last_key_size);
        next.after_key = (persist_bytes){after, pages.last_key_size};
        next.after_timestamp = range.flags & PERSIST_SCAN_VERSIONS ? pages.last_timestamp : 0;
    } while (more);
    ck_assert_str_eq(pages.text, whole.text);
    rows_clear(&whole);
    rows_clear(&pages);
}

START_TEST(scans_resume_anywhere)
{
    open_log(_i);
    fill();
    for (uint32_t flags = 0; flags < 16; flags++)
        for (uint64_t page = 1; page <= 8; page++)
            for (int64_t t = 5; t <= 35; t += 5) {
                page_through((persist_scan_range){.flags = flags, .timestamp = t}, page);
                page_through(
                    (persist_scan_range){
                        .flags = flags, .timestamp = t, .from = B("a\0"), .to = B("d")},
                    page);
            }
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(versions_resume_behind_the_key)
{
    open_log(_i);
    fill();
    expect_scan((persist_scan_range){.flags = PERSIST_SCAN_VERSIONS, .after_key = B("a")},
                "b@20= c@30=c3 c@10=c1 d@30=!", 0);
    expect_scan((persist_scan_range){.flags = PERSIST_SCAN_VERSIONS,
                                     .after_key = B("a"),
                                     .after_timestamp = 20},
                "a@10=a1 b@20= c@30=c3 c@10=c1 d@30=!", 0);
    expect_scan((persist_scan_range){.flags = PERSIST_SCAN_VERSIONS | PERSIST_SCAN_REVERSE,
                                     .after_key = B("c"),
                                     .after_timestamp = 30},
                "c@10=c1 b@20= a@30=! a@20=a2 a@10=a1", 0);
    expect_scan((persist_scan_range){.flags = PERSIST_SCAN_VERSIONS,
                                     .after_key = B("a"),
                                     .after_timestamp = 31,
                                     .timestamp = 20},
                "a@20=a2 a@10=a1 b@20= c@10=c1", 0);
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- changes */

static void expect_changes(persist_changes changes, persist_status wanted_status,
                           const char *wanted, int wanted_more)
{
    struct rows rows = {0};
    persist_clock clock = {.size = sizeof(clock)};
    int more = -1;

    changes.size = sizeof(changes);
    changes.ns = l.ns;
    ck_assert_int_eq(
        f.ops->changes(&f.call, f.session, &changes, &clock, rows_take_record, &rows, &more),
        wanted_status);
    ck_assert_str_eq(rows.text != NULL ? rows.text : "", wanted);
    ck_assert_int_eq(more, wanted_more);
    ck_assert_int_eq(clock.head, l.clock.head);
    rows_clear(&rows);
}

START_TEST(changes_tell_the_log)
{
    open_log(_i);
    expect_changes((persist_changes){0}, PERSIST_OK, "", 0);
    fill();
    expect_changes((persist_changes){0}, PERSIST_OK, "10=r10 20=r20 30=r30", 0);
    expect_changes((persist_changes){.after = 10}, PERSIST_OK, "20=r20 30=r30", 0);
    expect_changes((persist_changes){.after = 29}, PERSIST_OK, "30=r30", 0);
    expect_changes((persist_changes){.after = 30}, PERSIST_OK, "", 0);
    expect_changes((persist_changes){.max_records = 2}, PERSIST_OK, "10=r10 20=r20", 1);
    expect_changes((persist_changes){.max_records = 4}, PERSIST_OK, "10=r10 20=r20 30=r30", 0);
    expect_changes((persist_changes){.max_bytes = 1}, PERSIST_OK, "10=r10", 1);
    expect_changes((persist_changes){.max_bytes = 4}, PERSIST_OK, "10=r10 20=r20", 1);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(changes_below_the_floor)
{
    persist_control control = {.size = sizeof(control),
                               .fields = PERSIST_CONTROL_LOG_FLOOR | PERSIST_CONTROL_HORIZON,
                               .control_version = 1,
                               .horizon = 15,
                               .log_floor = 15};

    open_log(_i);
    fill();
    ck_assert_int_eq(f.ops->control(&f.call, f.session, l.ns, &control, NULL), PERSIST_OK);
    expect_changes((persist_changes){.after = 14}, PERSIST_TOO_OLD, "", 0);
    ck_assert_ptr_nonnull(strstr(f.error.text, "15"));
    expect_changes((persist_changes){.after = 15}, PERSIST_OK, "20=r20 30=r30", 0);
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- append */

static void expect_untouched(void)
{
    persist_clock clock = {.size = sizeof(clock)};

    ck_assert_int_eq(f.ops->head(&f.call, f.session, l.ns, &clock, NULL, NULL), PERSIST_OK);
    ck_assert_int_eq(clock.head, 30);
    ck_assert_uint_eq(clock.versions, 7);
    expect_changes((persist_changes){0}, PERSIST_OK, "10=r10 20=r20 30=r30", 0);
    expect_scan((persist_scan_range){0}, "b@20= c@30=c3", 0);
}

START_TEST(append_compares)
{
    persist_version version = put("n", 40, "new");

    open_log(_i);
    fill();
    struct log wrong = l;
    wrong.clock.head = 20;
    ck_assert_int_eq(log_append(&f, &wrong, 0, 40, &version, 1, "r"), PERSIST_CONFLICT);
    ck_assert_uint_eq(f.error.flags, PERSIST_RETRYABLE);
    wrong = l;
    wrong.clock.head_digest.bytes[15] ^= 1;
    ck_assert_int_eq(log_append(&f, &wrong, 0, 40, &version, 1, "r"), PERSIST_CONFLICT);
    wrong = l;
    wrong.clock.epoch++;
    ck_assert_int_eq(log_append(&f, &wrong, 0, 40, &version, 1, "r"), PERSIST_FENCED);
    ck_assert_int_eq(log_append(&f, &l, PERSIST_APPEND_LOAD, 40, &version, 1, "r"), PERSIST_MISUSE);
    expect_untouched();
    ck_assert_int_eq(log_append(&f, &l, 0, 40, NULL, 0, "empty"), PERSIST_OK);
    ck_assert_int_eq(l.clock.head, 40);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(append_tells_the_row_it_found)
{
    persist_append append = {.size = sizeof(append), .record = {.timestamp = 99}};
    persist_clock clock = {.size = sizeof(clock)};

    open_log(_i);
    fill();
    append.ns = l.ns;
    append.epoch = l.clock.epoch;
    ck_assert_int_eq(f.ops->append(&f.call, f.session, &append, &clock), PERSIST_CONFLICT);
    ck_assert_int_eq(clock.head, 30);
    ck_assert_mem_eq(&clock.head_digest, &l.clock.head_digest, 16);
    clock.head = 0;
    append.epoch++;
    ck_assert_int_eq(f.ops->append(&f.call, f.session, &append, &clock), PERSIST_FENCED);
    ck_assert_int_eq(clock.head, 30);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(append_arguments)
{
    persist_version below = put("n", 30, "x");
    persist_version above = put("n", 41, "x");
    persist_version falling[] = {put("n", 36, "x"), put("m", 35, "x")};
    persist_version twice[] = {put("o", 35, "1"), put("n", 35, "x"), put("n", 35, "y")};

    open_log(_i);
    fill();
    ck_assert_int_eq(log_append(&f, &l, 0, 40, &below, 1, "r"), PERSIST_INVALID);
    ck_assert_int_eq(log_append(&f, &l, 0, 40, &above, 1, "r"), PERSIST_INVALID);
    ck_assert_int_eq(log_append(&f, &l, 0, 40, falling, 2, "r"), PERSIST_INVALID);
    ck_assert_int_eq(log_append(&f, &l, 0, 40, twice, 3, "r"), PERSIST_INVALID);
    ck_assert_int_eq(log_append(&f, &l, 0, 30, NULL, 0, "r"), PERSIST_INVALID);
    expect_untouched();
    above.timestamp = 40;
    ck_assert_int_eq(log_append(&f, &l, 0, 40, &above, 1, "r"), PERSIST_OK);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(a_group_writes_a_key_more_than_once)
{
    persist_version group[] = {put("a", 1, "x"), put("b", 1, "x"), gone("a", 2), put("a", 5, "z")};

    open_log(_i);
    ck_assert_int_eq(log_append(&f, &l, 0, 5, group, 4, "r"), PERSIST_OK);
    expect_scan((persist_scan_range){.flags = PERSIST_SCAN_VERSIONS}, "a@5=z a@2=! a@1=x b@1=x", 0);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(moved_and_loading_refuse)
{
    persist_control control = {.size = sizeof(control),
                               .fields = PERSIST_CONTROL_STATE,
                               .control_version = 1,
                               .state = PERSIST_STATE_MOVED,
                               .moved_to = "memory:"};
    persist_clock clock = {.size = sizeof(clock)};
    persist_version version = put("k", 40, "v");

    open_log(_i);
    fill();
    struct log loading = log_make(&f, "loading", PERSIST_STATE_LOADING);
    ck_assert_int_eq(log_append(&f, &loading, 0, 40, &version, 1, "r"), PERSIST_LOADING);
    ck_assert_int_eq(log_append(&f, &loading, PERSIST_APPEND_LOAD, 40, &version, 1, "r"),
                     PERSIST_OK);
    ck_assert_int_eq(f.ops->control(&f.call, f.session, l.ns, &control, &clock), PERSIST_OK);
    ck_assert_int_eq(log_append(&f, &l, 0, 40, &version, 1, "r"), PERSIST_MOVED);
    ck_assert_ptr_nonnull(strstr(f.error.text, "memory:"));
    l.clock.epoch = clock.epoch;
    ck_assert_int_eq(log_append(&f, &l, 0, 40, &version, 1, "r"), PERSIST_MOVED);
    expect_untouched();
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(loading_takes_versions_in_any_order)
{
    static const int64_t order[] = {50, 10, 30, 20, 70, 60, 5, 40, 65};
    const size_t n = sizeof(order) / sizeof(order[0]);
    char wanted[300] = "";

    fixture_open(&f, (enum variant)_i);
    l = log_make(&f, "l", PERSIST_STATE_LOADING);
    for (size_t i = 0; i < n; i++) {
        persist_version version = put("k", order[i], "v");
        ck_assert_int_eq(
            log_append(&f, &l, PERSIST_APPEND_LOAD, 100 + (int64_t)i, &version, 1, "r"),
            PERSIST_OK);
        ck_assert_int_eq(log_append(&f, &l, PERSIST_APPEND_LOAD, 900, &version, 1, "r"),
                         PERSIST_INVALID);
    }
    for (int64_t t = 70; t > 0; t -= 5)
        for (size_t i = 0; i < n; i++)
            if (order[i] == t)
                sprintf(wanted + strlen(wanted), "%sk@%d=v", wanted[0] != '\0' ? " " : "", (int)t);
    expect_scan((persist_scan_range){.flags = PERSIST_SCAN_VERSIONS}, wanted, 0);
    ck_assert_str_eq(read_one(&f, l.ns, B("k"), 39), "k@30=v");
    ck_assert_str_eq(read_one(&f, l.ns, B("k"), 9), "k@5=v");
    ck_assert_str_eq(read_one(&f, l.ns, B("k"), 4), "");
    persist_version zero = put("k", 0, "v");
    ck_assert_int_eq(log_append(&f, &l, PERSIST_APPEND_LOAD, 900, &zero, 1, "r"), PERSIST_INVALID);
    fixture_close_and_remove(&f);
}
END_TEST

/* A host that knows less: what its struct does not reach is zero. */
START_TEST(shorter_structs_are_read_as_zeros)
{
    persist_scan_range range = {.size = offsetof(persist_scan_range, max_rows),
                                .timestamp = PERSIST_NEWEST,
                                .max_rows = 1,
                                .n_anchors = 1};
    struct rows rows = {0};
    int more;

    open_log(_i);
    fill();
    range.ns = l.ns;
    ck_assert_int_eq(scan(&f, &rows, &range, &more), PERSIST_OK);
    ck_assert_uint_eq(rows.count, 2);
    rows_clear(&rows);
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- stopping */

static void interrupt_now(void *session)
{
    f.life->interrupt(session);
}

static void hour_passes(void *unused)
{
    (void)unused;
    host_shift(INT64_C(3600) * 1000000000);
}

static void fill_many(int n)
{
    persist_version *versions = calloc((size_t)n, sizeof(*versions));
    char(*keys)[12] = calloc((size_t)n, sizeof(*keys));

    for (int i = 0; i < n; i++) {
        sprintf(keys[i], "%08d", i);
        versions[i] = put(keys[i], 1, "v");
    }
    ck_assert_int_eq(log_append(&f, &l, 0, 1, versions, (size_t)n, "r"), PERSIST_OK);
    free(versions);
    free(keys);
}

START_TEST(an_interrupt_ends_the_call_that_runs)
{
    struct rows rows = {.each = interrupt_now};
    int more = -1;

    open_log(_i);
    fill_many(3000);
    f.life->interrupt(f.session); /* no call runs: nothing happens */
    ck_assert_str_eq(read_one(&f, l.ns, B("00000001"), 1), "00000001@1=v");
    rows.context = f.session;
    persist_scan_range range = {.size = sizeof(range), .ns = l.ns, .timestamp = 1};
    ck_assert_int_eq(scan(&f, &rows, &range, &more), PERSIST_INTERRUPTED);
    ck_assert_int_eq(more, 0);
    ck_assert_uint_lt(rows.count, 3000);
    rows_clear(&rows);
    ck_assert_str_eq(read_one(&f, l.ns, B("00000001"), 1), "00000001@1=v");
    log_put(&f, &l, "x", 2, "y");
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(a_deadline_ends_the_call)
{
    struct rows rows = {.each = hour_passes};
    int more;

    open_log(_i);
    fill_many(3000);
    persist_scan_range range = {.size = sizeof(range), .ns = l.ns, .timestamp = 1};
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    f.call.deadline = (int64_t)now.tv_sec * 1000000000 + INT64_C(1800) * 1000000000;
    ck_assert_int_eq(scan(&f, &rows, &range, &more), PERSIST_TIMEOUT);
    ck_assert_uint_lt(rows.count, 3000);
    rows_clear(&rows);
    ck_assert_int_eq(scan(&f, &rows, &range, &more), PERSIST_TIMEOUT); /* at once */
    ck_assert_uint_eq(rows.count, 0);
    rows_clear(&rows);
    persist_version version = put("x", 9, "y");
    ck_assert_int_eq(log_append(&f, &l, 0, 9, &version, 1, "r"), PERSIST_TIMEOUT);
    f.call.deadline = PERSIST_NO_DEADLINE;
    ck_assert_int_eq(log_append(&f, &l, 0, 9, &version, 1, "r"), PERSIST_OK);
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- memory */

START_TEST(no_memory_changes_nothing)
{
    persist_version versions[] = {put("x", 40, "1"), put("y", 40, "2"), put("c", 40, "3")};
    persist_pin pin = {"p", 50, 0};
    persist_status status = PERSIST_NO_MEMORY;
    persist_control control = {.size = sizeof(control),
                               .fields = PERSIST_CONTROL_PINS | PERSIST_CONTROL_STATE,
                               .control_version = 1,
                               .pins = &pin,
                               .n_pins = 1};

    open_log(_i);
    fill();
    for (int n = 1; status != PERSIST_OK && n < 20; n++) {
        host_fail_allocation(n);
        status = log_append(&f, &l, 0, 40, versions, 3, "r40");
        host_fail_allocation(0);
        if (status != PERSIST_OK) {
            ck_assert_int_eq(status, PERSIST_NO_MEMORY);
            expect_untouched();
        }
    }
    ck_assert_int_eq(status, PERSIST_OK);
    status = PERSIST_NO_MEMORY;
    for (int n = 1; status != PERSIST_OK && n < 20; n++) {
        host_fail_allocation(n);
        status = f.ops->control(&f.call, f.session, l.ns, &control, NULL);
        host_fail_allocation(0);
        ck_assert(status == PERSIST_OK || status == PERSIST_NO_MEMORY);
    }
    ck_assert_int_eq(status, PERSIST_OK);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(no_memory_at_opening)
{
    persist_status status = PERSIST_NO_MEMORY;
    persist_session *session;

    fixture_open(&f, (enum variant)_i);
    host_fail_allocation(1);
    ck_assert_int_eq(f.life->session_open(&f.call, f.store, &session), PERSIST_NO_MEMORY);
    fixture_close(&f);
    for (int n = 1; status != PERSIST_OK && n < 20; n++) {
        host_fail_allocation(n);
        status = fixture_try(&f, PERSIST_OPEN_MIGRATE);
        host_fail_allocation(0);
        ck_assert(status == PERSIST_OK || status == PERSIST_NO_MEMORY);
    }
    ck_assert_int_eq(status, PERSIST_OK);
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- threads */

#define WRITERS 4
#define ROUNDS 50

static void *writer(void *unused)
{
    struct fixture mine = f;
    int won = 0;

    (void)unused;
    mine.call.error = &mine.error;
    mine.session = NULL;
    mine.session = fixture_session(&mine);
    while (won < ROUNDS) {
        persist_clock clock = {.size = sizeof(clock)};
        persist_version version;

        ck_assert_int_eq(mine.ops->head(&mine.call, mine.session, l.ns, &clock, NULL, NULL),
                         PERSIST_OK);
        version = put("k", clock.head + 1, "v");
        persist_append append = {.size = sizeof(append),
                                 .ns = l.ns,
                                 .expected_head = clock.head,
                                 .expected_digest = clock.head_digest,
                                 .epoch = clock.epoch,
                                 .new_versions = clock.versions + 1,
                                 .versions = &version,
                                 .n_versions = 1,
                                 .record = {.timestamp = clock.head + 1}};
        persist_status status = mine.ops->append(&mine.call, mine.session, &append, &clock);
        ck_assert_msg(status == PERSIST_OK || status == PERSIST_CONFLICT, "%d %s", (int)status,
                      mine.error.text);
        won += status == PERSIST_OK;
    }
    mine.life->session_close(mine.session);
    return NULL;
}

START_TEST(no_append_of_threads_is_lost)
{
    pthread_t threads[WRITERS];
    persist_clock clock = {.size = sizeof(clock)};

    open_log(_i);
    for (int i = 0; i < WRITERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, writer, NULL), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(f.ops->head(&f.call, f.session, l.ns, &clock, NULL, NULL), PERSIST_OK);
    ck_assert_int_eq(clock.head, WRITERS * ROUNDS);
    ck_assert_uint_eq(clock.versions, WRITERS * ROUNDS);
    ck_assert_str_eq(read_one(&f, l.ns, B("k"), 77), "k@77=v");
    fixture_close_and_remove(&f);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {newest_at_or_below,
                                  many_keys_and_anchors_in_one_reply,
                                  callback_ends_the_read,
                                  long_histories,
                                  keys_in_unsigned_byte_order,
                                  values_of_every_size,
                                  scans_see_one_moment,
                                  scan_ranges_are_half_open,
                                  scan_bounds,
                                  scans_resume_anywhere,
                                  versions_resume_behind_the_key,
                                  changes_tell_the_log,
                                  changes_below_the_floor,
                                  append_compares,
                                  append_tells_the_row_it_found,
                                  append_arguments,
                                  a_group_writes_a_key_more_than_once,
                                  moved_and_loading_refuse,
                                  loading_takes_versions_in_any_order,
                                  shorter_structs_are_read_as_zeros,
                                  an_interrupt_ends_the_call_that_runs,
                                  a_deadline_ends_the_call,
                                  no_memory_changes_nothing,
                                  no_memory_at_opening,
                                  no_append_of_threads_is_lost};
    Suite *suite = suite_create("plugin_data");
    TCase *all = tcase_create("every backend");
    SRunner *runner;
    int failed;

    tcase_set_timeout(all, 60);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        tcase_add_loop_test(all, tests[i], 0, VARIANT_COUNT);
    suite_add_tcase(suite, all);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
