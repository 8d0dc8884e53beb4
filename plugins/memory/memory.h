/* SPDX-License-Identifier: MIT */
/*
 * persist_memory.so, the worked example of a backend and the reading of
 * persist/plugin.h that the other backends are compared with. It favours being plain
 * over being fast.
 *
 *   map.c        versions and records of one namespace: two ordered trees
 *   namespace.c  namespaces, their control fields, small keys
 *   data.c       read, scan, changes, append
 *   plugin.c     life, admin, and the tables that make it a plugin
 *
 * LOCKING. One reader-writer lock per store guards everything in it. Every operation
 * takes it once, in memory_enter, and gives it back in memory_leave: that alone makes a
 * reply of one moment and an append atomic. Callbacks of the host run under the lock;
 * they copy and return.
 */
#ifndef PLUGINS_MEMORY_MEMORY_H
#define PLUGINS_MEMORY_MEMORY_H

#include <persist/plugin.h>

#include <bsd/sys/tree.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

#define MEMORY_KEY_BYTES 2048
#define MEMORY_NAME_BYTES 64

/* One version; the bytes stand behind the struct. Key and value of a version on the
 * stack that only serves to search point elsewhere. */
struct version {
    RB_ENTRY(version) link;
    struct version *staged; /* next one of an append under way */
    persist_bytes key;
    persist_bytes value;
    int64_t timestamp;
    uint32_t flags;
};

/* Ordered by key, and within a key newest first: the newest version <= t of a key is
 * the first one at or behind (key, t). */
RB_HEAD(version_tree, version);

struct record {
    RB_ENTRY(record) link;
    int64_t timestamp;
    persist_digest digest;
    persist_bytes data;
};

RB_HEAD(record_tree, record);

/* A small unversioned key. */
struct meta {
    SLIST_ENTRY(meta) link;
    persist_bytes value;
    char *name;
};

SLIST_HEAD(meta_list, meta);

/* Pins as a control set them: one block, names behind the array. */
struct pins {
    size_t count;
    persist_pin pin[];
};

struct namespace
{
    LIST_ENTRY(namespace) link;
    uint32_t id;
    char name[MEMORY_NAME_BYTES + 1];
    persist_clock clock; /* size is that of this build */
    char *moved_to;      /* NULL: nowhere */
    struct pins *pins;   /* NULL: none */
    struct version_tree versions;
    struct record_tree records;
    struct meta_list meta;
};

struct persist_backend {
    pthread_rwlock_t lock;
    LIST_HEAD(, namespace) namespaces; /* by name */
    struct meta_list meta;             /* of the whole store */
    uint32_t last_ns;                  /* highest id ever given: none is used again */
    uint64_t last_epoch;               /* highest epoch ever set, of any namespace */
};

struct persist_session {
    persist_backend *store;
    atomic_bool interrupted;
};

/* The host's table, as far as this build knows it. Set by load, then constant. */
extern persist_host memory_host;

/* ---- plugin.c: what every operation begins and ends with */

/* Forgets an interrupt that came before the call, and takes the lock. INTERRUPTED and
 * TIMEOUT without it. */
persist_status memory_enter(const persist_call *call, persist_session *session, bool write);
void memory_leave(persist_session *session);
/* To be asked in every loop: OK, INTERRUPTED or TIMEOUT. */
persist_status memory_go_on(const persist_call *call, persist_session *session);
/* Tells the host what a failure was; returns the status. */
persist_status memory_fail(const persist_call *call, persist_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
persist_status memory_no_memory(const persist_call *call);
/* Copies a sized struct of the host's into `to`, zeros where it was shorter. */
void memory_copy_in(void *to, size_t capacity, const void *from, size_t size);

/* ---- map.c */

int memory_compare(persist_bytes a, persist_bytes b);
/* First version at or behind (key, timestamp) in the order of the tree, or NULL. */
struct version *memory_version_at(struct namespace *ns, persist_bytes key, int64_t timestamp);
/* Newest version <= timestamp of the key, or NULL. */
struct version *memory_visible(struct namespace *ns, persist_bytes key, int64_t timestamp);
/* First version of the lowest key >= key, or of the highest key < key; an empty key
 * stands before all keys in the first, behind all in the second. NULL: no such key. */
struct version *memory_key_from(struct namespace *ns, persist_bytes key);
struct version *memory_key_before(struct namespace *ns, persist_bytes key);
/* The next version in the order of the tree if it is of the same key, else NULL. */
struct version *memory_older(struct version *version);
/* A copy, not yet in the tree; NULL without memory. */
struct version *memory_version_new(const persist_version *from);
/* False, and nothing changed, if (key, timestamp) is there already. */
bool memory_version_add(struct namespace *ns, struct version *version);
void memory_version_remove(struct namespace *ns, struct version *version);

struct record *memory_record_new(const persist_record *from);
void memory_record_add(struct namespace *ns, struct record *record);
/* The record with the lowest timestamp > after, or NULL. */
struct record *memory_record_after(struct namespace *ns, int64_t after);
struct record *memory_record_next(struct record *record);
void memory_anchors(struct namespace *ns, persist_anchor *anchors, size_t count);
/* Frees every version and record. */
void memory_map_free(struct namespace *ns);

/* ---- namespace.c */

/* NULL, and the error told, if there is none. */
struct namespace *memory_namespace(const persist_call *call, persist_session *session, uint32_t id);
/* Fills what the host's clock->size reaches. A NULL clock is left alone. */
void memory_clock_out(const struct namespace *ns, persist_clock *clock);
void memory_namespaces_free(persist_backend *store);

persist_status memory_namespace_list(const persist_call *call, persist_session *session,
                                     persist_on_namespace take, void *context);
persist_status memory_namespace_create(const persist_call *call, persist_session *session,
                                       const persist_namespace_spec *spec, uint32_t *id);
persist_status memory_namespace_drop(const persist_call *call, persist_session *session,
                                     uint32_t id);
persist_status memory_head(const persist_call *call, persist_session *session, uint32_t id,
                           persist_clock *clock, persist_on_control take, void *context);
persist_status memory_control(const persist_call *call, persist_session *session, uint32_t id,
                              const persist_control *control, persist_clock *clock);
persist_status memory_meta_get(const persist_call *call, persist_session *session, uint32_t id,
                               const char *name, persist_on_version take, void *context);
persist_status memory_meta_put(const persist_call *call, persist_session *session, uint32_t id,
                               const char *name, const persist_bytes *value);

/* ---- data.c */

persist_status memory_read(const persist_call *call, persist_session *session,
                           const persist_read *read, persist_clock *clock, persist_on_version take,
                           void *context);
persist_status memory_scan(const persist_call *call, persist_session *session,
                           const persist_scan_range *range, persist_clock *clock,
                           persist_on_version take, void *context, int *more);
persist_status memory_changes(const persist_call *call, persist_session *session,
                              const persist_changes *changes, persist_clock *clock,
                              persist_on_record take, void *context, int *more);
persist_status memory_append(const persist_call *call, persist_session *session,
                             const persist_append *append, persist_clock *clock);

#endif
