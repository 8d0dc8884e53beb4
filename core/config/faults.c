/* SPDX-License-Identifier: MIT */
#include "core/config/faults.h"

#include <stdio.h>

/* Longest message, cut beyond; every part of one that a person wrote is quoted shorter. */
#define MESSAGE_MAX 1024

void faults_add(struct faults *faults, const char *origin, const char *format, ...)
{
    char message[MESSAGE_MAX];
    if (++faults->count > FAULTS_MAX)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    error_add(faults->error, PERSIST_CONFIG, "%s: %s", origin, message);
}

bool faults_no_memory(struct faults *faults)
{
    faults->no_memory = true;
    return false;
}

persist_status faults_end(struct faults *faults)
{
    if (faults->no_memory)
        return error_no_memory(faults->error);
    if (!faults->count)
        return PERSIST_OK;
    if (faults->count > FAULTS_MAX)
        error_add(faults->error, PERSIST_CONFIG, "and %u more faults", faults->count - FAULTS_MAX);
    return PERSIST_CONFIG;
}
