/* SPDX-License-Identifier: MIT */
#include "core/config/faults.h"

#include "core/config/text.h"

#include <stdio.h>
#include <string.h>

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
    message[text_fault(message, strlen(message))] = '\0'; /* not within a character */
    error_add(&faults->error, PERSIST_CONFIG, "%s: %s", origin, message);
}

bool faults_no_memory(struct faults *faults)
{
    faults->no_memory = true;
    return false;
}

persist_status faults_end(struct faults *faults, persist_error *error)
{
    persist_status status = PERSIST_OK;
    if (faults->count > FAULTS_MAX)
        error_add(&faults->error, PERSIST_CONFIG, "and %u more faults", faults->count - FAULTS_MAX);
    if (faults->no_memory)
        status = error_no_memory(error);
    else if (faults->count)
        status = error_copy(error, &faults->error);
    faults_drop(faults);
    return status;
}

void faults_drop(struct faults *faults)
{
    error_clear(&faults->error);
    *faults = (struct faults){0};
}
