/* SPDX-License-Identifier: MIT */
/* Where the history that this process knows and that of the store part. */
#ifndef CORE_TXN_BRANCH_H
#define CORE_TXN_BRANCH_H

#include "core/txn/ns.h"

/* Adds to the message of a DIVERGED which commit is the newest that both have, as far as it
 * can be found out. Nothing may be held on a session of the backend by this thread. */
void branch_tell(struct ns *ns, persist_error *error);

#endif
