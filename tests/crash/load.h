/* SPDX-License-Identifier: MIT */
/*
 * A process that commits as fast as it can, telling each acknowledged commit over a pipe,
 * until it is killed; and what has to be found afterwards.
 *
 * Each of its threads numbers its commits from 1. Commit n sets three keys of the thread
 * to n, and so anything half there shows.
 */
#ifndef TESTS_CRASH_LOAD_H
#define TESTS_CRASH_LOAD_H

#include "tests/proof/proof.h"

#define LOAD_THREADS 3

struct load {
    const char *path; /* of the SQLite file */
    const char *durability;
    const char *autocheckpoint; /* pages */
    pid_t child;
    int acks; /* read end of the pipe */
    int64_t acknowledged[LOAD_THREADS];
};

/* The store, with the options of the load. */
persist_store *load_open(const struct load *load);
/* Starts the process. */
void load_start(struct load *load);
/* Waits until it acknowledged something; false: it ended without. */
bool load_await(struct load *load);
/* Kills it and takes in all that it acknowledged. */
void load_kill(struct load *load);
/*
 * Opens the store and fails the test unless it is whole, has everything acknowledged and,
 * of each thread, at most one commit more. Without `all`, acknowledged commits may be
 * missing: returns how many. What was found counts as acknowledged from then on.
 */
int64_t load_check(struct load *load, bool all);

#endif
