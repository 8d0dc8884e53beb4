/* SPDX-License-Identifier: MIT */
/* Everything found wrong while a configuration is read, gathered into one error. */
#ifndef CORE_CONFIG_FAULTS_H
#define CORE_CONFIG_FAULTS_H

#include "core/base/error.h"

/* Faults told one by one; of any more only the count. */
#define FAULTS_MAX 50

struct faults {
    persist_error *error; /* may be NULL */
    unsigned count;
    bool no_memory; /* sticky: nothing further is worth reading */
};

/* Adds one line: "origin: message". */
void faults_add(struct faults *faults, const char *origin, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Notes that there was no memory; returns false, as a shorthand. */
bool faults_no_memory(struct faults *faults);
/* OK, CONFIG or NO_MEMORY, with the error complete. */
persist_status faults_end(struct faults *faults);

#endif
