/* SPDX-License-Identifier: MIT */
/* A backend as seen through a layer that changes nothing. */
#ifndef TESTS_UNIT_LAYERED_H
#define TESTS_UNIT_LAYERED_H

#include <persist/plugin.h>

/* Over a plugin that is loaded. Aborts if it cannot be. */
const persist_plugin *layered_over(const persist_plugin *plugin);

#endif
