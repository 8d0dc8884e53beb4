/* SPDX-License-Identifier: MIT */
/* Who the plugin is, and the tables that make it one. */
#include "plugins/sqlite/sqlite.h"

#include <string.h>

#define SQLITE_OLDEST 3036000 /* RETURNING, and memory stores shared by name */

persist_host lite_host;

void lite_copy_in(void *to, size_t capacity, const void *from, size_t size)
{
    memset(to, 0, capacity);
    memcpy(to, from, size < capacity ? size : capacity);
}

static persist_status load(const persist_host *host)
{
    lite_copy_in(&lite_host, sizeof(lite_host), host, host->size);
    lite_host.size = host->size < sizeof(lite_host) ? host->size : sizeof(lite_host);
    if (sqlite3_libversion_number() < SQLITE_OLDEST || !sqlite3_threadsafe()) {
        lite_host.log(PERSIST_LOG_ERROR,
                      "sqlite: an SQLite library of 3.36 or later, built for threads, is needed");
        return PERSIST_UNSUPPORTED;
    }
    return sqlite3_initialize() == SQLITE_OK ? PERSIST_OK : PERSIST_NO_MEMORY;
}

#define CAPS                                                                                   \
    (PERSIST_CAP_SHARED | PERSIST_CAP_TURN | PERSIST_CAP_IN_PROCESS | PERSIST_CAP_PERSISTENT | \
     PERSIST_CAP_POWER)

/* Values: what SQLite can be built for at most; store_limits tells what this one is. */
static const persist_limits limits_most = {.size = sizeof(limits_most),
                                           .key_bytes = LITE_KEY_BYTES,
                                           .value_bytes = INT32_MAX,
                                           .append_bytes = INT32_MAX};

static const persist_life life = {
    .size = sizeof(life),
    .load = load,
    .check_config = lite_check_config,
    .store_open = lite_store_open,
    .store_close = lite_store_close,
    .store_caps = lite_store_caps,
    .store_limits = lite_store_limits,
    .session_open = lite_session_open,
    .session_close = lite_session_close,
    .session_ping = lite_session_ping,
    .session_reset = lite_session_reset,
    .interrupt = lite_interrupt,
};

static const persist_store_ops store = {
    .size = sizeof(store),
    .namespace_list = lite_namespace_list,
    .namespace_create = lite_namespace_create,
    .namespace_drop = lite_namespace_drop,
    .head = lite_head,
    .read = lite_read,
    .scan = lite_scan,
    .changes = lite_changes,
    .append = lite_append,
    .control = lite_control,
    .meta_get = lite_meta_get,
    .meta_put = lite_meta_put,
};

static const persist_admin_ops admin = {
    .size = sizeof(admin),
    .migrate_plan = lite_migrate_plan,
    .migrate_apply = lite_migrate_apply,
    .stats = lite_stats,
};

PERSIST_PLUGIN("sqlite", "sqlite", "sqlite", "0.1.0", "MIT", "Keeps data in SQLite files.", CAPS,
               limits_most, life, store, admin, lite_settings, LITE_N_SETTINGS);
