/* SPDX-License-Identifier: MIT */
/* Deadlines and interrupt. */
#include "conformance/kit.h"

#include "core/base/clock.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 5000

/* Enough rows that a scan cannot have read them all before the first was taken. */
static void fill(struct line *line)
{
    static char keys[DRAFT_VERSIONS][16];
    struct draft draft;
    for (int first = 0; first < ROWS; first += DRAFT_VERSIONS) {
        draft_begin(line, line->clock.head + 1, &draft);
        for (int i = 0; i < DRAFT_VERSIONS; i++) {
            snprintf(keys[i], sizeof keys[i], "%06d", first + i);
            draft_put(&draft, text_bytes(keys[i]), text_bytes("v"), line->clock.head + 1, 0);
        }
        draft_end(line, &draft);
        expect_status(line->client, "append", draft_append(line->client, &draft, &line->clock),
                      PERSIST_OK);
    }
}

static persist_status take_namespace(void *context, const persist_namespace_row *row)
{
    (void)context;
    (void)row;
    return PERSIST_OK;
}

/* A deadline that has passed already: TIMEOUT, and nothing was done. */
static void deadline_passed(struct kit *kit)
{
    struct world world;
    struct rows rows = {.kit = kit};
    persist_clock clock;
    uint32_t ns = 0;
    int more;
    const persist_store_ops *store = &kit->plugin->store;
    world_new(kit, &world);
    struct client *client = &world.client;
    line_commit(&world.line, "10 a=1");
    struct sight before = line_sight(&world.line);
    client->deadline = clock_monotonic() - 1;
    expect_status(client, "append past its deadline", line_try(&world.line, "20 b=2", &clock),
                  PERSIST_TIMEOUT);
    expect_status(client, "scan past its deadline",
                  line_scan(&world.line, &(persist_scan_range){0}, &rows, &clock, &more),
                  PERSIST_TIMEOUT);
    expect_status(client, "changes past its deadline",
                  line_changes(&world.line, 0, 0, 0, &rows, &clock, &more), PERSIST_TIMEOUT);
    expect_number(kit, "rows of calls past their deadline", (int64_t)rows.n, 0);
    persist_namespace_spec spec = {.size = sizeof spec, .name = "late"};
    expect_status(client, "namespace_create past its deadline",
                  store->namespace_create(client_call(client), client->session, &spec, &ns),
                  PERSIST_TIMEOUT);
    expect_status(client, "namespace_list past its deadline",
                  store->namespace_list(client_call(client), client->session, take_namespace, NULL),
                  PERSIST_TIMEOUT);
    expect_status(
        client, "meta_put past its deadline",
        store->meta_put(client_call(client), client->session, 0, "x", &(persist_bytes){"1", 1}),
        PERSIST_TIMEOUT);
    client->deadline = PERSIST_NO_DEADLINE;
    expect_unchanged(&world.line, "calls past their deadline", &before);
    expect_status(client, "meta_get",
                  store->meta_get(client_call(client), client->session, 0, "x", rows_take, &rows),
                  PERSIST_NOT_FOUND);
    line_commit(&world.line, "20 b=2");
}

/* A deadline that does not pass is no reason to fail. */
static void deadline_ahead(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    world.client.deadline = clock_deadline(30 * NS_PER_S);
    line_commit(&world.line, "10 a=1; 20 a=2");
    expect_read(&world.line, "a@*", "a@20=2");
    expect_scan(&world.line, "all keys", (persist_scan_range){0}, "a@20=2");
}

/* The taker itself lets the time pass. */
static void wait_until_past(void *context, size_t n)
{
    const int64_t *deadline = context;
    if (n == 1)
        while (clock_monotonic() <= *deadline)
            clock_sleep(NS_PER_MS);
}

static void deadline_in_scan(struct kit *kit)
{
    struct world world;
    persist_clock clock;
    int more;
    world_new(kit, &world);
    fill(&world.line);
    world.client.deadline = clock_deadline(200 * NS_PER_MS);
    struct rows rows = {.hook = wait_until_past, .context = &world.client.deadline};
    expect_status(&world.client, "scan whose deadline passes at its first row",
                  line_scan(&world.line, &(persist_scan_range){0}, &rows, &clock, &more),
                  PERSIST_TIMEOUT);
    expect_true(kit, rows.n < ROWS, "scan whose deadline passes at its first row",
                "an end before the last row");
    world.client.deadline = PERSIST_NO_DEADLINE;
    line_commit(&world.line, "100000 a=1");
}

/* ---- interrupt */

struct breaker {
    struct client *client;
    sem_t at_row;
    sem_t done;
};

static void *breaker_main(void *context)
{
    struct breaker *breaker = context;
    sem_wait(&breaker->at_row);
    breaker->client->store->plugin->life.interrupt(breaker->client->session);
    sem_post(&breaker->done);
    return NULL;
}

/* At the first row the other thread interrupts, and has done so before the row is over. */
static void meet(void *context, size_t n)
{
    struct breaker *breaker = context;
    if (n != 1)
        return;
    sem_post(&breaker->at_row);
    sem_wait(&breaker->done);
}

static void interrupt_scan(struct kit *kit)
{
    struct world world;
    persist_clock clock;
    pthread_t thread;
    int more;
    world_new(kit, &world);
    fill(&world.line);
    struct breaker breaker = {.client = &world.client};
    sem_init(&breaker.at_row, 0, 0);
    sem_init(&breaker.done, 0, 0);
    pthread_create(&thread, NULL, breaker_main, &breaker);
    struct rows rows = {.hook = meet, .context = &breaker};
    expect_status(&world.client, "scan interrupted at its first row",
                  line_scan(&world.line, &(persist_scan_range){0}, &rows, &clock, &more),
                  PERSIST_INTERRUPTED);
    pthread_join(thread, NULL);
    expect_true(kit, rows.n < ROWS, "scan interrupted at its first row",
                "an end before the last row");
    persist_status status =
        kit->plugin->life.session_reset(client_call(&world.client), world.client.session);
    expect_status(&world.client, "session_reset after an interrupt", status, PERSIST_OK);
    line_commit(&world.line, "100000 a=1");
    expect_read(&world.line, "a@*", "a@100000=1");
}

/* An interrupt that meets no call is forgotten. */
static void interrupt_idle(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    for (int i = 0; i < 3; i++)
        kit->plugin->life.interrupt(world.client.session);
    line_commit(&world.line, "10 a=1");
    kit->plugin->life.interrupt(world.client.session);
    expect_read(&world.line, "a@*", "a@10=1");
    kit->plugin->life.interrupt(world.client.session);
    expect_scan(&world.line, "all keys", (persist_scan_range){0}, "a@10=1");
}

/* One session's interrupt is not another's. */
static void interrupt_other(struct kit *kit)
{
    struct world world;
    struct client other;
    persist_clock clock;
    pthread_t thread;
    int more;
    world_new(kit, &world);
    fill(&world.line);
    client_open(&world.store, &other);
    struct breaker breaker = {.client = &other};
    sem_init(&breaker.at_row, 0, 0);
    sem_init(&breaker.done, 0, 0);
    pthread_create(&thread, NULL, breaker_main, &breaker);
    struct rows rows = {.hook = meet, .context = &breaker};
    expect_status(&world.client, "scan while another session is interrupted",
                  line_scan(&world.line, &(persist_scan_range){0}, &rows, &clock, &more),
                  PERSIST_OK);
    pthread_join(thread, NULL);
}

static const struct test_case cases[] = {
    {"deadline_passed", deadline_passed, 0, 0},
    {"deadline_ahead", deadline_ahead, 0, 0},
    {"deadline_in_scan", deadline_in_scan, 0, 0},
    {"interrupt_scan", interrupt_scan, 0, 0},
    {"interrupt_idle", interrupt_idle, 0, 0},
    {"interrupt_other", interrupt_other, 0, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_calls = {"calls", cases};
