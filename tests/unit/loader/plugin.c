/* SPDX-License-Identifier: MIT */
/*
 * A plugin for the loader's tests: it does nothing but tell that its code ran, by adding a
 * letter to the file $PERSIST_TEST_MARKER names: C constructor, L load. Built by the tests, with
 * -D switches for what is to be wrong with it.
 */
#include <persist/plugin.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void mark(char letter)
{
    const char *path = getenv("PERSIST_TEST_MARKER");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
    if (fd >= 0 && write(fd, &letter, 1) == 1)
        close(fd);
}

__attribute__((constructor)) static void construct(void)
{
    mark('C');
#ifdef TRAP
    __builtin_trap();
#endif
}

#ifdef UNDEFINED
extern int persist_test_is_nowhere(void);
#endif

static persist_status load(const persist_host *host)
{
    const char *answer = getenv("PERSIST_TEST_LOAD");
    mark('L');
#ifdef UNDEFINED
    if (persist_test_is_nowhere())
        return PERSIST_INTERNAL;
#endif
    return host && answer ? (persist_status)atoi(answer) : PERSIST_OK;
}

static persist_status stub(void)
{
    return PERSIST_UNSUPPORTED;
}

/* A table of a later time: members behind those that this host knows. */
#ifdef LARGER
#define TABLE(type, name) \
    static const struct { \
        type known;       \
        void *later[7];   \
    } name##_larger = {.known
#define END                                 \
    , .later = {(void *)stub, (void *)stub} \
    }
#define NAME(table) table##_larger.known
#define SIZE(type, last) (sizeof(type) + 7 * sizeof(void *))
#elif defined(SMALLER)
#define TABLE(type, name) static const type name
#define END
#define NAME(table) table
#define SIZE(type, last) offsetof(type, last)
#else
#define TABLE(type, name) static const type name
#define END
#define NAME(table) table
#define SIZE(type, last) sizeof(type)
#endif

static const persist_limits limits = {.size = sizeof limits, .key_bytes = 4096};

TABLE(persist_life, life) = {.size = sizeof(persist_life),
                             .load = load,
                             .store_open = (void *)stub,
                             .store_close = (void *)stub,
                             .store_caps = (void *)stub,
                             .store_limits = (void *)stub,
                             .session_open = (void *)stub,
                             .session_close = (void *)stub,
                             .session_ping = (void *)stub,
                             .session_reset = (void *)stub,
                             .interrupt = (void *)stub} END;

TABLE(persist_store_ops, store) = {.size = SIZE(persist_store_ops, wait_change),
                                   .namespace_list = (void *)stub,
                                   .namespace_create = (void *)stub,
                                   .namespace_drop = (void *)stub,
                                   .head = (void *)stub,
                                   .read = (void *)stub,
                                   .scan = (void *)stub,
                                   .changes = (void *)stub,
                                   .append = (void *)stub,
                                   .meta_get = (void *)stub,
                                   .meta_put = (void *)stub,
                                   .wait_change = (void *)stub} END;

TABLE(persist_admin_ops, admin) = {.size = SIZE(persist_admin_ops, verify),
#ifndef NO_STATS
                                   .stats = (void *)stub,
#endif
                                   .verify = (void *)stub,
                                   .migrate_plan = (void *)stub,
                                   .migrate_apply = (void *)stub} END;

static const persist_setting settings[] = {
    {.name = "path", .type = PERSIST_SETTING_TEXT, .help = "Where."},
};

#define HEAD PERSIST_PLUGIN_HEAD("base", "base", "base", "1.0", "MIT", "A plugin for tests")
#define NOTE(name)                                                       \
    PERSIST_PLUGIN_NOTE static const struct persist_plugin_note name = { \
        8u, sizeof(persist_plugin_head), PERSIST_NOTE_TYPE, PERSIST_NOTE_OWNER, HEAD}

#if defined(ENTRY_DATA)
NOTE(note);
PERSIST_PLUGIN_EXPORT const persist_plugin persist_plugin_entry = {.head = HEAD, .life = &life};
#elif defined(ENTRY_NONE)
NOTE(note);
PERSIST_PLUGIN_EXPORT const persist_life *persist_other_entry(void);
const persist_life *persist_other_entry(void)
{
    return &life;
}
#elif defined(ENTRY_NULL)
NOTE(note);
PERSIST_PLUGIN_EXPORT const persist_plugin *persist_plugin_entry(void);
const persist_plugin *persist_plugin_entry(void)
{
    return NULL;
}
#elif defined(NO_NOTE)
PERSIST_PLUGIN_EXPORT const persist_life *persist_plugin_entry(void);
const persist_life *persist_plugin_entry(void)
{
    return &life;
}
#else
#ifdef TWO_NOTES
NOTE(second);
#endif
PERSIST_PLUGIN("base", "base", "base", "1.0", "MIT", "A plugin for tests", 0, limits, NAME(life),
               NAME(store), NAME(admin), settings, 1);
#endif
#ifdef PROGRAM
int main(void)
{
    return 0;
}
#endif
