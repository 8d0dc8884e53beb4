/* SPDX-License-Identifier: MIT */
/* The settings of one plugin, as show.c sees them. */
#ifndef CORE_CONFIG_BIND_H
#define CORE_CONFIG_BIND_H

#include "core/config/model.h"

/* One setting; text NULL: unset. Lines up with the plugin's declaration. */
struct setting_value {
    char *text;
    int64_t number;
    char *origin; /* NULL: the preset */
};

struct persist_settings {
    const persist_plugin *plugin;
    struct setting_value *values;
    size_t n;
    char *where; /* origin of `persistence` */
    /* What the plugin complained about; behind a pointer, as the settings are constant for
     * the plugin. */
    struct faults *faults;
};

/* Name of the section that a plugin owns. */
const char *bind_section(const persist_plugin *plugin);

#endif
