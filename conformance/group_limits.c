/* SPDX-License-Identifier: MIT */
/* Each limit that the store names, on both sides of it. */
#include "conformance/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond this a limit is not tried: it would take too much memory. */
#define MOST (UINT64_C(16) << 20)

static uint64_t bound_of(struct kit *kit, uint64_t limit, const char *name)
{
    if (limit == 0)
        kit_skip(kit, "the store has no bound of %s", name);
    if (limit > MOST)
        kit_skip(kit, "limits.%s is %llu: too much to try", name, (unsigned long long)limit);
    return limit;
}

static persist_status put(struct line *line, size_t key_size, size_t value_size)
{
    struct kit *kit = line->client->store->kit;
    struct draft draft;
    persist_clock clock;
    char *bytes = kit_memory(kit, (key_size > value_size ? key_size : value_size) + 1);
    draft_begin(line, line->clock.head + 1, &draft);
    draft_put(&draft, (persist_bytes){bytes, key_size}, (persist_bytes){bytes, value_size},
              line->clock.head + 1, 0);
    draft_end(line, &draft);
    persist_status status = draft_append(line->client, &draft, &clock);
    if (status == PERSIST_OK)
        line->clock = clock;
    free(bytes);
    return status;
}

static void key_bytes(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    size_t bound = (size_t)bound_of(kit, world.store.limits.key_bytes, "key_bytes");
    expect_status(&world.client, "append of a key of limits.key_bytes", put(&world.line, bound, 1),
                  PERSIST_OK);
    struct sight before = line_sight(&world.line);
    expect_status(&world.client, "append of a key of limits.key_bytes + 1",
                  put(&world.line, bound + 1, 1), PERSIST_LIMIT);
    expect_unchanged(&world.line, "append of too long a key", &before);
}

static void value_bytes(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    size_t bound = (size_t)bound_of(kit, world.store.limits.value_bytes, "value_bytes");
    expect_status(&world.client, "append of a value of limits.value_bytes",
                  put(&world.line, 1, bound), PERSIST_OK);
    struct sight before = line_sight(&world.line);
    expect_status(&world.client, "append of a value of limits.value_bytes + 1",
                  put(&world.line, 1, bound + 1), PERSIST_LIMIT);
    expect_unchanged(&world.line, "append of too long a value", &before);
}

static persist_status put_many(struct line *line, size_t n, size_t value_size)
{
    struct kit *kit = line->client->store->kit;
    persist_version *versions = kit_memory(kit, n * sizeof *versions);
    uint32_t *keys = kit_memory(kit, n * sizeof *keys);
    char *value = kit_memory(kit, value_size + 1);
    struct draft draft;
    persist_clock clock;
    draft_begin(line, line->clock.head + 1, &draft);
    for (size_t i = 0; i < n; i++) {
        keys[i] = (uint32_t)i;
        versions[i] = (persist_version){.key = {&keys[i], sizeof keys[i]},
                                        .value = {value, value_size},
                                        .timestamp = line->clock.head + 1};
    }
    draft.append.versions = versions;
    draft.append.n_versions = n;
    draft_end(line, &draft);
    persist_status status = draft_append(line->client, &draft, &clock);
    if (status == PERSIST_OK)
        line->clock = clock;
    free(versions);
    free(keys);
    free(value);
    return status;
}

static void append_versions(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    size_t bound = (size_t)bound_of(kit, world.store.limits.append_versions, "append_versions");
    expect_status(&world.client, "append of limits.append_versions versions",
                  put_many(&world.line, bound, 1), PERSIST_OK);
    struct sight before = line_sight(&world.line);
    expect_status(&world.client, "append of limits.append_versions + 1 versions",
                  put_many(&world.line, bound + 1, 1), PERSIST_LIMIT);
    expect_unchanged(&world.line, "append of too many versions", &before);
}

/* Well below and well above: how an overhead is counted is the plugin's affair. */
static void append_bytes(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    size_t bound = (size_t)bound_of(kit, world.store.limits.append_bytes, "append_bytes");
    expect_status(&world.client, "append of half of limits.append_bytes",
                  put_many(&world.line, 8, bound / 16), PERSIST_OK);
    struct sight before = line_sight(&world.line);
    expect_status(&world.client, "append of more than limits.append_bytes",
                  put_many(&world.line, 8, bound / 8 + 1), PERSIST_LIMIT);
    expect_unchanged(&world.line, "append of too many bytes", &before);
}

static persist_status read_many(struct line *line, size_t n)
{
    struct client *client = line->client;
    struct rows rows = {.kit = client->store->kit};
    persist_read_key *keys = kit_memory(rows.kit, n * sizeof *keys);
    persist_clock clock = {.size = sizeof clock};
    persist_read read = {.size = sizeof read, .ns = line->ns, .keys = keys, .n_keys = n};
    for (size_t i = 0; i < n; i++)
        keys[i] = (persist_read_key){text_bytes("a"), PERSIST_NEWEST};
    persist_status status = client->store->plugin->store.read(client_call(client), client->session,
                                                              &read, &clock, rows_take, &rows);
    if (status == PERSIST_OK)
        expect_number(rows.kit, "read of many keys: rows", (int64_t)rows.n, (int64_t)n);
    free(keys);
    buf_free(&rows.text);
    return status;
}

static void read_keys(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1");
    size_t bound = (size_t)bound_of(kit, world.store.limits.read_keys, "read_keys");
    expect_status(&world.client, "read of limits.read_keys keys", read_many(&world.line, bound),
                  PERSIST_OK);
    expect_status(&world.client, "read of limits.read_keys + 1 keys",
                  read_many(&world.line, bound + 1), PERSIST_LIMIT);
}

/* Where no bound is named, a good many must do. */
static void unbounded(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1");
    uint64_t reads = world.store.limits.read_keys, versions = world.store.limits.append_versions;
    expect_status(&world.client, "read of 3000 keys",
                  read_many(&world.line, reads > 0 && reads < 3000 ? (size_t)reads : 3000),
                  PERSIST_OK);
    expect_status(
        &world.client, "append of 3000 versions",
        put_many(&world.line, versions > 0 && versions < 3000 ? (size_t)versions : 3000, 10),
        PERSIST_OK);
}

static void sessions(struct kit *kit)
{
    struct store store;
    struct client client;
    kit_store_new(kit, &store);
    uint64_t bound = bound_of(kit, store.limits.sessions, "sessions");
    if (bound > 1000)
        kit_skip(kit, "limits.sessions is %llu: too many to try", (unsigned long long)bound);
    for (uint64_t i = 0; i < bound; i++)
        client_open(&store, &client);
    client = (struct client){.store = &store, .deadline = PERSIST_NO_DEADLINE};
    persist_status status =
        kit->plugin->life.session_open(client_call(&client), store.backend, &client.session);
    expect_status(&client, "session_open beyond limits.sessions", status, PERSIST_LIMIT);
}

/* A key of no bytes is no key. */
static void empty_key(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    struct sight before = line_sight(&world.line);
    expect_status(&world.client, "append of an empty key", put(&world.line, 0, 1), PERSIST_INVALID);
    expect_unchanged(&world.line, "append of an empty key", &before);
    expect_status(&world.client, "append of a key of one byte", put(&world.line, 1, 1), PERSIST_OK);
}

static const struct test_case cases[] = {
    {"key_bytes", key_bytes, 0, 0},
    {"empty_key", empty_key, 0, 0},
    {"value_bytes", value_bytes, 0, 0},
    {"append_versions", append_versions, 0, 0},
    {"append_bytes", append_bytes, 0, 0},
    {"read_keys", read_keys, 0, 0},
    {"unbounded", unbounded, 0, 0},
    {"sessions", sessions, 0, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_limits = {"limits", cases};
