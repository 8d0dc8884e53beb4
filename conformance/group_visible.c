/* SPDX-License-Identifier: MIT */
/* Which version of a key is seen at which timestamp. */
#include "conformance/kit.h"

#include <stdio.h>
#include <string.h>

static void by_timestamp(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1; 20 a=2; 30 a=3");
    expect_read(&world.line, "a@9", "");
    expect_read(&world.line, "a@10", "a@10=1");
    expect_read(&world.line, "a@19", "a@10=1");
    expect_read(&world.line, "a@20", "a@20=2");
    expect_read(&world.line, "a@29", "a@20=2");
    expect_read(&world.line, "a@30", "a@30=3");
    expect_read(&world.line, "a@31", "a@30=3");
    expect_read(&world.line, "a@*", "a@30=3");
}

/* A neighbour's version is not a key's own, on either side of it. */
static void neighbours(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1 c=1; 20 b=2; 30 a=3 ab=3; 40 c=4");
    expect_read(&world.line, "b@19", "");
    expect_read(&world.line, "b@20", "b@20=2");
    expect_read(&world.line, "b@*", "b@20=2");
    expect_read(&world.line, "ab@29", "");
    expect_read(&world.line, "c@39", "c@10=1");
}

static void many_of_one_key(struct kit *kit)
{
    struct world world;
    char request[40], expected[40];
    world_new(kit, &world);
    for (int i = 1; i <= 300; i++) {
        char value[8];
        snprintf(value, sizeof value, "%d", i);
        line_put(&world.line, 10 * i, text_bytes("a"), text_bytes(value));
    }
    for (int i = 1; i <= 300; i++) {
        snprintf(request, sizeof request, "a@%d", 10 * i + (int)random_below(&kit->random, 10));
        snprintf(expected, sizeof expected, "a@%d=%d", 10 * i, i);
        expect_read(&world.line, request, expected);
    }
}

static void tombstones(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1 b=1; 20 a-; 30 a=3; 40 a- b=4");
    expect_read(&world.line, "a@10 a@20 a@30 a@40", "a@10=1 a@20- a@30=3 a@40-");
    expect_scan(&world.line, "at the newest", (persist_scan_range){0}, "b@40=4");
    expect_scan(&world.line, "at 20", (persist_scan_range){.timestamp = 20}, "b@10=1");
    expect_scan(&world.line, "at 30", (persist_scan_range){.timestamp = 30}, "a@30=3 b@10=1");
    expect_scan(&world.line, "at 20 with tombstones",
                (persist_scan_range){.timestamp = 20, .flags = PERSIST_SCAN_TOMBSTONES},
                "a@20- b@10=1");
}

/* A key may be deleted that never was. */
static void tombstone_of_nothing(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a-; 20 b=1");
    expect_read(&world.line, "a@* b@*", "a@10- b@20=1");
    expect_scan(&world.line, "all keys", (persist_scan_range){0}, "b@20=1");
}

static void empty_value(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=");
    expect_read(&world.line, "a@*", "a@10=");
    expect_scan(&world.line, "all keys", (persist_scan_range){0}, "a@10=");
}

/* An append may hold several commits of the host's: each version at its own timestamp. */
static void within_an_append(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 z=0; 40 a@20=1 b@20=1 a@30=2 a@40-");
    expect_read(&world.line, "a@19 a@20 a@30 a@40 b@*", "a@20=1 a@30=2 a@40- b@20=1");
    expect_scan(&world.line, "at 30", (persist_scan_range){.timestamp = 30},
                "a@30=2 b@20=1 z@10=0");
}

static void request_order(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1 b=1 c=1; 20 b=2");
    expect_read(&world.line, "c@* x@* a@* b@15 b@* a@* a@5", "c@10=1 a@10=1 b@10=1 b@20=2 a@10=1");
    expect_read(&world.line, "", "");
}

/* Bytes of every kind, and of every size up to a page and beyond. */
static void values(struct kit *kit)
{
    static const size_t sizes[] = {1, 2, 255, 256, 4095, 4096, 4097, 65535, 65536, 1000000};
    struct world world;
    world_new(kit, &world);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *bytes = kit_memory(kit, sizes[i]);
        struct rows found = {.kit = kit}, expected = {.kit = kit};
        persist_clock clock;
        int more;
        for (size_t j = 0; j < sizes[i]; j++)
            bytes[j] = (char)random_next(&kit->random);
        persist_version version = {
            .key = text_bytes("a"), .value = {bytes, sizes[i]}, .timestamp = 10 + (int64_t)i};
        line_put(&world.line, version.timestamp, version.key, version.value);
        rows_take(&expected, &version);
        expect_status(&world.client, "scan of a large value",
                      line_scan(&world.line, &(persist_scan_range){0}, &found, &clock, &more),
                      PERSIST_OK);
        expect_text(kit, "scan of a large value", rows_text(&found), rows_text(&expected));
    }
}

/* Nanoseconds of today and of the last day there is. */
static void timestamps(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line,
                "1 a=1; 1767225600000000000 a=2; 1767225600000000001 a=3;"
                "9223372036854775806 a=4");
    expect_read(&world.line, "a@1", "a@1=1");
    expect_read(&world.line, "a@1767225599999999999", "a@1=1");
    expect_read(&world.line, "a@1767225600000000000", "a@1767225600000000000=2");
    expect_read(&world.line, "a@1767225600000000001", "a@1767225600000000001=3");
    expect_read(&world.line, "a@9223372036854775805", "a@1767225600000000001=3");
    expect_read(&world.line, "a@*", "a@9223372036854775806=4");
}

static const struct test_case cases[] = {
    {"by_timestamp", by_timestamp, 0, 0},
    {"neighbours", neighbours, 0, 0},
    {"many_of_one_key", many_of_one_key, 0, 0},
    {"tombstones", tombstones, 0, 0},
    {"tombstone_of_nothing", tombstone_of_nothing, 0, 0},
    {"empty_value", empty_value, 0, 0},
    {"within_an_append", within_an_append, 0, 0},
    {"request_order", request_order, 0, 0},
    {"values", values, 0, 0},
    {"timestamps", timestamps, 0, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_visible = {"visible", cases};
