/* SPDX-License-Identifier: MIT */
/*
 * persist_example.so, a backend to begin yours with. It keeps everything in memory and
 * writes each change to the end of one file, from which memory is filled again when the
 * store is opened.
 *
 *   log.c     the file: entries with checksums, written and read back
 *   state.c   memory: what the entries add up to
 *   ops.c     what is done with data: the table persist_store_ops
 *   plugin.c  life, admin, and the tables that make it a plugin
 *
 * THE ORDER OF A CHANGE. It is checked against memory, then encoded as one entry, then
 * written and synced, and only then applied to memory, by the same code that applies it
 * when the file is read back. So memory never shows what the file could lose, and after a
 * crash it is what it was.
 *
 * LOCKING. One mutex per store, taken in example_enter and given back in example_leave,
 * guards everything in it. That makes each reply of one moment and each change atomic.
 * Another process cannot have the file open: it is locked while the store is.
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <persist/plugin.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#define EXAMPLE_KEY_BYTES 2048
#define EXAMPLE_NAME_BYTES 64
#define EXAMPLE_VALUE_BYTES (4 << 20)
#define EXAMPLE_APPEND_BYTES (8 << 20)
#define EXAMPLE_APPEND_VERSIONS 4096
#define EXAMPLE_READ_KEYS 4096
#define EXAMPLE_SESSIONS 64

/* The host's table, as far as this plugin knows it. Set by load, then constant. */
extern persist_host example_host;

/* ---- log.c: the file */

/* An entry being made, or being read: numbers are little-endian, bytes follow their size. */
struct entry {
    unsigned char *data;
    size_t size;
    size_t capacity; /* while it is made */
    size_t at;       /* while it is read: what comes next */
    bool bad;        /* out of memory, or shorter than what was asked of it */
};

void example_put_number(struct entry *entry, uint64_t number);
void example_put_bytes(struct entry *entry, persist_bytes bytes);
void example_put_digest(struct entry *entry, const persist_digest *digest);
uint64_t example_get_number(struct entry *entry);
persist_bytes example_get_bytes(struct entry *entry);
persist_digest example_get_digest(struct entry *entry);

struct log {
    int fd;          /* -1: closed */
    int64_t end;     /* size of the file as far as it is whole */
    int64_t made_at; /* when the header was written; 0: there is none yet */
    bool failed;     /* it is not known what the file holds: open it again */
};

/* Opens and locks the file. Statuses: as store_open. */
persist_status example_log_open(const persist_call *call, struct log *log, const char *path,
                                uint32_t flags);
void example_log_close(struct log *log);
/* Makes an empty file a store. */
persist_status example_log_make(const persist_call *call, struct log *log);
/* Adds an entry and syncs; the file is as before if it fails, unless `failed` is set. */
persist_status example_log_add(const persist_call *call, struct log *log,
                               const struct entry *entry);
/* Hands out each entry, from the first. The taker owns entry->data. An entry cut short by a
 * crash is the end of the file; one that is damaged within is DAMAGED. */
typedef persist_status (*example_take_entry)(void *context, struct entry *entry);
persist_status example_log_read(const persist_call *call, struct log *log, bool may_cut,
                                example_take_entry take, void *context);

/* ---- state.c: memory */

struct version {
    persist_bytes key; /* key and value lie in an entry that the store keeps */
    persist_bytes value;
    int64_t timestamp;
    uint32_t flags;
};

struct space {
    struct space *next; /* by name */
    uint32_t id;
    char name[EXAMPLE_NAME_BYTES + 1];
    persist_clock clock;
    char *moved_to;
    persist_pin *pins; /* one block with their names */
    size_t n_pins;
    struct version *versions; /* by key, and within a key newest first */
    size_t n_versions, version_room;
    persist_record *records; /* oldest first */
    size_t n_records, record_room;
};

struct meta {
    struct meta *next;
    uint32_t ns;
    char *name;
    persist_bytes value;
};

/* An entry's bytes, kept because versions and records point into them. */
struct kept {
    struct kept *next;
    unsigned char *data;
};

struct persist_backend {
    pthread_mutex_t lock;
    struct log log;
    struct space *spaces;
    struct meta *meta;
    struct kept *kept;
    uint32_t last_ns;    /* highest id ever given */
    uint64_t last_epoch; /* highest epoch ever set */
    uint32_t sessions;
};

/* What a change is: the first number of its entry. */
enum change { CHANGE_CREATE = 1, CHANGE_DROP, CHANGE_APPEND, CHANGE_CONTROL, CHANGE_META };

/* Makes an entry of a change. */
void example_encode_create(struct entry *entry, uint32_t id, uint64_t epoch,
                           const persist_namespace_spec *spec);
void example_encode_drop(struct entry *entry, uint32_t id);
void example_encode_append(struct entry *entry, const persist_append *append);
void example_encode_control(struct entry *entry, uint32_t id, const persist_control *control);
void example_encode_meta(struct entry *entry, uint32_t ns, const char *name,
                         const persist_bytes *value);
/* Applies an entry, which it takes over: DAMAGED if it makes no sense, NO_MEMORY. It has the
 * form of example_take_entry, the context being the store. */
persist_status example_apply(void *store, struct entry *entry);
void example_state_free(persist_backend *store);

int example_compare(persist_bytes a, persist_bytes b);
struct space *example_space(persist_backend *store, uint32_t id);
struct meta *example_meta(persist_backend *store, uint32_t ns, const char *name);
/* Index of the first version at or behind (key, timestamp); n_versions: there is none. */
size_t example_find(const struct space *space, persist_bytes key, int64_t timestamp);

/* ---- plugin.c: what every operation begins and ends with */

struct persist_session {
    persist_backend *store;
    atomic_bool interrupted;
};

persist_status example_enter(const persist_call *call, persist_session *session);
void example_leave(persist_session *session);
/* To be asked in every loop: OK, INTERRUPTED or TIMEOUT. */
persist_status example_go_on(const persist_call *call, persist_session *session);
/* Tells the host what a failure was; returns the status. */
persist_status example_fail(const persist_call *call, persist_status status, const char *format,
                            ...) __attribute__((format(printf, 3, 4)));
/* Copies a sized struct into `to`, zeros where it was shorter. */
void example_copy_in(void *to, size_t capacity, const void *from, size_t size);

/* ---- ops.c */

extern const persist_store_ops example_store;

#endif
