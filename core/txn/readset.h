/* SPDX-License-Identifier: MIT */
/*
 * What a serializable transaction relied on: exact keys (found or absent) and ranges, as
 * far as they were really consumed. Used by one thread at a time.
 */
#ifndef CORE_TXN_READSET_H
#define CORE_TXN_READSET_H

#include "core/base/bytes.h"

struct readset;

/* A scanned range [from, to); `to` empty has no end. Owned by the set; a scan in
 * progress widens its own as rows are consumed. */
struct read_range {
    struct read_range *next;
    struct buf from;
    struct buf to;
    bool empty; /* nothing was consumed yet */
    bool open;  /* a scan still widens it */
};

struct readset *readset_new(void);
void readset_free(struct readset *set);
/* Exact keys and ranges held. */
size_t readset_count(const struct readset *set);
/* Adds a key; false without memory. */
bool readset_add(struct readset *set, persist_bytes key);
/* Adds a range that is still empty; NULL without memory. */
struct read_range *readset_add_range(struct readset *set);
/* Moves the ends of a range outwards; NULL keeps an end as it is. False without memory. */
bool read_range_widen(struct read_range *range, const persist_bytes *from, const persist_bytes *to);
/* The scan that widened the range is over. */
void readset_close_range(struct read_range *range);
/* Makes the set coarser, so that it holds at most `most` keys and closed ranges: keys next to
 * each other become ranges over them, and ranges one range. It covers at least what it did.
 * False without memory. */
bool readset_coarsen(struct readset *set, size_t most);
/* Was this key read, or would it have been seen by a range? */
bool readset_has(const struct readset *set, persist_bytes key);

#endif
