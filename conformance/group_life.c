/* SPDX-License-Identifier: MIT */
/* Plugin, stores and sessions: in what order they come and go. */
#include "conformance/kit.h"

/* All of it again after stop: nothing is left over that a second start would trip on. */
static void start_again(struct kit *kit)
{
    const persist_life *life = &kit->plugin->life;
    for (int round = 0; round < 3; round++) {
        struct world world;
        if (round > 0 && life->start)
            expect_text(kit, "start after stop", persist_status_name(life->start()), "ok");
        world_new(kit, &world);
        line_commit(&world.line, "10 a=1");
        client_close(&world.client);
        kit_store_close(&world.store);
        if (round < 2 && life->stop)
            life->stop();
    }
}

static void many_sessions(struct kit *kit)
{
    struct world world;
    struct client clients[6];
    unsigned n = sizeof clients / sizeof *clients;
    world_new(kit, &world);
    if (world.store.limits.sessions > 0 && world.store.limits.sessions <= n)
        kit_skip(kit, "the store allows %llu sessions only",
                 (unsigned long long)world.store.limits.sessions);
    for (unsigned i = 0; i < n; i++)
        client_open(&world.store, &clients[i]);
    for (unsigned i = 0; i < n; i++) {
        struct line line = line_through(&world.line, &clients[i]);
        char key[] = {(char)('a' + i), 0};
        line_put(&line, 10 + i, text_bytes(key), text_bytes("1"));
        world.line.clock = line.clock;
    }
    for (unsigned i = 0; i < n; i++) {
        struct line line = line_through(&world.line, &clients[i]);
        expect_read(&line, "a@* b@* c@* d@* e@* f@*", "a@10=1 b@11=1 c@12=1 d@13=1 e@14=1 f@15=1");
    }
    client_close(&clients[3]);
    client_close(&clients[0]);
    line_commit(&world.line, "30 a=2");
    for (unsigned i = 0; i < n; i++)
        if (i != 3 && i != 0)
            client_close(&clients[i]);
    expect_read(&world.line, "a@*", "a@30=2");
}

static void two_stores(struct kit *kit)
{
    struct world worlds[2];
    for (int i = 0; i < 2; i++)
        world_new(kit, &worlds[i]);
    line_commit(&worlds[0].line, "10 a=first");
    line_commit(&worlds[1].line, "20 a=second");
    expect_read(&worlds[0].line, "a@*", "a@10=first");
    expect_read(&worlds[1].line, "a@*", "a@20=second");
    client_close(&worlds[0].client);
    kit_store_close(&worlds[0].store);
    line_commit(&worlds[1].line, "30 a=third");
    expect_read(&worlds[1].line, "a@*", "a@30=third");
}

static void ping_and_reset(struct kit *kit)
{
    struct world world;
    persist_clock clock;
    const persist_life *life = &kit->plugin->life;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1");
    struct client *client = &world.client;
    expect_status(client, "session_ping", life->session_ping(client_call(client), client->session),
                  PERSIST_OK);
    struct line stale = world.line;
    stale.clock.head = 5;
    expect_status(client, "append that expects another head", line_try(&stale, "20 a=2", &clock),
                  PERSIST_CONFLICT);
    expect_status(client, "session_reset after a failure",
                  life->session_reset(client_call(client), client->session), PERSIST_OK);
    expect_status(client, "session_ping after session_reset",
                  life->session_ping(client_call(client), client->session), PERSIST_OK);
    line_commit(&world.line, "20 a=2");
    expect_read(&world.line, "a@*", "a@20=2");
}

struct relay {
    struct world world;
    struct client client;
};

static void relay_open(void *context, unsigned number)
{
    struct relay *relay = context;
    (void)number;
    client_open(&relay->world.store, &relay->client);
}

static void relay_use(void *context, unsigned number)
{
    struct relay *relay = context;
    struct line line = line_through(&relay->world.line, &relay->client);
    (void)number;
    line_commit(&line, "10 a=1");
    expect_read(&line, "a@*", "a@10=1");
}

static void relay_close(void *context, unsigned number)
{
    struct relay *relay = context;
    (void)number;
    client_close(&relay->client);
}

/* One thread at a time, but any. */
static void session_moves(struct kit *kit)
{
    struct relay *relay = kit_memory(kit, sizeof *relay);
    world_new(kit, &relay->world);
    threads_run(kit, 1, relay_open, relay);
    threads_run(kit, 1, relay_use, relay);
    threads_run(kit, 1, relay_close, relay);
    line_head(&relay->world.line);
    expect_read(&relay->world.line, "a@*", "a@10=1");
}

static void read_only(struct kit *kit)
{
    struct world world;
    struct store store;
    struct client client;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1");
    client_close(&world.client);
    kit_store_close(&world.store);
    kit_store_bind(kit, kit->plugin, world.store.url, &store);
    expect_text(kit, "store_open with PERSIST_OPEN_READ_ONLY",
                persist_status_name(kit_store_try(&store, PERSIST_OPEN_READ_ONLY, NULL)), "ok");
    client_open(&store, &client);
    struct line line = line_through(&world.line, &client);
    expect_read(&line, "a@*", "a@10=1");
}

static const struct test_case cases[] = {
    {"start_again", start_again, 0, 0},
    {"many_sessions", many_sessions, 0, 0},
    {"two_stores", two_stores, 0, 0},
    {"ping_and_reset", ping_and_reset, 0, 0},
    {"session_moves", session_moves, 0, 0},
    {"read_only", read_only, PERSIST_CAP_PERSISTENT, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_life = {"life", cases};
