/* SPDX-License-Identifier: MIT */
#include "tests/unit/layered.h"

#include "core/layers/layer.h"

#include <stdlib.h>

/* A test loads the same few plugins again and again. */
static struct entry {
    struct plugin inner;
    persist_plugin outer;
} entries[4];

static struct entry *entry_of(const persist_plugin *plugin)
{
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (!entries[i].inner.descriptor || entries[i].inner.descriptor == plugin)
            return &entries[i];
    abort();
}

const persist_plugin *layered_over(const persist_plugin *plugin)
{
    static char path[] = "layered";
    struct entry *entry = entry_of(plugin);
    const struct plugin *over;
    entry->inner = (struct plugin){.descriptor = plugin,
                                   .path = path,
                                   .limits = *plugin->limits,
                                   .life = *plugin->life,
                                   .store = *plugin->store,
                                   .admin = *plugin->admin};
    if (layers_over(&entry->inner, "trace;trace", &over, NULL) != PERSIST_OK)
        abort();
    entry->outer = *plugin;
    entry->outer.life = &over->life;
    entry->outer.store = &over->store;
    entry->outer.admin = &over->admin;
    return &entry->outer;
}
