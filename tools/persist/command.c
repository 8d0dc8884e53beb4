/* SPDX-License-Identifier: MIT */
#include "tools/persist/command.h"

#include "core/base/clock.h"
#include "core/config/config.h"
#include "core/config/units.h"
#include "tools/persist/lines.h"
#include "tools/persist/signals.h"
#include "tools/persist/time.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---- messages */

/* Each line of the text, behind "persist: " and a colour. */
static void tell(const struct command *command, const char *label, const char *colour,
                 const char *text)
{
    do {
        size_t size = strcspn(text, "\n");
        if (command->color)
            fprintf(stderr, "\033[%smpersist:\033[0m %s%.*s\n", colour, label, (int)size, text);
        else
            fprintf(stderr, "persist: %s%.*s\n", label, (int)size, text);
        text += size + (text[size] == '\n');
    } while (*text);
}

static void tell_va(const struct command *command, const char *label, const char *colour,
                    const char *format, va_list args)
{
    persist_error text = ERROR_INIT;
    error_set_va(&text, PERSIST_INTERNAL, format, args);
    tell(command, label, colour, persist_error_message(&text));
    error_clear(&text);
}

void command_note(const struct command *command, const char *format, ...)
{
    va_list args;
    if (command->quiet)
        return;
    va_start(args, format);
    tell_va(command, "", "32", format, args);
    va_end(args);
}

void command_warn(const struct command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell_va(command, "warning: ", "33", format, args);
    va_end(args);
}

void command_complain(const struct command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell_va(command, "", "31", format, args);
    va_end(args);
}

enum exit_code command_result(struct command *command, persist_status status)
{
    if (status == PERSIST_OK || status == PERSIST_END)
        return EXIT_DONE;
    const char *message = command->error ? persist_error_message(command->error) : "";
    tell(command, "", "31", *message ? message : persist_status_text(status));
    return command->code != EXIT_DONE ? command->code : exit_code_of(status);
}

/* ---- begin and end */

static void log_to_stderr(void *context, persist_log_level level, const char *text)
{
    const struct command *command = context;
    if (level == PERSIST_LOG_WARNING)
        command_warn(command, "%s", text);
    else
        command_complain(command, "%s", text);
}

static enum output_format format_of(const char *word)
{
    static const char *const words[] = {"text", "json", "ndjson", "csv"};
    for (size_t i = 0; word && i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], word) == 0)
            return (enum output_format)i;
    return OUTPUT_TEXT;
}

static persist_status parse_timeout(struct command *command)
{
    const char *text = command->options.values[OPTION_TIMEOUT];
    if (!text || (units_duration(text, &command->timeout) == UNITS_OK && command->timeout > 0))
        return PERSIST_OK;
    return error_set(command->error, PERSIST_INVALID,
                     "--timeout is '%.60s': give a number above 0 with ns, us, ms, s, m, h, d or w",
                     text);
}

persist_status command_begin(struct command *command)
{
    const struct options *options = &command->options;
    command->quiet = options_has(options, OPTION_QUIET);
    command->yes = options_has(options, OPTION_YES);
    command->dry_run = options_has(options, OPTION_DRY_RUN);
    const char *no_color = getenv("NO_COLOR");
    command->color =
        !options_has(options, OPTION_NO_COLOR) && !(no_color && *no_color) && isatty(STDERR_FILENO);
    command->encoding = options_has(options, OPTION_HEX)      ? ENCODING_HEX
                        : options_has(options, OPTION_BASE64) ? ENCODING_BASE64
                                                              : ENCODING_TEXT;
    command->error = persist_error_new();
    sink_begin(&command->sink, STDOUT_FILENO);
    output_init(&command->output, &command->sink, format_of(options->values[OPTION_OUTPUT]));
    command->output.encoding = command->encoding;
    command->output.eager = isatty(STDOUT_FILENO);
    persist_set_log(PERSIST_LOG_WARNING, log_to_stderr, command);
    return parse_timeout(command);
}

enum exit_code command_end(struct command *command, enum exit_code code)
{
    enum exit_code closed = command_result(command, persist_close(command->store, command->error));
    persist_config_free(command->config);
    persist_set_log(PERSIST_LOG_WARNING, NULL, NULL);
    persist_error_free(command->error);
    if (command->output.no_memory)
        command_complain(command, "out of memory: the output is not complete");
    if (!sink_finish(&command->sink)) {
        command_complain(command, "cannot write the output: %s", strerror(command->sink.fault));
        command->output.no_memory = true;
    }
    if (code != EXIT_DONE)
        return code;
    return command->output.no_memory ? EXIT_FAILED : closed;
}

/* ---- configuration and store */

static const char *config_file(const struct command *command)
{
    static const char *const places[] = {"persist.yaml",
                                         PERSIST_SYSCONFDIR "/persist/persist.yaml"};
    if (options_has(&command->options, OPTION_CONFIG))
        return command->options.values[OPTION_CONFIG];
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], F_OK) == 0)
            return places[i];
    return NULL;
}

static persist_status set(struct command *command, enum option_id id, const char *name)
{
    const char *value = command->options.values[id];
    return value ? persist_config_set(command->config, name, value, command->error) : PERSIST_OK;
}

persist_status command_configure(struct command *command)
{
    const char *file = config_file(command);
    persist_status status = persist_config_load(file, &command->config, command->error);
    /* A file that cannot be read is a fault of the configuration. */
    if (status == PERSIST_NOT_FOUND || status == PERSIST_IO)
        status = error_set(command->error, PERSIST_CONFIG, "cannot read the configuration %s: %s",
                           file ? file : "", persist_status_text(status));
    for (size_t i = 0; status == PERSIST_OK && i < config_warnings(command->config); i++)
        command_warn(command, "%s", config_warning(command->config, i));
    if (status == PERSIST_OK)
        status = set(command, OPTION_PERSISTENCE, "persistence");
    if (status == PERSIST_OK)
        status = set(command, OPTION_NAMESPACE, "namespace");
    if (status == PERSIST_OK)
        status = set(command, OPTION_TIMEOUT, "transaction.timeout");
    return status;
}

struct plugin_search command_plugins(const struct command *command)
{
    struct plugin_search search;
    search.folders = config_list(command->config, "plugin_path", &search.n_folders);
    return search;
}

persist_status command_open(struct command *command, uint32_t store_flags)
{
    persist_store_options options = {
        .size = sizeof options, .flags = store_flags, .timeout = command->timeout};
    persist_status status = command_configure(command);
    if (status == PERSIST_OK)
        status = persist_open_config(command->config, &options, &command->store, command->error);
    return status;
}

persist_status command_at(struct command *command, int *has, int64_t *at)
{
    const char *text = command->options.values[OPTION_AT];
    char shown[80];
    *has = text != NULL;
    const char *fault = text ? time_parse(text, clock_wall(), at) : NULL;
    if (!fault)
        return PERSIST_OK;
    return error_set(command->error, PERSIST_INVALID, "--at '%s' %s",
                     bytes_show(persist_text(text), shown, sizeof shown), fault);
}

persist_status command_read(struct command *command, persist_tx **tx)
{
    persist_tx_options options = {.size = sizeof options, .flags = PERSIST_TX_READ_ONLY};
    persist_status status = command_at(command, &options.has_at, &options.at);
    if (status == PERSIST_OK)
        status = command_open(command, PERSIST_STORE_READ_ONLY);
    if (status == PERSIST_OK)
        status = persist_begin(command->store, &options, tx, command->error);
    if (status == PERSIST_OK)
        signals_watch(*tx);
    return status;
}

void command_read_end(persist_tx *tx)
{
    if (tx)
        signals_unwatch(tx);
    persist_tx_free(tx);
}

/* ---- arguments */

persist_status command_operand(struct command *command, size_t index, const char *what,
                               struct buf *out)
{
    return input_argument(out, command->encoding, command->options.operands[index], what,
                          command->error);
}

persist_status command_option(struct command *command, enum option_id id, struct buf *out)
{
    const char *text = command->options.values[id];
    char what[32];
    snprintf(what, sizeof what, "--%s", declare_options[id].name);
    return text ? input_decode(out, command->encoding, persist_text(text), what, command->error)
                : PERSIST_OK;
}

static bool is_yes(persist_bytes answer)
{
    const char *text = answer.data;
    return (answer.size == 1 && (text[0] == 'y' || text[0] == 'Y')) ||
           (answer.size == 3 && strncasecmp(text, "yes", 3) == 0);
}

persist_status command_confirm(struct command *command, const char *question)
{
    struct lines lines;
    persist_bytes answer = {NULL, 0};
    if (command->yes)
        return PERSIST_OK;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return error_set(command->error, PERSIST_INVALID,
                         "%s There is no terminal to answer on: give --yes", question);
    fprintf(stderr, "%s [y/N] ", question);
    persist_status status = lines_open(&lines, "-", command->error);
    if (status == PERSIST_OK)
        status = lines_next(&lines, &answer, command->error);
    if (status == PERSIST_END || (status == PERSIST_OK && !is_yes(answer))) {
        command->code = EXIT_FAILED;
        status = error_set(command->error, PERSIST_INTERRUPTED, "nothing was done");
    }
    lines_close(&lines);
    return status;
}
