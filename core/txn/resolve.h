/* SPDX-License-Identifier: MIT */
/* Finds out what became of an append whose acknowledgement was lost. */
#ifndef CORE_TXN_RESOLVE_H
#define CORE_TXN_RESOLVE_H

#include "core/txn/ns.h"

/*
 * `lost` was sent with this batch id; nobody knows whether it happened. PERSIST_OK: it
 * did, and `clock` is the row it made. CONFLICT: it did not and never will; the head has
 * moved. UNRESOLVED: the store could not be asked within resolve_timeout. FENCED,
 * DIVERGED, ...: it did not, or the store is another one, as said.
 */
persist_status resolve(struct ns *ns, const persist_append *lost,
                       const unsigned char batch[BATCH_ID_SIZE], persist_clock *clock,
                       persist_error *error);

#endif
