/* SPDX-License-Identifier: MIT */
/* Keys: any bytes, in unsigned byte order, up to the limit. */
#include "conformance/kit.h"

#include <stdio.h>
#include <string.h>

#define KEY(text)              \
    {                          \
        text, sizeof(text) - 1 \
    }

/* In order. Prefixes come first; 0x80 and above come behind 0x7F. */
static const persist_bytes ordered[] = {
    KEY("\x00"),
    KEY("\x00\x00"),
    KEY("\x00\x00\x01"),
    KEY("\x00\x01"),
    KEY("\x00\xFF"),
    KEY("\x01"),
    KEY("!"),
    KEY("A"),
    KEY("Z"),
    KEY("a"),
    KEY("a\x00"),
    KEY("a\x00z"),
    KEY("a\x01"),
    KEY("aa"),
    KEY("ab"),
    KEY("a\xFF"),
    KEY("b"),
    KEY("\x7F"),
    KEY("\x80"),
    KEY("\xC3\xA4"),
    KEY("\xFE\xFF"),
    KEY("\xFF"),
    KEY("\xFF\x00"),
    KEY("\xFF\xFF"),
    KEY("\xFF\xFF\xFF"),
};
#define N_ORDERED (sizeof ordered / sizeof *ordered)

/* Appends them in an order drawn at random; the value tells the place. */
static void fill(struct kit *kit, struct line *line)
{
    static char values[N_ORDERED][8];
    size_t order[N_ORDERED];
    struct draft draft;
    for (size_t i = 0; i < N_ORDERED; i++) {
        size_t j = random_below(&kit->random, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    draft_begin(line, 10, &draft);
    for (size_t i = 0; i < N_ORDERED; i++) {
        snprintf(values[i], sizeof values[i], "%zu", order[i]);
        draft_put(&draft, ordered[order[i]], text_bytes(values[i]), 10, 0);
    }
    draft_end(line, &draft);
    persist_clock clock;
    expect_status(line->client, "append of keys with 0x00 and 0xFF",
                  draft_append(line->client, &draft, &clock), PERSIST_OK);
    line->clock = clock;
}

/* What a scan of those from..to finds, as text. */
static const char *expected_rows(struct kit *kit, size_t from, size_t to, bool reverse)
{
    struct rows rows = {.kit = kit};
    char value[8];
    for (size_t i = from; i < to; i++) {
        size_t at = reverse ? to - 1 - (i - from) : i;
        snprintf(value, sizeof value, "%zu", at);
        rows_take(&rows, &(persist_version){
                             .key = ordered[at], .value = text_bytes(value), .timestamp = 10});
    }
    return rows_text(&rows);
}

static void order(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    fill(kit, &world.line);
    expect_scan(&world.line, "all keys", (persist_scan_range){0},
                expected_rows(kit, 0, N_ORDERED, false));
}

static void order_reverse(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    fill(kit, &world.line);
    expect_scan(&world.line, "all keys, reverse", (persist_scan_range){.flags = 1},
                expected_rows(kit, 0, N_ORDERED, true));
}

/* [from, to) for each pair of keys, both ways: the first is in, the last is not. */
static void ranges(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    fill(kit, &world.line);
    for (size_t from = 0; from < N_ORDERED; from += 2)
        for (size_t to = from; to < N_ORDERED; to += 3)
            for (uint32_t flags = 0; flags <= PERSIST_SCAN_REVERSE; flags++) {
                char what[64];
                snprintf(what, sizeof what, "from key %zu to key %zu, flags %u", from, to, flags);
                expect_scan(
                    &world.line, what,
                    (persist_scan_range){.from = ordered[from], .to = ordered[to], .flags = flags},
                    expected_rows(kit, from, to, flags != 0));
            }
    expect_scan(&world.line, "a range whose end is below its begin",
                (persist_scan_range){.from = ordered[9], .to = ordered[3]}, "");
    expect_scan(&world.line, "a range that begins at a missing key",
                (persist_scan_range){.from = text_bytes("aB"), .to = text_bytes("aab")},
                expected_rows(kit, 13, 14, false));
}

/* Each key is itself: none is cut at a NUL, none folded, none found by its prefix. */
static void exact(struct kit *kit)
{
    struct world world;
    struct rows rows = {.kit = kit};
    persist_read_key keys[N_ORDERED + 2];
    world_new(kit, &world);
    fill(kit, &world.line);
    for (size_t i = 0; i < N_ORDERED; i++) {
        persist_read read = {.size = sizeof read, .ns = world.line.ns, .keys = keys, .n_keys = 1};
        keys[0] = (persist_read_key){ordered[i], PERSIST_NEWEST};
        rows = (struct rows){.kit = kit};
        persist_status status = kit->plugin->store.read(
            client_call(&world.client), world.client.session, &read, NULL, rows_take, &rows);
        expect_status(&world.client, "read of one key, no clock asked for", status, PERSIST_OK);
        expect_text(kit, "read of one key", rows_text(&rows), expected_rows(kit, i, i + 1, false));
    }
    expect_read(&world.line, "aaa@* c@* abc@*", "");
}

static persist_bytes long_key(struct kit *kit, size_t size, char last)
{
    char *key = kit_memory(kit, size);
    memset(key, 'k', size);
    key[size - 1] = last;
    return (persist_bytes){key, size};
}

static void longest(struct kit *kit)
{
    struct world world;
    struct rows expected = {.kit = kit};
    world_new(kit, &world);
    uint64_t bound = world.store.limits.key_bytes;
    size_t size = bound > 0 && bound < 65536 ? (size_t)bound : 2048;
    persist_bytes keys[3] = {long_key(kit, size, 'a'), long_key(kit, size, 'b'),
                             long_key(kit, size - 1, 'k')};
    const size_t in_order[3] = {2, 0, 1};
    for (size_t i = 0; i < 3; i++)
        line_put(&world.line, 10 + (int64_t)i, keys[2 - i], text_bytes("v"));
    for (size_t i = 0; i < 3; i++)
        rows_take(&expected, &(persist_version){.key = keys[in_order[i]],
                                                .value = text_bytes("v"),
                                                .timestamp = 12 - (int64_t)in_order[i]});
    expect_scan(&world.line, "keys of the greatest length", (persist_scan_range){0},
                rows_text(&expected));
}

static const struct test_case cases[] = {
    {"order", order, 0, 0},     {"order_reverse", order_reverse, 0, 0},
    {"ranges", ranges, 0, 0},   {"exact", exact, 0, 0},
    {"longest", longest, 0, 0}, {NULL, NULL, 0, 0},
};
const struct group group_keys = {"keys", cases};
