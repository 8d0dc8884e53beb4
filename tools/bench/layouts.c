/* SPDX-License-Identifier: MIT */
/*
 * Two ways to lay versions out in SQLite, measured side by side:
 *
 *   heads   documents_heads and documents with chains, as plugins/sqlite has them: the same
 *           tables, the same statements, the same order of them
 *   single  one table with a unique index by (namespace, key, timestamp descending)
 *
 * Every transaction moves a clock row and adds a record as well. The two alternate in each
 * of five rounds; what is printed are medians and their ratio (above 1: heads is faster).
 *
 *     layouts FOLDER [KEYS]
 *
 * FOLDER must be on a disk, and is left with two files, heads.db and single.db.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 5
#define CELL_S 0.25
#define VALUE_SIZE 100
#define KEY_SIZE 24

enum layout { HEADS, SINGLE, LAYOUTS };

enum sql {
    BEGIN,
    COMMIT,
    CLOCK,
    RECORD,
    ADD,
    HEAD,
    HEAD_ADD,
    HEAD_SET,
    JUMP,
    READ,
    VERSION,
    SCAN,
    SQL_COUNT
};

static const char common[] =
    "CREATE TABLE clock (namespace INTEGER PRIMARY KEY, head INTEGER NOT NULL);"
    "INSERT INTO clock VALUES (1, 0);"
    "CREATE TABLE commits (namespace INTEGER NOT NULL, timestamp INTEGER NOT NULL,"
    " digest BLOB NOT NULL, record BLOB NOT NULL, PRIMARY KEY (namespace, timestamp))"
    " WITHOUT ROWID;";

static const char *const schemas[LAYOUTS] = {
    [HEADS] =
        "CREATE TABLE documents (seq INTEGER PRIMARY KEY, namespace INTEGER NOT NULL,"
        " timestamp INTEGER NOT NULL, flags INTEGER NOT NULL, depth INTEGER NOT NULL,"
        " prev INTEGER, jump INTEGER, jump_timestamp INTEGER, key BLOB NOT NULL,"
        " value BLOB NOT NULL);"
        "CREATE TABLE documents_heads (namespace INTEGER NOT NULL, key BLOB NOT NULL,"
        " seq INTEGER NOT NULL, timestamp INTEGER NOT NULL, flags INTEGER NOT NULL,"
        " depth INTEGER NOT NULL, jump INTEGER, jump2 INTEGER,"
        " PRIMARY KEY (namespace, key)) WITHOUT ROWID;",
    [SINGLE] =
        "CREATE TABLE documents (namespace INTEGER NOT NULL, key BLOB NOT NULL,"
        " timestamp INTEGER NOT NULL, flags INTEGER NOT NULL, value BLOB NOT NULL);"
        "CREATE UNIQUE INDEX documents_key ON documents (namespace, key, timestamp DESC);",
};

static const char *const texts[LAYOUTS][SQL_COUNT] = {
    [HEADS] = {[BEGIN] = "BEGIN IMMEDIATE",
               [COMMIT] = "COMMIT",
               [CLOCK] =
                   "UPDATE clock SET head = ?1 WHERE namespace = 1 AND head = ?2 RETURNING head",
               [RECORD] = "INSERT INTO commits VALUES (1, ?1, zeroblob(16), ?2)",
               [ADD] = "INSERT INTO documents (namespace, key, timestamp, flags, depth, prev, jump,"
                       " jump_timestamp, value) VALUES (1, ?1, ?2, 0, ?4, ?5, ?6, ?7, ?3)",
               [HEAD] = "SELECT seq, timestamp, depth, jump, jump2 FROM documents_heads"
                        " WHERE namespace = 1 AND key = ?1",
               [HEAD_ADD] =
                   "INSERT INTO documents_heads (namespace, key, seq, timestamp, flags, depth,"
                   " jump, jump2) VALUES (1, ?1, ?2, ?3, 0, ?4, ?5, ?6)",
               [HEAD_SET] = "UPDATE documents_heads SET seq = ?2, timestamp = ?3, flags = 0,"
                            " depth = ?4, jump = ?5, jump2 = ?6 WHERE namespace = 1 AND key = ?1",
               [JUMP] = "SELECT timestamp, jump FROM documents"
                        " WHERE seq = ?1 AND namespace = 1 AND key = ?2",
               [READ] = "SELECT h.seq, h.timestamp, CASE WHEN h.timestamp <= ?2 THEN d.value END"
                        " FROM documents_heads h LEFT JOIN documents d ON d.seq = h.seq"
                        " WHERE h.namespace = 1 AND h.key = ?1",
               [VERSION] = "SELECT timestamp, prev, jump, jump_timestamp,"
                           " CASE WHEN timestamp <= ?3 THEN value END FROM documents"
                           " WHERE seq = ?1 AND namespace = 1 AND key = ?2",
               [SCAN] = "SELECT h.key, CASE WHEN h.timestamp <= ?2 THEN d.value END"
                        " FROM documents_heads h LEFT JOIN documents d ON d.seq = h.seq"
                        " WHERE h.namespace = 1 AND h.key >= ?1 ORDER BY h.key"},
    [SINGLE] = {[BEGIN] = "BEGIN IMMEDIATE",
                [COMMIT] = "COMMIT",
                [CLOCK] =
                    "UPDATE clock SET head = ?1 WHERE namespace = 1 AND head = ?2 RETURNING head",
                [RECORD] = "INSERT INTO commits VALUES (1, ?1, zeroblob(16), ?2)",
                [ADD] = "INSERT INTO documents VALUES (1, ?1, ?2, 0, ?3)",
                [READ] = "SELECT value FROM documents WHERE namespace = 1 AND key = ?1"
                         " AND timestamp <= ?2 ORDER BY timestamp DESC LIMIT 1",
                /* From the index alone; values by rowid, so that old versions cost no row. */
                [SCAN] =
                    "SELECT key, timestamp, rowid FROM documents WHERE namespace = 1 AND key >= ?1"
                    " ORDER BY key, timestamp DESC",
                [VERSION] = "SELECT value FROM documents WHERE rowid = ?1",
                /* The next key behind one: skips its old versions by a seek. */
                [HEAD] =
                    "SELECT key, timestamp, rowid FROM documents WHERE namespace = 1 AND key > ?1"
                    " ORDER BY key, timestamp DESC LIMIT 1"},
};

struct store {
    enum layout layout;
    sqlite3 *db;
    sqlite3_stmt *run[SQL_COUNT];
    int64_t head;
    int keys; /* there now */
};

struct workload {
    int versions; /* of each key */
    int group;    /* versions a transaction */
    bool overwrite;
    int64_t at; /* what reads see */
};

static char value[VALUE_SIZE];
static char record[64 * 34 + 60];

static _Noreturn void die(const struct store *store, const char *doing)
{
    fprintf(stderr, "layouts: %s: %s\n", doing, sqlite3_errmsg(store->db));
    exit(1);
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t next_random(void)
{
    static uint64_t state = 88172645463325252;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* The same for both layouts, in an order that has nothing to do with its number. */
static void make_key(char *key, int number)
{
    snprintf(key, KEY_SIZE + 1, "user:%019llu",
             (unsigned long long)number * 0x9e3779b97f4a7c15u >> 2);
}

static void execute(struct store *store, const char *sql)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(store, sql);
}

static void open_store(struct store *store, enum layout layout, const char *folder)
{
    char path[4096];

    *store = (struct store){.layout = layout};
    snprintf(path, sizeof(path), "%s/%s.db", folder, layout == HEADS ? "heads" : "single");
    unlink(path);
    if (sqlite3_open(path, &store->db) != SQLITE_OK)
        die(store, path);
    execute(store,
            "PRAGMA journal_mode = WAL; PRAGMA cache_size = -65536;"
            "PRAGMA wal_autocheckpoint = 10000; PRAGMA temp_store = MEMORY;"
            "PRAGMA synchronous = OFF;");
    execute(store, common);
    execute(store, schemas[layout]);
    for (int i = 0; i < SQL_COUNT; i++)
        if (texts[layout][i] != NULL &&
            sqlite3_prepare_v3(store->db, texts[layout][i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->run[i], NULL) != SQLITE_OK)
            die(store, texts[layout][i]);
}

static void close_store(struct store *store)
{
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(store->run[i]);
    sqlite3_close(store->db);
}

static sqlite3_stmt *bind_key(struct store *store, enum sql which, int column, const char *key)
{
    sqlite3_bind_blob(store->run[which], column, key, KEY_SIZE, SQLITE_STATIC);
    return store->run[which];
}

/* Steps once; true if there is a row. The caller resets. */
static bool step(struct store *store, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);

    if (code != SQLITE_ROW && code != SQLITE_DONE)
        die(store, sqlite3_sql(statement));
    return code == SQLITE_ROW;
}

static void run(struct store *store, sqlite3_stmt *statement)
{
    step(store, statement);
    sqlite3_reset(statement);
}

/* ---------------------------------------------------------------------------- writing */

/* As in plugins/sqlite/chain.c: the smallest term of depth as a sum of 2^k - 1. */
static int64_t jump_length(int64_t depth)
{
    int64_t term = 1;

    while (2 * term + 1 <= depth)
        term = 2 * term + 1;
    for (;;) {
        while (term > depth)
            term = (term - 1) / 2;
        depth -= term;
        if (depth == 0)
            return term;
    }
}

static void bind_link(sqlite3_stmt *statement, int column, int64_t link)
{
    if (link != 0)
        sqlite3_bind_int64(statement, column, link);
    else
        sqlite3_bind_null(statement, column);
}

/* A row of documents_heads; what it says of the newest version. */
struct top {
    int64_t seq, timestamp, depth, jump, jump2;
};

static struct top read_top(struct store *store, const char *key)
{
    sqlite3_stmt *row = bind_key(store, HEAD, 1, key);
    struct top top = {0};

    if (step(store, row))
        top = (struct top){sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1),
                           sqlite3_column_int64(row, 2), sqlite3_column_int64(row, 3),
                           sqlite3_column_int64(row, 4)};
    sqlite3_reset(row);
    return top;
}

/* Links of a version on top of `top`: its head, but for seq; *jump_at is where it jumps to. */
static struct top link_on_top(struct store *store, const char *key, const struct top *top,
                              int64_t *jump_at)
{
    struct top next = {.depth = top->depth + 1};
    sqlite3_stmt *row;

    if (jump_length(next.depth) == 1) {
        next.jump = top->seq;
        next.jump2 = top->jump;
        *jump_at = top->timestamp;
        return next;
    }
    row = bind_key(store, JUMP, 2, key);
    sqlite3_bind_int64(row, 1, top->jump2);
    if (step(store, row)) {
        next.jump = top->jump2;
        next.jump2 = sqlite3_column_int64(row, 1);
        *jump_at = sqlite3_column_int64(row, 0);
    }
    sqlite3_reset(row);
    return next;
}

static void add_heads(struct store *store, const char *key, int64_t timestamp)
{
    struct top top = read_top(store, key);
    struct top next = {0};
    int64_t jump_at = 0;
    sqlite3_stmt *row;

    if (top.seq != 0)
        next = link_on_top(store, key, &top, &jump_at);
    row = bind_key(store, ADD, 1, key);
    sqlite3_bind_int64(row, 2, timestamp);
    sqlite3_bind_blob(row, 3, value, VALUE_SIZE, SQLITE_STATIC);
    sqlite3_bind_int64(row, 4, next.depth);
    bind_link(row, 5, top.seq);
    bind_link(row, 6, next.jump);
    bind_link(row, 7, jump_at);
    run(store, row);
    next.seq = sqlite3_last_insert_rowid(store->db);
    row = bind_key(store, top.seq != 0 ? HEAD_SET : HEAD_ADD, 1, key);
    sqlite3_bind_int64(row, 2, next.seq);
    sqlite3_bind_int64(row, 3, timestamp);
    sqlite3_bind_int64(row, 4, next.depth);
    bind_link(row, 5, next.jump);
    bind_link(row, 6, next.jump2);
    run(store, row);
}

static void add_single(struct store *store, const char *key, int64_t timestamp)
{
    sqlite3_stmt *row = bind_key(store, ADD, 1, key);

    sqlite3_bind_int64(row, 2, timestamp);
    sqlite3_bind_blob(row, 3, value, VALUE_SIZE, SQLITE_STATIC);
    run(store, row);
}

/* One transaction: numbers[0..count). */
static void append(struct store *store, const int *numbers, int count)
{
    char key[KEY_SIZE + 1];

    run(store, store->run[BEGIN]);
    sqlite3_bind_int64(store->run[CLOCK], 1, store->head + 1);
    sqlite3_bind_int64(store->run[CLOCK], 2, store->head);
    run(store, store->run[CLOCK]);
    store->head++;
    for (int i = 0; i < count; i++) {
        make_key(key, numbers[i]);
        (store->layout == HEADS ? add_heads : add_single)(store, key, store->head);
    }
    sqlite3_bind_int64(store->run[RECORD], 1, store->head);
    sqlite3_bind_blob(store->run[RECORD], 2, record, 60 + 34 * (count < 64 ? count : 64),
                      SQLITE_STATIC);
    run(store, store->run[RECORD]);
    run(store, store->run[COMMIT]);
}

static void fill(struct store *store, int from, int to)
{
    int numbers[512];

    for (int i = from; i < to;) {
        int count = 0;

        while (i < to && count < 512)
            numbers[count++] = i++;
        append(store, numbers, count);
    }
}

/* Versions a second; keys drawn without repeats within a group. */
static double write_cell(struct store *store, struct workload *work)
{
    int numbers[64];
    int64_t done = 0;
    double begin = seconds();
    double now;

    do {
        int first = (int)(next_random() % (uint64_t)(store->keys - 64));

        for (int i = 0; i < work->group; i++)
            numbers[i] = work->overwrite ? first + i : store->keys++;
        append(store, numbers, work->group);
        done += work->group;
        now = seconds();
    } while (now - begin < CELL_S);
    return (double)done / (now - begin);
}

/* ---------------------------------------------------------------------------- reading */

static bool read_heads(struct store *store, const char *key, int64_t at)
{
    sqlite3_stmt *row = bind_key(store, READ, 1, key);
    int64_t seq;
    bool found;

    sqlite3_bind_int64(row, 2, at);
    found = step(store, row);
    seq = sqlite3_column_int64(row, 0);
    if (!found || sqlite3_column_int64(row, 1) <= at) {
        found = found && sqlite3_column_bytes(row, 2) == VALUE_SIZE;
        sqlite3_reset(row);
        return found;
    }
    sqlite3_reset(row);
    for (found = false; seq != 0 && !found;) {
        row = bind_key(store, VERSION, 2, key);
        sqlite3_bind_int64(row, 1, seq);
        sqlite3_bind_int64(row, 3, at);
        seq = 0;
        if (step(store, row)) {
            found =
                sqlite3_column_int64(row, 0) <= at && sqlite3_column_bytes(row, 4) == VALUE_SIZE;
            bool far = sqlite3_column_int64(row, 2) != 0 && sqlite3_column_int64(row, 3) > at;
            seq = sqlite3_column_int64(row, far ? 2 : 1);
        }
        sqlite3_reset(row);
    }
    return found;
}

static bool read_single(struct store *store, const char *key, int64_t at)
{
    sqlite3_stmt *row = bind_key(store, READ, 1, key);
    bool found;

    sqlite3_bind_int64(row, 2, at);
    found = step(store, row) && sqlite3_column_bytes(row, 0) == VALUE_SIZE;
    sqlite3_reset(row);
    return found;
}

/* Point reads a second, in one read transaction. */
static double read_cell(struct store *store, struct workload *work)
{
    char key[KEY_SIZE + 1];
    int64_t done = 0;
    double begin = seconds();
    double now;

    execute(store, "BEGIN");
    do {
        for (int i = 0; i < 64; i++, done++) {
            make_key(key, (int)(next_random() % (uint64_t)store->keys));
            if (!(store->layout == HEADS ? read_heads : read_single)(store, key, work->at))
                die(store, "a key was not found");
        }
        now = seconds();
    } while (now - begin < CELL_S);
    execute(store, "COMMIT");
    return (double)done / (now - begin);
}

static int64_t value_of(struct store *store, int64_t rowid)
{
    sqlite3_stmt *row = store->run[VERSION];
    int64_t size;

    sqlite3_bind_int64(row, 1, rowid);
    size = step(store, row) ? sqlite3_column_bytes(row, 0) : 0;
    sqlite3_reset(row);
    return size;
}

static int scan_heads(struct store *store)
{
    sqlite3_stmt *row = store->run[SCAN];
    int rows = 0;

    sqlite3_bind_blob(row, 1, "", 0, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, INT64_MAX);
    while (step(store, row))
        rows += sqlite3_column_bytes(row, 1) == VALUE_SIZE;
    sqlite3_reset(row);
    return rows;
}

/* Every index entry, dropping all but the first of a key. */
static int scan_single(struct store *store)
{
    sqlite3_stmt *row = store->run[SCAN];
    char last[KEY_SIZE] = "";
    int rows = 0;

    sqlite3_bind_blob(row, 1, "", 0, SQLITE_STATIC);
    while (step(store, row)) {
        const void *key = sqlite3_column_blob(row, 0);

        if (memcmp(key, last, KEY_SIZE) != 0)
            rows += value_of(store, sqlite3_column_int64(row, 2)) == VALUE_SIZE;
        memcpy(last, key, KEY_SIZE);
    }
    sqlite3_reset(row);
    return rows;
}

/* One seek a key. */
static int scan_single_skipping(struct store *store)
{
    char last[KEY_SIZE] = "";
    int rows = 0;

    for (;;) {
        sqlite3_stmt *row = bind_key(store, HEAD, 1, last);

        if (!step(store, row))
            break;
        memcpy(last, sqlite3_column_blob(row, 0), KEY_SIZE);
        rows += value_of(store, sqlite3_column_int64(row, 2)) == VALUE_SIZE;
        sqlite3_reset(row);
    }
    sqlite3_reset(store->run[HEAD]);
    return rows;
}

/* Rows a second of the newest of every key; single as it is best for so many versions. */
static double scan_cell(struct store *store, struct workload *work)
{
    int64_t done = 0;
    double begin = seconds();
    double now;

    execute(store, "BEGIN");
    do {
        int rows = store->layout == HEADS ? scan_heads(store)
                   : work->versions < 8   ? scan_single(store)
                                          : scan_single_skipping(store);

        if (rows != store->keys)
            die(store, "a scan did not find every key");
        done += rows;
        now = seconds();
    } while (now - begin < CELL_S);
    execute(store, "COMMIT");
    return (double)done / (now - begin);
}

/* ---------------------------------------------------------------------------- the table */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

typedef double cell_fn(struct store *store, struct workload *work);

static void measure(struct store *stores, const char *name, cell_fn *cell, struct workload *work)
{
    double rates[LAYOUTS][ROUNDS];

    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < LAYOUTS; i++) {
            int layout = (i + round) % LAYOUTS;

            rates[layout][round] = cell(&stores[layout], work);
            if (cell == write_cell)
                sqlite3_wal_checkpoint_v2(stores[layout].db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                          NULL);
        }
    for (int i = 0; i < LAYOUTS; i++)
        qsort(rates[i], ROUNDS, sizeof(double), compare);
    printf("%-44s %10.0f %10.0f %6.2f\n", name, rates[HEADS][ROUNDS / 2], rates[SINGLE][ROUNDS / 2],
           rates[HEADS][ROUNDS / 2] / rates[SINGLE][ROUNDS / 2]);
    fflush(stdout);
}

static void open_both(struct store *stores, const char *folder, int keys, int versions)
{
    for (int i = 0; i < LAYOUTS; i++) {
        open_store(&stores[i], (enum layout)i, folder);
        for (int v = 0; v < versions; v++)
            fill(&stores[i], 0, keys);
        stores[i].keys = keys;
        sqlite3_wal_checkpoint_v2(stores[i].db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    }
}

static void close_both(struct store *stores)
{
    for (int i = 0; i < LAYOUTS; i++)
        close_store(&stores[i]);
}

static void measure_writes(struct store *stores, const char *folder, int keys)
{
    static const char *const modes[] = {"FULL", "NORMAL"};

    open_both(stores, folder, keys, 1);
    for (int mode = 0; mode < 2; mode++)
        for (int group = 1; group <= 64; group *= 64)
            for (int overwrite = 1; overwrite >= 0; overwrite--) {
                struct workload work = {1, group, overwrite != 0, 0};
                char name[64];

                for (int i = 0; i < LAYOUTS; i++) {
                    snprintf(name, sizeof(name), "PRAGMA synchronous = %s", modes[mode]);
                    execute(&stores[i], name);
                }
                snprintf(name, sizeof(name), "versions/s, %s, N = %d, %s", modes[mode], group,
                         overwrite ? "overwrites" : "new keys");
                measure(stores, name, write_cell, &work);
            }
    close_both(stores);
}

static void measure_reads(struct store *stores, const char *folder, int keys, int versions)
{
    struct workload work = {versions, 0, false, INT64_MAX};
    char name[64];

    open_both(stores, folder, keys, versions);
    snprintf(name, sizeof(name), "reads/s, newest of %d", versions);
    measure(stores, name, read_cell, &work);
    snprintf(name, sizeof(name), "rows/s of a scan, newest of %d", versions);
    measure(stores, name, scan_cell, &work);
    if (versions > 1) {
        work.at = stores[HEADS].head / 2;
        snprintf(name, sizeof(name), "reads/s, half way back through %d", versions);
        measure(stores, name, read_cell, &work);
    }
    close_both(stores);
}

int main(int argc, char **argv)
{
    struct store stores[LAYOUTS];
    int keys = argc > 2 ? atoi(argv[2]) : 200000;

    if (argc < 2 || keys < 1000) {
        fprintf(stderr, "usage: layouts FOLDER [KEYS]   (1000 keys or more)\n");
        return 2;
    }
    memset(value, 'v', sizeof(value));
    printf("%-44s %10s %10s %6s\n", "SQLite " SQLITE_VERSION, "heads", "single", "ratio");
    measure_writes(stores, argv[1], keys);
    measure_reads(stores, argv[1], keys, 1);
    measure_reads(stores, argv[1], keys / 20, 20);
    measure_reads(stores, argv[1], keys / 1000, 1000);
    return 0;
}
