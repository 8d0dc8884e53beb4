/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out: included by the one source of a test program that is linked with
 * CODEC_FAULTS_LDFLAGS. Calls of malloc and realloc are counted down in faults_left, and
 * fail from then on; below 0 they never do. The test library may be among the callers:
 * set it back before anything is asserted.
 */
#ifndef TESTS_UNIT_CODEC_FAULTS_H
#define TESTS_UNIT_CODEC_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

static _Atomic long faults_left = -1;
/* Bytes that malloc gave so far. */
static _Atomic size_t faults_bytes;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool faults_due(void)
{
    if (faults_left > 0)
        faults_left--;
    else if (faults_left == 0)
        return true;
    return false;
}

void *__wrap_malloc(size_t size)
{
    faults_bytes += size;
    return faults_due() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return faults_due() ? NULL : __real_realloc(memory, size);
}

#endif
