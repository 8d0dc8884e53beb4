/* SPDX-License-Identifier: MIT */
/*
 * What somebody would write by hand in place of persist: one table of versions in SQLite,
 * one prepared insert a transaction, prepared selects. It has the pragmas that the SQLite
 * backend sets. peer.c says how it is driven.
 */
#include "tools/bench/figures.h"

#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CACHE_KIB 65536
/* No connection of many has less. */
#define CACHE_LEAST_KIB 512

enum statement { BEGIN, COMMIT, INSERT, GET, SCAN, STATEMENTS };
static const char *const texts[STATEMENTS] = {
    [BEGIN] = "BEGIN",
    [COMMIT] = "COMMIT",
    [INSERT] = "INSERT INTO kv (key, ts, value) VALUES (?, ?, ?)",
    [GET] = "SELECT ts, value FROM kv WHERE key = ? AND ts <= ? ORDER BY ts DESC LIMIT 1",
    [SCAN] = "SELECT key, ts, value FROM kv WHERE key >= ? ORDER BY key, ts DESC LIMIT ?",
};

struct connection {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
};

struct request {
    char work[32];
    bool power;
    bool new_keys;
    double seconds;
    uint64_t seed;
};

struct peer {
    char path[4096];
    uint64_t keys;
    bool loaded;
    _Atomic uint64_t next;     /* number of the next new key */
    _Atomic int64_t timestamp; /* of the newest version */
    struct connection many[FIGURES_CALLERS];
    bool new_keys; /* what the callers put */
    char fault[300];
};

static volatile unsigned char taken;

/* ---- connections */

static bool fail(struct peer *peer, const struct connection *connection, const char *what)
{
    snprintf(peer->fault, sizeof peer->fault, "%.200s: %.80s", what,
             sqlite3_errmsg(connection->db));
    return false;
}

static void disconnect(struct connection *connection)
{
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(connection->statements[i]);
    sqlite3_close(connection->db);
    *connection = (struct connection){0};
}

/* `share`: how many connections the cache is for. */
static bool set_up(struct peer *peer, struct connection *connection, bool power, unsigned share)
{
    char sql[600];
    unsigned cache = CACHE_KIB / share;
    snprintf(sql, sizeof sql,
             "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = %s;"
             "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -%u; PRAGMA mmap_size = 0;"
             "PRAGMA wal_autocheckpoint = 10000; PRAGMA journal_size_limit = 67108864;"
             "CREATE TABLE IF NOT EXISTS kv (key BLOB NOT NULL, ts INTEGER NOT NULL,"
             " value BLOB NOT NULL);"
             "CREATE UNIQUE INDEX IF NOT EXISTS kv_newest ON kv (key, ts DESC);",
             power ? "FULL" : "NORMAL", cache > CACHE_LEAST_KIB ? cache : CACHE_LEAST_KIB);
    sqlite3_busy_timeout(connection->db, 60000);
    if (sqlite3_exec(connection->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return fail(peer, connection, "setting up");
    for (int i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(connection->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &connection->statements[i], NULL) != SQLITE_OK)
            return fail(peer, connection, texts[i]);
    return true;
}

static bool connect_to(struct peer *peer, struct connection *connection, bool power, unsigned share)
{
    *connection = (struct connection){0};
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(peer->path, &connection->db, flags, NULL) != SQLITE_OK)
        return fail(peer, connection, peer->path);
    return set_up(peer, connection, power, share);
}

/* Runs a statement that gives no rows. */
static bool run(struct peer *peer, struct connection *connection, enum statement id)
{
    sqlite3_stmt *statement = connection->statements[id];
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_BUSY)
        sqlite3_reset(statement);
    bool good = code == SQLITE_DONE || fail(peer, connection, texts[id]);
    sqlite3_reset(statement);
    return good;
}

/* ---- writing */

static bool insert(struct peer *peer, struct connection *connection, uint64_t number,
                   uint64_t random)
{
    unsigned char key[FIGURES_KEY], value[FIGURES_VALUE];
    sqlite3_stmt *statement = connection->statements[INSERT];
    figures_key(number, key);
    figures_value(random, value);
    sqlite3_bind_blob(statement, 1, key, sizeof key, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, atomic_fetch_add(&peer->timestamp, 1) + 1);
    sqlite3_bind_blob(statement, 3, value, sizeof value, SQLITE_STATIC);
    bool good = run(peer, connection, INSERT);
    /* The bytes end with this call. */
    sqlite3_clear_bindings(statement);
    return good;
}

/* An overwrite is one more version of a key that is there. */
static bool put(struct peer *peer, struct connection *connection, bool new_keys, uint64_t random)
{
    uint64_t number =
        new_keys ? atomic_fetch_add(&peer->next, 1) : random % (peer->keys ? peer->keys : 1);
    return insert(peer, connection, number, random);
}

static bool load(struct peer *peer, struct connection *connection)
{
    bool good = true;
    for (uint64_t at = 0; at < peer->keys && good; at += FIGURES_LOAD) {
        good = run(peer, connection, BEGIN);
        for (uint64_t i = at; i < peer->keys && i < at + FIGURES_LOAD && good; i++)
            good = insert(peer, connection, i, i);
        good = good && run(peer, connection, COMMIT);
    }
    peer->loaded = good;
    return good;
}

typedef bool (*work)(struct peer *peer, struct connection *connection,
                     const struct request *request, double *figure);

static bool work_put(struct peer *peer, struct connection *connection,
                     const struct request *request, double *figure)
{
    struct figures_timer timer;
    uint64_t state = request->seed;
    bool good = true;
    figures_start(&timer, request->seconds);
    for (; good && figures_more(&timer); timer.done++)
        good = put(peer, connection, request->new_keys, figures_random(&state));
    *figure = figures_rate(&timer);
    return good;
}

static bool work_put_batch(struct peer *peer, struct connection *connection,
                           const struct request *request, double *figure)
{
    struct figures_timer timer;
    uint64_t state = request->seed;
    bool good = true;
    figures_start(&timer, request->seconds);
    for (; good && figures_more(&timer); timer.done += FIGURES_BATCH) {
        good = run(peer, connection, BEGIN);
        for (unsigned i = 0; i < FIGURES_BATCH && good; i++)
            good = put(peer, connection, request->new_keys, figures_random(&state));
        good = good && run(peer, connection, COMMIT);
    }
    *figure = figures_rate(&timer);
    return good;
}

static bool step(void *context, unsigned caller, uint64_t random)
{
    struct peer *peer = context;
    return put(peer, &peer->many[caller], peer->new_keys, random);
}

static bool work_put_callers(struct peer *peer, struct connection *connection,
                             const struct request *request, double *figure)
{
    struct figures_callers callers = {.n = FIGURES_CALLERS,
                                      .seconds = request->seconds,
                                      .seed = request->seed,
                                      .step = step,
                                      .context = peer};
    bool good = true;
    (void)connection;
    peer->new_keys = request->new_keys;
    for (unsigned i = 0; i < FIGURES_CALLERS && good; i++)
        good = connect_to(peer, &peer->many[i], request->power, FIGURES_CALLERS);
    good = good && figures_run_callers(&callers) && !*peer->fault;
    for (unsigned i = 0; i < FIGURES_CALLERS; i++)
        disconnect(&peer->many[i]);
    *figure = callers.rate;
    return good;
}

/* ---- reading */

static bool get(struct peer *peer, struct connection *connection, uint64_t random)
{
    unsigned char key[FIGURES_KEY];
    sqlite3_stmt *statement = connection->statements[GET];
    figures_key(random % peer->keys, key);
    sqlite3_bind_blob(statement, 1, key, sizeof key, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, INT64_MAX);
    bool good = sqlite3_step(statement) == SQLITE_ROW;
    if (good)
        taken = *(const unsigned char *)sqlite3_column_blob(statement, 1);
    else
        fail(peer, connection, texts[GET]);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return good;
}

static bool work_get(struct peer *peer, struct connection *connection,
                     const struct request *request, bool held, double *figure)
{
    struct figures_timer timer;
    uint64_t state = request->seed;
    bool good = true;
    figures_start(&timer, request->seconds);
    for (; good && figures_more(&timer); timer.done += FIGURES_READS) {
        good = !held || run(peer, connection, BEGIN);
        for (unsigned i = 0; i < FIGURES_READS && good; i++)
            good = get(peer, connection, figures_random(&state));
        good = good && (!held || run(peer, connection, COMMIT));
    }
    *figure = figures_rate(&timer);
    return good;
}

static bool work_get_autocommit(struct peer *peer, struct connection *connection,
                                const struct request *request, double *figure)
{
    return work_get(peer, connection, request, false, figure);
}

static bool work_get_held(struct peer *peer, struct connection *connection,
                          const struct request *request, double *figure)
{
    return work_get(peer, connection, request, true, figure);
}

static bool scan(struct peer *peer, struct connection *connection, uint64_t random, uint64_t *rows)
{
    unsigned char key[FIGURES_KEY] = {0};
    sqlite3_stmt *statement = connection->statements[SCAN];
    int code;
    if (peer->keys > FIGURES_SCAN)
        figures_key(random % peer->keys, key);
    sqlite3_bind_blob(statement, 1, key, sizeof key, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, FIGURES_SCAN);
    for (; (code = sqlite3_step(statement)) == SQLITE_ROW; ++*rows)
        taken = *(const unsigned char *)sqlite3_column_blob(statement, 2);
    bool good = code == SQLITE_DONE || fail(peer, connection, texts[SCAN]);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return good;
}

static bool work_scan(struct peer *peer, struct connection *connection,
                      const struct request *request, double *figure)
{
    struct figures_timer timer;
    uint64_t state = request->seed;
    bool good = true;
    figures_start(&timer, request->seconds);
    while (good && figures_more(&timer))
        good = scan(peer, connection, figures_random(&state), &timer.done);
    *figure = figures_rate(&timer);
    return good;
}

static bool work_open(struct peer *peer, struct connection *connection,
                      const struct request *request, double *figure)
{
    struct figures_timer timer;
    bool good = true;
    (void)connection;
    figures_start(&timer, request->seconds);
    for (; good && figures_more(&timer); timer.done++) {
        struct connection another;
        good = connect_to(peer, &another, request->power, 1) && get(peer, &another, 0);
        disconnect(&another);
    }
    *figure = 1000 / figures_rate(&timer);
    return good;
}

/* ---- requests */

static const struct {
    const char *name;
    work fn;
} works[] = {
    {"put", work_put},
    {"put-callers", work_put_callers},
    {"put-batch", work_put_batch},
    {"get-autocommit", work_get_autocommit},
    {"get-held", work_get_held},
    {"scan", work_scan},
    {"open", work_open},
};

/* WORK DURABILITY KEYS SECONDS SEED; peer.c. */
static bool parse(char *line, struct request *request)
{
    char *rest = NULL, *end;
    const char *name = strtok_r(line, " \n", &rest);
    const char *durability = strtok_r(NULL, " \n", &rest);
    const char *keys = strtok_r(NULL, " \n", &rest);
    if (!keys || strlen(name) >= sizeof request->work)
        return false;
    memcpy(request->work, name, strlen(name) + 1);
    request->power = strcmp(durability, "power") == 0;
    request->new_keys = strcmp(keys, "new") == 0;
    request->seconds = strtod(rest, &end);
    bool good = end != rest;
    rest = end;
    request->seed = strtoull(rest, &end, 10);
    return good && end != rest;
}

static bool answer(struct peer *peer, const struct request *request, double *figure)
{
    struct connection connection;
    work fn = NULL;
    for (size_t i = 0; i < sizeof works / sizeof *works; i++)
        if (strcmp(works[i].name, request->work) == 0)
            fn = works[i].fn;
    *peer->fault = '\0';
    if (!fn) {
        snprintf(peer->fault, sizeof peer->fault, "there is no work %s", request->work);
        return false;
    }
    bool good = connect_to(peer, &connection, request->power, 1) &&
                (peer->loaded || load(peer, &connection)) && fn(peer, &connection, request, figure);
    disconnect(&connection);
    return good;
}

static void serve(struct peer *peer)
{
    char line[200];
    while (fgets(line, sizeof line, stdin)) {
        struct request request = {.seed = 0};
        double figure = 0;
        if (!parse(line, &request))
            printf("! the request is not understood\n");
        else if (answer(peer, &request, &figure))
            printf("= %.9g\n", figure);
        else
            printf("! %s\n", *peer->fault ? peer->fault : "out of memory");
        fflush(stdout);
    }
}

static void remove_files(const struct peer *peer)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char path[sizeof peer->path + 8];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", peer->path, suffixes[i]);
        unlink(path);
    }
}

int main(int argc, char **argv)
{
    static struct peer peer;
    if (argc != 3) {
        fprintf(stderr, "usage: %s FOLDER KEYS, works on standard input\n", argv[0]);
        return 2;
    }
    snprintf(peer.path, sizeof peer.path, "%s/peer-%ld.db", argv[1], (long)getpid());
    peer.keys = strtoull(argv[2], NULL, 10);
    atomic_init(&peer.next, peer.keys);
    atomic_init(&peer.timestamp, 0);
    /* What stops the command ends the input: then the files are removed. */
    signal(SIGINT, SIG_IGN);
    serve(&peer);
    remove_files(&peer);
    return 0;
}
