/* SPDX-License-Identifier: MIT */
/* Scans: flags, bounds, and going on where one stopped. */
#include "conformance/kit.h"

#include <stdio.h>
#include <string.h>

#define REVERSE PERSIST_SCAN_REVERSE
#define KEYS_ONLY PERSIST_SCAN_KEYS_ONLY
#define VERSIONS PERSIST_SCAN_VERSIONS
#define TOMBSTONES PERSIST_SCAN_TOMBSTONES

static const char history[] =
    "10 a=a1 b=b1 d=d1; 20 b=b2 c=c2; 30 a- d=d3 e=e3;"
    "40 a=a4 c-; 50 b-; 60 b=b6 f=f6";

static void flags(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, history);
    struct line *line = &world.line;
    expect_scan(line, "no flags", (persist_scan_range){0},
                "a@40=a4 b@60=b6 d@30=d3 e@30=e3 f@60=f6");
    expect_scan(line, "REVERSE", (persist_scan_range){.flags = REVERSE},
                "f@60=f6 e@30=e3 d@30=d3 b@60=b6 a@40=a4");
    expect_scan(line, "TOMBSTONES", (persist_scan_range){.flags = TOMBSTONES},
                "a@40=a4 b@60=b6 c@40- d@30=d3 e@30=e3 f@60=f6");
    expect_scan(line, "TOMBSTONES, REVERSE", (persist_scan_range){.flags = TOMBSTONES | REVERSE},
                "f@60=f6 e@30=e3 d@30=d3 c@40- b@60=b6 a@40=a4");
}

static void versions(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, history);
    struct line *line = &world.line;
    expect_scan(line, "VERSIONS", (persist_scan_range){.flags = VERSIONS},
                "a@40=a4 a@30- a@10=a1 b@60=b6 b@50- b@20=b2 b@10=b1 c@40- c@20=c2 "
                "d@30=d3 d@10=d1 e@30=e3 f@60=f6");
    expect_scan(line, "VERSIONS, REVERSE: keys down, versions newest first",
                (persist_scan_range){.flags = VERSIONS | REVERSE, .to = text_bytes("d")},
                "c@40- c@20=c2 b@60=b6 b@50- b@20=b2 b@10=b1 a@40=a4 a@30- a@10=a1");
    expect_scan(line, "VERSIONS at 30", (persist_scan_range){.flags = VERSIONS, .timestamp = 30},
                "a@30- a@10=a1 b@20=b2 b@10=b1 c@20=c2 d@30=d3 d@10=d1 e@30=e3");
}

/* Values may be there or not; keys, timestamps and tombstones are. */
static persist_status drop_value(void *context, const persist_version *version)
{
    persist_version row = *version;
    row.value.size = 0;
    return rows_take(context, &row);
}

static void keys_only(struct kit *kit)
{
    struct world world;
    struct rows rows = {.kit = kit};
    int more;
    world_new(kit, &world);
    line_commit(&world.line, history);
    persist_scan_range range = {.size = sizeof range,
                                .ns = world.line.ns,
                                .flags = KEYS_ONLY | TOMBSTONES,
                                .timestamp = PERSIST_NEWEST};
    persist_status status = kit->plugin->store.scan(
        client_call(&world.client), world.client.session, &range, NULL, drop_value, &rows, &more);
    expect_status(&world.client, "scan with KEYS_ONLY, no clock asked for", status, PERSIST_OK);
    expect_text(kit, "scan with KEYS_ONLY", rows_text(&rows),
                "a@40= b@60= c@40- d@30= e@30= f@60=");
}

static void at_timestamps(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, history);
    struct line *line = &world.line;
    expect_scan(line, "at 9", (persist_scan_range){.timestamp = 9}, "");
    expect_scan(line, "at 10", (persist_scan_range){.timestamp = 10}, "a@10=a1 b@10=b1 d@10=d1");
    expect_scan(line, "at 30", (persist_scan_range){.timestamp = 30},
                "b@20=b2 c@20=c2 d@30=d3 e@30=e3");
    expect_scan(line, "at 50, REVERSE", (persist_scan_range){.timestamp = 50, .flags = REVERSE},
                "e@30=e3 d@30=d3 a@40=a4");
}

/* ---- going on */

/* Reads a range page by page and compares with the range in one piece. */
static void pages(struct line *line, persist_scan_range range, uint64_t max_rows,
                  uint64_t max_bytes)
{
    struct kit *kit = line->client->store->kit;
    struct rows whole = {.kit = kit}, joined = {.kit = kit};
    char what[160];
    char after[4096];
    persist_clock clock;
    int more = 1;
    snprintf(what, sizeof what, "scan, flags %#x, at %lld, pages of %llu rows, %llu bytes",
             range.flags, (long long)range.timestamp, (unsigned long long)max_rows,
             (unsigned long long)max_bytes);
    expect_status(line->client, what, line_scan(line, &range, &whole, &clock, &more), PERSIST_OK);
    range.max_rows = max_rows;
    range.max_bytes = max_bytes;
    more = 1;
    while (more) {
        size_t before = joined.n, bytes = joined.bytes;
        expect_status(line->client, what, line_scan(line, &range, &joined, &clock, &more),
                      PERSIST_OK);
        size_t got = joined.n - before;
        bytes = joined.bytes - bytes;
        expect_true(kit, more == 0 || more == 1, what, "*more is 0 or 1");
        expect_true(kit, max_rows == 0 || got <= max_rows, what, "not more rows than asked for");
        expect_true(kit, more || joined.n == whole.n, what, "*more is 1 while rows are left");
        expect_true(kit, got > 0 || !more, what, "at least one row while *more is 1");
        expect_true(kit, !more || max_rows == 0 || got == max_rows || bytes >= max_bytes, what,
                    "a page that is not the last is full");
        if (joined.n > whole.n)
            break;
        memcpy(after, joined.last_key, joined.last_key_size);
        range.after_key = (persist_bytes){after, joined.last_key_size};
        range.after_timestamp = range.flags & VERSIONS ? joined.last_timestamp : 0;
    }
    expect_text(kit, what, rows_text(&joined), rows_text(&whole));
    buf_free(&joined.text);
    buf_free(&whole.text);
}

static const uint32_t flag_sets[] = {0, KEYS_ONLY, TOMBSTONES, VERSIONS, VERSIONS | TOMBSTONES};
static const int64_t moments[] = {10, 30, 50, PERSIST_NEWEST};

static void resume_with(struct kit *kit, uint32_t direction)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, history);
    for (size_t f = 0; f < sizeof flag_sets / sizeof *flag_sets; f++)
        for (size_t t = 0; t < sizeof moments / sizeof *moments; t++)
            for (uint64_t page = 1; page < 15; page++)
                pages(&world.line,
                      (persist_scan_range){.flags = flag_sets[f] | direction,
                                           .timestamp = moments[t]},
                      page, 0);
}

static void resume(struct kit *kit)
{
    resume_with(kit, 0);
}

static void resume_reverse(struct kit *kit)
{
    resume_with(kit, REVERSE);
}

static void resume_in_range(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, history);
    for (uint32_t direction = 0; direction <= REVERSE; direction += REVERSE)
        for (uint64_t page = 1; page < 6; page++)
            pages(&world.line,
                  (persist_scan_range){.flags = VERSIONS | direction,
                                       .from = text_bytes("b"),
                                       .to = text_bytes("e")},
                  page, 0);
}

/* A budget is met after at least one row, and stops behind the row that meets it. */
static void byte_budget(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, history);
    for (uint32_t direction = 0; direction <= REVERSE; direction += REVERSE)
        for (uint64_t bytes = 1; bytes < 20; bytes++)
            pages(&world.line, (persist_scan_range){.flags = VERSIONS | direction}, 0, bytes);
    struct rows rows = {0};
    persist_clock clock;
    int more;
    line_scan(&world.line, &(persist_scan_range){.max_bytes = 6}, &rows, &clock, &more);
    expect_text(kit, "scan with max_bytes 6, rows of 3 bytes", rows_text(&rows), "a@40=a4 b@60=b6");
    expect_number(kit, "scan with max_bytes 6: *more", more, 1);
}

static void row_bound(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, history);
    for (uint64_t n = 1; n <= 6; n++) {
        struct rows rows = {0};
        persist_clock clock;
        int more;
        char what[40];
        snprintf(what, sizeof what, "scan of 5 rows with max_rows %llu", (unsigned long long)n);
        expect_status(
            &world.client, what,
            line_scan(&world.line, &(persist_scan_range){.max_rows = n}, &rows, &clock, &more),
            PERSIST_OK);
        expect_number(kit, what, (int64_t)rows.n, n < 5 ? (int64_t)n : 5);
        if (n != 5) /* at just the bound it may not know whether more is to come */
            expect_number(kit, what, more, n < 5);
    }
}

/* The key to go on behind need not be there (any more), nor its version. */
static void resume_behind_gone(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, history);
    struct line *line = &world.line;
    expect_scan(line, "behind bb, which never was",
                (persist_scan_range){.after_key = text_bytes("bb")}, "d@30=d3 e@30=e3 f@60=f6");
    expect_scan(line, "behind bb, REVERSE",
                (persist_scan_range){.after_key = text_bytes("bb"), .flags = REVERSE},
                "b@60=b6 a@40=a4");
    expect_scan(line, "below b@35, which never was",
                (persist_scan_range){
                    .after_key = text_bytes("b"), .after_timestamp = 35, .flags = VERSIONS},
                "b@20=b2 b@10=b1 c@40- c@20=c2 d@30=d3 d@10=d1 e@30=e3 f@60=f6");
    expect_scan(line, "behind the key b, with VERSIONS",
                (persist_scan_range){.after_key = text_bytes("b"), .flags = VERSIONS},
                "c@40- c@20=c2 d@30=d3 d@10=d1 e@30=e3 f@60=f6");
    expect_scan(line, "below b@10, which is its last",
                (persist_scan_range){.after_key = text_bytes("b"),
                                     .after_timestamp = 10,
                                     .flags = VERSIONS | REVERSE},
                "a@40=a4 a@30- a@10=a1");
}

static void empty(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    expect_scan(&world.line, "an empty namespace", (persist_scan_range){0}, "");
    expect_scan(&world.line, "an empty namespace, REVERSE", (persist_scan_range){.flags = REVERSE},
                "");
    line_commit(&world.line, history);
    expect_scan(&world.line, "from = to",
                (persist_scan_range){.from = text_bytes("b"), .to = text_bytes("b")}, "");
    expect_scan(&world.line, "from > to",
                (persist_scan_range){.from = text_bytes("d"), .to = text_bytes("b")}, "");
    expect_scan(
        &world.line, "from > to, REVERSE",
        (persist_scan_range){.from = text_bytes("d"), .to = text_bytes("b"), .flags = REVERSE}, "");
    expect_scan(&world.line, "behind all keys", (persist_scan_range){.from = text_bytes("g")}, "");
}

/* Deleted keys are not rows: a bound counts what is handed out. */
static void many_tombstones(struct kit *kit)
{
    struct world world;
    struct draft draft;
    world_new(kit, &world);
    for (int t = 1; t <= 2; t++)
        for (int first = 0; first < 600; first += DRAFT_VERSIONS) {
            static char keys[DRAFT_VERSIONS][16];
            draft_begin(&world.line, t * 1000 + first, &draft);
            for (int i = 0; i < DRAFT_VERSIONS; i++) {
                snprintf(keys[i], sizeof keys[i], "k%04d", first + i);
                bool gone = t == 2 && (first + i) % 100 != 99;
                draft_put(&draft, text_bytes(keys[i]), text_bytes(gone ? "" : "v"),
                          t * 1000 + first, gone ? PERSIST_VERSION_TOMBSTONE : 0);
            }
            draft_end(&world.line, &draft);
            expect_status(&world.client, "append",
                          draft_append(&world.client, &draft, &world.line.clock), PERSIST_OK);
        }
    struct rows rows = {0};
    persist_clock clock;
    int more;
    persist_status status =
        line_scan(&world.line, &(persist_scan_range){.max_rows = 3}, &rows, &clock, &more);
    expect_status(&world.client, "scan of 3 rows among deleted keys", status, PERSIST_OK);
    expect_text(kit, "scan of 3 rows among deleted keys", rows_text(&rows),
                "k0099@2064=v k0199@2192=v k0299@2256=v");
    for (uint64_t page = 1; page < 4; page++)
        pages(&world.line, (persist_scan_range){0}, page, 0);
}

/* What the taker answers ends the scan, and is its answer. */
static void taker_stops(struct kit *kit)
{
    struct world world;
    persist_clock clock;
    int more;
    world_new(kit, &world);
    line_commit(&world.line, history);
    for (size_t n = 1; n <= 3; n++) {
        struct rows rows = {.stop = PERSIST_PRECONDITION, .stop_at = n};
        expect_status(&world.client, "scan whose taker answers a status",
                      line_scan(&world.line, &(persist_scan_range){0}, &rows, &clock, &more),
                      PERSIST_PRECONDITION);
        expect_number(kit, "scan whose taker stops: rows handed out", (int64_t)rows.n, (int64_t)n);
    }
    struct rows records = {.stop = PERSIST_PRECONDITION, .stop_at = 2};
    expect_status(&world.client, "changes whose taker answers a status",
                  line_changes(&world.line, 0, 0, 0, &records, &clock, &more),
                  PERSIST_PRECONDITION);
    expect_number(kit, "changes whose taker stops: records", (int64_t)records.n, 2);
    struct rows rows = {.kit = kit, .stop = PERSIST_PRECONDITION, .stop_at = 1};
    persist_read_key keys[2] = {{text_bytes("a"), PERSIST_NEWEST}, {text_bytes("b"), 60}};
    persist_read read = {.size = sizeof read, .ns = world.line.ns, .keys = keys, .n_keys = 2};
    persist_status status = kit->plugin->store.read(
        client_call(&world.client), world.client.session, &read, &clock, rows_take, &rows);
    expect_status(&world.client, "read whose taker answers a status", status, PERSIST_PRECONDITION);
    expect_number(kit, "read whose taker stops: rows", (int64_t)rows.n, 1);
    line_commit(&world.line, "70 a=7");
}

static const struct test_case cases[] = {
    {"flags", flags, 0, 0},
    {"versions", versions, 0, 0},
    {"keys_only", keys_only, 0, 0},
    {"at_timestamps", at_timestamps, 0, 0},
    {"resume", resume, 0, 0},
    {"resume_reverse", resume_reverse, 0, 0},
    {"resume_in_range", resume_in_range, 0, 0},
    {"resume_behind_gone", resume_behind_gone, 0, 0},
    {"byte_budget", byte_budget, 0, 0},
    {"row_bound", row_bound, 0, 0},
    {"empty", empty, 0, 0},
    {"many_tombstones", many_tombstones, 0, 0},
    {"taker_stops", taker_stops, 0, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_scan = {"scan", cases};
