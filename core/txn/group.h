/* SPDX-License-Identifier: MIT */
/* The transactions of one append, and the append made of them. Used by the leader. */
#ifndef CORE_TXN_GROUP_H
#define CORE_TXN_GROUP_H

#include "core/txn/commit.h"

/* The memory behind an append. */
struct payload {
    persist_version *versions;
    struct buf record;
    struct record *decoded; /* for the log's window; NULL without memory, or once taken */
    size_t decoded_size;    /* bytes */
};

struct group {
    struct commit_request **members; /* n of them, then those that left */
    size_t n;
    size_t capacity;
    int64_t *timestamps; /* of the members, once built */
    unsigned char batch[BATCH_ID_SIZE];
    persist_append append; /* once built; points into `built` */
    struct payload built;
    struct payload before; /* of the build before, which a backend may still look at */
};

/* Room for `capacity` members; false without memory. */
bool group_init(struct group *group, size_t capacity);
void group_free(struct group *group);
void group_add(struct group *group, struct commit_request *request);
/* Takes the i-th out; the order of the others stays. */
void group_remove(struct group *group, size_t i);
/* The latest deadline of a member: others in the group must not fail it. */
int64_t group_deadline(const struct group *group);

/*
 * Makes the append that follows `known`: timestamps from max(wall, head + 1) on, one a
 * member; values sealed; record and digests. A new batch id each time, so that the
 * outcome of each attempt can be told apart. NO_MEMORY, CLOCK (no timestamp is left),
 * INTERNAL (no random bytes).
 */
persist_status group_build(struct group *group, const struct ns *ns, const persist_clock *known,
                           int64_t wall, persist_error *error);

#endif
