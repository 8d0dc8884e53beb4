/* SPDX-License-Identifier: MIT */
/*
 * The file, judged before SQLite works on it. The file itself is never opened with
 * open(2) here once it may be a database: closing a descriptor drops every lock this
 * process holds on the file, those of other connections too. Bytes are read through
 * SQLite's own file layer, which knows.
 */
#include "plugins/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* SQLite's own bound of a path, less what it appends. */
#define PATH_LONGEST 500

static const struct {
    unsigned long magic;
    const char *name;
} network_systems[] = {
    {0x6969, "NFS"},      {0x517b, "SMB"},     {0xff534d42, "CIFS"},  {0xfe534d42, "SMB2"},
    {0x01021997, "9P"},   {0x5346414f, "AFS"}, {0x6b414653, "AFS"},   {0x73757245, "Coda"},
    {0x00c36400, "Ceph"}, {0x564c, "NCP"},     {0x7461636f, "OCFS2"},
};

/* Empty if it does not fit. */
static void join(const char *folder, const char *name, char out[PATH_MAX])
{
    const char *slash = strcmp(folder, "/") == 0 ? "" : "/";
    int length = snprintf(out, PATH_MAX, "%s%s%s", folder, slash, name);

    if (length >= PATH_MAX)
        out[0] = '\0';
}

/* realpath of what is there, or of the folder it is to be made in. */
static persist_status resolve(const persist_call *call, char path[PATH_MAX])
{
    char real[PATH_MAX];
    char folder[PATH_MAX];
    char *slash;
    const char *name = path;

    if (realpath(path, real) != NULL) {
        memcpy(path, real, strlen(real) + 1);
        return PERSIST_OK;
    }
    if (errno != ENOENT)
        return lite_fail(call, PERSIST_IO, "%s: %s", path, strerror(errno));
    memcpy(folder, path, strlen(path) + 1);
    slash = strrchr(folder, '/');
    if (slash != NULL) {
        name = path + (slash - folder) + 1;
        slash[slash == folder] = '\0';
    }
    if (*name == '\0')
        return lite_fail(call, PERSIST_CONFIG, "%s names a folder: name a file in it", path);
    if (realpath(slash != NULL ? folder : ".", real) == NULL)
        return lite_fail(call, PERSIST_NOT_FOUND, "%s: the folder %s: %s: make it", path, folder,
                         strerror(errno));
    join(real, name, folder);
    if (folder[0] == '\0')
        return lite_fail(call, PERSIST_CONFIG, "%s: the path is too long", path);
    memcpy(path, folder, strlen(folder) + 1);
    return PERSIST_OK;
}

static void folder_of(const char *path, char folder[PATH_MAX])
{
    char *slash;

    memcpy(folder, path, strlen(path) + 1);
    slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder] = '\0';
}

static persist_status check_system(const persist_call *call, const char *path, const char *folder)
{
    struct statfs system;

    if (statfs(folder, &system) != 0)
        return lite_fail(call, PERSIST_IO, "%s: %s", folder, strerror(errno));
    for (size_t i = 0; i < sizeof(network_systems) / sizeof(network_systems[0]); i++)
        if ((unsigned long)system.f_type == network_systems[i].magic)
            return lite_fail(call, PERSIST_UNSUPPORTED,
                             "%s is on a network file system (%s), where SQLite's locks cannot "
                             "be relied on: use a local disk, or set "
                             "sqlite.allow_network_filesystem if one machine alone uses it",
                             path, network_systems[i].name);
    return PERSIST_OK;
}

/* An empty file, so that its mode is ours and not SQLite's 0644. */
static persist_status make_file(const persist_call *call, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

    if (fd >= 0) {
        close(fd);
        return PERSIST_OK;
    }
    switch (errno) {
    case EEXIST:
        return PERSIST_OK; /* somebody else makes it too */
    case EACCES:
    case EPERM:
    case EROFS:
        return lite_fail(call, PERSIST_READ_ONLY,
                         "%s cannot be made: %s: allow its folder to be written", path,
                         strerror(errno));
    case ENOSPC:
    case EDQUOT:
        return lite_fail(call, PERSIST_FULL, "%s cannot be made: %s: free space", path,
                         strerror(errno));
    default:
        return lite_fail(call, PERSIST_IO, "%s cannot be made: %s", path, strerror(errno));
    }
}

/* Is it a file, and has it anything in it? Makes it if it is to be made. */
static persist_status check_kind(const persist_call *call, const persist_backend *store)
{
    const char *path = store->place.path;
    struct stat info;
    persist_status status = PERSIST_OK;

    if (stat(path, &info) != 0 && errno == ENOENT && store->migrating && !store->read_only) {
        status = make_file(call, path);
        if (status != PERSIST_OK)
            return status;
        errno = ENOENT;
    }
    if (stat(path, &info) != 0)
        return lite_fail(call, errno == ENOENT ? PERSIST_NOT_FOUND : PERSIST_IO,
                         errno == ENOENT ? "there is no store at %s: make it with `persist init`"
                                         : "%s cannot be looked at",
                         path);
    if (S_ISDIR(info.st_mode))
        return lite_fail(call, PERSIST_CONFIG, "%s is a folder: name a file in it", path);
    if (!S_ISREG(info.st_mode))
        return lite_fail(call, PERSIST_CONFIG, "%s is not a regular file: name one", path);
    if (info.st_size == 1) /* which SQLite would take for an empty one */
        return lite_fail(call, PERSIST_FOREIGN,
                         "%s is not an SQLite database; it was left untouched: name another file",
                         path);
    if (info.st_size == 0 && (!store->migrating || store->read_only))
        return lite_fail(call, PERSIST_NOT_FOUND, "%s is empty: make the store with `persist init`",
                         path);
    return PERSIST_OK;
}

static bool allowed(const char *path, int right)
{
    return faccessat(AT_FDCWD, path, right, AT_EACCESS) == 0;
}

/* May it be read, and written unless nothing is to be written? */
static persist_status check_rights(const persist_call *call, const persist_backend *store,
                                   const char *folder)
{
    const char *path = store->place.path;

    if (!allowed(path, R_OK))
        return lite_fail(call, PERSIST_IO, "%s may not be read: allow it to this user", path);
    if (store->read_only)
        return PERSIST_OK;
    if (!allowed(path, W_OK))
        return lite_fail(call, PERSIST_READ_ONLY,
                         "%s may not be written: allow it, or open the store with ?mode=ro", path);
    if (!allowed(folder, W_OK | X_OK))
        return lite_fail(call, PERSIST_READ_ONLY,
                         "the folder %s, where the log of %s has to stand, may not be written: "
                         "allow it, or open the store with ?mode=ro",
                         folder, path);
    return PERSIST_OK;
}

/* file:PATH with every byte escaped that could mean something in a URI. */
static void write_uri(persist_backend *store, bool immutable)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        "0123456789/._-";
    size_t at = (size_t)snprintf(store->file, sizeof(store->file), "file:");

    for (const char *c = store->place.path; *c != '\0'; c++)
        at += (size_t)snprintf(store->file + at, sizeof(store->file) - at,
                               strchr(plain, *c) != NULL ? "%c" : "%%%02X", (unsigned char)*c);
    snprintf(store->file + at, sizeof(store->file) - at, "%s", immutable ? "?immutable=1" : "");
}

/* Is there a log of the file? */
static bool stands_beside(const persist_backend *store, const char *suffix)
{
    char path[PATH_MAX + 16];
    struct stat info;

    snprintf(path, sizeof(path), "%s%s", store->place.path, suffix);
    return stat(path, &info) == 0 || errno != ENOENT;
}

/*
 * A log that cannot be opened where nothing may be written: without one there is no
 * writer either, and the file is read as it is.
 */
static bool must_be_immutable(const persist_backend *store, const char *folder)
{
    return store->read_only && !allowed(folder, W_OK | X_OK) && !stands_beside(store, "-wal");
}

persist_status lite_file_check(const persist_call *call, persist_backend *store, bool allow_network)
{
    char folder[PATH_MAX];
    persist_status status = resolve(call, store->place.path);

    if (status != PERSIST_OK)
        return status;
    if (strlen(store->place.path) > PATH_LONGEST)
        return lite_fail(call, PERSIST_CONFIG, "%s: the path has more than %d bytes",
                         store->place.path, PATH_LONGEST);
    folder_of(store->place.path, folder);
    if (!allow_network)
        status = check_system(call, store->place.path, folder);
    if (status == PERSIST_OK)
        status = check_kind(call, store);
    if (status == PERSIST_OK)
        status = check_rights(call, store, folder);
    write_uri(store, must_be_immutable(store, folder));
    store->open_flags = store->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    return status;
}

/*
 * A reader makes the log and its index if they are not there, and cannot remove them: that
 * takes the right to lock the file for writing. With an empty log nothing is in it that
 * would have to be copied, so a connection that may write, opened and closed, removes both
 * and leaves the file as it is. If others are at it, SQLite leaves the two alone.
 */
void lite_file_tidy(const persist_backend *store)
{
    char log[PATH_MAX + 16];
    char folder[PATH_MAX];
    struct stat info;
    sqlite3 *db = NULL;

    if (!store->read_only || store->place.memory || !store->was_open)
        return;
    folder_of(store->place.path, folder);
    snprintf(log, sizeof(log), "%s-wal", store->place.path);
    if (stat(log, &info) != 0 || info.st_size != 0 || !allowed(store->place.path, W_OK) ||
        !allowed(folder, W_OK | X_OK))
        return;
    if (sqlite3_open_v2(store->file, &db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI,
                        NULL) == SQLITE_OK)
        sqlite3_exec(db, "PRAGMA user_version", NULL, NULL, NULL);
    sqlite3_close(db);
}

/* ------------------------------------------------------------------------ identity */

#define HEADER_SIZE 100
static const char header_magic[16] = "SQLite format 3";

/* `settled`: there is no log that pages could still come from. */
static persist_status judge(const persist_call *call, const persist_backend *store,
                            const unsigned char *header, sqlite3_int64 size, bool settled)
{
    const char *path = store->place.path;
    size_t there = size < HEADER_SIZE ? (size_t)size : HEADER_SIZE;
    uint32_t page;
    uint32_t id;

    if (there == 0)
        return PERSIST_OK;
    if (memcmp(header, header_magic, there < 16 ? there : 16) != 0)
        return lite_fail(call, PERSIST_FOREIGN,
                         "%s is not an SQLite database; it was left untouched: name another file",
                         path);
    if (there < HEADER_SIZE)
        return lite_fail(call, PERSIST_DAMAGED,
                         "%s is cut off after %lld bytes: restore it from a backup", path,
                         (long long)size);
    id = (uint32_t)header[68] << 24 | (uint32_t)header[69] << 16 | (uint32_t)header[70] << 8 |
         header[71];
    if (id != LITE_APPLICATION_ID)
        return lite_fail(call, PERSIST_FOREIGN,
                         "%s is a database that persist did not make (application id %#x); it was "
                         "left untouched: name another file",
                         path, id);
    page = (uint32_t)header[16] << 8 | header[17];
    page = page == 1 ? 65536 : page;
    if (page == 0 || (settled && size % page != 0))
        return lite_fail(call, PERSIST_DAMAGED,
                         "%s is cut off within a page, after %lld bytes: restore it from a backup",
                         path, (long long)size);
    return PERSIST_OK;
}

static persist_status read_header(const persist_call *call, const persist_backend *store,
                                  sqlite3_file *file)
{
    unsigned char header[HEADER_SIZE] = {0};
    sqlite3_int64 size = 0;
    bool settled = !stands_beside(store, "-wal") && !stands_beside(store, "-journal");
    int code = file->pMethods->xFileSize(file, &size);

    if (code == SQLITE_OK && size > 0)
        code = file->pMethods->xRead(file, header, size < HEADER_SIZE ? (int)size : HEADER_SIZE, 0);
    if (code != SQLITE_OK)
        return lite_fail(call, PERSIST_IO, "%s: its header cannot be read (SQLite %d)",
                         store->place.path, code);
    return judge(call, store, header, size, settled);
}

persist_status lite_file_identify(const persist_call *call, persist_backend *store)
{
    persist_session probe = {.store = store, .call = call};
    sqlite3_file *file = NULL;
    persist_status status;
    int code = sqlite3_open_v2(store->file, &probe.db,
                               SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);

    if (probe.db == NULL)
        return lite_no_memory(call);
    sqlite3_extended_result_codes(probe.db, 1);
    if (code != SQLITE_OK)
        status = lite_error(&probe, sqlite3_extended_errcode(probe.db), "opening");
    else if (sqlite3_file_control(probe.db, "main", SQLITE_FCNTL_FILE_POINTER, &file) !=
                 SQLITE_OK ||
             file == NULL || file->pMethods == NULL)
        status = lite_fail(call, PERSIST_IO, "%s cannot be opened", store->place.path);
    else
        status = read_header(call, store, file);
    sqlite3_close(probe.db);
    return status;
}
