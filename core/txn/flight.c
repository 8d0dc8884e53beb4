/* SPDX-License-Identifier: MIT */
/*
 * LOCKING. A transaction with an operation in flight is not freed, and the operation ends
 * under flights.lock: whoever holds that lock may cancel the transactions listed. Below it
 * come the locks that cancelling takes (of the call, of the commit queue, of the executor)
 * and that of the completion queue.
 */
#include "core/txn/flight.h"

void flights_init(struct flights *flights)
{
    *flights = (struct flights){0};
    pthread_mutex_init(&flights->lock, NULL);
    pthread_cond_init(&flights->landed, NULL);
}

void flights_destroy(struct flights *flights)
{
    pthread_cond_destroy(&flights->landed);
    pthread_mutex_destroy(&flights->lock);
}

persist_status flight_begin(struct flights *flights, struct flight *flight, persist_tx *tx,
                            persist_error *error)
{
    persist_status status = PERSIST_OK;
    pthread_mutex_lock(&flights->lock);
    if (flights->closing)
        status = error_set(error, PERSIST_MISUSE, "the store is being closed");
    else if (tx && atomic_exchange(&tx->in_flight, true))
        status = error_set(error, PERSIST_MISUSE,
                           "another operation on the transaction has not completed");
    if (status == PERSIST_OK) {
        *flight = (struct flight){.next = flights->list, .tx = tx};
        if (flights->list)
            flights->list->before = flight;
        flights->list = flight;
    }
    pthread_mutex_unlock(&flights->lock);
    return status;
}

void flight_end(struct flights *flights, struct flight *flight, void (*tell)(void *context),
                void *context)
{
    pthread_mutex_lock(&flights->lock);
    if (flight->before)
        flight->before->next = flight->next;
    else
        flights->list = flight->next;
    if (flight->next)
        flight->next->before = flight->before;
    if (flight->tx)
        atomic_store(&flight->tx->in_flight, false);
    if (tell)
        tell(context);
    pthread_cond_broadcast(&flights->landed);
    pthread_mutex_unlock(&flights->lock);
}

void flights_land(struct flights *flights)
{
    pthread_mutex_lock(&flights->lock);
    flights->closing = true;
    for (struct flight *flight = flights->list; flight; flight = flight->next)
        if (flight->tx)
            persist_cancel(flight->tx);
    while (flights->list)
        pthread_cond_wait(&flights->landed, &flights->lock);
    flights->closing = false;
    pthread_mutex_unlock(&flights->lock);
}

void flights_land_tx(struct flights *flights, persist_tx *tx)
{
    if (!atomic_load(&tx->in_flight))
        return;
    persist_cancel(tx);
    pthread_mutex_lock(&flights->lock);
    while (atomic_load(&tx->in_flight))
        pthread_cond_wait(&flights->landed, &flights->lock);
    pthread_mutex_unlock(&flights->lock);
}
