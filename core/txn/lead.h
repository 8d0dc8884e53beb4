/* SPDX-License-Identifier: MIT */
/* What a leader does with its group. */
#ifndef CORE_TXN_LEAD_H
#define CORE_TXN_LEAD_H

#include "core/txn/group.h"

/* Commits the group by one append, or tells each member why not: sets status, timestamp
 * and error of every request, also of those that left the group. Calls the backend;
 * no lock is held. */
void lead_group(struct ns *ns, struct group *group);

#endif
