/* SPDX-License-Identifier: MIT */
/*
 * A host small enough to test backends by themselves: it fills persist_host, loads a
 * plugin through its one symbol, and drives it through persist/plugin.h alone.
 */
#ifndef TESTS_UNIT_PLUGIN_HOST_H
#define TESTS_UNIT_PLUGIN_HOST_H

#include <persist/plugin.h>

#include <limits.h>
#include <stdbool.h>

struct persist_call_error {
    uint32_t flags;
    int64_t vendor_code;
    bool set;
    char text[5000];
};

/* Settings are given as an array that ends with a NULL name. */
struct persist_settings {
    const struct host_setting {
        const char *name;
        const char *text;
        int64_t number;
    } * items;
};

/* What setting_error was last told, and how often. */
extern char host_fault[512];
extern int host_faults;
/* Moves the monotonic clock, as plugins see it. */
void host_shift(int64_t ns);
void host_set_wall(int64_t ns);
/* The n-th allocation from now fails (1: the next one), once; 0: none. */
void host_fail_allocation(int n);
/* Allocations not given back. */
int host_live_allocations(void);

/* Loads persist_NAME.so from PERSIST_PLUGIN_PATH; dies if it cannot. */
const persist_plugin *host_load(const char *name);

/* The stores that every test runs on. */
enum variant { VARIANT_MEMORY, VARIANT_SQLITE, VARIANT_SQLITE_MEMORY, VARIANT_COUNT };

/* A plugin, a store and a session, and the circumstances of the calls. */
struct fixture {
    const persist_plugin *plugin;
    const persist_life *life;
    const persist_store_ops *ops;
    const persist_admin_ops *admin;
    struct persist_settings settings;
    char folder[PATH_MAX]; /* empty: none was made */
    char path[PATH_MAX + 32];
    char url[2 * PATH_MAX];
    persist_backend *store;
    persist_session *session;
    struct persist_call_error error;
    persist_call call; /* without a deadline */
};

/* A fixture with a folder, nothing opened. */
void fixture_prepare(struct fixture *f, const char *plugin);
/* Opens url; the store stays NULL if that fails. */
persist_status fixture_try(struct fixture *f, uint32_t flags);
/* Opens a new, migrated store of the variant, and a session. */
void fixture_open(struct fixture *f, enum variant variant);
persist_session *fixture_session(struct fixture *f);
void fixture_close(struct fixture *f);
void fixture_remove(struct fixture *f);
void fixture_close_and_remove(struct fixture *f);

/* ---- data */

/* Bytes of a string literal, NULs in it included. */
#define B(literal) ((persist_bytes){(literal), sizeof(literal) - 1})

/* A namespace as its writer knows it. */
struct log {
    uint32_t ns;
    persist_clock clock;
};

/* Makes a namespace and reads its clock. */
struct log log_make(struct fixture *f, const char *name, persist_state state);
persist_version put(const char *key, int64_t timestamp, const char *value);
persist_version gone(const char *key, int64_t timestamp);
/* Appends as the log expects; the record's data are `data`. Follows the head if OK. */
persist_status log_append(struct fixture *f, struct log *log, uint32_t flags, int64_t head,
                          const persist_version *versions, size_t count, const char *data);
/* One version, its timestamp the head; must succeed. */
void log_put(struct fixture *f, struct log *log, const char *key, int64_t timestamp,
             const char *value);

/* Rows as text: key@timestamp=value, "!" for a tombstone's value, joined by spaces.
 * Bytes that do not print are \xNN. */
struct rows {
    char *text;
    size_t size;
    size_t capacity;
    size_t count;
    size_t stop_after;       /* 0: never; then take returns PERSIST_END */
    char last_key[2 * 2048]; /* for resuming */
    size_t last_key_size;
    int64_t last_timestamp;
    void (*each)(void *); /* called for each row, or NULL */
    void *context;
};

persist_status rows_take(void *context, const persist_version *version);
persist_status rows_take_record(void *context, const persist_record *record);
void rows_clear(struct rows *rows);

/* One scan from its start to its end or bound; rows hold the answer. */
persist_status scan(struct fixture *f, struct rows *rows, const persist_scan_range *range,
                    int *more);
/* Reads one key; "" if there is none. Valid until the next call. */
const char *read_one(struct fixture *f, uint32_t ns, persist_bytes key, int64_t timestamp);

#endif
