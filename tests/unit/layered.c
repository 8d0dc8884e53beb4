/* SPDX-License-Identifier: MIT */
#include "tests/unit/layered.h"

#include "core/layers/layer.h"

#include <stdlib.h>

const persist_plugin *layered_over(const persist_plugin *plugin)
{
    static struct plugin inner;
    static persist_plugin outer;
    const struct plugin *over;
    static char path[] = "layered";
    inner = (struct plugin){.descriptor = plugin,
                            .path = path,
                            .limits = *plugin->limits,
                            .life = *plugin->life,
                            .store = *plugin->store,
                            .admin = *plugin->admin};
    if (layers_over(&inner, "trace;trace", &over, NULL) != PERSIST_OK)
        abort();
    outer = *plugin;
    outer.life = &over->life;
    outer.store = &over->store;
    outer.admin = &over->admin;
    return &outer;
}
