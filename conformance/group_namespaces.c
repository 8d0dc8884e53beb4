/* SPDX-License-Identifier: MIT */
/* Namespaces: made, listed, dropped; independent of each other and of their past. */
#include "conformance/kit.h"

#include <stdio.h>
#include <string.h>

struct listing {
    char text[2048];
    size_t used;
    persist_status stop;
};

static persist_status list_take(void *context, const persist_namespace_row *row)
{
    struct listing *listing = context;
    listing->used +=
        (size_t)snprintf(listing->text + listing->used, sizeof listing->text - listing->used,
                         "%s:%d ", row->name, (int)row->state);
    return listing->stop;
}

static void expect_list(struct client *client, const char *what, const char *expected)
{
    struct listing listing = {.stop = PERSIST_OK};
    persist_status status = client->store->plugin->store.namespace_list(
        client_call(client), client->session, list_take, &listing);
    expect_status(client, "namespace_list", status, PERSIST_OK);
    expect_text(client->store->kit, what, listing.text, expected);
}

static persist_status create(struct client *client, const char *name, uint32_t *ns)
{
    persist_namespace_spec spec = {.size = sizeof spec, .name = name};
    return client->store->plugin->store.namespace_create(client_call(client), client->session,
                                                         &spec, ns);
}

static persist_status drop(struct client *client, uint32_t ns)
{
    return client->store->plugin->store.namespace_drop(client_call(client), client->session, ns);
}

static void list(struct kit *kit)
{
    struct store store;
    struct client client;
    struct line line;
    kit_store_new(kit, &store);
    client_open(&store, &client);
    expect_list(&client, "namespaces of a new store", "");
    line_create(&client, "m", PERSIST_STATE_OPEN, &line);
    line_create(&client, "z-9", PERSIST_STATE_OPEN, &line);
    line_create(&client, "_a", PERSIST_STATE_LOADING, &line);
    line_create(&client, "b_2", PERSIST_STATE_OPEN, &line);
    expect_list(&client, "namespaces, by name", "_a:1 b_2:0 m:0 z-9:0 ");
    expect_status(&client, "namespace_drop", drop(&client, line.ns), PERSIST_OK);
    expect_list(&client, "namespaces after a drop", "_a:1 m:0 z-9:0 ");
}

static void list_stops(struct kit *kit)
{
    struct world world;
    struct line line;
    struct listing listing = {.stop = PERSIST_PRECONDITION};
    world_new(kit, &world);
    line_create(&world.client, "second", PERSIST_STATE_OPEN, &line);
    persist_status status = kit->plugin->store.namespace_list(
        client_call(&world.client), world.client.session, list_take, &listing);
    expect_status(&world.client, "namespace_list whose taker answers a status", status,
                  PERSIST_PRECONDITION);
    expect_text(kit, "namespace_list whose taker stops", listing.text, "main:0 ");
}

static void fresh(struct kit *kit)
{
    struct store store;
    struct client client;
    uint32_t ns = 0;
    persist_clock clock = {.size = sizeof clock}, expected = {.size = sizeof expected};
    kit_store_new(kit, &store);
    client_open(&store, &client);
    persist_namespace_spec spec = {.size = sizeof spec,
                                   .name = "fresh",
                                   .retention = 1234,
                                   .state = PERSIST_STATE_LOADING,
                                   .features = 0};
    persist_status status =
        kit->plugin->store.namespace_create(client_call(&client), client.session, &spec, &ns);
    expect_status(&client, "namespace_create", status, PERSIST_OK);
    expect_true(kit, ns != 0, "id of a new namespace", "not 0");
    status = kit->plugin->store.head(client_call(&client), client.session, ns, &clock, NULL, NULL);
    expect_status(&client, "head", status, PERSIST_OK);
    expected.control_version = 1;
    expected.epoch = clock.epoch;
    expected.retention = 1234;
    expected.state = PERSIST_STATE_LOADING;
    expect_clock(kit, "a new namespace", &clock, &expected);
}

static void features(struct kit *kit)
{
    struct store store;
    struct client client;
    struct line line;
    uint32_t ns = 0;
    kit_store_new(kit, &store);
    client_open(&store, &client);
    persist_namespace_spec spec = {.size = sizeof spec, .name = "featured", .features = 5};
    persist_status status =
        kit->plugin->store.namespace_create(client_call(&client), client.session, &spec, &ns);
    expect_status(&client, "namespace_create with features", status, PERSIST_OK);
    line = (struct line){.client = &client, .ns = ns};
    line_head(&line);
    expect_number(kit, "features of a namespace", (int64_t)line.clock.features, 5);
}

static void exists(struct kit *kit)
{
    struct world world;
    uint32_t ns = 0;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1");
    expect_status(&world.client, "namespace_create of a name that is there",
                  create(&world.client, "main", &ns), PERSIST_EXISTS);
    expect_read(&world.line, "a@*", "a@10=1");
    expect_list(&world.client, "namespaces after a second create", "main:0 ");
}

/* The longest name there is. */
static void long_name(struct kit *kit)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789_-abcdefghijklmnopqrstuvwxyz";
    struct store store;
    struct client client;
    char expected[80];
    uint32_t ns = 0;
    kit_store_new(kit, &store);
    client_open(&store, &client);
    expect_number(kit, "length of the name", (int64_t)strlen(name), 64);
    expect_status(&client, "namespace_create with a name of 64 bytes", create(&client, name, &ns),
                  PERSIST_OK);
    snprintf(expected, sizeof expected, "%s:0 ", name);
    expect_list(&client, "a name of 64 bytes", expected);
}

/* Nothing of a namespace outlives it: not its rows, not its log, not its clock. */
static void dropped(struct kit *kit)
{
    struct world world;
    struct line again;
    struct rows rows = {0};
    persist_clock clock = {.size = sizeof clock};
    int more;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1; 20 b=2");
    struct client *client = &world.client;
    expect_status(client, "namespace_drop", drop(client, world.line.ns), PERSIST_OK);
    expect_status(client, "namespace_drop again", drop(client, world.line.ns), PERSIST_NOT_FOUND);
    expect_status(client, "head of a dropped namespace",
                  kit->plugin->store.head(client_call(client), client->session, world.line.ns,
                                          &clock, NULL, NULL),
                  PERSIST_NOT_FOUND);
    expect_status(client, "scan of a dropped namespace",
                  line_scan(&world.line, &(persist_scan_range){0}, &rows, &clock, &more),
                  PERSIST_NOT_FOUND);
    expect_status(client, "changes of a dropped namespace",
                  line_changes(&world.line, 0, 0, 0, &rows, &clock, &more), PERSIST_NOT_FOUND);
    persist_read read = {.size = sizeof read, .ns = world.line.ns};
    expect_status(client, "read of a dropped namespace",
                  kit->plugin->store.read(client_call(client), client->session, &read, &clock,
                                          rows_take, &rows),
                  PERSIST_NOT_FOUND);
    expect_status(client, "append to a dropped namespace", line_try(&world.line, "30 c=3", &clock),
                  PERSIST_NOT_FOUND);
    line_create(client, "main", PERSIST_STATE_OPEN, &again);
    expect_number(kit, "head of a namespace made again", again.clock.head, 0);
    expect_scan(&again, "a namespace made again",
                (persist_scan_range){.flags = PERSIST_SCAN_VERSIONS}, "");
    expect_status(client, "changes of a namespace made again",
                  line_changes(&again, 0, 0, 0, &rows, &clock, &more), PERSIST_OK);
    expect_number(kit, "changes of a namespace made again: records", (int64_t)rows.n, 0);
}

static void ids_and_epochs(struct kit *kit)
{
    enum { ROUNDS = 8 };
    struct store store;
    struct client client;
    uint32_t ids[ROUNDS];
    uint64_t epochs[ROUNDS];
    kit_store_new(kit, &store);
    client_open(&store, &client);
    for (int i = 0; i < ROUNDS; i++) {
        struct line line;
        line_create(&client, "again", PERSIST_STATE_OPEN, &line);
        ids[i] = line.ns;
        epochs[i] = line.clock.epoch;
        for (int j = 0; j < i; j++) {
            expect_true(kit, ids[i] != ids[j], "namespace_create after a drop",
                        "an id that was never used before");
            expect_true(kit, epochs[i] != epochs[j], "namespace_create of a name that was dropped",
                        "an epoch that this name never had");
        }
        expect_status(&client, "namespace_drop", drop(&client, line.ns), PERSIST_OK);
    }
}

static void apart(struct kit *kit)
{
    struct world world;
    struct line other;
    world_new(kit, &world);
    line_create(&world.client, "other", PERSIST_STATE_OPEN, &other);
    line_commit(&world.line, "10 a=1 b=1");
    line_commit(&other, "5 a=x; 10 c=y");
    expect_scan(&world.line, "the first of two namespaces", (persist_scan_range){0},
                "a@10=1 b@10=1");
    expect_scan(&other, "the second of two namespaces", (persist_scan_range){0}, "a@5=x c@10=y");
    expect_read(&other, "b@*", "");
    expect_status(&world.client, "namespace_drop", drop(&world.client, other.ns), PERSIST_OK);
    expect_scan(&world.line, "the namespace that is left", (persist_scan_range){0},
                "a@10=1 b@10=1");
    line_commit(&world.line, "20 a=2");
}

static const struct test_case cases[] = {
    {"list", list, 0, 0},       {"list_stops", list_stops, 0, 0},
    {"fresh", fresh, 0, 0},     {"features", features, 0, 0},
    {"exists", exists, 0, 0},   {"long_name", long_name, 0, 0},
    {"dropped", dropped, 0, 0}, {"ids_and_epochs", ids_and_epochs, 0, 0},
    {"apart", apart, 0, 0},     {NULL, NULL, 0, 0},
};
const struct group group_namespaces = {"namespaces", cases};
