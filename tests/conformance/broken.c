/* SPDX-License-Identifier: MIT */
/* Life and admin of the backend with one fault, and how it gets at the other plugin. */
#include "tests/conformance/broken.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const persist_plugin *inner;
const persist_host *host;

bool fault(const char *name)
{
    const char *chosen = getenv("BROKEN");
    return chosen && strcmp(chosen, name) == 0;
}

/* ---- life */

static persist_status life_load(const persist_host *given)
{
    host = given;
    return inner->life->load(given);
}

/* The URL as the other plugin wants it: its scheme in the place of "broken". */
static const char *inner_url(const char *url, char *out, size_t capacity)
{
    const char *schemes = inner->head.schemes;
    snprintf(out, capacity, "%.*s%s", (int)strcspn(schemes, " "), schemes, strchr(url, ':'));
    return out;
}

static persist_status life_check_config(const persist_call *call, const char *url,
                                        const persist_settings *settings)
{
    char own[4200];
    if (fault("config_refuses"))
        return PERSIST_CONFIG;
    return inner->life->check_config(call, inner_url(url, own, sizeof own), settings);
}

static unsigned starts;

static persist_status life_start(void)
{
    if (fault("start_once") && starts++ > 0)
        return PERSIST_IO;
    return inner->life->start ? inner->life->start() : PERSIST_OK;
}

static void life_stop(void)
{
    if (inner->life->stop)
        inner->life->stop();
}

static unsigned stores_open;

/* Takes the last byte off the file of the example backend. */
static void cut_tail(const char *url)
{
    struct stat st;
    const char *path = strchr(url, ':') + 1;
    if (stat(path, &st) == 0 && st.st_size > 32 && truncate(path, st.st_size - 1) != 0)
        abort();
}

static persist_status life_store_open(const persist_call *call, const persist_open *given,
                                      persist_backend **out)
{
    char own[4200];
    persist_open open = *given;
    persist_backend *store = calloc(1, sizeof *store);
    open.url = inner_url(given->url, own, sizeof own);
    if (fault("read_only_refused") && open.flags & PERSIST_OPEN_READ_ONLY) {
        free(store);
        return PERSIST_READ_ONLY;
    }
    if (fault("tail_lost") && !(open.flags & PERSIST_OPEN_MIGRATE))
        cut_tail(open.url);
    persist_status status = inner->life->store_open(call, &open, &store->inner);
    if (status == PERSIST_NOT_FOUND && fault("missing_is_io"))
        status = PERSIST_IO;
    if (status == PERSIST_FOREIGN && fault("foreign_is_format"))
        status = PERSIST_FORMAT;
    if (status != PERSIST_OK) {
        free(store);
        return status;
    }
    store->number = stores_open++;
    *out = store;
    return PERSIST_OK;
}

static void life_store_close(persist_backend *store)
{
    inner->life->store_close(store->inner);
    stores_open--;
    free(store);
}

static uint64_t life_store_caps(persist_backend *store)
{
    uint64_t caps = inner->life->store_caps(store->inner);
    if (fault("caps_beyond"))
        caps |= PERSIST_CAP_WAIT_CHANGE;
    if (getenv("BROKEN_TURN"))
        caps |= PERSIST_CAP_TURN;
    return caps;
}

static void life_store_limits(persist_backend *store, persist_limits *limits)
{
    persist_limits whole = {.size = sizeof whole};
    if (fault("limits_overrun")) {
        inner->life->store_limits(store->inner, &whole);
        memcpy(limits, &whole, sizeof whole);
        return;
    }
    inner->life->store_limits(store->inner, limits);
    if (fault("limits_small"))
        limits->key_bytes = 100;
}

static persist_session *sessions[64];

static persist_status life_session_open(const persist_call *call, persist_backend *store,
                                        persist_session **out)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    persist_session *session = calloc(1, sizeof *session);
    persist_status status = inner->life->session_open(call, store->inner, &session->inner);
    if (status == PERSIST_LIMIT && fault("limit_unchecked"))
        status = PERSIST_OK;
    if (status != PERSIST_OK) {
        free(session);
        return status;
    }
    pthread_mutex_lock(&lock);
    session->store = store;
    session->number = store->sessions++;
    session->thread = (unsigned long)gettid();
    sessions[session->number % 64] = session;
    pthread_mutex_unlock(&lock);
    *out = session;
    return PERSIST_OK;
}

static void life_session_close(persist_session *session)
{
    sessions[session->number % 64] = NULL;
    inner->life->session_close(session->inner);
    free(session);
}

static persist_status life_session_ping(const persist_call *call, persist_session *session)
{
    return inner->life->session_ping(call, session->inner);
}

static persist_status life_session_reset(const persist_call *call, persist_session *session)
{
    if (fault("reset_fails"))
        return PERSIST_UNAVAILABLE;
    return inner->life->session_reset(call, session->inner);
}

static void life_interrupt(persist_session *session)
{
    if (fault("interrupt_ignored"))
        return;
    if (fault("interrupt_kept"))
        session->interrupted = true;
    inner->life->interrupt(session->inner);
    for (size_t i = 0; i < 64 && fault("interrupt_all"); i++)
        if (sessions[i])
            inner->life->interrupt(sessions[i]->inner);
}

static const persist_life life = {
    .size = sizeof life,
    .load = life_load,
    .check_config = life_check_config,
    .start = life_start,
    .stop = life_stop,
    .store_open = life_store_open,
    .store_close = life_store_close,
    .store_caps = life_store_caps,
    .store_limits = life_store_limits,
    .session_open = life_session_open,
    .session_close = life_session_close,
    .session_ping = life_session_ping,
    .session_reset = life_session_reset,
    .interrupt = life_interrupt,
};

/* ---- admin */

static persist_status admin_migrate_plan(const persist_call *call, persist_session *session,
                                         persist_on_migration take, void *context)
{
    if (fault("plan_empty"))
        return PERSIST_OK;
    return inner->admin->migrate_plan(call, session->inner, take, context);
}

static persist_status admin_migrate_apply(const persist_call *call, persist_session *session,
                                          persist_on_migration done, void *context)
{
    if (fault("migrate_busy"))
        return PERSIST_BUSY;
    persist_status status = inner->admin->migrate_apply(call, session->inner, done, context);
    if (status == PERSIST_OK && fault("steps_told_again") && done)
        status = done(context, &(persist_migration){1, "again", 1});
    return status;
}

struct stat_filter {
    persist_on_stat take;
    void *context;
};

static persist_status stat_bent(void *context, const persist_stat *stat)
{
    struct stat_filter *filter = context;
    persist_stat bent = *stat;
    if (fault("stat_bad_name"))
        bent.name = "Bad Name";
    persist_status status = filter->take(filter->context, &bent);
    return fault("stats_unheard") ? PERSIST_OK : status;
}

static persist_status admin_stats(const persist_call *call, persist_session *session,
                                  persist_on_stat take, void *context)
{
    struct stat_filter filter = {take, context};
    return inner->admin->stats(call, session->inner, stat_bent, &filter);
}

static const persist_admin_ops admin = {
    .size = sizeof admin,
    .migrate_plan = admin_migrate_plan,
    .migrate_apply = admin_migrate_apply,
    .stats = admin_stats,
};

/* ---- who it is */

#define HEAD                                                      \
    PERSIST_PLUGIN_HEAD("broken", "broken", "broken", "1", "MIT", \
                        "Passes calls on, with one "              \
                        "fault.")

PERSIST_PLUGIN_NOTE static const struct persist_plugin_note note = {
    8u, (uint32_t)sizeof(persist_plugin_head), PERSIST_NOTE_TYPE, PERSIST_NOTE_OWNER, HEAD};

static const persist_plugin *open_inner(void)
{
    const char *path = getenv("BROKEN_INNER");
    void *handle = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    persist_plugin_entry_fn entry;
    void *address = handle ? dlsym(handle, "persist_plugin_entry") : NULL;
    if (!address) {
        fprintf(stderr, "broken: BROKEN_INNER names no plugin: %s\n", dlerror());
        abort();
    }
    memcpy(&entry, &address, sizeof entry);
    return entry();
}

/* Settings, capabilities and limits are those of the other plugin. */
PERSIST_PLUGIN_EXPORT const persist_plugin *persist_plugin_entry(void);
const persist_plugin *persist_plugin_entry(void)
{
    static const persist_setting bad = {.name = "odd", .type = PERSIST_SETTING_TEXT, .help = ""};
    static persist_plugin plugin = {HEAD, sizeof plugin, 0, NULL, &life, NULL, &admin, NULL, 0};
    static persist_store_ops store;
    if (!inner)
        inner = open_inner();
    store = broken_store;
    if (fault("table_short"))
        store.size = offsetof(persist_store_ops, wait_change);
    plugin.caps = inner->caps | (getenv("BROKEN_TURN") ? PERSIST_CAP_TURN : 0);
    plugin.limits = inner->limits;
    plugin.store = &store;
    plugin.settings = fault("setting_without_help") ? &bad : inner->settings;
    plugin.n_settings = fault("setting_without_help") ? 1 : inner->n_settings;
    (void)note;
    return &plugin;
}
