/* SPDX-License-Identifier: MIT */
/* What a plugin says of itself, and what it opens and refuses. */
#include "conformance/kit.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As the host of this header knows them; a plugin of the same minor cannot differ. */
static void sizes(struct kit *kit)
{
    const struct plugin *plugin = kit->plugin;
    if (plugin->descriptor->head.abi_minor != PERSIST_ABI_MINOR)
        kit_skip(kit, "the plugin was built for another minor of the interface");
    expect_number(kit, "size of persist_plugin", (int64_t)plugin->descriptor->size,
                  sizeof(persist_plugin));
    expect_number(kit, "size of persist_life", (int64_t)plugin->life.size, sizeof(persist_life));
    expect_number(kit, "size of persist_store_ops", (int64_t)plugin->store.size,
                  sizeof(persist_store_ops));
    expect_number(kit, "size of persist_admin_ops", (int64_t)plugin->admin.size,
                  sizeof(persist_admin_ops));
    expect_number(kit, "size of persist_limits", (int64_t)plugin->limits.size,
                  sizeof(persist_limits));
}

static void settings(struct kit *kit)
{
    const persist_plugin *descriptor = kit->plugin->descriptor;
    for (size_t i = 0; i < descriptor->n_settings; i++) {
        const persist_setting *setting = &descriptor->settings[i];
        expect_true(kit, setting->name && *setting->name, "settings", "each has a name");
        expect_true(kit, setting->help && *setting->help, setting->name, "it has a help text");
        expect_true(kit, setting->type != PERSIST_SETTING_CHOICE || setting->choices, setting->name,
                    "a choice has words");
        for (size_t j = 0; j < i; j++)
            expect_true(kit, strcmp(setting->name, descriptor->settings[j].name) != 0,
                        setting->name, "no two settings of one name");
    }
}

static void capabilities(struct kit *kit)
{
    const uint64_t known = PERSIST_CAP_SHARED | PERSIST_CAP_TURN | PERSIST_CAP_IN_PROCESS |
                           PERSIST_CAP_PERSISTENT | PERSIST_CAP_POWER | PERSIST_CAP_WAIT_CHANGE;
    const struct plugin *plugin = kit->plugin;
    struct store store;
    expect_number(kit, "capabilities that this interface does not know",
                  (int64_t)(plugin->descriptor->caps & ~known), 0);
    kit_store_new(kit, &store);
    expect_number(kit, "capabilities of the store beyond the descriptor's",
                  (int64_t)(store.caps & ~plugin->descriptor->caps), 0);
    expect_true(kit, !(store.caps & PERSIST_CAP_WAIT_CHANGE) || plugin->store.wait_change,
                "the capability wait_change", "store.wait_change is there");
    expect_true(kit, !(store.caps & PERSIST_CAP_POWER) || store.caps & PERSIST_CAP_PERSISTENT,
                "the capability power", "persistent goes with it");
}

static void within(struct kit *kit, const char *name, uint64_t effective, uint64_t most)
{
    if (most > 0)
        expect_true(kit, effective > 0 && effective <= most, name,
                    "that of the store is not above the descriptor's");
}

static void limits(struct kit *kit)
{
    const persist_limits *most = &kit->plugin->limits;
    struct store store;
    kit_store_new(kit, &store);
    const persist_limits *now = &store.limits;
    within(kit, "limits.key_bytes", now->key_bytes, most->key_bytes);
    within(kit, "limits.value_bytes", now->value_bytes, most->value_bytes);
    within(kit, "limits.append_versions", now->append_versions, most->append_versions);
    within(kit, "limits.append_bytes", now->append_bytes, most->append_bytes);
    within(kit, "limits.read_keys", now->read_keys, most->read_keys);
    within(kit, "limits.sessions", now->sessions, most->sessions);
    expect_true(kit, now->key_bytes == 0 || now->key_bytes >= 2048, "limits.key_bytes",
                "at least 2048");
}

/* A host of an older header gives less room, and nothing behind it may be written. */
static void short_limits(struct kit *kit)
{
    union {
        persist_limits limits;
        unsigned char bytes[sizeof(persist_limits)];
    } given;
    struct store store;
    size_t room = offsetof(persist_limits, append_versions);
    kit_store_new(kit, &store);
    memset(&given, 0xEE, sizeof given);
    given.limits.size = room;
    kit->plugin->life.store_limits(store.backend, &given.limits);
    for (size_t i = room; i < sizeof given; i++)
        expect_number(kit, "store_limits: a byte behind the size it was given", given.bytes[i],
                      0xEE);
    expect_number(kit, "store_limits: key_bytes within the size", (int64_t)given.limits.key_bytes,
                  (int64_t)store.limits.key_bytes);
}

static void short_clock(struct kit *kit)
{
    union {
        persist_clock clock;
        unsigned char bytes[sizeof(persist_clock)];
    } given;
    struct world world;
    size_t room = offsetof(persist_clock, versions);
    world_new(kit, &world);
    line_commit(&world.line, "10 a=1");
    memset(&given, 0xEE, sizeof given);
    given.clock.size = room;
    persist_status status = kit->plugin->store.head(
        client_call(&world.client), world.client.session, world.line.ns, &given.clock, NULL, NULL);
    expect_status(&world.client, "head into a shorter clock", status, PERSIST_OK);
    expect_number(kit, "head into a shorter clock: head", given.clock.head, 10);
    for (size_t i = room; i < sizeof given; i++)
        expect_number(kit, "head: a byte behind the size of the clock", given.bytes[i], 0xEE);
}

static int count_files(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int n = 0;
    while (dir && (entry = readdir(dir)) != NULL)
        n += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return n;
}

static void check_config(struct kit *kit)
{
    char url[PATH_MAX], folder[PATH_MAX];
    struct store store;
    persist_error error = ERROR_INIT;
    struct persist_call_error sink = {&error};
    persist_call call = {sizeof call, PERSIST_NO_DEADLINE, &sink};
    if (!kit->plugin->life.check_config)
        kit_skip(kit, "life.check_config is optional, and the plugin has none");
    kit_store_place(kit, kit->plugin, url, folder);
    kit_store_bind(kit, kit->plugin, url, &store);
    persist_status status = kit->plugin->life.check_config(&call, url, store.settings);
    expect_text(kit, "check_config of a good URL", persist_status_name(status), "ok");
    expect_number(kit, "check_config: files it made", count_files(folder), 0);
}

static void missing_store(struct kit *kit)
{
    char url[PATH_MAX], folder[PATH_MAX];
    struct store store;
    persist_error error = ERROR_INIT;
    kit_store_place(kit, kit->plugin, url, folder);
    kit_store_bind(kit, kit->plugin, url, &store);
    expect_text(kit, "store_open where there is no store",
                persist_status_name(kit_store_try(&store, 0, &error)), "not found");
    expect_true(kit, strstr(persist_error_message(&error), "persist init") != NULL,
                persist_error_message(&error), "the text names `persist init`");
    expect_number(kit, "store_open where there is no store: files it made", count_files(folder), 0);
}

/* Where the store is one file of a known name, something else can be put there. */
static void foreign(struct kit *kit)
{
    static const char text[] = "this is a letter to a friend, not a store\n";
    char url[PATH_MAX], folder[PATH_MAX], path[PATH_MAX + 8], now[sizeof text + 1] = "";
    struct stat st;
    struct store store;
    for (int i = 0; i < 2; i++) {
        kit_store_place(kit, kit->plugin, url, folder);
        kit_store_bind(kit, kit->plugin, url, &store);
        snprintf(path, sizeof path, "%s/store", folder);
        if (i == 0)
            kit_store_migrate(&store);
        if (i == 0 && (stat(path, &st) != 0 || !S_ISREG(st.st_mode)))
            kit_skip(kit, "the store is not a file called {dir}/store");
    }
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
    expect_text(kit, "store_open of a file that is no store",
                persist_status_name(kit_store_try(&store, 0, NULL)), "foreign");
    persist_error error = ERROR_INIT;
    persist_status status = kit_store_try(&store, PERSIST_OPEN_MIGRATE, &error);
    if (status == PERSIST_OK) {
        struct client client;
        client_open(&store, &client);
        status = kit->plugin->admin.migrate_apply(client_call(&client), client.session, NULL, NULL);
    }
    expect_text(kit, "migrating a file that is no store", persist_status_name(status), "foreign");
    file = fopen(path, "r");
    size_t got = fread(now, 1, sizeof now - 1, file);
    fclose(file);
    now[got] = '\0';
    expect_text(kit, "the file that is no store, afterwards", now, text);
}

static const struct test_case cases[] = {
    {"sizes", sizes, 0, 0},
    {"settings", settings, 0, 0},
    {"capabilities", capabilities, 0, 0},
    {"limits", limits, 0, 0},
    {"short_limits", short_limits, 0, 0},
    {"short_clock", short_clock, 0, 0},
    {"check_config", check_config, 0, 0},
    {"missing_store", missing_store, PERSIST_CAP_PERSISTENT, 0},
    {"foreign", foreign, PERSIST_CAP_PERSISTENT, 0},
    {NULL, NULL, 0, 0},
};
const struct group group_head = {"head", cases};
