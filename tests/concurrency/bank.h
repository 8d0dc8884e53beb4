/* SPDX-License-Identifier: MIT */
/* Accounts between which money is moved: none is below zero, and the sum stays. */
#ifndef TESTS_CONCURRENCY_BANK_H
#define TESTS_CONCURRENCY_BANK_H

#include "tests/proof/proof.h"

#define BANK_ACCOUNTS 40
#define BANK_MONEY 1000

/* Makes the accounts. */
void bank_open_accounts(persist_store *store);
/* Moves money between two accounts at random. */
persist_status bank_transfer(persist_store *store, unsigned *seed, persist_error *error);
/* Reads all accounts in one transaction, by scan or by keys. INTERNAL: the sum is wrong or
 * an account below zero. */
persist_status bank_audit(persist_store *store, bool scan, persist_error *error);

#endif
