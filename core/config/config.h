/* SPDX-License-Identifier: MIT */
/*
 * Configuration: declared once (declare.c), read from built-in values, a YAML file and
 * its includes, variables and flags, in that order; checked whole before anything is
 * opened. Every value remembers where it came from.
 *
 * A parsed configuration does not change but by persist_config_set and may then be
 * read by any thread.
 */
#ifndef CORE_CONFIG_CONFIG_H
#define CORE_CONFIG_CONFIG_H

#include "core/base/bytes.h"
#include "core/base/error.h"

/* ---- values of the core's own keys. `name` is a declared path ("pool.max"); asking for
 * one that is not declared, or with the wrong type, is a bug and asserts. */

/* TEXT: the text or NULL if unset. Lives as long as the configuration. */
const char *config_text(const persist_config *config, const char *name);
/* BOOL (0, 1), INT, SIZE (bytes), DURATION (ns), CHOICE (index). Always there. */
int64_t config_number(const persist_config *config, const char *name);
/* A list of texts (plugin_path): its items, count in *n. */
const char *const *config_list(const persist_config *config, const char *name, size_t *n);

/* Where the data live: the URL, or NULL if `persistence:` is a mapping or unset. */
const char *config_url(const persist_config *config);
/* `backend:` of the mapping form, else NULL. */
const char *config_backend(const persist_config *config);
/* URL (or "backend:") without user's password and secret parameters, for messages and
 * `status`. Written to out; returns out. */
const char *config_url_redacted(const char *url, char *out, size_t capacity);
/* The scheme of a URL, in lower case, into out. False if there is none: a scheme is a
 * letter, then letters, digits, '+', '-', '.', and a colon. */
bool config_url_scheme(const char *url, char *out, size_t capacity);

/* ---- a plugin's section */

/* Settings of one plugin: its section of the file, the mapping form of `persistence:`
 * (only if it names this plugin), PERSIST_SECTION__KEY and
 * PERSIST_SECTION_KEY variables (the latter only for PERSIST_SETTING_CONNECTION ones, which
 * they fill where URL and mapping leave them open), flags, presets. Unknown keys and bad values are all reported. The settings keep
 * what they need of the configuration: it may be freed before them. Reads password files.
 * Statuses: CONFIG, NO_MEMORY, PLUGIN_REFUSED (the plugin declared a preset that is none). */
persist_status config_bind(const persist_config *config, const persist_plugin *plugin,
                           persist_settings **out, persist_error *error);
/* The getters behind the host services of the same names. */
const char *settings_text(const persist_settings *settings, const char *name);
int settings_number(const persist_settings *settings, const char *name, int64_t *value);
void settings_error(const persist_settings *settings, const char *name, const char *text);
/* Moves what settings_error collected to `error`: CONFIG, or OK if there was nothing. */
persist_status settings_take_errors(persist_settings *settings, persist_error *error);
void settings_free(persist_settings *settings);
/* Decodes %XX; see persist_host.percent_decode. */
long config_percent_decode(const char *text, size_t size, char *out, size_t capacity);

/* ---- showing it */

/* Takes one value: `name` as a path, `value` as it would be written ("<redacted>" for a
 * secret), `origin` as "built-in", "FILE:LINE:COLUMN", "variable NAME", "flag". */
typedef persist_status (*config_show_fn)(void *context, const char *name, const char *value,
                                         const char *origin);
/* Every core key, and the keys of `plugin`'s section if given with its settings. */
persist_status config_show(const persist_config *config, const persist_plugin *plugin,
                           const persist_settings *settings, config_show_fn fn, void *context);
/* Warnings found while reading (variables that match nothing, a file with a password
 * that others may read, a key that this release does nothing with): count, and the i-th as
 * text. */
size_t config_warnings(const persist_config *config);
const char *config_warning(const persist_config *config, size_t i);
/* The JSON Schema of the file, made from the declarations of the core and of these
 * plugins. False without memory. */
bool config_schema(const persist_plugin *const *plugins, size_t n_plugins, struct buf *out);

#endif
