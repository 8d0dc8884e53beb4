/* SPDX-License-Identifier: MIT */
/* Everything found wrong while a configuration is read, gathered into one error. */
#ifndef CORE_CONFIG_FAULTS_H
#define CORE_CONFIG_FAULTS_H

#include "core/base/error.h"

/* Faults told one by one; of any more only the count. */
#define FAULTS_MAX 50

/* { 0 } is none; faults_end or faults_drop ends it. */
struct faults {
    persist_error error;
    unsigned count;
    bool no_memory; /* sticky: nothing further is worth reading */
};

/* Adds one line: "origin: message". */
void faults_add(struct faults *faults, const char *origin, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Notes that there was no memory; returns false, as a shorthand. */
bool faults_no_memory(struct faults *faults);
/* OK, CONFIG or NO_MEMORY; if not OK all that was gathered is in *error, which may be NULL. */
persist_status faults_end(struct faults *faults, persist_error *error);
/* Forgets what was gathered: something else is told. */
void faults_drop(struct faults *faults);

#endif
