/* SPDX-License-Identifier: MIT */
/* Does a transaction conflict with what was committed since its snapshot? */
#ifndef CORE_TXN_CONFLICT_H
#define CORE_TXN_CONFLICT_H

#include "core/txn/tx.h"

/*
 * Leader only. Checks the transaction against every commit after its snapshot up to the
 * known head, from the window, or below it by reading the log. Commits once checked are
 * not checked again. CONFLICT names key and timestamp; TOO_OLD if the log no longer
 * reaches back; DIVERGED if the snapshot is not part of the history that the known head
 * ends: the caller has caught up with everything the snapshot could have seen.
 */
persist_status conflict_check_log(persist_tx *tx, int64_t deadline, persist_error *error);

/* Leader only. Would conflict_check_log do without reading the log? */
bool conflict_in_window(const persist_tx *tx);

/* Checks it against a transaction that comes before it in the same group. */
persist_status conflict_check_pair(const persist_tx *tx, const persist_tx *before,
                                   persist_error *error);

#endif
