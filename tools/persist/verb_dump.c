/* SPDX-License-Identifier: MIT */
#include "tools/persist/dump.h"
#include "tools/persist/progress.h"
#include "tools/persist/rows.h"
#include "tools/persist/signals.h"
#include "tools/persist/verbs.h"

#include <inttypes.h>

static bool print(struct sink *sink, const persist_row *row)
{
    struct emit emit = {.sink = sink};
    emit_begin(&emit, '{');
    bool good =
        emit_member_bytes(&emit, "key", row->key) && emit_member_bytes(&emit, "value", row->value);
    emit_end(&emit, '}');
    sink_char(sink, '\n');
    return good;
}

persist_status dump_rows(struct command *command, persist_cursor *cursor, uint64_t *rows)
{
    persist_row row = {.size = sizeof row};
    struct progress progress;
    uint64_t bytes = 0;
    persist_status status = PERSIST_OK;
    progress_begin(&progress, "dump", 0, command->quiet);
    while (sink_open(&command->sink)) {
        if (signals_caught()) {
            status = error_set(command->error, PERSIST_INTERRUPTED,
                               "interrupted: the dump is not complete");
            break;
        }
        status = persist_cursor_next(cursor, &row, command->error);
        if (status == PERSIST_OK && !print(&command->sink, &row))
            status = error_no_memory(command->error);
        if (status != PERSIST_OK)
            break;
        bytes += row.key.size + row.value.size;
        progress_step(&progress, ++*rows, bytes);
    }
    progress_end(&progress);
    sink_flush(&command->sink);
    return status == PERSIST_END ? PERSIST_OK : status;
}

persist_status verb_dump(struct command *command)
{
    persist_tx *tx = NULL;
    persist_cursor *cursor = NULL;
    struct rows_range range;
    uint64_t rows = 0;
    int64_t timestamp;
    persist_status status = rows_range(command, &range);
    if (status == PERSIST_OK)
        status = command_read(command, &tx);
    if (status == PERSIST_OK)
        status = persist_tx_timestamp(tx, &timestamp, command->error);
    if (status == PERSIST_OK)
        status = persist_scan(tx, &range.options, &cursor, command->error);
    if (status == PERSIST_OK)
        status = dump_rows(command, cursor, &rows);
    if (status == PERSIST_OK && sink_open(&command->sink))
        command_note(command, "%" PRIu64 " rows as of %" PRId64, rows, timestamp);
    persist_cursor_free(cursor);
    persist_tx_free(tx);
    rows_range_free(&range);
    return status;
}
