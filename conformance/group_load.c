/* SPDX-License-Identifier: MIT */
/* Filling a namespace that is in the state LOADING. */
#include "conformance/kit.h"

#include <stdlib.h>

static persist_status load(struct line *line, int64_t timestamp, const char *key, int64_t at,
                           persist_clock *clock)
{
    struct draft draft;
    draft_begin(line, timestamp, &draft);
    draft.append.flags = PERSIST_APPEND_LOAD;
    draft_put(&draft, text_bytes(key), text_bytes("v"), at, 0);
    draft_end(line, &draft);
    return draft_append(line->client, &draft, clock);
}

static void load_all(struct line *line)
{
    static const struct {
        int64_t head;
        const char *key;
        int64_t at;
    } steps[] = {{100, "a", 70}, {200, "b", 50}, {201, "a", 30}, {300, "a", 300}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        persist_clock clock;
        expect_status(line->client, "append with LOAD while the state is LOADING",
                      load(line, steps[i].head, steps[i].key, steps[i].at, &clock), PERSIST_OK);
        line->clock = clock;
    }
}

/* Versions come at any timestamp up to the new head, above the old one or below. */
static void any_order(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_create(&world.client, "filled", PERSIST_STATE_LOADING, &world.line);
    load_all(&world.line);
    expect_scan(&world.line, "what was loaded",
                (persist_scan_range){.flags = PERSIST_SCAN_VERSIONS},
                "a@300=v a@70=v a@30=v b@50=v");
    expect_read(&world.line, "a@29 a@30 a@69 a@70 a@299 b@*", "a@30=v a@30=v a@70=v a@70=v b@50=v");
}

static void compares(struct kit *kit)
{
    struct world world;
    persist_clock clock;
    world_new(kit, &world);
    line_create(&world.client, "filled", PERSIST_STATE_LOADING, &world.line);
    struct line stale = world.line;
    load_all(&world.line);
    struct sight before = line_sight(&world.line);
    expect_status(&world.client, "append with LOAD that expects another head",
                  load(&stale, 400, "c", 40, &clock), PERSIST_CONFLICT);
    stale = world.line;
    stale.clock.epoch++;
    expect_status(&world.client, "append with LOAD of another epoch",
                  load(&stale, 400, "c", 40, &clock), PERSIST_FENCED);
    expect_unchanged(&world.line, "refused appends with LOAD", &before);
}

static void not_when_open(struct kit *kit)
{
    struct world world;
    persist_clock clock;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1");
    struct sight before = line_sight(&world.line);
    persist_status status = load(&world.line, 20, "b", 5, &clock);
    expect_true(kit, status != PERSIST_OK, "append with LOAD while the state is OPEN", "a refusal");
    expect_unchanged(&world.line, "append with LOAD while the state is OPEN", &before);
}

static void then_open(struct kit *kit)
{
    struct world world;
    persist_clock clock = {.size = sizeof clock};
    world_new(kit, &world);
    line_create(&world.client, "filled", PERSIST_STATE_LOADING, &world.line);
    load_all(&world.line);
    persist_control control = {.size = sizeof control,
                               .fields = PERSIST_CONTROL_STATE,
                               .control_version = world.line.clock.control_version,
                               .state = PERSIST_STATE_OPEN,
                               .moved_to = ""};
    persist_status status = kit->plugin->store.control(
        client_call(&world.client), world.client.session, world.line.ns, &control, &clock);
    expect_status(&world.client, "control from LOADING to OPEN", status, PERSIST_OK);
    world.line.clock = clock;
    expect_status(&world.client, "append with LOAD after opening",
                  load(&world.line, 400, "c", 40, &clock) == PERSIST_OK ? PERSIST_OK
                                                                        : PERSIST_MISUSE,
                  PERSIST_MISUSE);
    line_commit(&world.line, "400 b=2");
    expect_read(&world.line, "a@* b@*", "a@300=v b@400=2");
}

static const struct test_case cases[] = {
    {"any_order", any_order, 0, 0},
    {"compares", compares, 0, 0},
    {"not_when_open", not_when_open, 0, 0},
    {"then_open", then_open, NEED_CONTROL, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_load = {"load", cases};
