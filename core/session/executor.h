/* SPDX-License-Identifier: MIT */
/*
 * Threads of the library's own, for calls that do not block their caller. Threads are
 * made when there is work and none is idle, up to a bound, and stay. A job never waits
 * for another job.
 */
#ifndef CORE_SESSION_EXECUTOR_H
#define CORE_SESSION_EXECUTOR_H

#include "core/base/error.h"
#include "core/loader/loader.h"

struct executor;

/* Work to be done once; the memory is the submitter's, and may be freed by `run`. */
struct job {
    struct job *next;
    void (*run)(struct job *job);
};

/* `plugin` (may be NULL) is told of each thread's begin and end. */
persist_status executor_new(const struct plugin *plugin, size_t max_threads, struct executor **out,
                            persist_error *error);
/* Waits for all jobs, those they submit included, and ends the threads. Not from a job.
 * NULL is allowed. */
void executor_free(struct executor *executor);
/* Frees nothing but memory: for a forked child. */
void executor_abandon(struct executor *executor);

/* Any thread; the job never runs inside this call. False if not one thread could be
 * made: the job is then not taken. */
bool executor_submit(struct executor *executor, struct job *job);

#endif
