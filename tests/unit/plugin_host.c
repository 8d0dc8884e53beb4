/* SPDX-License-Identifier: MIT */
#include "tests/unit/plugin_host.h"

#ifdef PLUGIN_LAYERED
#include "tests/unit/layered.h"
#endif

#include <check.h>
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

char host_fault[512];
int host_faults;
static atomic_llong shift;
static atomic_llong wall_at;
static atomic_int fail_in;
static atomic_int live;

void host_shift(int64_t ns)
{
    atomic_fetch_add(&shift, ns);
}

void host_set_wall(int64_t ns)
{
    atomic_store(&wall_at, ns);
}

void host_fail_allocation(int n)
{
    atomic_store(&fail_in, n);
}

int host_live_allocations(void)
{
    return atomic_load(&live);
}

/* ---- the table */

static bool allocation_fails(void)
{
    int left = atomic_load(&fail_in);

    if (left == 0)
        return false;
    atomic_store(&fail_in, left - 1);
    return left == 1;
}

static void *host_alloc(size_t size)
{
    void *memory = allocation_fails() ? NULL : malloc(size);

    if (memory != NULL)
        atomic_fetch_add(&live, 1);
    return memory;
}

static void *host_resize(void *memory, size_t size)
{
    void *to = allocation_fails() ? NULL : realloc(memory, size);

    if (to != NULL && memory == NULL)
        atomic_fetch_add(&live, 1);
    return to;
}

static void host_release(void *memory)
{
    if (memory != NULL)
        atomic_fetch_sub(&live, 1);
    free(memory);
}

static int64_t now(clockid_t clock)
{
    struct timespec at;

    clock_gettime(clock, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static int64_t host_monotonic(void)
{
    return now(CLOCK_MONOTONIC) + atomic_load(&shift);
}

static int64_t host_wall(void)
{
    int64_t at = atomic_load(&wall_at);

    return at != 0 ? at : now(CLOCK_REALTIME);
}

static persist_status host_random(void *data, size_t size)
{
    return getrandom(data, size, 0) == (ssize_t)size ? PERSIST_OK : PERSIST_IO;
}

static int host_log_enabled(persist_log_level level)
{
    (void)level;
    return 0;
}

static void host_log(persist_log_level level, const char *text)
{
    (void)level;
    (void)text;
}

static uint64_t host_hash64(const void *data, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, size, seed);
}

static void host_hash128(const void *data, size_t size, persist_digest *digest)
{
    XXH128_canonical_t canonical;

    XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, size));
    memcpy(digest->bytes, canonical.digest, sizeof(digest->bytes));
}

static uint32_t host_crc32c(uint32_t crc, const void *data, size_t size)
{
    (void)data;
    (void)size;
    return crc;
}

static const struct host_setting *find(const persist_settings *settings, const char *name)
{
    const struct host_setting *item = settings != NULL ? settings->items : NULL;

    for (; item != NULL && item->name != NULL; item++)
        if (strcmp(item->name, name) == 0)
            return item;
    return NULL;
}

static const char *host_setting_text(const persist_settings *settings, const char *name)
{
    const struct host_setting *item = find(settings, name);

    return item != NULL ? item->text : NULL;
}

static int host_setting_number(const persist_settings *settings, const char *name, int64_t *value)
{
    const struct host_setting *item = find(settings, name);

    if (item == NULL || item->text != NULL)
        return 0;
    *value = item->number;
    return 1;
}

static void host_setting_error(const persist_settings *settings, const char *name, const char *text)
{
    (void)settings;
    host_faults++;
    snprintf(host_fault, sizeof(host_fault), "%s: %s", name != NULL ? name : "url", text);
}

static int hex(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)((at - digits) % 16) : -1;
}

static long host_percent_decode(const char *text, size_t size, char *out, size_t capacity)
{
    size_t length = 0;

    for (size_t i = 0; i < size; i++) {
        char c = text[i];

        if (c == '%') {
            if (i + 2 >= size || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0)
                return -1;
            c = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        }
        if (c == '\0' || length + 1 >= capacity)
            return -1;
        out[length++] = c;
    }
    out[length] = '\0';
    return (long)length;
}

static void host_set_error(const persist_call *call, const persist_error_detail *detail)
{
    struct persist_call_error *error = call->error;

    ck_assert_uint_eq(detail->size, sizeof(*detail));
    error->set = true;
    error->flags = detail->flags;
    error->vendor_code = detail->vendor_code;
    snprintf(error->text, sizeof(error->text), "%s", detail->text);
}

static const persist_host table = {
    .size = sizeof(table),
    .abi_major = PERSIST_ABI_MAJOR,
    .abi_minor = PERSIST_ABI_MINOR,
    .version = "test",
    .log_enabled = host_log_enabled,
    .log = host_log,
    .alloc = host_alloc,
    .resize = host_resize,
    .release = host_release,
    .xxh3_64 = host_hash64,
    .xxh3_128 = host_hash128,
    .crc32c = host_crc32c,
    .monotonic = host_monotonic,
    .wall = host_wall,
    .random = host_random,
    .setting_text = host_setting_text,
    .setting_number = host_setting_number,
    .setting_error = host_setting_error,
    .percent_decode = host_percent_decode,
    .set_error = host_set_error,
};

const persist_plugin *host_load(const char *name)
{
    const char *list = getenv("PERSIST_PLUGIN_PATH");
    char path[PATH_MAX];
    void *object = NULL;
    persist_plugin_entry_fn entry;

    ck_assert_msg(list != NULL, "PERSIST_PLUGIN_PATH names no folder");
    while (object == NULL && *list != '\0') {
        size_t length = strcspn(list, ":");

        snprintf(path, sizeof(path), "%.*s/persist_%s.so", (int)length, list, name);
        object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        list += length + (list[length] == ':');
    }
    ck_assert_msg(object != NULL, "persist_%s.so: %s", name, dlerror());
    *(void **)&entry = dlsym(object, "persist_plugin_entry");
    ck_assert_ptr_nonnull(entry);
    ck_assert_int_eq(entry()->life->load(&table), PERSIST_OK);
#ifdef PLUGIN_LAYERED
    return layered_over(entry());
#else
    return entry();
#endif
}

/* ---- fixtures */

void fixture_prepare(struct fixture *f, const char *plugin)
{
    *f = (struct fixture){.plugin = host_load(plugin)};
    f->life = f->plugin->life;
    f->ops = f->plugin->store;
    f->admin = f->plugin->admin;
    f->call = (persist_call){sizeof(f->call), PERSIST_NO_DEADLINE, &f->error};
    strcpy(f->folder, "/tmp/persist-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(f->folder));
    snprintf(f->path, sizeof(f->path), "%s/db.sqlite3", f->folder);
    snprintf(f->url, sizeof(f->url), "sqlite://%s", f->path);
}

persist_status fixture_try(struct fixture *f, uint32_t flags)
{
    persist_open open = {.size = sizeof(open),
                         .url = f->url,
                         .settings = &f->settings,
                         .durability = PERSIST_DURABILITY_POWER,
                         .flags = flags,
                         .sessions = 4};

    f->store = NULL;
    f->error = (struct persist_call_error){0};
    return f->life->store_open(&f->call, &open, &f->store);
}

void fixture_open(struct fixture *f, enum variant variant)
{
    fixture_prepare(f, variant == VARIANT_MEMORY ? "memory" : "sqlite");
    if (variant == VARIANT_MEMORY)
        strcpy(f->url, "memory:");
    if (variant == VARIANT_SQLITE_MEMORY)
        strcpy(f->url, "sqlite::memory:");
    ck_assert_msg(fixture_try(f, PERSIST_OPEN_MIGRATE) == PERSIST_OK, "%s", f->error.text);
    f->session = fixture_session(f);
    ck_assert_int_eq(f->admin->migrate_apply(&f->call, f->session, NULL, NULL), PERSIST_OK);
}

persist_session *fixture_session(struct fixture *f)
{
    persist_session *session = NULL;
    persist_status status = f->life->session_open(&f->call, f->store, &session);

    ck_assert_msg(status == PERSIST_OK, "%s", f->error.text);
    return session;
}

void fixture_close(struct fixture *f)
{
    if (f->session != NULL)
        f->life->session_close(f->session);
    if (f->store != NULL)
        f->life->store_close(f->store);
    f->session = NULL;
    f->store = NULL;
}

void fixture_remove(struct fixture *f)
{
    DIR *folder = opendir(f->folder);
    struct dirent *entry;
    char path[2 * PATH_MAX];

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", f->folder, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove(path);
    }
    if (folder != NULL)
        closedir(folder);
    rmdir(f->folder);
}

void fixture_close_and_remove(struct fixture *f)
{
    fixture_close(f);
    fixture_remove(f);
    ck_assert_int_eq(host_live_allocations(), 0);
}

/* ---- data */

struct log log_make(struct fixture *f, const char *name, persist_state state)
{
    struct log log = {.clock = {.size = sizeof(log.clock)}};
    persist_namespace_spec spec = {.size = sizeof(spec), .name = name, .state = state};
    persist_status status = f->ops->namespace_create(&f->call, f->session, &spec, &log.ns);

    ck_assert_msg(status == PERSIST_OK, "%s", f->error.text);
    ck_assert_int_eq(f->ops->head(&f->call, f->session, log.ns, &log.clock, NULL, NULL),
                     PERSIST_OK);
    return log;
}

persist_version put(const char *key, int64_t timestamp, const char *value)
{
    return (persist_version){
        .key = {key, strlen(key)}, .value = {value, strlen(value)}, .timestamp = timestamp};
}

persist_version gone(const char *key, int64_t timestamp)
{
    return (persist_version){
        .key = {key, strlen(key)}, .timestamp = timestamp, .flags = PERSIST_VERSION_TOMBSTONE};
}

persist_status log_append(struct fixture *f, struct log *log, uint32_t flags, int64_t head,
                          const persist_version *versions, size_t count, const char *data)
{
    persist_append append = {.size = sizeof(append),
                             .ns = log->ns,
                             .flags = flags,
                             .expected_head = log->clock.head,
                             .expected_digest = log->clock.head_digest,
                             .epoch = log->clock.epoch,
                             .new_versions = log->clock.versions + count,
                             .new_version_digest = log->clock.version_digest,
                             .versions = versions,
                             .n_versions = count,
                             .record = {.timestamp = head, .data = {data, strlen(data)}}};
    persist_clock after = {.size = sizeof(after)};
    persist_status status;

    append.new_version_digest.bytes[15]++;
    host_hash128(data, strlen(data), &append.record.digest);
    f->error = (struct persist_call_error){0};
    status = f->ops->append(&f->call, f->session, &append, &after);
    if (status == PERSIST_OK) {
        ck_assert_int_eq(after.head, head);
        ck_assert_uint_eq(after.versions, append.new_versions);
        ck_assert_mem_eq(&after.head_digest, &append.record.digest, 16);
        ck_assert_mem_eq(&after.version_digest, &append.new_version_digest, 16);
        log->clock = after;
    } else {
        ck_assert(f->error.set);
    }
    return status;
}

void log_put(struct fixture *f, struct log *log, const char *key, int64_t timestamp,
             const char *value)
{
    persist_version version = put(key, timestamp, value);

    ck_assert_msg(log_append(f, log, 0, timestamp, &version, 1, value) == PERSIST_OK, "%s",
                  f->error.text);
}

static void rows_add(struct rows *rows, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void rows_add(struct rows *rows, const char *format, ...)
{
    va_list args;
    char piece[64];
    int length;

    va_start(args, format);
    length = vsnprintf(piece, sizeof(piece), format, args);
    va_end(args);
    if (rows->size + (size_t)length + 1 > rows->capacity) {
        rows->capacity = 2 * (rows->size + sizeof(piece));
        rows->text = realloc(rows->text, rows->capacity);
    }
    memcpy(rows->text + rows->size, piece, (size_t)length + 1);
    rows->size += (size_t)length;
}

static void rows_add_bytes(struct rows *rows, persist_bytes bytes)
{
    const unsigned char *byte = bytes.data;

    for (size_t i = 0; i < bytes.size; i++)
        rows_add(rows, byte[i] > 0x20 && byte[i] < 0x7f ? "%c" : "\\x%02x", byte[i]);
}

persist_status rows_take(void *context, const persist_version *version)
{
    struct rows *rows = context;

    rows_add(rows, "%s", rows->count > 0 ? " " : "");
    rows_add_bytes(rows, version->key);
    rows_add(rows, "@%lld=", (long long)version->timestamp);
    if (version->flags & PERSIST_VERSION_TOMBSTONE)
        rows_add(rows, "!");
    rows_add_bytes(rows, version->value);
    rows->count++;
    ck_assert_uint_le(version->key.size, sizeof(rows->last_key));
    if (version->key.size > 0)
        memcpy(rows->last_key, version->key.data, version->key.size);
    rows->last_key_size = version->key.size;
    rows->last_timestamp = version->timestamp;
    if (rows->each != NULL)
        rows->each(rows->context);
    return rows->stop_after > 0 && rows->count == rows->stop_after ? PERSIST_END : PERSIST_OK;
}

persist_status rows_take_record(void *context, const persist_record *record)
{
    struct rows *rows = context;
    persist_digest digest;

    host_hash128(record->data.data, record->data.size, &digest);
    ck_assert_mem_eq(&digest, &record->digest, sizeof(digest));
    rows_add(rows, "%s%lld=", rows->count > 0 ? " " : "", (long long)record->timestamp);
    rows_add_bytes(rows, record->data);
    rows->count++;
    rows->last_timestamp = record->timestamp;
    if (rows->each != NULL)
        rows->each(rows->context);
    return PERSIST_OK;
}

void rows_clear(struct rows *rows)
{
    free(rows->text);
    *rows = (struct rows){0};
}

persist_status scan(struct fixture *f, struct rows *rows, const persist_scan_range *range,
                    int *more)
{
    persist_clock clock = {.size = sizeof(clock)};
    persist_status status =
        f->ops->scan(&f->call, f->session, range, &clock, rows_take, rows, more);

    if (rows->text == NULL)
        rows_add(rows, "%s", "");
    return status;
}

const char *read_one(struct fixture *f, uint32_t ns, persist_bytes key, int64_t timestamp)
{
    static char text[3 * 2048 + 64];
    struct rows rows = {0};
    persist_read_key wanted = {key, timestamp};
    persist_read read = {.size = sizeof(read), .ns = ns, .keys = &wanted, .n_keys = 1};
    persist_status status = f->ops->read(&f->call, f->session, &read, NULL, rows_take, &rows);

    ck_assert_msg(status == PERSIST_OK, "%s", f->error.text);
    snprintf(text, sizeof(text), "%s", rows.text != NULL ? rows.text : "");
    rows_clear(&rows);
    return text;
}
