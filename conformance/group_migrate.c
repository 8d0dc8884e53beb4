/* SPDX-License-Identifier: MIT */
/* Making a store, and making it again. */
#include "conformance/kit.h"

#include <stdio.h>
#include <string.h>

struct plan {
    struct kit *kit;
    uint32_t n;
    uint32_t applied;
};

static persist_status plan_take(void *context, const persist_migration *step)
{
    struct plan *plan = context;
    plan->n++;
    plan->applied += step->applied_at != 0;
    expect_number(plan->kit, "migrate_plan: numbers of the steps", step->number, plan->n);
    expect_true(plan->kit, step->name && *step->name, "migrate_plan", "each step has a name");
    return PERSIST_OK;
}

static struct plan plan_of(struct client *client)
{
    struct plan plan = {.kit = client->store->kit};
    persist_status status = client->store->plugin->admin.migrate_plan(
        client_call(client), client->session, plan_take, &plan);
    expect_status(client, "migrate_plan", status, PERSIST_OK);
    return plan;
}

static persist_status count_step(void *context, const persist_migration *step)
{
    uint32_t *n = context;
    *n += step->applied_at != 0;
    return PERSIST_OK;
}

static uint32_t apply(struct client *client, const char *what)
{
    uint32_t n = 0;
    persist_status status = client->store->plugin->admin.migrate_apply(
        client_call(client), client->session, count_step, &n);
    expect_status(client, what, status, PERSIST_OK);
    return n;
}

static void open_to_migrate(struct kit *kit, const char *url, struct store *store,
                            struct client *client)
{
    kit_store_bind(kit, kit->plugin, url, store);
    expect_text(kit, "store_open with PERSIST_OPEN_MIGRATE",
                persist_status_name(kit_store_try(store, PERSIST_OPEN_MIGRATE, NULL)), "ok");
    client_open(store, client);
}

static void plan(struct kit *kit)
{
    struct store store;
    struct client client;
    char url[PATH_MAX];
    kit_store_place(kit, kit->plugin, url, NULL);
    open_to_migrate(kit, url, &store, &client);
    struct plan before = plan_of(&client);
    expect_true(kit, before.n > 0, "migrate_plan", "at least one step");
    expect_number(kit, "migrate_apply: steps told", apply(&client, "migrate_apply"),
                  before.n - before.applied);
    struct plan after = plan_of(&client);
    expect_number(kit, "migrate_plan after migrate_apply: steps", after.n, before.n);
    expect_number(kit, "migrate_plan after migrate_apply: steps applied", after.applied, before.n);
}

/* Again, on a store in use: nothing is told, nothing lost. */
static void twice(struct kit *kit)
{
    struct world world;
    struct store store;
    struct client client;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1");
    bool persistent = world.store.caps & PERSIST_CAP_PERSISTENT;
    if (persistent) {
        client_close(&world.client);
        kit_store_close(&world.store);
        open_to_migrate(kit, world.store.url, &store, &client);
        expect_number(kit, "migrate_apply again: steps told", apply(&client, "migrate_apply again"),
                      0);
        client_close(&client);
        kit_store_close(&store);
        kit_store_open(&world.store);
        client_open(&world.store, &world.client);
    } else {
        expect_number(kit, "migrate_apply again: steps told",
                      apply(&world.client, "migrate_apply again"), 0);
    }
    expect_read(&world.line, "a@*", "a@10=1");
}

/* ---- two at once */

struct pair {
    struct store store;
};

static void pair_thread(void *context, unsigned number)
{
    struct pair *pair = context;
    struct client client;
    (void)number;
    client_open(&pair->store, &client);
    apply(&client, "migrate_apply beside another");
    client_close(&client);
}

static void two_threads(struct kit *kit)
{
    struct pair pair;
    char url[PATH_MAX];
    struct client client;
    struct line line;
    kit_store_place(kit, kit->plugin, url, NULL);
    kit_store_bind(kit, kit->plugin, url, &pair.store);
    expect_text(kit, "store_open with PERSIST_OPEN_MIGRATE",
                persist_status_name(kit_store_try(&pair.store, PERSIST_OPEN_MIGRATE, NULL)), "ok");
    threads_run(kit, 3, pair_thread, &pair);
    client_open(&pair.store, &client);
    expect_number(kit, "steps left after three at once", apply(&client, "migrate_apply"), 0);
    client_close(&client);
    if (!(pair.store.caps & PERSIST_CAP_PERSISTENT))
        return;
    kit_store_close(&pair.store);
    kit_store_open(&pair.store);
    client_open(&pair.store, &client);
    line_create(&client, "main", PERSIST_STATE_OPEN, &line);
    line_commit(&line, "10 a=1");
}

static void migrate_job(struct kit *kit, const struct job *job)
{
    struct store store;
    struct client client;
    worker_tell(kit, 0);
    worker_wait(kit);
    open_to_migrate(kit, job->url, &store, &client);
    apply(&client, "migrate_apply beside another process");
    client_close(&client);
    kit_store_close(&store);
    worker_tell(kit, 1);
}

static void two_processes(struct kit *kit)
{
    struct job job = {.run = migrate_job};
    struct store store;
    struct client client;
    struct line line;
    int64_t number;
    kit_store_place(kit, kit->plugin, job.url, NULL);
    for (unsigned i = 0; i < 2; i++)
        worker_start(kit, i, &job);
    for (unsigned step = 0; step < 2; step++) {
        for (unsigned i = 0; i < 2; i++)
            if (!worker_hear(kit, i, &number))
                kit_fail(kit, "migrate_apply in two processes", "both succeed",
                         "one of them ended");
        for (unsigned i = 0; i < 2 && step == 0; i++)
            worker_send(kit, i, 0);
    }
    kit_store_bind(kit, kit->plugin, job.url, &store);
    kit_store_open(&store);
    client_open(&store, &client);
    line_create(&client, "main", PERSIST_STATE_OPEN, &line);
    line_commit(&line, "10 a=1");
}

static const struct test_case cases[] = {
    {"plan", plan, 0, 0},
    {"twice", twice, 0, 0},
    {"two_threads", two_threads, 0, 0},
    {"two_processes", two_processes, PERSIST_CAP_SHARED, 2},
    {NULL, NULL, 0, 0},
};
const struct group group_migrate = {"migrate", cases};
