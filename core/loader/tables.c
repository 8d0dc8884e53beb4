/* SPDX-License-Identifier: MIT */
#include "core/loader/tables.h"

#include "core/loader/judge.h"

#include <stdalign.h>
#include <string.h>

/* More than any plugin has: a count beyond it is damage. */
#define MAX_SETTINGS 1024

struct operation {
    const char *name;
    size_t offset;
};

#define OPERATION(type, member)         \
    {                                   \
#member, offsetof(type, member) \
    }
#define LIFE(member) OPERATION(persist_life, member)
#define STORE(member) OPERATION(persist_store_ops, member)
#define ADMIN(member) OPERATION(persist_admin_ops, member)

/* What persist/plugin.h calls mandatory. */
static const struct operation life_mandatory[] = {
    LIFE(load),          LIFE(store_open),   LIFE(store_close),   LIFE(store_caps),
    LIFE(store_limits),  LIFE(session_open), LIFE(session_close), LIFE(session_ping),
    LIFE(session_reset), LIFE(interrupt),
};
static const struct operation store_mandatory[] = {
    STORE(namespace_list), STORE(namespace_create),
    STORE(namespace_drop), STORE(head),
    STORE(read),           STORE(scan),
    STORE(changes),        STORE(append),
    STORE(meta_get),       STORE(meta_put),
};
static const struct operation admin_mandatory[] = {
    ADMIN(migrate_plan),
    ADMIN(migrate_apply),
    ADMIN(stats),
};

/* Copies a table that begins with its size. The size is read by itself: the table may be
 * shorter than ours. */
static bool copy_table(const void *theirs, void *ours, size_t capacity, const char *what,
                       struct plugin_file *file)
{
    size_t size;
    memset(ours, 0, capacity);
    if (!theirs)
        return judge_refuse(file, "its descriptor's '%s' is NULL: give the table", what);
    memcpy(&size, theirs, sizeof size);
    if (size < sizeof size || size % alignof(void *) != 0)
        return judge_refuse(file, "its %s.size is %zu: set it to the sizeof of the table", what,
                            size);
    memcpy(ours, theirs, size < capacity ? size : capacity);
    return true;
}

/* A member beyond the size is as NULL as one that was left out. */
static bool check_operations(const void *table, const struct operation *operations, size_t n,
                             const char *what, struct plugin_file *file)
{
    for (size_t i = 0; i < n; i++) {
        void (*operation)(void);
        memcpy(&operation, (const char *)table + operations[i].offset, sizeof operation);
        if (!operation)
            return judge_refuse(file, "its %s.%s is missing, which is mandatory: implement it",
                                what, operations[i].name);
    }
    return true;
}

static bool is_setting_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    return *name && name[strspn(name, allowed)] == '\0';
}

static bool check_setting(const persist_plugin *plugin, size_t i, struct plugin_file *file)
{
    const persist_setting *setting = &plugin->settings[i];
    if (!setting->name || !is_setting_name(setting->name))
        return judge_refuse(file,
                            "its setting number %zu is named '%s': a name has letters, "
                            "digits and '_'",
                            i + 1, setting->name ? setting->name : "");
    if (setting->type < PERSIST_SETTING_TEXT || setting->type > PERSIST_SETTING_CHOICE)
        return judge_refuse(file, "its setting '%s' has type %d, which this host does not know",
                            setting->name, (int)setting->type);
    if (setting->type == PERSIST_SETTING_CHOICE && (!setting->choices || !*setting->choices))
        return judge_refuse(file, "its setting '%s' is a choice without choices: list the words",
                            setting->name);
    if (setting->max && setting->max < setting->min)
        return judge_refuse(file, "its setting '%s' has max %jd below min %jd", setting->name,
                            (intmax_t)setting->max, (intmax_t)setting->min);
    for (size_t j = 0; j < i; j++)
        if (strcmp(plugin->settings[j].name, setting->name) == 0)
            return judge_refuse(file, "it declares the setting '%s' twice", setting->name);
    return true;
}

static bool check_settings(const persist_plugin *plugin, struct plugin_file *file)
{
    if (plugin->n_settings > MAX_SETTINGS)
        return judge_refuse(file, "it has %zu settings: at most %d are taken", plugin->n_settings,
                            MAX_SETTINGS);
    if (plugin->n_settings && !plugin->settings)
        return judge_refuse(file, "its n_settings is %zu but settings is NULL: give the table",
                            plugin->n_settings);
    if (plugin->n_settings && !plugin->head.section[0])
        return judge_refuse(file, "it has settings but no section to read them from: name one");
    for (size_t i = 0; i < plugin->n_settings; i++)
        if (!check_setting(plugin, i, file))
            return false;
    return true;
}

/* The descriptor's size lies behind its head, which is frozen. */
static bool copy_descriptor(const persist_plugin *theirs, persist_plugin *ours,
                            struct plugin_file *file)
{
    size_t least = offsetof(persist_plugin, settings);
    size_t size;
    memcpy(&size, (const char *)theirs + offsetof(persist_plugin, size), sizeof size);
    memset(ours, 0, sizeof *ours);
    if (size < least || size % alignof(void *) != 0)
        return judge_refuse(file,
                            "its descriptor's size is %zu: set it to sizeof(persist_plugin), "
                            "at least %zu",
                            size, least);
    memcpy(ours, theirs, size < sizeof *ours ? size : sizeof *ours);
    return true;
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

bool tables_take(const persist_plugin *theirs, persist_plugin *descriptor, struct plugin *plugin,
                 struct plugin_file *file)
{
    if (!copy_descriptor(theirs, descriptor, file) ||
        !copy_table(descriptor->limits, &plugin->limits, sizeof plugin->limits, "limits", file) ||
        !copy_table(descriptor->life, &plugin->life, sizeof plugin->life, "life", file) ||
        !copy_table(descriptor->store, &plugin->store, sizeof plugin->store, "store", file) ||
        !copy_table(descriptor->admin, &plugin->admin, sizeof plugin->admin, "admin", file))
        return false;
    descriptor->limits = &plugin->limits;
    descriptor->life = &plugin->life;
    descriptor->store = &plugin->store;
    descriptor->admin = &plugin->admin;
    plugin->descriptor = descriptor;
    return check_operations(&plugin->life, life_mandatory, COUNT(life_mandatory), "life", file) &&
           check_operations(&plugin->store, store_mandatory, COUNT(store_mandatory), "store",
                            file) &&
           check_operations(&plugin->admin, admin_mandatory, COUNT(admin_mandatory), "admin",
                            file) &&
           check_settings(descriptor, file);
}
