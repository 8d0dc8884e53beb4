/* SPDX-License-Identifier: MIT */
#include "core/txn/log.h"

#include "core/base/clock.h"
#include "core/codec/digest.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One round of catching up reads so many bytes of records at most. */
#define CATCH_UP_BYTES (UINT64_C(1) << 20)

void log_init(struct log *log, const persist_clock *clock, size_t window_max)
{
    *log = (struct log){.known = *clock,
                        .learnt = clock_monotonic(),
                        .window_floor = clock->head,
                        .window_max = window_max};
    pthread_mutex_init(&log->lock, NULL);
    log_note_time(log, clock);
}

static void drop_oldest(struct log *log)
{
    struct log_entry *entry = log->oldest;
    log->oldest = entry->next;
    if (log->oldest)
        log->oldest->before = NULL;
    else
        log->newest = NULL;
    log->window_floor = entry->timestamp;
    log->window_bytes -= entry->size;
    free(entry->record);
    free(entry);
}

void log_free(struct log *log)
{
    while (log->oldest)
        drop_oldest(log);
    pthread_mutex_destroy(&log->lock);
}

void log_known(struct log *log, persist_clock *clock)
{
    pthread_mutex_lock(&log->lock);
    *clock = log->known;
    pthread_mutex_unlock(&log->lock);
}

int64_t log_age(struct log *log)
{
    pthread_mutex_lock(&log->lock);
    int64_t learnt = log->learnt;
    pthread_mutex_unlock(&log->lock);
    return clock_monotonic() - learnt;
}

void log_note_time(struct log *log, const persist_clock *clock)
{
    if (!clock->engine_time)
        return;
    int64_t heard = clock_monotonic();
    pthread_mutex_lock(&log->lock);
    log->engine_time = clock->engine_time;
    log->engine_heard = heard;
    pthread_mutex_unlock(&log->lock);
}

int64_t log_lead(struct log *log)
{
    pthread_mutex_lock(&log->lock);
    int64_t engine_time = log->engine_time, heard = log->engine_heard;
    pthread_mutex_unlock(&log->lock);
    return engine_time ? clock_wall() - (engine_time + clock_monotonic() - heard) : 0;
}

/* Adds a record at the end of the window, under the lock; what does not fit leaves at the
 * other end. A record that could not be kept empties the window. */
static void push(struct log *log, int64_t timestamp, struct record *record, size_t size)
{
    struct log_entry *entry = record ? malloc(sizeof *entry) : NULL;
    if (!entry) {
        free(record);
        while (log->oldest)
            drop_oldest(log);
        log->window_floor = timestamp;
        return;
    }
    *entry = (struct log_entry){.before = log->newest,
                                .timestamp = timestamp,
                                .size = size + sizeof *entry,
                                .record = record};
    assert(!log->newest || log->newest->timestamp < timestamp);
    if (log->newest)
        log->newest->next = entry;
    else
        log->oldest = entry;
    log->newest = entry;
    log->window_bytes += entry->size;
    while (log->window_bytes > log->window_max)
        drop_oldest(log);
}

const struct log_entry *log_above(const struct log *log, int64_t timestamp)
{
    const struct log_entry *found = NULL;
    for (const struct log_entry *at = log->newest; at && at->timestamp > timestamp; at = at->before)
        found = at;
    return found;
}

persist_status log_decode(const persist_record *record, struct record **out, size_t *size,
                          persist_error *error)
{
    persist_digest digest;
    persist_status status;
    digest_hash128(record->data.data, record->data.size, &digest);
    if (digest_equal(&digest, &record->digest))
        status = record_decode(record->data, out, size, error);
    else
        status = error_set(error, PERSIST_DAMAGED, "its bytes do not have its digest");
    if (status != PERSIST_OK)
        error_prefix(error, "commit record at %" PRId64 ": ", record->timestamp);
    return status;
}

void log_appended(struct log *log, const persist_clock *clock, struct record *record, size_t size)
{
    pthread_mutex_lock(&log->lock);
    assert(clock->head > log->known.head);
    push(log, clock->head, record, size);
    log->known = *clock;
    log->learnt = clock_monotonic();
    pthread_mutex_unlock(&log->lock);
    log_note_time(log, clock);
}

persist_status log_next(struct log_chain *chain, const persist_record *data, struct record **out,
                        size_t *size, persist_error *error)
{
    struct record *record = NULL;
    persist_status status = log_decode(data, &record, size, error);
    if (status != PERSIST_OK)
        return status;
    if (chain->known && (record->predecessor != chain->timestamp ||
                         !digest_equal(&record->predecessor_digest, &chain->digest))) {
        free(record);
        return error_set(error, PERSIST_DIVERGED,
                         "the commit record at %" PRId64 " does not follow the one at %" PRId64
                         " that this process knew: the store was put back or failed over",
                         data->timestamp, chain->timestamp);
    }
    *chain = (struct log_chain){data->timestamp, data->digest, true};
    *out = record;
    return PERSIST_OK;
}

/* Catching up: the head the records have led to so far. */
struct catch_up {
    struct log *log;
    struct log_chain chain;
    persist_error error;
};

static persist_status take_record(void *context, const persist_record *data)
{
    struct catch_up *up = context;
    struct record *record = NULL;
    size_t size = 0;
    persist_status status = log_next(&up->chain, data, &record, &size, &up->error);
    if (status != PERSIST_OK)
        return status;
    pthread_mutex_lock(&up->log->lock);
    push(up->log, data->timestamp, record, size);
    pthread_mutex_unlock(&up->log->lock);
    return PERSIST_OK;
}

static persist_status head_mismatch(const struct catch_up *up, const persist_clock *clock,
                                    persist_error *error)
{
    return error_set(error, PERSIST_DIVERGED,
                     "the head is %" PRId64 ", but the log this process knew reaches %" PRId64
                     ": the store was put back or failed over",
                     clock->head, up->chain.timestamp);
}

static void follow_begin(struct catch_up *up, struct log *log)
{
    persist_clock known;
    log_known(log, &known);
    *up = (struct catch_up){.log = log, .chain = {known.head, known.head_digest, true}};
}

/* Takes what was not adopted out of the window again, under the lock. */
static void forget_newer(struct log *log)
{
    struct log_entry **at = &log->oldest;
    log->newest = NULL;
    while (*at && (*at)->timestamp <= log->known.head) {
        log->newest = *at;
        at = &(*at)->next;
    }
    struct log_entry *entry = *at;
    *at = NULL;
    while (entry) {
        struct log_entry *next = entry->next;
        log->window_bytes -= entry->size;
        free(entry->record);
        free(entry);
        entry = next;
    }
    if (log->window_floor > log->known.head)
        log->window_floor = log->known.head;
}

/* Adopts the clock row if the records led to its head; else forgets them. */
static persist_status follow_end(struct catch_up *up, const persist_clock *clock,
                                 persist_status status, persist_error *error)
{
    struct log *log = up->log;
    if (up->error.status != PERSIST_OK)
        status = error_copy(error, &up->error);
    else if (status == PERSIST_OK && (clock->head != up->chain.timestamp ||
                                      !digest_equal(&clock->head_digest, &up->chain.digest)))
        status = head_mismatch(up, clock, error);
    pthread_mutex_lock(&log->lock);
    if (status == PERSIST_OK) {
        log->known = *clock;
        log->learnt = clock_monotonic();
    } else {
        forget_newer(log);
    }
    pthread_mutex_unlock(&log->lock);
    if (status == PERSIST_OK)
        log_note_time(log, clock);
    error_clear(&up->error);
    return status;
}

persist_status log_follow(struct log *log, const persist_clock *clock,
                          const persist_record *records, size_t n_records, persist_error *error)
{
    struct catch_up up;
    persist_status status = PERSIST_OK;
    follow_begin(&up, log);
    for (size_t i = 0; i < n_records && status == PERSIST_OK; i++)
        status = take_record(&up, &records[i]);
    return follow_end(&up, clock, status, error);
}

persist_status log_catch_up(struct log *log, struct backend *backend, uint32_t ns, int64_t deadline,
                            persist_error *error)
{
    struct catch_up up;
    persist_clock clock;
    int more = 1;
    persist_status status = PERSIST_OK;
    follow_begin(&up, log);
    while (status == PERSIST_OK && more) {
        persist_changes changes = {
            .ns = ns, .after = up.chain.timestamp, .max_bytes = CATCH_UP_BYTES};
        status =
            backend_changes(backend, deadline, &changes, &clock, take_record, &up, &more, error);
    }
    return follow_end(&up, &clock, status, error);
}
