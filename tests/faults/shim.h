/* SPDX-License-Identifier: MIT */
/*
 * Makes the n-th allocation, write, sync or read of the process fail. The functions are in
 * a library that is preloaded, and found by dlsym; without it they are not there.
 */
#ifndef TESTS_FAULTS_SHIM_H
#define TESTS_FAULTS_SHIM_H

#include <stdbool.h>

enum shim_kind {
    SHIM_ALLOCATION, /* malloc, calloc, realloc */
    SHIM_WRITE,      /* write, pwrite, ftruncate, fallocate */
    SHIM_SYNC,       /* fsync, fdatasync */
    SHIM_READ,       /* read, pread */
    SHIM_KINDS
};

/* From now on the `at`-th call of the kind fails with `error`, or with `for_good` every
 * one from that on. Calls on files count if their path begins with `path`. Nothing fails
 * with `at` 0, but calls are counted. */
void shim_arm(enum shim_kind kind, long at, bool for_good, int error, const char *path);
/* Ends it; how many calls there were. */
long shim_disarm(void);
/* Did one fail since it was armed? */
bool shim_fired(void);

#endif
