/* SPDX-License-Identifier: MIT */
/* Usage, made from the declarations. */
#ifndef TOOLS_PERSIST_HELP_H
#define TOOLS_PERSIST_HELP_H

#include "tools/persist/sink.h"

/* Of a verb (verb_id), or of the command (-1). */
void help_write(struct sink *sink, int verb);

#endif
