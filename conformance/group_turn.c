/* SPDX-License-Identifier: MIT */
/* Revalidation under the lock, by the capability turn. */
#include "conformance/kit.h"

#include <stdio.h>
#include <string.h>

/* A loser that appends behind the winners, if `answer` is OK. */
struct turn {
    struct line line;
    struct draft next;
    persist_status answer;
    unsigned calls;
    size_t records;
    int64_t first, last;
    persist_clock clock;
};

static persist_status revalidate(void *context, const persist_clock *clock,
                                 const persist_record *records, size_t n_records,
                                 const persist_append **next)
{
    struct turn *turn = context;
    turn->calls++;
    turn->records = n_records;
    turn->clock = *clock;
    turn->first = n_records > 0 ? records[0].timestamp : 0;
    turn->last = n_records > 0 ? records[n_records - 1].timestamp : 0;
    if (turn->answer != PERSIST_OK)
        return turn->answer;
    turn->line.clock = *clock;
    draft_begin(&turn->line, clock->head + 5, &turn->next);
    draft_put(&turn->next, text_bytes("z"), text_bytes("9"), clock->head + 5, 0);
    draft_end(&turn->line, &turn->next);
    *next = &turn->next.append;
    return PERSIST_OK;
}

/* An append that expects the head 10 of "10 a=1; 20 b=2; 30 c=3". */
static persist_status late_append(struct kit *kit, struct world *world, struct turn *turn,
                                  uint64_t max_records, uint64_t epoch_more, persist_clock *clock)
{
    struct draft draft;
    world_new(kit, world);
    line_commit(&world->line, "10 a=1");
    struct line late = world->line;
    line_commit(&world->line, "20 b=2; 30 c=3");
    turn->line = world->line;
    late.clock.epoch += epoch_more;
    draft_begin(&late, 40, &draft);
    draft_put(&draft, text_bytes("y"), text_bytes("8"), 40, 0);
    draft_end(&late, &draft);
    draft.append.revalidate = revalidate;
    draft.append.context = turn;
    draft.append.max_turn_records = max_records;
    draft.append.max_turn_ns = INT64_C(5000000000);
    return draft_append(&world->client, &draft, clock);
}

static void appends_next(struct kit *kit)
{
    struct world world;
    struct turn turn = {.answer = PERSIST_OK};
    persist_clock clock;
    persist_status status = late_append(kit, &world, &turn, 100, 0, &clock);
    expect_status(&world.client, "append with revalidate after a lost compare", status, PERSIST_OK);
    expect_number(kit, "revalidate: calls", turn.calls, 1);
    expect_number(kit, "revalidate: records", (int64_t)turn.records, 2);
    expect_number(kit, "revalidate: the first record", turn.first, 20);
    expect_number(kit, "revalidate: the last record", turn.last, 30);
    expect_clock(kit, "revalidate", &turn.clock, &world.line.clock);
    expect_number(kit, "head after revalidation", clock.head, 35);
    world.line.clock = clock;
    expect_read(&world.line, "y@* z@*", "z@35=9");
}

static void refusal(struct kit *kit)
{
    struct world world;
    struct turn turn = {.answer = PERSIST_PRECONDITION};
    persist_clock clock;
    persist_status status = late_append(kit, &world, &turn, 100, 0, &clock);
    expect_status(&world.client, "append whose revalidate refuses", status, PERSIST_PRECONDITION);
    expect_read(&world.line, "y@* z@*", "");
}

static void too_many_records(struct kit *kit)
{
    struct world world;
    struct turn turn = {.answer = PERSIST_OK};
    persist_clock clock;
    persist_status status = late_append(kit, &world, &turn, 1, 0, &clock);
    expect_status(&world.client, "append behind 2 records with max_turn_records 1", status,
                  PERSIST_CONFLICT);
    expect_number(kit, "revalidate with too many records: calls", turn.calls, 0);
    expect_read(&world.line, "y@* z@*", "");
}

static void other_epoch(struct kit *kit)
{
    struct world world;
    struct turn turn = {.answer = PERSIST_OK};
    persist_clock clock;
    persist_status status = late_append(kit, &world, &turn, 100, 1, &clock);
    expect_status(&world.client, "append of another epoch with revalidate", status, PERSIST_FENCED);
    expect_number(kit, "revalidate in another epoch: calls", turn.calls, 0);
}

/* ---- a race: who lost the compare has its turn, so that nobody comes away empty */

#define RACERS 4

struct race {
    struct world world;
    unsigned appends;
};

static void race_append(struct line *line)
{
    struct turn turn = {.answer = PERSIST_OK, .line = *line};
    struct draft draft;
    persist_clock clock;
    draft_begin(line, line->clock.head + 5, &draft);
    draft_put(&draft, text_bytes("z"), text_bytes("9"), line->clock.head + 5, 0);
    draft_end(line, &draft);
    draft.append.revalidate = revalidate;
    draft.append.context = &turn;
    draft.append.max_turn_records = 1000;
    draft.append.max_turn_ns = INT64_C(5000000000);
    expect_status(line->client, "append with revalidate in a race",
                  draft_append(line->client, &draft, &clock), PERSIST_OK);
    line->clock = clock;
}

static void race_thread(void *context, unsigned number)
{
    struct race *race = context;
    struct client client;
    (void)number;
    client_open(&race->world.store, &client);
    struct line line = line_through(&race->world.line, &client);
    for (unsigned i = 0; i < race->appends; i++)
        race_append(&line);
    client_close(&client);
}

static void race(struct kit *kit)
{
    struct race *race = kit_memory(kit, sizeof *race);
    struct rows records = {0};
    persist_clock clock;
    int more;
    race->appends = (unsigned)(20 * kit->scale);
    world_new(kit, &race->world);
    threads_run(kit, RACERS, race_thread, race);
    struct world *world = &race->world;
    expect_status(&world->client, "changes after a race",
                  line_changes(&world->line, 0, 0, 0, &records, &clock, &more), PERSIST_OK);
    expect_number(kit, "records after a race", (int64_t)records.n, RACERS * race->appends);
    expect_number(kit, "head after a race", clock.head, 5 * RACERS * race->appends);
    expect_number(kit, "versions after a race", (int64_t)clock.versions, RACERS * race->appends);
}

static const struct test_case cases[] = {
    {"appends_next", appends_next, PERSIST_CAP_TURN, 0},
    {"refusal", refusal, PERSIST_CAP_TURN, 0},
    {"too_many_records", too_many_records, PERSIST_CAP_TURN, 0},
    {"other_epoch", other_epoch, PERSIST_CAP_TURN, 0},
    {"race", race, PERSIST_CAP_TURN, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_turn = {"turn", cases};
