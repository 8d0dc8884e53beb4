/* SPDX-License-Identifier: MIT */
/* Range scans: the heads in key order, each with its row or the chain below it. */
#include "plugins/sqlite/sqlite.h"

#include <string.h>

/* A bound one byte longer than any key. */
typedef unsigned char bound_bytes[LITE_KEY_BYTES + 1];

struct scan {
    persist_session *session;
    persist_scan_range range;
    persist_on_version take;
    void *context;
    uint64_t rows;
    uint64_t bytes;
    bool full; /* a bound was reached */
    bound_bytes low;
    bound_bytes high;
};

static bool has(const struct scan *scan, uint32_t flag)
{
    return (scan->range.flags & flag) != 0;
}

/* Resuming within after_key, not behind it. */
static bool resumes_within(const struct scan *scan)
{
    return scan->range.after_key.size > 0 && scan->range.after_timestamp > 0 &&
           has(scan, PERSIST_SCAN_VERSIONS);
}

static int compare(persist_bytes a, persist_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* The lowest key above `key`: a NUL behind it. A key beyond the limit stays as it is cut:
 * no stored key lies between. */
static persist_bytes successor(persist_bytes key, bound_bytes out)
{
    size_t size = key.size < LITE_KEY_BYTES ? key.size : LITE_KEY_BYTES;

    memcpy(out, key.data, size);
    out[size] = 0;
    return (persist_bytes){out, size + 1};
}

/* The half-open range of keys still to be looked at. */
static void bounds(struct scan *scan, persist_bytes *from, persist_bytes *to)
{
    const persist_scan_range *range = &scan->range;
    bool within = resumes_within(scan);

    *from = range->from;
    *to = range->to;
    if (range->after_key.size > 0 && has(scan, PERSIST_SCAN_REVERSE)) {
        persist_bytes end = within ? successor(range->after_key, scan->high) : range->after_key;

        if (to->size == 0 || compare(end, *to) < 0)
            *to = end;
    } else if (range->after_key.size > 0) {
        persist_bytes begin = within ? range->after_key : successor(range->after_key, scan->low);

        if (compare(begin, *from) > 0)
            *from = begin;
    }
    if (to->size == 0) {
        memset(scan->high, 0xff, sizeof(scan->high));
        *to = (persist_bytes){scan->high, sizeof(scan->high)};
    }
}

static persist_status emit(struct scan *scan, const persist_version *row)
{
    const persist_scan_range *range = &scan->range;

    scan->rows++;
    scan->bytes += row->key.size + row->value.size;
    scan->full = (range->max_rows > 0 && scan->rows >= range->max_rows) ||
                 (range->max_bytes > 0 && scan->bytes >= range->max_bytes);
    return scan->take(scan->context, row);
}

/* Hands out what is asked for of one key, from its chain. */
static persist_status scan_chain(struct scan *scan, persist_bytes key, int64_t seq)
{
    const persist_scan_range *range = &scan->range;
    struct lite_chain chain = {range->ns, key, !has(scan, PERSIST_SCAN_KEYS_ONLY)};
    struct lite_version at;
    bool versions = has(scan, PERSIST_SCAN_VERSIONS);
    int64_t newest = range->timestamp;
    persist_status status;

    if (resumes_within(scan) && range->after_timestamp <= newest &&
        compare(key, range->after_key) == 0)
        newest = range->after_timestamp - 1;
    status = lite_chain_find(scan->session, &chain, seq, newest, &at);
    while (status == PERSIST_OK && at.seq != 0 && !scan->full) {
        if (versions || has(scan, PERSIST_SCAN_TOMBSTONES) ||
            (at.flags & PERSIST_VERSION_TOMBSTONE) == 0) {
            persist_version row = {
                .key = key, .value = at.value, .timestamp = at.timestamp, .flags = at.flags};

            status = emit(scan, &row);
        }
        if (!versions)
            break;
        if (status == PERSIST_OK && !scan->full)
            status = lite_chain_older(scan->session, &chain, &at);
    }
    return status;
}

/* One row of the heads. */
static persist_status scan_head(struct scan *scan, sqlite3_stmt *head)
{
    persist_version row = {.key = lite_column_bytes(head, 0),
                           .timestamp = sqlite3_column_int64(head, 2),
                           .flags = (uint32_t)sqlite3_column_int64(head, 3)};
    bool there = sqlite3_column_type(head, 4) != SQLITE_NULL;

    if (has(scan, PERSIST_SCAN_VERSIONS) || row.timestamp > scan->range.timestamp || !there)
        return scan_chain(scan, row.key, sqlite3_column_int64(head, 1));
    if ((row.flags & PERSIST_VERSION_TOMBSTONE) && !has(scan, PERSIST_SCAN_TOMBSTONES))
        return PERSIST_OK;
    row.value = lite_column_bytes(head, 5);
    return emit(scan, &row);
}

static enum lite_statement statement_for(const struct scan *scan)
{
    bool reverse = has(scan, PERSIST_SCAN_REVERSE);

    if (has(scan, PERSIST_SCAN_KEYS_ONLY | PERSIST_SCAN_VERSIONS))
        return reverse ? LITE_KEYS_DOWN : LITE_KEYS_UP;
    return reverse ? LITE_SCAN_DOWN : LITE_SCAN_UP;
}

static persist_status scan_rows(struct scan *scan)
{
    sqlite3_stmt *head;
    persist_bytes from;
    persist_bytes to;
    enum lite_statement which = statement_for(scan);
    persist_status status = lite_prepare(scan->session, which, &head);
    int code = SQLITE_ROW;

    if (status != PERSIST_OK)
        return status;
    bounds(scan, &from, &to);
    sqlite3_bind_int64(head, 1, scan->range.ns);
    lite_bind_bytes(head, 2, from);
    lite_bind_bytes(head, 3, to);
    if (which == LITE_SCAN_UP || which == LITE_SCAN_DOWN)
        sqlite3_bind_int64(head, 4, scan->range.timestamp);
    while (status == PERSIST_OK && !scan->full && code == SQLITE_ROW) {
        code = lite_step(scan->session, head);
        if (code == SQLITE_ROW)
            status = scan_head(scan, head);
        else if (code != SQLITE_DONE)
            status = lite_error(scan->session, code, "scanning");
    }
    sqlite3_reset(head);
    return status;
}

static int64_t newest_of(const persist_scan_range *range)
{
    int64_t newest = range->timestamp;

    for (size_t i = 0; i < range->n_anchors; i++)
        if (range->anchors[i].at > newest)
            newest = range->anchors[i].at;
    return newest;
}

persist_status lite_scan(const persist_call *call, persist_session *session,
                         const persist_scan_range *given, persist_clock *clock,
                         persist_on_version take, void *context, int *more)
{
    struct scan scan = {.session = session, .take = take, .context = context};
    persist_clock found;
    persist_status status;

    *more = 0;
    lite_copy_in(&scan.range, sizeof(scan.range), given, given->size);
    status = lite_wants_newest(scan.range.anchors, scan.range.n_anchors)
                 ? lite_begin_newest(call, session)
                 : lite_begin_read(call, session);
    if (status == PERSIST_OK)
        status = lite_snapshot(session, scan.range.ns, newest_of(&scan.range), &found);
    if (status == PERSIST_OK) {
        lite_clock_out(&found, clock);
        status =
            lite_anchors(session, scan.range.ns, &found, scan.range.anchors, scan.range.n_anchors);
    }
    if (status == PERSIST_OK)
        status = scan_rows(&scan);
    *more = status == PERSIST_OK && scan.full;
    return lite_end(session, status);
}
