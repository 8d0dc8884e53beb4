/* SPDX-License-Identifier: MIT */
/*
 * Cancelling a call from another thread. The owner passes its struct cancel to the calls
 * it makes, one at a time; cancel_request interrupts the one that runs, or else the next.
 */
#ifndef CORE_SESSION_CANCEL_H
#define CORE_SESSION_CANCEL_H

#include "core/base/error.h"

#include <pthread.h>

struct cancel {
    pthread_mutex_t lock; /* over all below; held while the plugin's interrupt is called,
                             so that the session cannot go to somebody else meanwhile */
    void (*interrupt)(persist_session *session);
    persist_session *session; /* NULL: no call runs */
    bool wanted;
};

void cancel_init(struct cancel *cancel);
void cancel_destroy(struct cancel *cancel);
/* Any thread. */
void cancel_request(struct cancel *cancel);

/* Around each call, by its thread. False: it was cancelled before it began. */
bool cancel_enter(struct cancel *cancel, persist_session *session,
                  void (*interrupt)(persist_session *session));
void cancel_leave(struct cancel *cancel);
/* Takes back a request that no call has seen; true if there was one. */
bool cancel_take(struct cancel *cancel);

#endif
