/* SPDX-License-Identifier: MIT */
#include "core/session/running.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct running {
    const persist_plugin *descriptor; /* of the plugin, and of every layer over it */
    size_t stores;
    struct running *next;
};

/* The lock is held over start and stop, so that they never overlap. Entries stay: there
 * are no more of them than plugins. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct running *list;

static struct running *find(const struct plugin *plugin)
{
    for (struct running *entry = list; entry; entry = entry->next)
        if (entry->descriptor == plugin->descriptor)
            return entry;
    struct running *entry = calloc(1, sizeof *entry);
    if (entry) {
        *entry = (struct running){.descriptor = plugin->descriptor, .next = list};
        list = entry;
    }
    return entry;
}

persist_status running_enter(const struct plugin *plugin, persist_error *error)
{
    persist_status status = PERSIST_OK;
    pthread_mutex_lock(&lock);
    struct running *entry = find(plugin);
    if (!entry)
        status = error_no_memory(error);
    else if (!entry->stores && plugin->life.start)
        status = plugin->life.start();
    if (status == PERSIST_OK)
        entry->stores++;
    else if (entry)
        error_set(error, status, "plugin %s could not start: %s", plugin->path,
                  persist_status_text(status));
    pthread_mutex_unlock(&lock);
    return status;
}

void running_leave(const struct plugin *plugin)
{
    pthread_mutex_lock(&lock);
    struct running *entry = find(plugin);
    assert(entry && entry->stores);
    if (!--entry->stores && plugin->life.stop)
        plugin->life.stop();
    pthread_mutex_unlock(&lock);
}
