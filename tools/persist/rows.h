/* SPDX-License-Identifier: MIT */
/* Versions of keys, as rows of the output. */
#ifndef TOOLS_PERSIST_ROWS_H
#define TOOLS_PERSIST_ROWS_H

#include "tools/persist/command.h"

/* {"key","value","timestamp","tx_id"}; as text key and value. */
void rows_begin(struct output *output, enum output_shape shape);
void rows_add(struct output *output, const persist_row *row);
/* {"key","timestamp"}; as text the key. */
void rows_begin_keys(struct output *output);
void rows_add_key(struct output *output, const persist_row *row);
/* The cells timestamp and tx_id; neither is there for what the transaction wrote itself. */
void rows_origin(struct output *output, const persist_row *row);

#define ROWS_TX_ID 40
/* A transaction's id: 24 hex digits of its batch, '-', its index. Returns out. */
const char *rows_tx_id(const unsigned char tx_id[16], char out[ROWS_TX_ID]);

/* What a scan's options say; ended by rows_range_free. INVALID. */
struct rows_range {
    persist_scan_options options;
    struct buf prefix;
    struct buf from;
    struct buf to;
};
persist_status rows_range(struct command *command, struct rows_range *range);
void rows_range_free(struct rows_range *range);
/* The value of --limit; 0 if it was not given. INVALID. */
persist_status rows_limit(struct command *command, uint64_t *limit);

/* Does `take` for each row of a cursor, until it ends, a signal comes (INTERRUPTED), or the
 * output is closed. */
typedef void (*rows_take)(struct command *command, const persist_row *row);
persist_status rows_each(struct command *command, persist_cursor *cursor, uint64_t limit,
                         rows_take take);

#endif
