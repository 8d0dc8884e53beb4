/* SPDX-License-Identifier: MIT */
#include "tools/persist/change.h"
#include "tools/persist/rows.h"
#include "tools/persist/script.h"
#include "tools/persist/verbs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 120

/* What a get found. */
struct found {
    const struct step *step;
    bool there;
    size_t at; /* of the value, in run.values */
    persist_row row;
};

struct run {
    const struct script *script;
    struct found *found;
    size_t n_found;
    struct buf values;
};

static persist_status at_line(const struct run *run, const struct step *step, persist_status status,
                              persist_error *error)
{
    error_prefix(error, "%s:%" PRIu64 ": ", run->script->name, step->line);
    return status;
}

static persist_status do_get(struct run *run, const struct step *step, persist_tx *tx,
                             persist_error *error)
{
    struct found *found = &run->found[run->n_found];
    *found = (struct found){step, false, run->values.size, {.size = sizeof found->row}};
    persist_status status =
        persist_get(tx, script_bytes(run->script, step->key), &found->row, error);
    if (status != PERSIST_OK && status != PERSIST_NOT_FOUND)
        return at_line(run, step, status, error);
    found->there = status == PERSIST_OK;
    if (found->there && !buf_add(&run->values, found->row.value.data, found->row.value.size))
        return error_no_memory(error);
    run->n_found++;
    return PERSIST_OK;
}

static persist_status do_check(const struct run *run, const struct step *step, persist_tx *tx,
                               persist_error *error)
{
    persist_bytes key = script_bytes(run->script, step->key);
    persist_bytes wanted = script_bytes(run->script, step->value);
    bool absent = step->kind == STEP_CHECK_ABSENT;
    persist_row row = {.size = sizeof row};
    char shown_key[SHOWN], shown_wanted[SHOWN] = "nothing", shown_found[SHOWN] = "nothing";
    persist_status status = persist_get(tx, key, &row, error);
    if (status != PERSIST_OK && status != PERSIST_NOT_FOUND)
        return at_line(run, step, status, error);
    bool there = status == PERSIST_OK;
    if (absent ? !there : there && bytes_compare(row.value, wanted) == 0)
        return PERSIST_OK;
    bytes_show(key, shown_key, sizeof shown_key);
    if (!absent)
        bytes_show(wanted, shown_wanted, sizeof shown_wanted);
    if (there)
        bytes_show(row.value, shown_found, sizeof shown_found);
    const char *quote_wanted = absent ? "" : "'", *quote_found = there ? "'" : "";
    return error_set(error, PERSIST_PRECONDITION,
                     "%s:%" PRIu64 ": the check of '%s' failed: expected %s%s%s, found %s%s%s",
                     run->script->name, step->line, shown_key, quote_wanted, shown_wanted,
                     quote_wanted, quote_found, shown_found, quote_found);
}

static persist_status do_step(struct run *run, const struct step *step, persist_tx *tx,
                              persist_error *error)
{
    persist_bytes key = script_bytes(run->script, step->key);
    if (step->kind == STEP_GET)
        return do_get(run, step, tx, error);
    if (step->kind == STEP_CHECK || step->kind == STEP_CHECK_ABSENT)
        return do_check(run, step, tx, error);
    persist_status status =
        step->kind == STEP_PUT ? persist_put(tx, key, script_bytes(run->script, step->value), error)
                               : persist_delete(tx, key, error);
    return status == PERSIST_OK ? status : at_line(run, step, status, error);
}

/* Begins anew each time: what an earlier try found does not count. */
static persist_status do_all(persist_tx *tx, void *context, persist_error *error)
{
    struct run *run = context;
    persist_status status = PERSIST_OK;
    run->n_found = 0;
    run->values.size = 0;
    for (size_t i = 0; i < run->script->n && status == PERSIST_OK; i++)
        status = do_step(run, &run->script->steps[i], tx, error);
    return status;
}

/* ---- printing */

/* Points the row at the bytes that were kept. */
static persist_row row_of(const struct run *run, const struct found *found)
{
    persist_row row = found->row;
    row.key = script_bytes(run->script, found->step->key);
    if (row.value.size)
        row.value.data = run->values.data + found->at;
    return row;
}

static void print_text(struct output *output, const struct run *run, int64_t timestamp)
{
    for (size_t i = 0; i < run->n_found; i++) {
        persist_row row = row_of(run, &run->found[i]);
        output_line_text(output, row.key);
        if (run->found[i].there) {
            sink_char(output->sink, '\t');
            output_line_text(output, row.value);
        }
        sink_char(output->sink, '\n');
    }
    sink_format(output->sink, "%" PRId64 "\n", timestamp);
}

static void print_rows(struct output *output, const struct run *run)
{
    for (size_t i = 0; i < run->n_found; i++) {
        persist_row row = row_of(run, &run->found[i]);
        output_bytes(output, row.key);
        if (run->found[i].there) {
            output_bytes(output, row.value);
            rows_origin(output, &row);
            continue;
        }
        for (int cell = 0; cell < 3; cell++)
            output_none(output);
    }
}

static void print_commit(struct output *output, int64_t timestamp)
{
    struct emit emit = {.sink = output->sink};
    if (output->format == OUTPUT_CSV) {
        /* A row without a key is the commit. */
        output_none(output);
        output_none(output);
        output_time(output, timestamp);
        output_none(output);
        return;
    }
    emit_begin(&emit, '{');
    emit_name(&emit, "timestamp");
    emit_decimal(&emit, timestamp);
    emit_end(&emit, '}');
    sink_char(output->sink, '\n');
}

/* {"gets":[...],"timestamp":"..."} */
static void print_json(struct output *output, const struct run *run, int64_t timestamp)
{
    sink_text(output->sink, "{\"gets\":");
    rows_begin(output, OUTPUT_LIST);
    print_rows(output, run);
    sink_format(output->sink, "%s],\"timestamp\":\"%" PRId64 "\"}\n", run->n_found ? "\n" : "[",
                timestamp);
}

static void print(struct output *output, const struct run *run, int64_t timestamp)
{
    switch (output->format) {
    case OUTPUT_TEXT:
        print_text(output, run, timestamp);
        break;
    case OUTPUT_JSON:
        print_json(output, run, timestamp);
        break;
    case OUTPUT_NDJSON:
    case OUTPUT_CSV:
        rows_begin(output, OUTPUT_LIST);
        print_rows(output, run);
        print_commit(output, timestamp);
        break;
    }
    sink_flush(output->sink);
}

static persist_status execute(struct command *command, const struct script *script)
{
    struct run run = {.script = script};
    int64_t timestamp;
    persist_status status = command_open(command, 0);
    if (status != PERSIST_OK)
        return status;
    run.found = calloc(script->n ? script->n : 1, sizeof *run.found);
    if (!run.found)
        return error_no_memory(command->error);
    status = change_run(command, do_all, &run, &timestamp);
    if (status == PERSIST_OK)
        print(&command->output, &run, timestamp);
    if (status == PERSIST_OK && command->dry_run)
        command_note(command,
                     "dry run: the script would have been committed; the timestamp is "
                     "the snapshot's");
    free(run.found);
    buf_free(&run.values);
    return status;
}

persist_status verb_txn(struct command *command)
{
    struct lines lines;
    struct script script = {0};
    persist_status status = lines_open(&lines, command->options.operands[0], command->error);
    if (status != PERSIST_OK)
        return status;
    status = script_read(&script, &lines, command->encoding, command->error);
    if (status == PERSIST_OK)
        status = execute(command, &script);
    /* The command line is right; what is wrong stands in the file. */
    if (status == PERSIST_INVALID)
        command->code = EXIT_FAILED;
    script_free(&script);
    lines_close(&lines);
    return status;
}
