/* SPDX-License-Identifier: MIT */
/*
 * A backend with one fault, to prove that the conformance kit finds it: it passes every call
 * on to another plugin (BROKEN_INNER, a path), and bends the request or the reply as
 * BROKEN says. Without that it bends nothing.
 */
#ifndef TESTS_CONFORMANCE_BROKEN_H
#define TESTS_CONFORMANCE_BROKEN_H

#include <persist/plugin.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct persist_backend {
    persist_backend *inner;
    unsigned number;   /* how many were open before it */
    unsigned sessions; /* opened so far */
};

struct persist_session {
    persist_session *inner;
    persist_backend *store;
    unsigned number; /* of the store's sessions, from 0 */
    unsigned long thread;
    bool interrupted;
    bool has_seen;
    persist_clock seen;
};

extern const persist_plugin *inner; /* the plugin behind */
extern const persist_host *host;

/* Is this the fault? */
bool fault(const char *name);

extern const persist_store_ops broken_store;
/* What the head reports, and how a call is let in: shared by the tables. */
persist_status broken_enter(persist_call *call, const persist_call *given,
                            persist_session *session);

#endif
