/* SPDX-License-Identifier: MIT */
#include "core/session/cancel.h"

void cancel_init(struct cancel *cancel)
{
    *cancel = (struct cancel){0};
    pthread_mutex_init(&cancel->lock, NULL);
}

void cancel_destroy(struct cancel *cancel)
{
    pthread_mutex_destroy(&cancel->lock);
}

void cancel_request(struct cancel *cancel)
{
    pthread_mutex_lock(&cancel->lock);
    cancel->wanted = true;
    if (cancel->session)
        cancel->interrupt(cancel->session);
    pthread_mutex_unlock(&cancel->lock);
}

bool cancel_enter(struct cancel *cancel, persist_session *session,
                  void (*interrupt)(persist_session *session))
{
    pthread_mutex_lock(&cancel->lock);
    bool wanted = cancel->wanted;
    cancel->wanted = false;
    if (!wanted) {
        cancel->session = session;
        cancel->interrupt = interrupt;
    }
    pthread_mutex_unlock(&cancel->lock);
    return !wanted;
}

/* A request that came while the call ran was meant for it, whether it still took effect
 * or not. */
void cancel_leave(struct cancel *cancel)
{
    pthread_mutex_lock(&cancel->lock);
    cancel->session = NULL;
    cancel->wanted = false;
    pthread_mutex_unlock(&cancel->lock);
}

bool cancel_take(struct cancel *cancel)
{
    pthread_mutex_lock(&cancel->lock);
    bool wanted = cancel->wanted;
    cancel->wanted = false;
    pthread_mutex_unlock(&cancel->lock);
    return wanted;
}
