/* SPDX-License-Identifier: MIT */
/* The host's small unversioned keys. */
#include "conformance/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static persist_status put(struct client *client, uint32_t ns, const char *name, const char *value)
{
    persist_bytes bytes = text_bytes(value ? value : "");
    return client->store->plugin->store.meta_put(client_call(client), client->session, ns, name,
                                                 value ? &bytes : NULL);
}

static void expect_put(struct client *client, uint32_t ns, const char *name, const char *value)
{
    expect_status(client, value ? "meta_put" : "meta_put of NULL", put(client, ns, name, value),
                  PERSIST_OK);
}

/* NULL: it is not there. */
static void expect_get(struct client *client, uint32_t ns, const char *name, const char *expected)
{
    struct rows rows = {.kit = client->store->kit};
    char what[100];
    snprintf(what, sizeof what, "meta_get of %s, namespace %s", name, ns ? "main" : "0");
    persist_status status = client->store->plugin->store.meta_get(
        client_call(client), client->session, ns, name, rows_take, &rows);
    expect_status(client, what, status, expected ? PERSIST_OK : PERSIST_NOT_FOUND);
    expect_number(rows.kit, what, (int64_t)rows.n, expected ? 1 : 0);
    if (expected)
        expect_text(rows.kit, what, rows_text(&rows), expected);
    buf_free(&rows.text);
}

static void put_get(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    struct client *client = &world.client;
    expect_get(client, world.line.ns, "cursor", NULL);
    expect_put(client, world.line.ns, "cursor", "1");
    expect_get(client, world.line.ns, "cursor", "cursor@0=1");
    expect_put(client, world.line.ns, "cursor", "22");
    expect_put(client, world.line.ns, "other", "3");
    expect_get(client, world.line.ns, "cursor", "cursor@0=22");
    expect_get(client, world.line.ns, "other", "other@0=3");
}

static void removal(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    struct client *client = &world.client;
    expect_put(client, world.line.ns, "cursor", "1");
    expect_put(client, world.line.ns, "other", "2");
    expect_put(client, world.line.ns, "cursor", NULL);
    expect_get(client, world.line.ns, "cursor", NULL);
    expect_get(client, world.line.ns, "other", "other@0=2");
    expect_put(client, world.line.ns, "cursor", NULL);
    expect_put(client, world.line.ns, "cursor", "");
    expect_get(client, world.line.ns, "cursor", "cursor@0=");
}

static void of_the_store(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    struct client *client = &world.client;
    expect_put(client, 0, "cursor", "store");
    expect_get(client, world.line.ns, "cursor", NULL);
    expect_put(client, world.line.ns, "cursor", "namespace");
    expect_get(client, 0, "cursor", "cursor@0=store");
    expect_put(client, world.line.ns, "cursor", NULL);
    expect_get(client, 0, "cursor", "cursor@0=store");
}

static void binary(struct kit *kit)
{
    struct world world;
    struct rows rows = {.kit = kit}, expected = {.kit = kit};
    world_new(kit, &world);
    char *bytes = kit_memory(kit, 4096);
    for (int i = 0; i < 4096; i++)
        bytes[i] = (char)i;
    persist_bytes value = {bytes, 4096};
    persist_status status = kit->plugin->store.meta_put(client_call(&world.client),
                                                        world.client.session, 0, "bytes", &value);
    expect_status(&world.client, "meta_put of all bytes", status, PERSIST_OK);
    status = kit->plugin->store.meta_get(client_call(&world.client), world.client.session, 0,
                                         "bytes", rows_take, &rows);
    expect_status(&world.client, "meta_get of all bytes", status, PERSIST_OK);
    rows_take(&expected, &(persist_version){.key = text_bytes("bytes"), .value = value});
    expect_text(kit, "meta_get of all bytes", rows_text(&rows), rows_text(&expected));
    rows = (struct rows){.kit = kit, .stop = PERSIST_PRECONDITION, .stop_at = 1};
    status = kit->plugin->store.meta_get(client_call(&world.client), world.client.session, 0,
                                         "bytes", rows_take, &rows);
    expect_status(&world.client, "meta_get whose taker answers a status", status,
                  PERSIST_PRECONDITION);
}

/* They go with their namespace, and one made again begins without. */
static void dropped(struct kit *kit)
{
    struct world world;
    struct line again;
    world_new(kit, &world);
    struct client *client = &world.client;
    expect_put(client, world.line.ns, "cursor", "1");
    expect_put(client, 0, "cursor", "store");
    persist_status status =
        kit->plugin->store.namespace_drop(client_call(client), client->session, world.line.ns);
    expect_status(client, "namespace_drop", status, PERSIST_OK);
    expect_get(client, world.line.ns, "cursor", NULL);
    expect_status(client, "meta_put of a dropped namespace", put(client, world.line.ns, "x", "1"),
                  PERSIST_NOT_FOUND);
    line_create(client, "main", PERSIST_STATE_OPEN, &again);
    expect_get(client, again.ns, "cursor", NULL);
    expect_get(client, 0, "cursor", "cursor@0=store");
}

/* The clock row does not notice. */
static void beside_the_data(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1");
    struct sight before = line_sight(&world.line);
    expect_put(&world.client, world.line.ns, "a", "meta");
    expect_unchanged(&world.line, "meta_put", &before);
    line_commit(&world.line, "20 a=2");
    expect_get(&world.client, world.line.ns, "a", "a@0=meta");
}

static const struct test_case cases[] = {
    {"put_get", put_get, 0, 0},
    {"removal", removal, 0, 0},
    {"of_the_store", of_the_store, 0, 0},
    {"binary", binary, 0, 0},
    {"dropped", dropped, 0, 0},
    {"beside_the_data", beside_the_data, 0, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_meta = {"meta", cases};
