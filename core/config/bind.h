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

/* What the plugin complained about, with origins; behind a pointer, as the settings are
 * constant for the plugin. */
struct setting_faults {
    persist_error error;
    struct faults faults;
};

struct persist_settings {
    const persist_plugin *plugin;
    struct setting_value *values;
    size_t n;
    char *where; /* origin of `persistence` */
    struct setting_faults *faults;
};

/* Name of the section that a plugin owns. */
const char *bind_section(const persist_plugin *plugin);

#endif
