/* SPDX-License-Identifier: MIT */
/*
 * Lines are gathered into batches, each one transaction. Whatever ends the work, the lines
 * that are in the store are all those before one line: `loaded` counts them, and that is
 * what --skip takes.
 */
#include "tools/persist/change.h"
#include "tools/persist/lines.h"
#include "tools/persist/progress.h"
#include "tools/persist/signals.h"
#include "tools/persist/verbs.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#define BATCH_ROWS 512
#define BATCH_BYTES ((size_t)1 << 20)

struct pending {
    uint64_t line;
    size_t key_at, key_size;
    size_t value_at, value_size;
};

struct load {
    struct command *command;
    struct lines lines;
    struct pending rows[BATCH_ROWS];
    size_t n;
    struct buf bytes;
    uint64_t skip;
    uint64_t done;   /* rows committed */
    uint64_t loaded; /* lines before this are in the store, or skipped */
    uint64_t bad;    /* line that the transaction refused; 0: none */
};

/* ---- a line */

/* An error that names file, line and, from 1, column. */
static persist_status bad_line(struct load *load, int column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static persist_status bad_line(struct load *load, int column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_set_va(load->command->error, PERSIST_INVALID, format, args);
    va_end(args);
    load->command->code = EXIT_FAILED;
    return error_prefix(load->command->error, "%s:%" PRIu64 ":%d: ", load->lines.name,
                        load->lines.number, column);
}

static const char *type_name(const json_t *value)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number",  [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "null",
    };
    return names[json_typeof(value)];
}

/* Appends what the member `name`, or `name`_base64, stands for. */
static persist_status take_member(struct load *load, const json_t *object, const char *name,
                                  size_t *at, size_t *size)
{
    char encoded[32];
    snprintf(encoded, sizeof encoded, "%s_base64", name);
    const json_t *plain = json_object_get(object, name);
    const json_t *base64 = json_object_get(object, encoded);
    const json_t *member = plain ? plain : base64;
    if (!member || (plain && base64))
        return bad_line(load, 1, "%s \"%s\" %s \"%s\": give one of them",
                        member ? "there are both" : "there is neither", name,
                        member ? "and" : "nor", encoded);
    if (!json_is_string(member))
        return bad_line(load, 1,
                        "\"%s\" is %s: give a string (what is to be kept as JSON, as a string "
                        "that holds it)",
                        plain ? name : encoded, type_name(member));
    persist_bytes text = {json_string_value(member), json_string_length(member)};
    *at = load->bytes.size;
    enum decoded decoded =
        plain ? (buf_add(&load->bytes, text.data, text.size) ? DECODED : DECODED_NO_MEMORY)
              : decode_base64(&load->bytes, text);
    *size = load->bytes.size - *at;
    if (decoded == DECODED_NO_MEMORY)
        return error_no_memory(load->command->error);
    return decoded == DECODED ? PERSIST_OK : bad_line(load, 1, "\"%s\" is not base64", encoded);
}

static persist_status check_members(struct load *load, json_t *object)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return bad_line(load, 1, "the line is %s: write {\"key\":\"...\",\"value\":\"...\"}",
                        type_name(object));
    json_object_foreach(object, name, value)
    {
        if (strcmp(name, "key") && strcmp(name, "key_base64") && strcmp(name, "value") &&
            strcmp(name, "value_base64"))
            return bad_line(load, 1,
                            "unknown member \"%.40s\": use key or key_base64, and value or "
                            "value_base64",
                            name);
    }
    return PERSIST_OK;
}

static persist_status take_line(struct load *load, persist_bytes line)
{
    json_error_t fault;
    struct pending *row = &load->rows[load->n];
    json_t *object = json_loadb(line.data, line.size,
                                JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &fault);
    if (!object)
        return json_error_code(&fault) == json_error_out_of_memory
                   ? error_no_memory(load->command->error)
                   : bad_line(load, fault.column > 0 ? fault.column : 1, "%s", fault.text);
    row->line = load->lines.number;
    persist_status status = check_members(load, object);
    if (status == PERSIST_OK)
        status = take_member(load, object, "key", &row->key_at, &row->key_size);
    if (status == PERSIST_OK)
        status = take_member(load, object, "value", &row->value_at, &row->value_size);
    if (status == PERSIST_OK)
        load->n++;
    json_decref(object);
    return status;
}

/* ---- a batch */

static persist_bytes bytes_of(const struct load *load, size_t at, size_t size)
{
    return (persist_bytes){size ? load->bytes.data + at : NULL, size};
}

static persist_status put_all(persist_tx *tx, void *context, persist_error *error)
{
    struct load *load = context;
    load->bad = 0;
    for (size_t i = 0; i < load->n; i++) {
        const struct pending *row = &load->rows[i];
        persist_status status = persist_put(tx, bytes_of(load, row->key_at, row->key_size),
                                            bytes_of(load, row->value_at, row->value_size), error);
        if (status != PERSIST_OK) {
            load->bad = row->line;
            return status;
        }
    }
    return PERSIST_OK;
}

static void empty(struct load *load, uint64_t loaded)
{
    load->done += load->n;
    load->loaded = loaded;
    load->n = 0;
    load->bytes.size = 0;
}

/* Commits what is pending; of a batch that one row spoils, the rows before that one. */
static persist_status commit(struct load *load)
{
    struct command *command = load->command;
    uint64_t line = load->lines.number;
    if (!load->n) {
        load->loaded = line > load->loaded ? line : load->loaded;
        return PERSIST_OK;
    }
    persist_status status = change_run(command, put_all, load, NULL);
    if (status == PERSIST_OK) {
        empty(load, line);
        return PERSIST_OK;
    }
    if (!load->bad || (status != PERSIST_INVALID && status != PERSIST_LIMIT))
        return status;
    persist_error kept = ERROR_INIT;
    uint64_t bad = load->bad;
    error_copy(&kept, command->error);
    while (load->n && load->rows[load->n - 1].line >= bad)
        load->n--;
    persist_status before = load->n ? change_run(command, put_all, load, NULL) : PERSIST_OK;
    if (before == PERSIST_OK) {
        empty(load, bad - 1);
        command->code = EXIT_FAILED;
        error_copy(command->error, &kept);
        error_prefix(command->error, "%s:%" PRIu64 ":1: ", load->lines.name, bad);
        before = status;
    }
    error_clear(&kept);
    return before;
}

static bool is_empty(persist_bytes line)
{
    const char *at = line.data;
    for (size_t i = 0; i < line.size; i++)
        if (at[i] != ' ' && at[i] != '\t')
            return false;
    return true;
}

/* A bad line: what stands before it is committed, and then it is told. */
static persist_status stop_at(struct load *load, persist_status status)
{
    persist_error kept = ERROR_INIT;
    error_copy(&kept, load->command->error);
    load->lines.number--;
    persist_status before = commit(load);
    load->lines.number++;
    if (before == PERSIST_OK)
        error_copy(load->command->error, &kept);
    else
        status = before;
    error_clear(&kept);
    return status;
}

static persist_status load_all(struct load *load, struct progress *progress)
{
    persist_bytes line;
    persist_status status;
    while ((status = lines_next(&load->lines, &line, load->command->error)) == PERSIST_OK) {
        if (signals_caught())
            return error_set(load->command->error, PERSIST_INTERRUPTED, "interrupted");
        if (load->lines.number <= load->skip) {
            load->loaded = load->lines.number;
            continue;
        }
        if (is_empty(line))
            continue;
        status = take_line(load, line);
        if (status == PERSIST_INVALID)
            return stop_at(load, status);
        if (status == PERSIST_OK && (load->n == BATCH_ROWS || load->bytes.size >= BATCH_BYTES))
            status = commit(load);
        if (status != PERSIST_OK)
            return status;
        progress_step(progress, load->done, load->lines.taken);
    }
    return status == PERSIST_END ? commit(load) : status;
}

static void report(struct load *load, persist_status status)
{
    struct command *command = load->command;
    if (status == PERSIST_OK && command->dry_run)
        command_note(command, "dry run: would load %" PRIu64 " rows", load->done);
    else if (status == PERSIST_OK)
        command_note(command, "%" PRIu64 " rows loaded", load->done);
    else if (!command->dry_run)
        error_add(command->error, status,
                  "%" PRIu64 " rows loaded, all up to line %" PRIu64 ": go on with --skip %" PRIu64,
                  load->done, load->loaded, load->loaded);
}

static persist_status load_file(struct load *load)
{
    struct command *command = load->command;
    struct progress progress;
    persist_status status = command_open(command, 0);
    if (status != PERSIST_OK)
        return status;
    progress_begin(&progress, "load", load->lines.total, command->quiet);
    status = load_all(load, &progress);
    progress_end(&progress);
    report(load, status);
    return status;
}

persist_status verb_load(struct command *command)
{
    static struct load load;
    const char *skip = command->options.values[OPTION_SKIP];
    load.command = command;
    persist_status status =
        skip ? input_count(skip, 0, "--skip", &load.skip, command->error) : PERSIST_OK;
    if (status == PERSIST_OK)
        status = lines_open(&load.lines, command->options.operands[0], command->error);
    if (status != PERSIST_OK)
        return status;
    status = load_file(&load);
    lines_close(&load.lines);
    buf_free(&load.bytes);
    return status;
}
