/* SPDX-License-Identifier: MIT */
/* Where a store is: sqlite:///abs/path, sqlite:rel/path, sqlite::memory:, ?mode=ro. */
#include "plugins/sqlite/sqlite.h"

#include <stdio.h>
#include <string.h>

static const char scheme[] = "sqlite:";

static bool parse_query(const char *query, struct lite_place *place, char *fault, size_t size)
{
    if (strcmp(query, "mode=ro") == 0) {
        place->read_only = true;
        return true;
    }
    if (strncmp(query, "mode=", 5) == 0 && strpbrk(query, "&?") == NULL)
        snprintf(fault, size, "mode=%.40s: only mode=ro is known", query + 5);
    else
        snprintf(fault, size, "unknown or repeated parameter in \"?%.80s\": only mode=ro is known",
                 query);
    return false;
}

static bool has_control_character(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

/* Behind "sqlite:", without the query: the authority must be empty. */
static const char *skip_authority(const char *rest, size_t *length, char *fault, size_t size)
{
    if (strncmp(rest, "//", 2) != 0)
        return rest;
    if (*length > 2 && rest[2] != '/') {
        snprintf(fault, size,
                 "\"%.80s\" names a host, which a file has not: "
                 "write sqlite:///abs/path (three slashes) or sqlite:rel/path",
                 rest);
        return NULL;
    }
    *length -= 2;
    return rest + 2;
}

static bool parse_path(const char *text, size_t length, struct lite_place *place, char *fault,
                       size_t size)
{
    if (length == 0) {
        snprintf(fault, size, "the path is empty: write sqlite:///abs/path or sqlite:rel/path");
        return false;
    }
    if (memchr(text, '#', length) != NULL) {
        snprintf(fault, size, "\"#\" begins a fragment, which a file has not: write %%23");
        return false;
    }
    if (lite_host.percent_decode(text, length, place->path, sizeof(place->path)) < 0) {
        snprintf(fault, size, "the path has a broken %% escape, %%00, or more than %d bytes",
                 PATH_MAX - 1);
        return false;
    }
    if (has_control_character(place->path)) {
        snprintf(fault, size, "the path has a control character");
        return false;
    }
    return true;
}

/* "sqlite:" alone: the setting says where. */
static bool parse_setting(const persist_settings *settings, struct lite_place *place, char *fault,
                          size_t size)
{
    const char *path = lite_host.setting_text(settings, "path");

    if (path == NULL || path[0] == '\0') {
        snprintf(fault, size, "no path is given: write sqlite:///abs/path, or set sqlite.path");
        return false;
    }
    if (strlen(path) >= sizeof(place->path) || has_control_character(path)) {
        snprintf(fault, size, "sqlite.path has a control character or more than %d bytes",
                 PATH_MAX - 1);
        return false;
    }
    place->memory = strcmp(path, ":memory:") == 0;
    if (!place->memory)
        memcpy(place->path, path, strlen(path) + 1);
    return true;
}

bool lite_place_parse(const char *url, const persist_settings *settings, struct lite_place *place,
                      char *fault, size_t fault_size)
{
    const char *rest = url + strlen(scheme);
    const char *query;
    size_t length;

    *place = (struct lite_place){0};
    if (strncmp(url, scheme, strlen(scheme)) != 0) {
        snprintf(fault, fault_size, "it does not begin with %s", scheme);
        return false;
    }
    query = strchr(rest, '?');
    length = query != NULL ? (size_t)(query - rest) : strlen(rest);
    if (query != NULL && !parse_query(query + 1, place, fault, fault_size))
        return false;
    if (length == 0)
        return parse_setting(settings, place, fault, fault_size);
    if (length == strlen(":memory:") && strncmp(rest, ":memory:", length) == 0) {
        if (query != NULL)
            snprintf(fault, fault_size, "a store in memory takes no parameter");
        place->memory = true;
        return query == NULL;
    }
    rest = skip_authority(rest, &length, fault, fault_size);
    return rest != NULL && parse_path(rest, length, place, fault, fault_size);
}
