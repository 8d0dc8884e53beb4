/* SPDX-License-Identifier: MIT */
/*
 * What the proof suites share: how much they do, child processes that talk over pipes,
 * and a verification of all that a store holds.
 */
#ifndef TESTS_PROOF_PROOF_H
#define TESTS_PROOF_PROOF_H

#include "tests/unit/fixture.h"

#include <stdint.h>
#include <sys/types.h>

/* PERSIST_TEST_SCALE at which the suites reach their full figures; `make soak` sets it. */
#define PROOF_SOAK 20

/* How often to do something: `check` at scale 1, `soak` at PROOF_SOAK and above, and
 * evenly between. */
int proof_amount(int check, int soak);

/* A seed from PERSIST_TEST_SEED, or a new one; told in the log, so that a run can be
 * repeated. */
unsigned proof_seed(void);

/* Adds a suite of one case, runs it, and gives the exit status. */
typedef void (*proof_add_fn)(TCase *tcase);
int proof_main(const char *name, proof_add_fn add);

/* Options that retry and wait as long as it takes; YAML. */
#define PROOF_PATIENT "transaction: { max_retries: 10000, timeout: 120s }\n"

/* A child process running `work`, whose result is its exit status. It never returns here. */
typedef int (*proof_work_fn)(void *context);
pid_t proof_spawn(proof_work_fn work, void *context);
/* Waits for a child that has to exit with 0. */
void proof_join(pid_t child);

/* What a store was found to hold. */
struct proof_content {
    int64_t head;
    uint64_t records;      /* in the log */
    uint64_t transactions; /* in these */
    uint64_t versions;
};

/*
 * Reads the whole log and every version of the store's own namespace and fails the test
 * unless records chain by digest to the head, every value passes its checksum, the log
 * names just the versions that are there, and their count and sum of digests are those of
 * the clock row.
 */
void proof_verify(persist_store *store, struct proof_content *content);

#endif
