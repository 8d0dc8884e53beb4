/* SPDX-License-Identifier: MIT */
/* One reply is of one moment, and what was seen stays. */
#include "conformance/kit.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static void expect_anchor(struct kit *kit, const char *what, const persist_anchor *anchor,
                          int64_t timestamp, const persist_digest *digest)
{
    char text[100];
    snprintf(text, sizeof text, "%s: anchor at %lld", what, (long long)anchor->at);
    expect_number(kit, text, anchor->timestamp, timestamp);
    expect_true(kit, memcmp(&anchor->digest, digest, sizeof *digest) == 0, text,
                "the digest of that record, or zeros");
}

/* The newest record at or below each, with its digest; zeros below the first. */
static void anchors(struct kit *kit)
{
    static const int64_t at[] = {0, 9, 10, 15, 20, 25, 30, 31, PERSIST_NEWEST};
    static const int expected[] = {0, 0, 1, 1, 2, 2, 3, 3, 3};
    persist_digest digests[4] = {0};
    persist_anchor places[9];
    struct world world;
    persist_clock clock = {.size = sizeof clock};
    int more;
    world_new(kit, &world);
    for (int i = 1; i <= 3; i++) {
        line_put(&world.line, 10 * i, text_bytes("a"), text_bytes("1"));
        digests[i] = world.line.clock.head_digest;
    }
    for (int op = 0; op < 2; op++) {
        struct rows rows = {.kit = kit};
        persist_status status;
        memset(places, 0xEE, sizeof places);
        for (size_t i = 0; i < 9; i++)
            places[i].at = at[i];
        persist_read read = {
            .size = sizeof read, .ns = world.line.ns, .anchors = places, .n_anchors = 9};
        persist_scan_range range = {.anchors = places, .n_anchors = 9};
        if (op == 0)
            status = kit->plugin->store.read(client_call(&world.client), world.client.session,
                                             &read, &clock, rows_take, &rows);
        else
            status = line_scan(&world.line, &range, &rows, &clock, &more);
        const char *name = op == 0 ? "read of anchors alone" : "scan with anchors";
        expect_status(&world.client, name, status, PERSIST_OK);
        for (size_t i = 0; i < 9; i++)
            expect_anchor(kit, name, &places[i], 10 * expected[i], &digests[expected[i]]);
    }
}

/* ---- replies while another thread appends */

#define KEYS 6

struct stream {
    struct world world;
    atomic_bool over;
    atomic_uint looks; /* the writers keep a few appends ahead of them */
    atomic_uint writes;
    atomic_uint readers_done;
    unsigned rounds;
    void (*look)(struct line *line);
};

/* Each append gives all keys the same value, its timestamp. */
static void write_all(struct line *line)
{
    static const char *const names[KEYS] = {"a", "b", "c", "d", "e", "f"};
    struct draft draft;
    persist_clock clock;
    char value[24];
    int64_t timestamp = line->clock.head + 1;
    snprintf(value, sizeof value, "%lld", (long long)timestamp);
    draft_begin(line, timestamp, &draft);
    for (size_t i = 0; i < KEYS; i++)
        draft_put(&draft, text_bytes(names[i]), text_bytes(value), timestamp, 0);
    draft_end(line, &draft);
    persist_status status = draft_append(line->client, &draft, &clock);
    if (status == PERSIST_OK || status == PERSIST_CONFLICT)
        line->clock = clock;
    else if (status != PERSIST_BUSY)
        expect_status(line->client, "append beside readers", status, PERSIST_OK);
}

/* Threads 0 and 1 write until the readers, of which each looks `rounds` times, are done. */
static void stream_thread(void *context, unsigned number)
{
    struct stream *stream = context;
    struct client client;
    client_open(&stream->world.store, &client);
    struct line line = line_through(&stream->world.line, &client);
    if (number < 2) {
        while (!atomic_load(&stream->over)) {
            if (atomic_load(&stream->writes) < 4 * atomic_load(&stream->looks) + 4) {
                atomic_fetch_add(&stream->writes, 1);
                write_all(&line);
            } else {
                sched_yield();
            }
        }
    } else {
        for (unsigned i = 0; i < stream->rounds; i++) {
            stream->look(&line);
            atomic_fetch_add(&stream->looks, 1);
        }
        if (atomic_fetch_add(&stream->readers_done, 1) == 1)
            atomic_store(&stream->over, true);
    }
    client_close(&client);
}

static void stream_run(struct kit *kit, void (*look)(struct line *line))
{
    struct stream *stream = kit_memory(kit, sizeof *stream);
    stream->rounds = (unsigned)(40 * kit->scale);
    stream->look = look;
    world_new(kit, &stream->world);
    write_all(&stream->world.line);
    threads_run(kit, 4, stream_thread, stream);
}

/* What a reply said, for comparison once it is whole. */
struct reply {
    struct kit *kit;
    const persist_clock *clock;
    int64_t head_at_first_row;
    int64_t timestamp; /* of every row */
    size_t n;
};

static persist_status reply_take(void *context, const persist_version *version)
{
    struct reply *reply = context;
    if (reply->n == 0) {
        reply->timestamp = version->timestamp;
        reply->head_at_first_row = reply->clock->head;
    }
    reply->n++;
    expect_number(reply->kit, "rows of one reply: their timestamps", version->timestamp,
                  reply->timestamp);
    return PERSIST_OK;
}

static void expect_reply(const struct reply *reply, const char *what, const persist_anchor *anchor)
{
    struct kit *kit = reply->kit;
    char text[100];
    expect_number(kit, what, (int64_t)reply->n, KEYS);
    snprintf(text, sizeof text, "%s: the rows and the clock of one reply", what);
    expect_number(kit, text, reply->timestamp, reply->clock->head);
    snprintf(text, sizeof text, "%s: the clock at the first row", what);
    expect_number(kit, text, reply->head_at_first_row, reply->clock->head);
    expect_anchor(kit, what, anchor, reply->clock->head, &reply->clock->head_digest);
    expect_number(kit, "clock.versions and clock.head of one reply",
                  (int64_t)reply->clock->versions, KEYS * reply->clock->head);
}

static void look_read(struct line *line)
{
    static const char *const names[KEYS] = {"a", "b", "c", "d", "e", "f"};
    struct client *client = line->client;
    persist_clock clock = {.size = sizeof clock};
    persist_anchor anchor = {.at = PERSIST_NEWEST};
    persist_read_key keys[KEYS];
    struct reply reply = {.kit = client->store->kit, .clock = &clock};
    for (size_t i = 0; i < KEYS; i++)
        keys[i] = (persist_read_key){text_bytes(names[i]), PERSIST_NEWEST};
    persist_read read = {.size = sizeof read,
                         .ns = line->ns,
                         .keys = keys,
                         .n_keys = KEYS,
                         .anchors = &anchor,
                         .n_anchors = 1};
    persist_status status = client->store->plugin->store.read(client_call(client), client->session,
                                                              &read, &clock, reply_take, &reply);
    expect_status(client, "read beside writers", status, PERSIST_OK);
    expect_reply(&reply, "read beside writers", &anchor);
}

static void look_scan(struct line *line)
{
    struct client *client = line->client;
    persist_clock clock = {.size = sizeof clock};
    persist_anchor anchor = {.at = PERSIST_NEWEST};
    struct reply reply = {.kit = client->store->kit, .clock = &clock};
    persist_scan_range range = {.size = sizeof range,
                                .ns = line->ns,
                                .timestamp = PERSIST_NEWEST,
                                .anchors = &anchor,
                                .n_anchors = 1};
    int more;
    persist_status status = client->store->plugin->store.scan(
        client_call(client), client->session, &range, &clock, reply_take, &reply, &more);
    expect_status(client, "scan beside writers", status, PERSIST_OK);
    expect_reply(&reply, "scan beside writers", &anchor);
}

/* The last record handed out is the head of the same reply. */
static void look_changes(struct line *line)
{
    struct rows rows = {0};
    persist_clock clock;
    int more;
    int64_t after = line->clock.head > 1 ? line->clock.head - 1 : 0;
    expect_status(line->client, "changes beside writers",
                  line_changes(line, after, 0, 0, &rows, &clock, &more), PERSIST_OK);
    expect_number(line->client->store->kit, "changes beside writers: last record and head",
                  rows.last_timestamp, clock.head);
    expect_number(line->client->store->kit, "changes beside writers: records", (int64_t)rows.n,
                  clock.head - after);
    line->clock = clock;
    buf_free(&rows.text);
}

/* Once a head was seen, all at or below it is there, and nothing more ever comes. */
static void look_gaps(struct line *line)
{
    struct rows rows = {0};
    struct kit *kit = line->client->store->kit;
    persist_clock clock;
    int more;
    line_head(line);
    persist_scan_range range = {.flags = PERSIST_SCAN_VERSIONS, .timestamp = line->clock.head};
    expect_status(line->client, "scan up to a head seen before",
                  line_scan(line, &range, &rows, &clock, &more), PERSIST_OK);
    expect_number(kit, "versions at or below a head seen before", (int64_t)rows.n,
                  (int64_t)line->clock.versions);
    expect_true(kit, clock.head >= line->clock.head, "the head of a later reply", "not lower");
    buf_free(&rows.text);
}

static void one_moment_read(struct kit *kit)
{
    stream_run(kit, look_read);
}

static void one_moment_scan(struct kit *kit)
{
    stream_run(kit, look_scan);
}

static void one_moment_changes(struct kit *kit)
{
    stream_run(kit, look_changes);
}

static void no_gaps(struct kit *kit)
{
    stream_run(kit, look_gaps);
}

static const struct test_case cases[] = {
    {"anchors", anchors, 0, 0},
    {"one_moment_read", one_moment_read, 0, 0},
    {"one_moment_scan", one_moment_scan, 0, 0},
    {"one_moment_changes", one_moment_changes, 0, 0},
    {"no_gaps", no_gaps, 0, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_snapshot = {"snapshot", cases};
