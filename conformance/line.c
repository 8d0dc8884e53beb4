/* SPDX-License-Identifier: MIT */
/* Histories and expectations as short texts, over one namespace as a client knows it. */
#include "conformance/kit.h"

#include "core/codec/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

persist_bytes text_bytes(const char *text)
{
    return (persist_bytes){text, strlen(text)};
}

/* ---- clock rows */

static const char *digest_show(const persist_digest *digest, char out[33])
{
    for (int i = 0; i < 16; i++)
        snprintf(out + 2 * i, 3, "%02x", digest->bytes[i]);
    return out;
}

/* All but engine_time, which goes on by itself. */
static const char *clock_show(const persist_clock *clock, char *out, size_t capacity)
{
    char digests[3][33];
    snprintf(out, capacity,
             "head %" PRId64 " (%s), versions %" PRIu64 " (%s), control_version %" PRIu64
             ", epoch %" PRIu64 ", state %d, horizon %" PRId64 ", log_floor %" PRId64
             " (%s), retention %" PRId64 ", features %" PRIu64,
             clock->head, digest_show(&clock->head_digest, digests[0]), clock->versions,
             digest_show(&clock->version_digest, digests[1]), clock->control_version, clock->epoch,
             (int)clock->state, clock->horizon, clock->log_floor,
             digest_show(&clock->floor_digest, digests[2]), clock->retention, clock->features);
    return out;
}

void expect_clock(struct kit *kit, const char *operation, const persist_clock *found,
                  const persist_clock *expected)
{
    char texts[2][640];
    char what[256];
    snprintf(what, sizeof what, "%.200s: the clock row", operation);
    expect_text(kit, what, clock_show(found, texts[0], sizeof texts[0]),
                clock_show(expected, texts[1], sizeof texts[1]));
}

static persist_clock clock_empty(void)
{
    return (persist_clock){.size = sizeof(persist_clock)};
}

/* ---- lines */

static void line_open(struct client *client, uint32_t ns, struct line *line)
{
    *line = (struct line){.client = client, .ns = ns};
    line_head(line);
}

void line_create(struct client *client, const char *name, persist_state state, struct line *line)
{
    persist_namespace_spec spec = {.size = sizeof spec, .name = name, .state = state};
    uint32_t ns = 0;
    persist_status status = client->store->plugin->store.namespace_create(
        client_call(client), client->session, &spec, &ns);
    expect_status(client, "namespace_create", status, PERSIST_OK);
    line_open(client, ns, line);
}

void line_head(struct line *line)
{
    struct client *client = line->client;
    line->clock = clock_empty();
    persist_status status = client->store->plugin->store.head(client_call(client), client->session,
                                                              line->ns, &line->clock, NULL, NULL);
    expect_status(client, "head", status, PERSIST_OK);
}

struct line line_through(const struct line *line, struct client *client)
{
    struct line other = *line;
    other.client = client;
    return other;
}

void world_new(struct kit *kit, struct world *world)
{
    kit_store_new(kit, &world->store);
    client_open(&world->store, &world->client);
    line_create(&world->client, "main", PERSIST_STATE_OPEN, &world->line);
}

/* ---- drafts */

void draft_begin(const struct line *line, int64_t timestamp, struct draft *draft)
{
    draft->append = (persist_append){.size = sizeof draft->append,
                                     .ns = line->ns,
                                     .expected_head = line->clock.head,
                                     .expected_digest = line->clock.head_digest,
                                     .epoch = line->clock.epoch,
                                     .versions = draft->versions,
                                     .record.timestamp = timestamp};
}

void draft_put(struct draft *draft, persist_bytes key, persist_bytes value, int64_t timestamp,
               uint32_t flags)
{
    if (draft->append.n_versions < DRAFT_VERSIONS)
        draft->versions[draft->append.n_versions++] =
            (persist_version){.key = key, .value = value, .timestamp = timestamp, .flags = flags};
}

/* The record names the one before it, so that a broken chain shows. */
void draft_end(const struct line *line, struct draft *draft)
{
    char before[33];
    persist_append *append = &draft->append;
    persist_digest term;
    snprintf(draft->record, sizeof draft->record, "%" PRId64 " after %s", append->record.timestamp,
             digest_show(&append->expected_digest, before));
    append->record.data = text_bytes(draft->record);
    digest_hash128(draft->record, strlen(draft->record), &append->record.digest);
    append->new_versions = line->clock.versions + append->n_versions;
    append->new_version_digest = line->clock.version_digest;
    digest_hash128(&append->new_versions, sizeof append->new_versions, &term);
    digest_add(&append->new_version_digest, &term);
}

persist_status draft_append(struct client *client, const struct draft *draft, persist_clock *clock)
{
    *clock = clock_empty();
    return client->store->plugin->store.append(client_call(client), client->session, &draft->append,
                                               clock);
}

static void commit(struct line *line, const struct draft *draft)
{
    persist_clock found;
    persist_clock expected = line->clock;
    const persist_append *append = &draft->append;
    char what[64];
    snprintf(what, sizeof what, "append at %" PRId64, append->record.timestamp);
    expect_status(line->client, what, draft_append(line->client, draft, &found), PERSIST_OK);
    expected.head = append->record.timestamp;
    expected.head_digest = append->record.digest;
    expected.versions = append->new_versions;
    expected.version_digest = append->new_version_digest;
    expect_clock(line->client->store->kit, what, &found, &expected);
    line->clock = found;
}

/* One commit of a history, up to its ';', into a draft. Returns what is behind it. "K=V"
 * puts, "K-" deletes; "K@T=V" does it at T rather than at the commit's timestamp. */
static const char *parse_commit(const char *text, const struct line *line, struct draft *draft)
{
    char *end;
    text += strspn(text, " ");
    int64_t timestamp = strtoll(text, &end, 10);
    draft_begin(line, timestamp, draft);
    for (text = end + strspn(end, " "); *text && *text != ';'; text += strspn(text, " ")) {
        size_t size = strcspn(text, " ;");
        size_t key = strcspn(text, "@=-");
        const char *sign = text + strcspn(text, "=-");
        int64_t at = text[key] == '@' ? strtoll(text + key + 1, NULL, 10) : timestamp;
        persist_bytes value = {sign + 1, *sign == '=' ? (size_t)(text + size - sign - 1) : 0};
        draft_put(draft, (persist_bytes){text, key}, value, at,
                  *sign == '-' ? PERSIST_VERSION_TOMBSTONE : 0);
        text += size;
    }
    draft_end(line, draft);
    return text + (*text == ';');
}

void line_commit(struct line *line, const char *history)
{
    struct draft draft;
    while (*history) {
        history = parse_commit(history, line, &draft);
        commit(line, &draft);
    }
}

persist_status line_try(struct line *line, const char *history, persist_clock *clock)
{
    struct draft draft;
    parse_commit(history, line, &draft);
    return draft_append(line->client, &draft, clock);
}

void line_put(struct line *line, int64_t timestamp, persist_bytes key, persist_bytes value)
{
    struct draft draft;
    draft_begin(line, timestamp, &draft);
    draft_put(&draft, key, value, timestamp, 0);
    draft_end(line, &draft);
    commit(line, &draft);
}

/* ---- rows */

static void rows_add(struct rows *rows, const char *text)
{
    if (!buf_add(&rows->text, text, strlen(text)))
        kit_skip(rows->kit, "this machine has no memory left");
}

/* Long ones by their size and hash. */
static void rows_add_bytes(struct rows *rows, persist_bytes bytes)
{
    char shown[256];
    if (bytes.size <= 48)
        bytes_show(bytes, shown, sizeof shown);
    else
        snprintf(shown, sizeof shown, "<%zu bytes %016" PRIx64 ">", bytes.size,
                 digest_hash64(bytes.data, bytes.size, 0));
    rows_add(rows, shown);
}

/* Before each row; whether it goes on is up to rows_end. */
static void rows_begin(struct rows *rows)
{
    if (rows->n > 0)
        rows_add(rows, " ");
}

static persist_status rows_end(struct rows *rows, size_t bytes)
{
    rows->n++;
    rows->bytes += bytes;
    if (rows->hook)
        rows->hook(rows->context, rows->n);
    return rows->stop != PERSIST_OK && rows->n >= rows->stop_at ? rows->stop : PERSIST_OK;
}

persist_status rows_take(void *context, const persist_version *version)
{
    struct rows *rows = context;
    char at[32];
    rows_begin(rows);
    rows_add_bytes(rows, version->key);
    snprintf(at, sizeof at, "@%" PRId64 "%s", version->timestamp,
             version->flags == 0                           ? "="
             : version->flags == PERSIST_VERSION_TOMBSTONE ? "-"
                                                           : "?");
    rows_add(rows, at);
    rows_add_bytes(rows, version->value);
    rows->last_timestamp = version->timestamp;
    rows->last_key_size = version->key.size < sizeof rows->last_key ? version->key.size : 0;
    if (rows->last_key_size > 0)
        memcpy(rows->last_key, version->key.data, rows->last_key_size);
    return rows_end(rows, version->key.size + version->value.size);
}

persist_status rows_take_record(void *context, const persist_record *record)
{
    struct rows *rows = context;
    char digest[33];
    char at[96];
    rows_begin(rows);
    rows_add_bytes(rows, record->data);
    snprintf(at, sizeof at, "[%" PRId64 " %.8s]", record->timestamp,
             digest_show(&record->digest, digest));
    rows_add(rows, at);
    rows->last_timestamp = record->timestamp;
    return rows_end(rows, record->data.size);
}

const char *rows_text(struct rows *rows)
{
    if (!buf_add(&rows->text, "", 1))
        kit_skip(rows->kit, "this machine has no memory left");
    rows->text.size--;
    return (const char *)rows->text.data;
}

/* ---- reading */

persist_status line_scan(struct line *line, const persist_scan_range *given, struct rows *rows,
                         persist_clock *clock, int *more)
{
    struct client *client = line->client;
    persist_scan_range range = *given;
    range.size = sizeof range;
    range.ns = line->ns;
    if (range.timestamp == 0)
        range.timestamp = PERSIST_NEWEST;
    rows->kit = client->store->kit;
    *clock = clock_empty();
    *more = -1;
    return client->store->plugin->store.scan(client_call(client), client->session, &range, clock,
                                             rows_take, rows, more);
}

void expect_scan(struct line *line, const char *what, persist_scan_range range,
                 const char *expected)
{
    struct kit *kit = line->client->store->kit;
    struct rows rows = {0};
    persist_clock clock;
    char operation[256];
    int more;
    snprintf(operation, sizeof operation, "scan: %.200s", what);
    expect_status(line->client, operation, line_scan(line, &range, &rows, &clock, &more),
                  PERSIST_OK);
    expect_text(kit, operation, rows_text(&rows), expected);
    snprintf(operation, sizeof operation, "scan: %.200s: *more", what);
    expect_number(kit, operation, more, 0);
    expect_clock(kit, "scan", &clock, &line->clock);
    buf_free(&rows.text);
}

#define READ_KEYS 64

/* Rows of a read, put into the order of the request. */
struct found {
    struct kit *kit;
    const persist_read_key *keys;
    size_t n_keys;
    char text[READ_KEYS][320];
};

static persist_status found_take(void *context, const persist_version *version)
{
    struct found *found = context;
    struct rows one = {.kit = found->kit};
    if (version->index >= found->n_keys ||
        bytes_compare(version->key, found->keys[version->index].key) != 0)
        kit_fail(found->kit, "read", "each row has the index of its key in the request",
                 "a row of another key");
    if (*found->text[version->index])
        kit_fail(found->kit, "read", "one row for each key", "two rows of one index");
    rows_take(&one, version);
    snprintf(found->text[version->index], sizeof found->text[0], "%s", rows_text(&one));
    buf_free(&one.text);
    return PERSIST_OK;
}

static size_t parse_keys(const char *request, persist_read_key keys[READ_KEYS])
{
    size_t n = 0;
    for (request += strspn(request, " "); *request && n < READ_KEYS;
         request += strspn(request, " ")) {
        size_t size = strcspn(request, " ");
        size_t key = strcspn(request, "@");
        bool newest = request[key + 1] == '*';
        keys[n++] = (persist_read_key){
            {request, key}, newest ? PERSIST_NEWEST : strtoll(request + key + 1, NULL, 10)};
        request += size;
    }
    return n;
}

void expect_read(struct line *line, const char *request, const char *expected)
{
    struct client *client = line->client;
    struct kit *kit = client->store->kit;
    persist_read_key keys[READ_KEYS];
    struct found *found = kit_memory(kit, sizeof *found);
    persist_read read = {.size = sizeof read, .ns = line->ns, .keys = keys};
    persist_clock clock = clock_empty();
    struct rows all = {.kit = kit};
    char operation[256];
    read.n_keys = parse_keys(request, keys);
    *found = (struct found){.kit = kit, .keys = keys, .n_keys = read.n_keys};
    snprintf(operation, sizeof operation, "read of %.200s", request);
    persist_status status = client->store->plugin->store.read(client_call(client), client->session,
                                                              &read, &clock, found_take, found);
    expect_status(client, operation, status, PERSIST_OK);
    for (size_t i = 0; i < read.n_keys; i++)
        if (*found->text[i]) {
            rows_begin(&all);
            rows_add(&all, found->text[i]);
            all.n++;
        }
    expect_text(kit, operation, rows_text(&all), expected);
    expect_clock(kit, operation, &clock, &line->clock);
    buf_free(&all.text);
    free(found);
}

persist_status line_changes(struct line *line, int64_t after, uint64_t max_records,
                            uint64_t max_bytes, struct rows *rows, persist_clock *clock, int *more)
{
    struct client *client = line->client;
    persist_changes changes = {.size = sizeof changes,
                               .ns = line->ns,
                               .after = after,
                               .max_records = max_records,
                               .max_bytes = max_bytes};
    rows->kit = client->store->kit;
    *clock = clock_empty();
    *more = -1;
    return client->store->plugin->store.changes(client_call(client), client->session, &changes,
                                                clock, rows_take_record, rows, more);
}

/* ---- nothing was changed */

struct sight line_sight(struct line *line)
{
    struct sight sight;
    struct rows rows = {0};
    int more;
    persist_scan_range all = {.flags = PERSIST_SCAN_VERSIONS};
    expect_status(line->client, "scan of every version",
                  line_scan(line, &all, &rows, &sight.clock, &more), PERSIST_OK);
    rows_text(&rows);
    sight.rows = (char *)rows.text.data;
    return sight;
}

void expect_unchanged(struct line *line, const char *operation, const struct sight *before)
{
    char what[300];
    struct sight now = line_sight(line);
    snprintf(what, sizeof what, "%.200s: what it left behind", operation);
    expect_text(line->client->store->kit, what, now.rows, before->rows);
    expect_clock(line->client->store->kit, what, &now.clock, &before->clock);
    free(now.rows);
}
