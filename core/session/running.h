/* SPDX-License-Identifier: MIT */
/* Which plugins have stores open: start before the first, stop after the last. */
#ifndef CORE_SESSION_RUNNING_H
#define CORE_SESSION_RUNNING_H

#include "core/base/error.h"
#include "core/loader/loader.h"

persist_status running_enter(const struct plugin *plugin, persist_error *error);
void running_leave(const struct plugin *plugin);

#endif
