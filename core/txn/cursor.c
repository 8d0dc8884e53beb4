/* SPDX-License-Identifier: MIT */
/*
 * Scans: the snapshot, fetched in pages, merged with the transaction's write buffer. A
 * cursor holds nothing in the engine between two pages, and at most one page of memory.
 *
 * `position` is the last key handed out or passed over; both sides go on strictly behind
 * it, so writes made while the scan runs are seen where it has not been yet. The read
 * set's range is widened as rows are consumed, never ahead of them.
 */
#include "core/txn/cursor.h"

#include "core/base/options.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The first page is small, for scans that are given up early. */
#define FIRST_PAGE_ROWS 64
#define PAGE_ROWS 2048
#define PAGE_BYTES (UINT64_C(256) << 10)

static void drop_page(struct persist_cursor *cursor)
{
    buf_free(&cursor->page);
    free(cursor->rows);
    cursor->rows = NULL;
    cursor->n_rows = cursor->capacity = cursor->next_row = 0;
}

static void release(struct persist_cursor *cursor)
{
    drop_page(cursor);
    buf_free(&cursor->position);
    buf_free(&cursor->resume);
    free((void *)(uintptr_t)cursor->from.data);
    free((void *)(uintptr_t)cursor->to.data);
    cursor->from = cursor->to = (persist_bytes){NULL, 0};
    if (cursor->range)
        readset_close_range(cursor->range);
    cursor->range = NULL;
    cursor->ended = true;
}

void cursor_end_all(persist_tx *tx)
{
    for (struct persist_cursor *cursor = tx->cursors; cursor; cursor = cursor->next)
        release(cursor);
}

void cursor_free_all(persist_tx *tx)
{
    while (tx->cursors)
        persist_cursor_free(tx->cursors);
}

void persist_cursor_free(persist_cursor *cursor)
{
    if (!cursor)
        return;
    struct persist_cursor **link = &cursor->tx->cursors;
    while (*link != cursor)
        link = &(*link)->next;
    *link = cursor->next;
    release(cursor);
    free(cursor);
}

/* Keeps a row of the page: offsets, since the page's memory still moves. */
static persist_status take_row(void *context, const persist_version *version)
{
    struct persist_cursor *cursor = context;
    if (cursor->n_rows == cursor->capacity) {
        size_t capacity = cursor->capacity ? 2 * cursor->capacity : FIRST_PAGE_ROWS;
        struct page_row *rows = realloc(cursor->rows, capacity * sizeof *rows);
        if (!rows)
            return PERSIST_NO_MEMORY;
        cursor->rows = rows;
        cursor->capacity = capacity;
    }
    struct page_row row = {.offset = cursor->page.size,
                           .key_size = version->key.size,
                           .value_size = version->value.size,
                           .timestamp = version->timestamp,
                           .flags = version->flags};
    if (!buf_reserve(&cursor->page, version->key.size + version->value.size))
        return PERSIST_NO_MEMORY;
    buf_add(&cursor->page, version->key.data, version->key.size);
    buf_add(&cursor->page, version->value.data, version->value.size);
    cursor->rows[cursor->n_rows++] = row;
    return PERSIST_OK;
}

static persist_bytes row_key(const struct persist_cursor *cursor, const struct page_row *row)
{
    return (persist_bytes){cursor->page.data + row->offset, row->key_size};
}

static persist_bytes row_value(const struct persist_cursor *cursor, const struct page_row *row)
{
    return (persist_bytes){cursor->page.data + row->offset + row->key_size, row->value_size};
}

/* Where the next page begins: behind the last row fetched. */
static bool note_resume(struct persist_cursor *cursor)
{
    if (!cursor->n_rows)
        return true;
    const struct page_row *last = &cursor->rows[cursor->n_rows - 1];
    persist_bytes key = row_key(cursor, last);
    cursor->resume.size = 0;
    cursor->resume_timestamp = last->timestamp;
    return buf_add(&cursor->resume, key.data, key.size);
}

static persist_status fetch_page(struct persist_cursor *cursor, persist_error *error)
{
    persist_tx *tx = cursor->tx;
    struct snapshot_request request;
    int more = 0;
    if (!note_resume(cursor))
        return error_no_memory(error);
    cursor->page.size = 0;
    cursor->n_rows = cursor->next_row = 0;
    int64_t deadline = tx_deadline(tx);
    persist_status status = snapshot_ask(tx, deadline, &request, error);
    if (status != PERSIST_OK)
        return tx_failed(tx, status, error);
    persist_scan_range range = {.ns = tx->ns->id,
                                .flags = cursor->flags,
                                .from = cursor->from,
                                .to = cursor->to,
                                .timestamp = request.timestamp,
                                .after_key = buf_bytes(&cursor->resume),
                                .after_timestamp = cursor->history ? cursor->resume_timestamp : 0,
                                .max_rows = cursor->page_rows,
                                .max_bytes = PAGE_BYTES,
                                .anchors = request.anchors,
                                .n_anchors = request.n_anchors};
    status = backend_scan(tx->ns->backend, deadline, &tx->cancel, &range, &request.clock, take_row,
                          cursor, &more, error);
    if (status == PERSIST_OK)
        status = snapshot_accept(tx, &request, error);
    if (status != PERSIST_OK) {
        cursor->n_rows = 0;
        return tx_failed(tx, status, error);
    }
    cursor->exhausted = !more;
    cursor->page_rows = PAGE_ROWS;
    return PERSIST_OK;
}

/* The next row of the snapshot, behind position; NULL at its end. */
static persist_status peek_base(struct persist_cursor *cursor, struct page_row **row,
                                persist_error *error)
{
    *row = NULL;
    while (cursor->next_row == cursor->n_rows) {
        if (cursor->exhausted)
            return PERSIST_OK;
        persist_status status = fetch_page(cursor, error);
        if (status != PERSIST_OK)
            return status;
    }
    *row = &cursor->rows[cursor->next_row];
    return PERSIST_OK;
}

/* The transaction's next own write in the range, behind position; NULL if none. */
static struct buffer_entry *peek_own(const struct persist_cursor *cursor)
{
    const struct buffer *writes = &cursor->tx->writes;
    persist_bytes position = buf_bytes(&cursor->position);
    struct buffer_entry *entry;
    if (cursor->history || !writes->count)
        return NULL;
    if (cursor->flags & PERSIST_SCAN_REVERSE) {
        entry = buffer_below(writes, position.size ? position : cursor->to);
        return entry && bytes_compare(buffer_key(entry), cursor->from) >= 0 ? entry : NULL;
    }
    entry = position.size ? buffer_ceiling(writes, position, true)
                          : buffer_ceiling(writes, cursor->from, false);
    if (entry && cursor->to.size && bytes_compare(buffer_key(entry), cursor->to) >= 0)
        return NULL;
    return entry;
}

/* Moves position to a key, and the read set's range with it. */
static persist_status pass(struct persist_cursor *cursor, persist_bytes key, persist_error *error)
{
    cursor->position.size = 0;
    if (!buf_add(&cursor->position, key.data, key.size) || !buf_add(&cursor->position, "", 1))
        return error_no_memory(error);
    cursor->position.size--;
    if (!cursor->range)
        return PERSIST_OK;
    /* One end stands where the scan began; the other follows the rows. */
    persist_bytes above = {cursor->position.data, key.size + 1};
    bool reverse = cursor->flags & PERSIST_SCAN_REVERSE;
    bool first = cursor->range->empty;
    bool widened = reverse ? read_range_widen(cursor->range, &key, first ? &cursor->to : NULL)
                           : read_range_widen(cursor->range, first ? &cursor->from : NULL, &above);
    return widened ? PERSIST_OK : error_no_memory(error);
}

/* The scan saw its whole range to the end. */
static persist_status reached_end(struct persist_cursor *cursor, persist_error *error)
{
    cursor->done = true;
    if (cursor->range && !read_range_widen(cursor->range, &cursor->from, &cursor->to))
        return error_no_memory(error);
    return PERSIST_END;
}

static persist_status hand_out_base(struct persist_cursor *cursor, const struct page_row *row,
                                    persist_row *out, persist_error *error)
{
    persist_status status = pass(cursor, row_key(cursor, row), error);
    persist_row found = {.key = row_key(cursor, row), .timestamp = row->timestamp};
    cursor->next_row++;
    if (row->flags & PERSIST_VERSION_TOMBSTONE)
        found.flags = PERSIST_ROW_TOMBSTONE;
    else if (status == PERSIST_OK && !(cursor->flags & PERSIST_SCAN_KEYS_ONLY))
        status = tx_open_version(cursor->tx, found.key, row->timestamp, row->flags,
                                 row_value(cursor, row), &found, error);
    if (status == PERSIST_OK)
        row_set(out, &found);
    return status;
}

static persist_status hand_out_own(struct persist_cursor *cursor, const struct buffer_entry *entry,
                                   persist_row *out, persist_error *error)
{
    persist_row own = {.key = buffer_key(entry), .flags = PERSIST_ROW_OWN};
    persist_status status = pass(cursor, own.key, error);
    if (status == PERSIST_OK && !(cursor->flags & PERSIST_SCAN_KEYS_ONLY))
        status = value_peek(&entry->value, &own.value, &cursor->tx->scratch, error);
    if (status == PERSIST_OK)
        row_set(out, &own);
    return status;
}

/* One step of the merge: PERSIST_OK with a row, END, or an error; *again if a deleted key
 * was passed over. */
static persist_status step(struct persist_cursor *cursor, persist_row *out, bool *again,
                           persist_error *error)
{
    struct page_row *base;
    persist_status status = peek_base(cursor, &base, error);
    if (status != PERSIST_OK)
        return status;
    struct buffer_entry *own = peek_own(cursor);
    *again = false;
    if (!base && !own)
        return reached_end(cursor, error);
    int order = !own ? -1 : !base ? 1 : bytes_compare(row_key(cursor, base), buffer_key(own));
    if (base && own && order && (cursor->flags & PERSIST_SCAN_REVERSE))
        order = -order;
    if (order < 0)
        return hand_out_base(cursor, base, out, error);
    if (!order)
        cursor->next_row++;
    if (own->value.data)
        return hand_out_own(cursor, own, out, error);
    *again = true;
    return pass(cursor, buffer_key(own), error);
}

persist_status persist_cursor_next(persist_cursor *cursor, persist_row *row, persist_error *error)
{
    if (!cursor)
        return error_set(error, PERSIST_MISUSE, "cursor_next: the cursor is NULL");
    persist_status status = tx_usable(cursor->tx, "cursor_next", error);
    if (status != PERSIST_OK)
        return status;
    if (cursor->done || (cursor->limit && cursor->handed_out == cursor->limit))
        return PERSIST_END;
    bool again = true;
    while (status == PERSIST_OK && again)
        status = step(cursor, row, &again, error);
    if (status == PERSIST_OK)
        cursor->handed_out++;
    return status;
}

static struct persist_cursor *cursor_new(persist_tx *tx, persist_error *error)
{
    struct persist_cursor *cursor = calloc(1, sizeof *cursor);
    if (!cursor) {
        error_no_memory(error);
        return NULL;
    }
    cursor->tx = tx;
    cursor->page_rows = FIRST_PAGE_ROWS;
    cursor->next = tx->cursors;
    tx->cursors = cursor;
    return cursor;
}

/* Sets [from, to) to where prefix and the given bounds overlap. */
static bool set_bounds(struct persist_cursor *cursor, const persist_scan_options *options)
{
    persist_bytes end;
    bool from_wins = bytes_compare(options->from, options->prefix) > 0;
    if (!bytes_prefix_end(options->prefix, &end))
        return false;
    bool to_wins = options->to.size && (!end.size || bytes_compare(options->to, end) < 0);
    if (to_wins) {
        free((void *)(uintptr_t)end.data);
        if (!bytes_copy(options->to, &end))
            return false;
    }
    cursor->to = end;
    return bytes_copy(from_wins ? options->from : options->prefix, &cursor->from);
}

static persist_status check_bounds(const persist_scan_options *options, persist_error *error)
{
    if (options->flags & ~(PERSIST_SCAN_REVERSE | PERSIST_SCAN_KEYS_ONLY))
        return error_set(error, PERSIST_INVALID, "scan flags 0x%x are not known", options->flags);
    if (options->to.size && bytes_compare(options->from, options->to) > 0) {
        char from[80], to[80];
        return error_set(
            error, PERSIST_INVALID, "the scan would begin at %s, above its end %s: exchange them",
            bytes_show(options->from, from, sizeof from), bytes_show(options->to, to, sizeof to));
    }
    return PERSIST_OK;
}

persist_status persist_scan(persist_tx *tx, const persist_scan_options *options,
                            persist_cursor **out, persist_error *error)
{
    persist_scan_options given;
    persist_status status = tx_usable(tx, "scan", error);
    if (status == PERSIST_OK)
        status = options_read(&given, sizeof given, options, "scan", error);
    if (status == PERSIST_OK)
        status = check_bounds(&given, error);
    if (status == PERSIST_OK)
        status = tx_room_for_read(tx, error);
    if (status != PERSIST_OK)
        return status;
    struct persist_cursor *cursor = cursor_new(tx, error);
    if (!cursor)
        return PERSIST_NO_MEMORY;
    cursor->flags = given.flags;
    cursor->limit = given.limit;
    if (given.limit && given.limit < FIRST_PAGE_ROWS && !tx->writes.count)
        cursor->page_rows = given.limit;
    bool ready = set_bounds(cursor, &given);
    if (ready && tx->reads) {
        cursor->range = readset_add_range(tx->reads);
        ready = cursor->range != NULL;
    }
    if (!ready) {
        persist_cursor_free(cursor);
        return error_no_memory(error);
    }
    /* Prefix and bounds that do not meet leave nothing to scan, and nothing to validate. */
    cursor->done = cursor->to.size && bytes_compare(cursor->from, cursor->to) >= 0;
    *out = cursor;
    return PERSIST_OK;
}

persist_status persist_history(persist_tx *tx, persist_bytes key, persist_cursor **out,
                               persist_error *error)
{
    persist_status status = tx_usable(tx, "history", error);
    if (status == PERSIST_OK)
        status = tx_check_key(tx, key, error);
    if (status == PERSIST_OK)
        status = tx_room_for_read(tx, error);
    if (status != PERSIST_OK)
        return status;
    struct persist_cursor *cursor = cursor_new(tx, error);
    if (!cursor)
        return PERSIST_NO_MEMORY;
    struct buf end = {0};
    bool ready = bytes_copy(key, &cursor->from) && buf_add(&end, key.data, key.size) &&
                 buf_add(&end, "", 1) && (!tx->reads || readset_add(tx->reads, key));
    cursor->to = buf_bytes(&end);
    cursor->flags = PERSIST_SCAN_VERSIONS | PERSIST_SCAN_TOMBSTONES;
    cursor->history = true;
    if (!ready) {
        persist_cursor_free(cursor);
        return error_no_memory(error);
    }
    *out = cursor;
    return PERSIST_OK;
}

persist_status persist_count(persist_tx *tx, const persist_scan_options *options, uint64_t *count,
                             persist_error *error)
{
    persist_scan_options given;
    persist_status status = options_read(&given, sizeof given, options, "count", error);
    if (status != PERSIST_OK)
        return status;
    given.flags |= PERSIST_SCAN_KEYS_ONLY;
    persist_cursor *cursor = NULL;
    persist_row row = {.size = sizeof row};
    uint64_t counted = 0;
    status = persist_scan(tx, &given, &cursor, error);
    while (status == PERSIST_OK) {
        status = persist_cursor_next(cursor, &row, error);
        counted += status == PERSIST_OK;
    }
    persist_cursor_free(cursor);
    if (status != PERSIST_END)
        return status;
    *count = counted;
    return PERSIST_OK;
}
