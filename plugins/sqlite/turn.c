/* SPDX-License-Identifier: MIT */
/*
 * The turn: after a lost compare, with the file's one write lock held, the host sees the
 * records since the head it expected and says what to append instead. Others wait for the
 * lock meanwhile, so records, bytes and time are bounded; beyond a bound the answer is
 * the plain CONFLICT that the lost compare was.
 */
#include "plugins/sqlite/sqlite.h"

#include <string.h>

/* Of records, in memory at once. */
#define TURN_BYTES (16u << 20)

/* The records handed over: their bytes stand one behind the other in `bytes`. */
struct turn {
    persist_session *session;
    const persist_append *lost;
    int64_t until; /* monotonic, ns */
    persist_record *records;
    size_t count;
    size_t capacity;
    unsigned char *bytes;
    size_t size;
    size_t room;
};

/* A larger block, or NULL; *capacity counts elements. */
static void *larger(void *block, size_t *capacity, size_t needed, size_t element)
{
    size_t grown = *capacity > 0 ? *capacity : 16;
    void *to;

    while (grown < needed)
        grown *= 2;
    to = lite_host.resize(block, grown * element);
    if (to != NULL)
        *capacity = grown;
    return to;
}

static persist_status turn_given_up(const struct turn *turn, const char *why)
{
    return lite_fail(turn->session->call, PERSIST_CONFLICT,
                     "other commits came first, and %s: run it again", why);
}

static persist_status turn_in_time(const struct turn *turn)
{
    if (lite_host.monotonic() < turn->until)
        return PERSIST_OK;
    return turn_given_up(turn, "looking at them took too long");
}

/* Copies the record that the statement stands on. `data` is an offset until all are there,
 * since the block moves. */
static persist_status turn_add(struct turn *turn, sqlite3_stmt *row)
{
    persist_bytes data = lite_column_bytes(row, 2);

    if (turn->count >= turn->lost->max_turn_records)
        return turn_given_up(turn, "they are too many to be looked at under the lock");
    if (data.size > TURN_BYTES - turn->size)
        return turn_given_up(turn, "they are too large to be looked at under the lock");
    if (turn->count == turn->capacity) {
        void *to = larger(turn->records, &turn->capacity, turn->count + 1, sizeof(persist_record));

        if (to == NULL)
            return lite_no_memory(turn->session->call);
        turn->records = to;
    }
    if (turn->size + data.size > turn->room) {
        void *to = larger(turn->bytes, &turn->room, turn->size + data.size, 1);

        if (to == NULL)
            return lite_no_memory(turn->session->call);
        turn->bytes = to;
    }
    if (data.size > 0)
        memcpy(turn->bytes + turn->size, data.data, data.size);
    turn->records[turn->count++] = (persist_record){
        sqlite3_column_int64(row, 0), lite_column_digest(row, 1), {NULL, data.size}};
    turn->size += data.size;
    return turn_in_time(turn);
}

static void turn_place(struct turn *turn)
{
    size_t at = 0;

    for (size_t i = 0; i < turn->count; i++) {
        turn->records[i].data.data = turn->bytes != NULL ? turn->bytes + at : NULL;
        at += turn->records[i].data.size;
    }
}

static persist_status turn_read(struct turn *turn)
{
    persist_session *session = turn->session;
    sqlite3_stmt *row;
    persist_status status = lite_prepare(session, LITE_CHANGES, &row);
    int code = SQLITE_DONE;

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(row, 1, turn->lost->ns);
    sqlite3_bind_int64(row, 2, turn->lost->expected_head);
    while (status == PERSIST_OK && (code = lite_step(session, row)) == SQLITE_ROW)
        status = turn_add(turn, row);
    if (status == PERSIST_OK && code != SQLITE_DONE)
        status = lite_error(session, code, "reading the log");
    sqlite3_reset(row);
    turn_place(turn);
    return status;
}

/* Is what the host made of it an append to the row as locked? */
static persist_status turn_check(const struct turn *turn, const persist_clock *found,
                                 const persist_append *next)
{
    const persist_append *lost = turn->lost;

    if (next->ns == lost->ns && next->flags == lost->flags && next->epoch == found->epoch &&
        next->expected_head == found->head &&
        memcmp(&next->expected_digest, &found->head_digest, sizeof(found->head_digest)) == 0)
        return turn_in_time(turn);
    return lite_fail(turn->session->call, PERSIST_INVALID,
                     "the revalidated append expects the head %lld, but %lld is locked",
                     (long long)next->expected_head, (long long)found->head);
}

static persist_status turn_ask(const struct turn *turn, const persist_clock *found,
                               persist_append *next)
{
    const persist_append *lost = turn->lost;
    const persist_append *given = NULL;
    persist_status status =
        lost->revalidate(lost->context, found, turn->records, turn->count, &given);

    if (status == PERSIST_CONFLICT)
        return status; /* told already, by the lost compare */
    if (status != PERSIST_OK || given == NULL)
        return lite_fail(turn->session->call, status != PERSIST_OK ? status : PERSIST_INVALID,
                         "the append was given up when it was looked at again");
    lite_copy_in(next, sizeof(*next), given, given->size);
    return turn_check(turn, found, next);
}

persist_status lite_turn(persist_session *session, const persist_append *lost, int64_t since,
                         const persist_clock *found, persist_append *next)
{
    struct turn turn = {.session = session, .lost = lost};
    persist_status status = PERSIST_OK;

    turn.until =
        lost->max_turn_ns < INT64_MAX - since ? since + lost->max_turn_ns : PERSIST_NO_DEADLINE;
    if (found->log_floor > lost->expected_head)
        return turn_given_up(&turn, "the log does not reach back to them");
    status = turn_read(&turn);
    /* None: the head went back, or another took its place. The host will find out. */
    if (status == PERSIST_OK && turn.count == 0)
        status = turn_given_up(&turn, "the log does not have them");
    if (status == PERSIST_OK)
        status = turn_ask(&turn, found, next);
    lite_host.release(turn.records);
    lite_host.release(turn.bytes);
    return status;
}
