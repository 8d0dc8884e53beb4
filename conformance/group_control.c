/* SPDX-License-Identifier: MIT */
/* The control fields: compared, checked, set whole or not at all. */
#include "conformance/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What `head` hands out beside the clock, as text. */
struct shown {
    char text[1024];
    unsigned calls;
};

static persist_status show(void *context, const persist_control *control)
{
    struct shown *shown = context;
    int used =
        snprintf(shown->text, sizeof shown->text,
                 "version %llu epoch %llu state %d to '%s' horizon %lld floor %lld (%02x) "
                 "retention %lld pins",
                 (unsigned long long)control->control_version, (unsigned long long)control->epoch,
                 (int)control->state, control->moved_to ? control->moved_to : "",
                 (long long)control->horizon, (long long)control->log_floor,
                 control->floor_digest.bytes[0], (long long)control->retention);
    for (size_t i = 0; i < control->n_pins; i++)
        used += snprintf(shown->text + used, sizeof shown->text - (size_t)used, " %s@%lld/%lld",
                         control->pins[i].name, (long long)control->pins[i].timestamp,
                         (long long)control->pins[i].expires);
    shown->calls++;
    return PERSIST_OK;
}

static void expect_shown(struct world *world, const char *what, const char *expected)
{
    struct shown shown = {.calls = 0};
    persist_clock clock = {.size = sizeof clock};
    struct client *client = &world->client;
    persist_status status = client->store->plugin->store.head(client_call(client), client->session,
                                                              world->line.ns, &clock, show, &shown);
    expect_status(client, "head with the control fields", status, PERSIST_OK);
    expect_number(client->store->kit, "head with the control fields: calls", shown.calls, 1);
    expect_text(client->store->kit, what, shown.text, expected);
}

/* Fills size and the version to compare; takes the clock over. */
static persist_status set(struct line *line, persist_control control)
{
    struct client *client = line->client;
    persist_clock clock = {.size = sizeof clock};
    control.size = sizeof control;
    if (control.control_version == 0)
        control.control_version = line->clock.control_version;
    persist_status status = client->store->plugin->store.control(
        client_call(client), client->session, line->ns, &control, &clock);
    if (status == PERSIST_OK || status == PERSIST_CONFLICT)
        line->clock = clock;
    return status;
}

static void expect_set(struct line *line, const char *what, persist_control control)
{
    persist_clock expected = line->clock;
    expect_status(line->client, what, set(line, control), PERSIST_OK);
    expected.control_version++;
    if (control.fields & PERSIST_CONTROL_HORIZON)
        expected.horizon = control.horizon;
    if (control.fields & PERSIST_CONTROL_LOG_FLOOR) {
        expected.log_floor = control.log_floor;
        expected.floor_digest = control.floor_digest;
    }
    if (control.fields & PERSIST_CONTROL_RETENTION)
        expected.retention = control.retention;
    if (control.fields & PERSIST_CONTROL_EPOCH)
        expected.epoch = control.epoch;
    expect_clock(line->client->store->kit, what, &line->clock, &expected);
}

static void fields(struct kit *kit)
{
    static const persist_pin pins[] = {{"backup", 30, 0}, {"report", 25, INT64_MAX}};
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1; 20 a=2; 30 a=3");
    struct line *line = &world.line;
    uint64_t epoch = line->clock.epoch + 7;
    expect_set(line, "control of the horizon",
               (persist_control){.fields = PERSIST_CONTROL_HORIZON, .horizon = 20});
    expect_set(line, "control of the log floor",
               (persist_control){.fields = PERSIST_CONTROL_LOG_FLOOR,
                                 .log_floor = 10,
                                 .floor_digest.bytes[0] = 0xAB});
    expect_set(line, "control of the retention",
               (persist_control){.fields = PERSIST_CONTROL_RETENTION, .retention = 3600});
    expect_set(line, "control of the pins",
               (persist_control){.fields = PERSIST_CONTROL_PINS, .pins = pins, .n_pins = 2});
    expect_set(line, "control of the epoch",
               (persist_control){.fields = PERSIST_CONTROL_EPOCH, .epoch = epoch});
    char expected[256];
    snprintf(expected, sizeof expected,
             "version 6 epoch %llu state 0 to '' horizon 20 floor 10 (ab) retention 3600 pins "
             "backup@30/0 report@25/9223372036854775807",
             (unsigned long long)epoch);
    expect_shown(&world, "the control fields after five changes", expected);
    expect_set(line, "control that clears the pins",
               (persist_control){.fields = PERSIST_CONTROL_PINS});
    expect_set(line, "control of two fields at once",
               (persist_control){.fields = PERSIST_CONTROL_HORIZON | PERSIST_CONTROL_RETENTION,
                                 .horizon = 30,
                                 .retention = 0});
    snprintf(expected, sizeof expected,
             "version 8 epoch %llu state 0 to '' horizon 30 floor 10 (ab) retention 0 pins",
             (unsigned long long)epoch);
    expect_shown(&world, "the control fields after seven changes", expected);
    line_head(line);
    expect_read(line, "a@*", "a@30=3");
    line_commit(line, "40 a=4");
}

static void compare(struct kit *kit)
{
    struct world world;
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1");
    expect_set(&world.line, "control",
               (persist_control){.fields = PERSIST_CONTROL_RETENTION, .retention = 1});
    struct sight before = line_sight(&world.line);
    for (uint64_t version = 1; version <= 3; version += 2) {
        struct line stale = world.line;
        expect_status(&world.client, "control that expects another control_version",
                      set(&stale, (persist_control){.fields = PERSIST_CONTROL_RETENTION,
                                                    .retention = 99,
                                                    .control_version = version}),
                      PERSIST_CONFLICT);
        expect_clock(kit, "control that lost", &stale.clock, &before.clock);
        expect_unchanged(&world.line, "control that lost", &before);
    }
}

static void expect_refused(struct line *line, const char *what, persist_control control)
{
    struct sight before = line_sight(line);
    expect_status(line->client, what, set(line, control), PERSIST_INVALID);
    expect_unchanged(line, what, &before);
    free(before.rows);
}

/* Three commits, horizon 20, log floor 10, a pin at 30. */
static void prepare(struct kit *kit, struct world *world)
{
    static const persist_pin pin = {"backup", 30, 0};
    world_new(kit, world);
    line_commit(&world->line, "10 a=1; 20 a=2; 30 a=3");
    expect_set(&world->line, "control of horizon, log floor and pins",
               (persist_control){.fields = PERSIST_CONTROL_HORIZON | PERSIST_CONTROL_LOG_FLOOR |
                                           PERSIST_CONTROL_PINS,
                                 .horizon = 20,
                                 .log_floor = 10,
                                 .pins = &pin,
                                 .n_pins = 1});
}

static void horizon(struct kit *kit)
{
    struct world world;
    prepare(kit, &world);
    expect_refused(&world.line, "control that lowers the horizon",
                   (persist_control){.fields = PERSIST_CONTROL_HORIZON, .horizon = 19});
    expect_set(&world.line, "control that leaves the horizon",
               (persist_control){.fields = PERSIST_CONTROL_HORIZON, .horizon = 20});
    expect_set(&world.line, "control that raises the horizon",
               (persist_control){.fields = PERSIST_CONTROL_HORIZON, .horizon = 21});
}

static void log_floor(struct kit *kit)
{
    struct world world;
    prepare(kit, &world);
    expect_refused(&world.line, "control of a log floor above the horizon",
                   (persist_control){.fields = PERSIST_CONTROL_LOG_FLOOR, .log_floor = 21});
    expect_set(&world.line, "control of a log floor at the horizon",
               (persist_control){.fields = PERSIST_CONTROL_LOG_FLOOR, .log_floor = 20});
}

static void pins(struct kit *kit)
{
    static const persist_pin low = {"low", 19, 0}, just = {"just", 20, 0};
    struct world world;
    prepare(kit, &world);
    expect_refused(&world.line, "control of a pin below the horizon",
                   (persist_control){.fields = PERSIST_CONTROL_PINS, .pins = &low, .n_pins = 1});
    expect_refused(&world.line, "control of a horizon above a pin",
                   (persist_control){.fields = PERSIST_CONTROL_HORIZON, .horizon = 31});
    expect_set(&world.line, "control of a pin at the horizon",
               (persist_control){.fields = PERSIST_CONTROL_PINS, .pins = &just, .n_pins = 1});
}

static void epoch(struct kit *kit)
{
    struct world world;
    persist_clock clock;
    prepare(kit, &world);
    struct line old = world.line;
    uint64_t now = world.line.clock.epoch;
    expect_set(&world.line, "control that raises the epoch",
               (persist_control){.fields = PERSIST_CONTROL_EPOCH, .epoch = now + 2});
    expect_refused(&world.line, "control that lowers the epoch",
                   (persist_control){.fields = PERSIST_CONTROL_EPOCH, .epoch = now + 1});
    expect_refused(&world.line, "control that leaves the epoch",
                   (persist_control){.fields = PERSIST_CONTROL_EPOCH, .epoch = now + 2});
    expect_status(&world.client, "append of the epoch before", line_try(&old, "40 a=4", &clock),
                  PERSIST_FENCED);
    line_commit(&world.line, "40 a=4");
}

/* A good field does not come in beside a bad one. */
static void all_or_nothing(struct kit *kit)
{
    struct world world;
    prepare(kit, &world);
    expect_refused(&world.line, "control of a good retention and a lower horizon",
                   (persist_control){.fields = PERSIST_CONTROL_RETENTION | PERSIST_CONTROL_HORIZON,
                                     .retention = 77,
                                     .horizon = 5});
    expect_refused(&world.line, "control of a good horizon and a log floor above it",
                   (persist_control){.fields = PERSIST_CONTROL_HORIZON | PERSIST_CONTROL_LOG_FLOOR,
                                     .horizon = 25,
                                     .log_floor = 26});
}

/* Away from OPEN the epoch rises in the same step; back to it the old writers stay fenced. */
static void state(struct kit *kit)
{
    struct world world;
    persist_clock clock;
    prepare(kit, &world);
    struct line old = world.line;
    expect_status(&world.client, "control to the state MOVED",
                  set(&world.line, (persist_control){.fields = PERSIST_CONTROL_STATE,
                                                     .state = PERSIST_STATE_MOVED,
                                                     .moved_to = "there:"}),
                  PERSIST_OK);
    expect_number(kit, "control to the state MOVED: state", (int64_t)world.line.clock.state,
                  PERSIST_STATE_MOVED);
    expect_true(kit, world.line.clock.epoch > old.clock.epoch, "control to the state MOVED",
                "a higher epoch");
    char expected[256];
    snprintf(expected, sizeof expected,
             "version 3 epoch %llu state 2 to 'there:' horizon 20 floor 10 (00) retention 0 pins "
             "backup@30/0",
             (unsigned long long)world.line.clock.epoch);
    expect_shown(&world, "the control fields of a moved namespace", expected);
    expect_status(&world.client, "control back to the state OPEN",
                  set(&world.line, (persist_control){.fields = PERSIST_CONTROL_STATE,
                                                     .state = PERSIST_STATE_OPEN,
                                                     .moved_to = ""}),
                  PERSIST_OK);
    expect_status(&world.client, "append of a writer from before the move",
                  line_try(&old, "40 a=4", &clock), PERSIST_FENCED);
    line_commit(&world.line, "40 a=4");
}

/* ---- races */

struct race {
    struct world world;
    unsigned rounds;
};

static void race_thread(void *context, unsigned number)
{
    struct race *race = context;
    struct client client;
    (void)number;
    client_open(&race->world.store, &client);
    struct line line = line_through(&race->world.line, &client);
    for (unsigned won = 0; won < race->rounds;) {
        persist_status status =
            set(&line, (persist_control){.fields = PERSIST_CONTROL_RETENTION,
                                         .retention = line.clock.retention + 1});
        if (status == PERSIST_OK)
            won++;
        else if (status == PERSIST_BUSY)
            line_head(&line);
        else
            expect_status(&client, "control in a race", status, PERSIST_CONFLICT);
    }
    client_close(&client);
}

/* Compare and add one: no addition is lost. */
static void race(struct kit *kit)
{
    struct race *race = kit_memory(kit, sizeof *race);
    world_new(kit, &race->world);
    race->rounds = (unsigned)(25 * kit->scale);
    threads_run(kit, 3, race_thread, race);
    line_head(&race->world.line);
    expect_number(kit, "retention after a race of controls", race->world.line.clock.retention,
                  3 * race->rounds);
    expect_number(kit, "control_version after a race of controls",
                  (int64_t)race->world.line.clock.control_version, 1 + 3 * race->rounds);
}

static const struct test_case cases[] = {
    {"fields", fields, NEED_CONTROL, 0},
    {"compare", compare, NEED_CONTROL, 0},
    {"horizon", horizon, NEED_CONTROL, 0},
    {"log_floor", log_floor, NEED_CONTROL, 0},
    {"pins", pins, NEED_CONTROL, 0},
    {"epoch", epoch, NEED_CONTROL, 0},
    {"all_or_nothing", all_or_nothing, NEED_CONTROL, 0},
    {"state", state, NEED_CONTROL, 0},
    {"race", race, NEED_CONTROL, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_control = {"control", cases};
