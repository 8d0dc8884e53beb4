/* SPDX-License-Identifier: MIT */
/* What outlives store_close, and the process. */
#include "conformance/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reopen(struct world *world)
{
    client_close(&world->client);
    kit_store_close(&world->store);
    kit_store_open(&world->store);
    client_open(&world->store, &world->client);
}

static void data(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1 b=1; 20 a=2; 30 b- c=; 40; 60 d@50=4 d@60=5");
    struct sight before = line_sight(&world.line);
    struct rows log[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        persist_clock clock;
        int more;
        expect_status(&world.client, "changes",
                      line_changes(&world.line, 0, 0, 0, &log[i], &clock, &more), PERSIST_OK);
        reopen(&world);
        expect_unchanged(&world.line, "store_close and store_open", &before);
    }
    expect_text(kit, "changes after store_open", rows_text(&log[1]), rows_text(&log[0]));
    line_commit(&world.line, "70 a=7");
    expect_read(&world.line, "a@* a@15 b@* c@* d@55", "a@70=7 a@10=1 b@30- c@30= d@50=4");
}

static void control(struct kit *kit)
{
    static const persist_pin pin = {"backup", 20, 0};
    struct world world;
    persist_clock clock = {.size = sizeof clock};
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1; 20 a=2");
    persist_control fields = {.size = sizeof fields,
                              .fields = PERSIST_CONTROL_HORIZON | PERSIST_CONTROL_PINS |
                                        PERSIST_CONTROL_EPOCH | PERSIST_CONTROL_RETENTION,
                              .control_version = world.line.clock.control_version,
                              .horizon = 15,
                              .epoch = world.line.clock.epoch + 3,
                              .retention = 99,
                              .pins = &pin,
                              .n_pins = 1};
    persist_status status = kit->plugin->store.control(
        client_call(&world.client), world.client.session, world.line.ns, &fields, &clock);
    expect_status(&world.client, "control", status, PERSIST_OK);
    struct sight before = line_sight(&world.line);
    reopen(&world);
    expect_unchanged(&world.line, "store_close and store_open after control", &before);
    fields.fields = PERSIST_CONTROL_HORIZON;
    fields.control_version = clock.control_version;
    fields.horizon = 21;
    status = kit->plugin->store.control(client_call(&world.client), world.client.session,
                                        world.line.ns, &fields, &clock);
    expect_status(&world.client, "control of a horizon above a pin set before store_close", status,
                  PERSIST_INVALID);
}

/* Ids and epochs that were used once are used up, though their namespace is gone. */
static void namespaces(struct kit *kit)
{
    struct world world;
    struct line second, again;
    world_new(kit, &world);
    line_create(&world.client, "second", PERSIST_STATE_LOADING, &second);
    persist_status status = kit->plugin->store.namespace_drop(client_call(&world.client),
                                                              world.client.session, second.ns);
    expect_status(&world.client, "namespace_drop", status, PERSIST_OK);
    reopen(&world);
    line_create(&world.client, "second", PERSIST_STATE_OPEN, &again);
    expect_true(kit, again.ns != second.ns && again.ns != world.line.ns,
                "namespace_create after store_open", "an id that was never used before");
    expect_true(kit, again.clock.epoch != second.clock.epoch,
                "namespace_create of a dropped name after store_open",
                "an epoch that this name never had");
    line_head(&world.line);
    line_commit(&world.line, "10 a=1");
}

static void meta(struct kit *kit)
{
    struct world world;
    struct rows rows = {.kit = kit};
    world_new(kit, &world);
    const persist_store_ops *store = &kit->plugin->store;
    struct client *client = &world.client;
    persist_bytes value = text_bytes("42");
    const uint32_t places[] = {0, world.line.ns};
    for (int i = 0; i < 2; i++) {
        expect_status(
            client, "meta_put",
            store->meta_put(client_call(client), client->session, places[i], "kept", &value),
            PERSIST_OK);
        expect_status(
            client, "meta_put",
            store->meta_put(client_call(client), client->session, places[i], "gone", &value),
            PERSIST_OK);
        expect_status(
            client, "meta_put of NULL",
            store->meta_put(client_call(client), client->session, places[i], "gone", NULL),
            PERSIST_OK);
    }
    reopen(&world);
    for (int i = 0; i < 2; i++) {
        expect_status(client, "meta_get after store_open",
                      store->meta_get(client_call(client), client->session, places[i], "kept",
                                      rows_take, &rows),
                      PERSIST_OK);
        expect_status(client, "meta_get after store_open of what was removed",
                      store->meta_get(client_call(client), client->session, places[i], "gone",
                                      rows_take, &rows),
                      PERSIST_NOT_FOUND);
    }
    expect_text(kit, "meta_get after store_open", rows_text(&rows), "kept@0=42 kept@0=42");
}

/* ---- the death of a process */

/* Appends and tells each acknowledged head, until it is killed. Each append writes two
 * keys, so that half an append would show. */
static void kill_job(struct kit *kit, const struct job *job)
{
    struct world world;
    kit_store_bind(kit, kit->plugin, job->url, &world.store);
    if (job->number == 0)
        kit_store_migrate(&world.store);
    kit_store_open(&world.store);
    client_open(&world.store, &world.client);
    if (job->number == 0) {
        line_create(&world.client, "main", PERSIST_STATE_OPEN, &world.line);
    } else {
        world.line = (struct line){.client = &world.client, .ns = job->ns};
        line_head(&world.line);
    }
    worker_tell(kit, world.line.ns);
    for (;;) {
        char history[96];
        long long next = (long long)world.line.clock.head + 1;
        snprintf(history, sizeof history, "%lld a=%lld b=%lld", next, next, next);
        line_commit(&world.line, history);
        worker_tell(kit, next);
    }
}

/* All that was acknowledged is there, and all that is there is whole. */
static void expect_survived(struct kit *kit, const struct job *job, int64_t acknowledged)
{
    struct world world;
    struct rows records = {0};
    persist_clock clock;
    char expected[100];
    int more;
    kit_store_bind(kit, kit->plugin, job->url, &world.store);
    kit_store_open(&world.store);
    client_open(&world.store, &world.client);
    world.line = (struct line){.client = &world.client, .ns = job->ns};
    line_head(&world.line);
    int64_t head = world.line.clock.head;
    expect_true(kit, head >= acknowledged, "the head after SIGKILL",
                "not below an append that was acknowledged");
    snprintf(expected, sizeof expected, "a@%lld=%lld b@%lld=%lld", (long long)head, (long long)head,
             (long long)head, (long long)head);
    expect_read(&world.line, "a@* b@*", expected);
    expect_number(kit, "versions after SIGKILL", (int64_t)world.line.clock.versions, 2 * head);
    expect_status(&world.client, "changes after SIGKILL",
                  line_changes(&world.line, 0, 0, 0, &records, &clock, &more), PERSIST_OK);
    expect_number(kit, "records after SIGKILL", (int64_t)records.n, head);
    client_close(&world.client);
    kit_store_close(&world.store);
}

#define KILLS 4

static void killed(struct kit *kit)
{
    struct job job = {.run = kill_job};
    int64_t number = 0, acknowledged = 0;
    kit_store_place(kit, kit->plugin, job.url, NULL);
    for (unsigned i = 0; i < KILLS; i++) {
        job.number = i;
        worker_start(kit, i, &job);
        if (!worker_hear(kit, i, &number))
            kit_fail(kit, "opening the store in a second process", "it opens", "it ended");
        job.ns = (uint32_t)number;
        uint64_t appends = 1 + random_below(&kit->random, 12 * kit->scale);
        for (uint64_t n = 0; n < appends; n++, acknowledged = number)
            if (!worker_hear(kit, i, &number))
                kit_fail(kit, "appends in a second process", "they succeed", "it ended");
        worker_kill(kit, i);
        while (worker_hear(kit, i, &number)) /* told before it died */
            acknowledged = number;
        expect_survived(kit, &job, acknowledged);
    }
}

/* A second process sees what the first one wrote, while both have the store open. */
static void look_job(struct kit *kit, const struct job *job)
{
    struct world world;
    kit_store_bind(kit, kit->plugin, job->url, &world.store);
    kit_store_open(&world.store);
    client_open(&world.store, &world.client);
    world.line = (struct line){.client = &world.client, .ns = job->ns};
    worker_tell(kit, 0);
    for (int64_t head = worker_wait(kit); head != 0; head = worker_wait(kit)) {
        line_head(&world.line);
        expect_number(kit, "head in a second process", world.line.clock.head, head);
        worker_tell(kit, head);
    }
}

static void seen_at_once(struct kit *kit)
{
    struct world world;
    struct job job = {.run = look_job};
    int64_t number;
    world_new(kit, &world);
    memcpy(job.url, world.store.url, sizeof job.url);
    job.ns = world.line.ns;
    worker_start(kit, 0, &job);
    bool there = worker_hear(kit, 0, &number);
    for (int64_t head = 1; head <= 10 && there; head++) {
        line_put(&world.line, head, text_bytes("a"), text_bytes("1"));
        worker_send(kit, 0, head);
        there = worker_hear(kit, 0, &number);
    }
    expect_true(kit, there, "looking from a second process", "the head that was just appended");
}

static const struct test_case cases[] = {
    {"data", data, PERSIST_CAP_PERSISTENT, 0},
    {"control", control, PERSIST_CAP_PERSISTENT | NEED_CONTROL, 0},
    {"namespaces", namespaces, PERSIST_CAP_PERSISTENT, 0},
    {"meta", meta, PERSIST_CAP_PERSISTENT, 0},
    {"killed", killed, PERSIST_CAP_PERSISTENT, KILLS},
    {"seen_at_once", seen_at_once, PERSIST_CAP_SHARED, 1},
    {NULL, NULL, 0, 0},
};
const struct group group_reopen = {"reopen", cases};
