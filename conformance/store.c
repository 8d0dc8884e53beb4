/* SPDX-License-Identifier: MIT */
/* Places, stores, sessions, and the frame of one call. */
#include "conformance/kit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- places */

static const char *template_of(const struct kit *kit, const struct plugin *plugin, char *out,
                               size_t capacity)
{
    const persist_plugin *descriptor = plugin->descriptor;
    bool persistent = (descriptor->caps & PERSIST_CAP_PERSISTENT) != 0;
    if (plugin == kit->plugin && kit->options->url)
        return kit->options->url;
    snprintf(out, capacity, "%.*s:%s", (int)strcspn(descriptor->head.schemes, " "),
             descriptor->head.schemes, persistent ? "{dir}/store" : "");
    return out;
}

void kit_store_place(struct kit *kit, const struct plugin *plugin, char url[PATH_MAX],
                     char folder[PATH_MAX])
{
    char own[128], dir[PATH_MAX], name[40];
    const char *from = template_of(kit, plugin, own, sizeof own);
    size_t used = 0;
    snprintf(dir, sizeof dir, "%.4000s/%d-%u", kit->folder, (int)getpid(), kit->n_places);
    snprintf(name, sizeof name, "c%llx", (unsigned long long)random_next(&kit->random));
    kit->n_places++;
    if (mkdir(dir, 0700) != 0)
        kit_skip(kit, "cannot make the folder %s", dir);
    while (*from && used < PATH_MAX - 1) {
        const char *put = NULL;
        size_t skip = 1;
        if (strncmp(from, "{dir}", 5) == 0) {
            put = dir;
            skip = 5;
        } else if (strncmp(from, "{name}", 6) == 0) {
            put = name;
            skip = 6;
        }
        int n = put ? snprintf(url + used, PATH_MAX - used, "%s", put)
                    : snprintf(url + used, PATH_MAX - used, "%c", *from);
        used += (size_t)n;
        from += skip;
    }
    if (used >= PATH_MAX)
        kit_skip(kit, "the URL made of the template is longer than %d bytes", PATH_MAX - 1);
    if (folder)
        memcpy(folder, dir, strlen(dir) + 1);
}

/* ---- stores */

void kit_store_bind(struct kit *kit, const struct plugin *plugin, const char *url,
                    struct store *store)
{
    persist_config *config = NULL;
    persist_error error = ERROR_INIT;
    *store = (struct store){.kit = kit, .plugin = plugin};
    snprintf(store->url, sizeof store->url, "%s", url);
    persist_status status = persist_config_load(kit->options->config_file, &config, &error);
    if (status == PERSIST_OK)
        status = persist_config_set(config, "persistence", url, &error);
    if (status == PERSIST_OK)
        status = config_bind(config, plugin->descriptor, &store->settings, &error);
    if (status != PERSIST_OK)
        kit_fail(kit, "reading the configuration", "no fault", persist_error_message(&error));
    persist_config_free(config);
}

/* Cases of what outlives a process ask for the most; the others need not wait for a disk. */
persist_status kit_store_try(struct store *store, uint32_t flags, persist_error *error)
{
    struct persist_call_error sink = {error};
    persist_call call = {
        .size = sizeof call, .deadline = PERSIST_NO_DEADLINE, .error = error ? &sink : NULL};
    persist_open open = {.size = sizeof open,
                         .url = store->url,
                         .settings = store->settings,
                         .durability = store->kit->needs & PERSIST_CAP_PERSISTENT &&
                                               store->plugin->descriptor->caps & PERSIST_CAP_POWER
                                           ? PERSIST_DURABILITY_POWER
                                           : PERSIST_DURABILITY_PROCESS,
                         .flags = flags,
                         .sessions = 16};
    persist_status status = store->plugin->life.store_open(&call, &open, &store->backend);
    if (status != PERSIST_OK)
        return status;
    store->caps = store->plugin->life.store_caps(store->backend);
    store->limits = (persist_limits){.size = sizeof store->limits};
    store->plugin->life.store_limits(store->backend, &store->limits);
    return status;
}

static void open_or_fail(struct store *store, uint32_t flags)
{
    persist_error error = ERROR_INIT;
    char found[1024];
    persist_status status = kit_store_try(store, flags, &error);
    snprintf(found, sizeof found, "%s: %s", persist_status_name(status),
             persist_error_message(&error));
    if (status != PERSIST_OK)
        kit_fail(store->kit, flags & PERSIST_OPEN_MIGRATE ? "store_open to migrate" : "store_open",
                 "ok", found);
    error_clear(&error);
}

static persist_status ignore_step(void *context, const persist_migration *step)
{
    (void)context;
    (void)step;
    return PERSIST_OK;
}

void kit_store_migrate(struct store *store)
{
    struct client client;
    open_or_fail(store, PERSIST_OPEN_MIGRATE);
    client_open(store, &client);
    persist_status status =
        store->plugin->admin.migrate_apply(client_call(&client), client.session, ignore_step, NULL);
    expect_status(&client, "migrate_apply on a new place", status, PERSIST_OK);
    client_close(&client);
    kit_store_close(store);
}

void kit_store_open(struct store *store)
{
    open_or_fail(store, 0);
    uint64_t needed = store->plugin == store->kit->plugin ? (uint32_t)store->kit->needs : 0;
    if (needed & ~store->caps)
        kit_skip(store->kit, "the store opened lacks a capability (%#llx) that its plugin can have",
                 (unsigned long long)(needed & ~store->caps));
}

void kit_store_close(struct store *store)
{
    store->plugin->life.store_close(store->backend);
    store->backend = NULL;
}

void kit_store_new(struct kit *kit, struct store *store)
{
    char url[PATH_MAX];
    kit_store_place(kit, kit->plugin, url, NULL);
    kit_store_bind(kit, kit->plugin, url, store);
    kit_store_migrate(store);
    kit_store_open(store);
}

/* ---- sessions and calls */

const persist_call *client_call(struct client *client)
{
    error_clear(&client->error);
    client->sink.error = &client->error;
    client->call = (persist_call){
        .size = sizeof client->call, .deadline = client->deadline, .error = &client->sink};
    return &client->call;
}

void client_open(struct store *store, struct client *client)
{
    *client = (struct client){.store = store, .deadline = PERSIST_NO_DEADLINE};
    persist_status status =
        store->plugin->life.session_open(client_call(client), store->backend, &client->session);
    expect_status(client, "session_open", status, PERSIST_OK);
}

void client_close(struct client *client)
{
    client->store->plugin->life.session_close(client->session);
    error_clear(&client->error);
    client->session = NULL;
}

void expect_status(struct client *client, const char *operation, persist_status found,
                   persist_status expected)
{
    char text[1024];
    if (found == expected)
        return;
    const char *name = (unsigned)found < PERSIST_STATUS_COUNT ? persist_status_name(found)
                                                              : "a status that does not exist";
    const char *message = persist_error_message(&client->error);
    snprintf(text, sizeof text, "%s%s%s", name, message && *message ? ": " : "",
             message ? message : "");
    kit_fail(client->store->kit, operation, persist_status_name(expected), text);
}
