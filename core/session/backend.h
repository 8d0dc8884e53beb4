/* SPDX-License-Identifier: MIT */
/*
 * An opened store of a plugin, and the one place where plugins are called.
 *
 * The core owns the pool of sessions, the plugin what a session is. Every operation
 * takes a session, calls, and gives it back; nothing holds one between two calls. A
 * session whose call failed in a way that may have left something behind is reset, and
 * closed if that fails or the plugin says it is dead.
 *
 * Any thread may call any function here, but open and close.
 */
#ifndef CORE_SESSION_BACKEND_H
#define CORE_SESSION_BACKEND_H

#include "core/base/error.h"
#include "core/loader/loader.h"
#include "core/session/cancel.h"
#include "core/session/pool.h"

struct backend;

struct backend_options {
    const char *url;
    const persist_settings *settings; /* live until backend_close */
    persist_durability durability;
    uint32_t flags;         /* PERSIST_OPEN_... */
    uint32_t sessions;      /* most sessions at once, > 0 */
    uint32_t idle_sessions; /* so many stay open while idle; the rest is closed after: */
    int64_t idle_timeout;   /* ns; 0: never */
};

/* Opens the store. Statuses: those of persist_life.store_open. */
persist_status backend_open(const struct plugin *plugin, const struct backend_options *options,
                            int64_t deadline, struct backend **out, persist_error *error);
/* Closes sessions and store; no call may be running. NULL is allowed. */
void backend_close(struct backend *backend);
/* Frees the memory and leaves engine and sessions alone: for a forked child. */
void backend_abandon(struct backend *backend);

const struct plugin *backend_plugin(const struct backend *backend);
/* What descriptor and opened store both promise. */
uint64_t backend_caps(const struct backend *backend);
const persist_limits *backend_limits(const struct backend *backend);

/* What its pool does; any time. */
void backend_gauges(struct backend *backend, struct pool_gauges *gauges);
/* Closes sessions that have been idle for too long, for a backend that nobody calls. */
void backend_tidy(struct backend *backend);
/* At the begin and the end of each thread of the host's own that calls functions here.
 * Without OK the thread must not call any, nor leave. */
persist_status backend_thread_enter(struct backend *backend, persist_error *error);
void backend_thread_leave(struct backend *backend);

/* The operations of persist_store_ops and persist_admin_ops: statuses and meaning there.
 * A `take` that fails ends the call with its status; it keeps its own error. Clocks and requests
 * need no size: it is set here. `cancel` may be NULL; INTERRUPTED if it was asked for. */
persist_status backend_namespace_list(struct backend *backend, int64_t deadline,
                                      persist_on_namespace take, void *context,
                                      persist_error *error);
persist_status backend_namespace_create(struct backend *backend, int64_t deadline,
                                        const persist_namespace_spec *spec, uint32_t *ns,
                                        persist_error *error);
persist_status backend_namespace_drop(struct backend *backend, int64_t deadline, uint32_t ns,
                                      persist_error *error);
persist_status backend_head(struct backend *backend, int64_t deadline, uint32_t ns,
                            persist_clock *clock, persist_error *error);
persist_status backend_read(struct backend *backend, int64_t deadline, struct cancel *cancel,
                            persist_read *read, persist_clock *clock, persist_on_version take,
                            void *context, persist_error *error);
persist_status backend_scan(struct backend *backend, int64_t deadline, struct cancel *cancel,
                            persist_scan_range *range, persist_clock *clock,
                            persist_on_version take, void *context, int *more,
                            persist_error *error);
persist_status backend_changes(struct backend *backend, int64_t deadline, persist_changes *changes,
                               persist_clock *clock, persist_on_record take, void *context,
                               int *more, persist_error *error);
persist_status backend_append(struct backend *backend, int64_t deadline, persist_append *append,
                              persist_clock *clock, persist_error *error);
persist_status backend_migrate_plan(struct backend *backend, int64_t deadline,
                                    persist_on_migration take, void *context, persist_error *error);
persist_status backend_migrate_apply(struct backend *backend, int64_t deadline,
                                     persist_on_migration done, void *context,
                                     persist_error *error);
persist_status backend_stats(struct backend *backend, int64_t deadline, persist_on_stat take,
                             void *context, persist_error *error);

#endif
