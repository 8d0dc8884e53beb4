/* SPDX-License-Identifier: MIT */
/* The engine's figures. */
#include "conformance/kit.h"

#include <string.h>

struct figures {
    struct kit *kit;
    char names[64][64];
    size_t n;
    persist_status stop;
};

static persist_status take(void *context, const persist_stat *stat)
{
    static const char *const units[] = {"", "bytes", "rows", "pages", "seconds"};
    struct figures *figures = context;
    bool known = false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        known = known || strcmp(stat->unit, units[i]) == 0;
    expect_true(figures->kit, known, stat->name, "its unit is one of those in plugin.h");
    expect_true(figures->kit, stat->help && *stat->help, stat->name, "it has a help text");
    expect_true(figures->kit,
                *stat->name && strspn(stat->name, "abcdefghijklmnopqrstuvwxyz0123456789_") ==
                                   strlen(stat->name),
                stat->name, "its name is of lower-case letters, digits and '_'");
    for (size_t i = 0; i < figures->n; i++)
        expect_true(figures->kit, strcmp(stat->name, figures->names[i]) != 0, stat->name,
                    "no two figures of one name");
    if (figures->n < 64 && strlen(stat->name) < 64)
        strcpy(figures->names[figures->n++], stat->name);
    return figures->stop;
}

static void figures(struct kit *kit)
{
    struct world world;
    struct figures figures = {.kit = kit, .stop = PERSIST_OK};
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1; 20 a-");
    persist_status status =
        kit->plugin->admin.stats(client_call(&world.client), world.client.session, take, &figures);
    expect_status(&world.client, "stats", status, PERSIST_OK);
    expect_true(kit, figures.n > 0, "stats", "at least one figure");
}

static void taker_stops(struct kit *kit)
{
    struct world world;
    struct figures figures = {.kit = kit, .stop = PERSIST_PRECONDITION};
    world_new(kit, &world);
    persist_status status =
        kit->plugin->admin.stats(client_call(&world.client), world.client.session, take, &figures);
    expect_status(&world.client, "stats whose taker answers a status", status,
                  PERSIST_PRECONDITION);
    expect_number(kit, "stats whose taker stops: figures", (int64_t)figures.n, 1);
}

static const struct test_case cases[] = {
    {"figures", figures, 0, 0},
    {"taker_stops", taker_stops, 0, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_stats = {"stats", cases};
