/* SPDX-License-Identifier: MIT */
/*
 * PERSIST_... variables. Those of the core are taken at once; what may belong to a plugin is
 * kept until it is bound. An empty variable counts as one that is not set.
 */
#include "core/config/read.h"

#include "core/config/nearest.h"
#include "core/config/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "PERSIST_"
/* Longer names are none of ours. */
#define NAME_MAX_BYTES 128

/* Read elsewhere: by the command, the loader and the layers. */
#define OTHERS "CONFIG OUTPUT TIMEOUT QUIET YES DRY_RUN NO_COLOR PLUGIN_PATH LAYERS"

const char *read_variable_name(const char *path, char *out, size_t capacity)
{
    size_t used = (size_t)snprintf(out, capacity, "%s", PREFIX);
    for (const char *at = path; *at && used + 3 < capacity; at++) {
        if (*at == '.')
            out[used++] = '_';
        out[used++] = *at == '.' ? '_' : (char)toupper((unsigned char)*at);
    }
    out[used] = '\0';
    return out;
}

/* The path that a name without its prefix means; false if it cannot be one of ours. */
static bool path_of(const char *rest, char path[NAME_MAX_BYTES])
{
    size_t used = 0;
    for (const char *at = rest; *at; at++) {
        if (!(isupper((unsigned char)*at) || isdigit((unsigned char)*at) || *at == '_') ||
            used + 1 >= NAME_MAX_BYTES)
            return false;
        bool dot = at[0] == '_' && at[1] == '_' && used && !memchr(path, '.', used);
        path[used++] = dot ? '.' : (char)tolower((unsigned char)*at);
        at += dot;
    }
    path[used] = '\0';
    return used > 0;
}

/* Warns that `name` is nobody's, with the variable that was probably meant. `later` is the path that
 * tells later whether a plugin may want it after all, or "". */
static void warn_unknown(struct persist_config *config, const char *name, const char *path,
                         const char *later, struct faults *faults)
{
    char meant[NAME_MAX_BYTES], quote[TEXT_QUOTE];
    struct nearest nearest = {.word = path};
    for (size_t i = 0; i < n_declarations; i++)
        if (!(declarations[i].setting.flags & DECLARE_LIST))
            nearest_offer(&nearest, declarations[i].setting.name);
    bool told =
        model_warn(config, later, "variable %s matches no setting%s%s%s",
                   text_quote(name, strlen(name), quote), nearest.best ? ": did you mean " : "",
                   nearest.best ? read_variable_name(nearest.best, meant, sizeof meant) : "",
                   nearest.best ? "?" : "");
    if (!told)
        faults_no_memory(faults);
}

/* Keeps a variable that may be a plugin's. */
static void keep(struct persist_config *config, const char *name, const char *path,
                 const char *text, const struct source *source, struct faults *faults)
{
    char section[NAME_MAX_BYTES];
    snprintf(section, sizeof section, "%.*s", (int)strcspn(path, "."), path);
    if (declare_is_section(section) || !strpbrk(path, "._")) {
        warn_unknown(config, name, path, "", faults);
        return;
    }
    if (!pairs_set(&config->variables, name, text, config->layer, source))
        faults_no_memory(faults);
    else if (!model_knows_plugin(config, path))
        warn_unknown(config, name, path, path, faults);
}

static void take(struct persist_config *config, const char *name, const char *text,
                 struct faults *faults)
{
    static const char mapping[] = "persistence.";
    char path[NAME_MAX_BYTES], origin[NAME_MAX_BYTES + 32];
    const char *rest = name + strlen(PREFIX);
    if (text_in_words(rest, OTHERS, NULL) || !*text)
        return;
    if (!path_of(rest, path)) {
        warn_unknown(config, name, "", "", faults);
        return;
    }
    snprintf(origin, sizeof origin, "variable %s", name);
    struct source source = {.origin = origin, .plain = true};
    size_t index = declare_find(path);
    if (index < n_declarations && !(declarations[index].setting.flags & DECLARE_LIST))
        model_set(config, index, text, &source, faults);
    else if (strncmp(path, mapping, strlen(mapping)) == 0)
        model_set_mapping(config, path + strlen(mapping), text, &source, faults);
    else
        keep(config, name, path, text, &source, faults);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The entries of the environment that are ours, by name; count in *n. NULL without memory. */
static char **collect(size_t *n)
{
    size_t all = 0;
    while (environ && environ[all])
        all++;
    char **ours = calloc(all + 1, sizeof *ours);
    *n = 0;
    for (size_t i = 0; ours && i < all; i++)
        if (strncmp(environ[i], PREFIX, strlen(PREFIX)) == 0 && strchr(environ[i], '='))
            ours[(*n)++] = environ[i];
    if (ours)
        qsort(ours, *n, sizeof *ours, by_text);
    return ours;
}

void read_variables(struct persist_config *config, struct faults *faults)
{
    size_t n = 0;
    char **ours = collect(&n);
    if (!ours)
        faults_no_memory(faults);
    config->layer++;
    for (size_t i = 0; i < n && !faults->no_memory; i++) {
        const char *equals = strchr(ours[i], '=');
        char *name = text_copy(ours[i], (size_t)(equals - ours[i]));
        if (!name)
            faults_no_memory(faults);
        else if (secure_getenv(name))
            take(config, name, equals + 1, faults);
        free(name);
    }
    free(ours);
}
