/* SPDX-License-Identifier: MIT */
#include "tests/unit/fixture.h"

#include <config.h>

#include "core/layers/kinds.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *place = "/tmp";
static char folder[64];
static persist_error *error;
static bool armed;   /* PERSIST_LAYERS is ours */
static char *layers; /* it before that, or NULL */

static const char *const backends[] = {"memory",
#ifdef TEST_SQLITE
                                       "sqlite"
#endif
};

int fixture_backends(void)
{
    return (int)(sizeof backends / sizeof *backends);
}

bool fixture_shared(int backend)
{
    return strcmp(backends[backend], "memory") != 0;
}

int fixture_scale(void)
{
    const char *text = getenv("PERSIST_TEST_SCALE");
    int scale = text ? atoi(text) : 1;
    return scale > 0 ? scale : 1;
}

void fixture_in_memory(void)
{
    if (access("/dev/shm", W_OK | X_OK) == 0)
        place = "/dev/shm";
}

void fixture_begin(void)
{
    snprintf(folder, sizeof folder, "%s/persist-test.XXXXXX", place);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    error = persist_error_new();
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info, (void)type, (void)at;
    return remove(path);
}

void fixture_end(void)
{
    persist_error_free(error);
    error = NULL;
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    if (armed && layers)
        setenv("PERSIST_LAYERS", layers, 1);
    else if (armed)
        unsetenv("PERSIST_LAYERS");
    free(layers);
    layers = NULL;
    armed = false;
}

const char *fixture_folder(void)
{
    return folder;
}

persist_error *fixture_error(void)
{
    return error;
}

const char *fixture_url(int backend)
{
    static char url[160];
    if (fixture_shared(backend))
        snprintf(url, sizeof url, "%s://%s/store.db", backends[backend], folder);
    else
        snprintf(url, sizeof url, "%s:", backends[backend]);
    return url;
}

persist_store *fixture_open(int backend)
{
    persist_store *store = NULL;
    persist_store_options options = {.size = sizeof options, .flags = PERSIST_STORE_CREATE};
    assert_ok(persist_open_url(fixture_url(backend), &options, &store, error));
    return store;
}

persist_store *fixture_open_with(int backend, const char *yaml)
{
    char path[160];
    persist_store *store = NULL;
    persist_store_options options = {.size = sizeof options, .flags = PERSIST_STORE_CREATE};
    /* A file of this process's own: others may be reading theirs. */
    snprintf(path, sizeof path, "%s/persist-%d.yaml", folder, (int)getpid());
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "persistence: \"%s\"\n%s", fixture_url(backend), yaml);
    fclose(file);
    assert_ok(persist_open_file(path, &options, &store, error));
    return store;
}

const struct plugin *fixture_plugin(int backend)
{
    const struct plugin *plugin;
    struct plugin_search search = {0};
    assert_ok(loader_open(backends[backend], &search, &plugin, error));
    return plugin;
}

static struct fault_plan *plan(void)
{
    struct fault_plan *found = layers_find("fault");
    ck_assert_ptr_nonnull(found);
    return found;
}

void fixture_arm(int backend, const char *rules)
{
    const struct plugin *over;
    if (!armed) {
        const char *given = getenv("PERSIST_LAYERS");
        layers = given ? strdup(given) : NULL;
        armed = true;
        setenv("PERSIST_LAYERS", "fault", 1);
        assert_ok(layers_over(fixture_plugin(backend), "fault", &over, error));
    }
    assert_ok(fault_arm(plan(), rules, error));
}

uint64_t fixture_hits(void)
{
    return fault_hits(plan());
}

unsigned fixture_holding(void)
{
    return fault_holding(plan());
}

void fixture_close(persist_store *store)
{
    assert_ok(persist_close(store, error));
}

static persist_tx *begin_with(persist_store *store, const persist_tx_options *options)
{
    persist_tx *tx = NULL;
    assert_ok(persist_begin(store, options, &tx, error));
    return tx;
}

persist_tx *begin(persist_store *store)
{
    return begin_with(store, NULL);
}

persist_tx *begin_snapshot(persist_store *store)
{
    persist_tx_options options = {.size = sizeof options, .isolation = PERSIST_SNAPSHOT};
    return begin_with(store, &options);
}

persist_tx *begin_at(persist_store *store, int64_t at)
{
    persist_tx_options options = {.size = sizeof options, .has_at = 1, .at = at};
    return begin_with(store, &options);
}

void put(persist_tx *tx, const char *key, const char *value)
{
    assert_ok(persist_put(tx, persist_text(key), persist_text(value), error));
}

void del(persist_tx *tx, const char *key)
{
    assert_ok(persist_delete(tx, persist_text(key), error));
}

const char *get(persist_tx *tx, const char *key)
{
    static char value[4096];
    persist_row row = {.size = sizeof row};
    persist_status status = persist_get(tx, persist_text(key), &row, error);
    if (status == PERSIST_NOT_FOUND)
        return NULL;
    assert_ok(status);
    ck_assert_uint_lt(row.value.size, sizeof value);
    if (row.value.size)
        memcpy(value, row.value.data, row.value.size);
    value[row.value.size] = '\0';
    return value;
}

int64_t commit(persist_tx *tx)
{
    int64_t timestamp = 0;
    assert_ok(persist_commit(tx, &timestamp, error));
    persist_tx_free(tx);
    return timestamp;
}

void commit_fails(persist_tx *tx, persist_status expected)
{
    assert_status(persist_commit(tx, NULL, error), expected);
    persist_tx_free(tx);
}

int64_t put_one(persist_store *store, const char *key, const char *value)
{
    persist_tx *tx = begin(store);
    put(tx, key, value);
    return commit(tx);
}

int64_t del_one(persist_store *store, const char *key)
{
    persist_tx *tx = begin(store);
    del(tx, key);
    return commit(tx);
}

const char *scan_text(persist_tx *tx, const persist_scan_options *options)
{
    static char text[1 << 16];
    persist_cursor *cursor = NULL;
    persist_row row = {.size = sizeof row};
    persist_status status;
    size_t used = 0;
    text[0] = '\0';
    assert_ok(persist_scan(tx, options, &cursor, error));
    while ((status = persist_cursor_next(cursor, &row, error)) == PERSIST_OK) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s=%.*s", used ? " " : "",
                                 (int)row.key.size, (const char *)row.key.data, (int)row.value.size,
                                 (const char *)row.value.data);
        ck_assert_uint_lt(used, sizeof text);
    }
    assert_status(status, PERSIST_END);
    assert_status(persist_cursor_next(cursor, &row, error), PERSIST_END);
    persist_cursor_free(cursor);
    return text;
}
