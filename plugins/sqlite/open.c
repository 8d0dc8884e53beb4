/* SPDX-License-Identifier: MIT */
/* Stores: settings, opening, what an opened one can do. */
#include "plugins/sqlite/sqlite.h"

#include <stdio.h>
#include <string.h>

#define MIB (INT64_C(1) << 20)

const persist_setting lite_settings[LITE_N_SETTINGS] = {
    {"path", PERSIST_SETTING_TEXT, PERSIST_SETTING_CONNECTION, 0, 0, NULL, NULL,
     "File of the store, if the URL is sqlite: alone."},
    {"cache_size", PERSIST_SETTING_SIZE, 0, 1 << 20, INT64_C(1) << 40, NULL, "64MiB",
     "Page cache of the store: half of it for the first session, and so on."},
    {"mmap_size", PERSIST_SETTING_SIZE, 0, 0, INT64_C(1) << 40, NULL, "0B",
     "How much of the file is read through a memory map."},
    {"wal_autocheckpoint", PERSIST_SETTING_INT, 0, 1, 1000000, NULL, "4000",
     "Pages in the write-ahead log from which on it is copied into the file."},
    {"page_size", PERSIST_SETTING_SIZE, 0, 512, 65536, NULL, "4KiB",
     "Page size of a file that is made: a power of two."},
    {"allow_network_filesystem", PERSIST_SETTING_BOOL, 0, 0, 0, NULL, "false",
     "Open a file on a network file system, where locks cannot be relied on."},
};

static int64_t number(const persist_settings *settings, const char *name, int64_t preset)
{
    int64_t value = preset;

    lite_host.setting_number(settings, name, &value);
    return value;
}

static bool page_size_good(int64_t size)
{
    return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

persist_status lite_check_config(const persist_call *call, const char *url,
                                 const persist_settings *settings)
{
    struct lite_place place;
    char fault[512];
    persist_status status = PERSIST_OK;

    (void)call;
    if (!lite_place_parse(url, settings, &place, fault, sizeof(fault))) {
        lite_host.setting_error(settings, NULL, fault);
        status = PERSIST_CONFIG;
    }
    if (!page_size_good(number(settings, "page_size", 4096))) {
        lite_host.setting_error(settings, "page_size",
                                "a page is a power of two from 512 to 65536 bytes");
        status = PERSIST_CONFIG;
    }
    return status;
}

/* --------------------------------------------------------------------------- opening */

static persist_status place_store(const persist_call *call, const persist_open *open,
                                  persist_backend *store)
{
    static atomic_uint unique;
    char fault[512];

    if (!lite_place_parse(open->url, open->settings, &store->place, fault, sizeof(fault)))
        return lite_fail(call, PERSIST_CONFIG, "%s", fault);
    store->read_only = store->place.read_only || (open->flags & PERSIST_OPEN_READ_ONLY) != 0;
    if (store->place.memory) {
        store->read_only = false;
        store->open_flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
        snprintf(store->file, sizeof(store->file), "file:/persist-%p-%u?vfs=memdb", (void *)store,
                 atomic_fetch_add(&unique, 1));
        return PERSIST_OK;
    }
    return lite_file_check(call, store, number(open->settings, "allow_network_filesystem", 0) != 0);
}

static persist_status check_format(persist_session *session)
{
    const char *path = session->store->place.path;
    int64_t format = 0;
    persist_status status = lite_format(session, &format);

    if (status != PERSIST_OK)
        return status;
    if (format > LITE_FORMAT)
        return lite_fail(session->call, PERSIST_FORMAT,
                         "%s has format %lld, this build knows up to %d; it was left untouched: "
                         "use a newer persist",
                         path, (long long)format, LITE_FORMAT);
    if (format < LITE_FORMAT && !session->store->migrating)
        return lite_fail(session->call, PERSIST_FORMAT,
                         "%s has format %lld, this build needs %d: run `persist migrate up`", path,
                         (long long)format, LITE_FORMAT);
    return PERSIST_OK;
}

/* With a connection: formats, the log, and what SQLite itself finds wrong at first sight. */
static persist_status check_contents(const persist_call *call, persist_session *session)
{
    persist_backend *store = session->store;
    int64_t format = 0;
    persist_status status = lite_begin(call, session);

    store->length_limit = sqlite3_limit(session->db, SQLITE_LIMIT_LENGTH, -1);
    if (status == PERSIST_OK && store->place.memory)
        return lite_end(session, PERSIST_OK);
    if (status == PERSIST_OK)
        status = check_format(session);
    if (status == PERSIST_OK)
        status = lite_format(session, &format);
    if (status == PERSIST_OK && format > 0)
        status = lite_use_wal(session);
    return lite_end(session, status);
}

static persist_status open_contents(const persist_call *call, persist_backend *store)
{
    persist_session *session = NULL;
    persist_status status = PERSIST_OK;

    if (!store->place.memory)
        status = lite_file_identify(call, store);
    if (status == PERSIST_OK)
        status = lite_connect(call, store, &session);
    if (status != PERSIST_OK)
        return status;
    status = check_contents(call, session);
    if (status == PERSIST_OK && store->place.memory) {
        store->anchor = session; /* a memory store has nobody else to make its tables */
        return lite_migrate_apply(call, session, NULL, NULL);
    }
    lite_session_close(session);
    return status;
}

persist_status lite_store_open(const persist_call *call, const persist_open *given,
                               persist_backend **out)
{
    persist_backend *store = lite_host.alloc(sizeof(*store));
    persist_open open;
    persist_status status;

    if (store == NULL)
        return lite_no_memory(call);
    memset(store, 0, sizeof(*store));
    lite_copy_in(&open, sizeof(open), given, given->size);
    store->migrating = (open.flags & PERSIST_OPEN_MIGRATE) != 0;
    store->durability = open.durability;
    store->cache_size = number(open.settings, "cache_size", 64 * MIB);
    store->mmap_size = number(open.settings, "mmap_size", 0);
    store->wal_autocheckpoint = number(open.settings, "wal_autocheckpoint", 4000);
    store->page_size = number(open.settings, "page_size", 4096);
    status = place_store(call, &open, store);
    if (status == PERSIST_OK && !store->read_only) {
        store->queue = lite_queue_new(store->place.memory ? NULL : store->place.path);
        status = store->queue != NULL ? PERSIST_OK : lite_no_memory(call);
    }
    if (status == PERSIST_OK && !store->place.memory && !store->migrating) {
        store->keeper = lite_keeper_new(store->wal_autocheckpoint);
        status = store->keeper != NULL ? PERSIST_OK : lite_no_memory(call);
    }
    if (status == PERSIST_OK)
        status = open_contents(call, store);
    store->was_open = status == PERSIST_OK;
    if (status == PERSIST_OK)
        *out = store;
    else
        lite_store_close(store);
    return status;
}

void lite_store_close(persist_backend *store)
{
    if (store->anchor != NULL)
        lite_session_close(store->anchor);
    lite_keeper_free(store->keeper, store->queue);
    lite_queue_free(store->queue);
    lite_file_tidy(store);
    lite_host.release(store);
}

uint64_t lite_store_caps(persist_backend *store)
{
    if (store->place.memory)
        return PERSIST_CAP_TURN | PERSIST_CAP_IN_PROCESS;
    return PERSIST_CAP_SHARED | PERSIST_CAP_TURN | PERSIST_CAP_IN_PROCESS | PERSIST_CAP_PERSISTENT |
           PERSIST_CAP_POWER;
}

void lite_store_limits(persist_backend *store, persist_limits *limits)
{
    uint64_t most = (uint64_t)(store->length_limit - LITE_ROW_OVERHEAD);
    persist_limits filled = {.size = sizeof(filled),
                             .key_bytes = LITE_KEY_BYTES,
                             .value_bytes = most,
                             .append_bytes = most};

    if (limits->size < filled.size)
        filled.size = limits->size;
    memcpy(limits, &filled, filled.size);
}
