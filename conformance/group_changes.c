/* SPDX-License-Identifier: MIT */
/* The log: order, chain, bounds, and where it begins. */
#include "conformance/kit.h"

#include <stdio.h>
#include <string.h>

static const char history[] = "10 a=1; 20 b=2; 30; 45 c@40=3 c@45=4; 50 a-";

static void records(struct kit *kit)
{
    struct world world;
    struct rows rows = {0};
    persist_clock clock;
    int more;
    world_new(kit, &world);
    line_commit(&world.line, history);
    expect_status(&world.client, "changes after 0",
                  line_changes(&world.line, 0, 0, 0, &rows, &clock, &more), PERSIST_OK);
    expect_number(kit, "changes after 0: records", (int64_t)rows.n, 5);
    expect_number(kit, "changes after 0: *more", more, 0);
    expect_clock(kit, "changes", &clock, &world.line.clock);
    expect_number(kit, "changes: timestamp of the last record", rows.last_timestamp, 50);
}

/* Each record names the digest of the one before it, and has its own. */
struct chain {
    struct kit *kit;
    persist_digest last;
    int64_t last_timestamp;
    size_t n;
};

static persist_status chain_take(void *context, const persist_record *record)
{
    struct chain *chain = context;
    char expected[96], found[96];
    persist_digest digest;
    int used = snprintf(expected, sizeof expected, "%lld after ", (long long)record->timestamp);
    for (size_t i = 0; i < sizeof chain->last.bytes; i++)
        snprintf(expected + used + 2 * (int)i, 3, "%02x", chain->last.bytes[i]);
    snprintf(found, sizeof found, "%.*s", (int)record->data.size, (const char *)record->data.data);
    expect_text(chain->kit, "changes: the bytes of a record", found, expected);
    loader_host()->xxh3_128(record->data.data, record->data.size, &digest);
    expect_true(chain->kit, memcmp(&digest, &record->digest, sizeof digest) == 0,
                "changes: the digest of a record", "the one it was appended with");
    expect_true(chain->kit, record->timestamp > chain->last_timestamp, "changes: timestamps",
                "each above the one before");
    chain->last = record->digest;
    chain->last_timestamp = record->timestamp;
    chain->n++;
    return PERSIST_OK;
}

static void chain(struct kit *kit)
{
    struct world world;
    struct chain chain = {.kit = kit};
    persist_clock clock = {.size = sizeof clock};
    int more;
    world_new(kit, &world);
    line_commit(&world.line, history);
    persist_changes changes = {.size = sizeof changes, .ns = world.line.ns};
    persist_status status =
        kit->plugin->store.changes(client_call(&world.client), world.client.session, &changes,
                                   &clock, chain_take, &chain, &more);
    expect_status(&world.client, "changes", status, PERSIST_OK);
    expect_number(kit, "changes: records", (int64_t)chain.n, 5);
    expect_true(kit, memcmp(&chain.last, &clock.head_digest, sizeof chain.last) == 0,
                "changes: digest of the last record", "the head's");
}

static void after(struct kit *kit)
{
    static const struct {
        int64_t after;
        int64_t n;
    } steps[] = {{0, 5}, {9, 5}, {10, 4}, {19, 4}, {30, 2}, {40, 2}, {45, 1}, {50, 0}, {99, 0}};
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, history);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct rows rows = {0};
        persist_clock clock;
        int more;
        char what[40];
        snprintf(what, sizeof what, "changes after %lld", (long long)steps[i].after);
        expect_status(&world.client, what,
                      line_changes(&world.line, steps[i].after, 0, 0, &rows, &clock, &more),
                      PERSIST_OK);
        expect_number(kit, what, (int64_t)rows.n, steps[i].n);
        expect_number(kit, what, more, 0);
    }
}

/* Page by page, by count or by bytes, it is the same log. */
static void pages(struct kit *kit, uint64_t max_records, uint64_t max_bytes)
{
    struct world world;
    struct rows whole = {0}, joined = {0};
    persist_clock clock;
    char what[80];
    int64_t at = 0;
    int more = 1;
    world_new(kit, &world);
    line_commit(&world.line, history);
    line_changes(&world.line, 0, 0, 0, &whole, &clock, &more);
    snprintf(what, sizeof what, "changes, pages of %llu records, %llu bytes",
             (unsigned long long)max_records, (unsigned long long)max_bytes);
    for (more = 1; more; at = joined.last_timestamp) {
        size_t before = joined.n, bytes = joined.bytes;
        expect_status(&world.client, what,
                      line_changes(&world.line, at, max_records, max_bytes, &joined, &clock, &more),
                      PERSIST_OK);
        size_t got = joined.n - before;
        expect_true(kit, more == 0 || more == 1, what, "*more is 0 or 1");
        expect_true(kit, !max_records || got <= max_records, what, "not more than asked for");
        expect_true(kit, !max_bytes || got < 2 || joined.bytes - bytes < max_bytes + 64, what,
                    "it stops at the record that meets the budget");
        expect_true(kit, more ? got > 0 : joined.n >= whole.n, what,
                    "*more is 1 just while records are left");
        if (joined.n > whole.n)
            break;
    }
    expect_text(kit, what, rows_text(&joined), rows_text(&whole));
}

static void resume(struct kit *kit)
{
    for (uint64_t n = 1; n < 7; n++)
        pages(kit, n, 0);
}

static void byte_budget(struct kit *kit)
{
    static const uint64_t budgets[] = {1, 41, 42, 43, 80, 84, 85, 1000};
    for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++)
        pages(kit, 0, budgets[i]);
}

/* Below the floor the answer is TOO_OLD, never a short list. */
static void floor_refuses(struct kit *kit)
{
    struct world world;
    struct rows rows = {0};
    persist_clock clock = {.size = sizeof clock};
    int more;
    world_new(kit, &world);
    line_commit(&world.line, history);
    persist_control control = {.size = sizeof control,
                               .fields = PERSIST_CONTROL_HORIZON | PERSIST_CONTROL_LOG_FLOOR,
                               .control_version = world.line.clock.control_version,
                               .horizon = 30,
                               .log_floor = 20};
    persist_status status = kit->plugin->store.control(
        client_call(&world.client), world.client.session, world.line.ns, &control, &clock);
    expect_status(&world.client, "control of horizon and log floor", status, PERSIST_OK);
    expect_status(&world.client, "changes after 19, the log floor being 20",
                  line_changes(&world.line, 19, 0, 0, &rows, &clock, &more), PERSIST_TOO_OLD);
    expect_number(kit, "changes below the log floor: records", (int64_t)rows.n, 0);
    expect_status(&world.client, "changes after 20, the log floor being 20",
                  line_changes(&world.line, 20, 0, 0, &rows, &clock, &more), PERSIST_OK);
    expect_number(kit, "changes from the log floor on: records", (int64_t)rows.n, 3);
}

static const struct test_case cases[] = {
    {"records", records, 0, 0},
    {"chain", chain, 0, 0},
    {"after", after, 0, 0},
    {"resume", resume, 0, 0},
    {"byte_budget", byte_budget, 0, 0},
    {"floor", floor_refuses, NEED_CONTROL, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_changes = {"changes", cases};
