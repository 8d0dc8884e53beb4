/* SPDX-License-Identifier: MIT */
/*
 * Every key of the core, declared once. Reading, variables, show, JSON Schema and the
 * manual all follow this table; keys of plugins are declared alike, by the plugin.
 */
#ifndef CORE_CONFIG_DECLARE_H
#define CORE_CONFIG_DECLARE_H

#include <persist/plugin.h>

#include <stdbool.h>

/* Beside the flags of persist_setting. */
#define DECLARE_LIST 0x100u    /* several texts */
#define DECLARE_PATH 0x200u    /* a path, relative to the file that names it */
#define DECLARE_SPECIAL 0x400u /* read by code of its own: persistence, include */
#define DECLARE_UNUSED 0x800u  /* taken and checked, but nothing acts on it yet */

/* Type of a setting's value when it is neither (`setting.name` is the whole path). */
struct declaration {
    persist_setting setting;
    /* TEXT: what is wrong with it, as the rest of a sentence; NULL: nothing. */
    const char *(*check)(const char *text);
    const char *pattern; /* the same as a regular expression, for the JSON Schema */
};

/* The declarations, keys of one section side by side. */
extern const struct declaration declarations[];
extern const size_t n_declarations;

#define DECLARE_COUNT 39

/* Index of a path, or n_declarations. */
size_t declare_find(const char *path);
/* Sections that keys lie in, NULL behind the last. */
extern const char *const declare_sections[];
/* True for one of them: "pool". */
bool declare_is_section(const char *path);

/*
 * Converts text to a value as `setting` says, with its bounds; `plain` is false for a
 * quoted text, which is no number. *number is left alone for TEXT. False: *why says what
 * is wrong and what to give instead, as the rest of a sentence that begins with the name,
 * without the value of a secret.
 */
#define DECLARE_WHY 512
bool declare_convert(const persist_setting *setting, const char *text, bool plain, int64_t *number,
                     char why[DECLARE_WHY]);

#endif
