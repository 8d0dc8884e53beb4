/* SPDX-License-Identifier: MIT */
/* What SQLite's result codes mean to the host. */
#include "plugins/sqlite/sqlite.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct meaning {
    int code;
    persist_status status;
    uint32_t flags;
    const char *remedy;
};

static const struct meaning meanings[] = {
    {SQLITE_FULL, PERSIST_FULL, 0, "free space on the disk, or raise the quota"},
    {SQLITE_READONLY, PERSIST_READ_ONLY, 0,
     "allow the file and its folder to be written, or open the store read-only"},
    /* A page that could not be read is told in the same way as one that is damaged. */
    {SQLITE_CORRUPT, PERSIST_DAMAGED, 0,
     "look at the disk and the system's log; if it stays so, restore the file from a backup"},
    {SQLITE_NOTADB, PERSIST_DAMAGED, 0,
     "look at the disk and the system's log; if it stays so, restore the file from a backup"},
    {SQLITE_BUSY, PERSIST_BUSY, PERSIST_RETRYABLE, "another process holds it: try again"},
    {SQLITE_LOCKED, PERSIST_BUSY, PERSIST_RETRYABLE, "another session holds it: try again"},
    {SQLITE_NOMEM, PERSIST_NO_MEMORY, 0, "free memory"},
    {SQLITE_TOOBIG, PERSIST_LIMIT, 0, "write less at once"},
    {SQLITE_IOERR, PERSIST_IO, PERSIST_SESSION_DEAD, "look at the disk and the system's log"},
    {SQLITE_PERM, PERSIST_READ_ONLY, 0, "allow the file to be read and written"},
    {SQLITE_AUTH, PERSIST_READ_ONLY, 0, "allow the file to be read and written"},
    {SQLITE_PROTOCOL, PERSIST_BUSY, PERSIST_RETRYABLE, "too many use it at once: try again"},
};

static persist_status fail_va(const persist_call *call, persist_status status,
                              persist_error_detail *detail, const char *format, va_list args)
{
    char text[PATH_MAX + 512];

    vsnprintf(text, sizeof(text), format, args);
    detail->size = sizeof(*detail);
    detail->text = text;
    lite_host.set_error(call, detail);
    return status;
}

static persist_status fail(const persist_call *call, persist_status status,
                           persist_error_detail *detail, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static persist_status fail(const persist_call *call, persist_status status,
                           persist_error_detail *detail, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail_va(call, status, detail, format, args);
    va_end(args);
    return status;
}

persist_status lite_fail(const persist_call *call, persist_status status, const char *format, ...)
{
    persist_error_detail detail = {.flags = status == PERSIST_CONFLICT ? PERSIST_RETRYABLE : 0};
    va_list args;

    va_start(args, format);
    fail_va(call, status, &detail, format, args);
    va_end(args);
    return status;
}

persist_status lite_no_memory(const persist_call *call)
{
    return lite_fail(call, PERSIST_NO_MEMORY, "out of memory");
}

/* A file that cannot be opened: the system's errno tells why. */
static struct meaning cannot_open(int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
        return (struct meaning){0, PERSIST_IO, PERSIST_RETRYABLE,
                                "no file descriptor is left: raise the limit (ulimit -n) or "
                                "pool.max is too high"};
    case EACCES:
    case EPERM:
    case EROFS:
        return (struct meaning){0, PERSIST_READ_ONLY, 0,
                                "allow the file and its folder to be read and written"};
    case ENOENT:
    case ENOTDIR:
        return (struct meaning){0, PERSIST_NOT_FOUND, 0, "make the store with `persist init`"};
    default:
        return (struct meaning){0, PERSIST_IO, 0, "look at the file and its folder"};
    }
}

/* An interrupt, a deadline that ends a wait or a run, or neither. */
static persist_status stopped(const persist_session *session, persist_status otherwise)
{
    const persist_call *call = session->call;

    if (atomic_load(&session->interrupted))
        return PERSIST_INTERRUPTED;
    if (call->deadline != PERSIST_NO_DEADLINE && lite_host.monotonic() >= call->deadline)
        return PERSIST_TIMEOUT;
    return otherwise;
}

static struct meaning meaning_of(const persist_session *session, int code)
{
    struct meaning meaning = {code, PERSIST_INTERNAL, 0, "this is a fault of the backend"};

    if ((code & 0xff) == SQLITE_CANTOPEN)
        meaning = cannot_open(sqlite3_system_errno(session->db));
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (meanings[i].code == (code & 0xff))
            meaning = meanings[i];
    if ((code & 0xff) == SQLITE_INTERRUPT)
        meaning = (struct meaning){code, stopped(session, PERSIST_INTERRUPTED), 0,
                                   "it was asked to stop, or its time was over"};
    else if (meaning.status == PERSIST_BUSY)
        meaning.status = stopped(session, PERSIST_BUSY);
    if (code == SQLITE_IOERR_NOMEM)
        meaning = (struct meaning){code, PERSIST_NO_MEMORY, 0, "free memory"};
    if ((code & 0xff) == SQLITE_IOERR && sqlite3_system_errno(session->db) == EMFILE)
        meaning = cannot_open(EMFILE);
    return meaning;
}

static persist_status tell(persist_session *session, int code, const char *doing, uint32_t flags)
{
    struct meaning meaning = meaning_of(session, code);
    persist_error_detail detail = {.flags = meaning.flags | flags, .vendor_code = code};
    const char *path = session->store->place.memory ? ":memory:" : session->store->place.path;
    int system = sqlite3_system_errno(session->db);
    bool named = system != 0 && meaning.status == PERSIST_IO;

    return fail(session->call, meaning.status, &detail, "%s: %s: %s (SQLite %d)%s%s: %s", path,
                doing, sqlite3_errstr(code), code, named ? ": " : "", named ? strerror(system) : "",
                meaning.remedy);
}

persist_status lite_error(persist_session *session, int code, const char *doing)
{
    return tell(session, code, doing, 0);
}

/*
 * A COMMIT that failed with the transaction still open, for want of space or of a right
 * to write, did not happen: its last frame is not in the log. With any other failure,
 * above all of the sync, that frame may be there to be found after a crash.
 */
persist_status lite_commit_error(persist_session *session, int code)
{
    int base = code & 0xff;
    bool known =
        !sqlite3_get_autocommit(session->db) || base == SQLITE_FULL || base == SQLITE_READONLY;

    return tell(session, code, "committing",
                known ? 0 : PERSIST_MAYBE_COMMITTED | PERSIST_SESSION_DEAD);
}
