/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "core/loader/load.h"

#include "core/loader/tables.h"

#include <assert.h>
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* An object whose code has run in this process. */
struct loaded {
    struct loaded *next;
    struct file_id id;
    bool refused;
    bool passing; /* refused for want of memory only: asked again next time */
    char *reason; /* if refused; NULL: there was no memory for it */
    struct plugin plugin;
    persist_plugin descriptor;
};

/* Entries are added at the front, and neither changed nor removed. The lock is held while
 * a plugin's `load` runs, so that it runs once; it is not held over dlopen, whose own lock
 * others may hold while they wait for this one. */
static struct {
    pthread_mutex_t lock;
    struct loaded *first;
    unsigned n;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct loaded *find(struct file_id id)
{
    for (const struct loaded *entry = registry.first; entry; entry = entry->next)
        if (!entry->passing && file_id_equal(entry->id, id))
            return entry;
    return NULL;
}

static const struct loaded *find_locked(struct file_id id, unsigned *n)
{
    pthread_mutex_lock(&registry.lock);
    const struct loaded *entry = find(id);
    *n = registry.n;
    pthread_mutex_unlock(&registry.lock);
    return entry;
}

/* A name of the descriptor that no loaded object has: the digits of n, which grows with
 * each object, are spelt as "./" and "/". While a descriptor is judged no other has its
 * number, so equal n do no harm. */
static void spell_name(int fd, unsigned n, char *name, size_t capacity)
{
    size_t used = (size_t)snprintf(name, capacity, "/proc/thread-self/fd/");
    for (unsigned digits = n + 1; digits; digits >>= 1)
        used += (size_t)snprintf(name + used, capacity - used, digits & 1 ? "./" : "/");
    used += (size_t)snprintf(name + used, capacity - used, "%d", fd);
    assert(used < capacity);
}

static void *open_object(const struct judged *judged, unsigned n, struct plugin_file *file)
{
    char name[128];
    struct stat st;
    spell_name(judged->fd, n, name, sizeof name);
    if (stat(name, &st) != 0 || st.st_dev != judged->id.dev || st.st_ino != judged->id.ino) {
        judge_refuse(file, "it cannot be reached by its descriptor: mount /proc");
        return NULL;
    }
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *text = dlerror();
        size_t length = strlen(name);
        if (text && strncmp(text, name, length) == 0)
            text += length + strspn(text + length, ": ");
        judge_refuse(file,
                     "it cannot be linked: %s; install what it needs, or build it with "
                     "-Wl,-z,defs to find out",
                     text ? text : "no reason was given");
    }
    return handle;
}

/* The descriptor, if the entry is a function of this very object: dlsym would also take
 * one of an object it depends on. */
static const persist_plugin *ask_entry(void *handle, struct plugin_file *file)
{
    Dl_info info;
    struct link_map *own = NULL, *home = NULL;
    const ElfW(Sym) *symbol = NULL;
    void *address = dlsym(handle, "persist_plugin_entry");
    if (!address || dlinfo(handle, RTLD_DI_LINKMAP, &own) != 0 ||
        !dladdr1(address, &info, (void **)&home, RTLD_DL_LINKMAP) || own != home) {
        judge_refuse(file,
                     "it does not export persist_plugin_entry: build it with PERSIST_PLUGIN "
                     "of persist/plugin.h and do not hide that symbol");
        return NULL;
    }
    if (!dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol ||
        ELF64_ST_TYPE(symbol->st_info) != STT_FUNC) {
        judge_refuse(file,
                     "its persist_plugin_entry is no function: build it with PERSIST_PLUGIN "
                     "of persist/plugin.h");
        return NULL;
    }
    persist_plugin_entry_fn entry;
    static_assert(sizeof entry == sizeof address, "functions have addresses like objects");
    memcpy(&entry, &address, sizeof entry);
    const persist_plugin *descriptor = entry();
    if (!descriptor)
        judge_refuse(file,
                     "its persist_plugin_entry returned NULL: build it with PERSIST_PLUGIN "
                     "of persist/plugin.h");
    return descriptor;
}

static bool call_load(struct loaded *entry, struct plugin_file *file)
{
    persist_status status = entry->plugin.life.load(loader_host());
    if (status == PERSIST_OK)
        return true;
    entry->passing = status == PERSIST_NO_MEMORY;
    return judge_refuse(file, "its life.load answered '%s' (%s)%s", persist_status_name(status),
                        persist_status_text(status),
                        status == PERSIST_UNSUPPORTED
                            ? ": the driver library it uses may be too old, install a newer one"
                            : "");
}

/* Takes the plugin in; false: refused in `file`, for as long as the process lives. */
static bool take_in(struct loaded *entry, void *handle, const struct judged *judged,
                    struct plugin_file *file)
{
    const persist_plugin *theirs = ask_entry(handle, file);
    if (!theirs)
        return false;
    if (memcmp(&theirs->head, &judged->head, sizeof judged->head) != 0)
        return judge_refuse(file,
                            "its descriptor and its note differ: build it with "
                            "PERSIST_PLUGIN of persist/plugin.h, and do not alter it");
    return tables_take(theirs, &entry->descriptor, &entry->plugin, file) && call_load(entry, file);
}

static struct loaded *new_entry(const struct judged *judged)
{
    struct loaded *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    entry->id = judged->id;
    entry->plugin.descriptor = &entry->descriptor;
    entry->plugin.path = strdup(judged->real);
    if (entry->plugin.path)
        return entry;
    free(entry);
    return NULL;
}

static void free_entry(struct loaded *entry)
{
    free(entry->plugin.path);
    free(entry);
}

/* The entry of the object in `handle`: another thread's, if that came first, or `entry`. */
static const struct loaded *settle(struct loaded *entry, void *handle, const struct judged *judged,
                                   struct plugin_file *file)
{
    pthread_mutex_lock(&registry.lock);
    const struct loaded *known = find(judged->id);
    if (!known) {
        entry->refused = !take_in(entry, handle, judged, file);
        if (entry->refused)
            entry->reason = strdup(file->reason);
        entry->next = registry.first;
        registry.first = entry;
        registry.n++;
    }
    pthread_mutex_unlock(&registry.lock);
    if (known)
        free_entry(entry);
    return known ? known : entry;
}

static persist_status answer(const struct loaded *entry, const char *path,
                             const struct plugin **out, persist_error *error)
{
    if (entry->refused)
        return error_set(error, PERSIST_PLUGIN_REFUSED, "plugin %s is refused: %s", path,
                         entry->reason ? entry->reason : "it was refused before");
    *out = &entry->plugin;
    return PERSIST_OK;
}

persist_status load_file(struct plugin_file *file, const struct judged *judged,
                         const struct plugin **out, persist_error *error)
{
    assert(file->accepted && judged->fd >= 0);
    unsigned n;
    const struct loaded *known = find_locked(judged->id, &n);
    if (known)
        return answer(known, file->path, out, error);
    struct loaded *entry = new_entry(judged);
    if (!entry)
        return error_no_memory(error);
    void *handle = open_object(judged, n, file);
    if (!handle) {
        free_entry(entry);
        return error_set(error, PERSIST_PLUGIN_REFUSED, "plugin %s is refused: %s", file->path,
                         file->reason);
    }
    return answer(settle(entry, handle, judged, file), file->path, out, error);
}
