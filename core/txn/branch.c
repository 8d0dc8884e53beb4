/* SPDX-License-Identifier: MIT */
/*
 * Both histories are chains of records: once they have parted they never meet again. So
 * the newest commit in common is the last one of ours that the store still has, by its
 * timestamp and digest. Ours are those in the window; one trip asks for all of them.
 */
#include "core/txn/branch.h"

#include "core/base/clock.h"
#include "core/codec/digest.h"

#include <inttypes.h>
#include <stdlib.h>

/* So many commits are looked back at most; finding out may take so long. */
#define BRANCH_MARKS 1000
#define BRANCH_NS (2 * NS_PER_S)

/* A commit this process knew. */
struct mark {
    int64_t timestamp;
    persist_digest digest;
};

/* The newest commits known, oldest first; *n of them. NULL without memory. Each record
 * names the one before it, and the clock the last. */
static struct mark *known_marks(struct log *log, size_t *n)
{
    size_t entries = 0, at = 0;
    pthread_mutex_lock(&log->lock);
    for (const struct log_entry *entry = log->oldest; entry; entry = entry->next)
        entries++;
    size_t skipped = entries < BRANCH_MARKS ? 0 : entries - BRANCH_MARKS + 1;
    struct mark *marks = calloc(entries - skipped + 1, sizeof *marks);
    for (const struct log_entry *entry = log->oldest; entry && marks; entry = entry->next) {
        const struct record *record = entry->record;
        if (skipped)
            skipped--;
        else if (record->predecessor && entry->timestamp <= log->known.head)
            marks[at++] = (struct mark){record->predecessor, record->predecessor_digest};
    }
    if (marks && log->known.head)
        marks[at++] = (struct mark){log->known.head, log->known.head_digest};
    pthread_mutex_unlock(&log->lock);
    *n = at;
    return marks;
}

/* What the store has of the marks: */
struct common {
    int64_t newest; /* the newest mark it has; 0: none */
    int64_t before; /* else its newest record that may be ours, and is older; 0: none */
};

static persist_status find_common(struct ns *ns, const struct mark *marks, size_t n,
                                  struct common *common)
{
    persist_clock clock;
    persist_anchor *anchors = calloc(n, sizeof *anchors);
    persist_read read = {.ns = ns->id, .anchors = anchors, .n_anchors = n};
    if (!anchors)
        return PERSIST_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        anchors[i].at = marks[i].timestamp;
    persist_status status =
        backend_read(ns->backend, clock_deadline(BRANCH_NS), NULL, &read, &clock, NULL, NULL, NULL);
    *common = (struct common){.before = anchors[0].timestamp};
    for (size_t i = 0; i < n && status == PERSIST_OK; i++)
        if (anchors[i].timestamp == marks[i].timestamp &&
            digest_equal(&anchors[i].digest, &marks[i].digest))
            common->newest = marks[i].timestamp;
    free(anchors);
    /* What is below the log floor cannot be looked up. */
    return status == PERSIST_OK && !common->newest && clock.log_floor ? PERSIST_TOO_OLD : status;
}

void branch_tell(struct ns *ns, persist_error *error)
{
    size_t n = 0;
    struct common common;
    struct mark *marks = error ? known_marks(&ns->log, &n) : NULL;
    if (n && find_common(ns, marks, n, &common) == PERSIST_OK) {
        persist_error told = ERROR_INIT;
        error_copy(&told, error);
        const char *message = told.message ? told.message : "";
        if (common.newest || common.before)
            error_set(error, PERSIST_DIVERGED,
                      "%s; the newest commit that both have is at %" PRId64 "%s", message,
                      common.newest ? common.newest : common.before,
                      common.newest ? "" : " or before");
        else
            error_set(error, PERSIST_DIVERGED, "%s; they have no commit in common", message);
        error_clear(&told);
    }
    free(marks);
}
