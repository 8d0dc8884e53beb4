/* SPDX-License-Identifier: MIT */
#include "tests/faults/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static struct {
    _Atomic bool armed, fired;
    enum shim_kind kind;
    long at;
    bool for_good;
    int error;
    char path[256];
    _Atomic long count;
} shim;

EXPORT void shim_arm(enum shim_kind kind, long at, bool for_good, int error, const char *path)
{
    shim.kind = kind;
    shim.at = at;
    shim.for_good = for_good;
    shim.error = error;
    shim.path[0] = '\0';
    strncat(shim.path, path, sizeof shim.path - 1);
    shim.count = 0;
    shim.fired = false;
    shim.armed = true;
}

EXPORT long shim_disarm(void)
{
    shim.armed = false;
    return shim.count;
}

EXPORT bool shim_fired(void)
{
    return shim.fired;
}

/* Counts a call of the kind; true if it is to fail. */
static bool hits(enum shim_kind kind)
{
    if (!shim.armed || shim.kind != kind)
        return false;
    long count = ++shim.count;
    if (!shim.at || (shim.for_good ? count < shim.at : count != shim.at))
        return false;
    shim.fired = true;
    errno = shim.error;
    return true;
}

static bool hits_file(enum shim_kind kind, int fd)
{
    char link[32], path[256];
    int error = errno;
    if (!shim.armed || shim.kind != kind)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path);
    errno = error;
    return size >= (ssize_t)strlen(shim.path) && memcmp(path, shim.path, strlen(shim.path)) == 0 &&
           hits(kind);
}

/* The next library's function of the name. */
#define NEXT(name)                             \
    static __typeof__(name) *next;             \
    if (!next) {                               \
        void *found = dlsym(RTLD_NEXT, #name); \
        memcpy(&next, &found, sizeof next);    \
    }

/* ---- allocations. What is asked for while the next allocator is looked for comes from
 * here; it is never given back. */

static char early[4096];
static size_t early_used;

static void *early_alloc(size_t size)
{
    size_t at = early_used;
    size = (size + 15) & ~(size_t)15;
    if (size > sizeof early - at)
        return NULL;
    early_used += size;
    return early + at;
}

static bool is_early(const void *memory)
{
    return (uintptr_t)memory - (uintptr_t)early < sizeof early;
}

static struct {
    bool looking, found;
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
} memory;

static bool find_memory(void)
{
    void *found[4];
    if (memory.found || memory.looking)
        return memory.found;
    memory.looking = true;
    found[0] = dlsym(RTLD_NEXT, "malloc");
    found[1] = dlsym(RTLD_NEXT, "calloc");
    found[2] = dlsym(RTLD_NEXT, "realloc");
    found[3] = dlsym(RTLD_NEXT, "free");
    memcpy(&memory.malloc, &found[0], sizeof found[0]);
    memcpy(&memory.calloc, &found[1], sizeof found[1]);
    memcpy(&memory.realloc, &found[2], sizeof found[2]);
    memcpy(&memory.free, &found[3], sizeof found[3]);
    memory.found = true;
    return true;
}

EXPORT void *malloc(size_t size)
{
    if (!find_memory())
        return early_alloc(size);
    return hits(SHIM_ALLOCATION) ? NULL : memory.malloc(size);
}

EXPORT void *calloc(size_t n, size_t size)
{
    if (!find_memory())
        return early_alloc(n * size);
    return hits(SHIM_ALLOCATION) ? NULL : memory.calloc(n, size);
}

EXPORT void *realloc(void *old, size_t size)
{
    if (!find_memory())
        return NULL;
    return hits(SHIM_ALLOCATION) ? NULL : memory.realloc(old, size);
}

EXPORT void free(void *old)
{
    if (old && !is_early(old) && find_memory())
        memory.free(old);
}

/* ---- files */

EXPORT ssize_t write(int fd, const void *data, size_t size)
{
    NEXT(write)
    return hits_file(SHIM_WRITE, fd) ? -1 : next(fd, data, size);
}

EXPORT ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    NEXT(pwrite)
    return hits_file(SHIM_WRITE, fd) ? -1 : next(fd, data, size, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    NEXT(pwrite64)
    return hits_file(SHIM_WRITE, fd) ? -1 : next(fd, data, size, offset);
}

EXPORT int ftruncate(int fd, off_t size)
{
    NEXT(ftruncate)
    return hits_file(SHIM_WRITE, fd) ? -1 : next(fd, size);
}

EXPORT int ftruncate64(int fd, off64_t size)
{
    NEXT(ftruncate64)
    return hits_file(SHIM_WRITE, fd) ? -1 : next(fd, size);
}

EXPORT int fsync(int fd)
{
    NEXT(fsync)
    return hits_file(SHIM_SYNC, fd) ? -1 : next(fd);
}

EXPORT int fdatasync(int fd)
{
    NEXT(fdatasync)
    return hits_file(SHIM_SYNC, fd) ? -1 : next(fd);
}

EXPORT ssize_t read(int fd, void *data, size_t size)
{
    NEXT(read)
    return hits_file(SHIM_READ, fd) ? -1 : next(fd, data, size);
}

EXPORT ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
    NEXT(pread)
    return hits_file(SHIM_READ, fd) ? -1 : next(fd, data, size, offset);
}

EXPORT ssize_t pread64(int fd, void *data, size_t size, off64_t offset)
{
    NEXT(pread64)
    return hits_file(SHIM_READ, fd) ? -1 : next(fd, data, size, offset);
}
