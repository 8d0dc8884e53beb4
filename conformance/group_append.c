/* SPDX-License-Identifier: MIT */
/* The one way to write: what it compares, what it changes, and that of two one wins. */
#include "conformance/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void effects(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1 b=1; 20 a=2; 30 b-");
    persist_clock expected = world.line.clock;
    expect_number(kit, "versions after four", (int64_t)expected.versions, 4);
    line_head(&world.line);
    expect_clock(kit, "head after appends", &world.line.clock, &expected);
    expect_scan(&world.line, "every version", (persist_scan_range){.flags = PERSIST_SCAN_VERSIONS},
                "a@20=2 a@10=1 b@30- b@10=1");
}

/* A record without versions: the head moves all the same. */
static void no_versions(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10; 20; 30 a=1; 40");
    line_head(&world.line);
    expect_number(kit, "head", world.line.clock.head, 40);
    expect_scan(&world.line, "all keys", (persist_scan_range){0}, "a@30=1");
}

/* A refused append: the status, the row as found, and nothing changed. */
static void refused(struct world *world, const char *what, const struct line *as,
                    persist_status expected)
{
    struct line stale = *as;
    persist_clock found;
    struct sight before = line_sight(&world->line);
    expect_status(&world->client, what, line_try(&stale, "90 a=9 z=9", &found), expected);
    expect_clock(world->store.kit, what, &found, &before.clock);
    expect_unchanged(&world->line, what, &before);
    free(before.rows);
}

static void compare_head(struct kit *kit)
{
    static const int64_t others[] = {0, 10, 19, 21, 25};
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1; 20 b=2");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct line stale = world.line;
        char what[60];
        stale.clock.head = others[i];
        snprintf(what, sizeof what, "append that expects head %lld, not 20", (long long)others[i]);
        refused(&world, what, &stale, PERSIST_CONFLICT);
    }
    line_commit(&world.line, "90 a=9");
}

static void compare_digest(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1; 20 b=2");
    for (size_t i = 0; i < 16; i += 5) {
        struct line stale = world.line;
        stale.clock.head_digest.bytes[i] ^= 1;
        refused(&world, "append that expects another head digest", &stale, PERSIST_CONFLICT);
    }
    line_commit(&world.line, "90 a=9");
}

static void compare_epoch(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1; 20 b=2");
    struct line stale = world.line;
    stale.clock.epoch--;
    refused(&world, "append of an earlier epoch", &stale, PERSIST_FENCED);
    stale.clock.epoch = world.line.clock.epoch + 1;
    refused(&world, "append of a later epoch", &stale, PERSIST_FENCED);
    stale.clock.head = 10;
    refused(&world, "append of another epoch and head", &stale, PERSIST_FENCED);
}

static void compare_loading(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_create(&world.client, "filled", PERSIST_STATE_LOADING, &world.line);
    refused(&world, "append without LOAD while the state is LOADING", &world.line, PERSIST_LOADING);
}

static void compare_moved(struct kit *kit)
{
    struct world world;
    persist_clock clock = {.size = sizeof clock};
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1");
    persist_control control = {.size = sizeof control,
                               .fields = PERSIST_CONTROL_STATE,
                               .control_version = world.line.clock.control_version,
                               .state = PERSIST_STATE_MOVED,
                               .moved_to = "elsewhere:"};
    persist_status status = kit->plugin->store.control(
        client_call(&world.client), world.client.session, world.line.ns, &control, &clock);
    expect_status(&world.client, "control to the state MOVED", status, PERSIST_OK);
    struct line now = world.line;
    now.clock = clock;
    refused(&world, "append while the state is MOVED", &now, PERSIST_MOVED);
    refused(&world, "append of the epoch before while the state is MOVED", &world.line,
            PERSIST_MOVED);
}

/* Sent twice, because its reply was lost: it happened once. */
static void sent_twice(struct kit *kit)
{
    struct world world;
    struct draft draft;
    persist_clock clock;
    world_new(kit, &world);
    draft_begin(&world.line, 10, &draft);
    draft_put(&draft, text_bytes("a"), text_bytes("1"), 10, 0);
    draft_end(&world.line, &draft);
    expect_status(&world.client, "append", draft_append(&world.client, &draft, &clock), PERSIST_OK);
    struct sight before = line_sight(&world.line);
    expect_status(&world.client, "the same append again",
                  draft_append(&world.client, &draft, &clock), PERSIST_CONFLICT);
    expect_unchanged(&world.line, "the same append again", &before);
}

/* One bad version among good ones: none of them is there. */
static void all_or_nothing(struct kit *kit)
{
    struct world world;
    struct draft draft;
    persist_clock clock;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1");
    uint64_t bound = world.store.limits.key_bytes;
    size_t size = bound > 0 && bound < 65536 ? (size_t)bound + 1 : 0;
    struct sight before = line_sight(&world.line);
    draft_begin(&world.line, 20, &draft);
    draft_put(&draft, text_bytes("b"), text_bytes("2"), 20, 0);
    char *key = kit_memory(kit, size + 1);
    draft_put(&draft, (persist_bytes){key, size}, text_bytes("2"), 20, 0);
    draft_put(&draft, text_bytes("c"), text_bytes("2"), 20, 0);
    draft_end(&world.line, &draft);
    expect_status(&world.client, "append with one bad key among three",
                  draft_append(&world.client, &draft, &clock),
                  size > 0 ? PERSIST_LIMIT : PERSIST_INVALID);
    expect_unchanged(&world.line, "append with one bad key among three", &before);
    line_commit(&world.line, "20 b=2 c=2");
}

static void no_namespace(struct kit *kit)
{
    struct world world;
    persist_clock clock;
    world_new(kit, &world);
    struct line line = world.line;
    line.ns += 1000;
    expect_status(&world.client, "append to a namespace that is not there",
                  line_try(&line, "10 a=1", &clock), PERSIST_NOT_FOUND);
}

/* ---- races */

struct race {
    struct world world;
    unsigned writers;
    unsigned appends;
    unsigned losses[16];
};

/* Appends once: again and again until the head was the one expected. */
static unsigned append_until_done(struct line *line, const char *key)
{
    unsigned lost = 0;
    for (;;) {
        struct draft draft;
        persist_clock clock;
        draft_begin(line, line->clock.head + 1, &draft);
        draft_put(&draft, text_bytes(key), text_bytes("v"), line->clock.head + 1, 0);
        draft_end(line, &draft);
        persist_status status = draft_append(line->client, &draft, &clock);
        if (status == PERSIST_OK || status == PERSIST_CONFLICT)
            line->clock = clock;
        if (status == PERSIST_OK)
            return lost;
        lost++;
        if (status == PERSIST_BUSY)
            line_head(line);
        else
            expect_status(line->client, "append in a race", status, PERSIST_CONFLICT);
    }
}

static void race_writer(void *context, unsigned number)
{
    struct race *race = context;
    struct client client;
    client_open(&race->world.store, &client);
    struct line line = line_through(&race->world.line, &client);
    char key[16];
    snprintf(key, sizeof key, "w%u", number);
    for (unsigned i = 0; i < race->appends; i++)
        race->losses[number] += append_until_done(&line, key);
    client_close(&client);
}

/* As many records, chained, and as many versions as were acknowledged. */
static void expect_won(struct world *world, unsigned writers, unsigned appends)
{
    struct kit *kit = world->store.kit;
    struct rows records = {0}, versions = {0};
    persist_clock clock;
    int more;
    expect_status(&world->client, "changes after a race",
                  line_changes(&world->line, 0, 0, 0, &records, &clock, &more), PERSIST_OK);
    expect_number(kit, "records after a race", (int64_t)records.n, writers * appends);
    expect_number(kit, "head after a race", clock.head, writers * appends);
    expect_number(kit, "versions counted after a race", (int64_t)clock.versions, writers * appends);
    persist_scan_range all = {.flags = PERSIST_SCAN_VERSIONS};
    expect_status(&world->client, "scan after a race",
                  line_scan(&world->line, &all, &versions, &clock, &more), PERSIST_OK);
    expect_number(kit, "versions found after a race", (int64_t)versions.n, writers * appends);
}

static void race_threads(struct kit *kit)
{
    struct race *race = kit_memory(kit, sizeof *race);
    race->writers = 4;
    race->appends = (unsigned)(25 * kit->scale);
    world_new(kit, &race->world);
    threads_run(kit, race->writers, race_writer, race);
    expect_won(&race->world, race->writers, race->appends);
}

static void race_job(struct kit *kit, const struct job *job)
{
    struct world world;
    char key[16];
    kit_store_bind(kit, kit->plugin, job->url, &world.store);
    kit_store_open(&world.store);
    client_open(&world.store, &world.client);
    world.line = (struct line){.client = &world.client, .ns = job->ns};
    line_head(&world.line);
    worker_tell(kit, 0);
    worker_wait(kit);
    snprintf(key, sizeof key, "w%llu", (unsigned long long)job->number);
    for (uint64_t i = 0; i < job->count; i++)
        append_until_done(&world.line, key);
    client_close(&world.client);
    kit_store_close(&world.store);
    worker_tell(kit, 1);
}

#define RACE_PROCESSES 3

static void race_processes(struct kit *kit)
{
    struct world world;
    struct job job = {.run = race_job, .count = 20 * kit->scale};
    int64_t number;
    world_new(kit, &world);
    memcpy(job.url, world.store.url, sizeof job.url);
    job.ns = world.line.ns;
    for (unsigned i = 0; i < RACE_PROCESSES; i++) {
        job.number = i;
        worker_start(kit, i, &job);
    }
    for (unsigned step = 0; step < 2; step++) {
        for (unsigned i = 0; i < RACE_PROCESSES; i++)
            if (!worker_hear(kit, i, &number))
                kit_fail(kit, "appends of several processes", "each of them succeeds",
                         "one of them ended");
        for (unsigned i = 0; i < RACE_PROCESSES && step == 0; i++)
            worker_send(kit, i, 0);
    }
    expect_won(&world, RACE_PROCESSES, (unsigned)job.count);
}

static const struct test_case cases[] = {
    {"effects", effects, 0, 0},
    {"no_versions", no_versions, 0, 0},
    {"compare_head", compare_head, 0, 0},
    {"compare_digest", compare_digest, 0, 0},
    {"compare_epoch", compare_epoch, 0, 0},
    {"compare_loading", compare_loading, 0, 0},
    {"compare_moved", compare_moved, NEED_CONTROL, 0},
    {"sent_twice", sent_twice, 0, 0},
    {"all_or_nothing", all_or_nothing, 0, 0},
    {"no_namespace", no_namespace, 0, 0},
    {"race_threads", race_threads, 0, 0},
    {"race_processes", race_processes, PERSIST_CAP_SHARED, RACE_PROCESSES},
    {NULL, NULL, 0, 0},
};
const struct group group_append = {"append", cases};
