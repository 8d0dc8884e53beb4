/* SPDX-License-Identifier: MIT */
/*
 * One thread and an event loop: 300 transactions under way at once, each adding one to one
 * of 100 counters. Those that conflict are begun again.
 *
 * Prints:
 *     300 transactions committed
 *     the counters add up to 300
 */
#include "tests/examples/example.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/*! [quote] */
enum { TRANSACTIONS = 300, COUNTERS = 100 };

/* One transaction, and what its calls fill: all of it stays until they have completed. */
struct adding {
    persist_store *store;
    persist_queue *queue;
    char key[24];
    enum { BEGUN, READ, COMMITTED } waits_for;
    persist_tx *tx;
    persist_row row;
    persist_error *error;
};

static persist_status add_begin(struct adding *adding)
{
    adding->waits_for = BEGUN;
    return persist_begin_async(adding->store, NULL, &adding->tx, adding->error, adding->queue,
                               adding);
}

static persist_status add_one(struct adding *adding, persist_status read)
{
    char text[24];
    long count = 0;
    if (read == PERSIST_OK) {
        snprintf(text, sizeof text, "%.*s", (int)adding->row.value.size,
                 (const char *)adding->row.value.data);
        count = strtol(text, NULL, 10);
    } else if (read != PERSIST_NOT_FOUND) {
        return read;
    }
    snprintf(text, sizeof text, "%ld", count + 1);
    return persist_put(adding->tx, persist_text(adding->key), persist_text(text), adding->error);
}

/* The call it waited for has completed with `status`: makes the next one. END: it is done. */
static persist_status add_go_on(struct adding *adding, persist_status status)
{
    switch (adding->waits_for) {
    case BEGUN:
        if (status != PERSIST_OK)
            return status;
        adding->waits_for = READ;
        return persist_get_async(adding->tx, persist_text(adding->key), &adding->row, adding->error,
                                 adding->queue, adding);
    case READ:
        status = add_one(adding, status); /* asks nobody, so it has no asynchronous form */
        if (status != PERSIST_OK)
            return status;
        adding->waits_for = COMMITTED;
        return persist_commit_async(adding->tx, NULL, adding->error, adding->queue, adding);
    case COMMITTED:
        break;
    }
    persist_tx_free(adding->tx);
    adding->tx = NULL;
    if (status == PERSIST_OK)
        return PERSIST_END;
    return persist_error_retryable(adding->error) ? add_begin(adding) : status;
}

/* Until all are done. A program adds descriptors of its own to `epoll`. */
static persist_status loop(persist_queue *queue, int epoll, int *committed)
{
    struct epoll_event event;
    persist_completion completion = {.size = sizeof completion};
    while (*committed < TRANSACTIONS) {
        epoll_wait(epoll, &event, 1, -1);
        while (persist_queue_next(queue, 0, &completion) == PERSIST_OK) {
            persist_status status = add_go_on(completion.tag, completion.status);
            if (status == PERSIST_END)
                ++*committed;
            else if (status != PERSIST_OK)
                return status;
        }
    }
    return PERSIST_OK;
}

static persist_status add_all(persist_store *store, persist_queue *queue, int *committed)
{
    static struct adding all[TRANSACTIONS];
    struct epoll_event event = {.events = EPOLLIN};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    persist_status status = PERSIST_OK;
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, persist_queue_fd(queue), &event))
        status = PERSIST_IO;
    for (int i = 0; i < TRANSACTIONS && status == PERSIST_OK; i++) {
        all[i] = (struct adding){.store = store,
                                 .queue = queue,
                                 .row = {.size = sizeof all[i].row},
                                 .error = persist_error_new()};
        snprintf(all[i].key, sizeof all[i].key, "counter/%d", i % COUNTERS);
        status = add_begin(&all[i]);
    }
    if (status == PERSIST_OK)
        status = loop(queue, epoll, committed);
    persist_queue_free(queue); /* waits for what is still under way, after a failure */
    for (int i = 0; i < TRANSACTIONS; i++) {
        persist_tx_free(all[i].tx);
        persist_error_free(all[i].error);
    }
    if (epoll >= 0)
        close(epoll);
    return status;
}
/*! [quote] */

static persist_status add_up(persist_store *store, persist_error *error)
{
    persist_tx *tx = NULL;
    persist_cursor *cursor = NULL;
    persist_row row = {.size = sizeof row};
    char text[24];
    long sum = 0;
    persist_status status = persist_begin(store, NULL, &tx, error);
    if (status == PERSIST_OK)
        status = persist_scan(tx, NULL, &cursor, error);
    while (status == PERSIST_OK) {
        status = persist_cursor_next(cursor, &row, error);
        if (status != PERSIST_OK)
            break;
        snprintf(text, sizeof text, "%.*s", (int)row.value.size, (const char *)row.value.data);
        sum += strtol(text, NULL, 10);
    }
    persist_tx_free(tx);
    if (status != PERSIST_END)
        return status;
    printf("the counters add up to %ld\n", sum);
    return PERSIST_OK;
}

persist_status example(persist_store *store, persist_error *error)
{
    persist_queue *queue;
    int committed = 0;
    persist_status status = persist_queue_new(&queue, error);
    if (status == PERSIST_OK)
        status = add_all(store, queue, &committed);
    if (status != PERSIST_OK)
        return status;
    printf("%d transactions committed\n", committed);
    return add_up(store, error);
}
