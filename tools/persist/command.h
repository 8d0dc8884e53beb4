/* SPDX-License-Identifier: MIT */
/* One run of the command: what a verb works with. */
#ifndef TOOLS_PERSIST_COMMAND_H
#define TOOLS_PERSIST_COMMAND_H

#include "core/loader/loader.h"
#include "tools/persist/exit.h"
#include "tools/persist/input.h"
#include "tools/persist/options.h"
#include "tools/persist/output.h"

#include <persist/persist.h>

struct command {
    struct options options;
    bool quiet;
    bool yes;
    bool dry_run;
    bool color;
    enum encoding encoding;
    int64_t timeout; /* ns; 0: as configured */
    persist_error *error;
    persist_config *config;
    persist_store *store;
    enum exit_code code; /* in place of the failed status's own; EXIT_DONE: none */
    struct sink sink;    /* standard output */
    struct output output;
};

/* Makes ready what the options say. INVALID. */
persist_status command_begin(struct command *command);
/* Closes everything; returns the exit code, `code` or worse. */
enum exit_code command_end(struct command *command, enum exit_code code);

/* Reads the configuration, with the options above it, and tells its warnings. */
persist_status command_configure(struct command *command);
/* Where the configuration says that plugins are. */
struct plugin_search command_plugins(const struct command *command);
/* Reads the configuration, and opens the store. */
persist_status command_open(struct command *command, uint32_t store_flags);
/* Opens for reading, and begins a transaction at --at, which a signal cancels. Ended by
 * command_read_end, which may be given NULL. */
persist_status command_read(struct command *command, persist_tx **tx);
void command_read_end(persist_tx *tx);
/* The value of --at; *has says whether it was given. INVALID. */
persist_status command_at(struct command *command, int *has, int64_t *at);
/* The bytes of the operand, or of an option's value (empty if it was not given), appended.
 * INVALID, and those of standard input. */
persist_status command_operand(struct command *command, size_t index, const char *what,
                               struct buf *out);
persist_status command_option(struct command *command, enum option_id id, struct buf *out);
/* Asks on the terminal; OK if the answer, or --yes, is yes. Statuses: INVALID, INTERRUPTED. */
persist_status command_confirm(struct command *command, const char *question);

/* Tells the error, unless the status needs none; returns the exit code. */
enum exit_code command_result(struct command *command, persist_status status);
/* One line on standard error: a remark (not with --quiet), a warning, an error. */
void command_note(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void command_warn(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void command_complain(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
