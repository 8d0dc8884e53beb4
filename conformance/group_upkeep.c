/* SPDX-License-Identifier: MIT */
/* Reserved members: collect, trim, repair, wait_change. */
#include "conformance/kit.h"

#include "core/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Raises horizon and log floor. */
static void raise(struct line *line, int64_t horizon, int64_t log_floor)
{
    struct client *client = line->client;
    persist_clock clock = {.size = sizeof clock};
    persist_control control = {.size = sizeof control,
                               .fields = PERSIST_CONTROL_HORIZON | PERSIST_CONTROL_LOG_FLOOR,
                               .control_version = line->clock.control_version,
                               .horizon = horizon,
                               .log_floor = log_floor};
    persist_status status = client->store->plugin->store.control(
        client_call(client), client->session, line->ns, &control, &clock);
    expect_status(client, "control of horizon and log floor", status, PERSIST_OK);
    line->clock = clock;
}

static persist_status collect(struct line *line, const persist_read_key *keys, size_t n,
                              uint64_t epoch, struct rows *removed)
{
    struct client *client = line->client;
    removed->kit = client->store->kit;
    return client->store->plugin->store.collect(client_call(client), client->session, line->ns,
                                                epoch, keys, n, rows_take, removed);
}

static void collects(struct kit *kit)
{
    const persist_read_key keys[] = {{text_bytes("a"), 25}, {text_bytes("b"), 30}};
    struct world world;
    struct rows removed = {0};
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1 b=1; 20 a=2; 30 a=3 b-; 40 c=4");
    raise(&world.line, 30, 0);
    expect_status(&world.client, "collect",
                  collect(&world.line, keys, 2, world.line.clock.epoch, &removed), PERSIST_OK);
    expect_number(kit, "collect: versions removed", (int64_t)removed.n, 3);
    const char *text = rows_text(&removed);
    expect_true(kit, strstr(text, "a@10") && strstr(text, "b@10") && strstr(text, "b@30"), text,
                "a@10, b@10 and the tombstone b@30 were handed out as removed");
    expect_scan(&world.line, "after collect", (persist_scan_range){.flags = PERSIST_SCAN_VERSIONS},
                "a@30=3 a@20=2 c@40=4");
    expect_read(&world.line, "a@25 a@* b@*", "a@20=2 a@30=3");
}

static void collect_refuses(struct kit *kit)
{
    const persist_read_key keys[] = {{text_bytes("a"), 25}};
    struct world world;
    struct rows removed = {0};
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1; 20 a=2; 30 a=3");
    raise(&world.line, 24, 0);
    struct sight before = line_sight(&world.line);
    expect_status(&world.client, "collect above the horizon",
                  collect(&world.line, keys, 1, world.line.clock.epoch, &removed), PERSIST_FENCED);
    raise(&world.line, 25, 0);
    expect_status(&world.client, "collect of another epoch",
                  collect(&world.line, keys, 1, world.line.clock.epoch + 1, &removed),
                  PERSIST_FENCED);
    expect_number(kit, "refused collects: versions removed", (int64_t)removed.n, 0);
    before.clock = world.line.clock;
    expect_unchanged(&world.line, "refused collects", &before);
}

static void trims(struct kit *kit)
{
    struct world world;
    struct rows records = {0};
    persist_clock clock;
    int left = -1, more;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1; 20 a=2; 30 a=3; 40 a=4");
    raise(&world.line, 30, 30);
    struct client *client = &world.client;
    for (int round = 0; round < 2; round++) {
        persist_status status =
            kit->plugin->store.trim(client_call(client), client->session, world.line.ns, 2, &left);
        expect_status(client, "trim of two records", status, PERSIST_OK);
        expect_number(kit, "trim of two records, three being due: *left", left, round == 0);
    }
    expect_status(client, "changes after the log floor",
                  line_changes(&world.line, 30, 0, 0, &records, &clock, &more), PERSIST_OK);
    expect_number(kit, "records above the log floor", (int64_t)records.n, 1);
    expect_scan(&world.line, "after trim", (persist_scan_range){.flags = PERSIST_SCAN_VERSIONS},
                "a@40=4 a@30=3 a@20=2 a@10=1");
}

static void repairs(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1; 20 a=2; 30 a=3");
    struct client *client = &world.client;
    persist_version version = {
        .key = text_bytes("a"), .value = text_bytes("mended"), .timestamp = 20};
    persist_status status =
        kit->plugin->store.repair(client_call(client), client->session, world.line.ns,
                                  world.line.clock.epoch + 1, &version, "a test");
    expect_status(client, "repair of another epoch", status, PERSIST_FENCED);
    status = kit->plugin->store.repair(client_call(client), client->session, world.line.ns,
                                       world.line.clock.epoch, &version, "a test");
    expect_status(client, "repair", status, PERSIST_OK);
    expect_read(&world.line, "a@10 a@20 a@30", "a@10=1 a@20=mended a@30=3");
}

static void waits(struct kit *kit)
{
    struct world world;
    persist_clock clock = {.size = sizeof clock};
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1");
    struct client *client = &world.client;
    persist_status status = kit->plugin->store.wait_change(client_call(client), client->session,
                                                           world.line.ns, 5, &clock);
    expect_status(client, "wait_change for what is there", status, PERSIST_OK);
    expect_number(kit, "wait_change: head", clock.head, 10);
    client->deadline = clock_deadline(50 * NS_PER_MS);
    status = kit->plugin->store.wait_change(client_call(client), client->session, world.line.ns, 10,
                                            &clock);
    expect_status(client, "wait_change for what does not come", status, PERSIST_TIMEOUT);
}

static const struct test_case cases[] = {
    {"collect", collects, NEED_COLLECT | NEED_CONTROL, 0},
    {"collect_refuses", collect_refuses, NEED_COLLECT | NEED_CONTROL, 0},
    {"trim", trims, NEED_TRIM | NEED_CONTROL, 0},
    {"repair", repairs, NEED_REPAIR, 0},
    {"wait_change", waits, NEED_WAIT, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_upkeep = {"upkeep", cases};
