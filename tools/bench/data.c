/* SPDX-License-Identifier: MIT */
/* The keys that works find there, each set loaded when it is first needed. */
#include "tools/bench/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned more, fewer; /* than the keys asked for: times this, divided by that */
    unsigned versions;
    bool in_order;
} sets[DATA_SETS] = {
    [DATA_FLAT] = {"flat", 1, 1, 1, false},
    [DATA_FEW] = {"few", 1, DATA_FEW_VERSIONS, DATA_FEW_VERSIONS, false},
    [DATA_FEW_ONE] = {"few-one", 1, DATA_FEW_VERSIONS, 1, false},
    [DATA_MANY] = {"many", 1, DATA_MANY_VERSIONS, DATA_MANY_VERSIONS, false},
    [DATA_MANY_ONE] = {"many-one", 1, DATA_MANY_VERSIONS, 1, false},
    [DATA_LONG] = {"long", 2, 1, 1, true},
};

persist_status data_begin(struct bench *bench, const struct data *data, int64_t at,
                          persist_tx **out)
{
    persist_tx_options options = {
        .size = sizeof options, .ns = data->ns, .has_at = at != 0, .at = at};
    return persist_begin(bench->store, &options, out, bench->error);
}

/* Puts the keys [from, to) in one transaction. */
static persist_status load_some(struct bench *bench, const struct data *data, bool in_order,
                                uint64_t from, uint64_t to, int64_t *timestamp)
{
    unsigned char key[FIGURES_KEY], value[FIGURES_VALUE];
    persist_tx *tx = NULL;
    persist_status status = data_begin(bench, data, 0, &tx);
    for (uint64_t i = from; i < to && status == PERSIST_OK; i++) {
        if (in_order)
            figures_key_in_order(i, key);
        else
            figures_key(i, key);
        figures_value(i, value);
        status = persist_put(tx, (persist_bytes){key, sizeof key},
                             (persist_bytes){value, sizeof value}, bench->error);
    }
    if (status == PERSIST_OK)
        status = persist_commit(tx, timestamp, bench->error);
    persist_tx_free(tx);
    return status;
}

/* One version of each key. */
static persist_status load_once(struct bench *bench, const struct data *data, bool in_order,
                                int64_t *timestamp)
{
    persist_status status = PERSIST_OK;
    for (uint64_t at = 0; at < data->keys && status == PERSIST_OK; at += FIGURES_LOAD) {
        uint64_t end = data->keys - at < FIGURES_LOAD ? data->keys : at + FIGURES_LOAD;
        if (bench->options->stop && bench->options->stop())
            return error_set(bench->error, PERSIST_INTERRUPTED,
                             "interrupted while keys were loaded");
        status = load_some(bench, data, in_order, at, end, timestamp);
    }
    return status;
}

static persist_status load(struct bench *bench, enum data_set set, struct data *data)
{
    uint64_t keys = bench->options->keys * sets[set].more / sets[set].fewer;
    int64_t timestamp = 0;
    persist_status status = PERSIST_OK;
    data->keys = keys ? keys : 1;
    data->next = data->keys;
    /* Version after version, as overwriting makes them: those of a key do not lie together. */
    for (unsigned i = 0; i < sets[set].versions && status == PERSIST_OK; i++) {
        status = load_once(bench, data, sets[set].in_order, &timestamp);
        if (i == sets[set].versions / 2)
            data->half_way = timestamp;
    }
    data->loaded = status == PERSIST_OK;
    return status;
}

persist_status data_need(struct bench *bench, enum data_set set, struct data **out)
{
    struct data *data = &bench->data[set];
    persist_status status = PERSIST_OK;
    *out = data;
    if (data->loaded)
        return PERSIST_OK;
    if (!data->made) {
        snprintf(data->ns, sizeof data->ns, "bench-%ld-%s", (long)getpid(), sets[set].name);
        status = persist_namespace_create(bench->store, data->ns, 0, bench->error);
        data->made = status == PERSIST_OK;
    }
    return status == PERSIST_OK ? load(bench, set, data) : status;
}

static persist_status find(void *context, const char *name, uint32_t id, uint32_t state)
{
    struct bench *bench = context;
    (void)id;
    (void)state;
    for (size_t i = 0; i < DATA_SETS; i++)
        if (strcmp(bench->data[i].ns, name) == 0)
            bench->data[i].made = true;
    return PERSIST_OK;
}

persist_status data_reopened(struct bench *bench)
{
    for (size_t i = 0; i < DATA_SETS; i++)
        bench->data[i].made = false;
    persist_status status = persist_namespace_list(bench->store, find, bench, bench->error);
    for (size_t i = 0; i < DATA_SETS; i++)
        bench->data[i].loaded = bench->data[i].loaded && bench->data[i].made;
    return status;
}

persist_status data_drop(struct bench *bench, persist_error *error)
{
    persist_status status = PERSIST_OK;
    for (size_t i = 0; i < DATA_SETS; i++) {
        if (!bench->data[i].made)
            continue;
        persist_status one = persist_namespace_drop(bench->store, bench->data[i].ns,
                                                    status == PERSIST_OK ? error : NULL);
        status = status == PERSIST_OK ? one : status;
    }
    return status;
}
