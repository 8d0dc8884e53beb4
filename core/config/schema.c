/* SPDX-License-Identifier: MIT */
/*
 * The JSON Schema of the file, for editors: written straight from the declarations, in
 * their order, so that the same build writes the same bytes.
 */
#include "core/config/bind.h"
#include "core/config/declare.h"
#include "core/config/secret.h"
#include "core/config/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Writes JSON; what has no room for memory makes `good` false and is left out. */
struct writer {
    struct buf *out;
    unsigned depth;
    bool first; /* nothing stands in the current object or array yet */
    bool good;
};

static void raw(struct writer *writer, const char *text)
{
    writer->good = writer->good && buf_add(writer->out, text, strlen(text));
}

static void quoted(struct writer *writer, const char *text, size_t size)
{
    raw(writer, "\"");
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        char escape[8];
        if (c < 0x20)
            snprintf(escape, sizeof escape, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            snprintf(escape, sizeof escape, "\\%c", c);
        else
            snprintf(escape, sizeof escape, "%c", c);
        raw(writer, escape);
    }
    raw(writer, "\"");
}

/* Begins the next member (name) or element (NULL) on a line of its own. */
static void item(struct writer *writer, const char *name)
{
    raw(writer, writer->first ? "\n" : ",\n");
    writer->first = false;
    for (unsigned i = 0; i < writer->depth; i++)
        raw(writer, "  ");
    if (!name)
        return;
    quoted(writer, name, strlen(name));
    raw(writer, ": ");
}

static void begin(struct writer *writer, const char *name, const char *bracket)
{
    item(writer, name);
    raw(writer, bracket);
    writer->depth++;
    writer->first = true;
}

static void end(struct writer *writer, const char *bracket)
{
    bool empty = writer->first;
    writer->depth--;
    writer->first = empty;
    if (!empty) {
        writer->first = true; /* no comma before a bracket */
        item(writer, NULL);
    }
    raw(writer, bracket);
    writer->first = false;
}

static void member(struct writer *writer, const char *name, const char *text)
{
    item(writer, name);
    quoted(writer, text, strlen(text));
}

static void number(struct writer *writer, const char *name, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    item(writer, name);
    raw(writer, text);
}

static void closed(struct writer *writer)
{
    member(writer, "type", "object");
    item(writer, "additionalProperties");
    raw(writer, "false");
}

/* ---- types */

static void bounds(struct writer *writer, const persist_setting *setting)
{
    number(writer, "minimum", setting->min);
    if (setting->max)
        number(writer, "maximum", setting->max);
}

static void words(struct writer *writer, const char *text)
{
    begin(writer, "enum", "[");
    while (*text) {
        size_t size = strcspn(text, " ");
        item(writer, NULL);
        quoted(writer, text, size);
        text += size + (text[size] == ' ');
    }
    end(writer, "]");
}

static void with_unit(struct writer *writer, const persist_setting *setting)
{
    bool size = setting->type == PERSIST_SETTING_SIZE;
    begin(writer, "anyOf", "[");
    begin(writer, NULL, "{");
    if (size) {
        member(writer, "type", "integer");
        bounds(writer, setting);
    } else {
        number(writer, "const", 0);
    }
    end(writer, "}");
    begin(writer, NULL, "{");
    member(writer, "type", "string");
    member(writer, "pattern", size ? UNITS_SIZE_PATTERN : UNITS_DURATION_PATTERN);
    end(writer, "}");
    end(writer, "]");
}

static void text_type(struct writer *writer, const char *pattern)
{
    member(writer, "type", "string");
    if (pattern)
        member(writer, "pattern", pattern);
}

static void type(struct writer *writer, const persist_setting *setting, const char *pattern)
{
    switch (setting->type) {
    case PERSIST_SETTING_BOOL:
        member(writer, "type", "boolean");
        break;
    case PERSIST_SETTING_INT:
        member(writer, "type", "integer");
        bounds(writer, setting);
        break;
    case PERSIST_SETTING_SIZE:
    case PERSIST_SETTING_DURATION:
        with_unit(writer, setting);
        break;
    case PERSIST_SETTING_CHOICE:
        words(writer, setting->choices);
        break;
    case PERSIST_SETTING_TEXT:
        text_type(writer, pattern);
        break;
    }
}

/* What a value may be if a key may hold one text or several. */
static void list_type(struct writer *writer, const char *pattern)
{
    begin(writer, "anyOf", "[");
    begin(writer, NULL, "{");
    text_type(writer, pattern);
    end(writer, "}");
    begin(writer, NULL, "{");
    member(writer, "type", "array");
    begin(writer, "items", "{");
    text_type(writer, pattern);
    end(writer, "}");
    end(writer, "}");
    end(writer, "]");
}

static void preset(struct writer *writer, const persist_setting *setting)
{
    bool literal = setting->type == PERSIST_SETTING_BOOL || setting->type == PERSIST_SETTING_INT;
    if (!setting->preset)
        return;
    item(writer, "default");
    if (literal)
        raw(writer, setting->preset);
    else
        quoted(writer, setting->preset, strlen(setting->preset));
}

static void unused_description(struct writer *writer, const persist_setting *setting)
{
    char text[256];
    snprintf(text, sizeof text, "%s This release does nothing with it.", setting->help);
    member(writer, "description", text);
}

static void property(struct writer *writer, const char *name, const persist_setting *setting,
                     const char *pattern)
{
    begin(writer, name, "{");
    if (setting->flags & DECLARE_UNUSED)
        unused_description(writer, setting);
    else if (setting->help)
        member(writer, "description", setting->help);
    if (setting->flags & DECLARE_LIST)
        list_type(writer, pattern);
    else
        type(writer, setting, pattern);
    preset(writer, setting);
    end(writer, "}");
}

/* ---- plugins */

/* A setting and, for a secret, the other places it may be in. */
static void plugin_property(struct writer *writer, const persist_setting *setting)
{
    property(writer, setting->name, setting, NULL);
    for (size_t form = 1; (setting->flags & PERSIST_SETTING_SECRET) && form < SECRET_FORMS;
         form++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", setting->name, secret_suffix((enum secret_form)form));
        begin(writer, name, "{");
        member(writer, "type", "string");
        end(writer, "}");
    }
}

static void plugin_properties(struct writer *writer, const persist_plugin *plugin, uint32_t flags)
{
    for (size_t i = 0; plugin->settings && i < plugin->n_settings; i++)
        if ((plugin->settings[i].flags & flags) == flags)
            plugin_property(writer, &plugin->settings[i]);
}

static void plugin_section(struct writer *writer, const persist_plugin *plugin)
{
    begin(writer, bind_section(plugin), "{");
    member(writer, "description", plugin->head.summary);
    closed(writer);
    begin(writer, "properties", "{");
    plugin_properties(writer, plugin, 0);
    end(writer, "}");
    end(writer, "}");
}

/* The mapping form of `persistence` for one plugin; NULL: for one that is not known. */
static void mapping_form(struct writer *writer, const persist_plugin *plugin)
{
    char names[sizeof plugin->head.name + sizeof plugin->head.schemes + 1];
    begin(writer, NULL, "{");
    if (plugin)
        closed(writer);
    else
        member(writer, "type", "object");
    begin(writer, "required", "[");
    item(writer, NULL);
    quoted(writer, "backend", strlen("backend"));
    end(writer, "]");
    begin(writer, "properties", "{");
    begin(writer, "backend", "{");
    if (plugin) {
        snprintf(names, sizeof names, "%s %s", plugin->head.name, plugin->head.schemes);
        words(writer,
              strncmp(plugin->head.schemes, plugin->head.name, strlen(plugin->head.name)) == 0
                  ? plugin->head.schemes
                  : names);
    } else {
        member(writer, "type", "string");
    }
    end(writer, "}");
    if (plugin)
        plugin_properties(writer, plugin, PERSIST_SETTING_CONNECTION);
    end(writer, "}");
    end(writer, "}");
}

static void persistence(struct writer *writer, const persist_plugin *const *plugins, size_t n)
{
    begin(writer, "persistence", "{");
    member(writer, "description", declarations[declare_find("persistence")].setting.help);
    begin(writer, "anyOf", "[");
    begin(writer, NULL, "{");
    text_type(writer, "^[A-Za-z][A-Za-z0-9+.-]*:");
    end(writer, "}");
    for (size_t i = 0; i < n; i++)
        mapping_form(writer, plugins[i]);
    if (!n)
        mapping_form(writer, NULL);
    end(writer, "]");
    end(writer, "}");
}

/* ---- the whole */

/* Opens and closes the sections between two keys of the table. */
static void change_section(struct writer *writer, const char *before, const char *path)
{
    size_t old = strchr(before, '.') ? strcspn(before, ".") : 0;
    size_t new = strchr(path, '.') ? strcspn(path, ".") : 0;
    char name[64];
    if (old == new &&strncmp(before, path, new) == 0)
        return;
    if (old) {
        end(writer, "}");
        end(writer, "}");
    }
    if (new) {
        snprintf(name, sizeof name, "%.*s", (int)new, path);
        begin(writer, name, "{");
        closed(writer);
        begin(writer, "properties", "{");
    }
}

static void core_properties(struct writer *writer, const persist_plugin *const *plugins, size_t n)
{
    const char *before = "";
    for (size_t i = 0; i < n_declarations; i++) {
        const persist_setting *setting = &declarations[i].setting;
        const char *dot = strchr(setting->name, '.');
        change_section(writer, before, setting->name);
        if (strcmp(setting->name, "persistence") == 0)
            persistence(writer, plugins, n);
        else
            property(writer, dot ? dot + 1 : setting->name, setting, declarations[i].pattern);
        before = setting->name;
    }
    change_section(writer, before, "");
}

bool config_schema(const persist_plugin *const *plugins, size_t n_plugins, struct buf *out)
{
    struct writer writer = {.out = out, .depth = 1, .first = true, .good = true};
    raw(&writer, "{");
    member(&writer, "$schema", "https://json-schema.org/draft/2020-12/schema");
    member(&writer, "title", "Configuration of persist");
    closed(&writer);
    begin(&writer, "properties", "{");
    core_properties(&writer, plugins, n_plugins);
    for (size_t i = 0; i < n_plugins; i++)
        if (*bind_section(plugins[i]) && plugins[i]->n_settings)
            plugin_section(&writer, plugins[i]);
    end(&writer, "}");
    end(&writer, "}");
    raw(&writer, "\n");
    return writer.good;
}
