/* SPDX-License-Identifier: MIT */
/* The same random operations on the plugin and on the reference: every reply is equal. */
#include "conformance/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIDES 2 /* the plugin, the reference */

struct sides {
    struct kit *kit;
    struct world world[SIDES];
    uint64_t random;
    int64_t head;
    char told[512]; /* the operation */
};

static const char *const names[] = {"a", "aa", "ab", "b", "ba", "c", "ca", "d"};
#define N_NAMES (sizeof names / sizeof *names)

static const struct plugin *reference(struct kit *kit)
{
    const struct plugin *plugin = NULL;
    persist_error error = ERROR_INIT;
    struct plugin_search search = {0};
    const char *file = kit->options->reference_file;
    persist_status status = loader_open(file ? file : "memory", &search, &plugin, &error);
    if (status != PERSIST_OK)
        kit_skip(kit, "no reference to compare with: %.300s", persist_error_message(&error));
    if (plugin != kit->plugin && plugin->life.start)
        plugin->life.start();
    return plugin;
}

static void open_reference(struct kit *kit, struct world *world)
{
    char url[PATH_MAX];
    const struct plugin *plugin = reference(kit);
    kit_store_place(kit, plugin, url, NULL);
    kit_store_bind(kit, plugin, url, &world->store);
    kit_store_migrate(&world->store);
    kit_store_open(&world->store);
    client_open(&world->store, &world->client);
    line_create(&world->client, "main", PERSIST_STATE_OPEN, &world->line);
}

static uint64_t draw(struct sides *sides, uint64_t bound)
{
    return random_below(&sides->random, bound);
}

static persist_bytes draw_name(struct sides *sides)
{
    return text_bytes(names[draw(sides, N_NAMES)]);
}

/* Now and then, and a little beyond both ends. */
static int64_t draw_time(struct sides *sides)
{
    if (draw(sides, 3) == 0)
        return PERSIST_NEWEST;
    return 1 + (int64_t)draw(sides, (uint64_t)sides->head + 10);
}

/* One reply as text, of either side. */
struct answer {
    persist_status status;
    struct rows rows;
    persist_clock clock;
    int more;
};

static void compare(struct sides *sides, struct answer answers[SIDES], bool compare_more)
{
    struct kit *kit = sides->kit;
    char what[600];
    snprintf(what, sizeof what, "%s: status", sides->told);
    expect_text(kit, what, persist_status_name(answers[0].status),
                persist_status_name(answers[1].status));
    expect_text(kit, sides->told, rows_text(&answers[0].rows), rows_text(&answers[1].rows));
    snprintf(what, sizeof what, "%s: *more", sides->told);
    if (compare_more && answers[0].status == PERSIST_OK)
        expect_number(kit, what, answers[0].more, answers[1].more);
    answers[0].clock.epoch = answers[1].clock.epoch; /* each store has its own */
    if (answers[0].status == PERSIST_OK)
        expect_clock(kit, sides->told, &answers[0].clock, &answers[1].clock);
    for (int i = 0; i < SIDES; i++)
        buf_free(&answers[i].rows.text);
}

/* ---- operations */

static void do_append(struct sides *sides)
{
    struct draft draft;
    struct answer answers[SIDES] = {0};
    char values[DRAFT_VERSIONS][24];
    size_t n = draw(sides, 5);
    bool stale = draw(sides, 8) == 0;
    int64_t timestamp = sides->head + 1 + (int64_t)draw(sides, 20);
    uint64_t state = sides->random; /* both sides draw the same */
    for (int side = 0; side < SIDES; side++) {
        struct line line = sides->world[side].line;
        sides->random = state;
        if (stale)
            line.clock.head--;
        draft_begin(&line, timestamp, &draft);
        for (size_t i = 0, at = draw(sides, N_NAMES); i < n; i++, at = (at + 3) % N_NAMES) {
            bool gone = draw(sides, 4) == 0;
            snprintf(values[i], sizeof values[i], "%lld.%zu", (long long)timestamp, i);
            draft_put(&draft, text_bytes(names[at]), text_bytes(gone ? "" : values[i]), timestamp,
                      gone ? PERSIST_VERSION_TOMBSTONE : 0);
        }
        draft_end(&line, &draft);
        answers[side].rows.kit = sides->kit;
        answers[side].status =
            draft_append(&sides->world[side].client, &draft, &answers[side].clock);
        if (answers[side].status == PERSIST_OK) {
            sides->world[side].line.clock = answers[side].clock;
            sides->head = timestamp;
        }
    }
    snprintf(sides->told, sizeof sides->told, "append at %lld of %zu versions%s",
             (long long)timestamp, n, stale ? ", another head being expected" : "");
    compare(sides, answers, false);
}

static void do_read(struct sides *sides)
{
    struct answer answers[SIDES] = {0};
    persist_read_key key = {draw_name(sides), draw_time(sides)};
    for (int side = 0; side < SIDES; side++) {
        struct world *world = &sides->world[side];
        struct answer *answer = &answers[side];
        persist_read read = {.size = sizeof read, .ns = world->line.ns, .keys = &key, .n_keys = 1};
        answer->rows.kit = sides->kit;
        answer->clock.size = sizeof answer->clock;
        answer->status =
            world->store.plugin->store.read(client_call(&world->client), world->client.session,
                                            &read, &answer->clock, rows_take, &answer->rows);
    }
    snprintf(sides->told, sizeof sides->told, "read of %s at %lld", (const char *)key.key.data,
             (long long)key.timestamp);
    compare(sides, answers, false);
}

static void draw_range(struct sides *sides, persist_scan_range *range)
{
    range->flags = (uint32_t)draw(sides, 16) & ~PERSIST_SCAN_KEYS_ONLY;
    range->timestamp = draw_time(sides);
    if (draw(sides, 2))
        range->from = draw_name(sides);
    if (draw(sides, 2))
        range->to = draw_name(sides);
    if (draw(sides, 2))
        range->max_rows = 1 + draw(sides, 6);
    if (draw(sides, 4) == 0)
        range->max_bytes = 1 + draw(sides, 40);
    persist_bytes after = draw_name(sides);
    bool inside = bytes_compare(after, range->from) >= 0 &&
                  (range->to.size == 0 || bytes_compare(after, range->to) < 0);
    if (!inside || draw(sides, 2))
        return;
    range->after_key = after;
    if (range->flags & PERSIST_SCAN_VERSIONS && draw(sides, 2))
        range->after_timestamp = 1 + (int64_t)draw(sides, (uint64_t)sides->head + 5);
}

static void do_scan(struct sides *sides)
{
    struct answer answers[SIDES] = {0};
    persist_scan_range range = {0};
    draw_range(sides, &range);
    for (int side = 0; side < SIDES; side++)
        answers[side].status = line_scan(&sides->world[side].line, &range, &answers[side].rows,
                                         &answers[side].clock, &answers[side].more);
    snprintf(sides->told, sizeof sides->told,
             "scan from '%.*s' to '%.*s' behind '%.*s'@%lld at %lld, flags %#x, max_rows %llu, "
             "max_bytes %llu",
             (int)range.from.size, (const char *)range.from.data, (int)range.to.size,
             (const char *)range.to.data, (int)range.after_key.size,
             (const char *)range.after_key.data, (long long)range.after_timestamp,
             (long long)range.timestamp, range.flags, (unsigned long long)range.max_rows,
             (unsigned long long)range.max_bytes);
    /* At just a bound a backend may or may not know that nothing follows. */
    bool at_bound = (range.max_rows > 0 && answers[1].rows.n == range.max_rows) ||
                    (range.max_bytes > 0 && answers[1].rows.bytes >= range.max_bytes);
    compare(sides, answers, !at_bound);
}

static void do_changes(struct sides *sides)
{
    struct answer answers[SIDES] = {0};
    int64_t after = (int64_t)draw(sides, (uint64_t)sides->head + 5);
    uint64_t max_records = draw(sides, 4);
    for (int side = 0; side < SIDES; side++)
        answers[side].status =
            line_changes(&sides->world[side].line, after, max_records, 0, &answers[side].rows,
                         &answers[side].clock, &answers[side].more);
    snprintf(sides->told, sizeof sides->told, "changes after %lld, at most %llu", (long long)after,
             (unsigned long long)max_records);
    compare(sides, answers, max_records == 0 || answers[1].rows.n < max_records);
}

static void random_operations(struct kit *kit)
{
    struct sides *sides = kit_memory(kit, sizeof *sides);
    sides->kit = kit;
    sides->random = kit->random;
    open_reference(kit, &sides->world[1]);
    world_new(kit, &sides->world[0]);
    for (uint64_t i = 0; i < 500 * kit->scale; i++) {
        uint64_t dice = draw(sides, 10);
        if (dice < 3)
            do_append(sides);
        else if (dice < 5)
            do_read(sides);
        else if (dice < 9)
            do_scan(sides);
        else
            do_changes(sides);
    }
}

static const struct test_case cases[] = {
    {"random_operations", random_operations, 0, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_history = {"history", cases};
