/* SPDX-License-Identifier: MIT */
/*
 * The file. It begins with a header of 32 bytes:
 *
 *     "persist example" and NUL | format, 8 bytes | time it was made, 8 bytes
 *
 * Behind it stand entries, each a frame of 16 bytes and a body:
 *
 *     size of the body, 8 bytes | its CRC-32C, 4 | CRC-32C of the 12 bytes before, 4
 *
 * A crash can leave the last entry unfinished: it was not acknowledged, so it is dropped. It
 * ends behind the file, or fills it to its end with a wrong body, or is all zeros. Whatever
 * else is wrong is damage, and refused.
 */
#include "example.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_SIZE 32
#define FORMAT 1
#define FRAME_SIZE 16
/* Beyond any append with its overhead: a greater size is damage. */
#define BODY_MOST (64 << 20)

static const char magic[16] = "persist example";

/* ---- entries */

static bool reserve(struct entry *entry, size_t more)
{
    size_t room = entry->capacity > 0 ? entry->capacity : 256;
    unsigned char *data;

    if (entry->bad || entry->capacity - entry->size >= more)
        return !entry->bad;
    while (room - entry->size < more)
        room *= 2;
    data = example_host.resize(entry->data, room);
    if (data == NULL) {
        entry->bad = true;
        return false;
    }
    entry->data = data;
    entry->capacity = room;
    return true;
}

static void encode(unsigned char *to, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[i] = (unsigned char)(number >> (8 * i));
}

static uint64_t decode(const unsigned char *from, int bytes)
{
    uint64_t number = 0;

    for (int i = 0; i < bytes; i++)
        number |= (uint64_t)from[i] << (8 * i);
    return number;
}

static void put(struct entry *entry, const void *data, size_t size)
{
    if (size > 0 && reserve(entry, size)) {
        memcpy(entry->data + entry->size, data, size);
        entry->size += size;
    }
}

void example_put_number(struct entry *entry, uint64_t number)
{
    unsigned char bytes[8];

    encode(bytes, number, 8);
    put(entry, bytes, sizeof(bytes));
}

void example_put_bytes(struct entry *entry, persist_bytes bytes)
{
    example_put_number(entry, bytes.size);
    put(entry, bytes.data, bytes.size);
}

void example_put_digest(struct entry *entry, const persist_digest *digest)
{
    put(entry, digest->bytes, sizeof(digest->bytes));
}

/* The next bytes of an entry, or NULL, and `bad`, if it has not that many. */
static const unsigned char *get(struct entry *entry, size_t size)
{
    const unsigned char *data = entry->data + entry->at;

    if (entry->bad || entry->size - entry->at < size) {
        entry->bad = true;
        return NULL;
    }
    entry->at += size;
    return data;
}

uint64_t example_get_number(struct entry *entry)
{
    const unsigned char *data = get(entry, 8);

    return data != NULL ? decode(data, 8) : 0;
}

persist_bytes example_get_bytes(struct entry *entry)
{
    uint64_t size = example_get_number(entry);
    const unsigned char *data = size <= SIZE_MAX ? get(entry, (size_t)size) : NULL;

    return data != NULL ? (persist_bytes){data, (size_t)size} : (persist_bytes){"", 0};
}

persist_digest example_get_digest(struct entry *entry)
{
    persist_digest digest = {{0}};
    const unsigned char *data = get(entry, sizeof(digest.bytes));

    if (data != NULL)
        memcpy(digest.bytes, data, sizeof(digest.bytes));
    return digest;
}

/* ---- opening */

static persist_status no_store(const persist_call *call, const char *path)
{
    return example_fail(call, PERSIST_NOT_FOUND,
                        "there is no store at %s: make one with "
                        "`persist init`",
                        path);
}

static persist_status open_failed(const persist_call *call, const char *path)
{
    persist_status status = errno == ENOENT                      ? PERSIST_NOT_FOUND
                            : errno == EACCES || errno == EROFS  ? PERSIST_READ_ONLY
                            : errno == ENOSPC || errno == EDQUOT ? PERSIST_FULL
                            : errno == ENOMEM                    ? PERSIST_NO_MEMORY
                                                                 : PERSIST_IO;

    return status == PERSIST_NOT_FOUND
               ? no_store(call, path)
               : example_fail(call, status, "cannot open %s: %s", path, strerror(errno));
}

/* An empty file is one that is yet to be made a store. */
static persist_status read_header(const persist_call *call, struct log *log, const char *path,
                                  bool migrate)
{
    unsigned char header[HEADER_SIZE];
    ssize_t got = pread(log->fd, header, sizeof(header), 0);

    if (got < 0)
        return example_fail(call, PERSIST_IO, "cannot read %s: %s", path, strerror(errno));
    if (got == 0)
        return migrate ? PERSIST_OK : no_store(call, path);
    if (got < HEADER_SIZE || memcmp(header, magic, sizeof(magic)) != 0)
        return example_fail(call, PERSIST_FOREIGN, "%s was not made by this plugin", path);
    if (decode(header + 16, 8) != FORMAT)
        return example_fail(call, PERSIST_FORMAT, "%s has format %llu, this plugin knows %d", path,
                            (unsigned long long)decode(header + 16, 8), FORMAT);
    log->made_at = (int64_t)decode(header + 24, 8);
    log->end = HEADER_SIZE;
    return PERSIST_OK;
}

persist_status example_log_open(const persist_call *call, struct log *log, const char *path,
                                uint32_t flags)
{
    bool migrate = (flags & PERSIST_OPEN_MIGRATE) != 0;
    bool reads = (flags & PERSIST_OPEN_READ_ONLY) != 0;
    persist_status status;

    *log = (struct log){
        .fd = open(path, (reads ? O_RDONLY : O_RDWR) | (migrate ? O_CREAT : 0) | O_CLOEXEC, 0666)};
    if (log->fd < 0)
        return open_failed(call, path);
    if (flock(log->fd, (reads ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0)
        status = example_fail(call, PERSIST_UNAVAILABLE,
                              "another process has %s open, or this one has: close it there", path);
    else
        status = read_header(call, log, path, migrate);
    if (status != PERSIST_OK)
        example_log_close(log);
    return status;
}

void example_log_close(struct log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}

/* ---- writing */

static bool write_all(int fd, const unsigned char *data, size_t size, int64_t at)
{
    while (size > 0) {
        ssize_t written = pwrite(fd, data, size, at);

        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            data += written;
            size -= (size_t)written;
            at += written;
        }
    }
    return true;
}

static persist_status write_failed(const persist_call *call, struct log *log)
{
    int code = errno;

    /* What came of the write must not be taken for an entry. */
    if (ftruncate(log->fd, log->end) != 0)
        log->failed = true;
    return example_fail(call, code == ENOSPC || code == EDQUOT ? PERSIST_FULL : PERSIST_IO,
                        "cannot write the file: %s", strerror(code));
}

/* After a failed sync nobody knows what is on disk: it may be there after all. */
static persist_status sync_failed(const persist_call *call, struct log *log)
{
    persist_error_detail detail = {.size = sizeof(detail),
                                   .flags = PERSIST_MAYBE_COMMITTED | PERSIST_SESSION_DEAD,
                                   .vendor_code = errno,
                                   .text = "cannot sync the file: open the store again"};

    log->failed = true;
    example_host.set_error(call, &detail);
    return PERSIST_IO;
}

static persist_status add(const persist_call *call, struct log *log, const unsigned char *data,
                          size_t size)
{
    if (log->failed)
        return example_fail(call, PERSIST_IO, "an earlier write failed: open the store again");
    if (!write_all(log->fd, data, size, log->end))
        return write_failed(call, log);
    if (fdatasync(log->fd) != 0)
        return sync_failed(call, log);
    log->end += (int64_t)size;
    return PERSIST_OK;
}

persist_status example_log_make(const persist_call *call, struct log *log)
{
    unsigned char header[HEADER_SIZE];
    int64_t now = example_host.wall();
    persist_status status;

    memcpy(header, magic, sizeof(magic));
    encode(header + 16, FORMAT, 8);
    encode(header + 24, (uint64_t)now, 8);
    status = add(call, log, header, sizeof(header));
    if (status == PERSIST_OK)
        log->made_at = now;
    return status;
}

/* Frame and body in one write. */
persist_status example_log_add(const persist_call *call, struct log *log, const struct entry *entry)
{
    unsigned char *whole = entry->bad ? NULL : example_host.alloc(FRAME_SIZE + entry->size);
    persist_status status;

    if (whole == NULL)
        return example_fail(call, PERSIST_NO_MEMORY, "out of memory");
    encode(whole, entry->size, 8);
    encode(whole + 8, example_host.crc32c(0, entry->data, entry->size), 4);
    encode(whole + 12, example_host.crc32c(0, whole, 12), 4);
    memcpy(whole + FRAME_SIZE, entry->data, entry->size);
    status = add(call, log, whole, FRAME_SIZE + entry->size);
    example_host.release(whole);
    return status;
}

/* ---- reading back */

static persist_status damaged(const persist_call *call, const struct log *log)
{
    return example_fail(call, PERSIST_DAMAGED, "the entry at byte %lld of the file is damaged",
                        (long long)log->end);
}

/* Reads and checks the frame at log->end; `left` bytes are left of the file. NOT_FOUND: the
 * file ends before its entry does. */
static persist_status read_frame(const persist_call *call, struct log *log, int64_t left,
                                 unsigned char frame[FRAME_SIZE])
{
    static const unsigned char zeros[FRAME_SIZE];

    if (left < FRAME_SIZE)
        return PERSIST_NOT_FOUND;
    if (pread(log->fd, frame, FRAME_SIZE, log->end) != FRAME_SIZE)
        return example_fail(call, PERSIST_IO, "cannot read the file: %s", strerror(errno));
    if (memcmp(frame, zeros, FRAME_SIZE) == 0)
        return PERSIST_NOT_FOUND;
    if (decode(frame + 12, 4) != example_host.crc32c(0, frame, 12) || decode(frame, 8) > BODY_MOST)
        return damaged(call, log);
    return (int64_t)decode(frame, 8) <= left - FRAME_SIZE ? PERSIST_OK : PERSIST_NOT_FOUND;
}

/* The entry at log->end, or NOT_FOUND. */
static persist_status read_entry(const persist_call *call, struct log *log, int64_t file_size,
                                 struct entry *entry)
{
    unsigned char frame[FRAME_SIZE];
    int64_t left = file_size - log->end;
    persist_status status = read_frame(call, log, left, frame);
    size_t size;

    if (status != PERSIST_OK)
        return status;
    size = (size_t)decode(frame, 8);
    *entry = (struct entry){.data = example_host.alloc(size + 1), .size = size};
    if (entry->data == NULL)
        return example_fail(call, PERSIST_NO_MEMORY, "out of memory");
    if (pread(log->fd, entry->data, size, log->end + FRAME_SIZE) != (ssize_t)size)
        return example_fail(call, PERSIST_IO, "cannot read the file: %s", strerror(errno));
    if (example_host.crc32c(0, entry->data, size) == decode(frame + 8, 4))
        return PERSIST_OK;
    return (int64_t)size == left - FRAME_SIZE ? PERSIST_NOT_FOUND : damaged(call, log);
}

persist_status example_log_read(const persist_call *call, struct log *log, bool may_cut,
                                example_take_entry take, void *context)
{
    struct stat st;
    persist_status status = PERSIST_OK;

    if (fstat(log->fd, &st) != 0)
        return example_fail(call, PERSIST_IO, "cannot read the file: %s", strerror(errno));
    while (status == PERSIST_OK) {
        struct entry entry = {0};

        status = read_entry(call, log, st.st_size, &entry);
        if (status != PERSIST_OK) {
            example_host.release(entry.data);
            break;
        }
        log->end += (int64_t)(FRAME_SIZE + entry.size);
        status = take(context, &entry);
    }
    if (status != PERSIST_NOT_FOUND)
        return status;
    if (may_cut && log->end < st.st_size && ftruncate(log->fd, log->end) != 0)
        return example_fail(call, PERSIST_IO, "cannot drop what a crash cut short: %s",
                            strerror(errno));
    return PERSIST_OK;
}
