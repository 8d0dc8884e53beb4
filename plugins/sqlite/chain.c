/* SPDX-License-Identifier: MIT */
/*
 * The versions of one key: a chain from the newest down, with jump pointers.
 *
 * A version at depth d (the oldest has 0) links to the one at d - 1 and jumps to the one
 * at d - L(d), where L(d) is the smallest term of d written as a sum of numbers 2^k - 1,
 * the greatest first (E. Myers' skew-binary numbers). So from any version any older one
 * is reached in about 2 log2 d steps, and a new version's jump follows from its
 * predecessor's: with L(d + 1) = 1 it is the predecessor, else the predecessor's jump's
 * jump. The head row keeps these (jump, jump2), so that one look-up of one row suffices.
 *
 * A row that is not there, or is another key's (rows are numbered again once the last
 * ones were deleted), or is not older, ends the chain: nothing older is kept.
 */
#include "plugins/sqlite/sqlite.h"

#include <assert.h>
#include <string.h>

/* L(depth), depth >= 1. */
static int64_t jump_length(int64_t depth)
{
    int64_t term = 1;

    assert(depth >= 1);
    while (2 * term + 1 <= depth)
        term = 2 * term + 1;
    for (;;) {
        while (term > depth)
            term = (term - 1) / 2;
        depth -= term;
        if (depth == 0)
            return term;
    }
}

/* ------------------------------------------------------------------------- reading */

/* The row seq; found->seq 0 if it is not there. The value comes only if it is <= at. */
static persist_status load(persist_session *session, const struct lite_chain *chain, int64_t seq,
                           int64_t at, struct lite_version *found)
{
    sqlite3_stmt *row;
    persist_status status = lite_prepare(session, LITE_VERSION, &row);
    int code;

    *found = (struct lite_version){0};
    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(row, 1, seq);
    sqlite3_bind_int64(row, 2, chain->ns);
    lite_bind_bytes(row, 3, chain->key);
    sqlite3_bind_int(row, 4, chain->values);
    sqlite3_bind_int64(row, 5, at);
    code = lite_step(session, row);
    if (code == SQLITE_DONE)
        return PERSIST_OK;
    if (code != SQLITE_ROW)
        return lite_error(session, code, "reading a version");
    *found = (struct lite_version){.seq = seq,
                                   .timestamp = sqlite3_column_int64(row, 0),
                                   .flags = (uint32_t)sqlite3_column_int64(row, 1),
                                   .prev = sqlite3_column_int64(row, 2),
                                   .jump = sqlite3_column_int64(row, 3),
                                   .jump_timestamp = sqlite3_column_int64(row, 4),
                                   .value = lite_column_bytes(row, 5)};
    return PERSIST_OK;
}

/* load, and the rule that timestamps fall on the way down. */
static persist_status step_down(persist_session *session, const struct lite_chain *chain,
                                int64_t seq, int64_t at, struct lite_version *version)
{
    int64_t above = version->timestamp;
    persist_status status;

    if (seq == 0) {
        version->seq = 0;
        return PERSIST_OK;
    }
    status = load(session, chain, seq, at, version);
    if (version->seq != 0 && version->timestamp >= above)
        version->seq = 0;
    return status;
}

persist_status lite_chain_find(persist_session *session, const struct lite_chain *chain,
                               int64_t seq, int64_t timestamp, struct lite_version *found)
{
    persist_status status = load(session, chain, seq, timestamp, found);

    if (status == PERSIST_OK && found->seq == 0)
        return lite_fail(session->call, PERSIST_DAMAGED,
                         "%s: the newest version of a key (row %lld of documents) is missing",
                         session->store->place.path, (long long)seq);
    while (status == PERSIST_OK && found->seq != 0 && found->timestamp > timestamp) {
        bool far = found->jump != 0 && found->jump_timestamp > timestamp;

        status = step_down(session, chain, far ? found->jump : found->prev, timestamp, found);
    }
    return status;
}

persist_status lite_chain_older(persist_session *session, const struct lite_chain *chain,
                                struct lite_version *at)
{
    return step_down(session, chain, at->prev, INT64_MAX, at);
}

/* ------------------------------------------------------------------------- writing */

/* A row of documents_heads. */
struct head {
    int64_t seq; /* 0: the key has no version yet */
    int64_t timestamp;
    int64_t depth;
    int64_t jump;
    int64_t jump2;
};

/* What links a version to those below it. */
struct links {
    int64_t depth;
    int64_t prev;
    int64_t jump;
    int64_t jump_timestamp;
};

static persist_status head_read(persist_session *session, uint32_t ns, persist_bytes key,
                                struct head *head)
{
    sqlite3_stmt *row;
    persist_status status = lite_prepare(session, LITE_HEAD, &row);
    int code;

    *head = (struct head){0};
    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(row, 1, ns);
    lite_bind_bytes(row, 2, key);
    code = lite_step(session, row);
    if (code == SQLITE_ROW)
        *head = (struct head){sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1),
                              sqlite3_column_int64(row, 2), sqlite3_column_int64(row, 3),
                              sqlite3_column_int64(row, 4)};
    sqlite3_reset(row);
    return code == SQLITE_ROW || code == SQLITE_DONE ? PERSIST_OK
                                                     : lite_error(session, code, "reading a head");
}

/* Sets the head row; `flags` are those of the newest version. */
static persist_status head_write(persist_session *session, enum lite_statement which, uint32_t ns,
                                 const persist_version *newest, const struct head *head)
{
    sqlite3_stmt *statement;
    persist_status status = lite_prepare(session, which, &statement);

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(statement, 1, ns);
    lite_bind_bytes(statement, 2, newest->key);
    sqlite3_bind_int64(statement, 3, head->seq);
    sqlite3_bind_int64(statement, 4, newest->timestamp);
    sqlite3_bind_int64(statement, 5, newest->flags);
    sqlite3_bind_int64(statement, 6, head->depth);
    lite_bind_link(statement, 7, head->jump);
    lite_bind_link(statement, 8, head->jump2);
    return lite_run(session, statement, "writing a head");
}

static persist_status version_write(persist_session *session, uint32_t ns,
                                    const persist_version *version, const struct links *links,
                                    int64_t *seq)
{
    sqlite3_stmt *statement;
    persist_status status = lite_prepare(session, LITE_VERSION_ADD, &statement);

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(statement, 1, ns);
    lite_bind_bytes(statement, 2, version->key);
    sqlite3_bind_int64(statement, 3, version->timestamp);
    sqlite3_bind_int64(statement, 4, version->flags);
    sqlite3_bind_int64(statement, 5, links->depth);
    lite_bind_link(statement, 6, links->prev);
    lite_bind_link(statement, 7, links->jump);
    lite_bind_link(statement, 8, links->jump_timestamp);
    lite_bind_bytes(statement, 9, version->value);
    status = lite_run(session, statement, "adding a version");
    *seq = sqlite3_last_insert_rowid(session->db);
    return status;
}

/* Links of a version on top of `top`, and in *next the head it will make. */
static persist_status links_on_top(persist_session *session, uint32_t ns, persist_bytes key,
                                   const struct head *top, struct links *links, struct head *next)
{
    sqlite3_stmt *row;
    persist_status status;
    int code;

    *links = (struct links){.depth = top->depth + 1, .prev = top->seq};
    *next = (struct head){.depth = links->depth};
    if (jump_length(links->depth) == 1) {
        links->jump = next->jump = top->seq;
        links->jump_timestamp = top->timestamp;
        next->jump2 = top->jump;
        return PERSIST_OK;
    }
    if (top->jump2 == 0)
        return PERSIST_OK; /* what it would jump to was collected */
    status = lite_prepare(session, LITE_JUMP, &row);
    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(row, 1, top->jump2);
    sqlite3_bind_int64(row, 2, ns);
    lite_bind_bytes(row, 3, key);
    code = lite_step(session, row);
    if (code == SQLITE_ROW && sqlite3_column_int64(row, 0) < top->timestamp) {
        links->jump = next->jump = top->jump2;
        links->jump_timestamp = sqlite3_column_int64(row, 0);
        next->jump2 = sqlite3_column_int64(row, 1);
    }
    sqlite3_reset(row);
    return code == SQLITE_ROW || code == SQLITE_DONE
               ? PERSIST_OK
               : lite_error(session, code, "reading a version to jump to");
}

/* -------------------------------------------------------- loading: below the newest */

/* A whole chain, newest first. */
struct whole {
    struct spot {
        int64_t seq;
        int64_t timestamp;
    } * spots;
    size_t count;
    size_t capacity;
};

static bool whole_add(struct whole *whole, int64_t seq, int64_t timestamp)
{
    if (whole->count == whole->capacity) {
        size_t capacity = whole->capacity > 0 ? 2 * whole->capacity : 16;
        struct spot *spots = lite_host.resize(whole->spots, capacity * sizeof(*spots));

        if (spots == NULL)
            return false;
        whole->spots = spots;
        whole->capacity = capacity;
    }
    whole->spots[whole->count++] = (struct spot){seq, timestamp};
    return true;
}

/* Reads the chain with a spot (seq 0) for `version` in its place, at *place. */
static persist_status whole_read(persist_session *session, const struct lite_chain *chain,
                                 int64_t seq, int64_t timestamp, struct whole *whole, size_t *place)
{
    struct lite_version at = {0};
    bool placed = false;
    persist_status status = lite_chain_find(session, chain, seq, INT64_MAX, &at);

    while (status == PERSIST_OK && (at.seq != 0 || !placed)) {
        bool here = !placed && (at.seq == 0 || at.timestamp < timestamp);

        if (at.seq != 0 && at.timestamp == timestamp)
            return lite_fail(session->call, PERSIST_INVALID, "a key has a version at %lld already",
                             (long long)timestamp);
        if (here)
            *place = whole->count;
        if (!(here ? whole_add(whole, 0, timestamp) : whole_add(whole, at.seq, at.timestamp)))
            return lite_no_memory(session->call);
        placed = placed || here;
        if (!here)
            status = lite_chain_older(session, chain, &at);
    }
    return status;
}

/* The spot at a depth, counted from the oldest. */
static const struct spot *whole_at(const struct whole *whole, int64_t depth)
{
    return &whole->spots[whole->count - 1 - (size_t)depth];
}

static struct links whole_links(const struct whole *whole, int64_t depth)
{
    struct links links = {.depth = depth};

    if (depth > 0) {
        const struct spot *jump = whole_at(whole, depth - jump_length(depth));

        links.prev = whole_at(whole, depth - 1)->seq;
        links.jump = jump->seq;
        links.jump_timestamp = jump->timestamp;
    }
    return links;
}

static persist_status relink(persist_session *session, const struct whole *whole, int64_t depth)
{
    struct links links = whole_links(whole, depth);
    sqlite3_stmt *statement;
    persist_status status = lite_prepare(session, LITE_VERSION_LINK, &statement);

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(statement, 1, whole_at(whole, depth)->seq);
    sqlite3_bind_int64(statement, 2, links.depth);
    lite_bind_link(statement, 3, links.prev);
    lite_bind_link(statement, 4, links.jump);
    lite_bind_link(statement, 5, links.jump_timestamp);
    return lite_run(session, statement, "linking a version");
}

static persist_status head_relink(persist_session *session, const struct lite_chain *chain,
                                  const struct whole *whole)
{
    int64_t depth = (int64_t)whole->count - 1;
    int64_t below = depth - jump_length(depth);
    struct lite_version newest;
    persist_status status =
        lite_chain_find(session, chain, whole->spots[0].seq, INT64_MAX, &newest);
    struct head head = {.seq = newest.seq,
                        .depth = depth,
                        .jump = whole_at(whole, below)->seq,
                        .jump2 = whole_links(whole, below).jump};
    persist_version row = {.key = chain->key, .timestamp = newest.timestamp, .flags = newest.flags};

    return status == PERSIST_OK ? head_write(session, LITE_HEAD_SET, chain->ns, &row, &head)
                                : status;
}

/* A version older than the newest: every depth above it rises by one, so all of them are
 * linked anew. Only a namespace being filled sees this. */
static persist_status add_within(persist_session *session, uint32_t ns,
                                 const persist_version *version, const struct head *head)
{
    struct lite_chain chain = {.ns = ns, .key = version->key};
    struct whole whole = {0};
    struct links links;
    size_t place = 0;
    int64_t depth;
    persist_status status =
        whole_read(session, &chain, head->seq, version->timestamp, &whole, &place);

    if (status != PERSIST_OK)
        goto out;
    depth = (int64_t)(whole.count - 1 - place);
    links = whole_links(&whole, depth);
    status = version_write(session, ns, version, &links, &whole.spots[place].seq);
    while (status == PERSIST_OK && ++depth < (int64_t)whole.count)
        status = relink(session, &whole, depth);
    if (status == PERSIST_OK)
        status = head_relink(session, &chain, &whole);
out:
    lite_host.release(whole.spots);
    return status;
}

persist_status lite_chain_add(persist_session *session, uint32_t ns, const persist_version *version)
{
    struct links links = {0};
    struct head top;
    struct head next = {0};
    persist_status status = head_read(session, ns, version->key, &top);

    if (status != PERSIST_OK)
        return status;
    if (top.seq != 0 && version->timestamp == top.timestamp)
        return lite_fail(session->call, PERSIST_INVALID, "a key has a version at %lld already",
                         (long long)version->timestamp);
    if (top.seq != 0 && version->timestamp < top.timestamp)
        return add_within(session, ns, version, &top);
    if (top.seq != 0)
        status = links_on_top(session, ns, version->key, &top, &links, &next);
    if (status == PERSIST_OK)
        status = version_write(session, ns, version, &links, &next.seq);
    if (status == PERSIST_OK)
        status =
            head_write(session, top.seq != 0 ? LITE_HEAD_SET : LITE_HEAD_ADD, ns, version, &next);
    return status;
}
