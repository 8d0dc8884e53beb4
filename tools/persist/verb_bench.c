/* SPDX-License-Identifier: MIT */
#include "tools/bench/bench.h"
#include "tools/persist/dump.h"
#include "tools/persist/signals.h"
#include "tools/persist/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_KEYS 1000000000
#define MOST_ROUNDS 1000
#define MOST_SECONDS 3600

/* ---- options */

static persist_status take_count(struct command *command, enum option_id id, uint64_t most,
                                 uint64_t preset, uint64_t *out)
{
    const char *text = command->options.values[id];
    char *end = NULL;
    *out = preset;
    if (!text)
        return PERSIST_OK;
    errno = 0;
    *out = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && *out >= 1 && *out <= most)
        return PERSIST_OK;
    return error_set(command->error, PERSIST_INVALID, "--%s is '%.60s': give 1 to %" PRIu64,
                     declare_options[id].name, text, most);
}

static persist_status take_seconds(struct command *command, double *out)
{
    const char *text = command->options.values[OPTION_SECONDS];
    char *end = NULL;
    *out = 1;
    if (!text)
        return PERSIST_OK;
    *out = strtod(text, &end);
    if (*text >= '0' && *text <= '9' && !*end && *out > 0 && *out <= MOST_SECONDS)
        return PERSIST_OK;
    return error_set(command->error, PERSIST_INVALID,
                     "--seconds is '%.60s': give a number above 0, %d at most", text, MOST_SECONDS);
}

/* ---- peer */

struct peer_place {
    char program[PATH_MAX];
    char folder[PATH_MAX];
};

/* The folder of the file that a URL such as "name:///folder/file?query" names; that for
 * temporary files if it names none. */
static void folder_of(const char *url, char folder[PATH_MAX])
{
    const char *path = strchr(url, ':');
    path = path ? path + 1 : "";
    if (strncmp(path, "//", 2) == 0)
        path += 2;
    int size = (int)strcspn(path, "?");
    while (size > 0 && path[size - 1] != '/')
        size--;
    bool file = *path && *path != ':' && *path != '?';
    const char *temporary = getenv("TMPDIR");
    if (file)
        snprintf(folder, PATH_MAX, "%.*s", size ? size : 1, size ? path : ".");
    else
        snprintf(folder, PATH_MAX, "%s", temporary && *temporary ? temporary : "/tmp");
}

/* Which engine it is, and where, the store itself has to tell. */
static persist_status find_peer(struct command *command, struct peer_place *place)
{
    const char *folder = command->options.values[OPTION_PEER_FOLDER];
    persist_store_options options = {.size = sizeof options, .flags = PERSIST_STORE_CREATE};
    persist_store_info info = {.size = sizeof info};
    persist_store *store = NULL;
    persist_status status = persist_open_config(command->config, &options, &store, command->error);
    if (status != PERSIST_OK)
        return status;
    persist_store_describe(store, &info);
    snprintf(place->program, sizeof place->program, "%s/peer_%s", folder ? folder : PERSIST_PEERDIR,
             info.backend);
    folder_of(info.url, place->folder);
    if (access(place->program, X_OK) != 0)
        status = error_set(command->error, PERSIST_INVALID,
                           "there is no peer for %s (%s: %s): leave --peer out, or name its "
                           "folder with --peer-folder",
                           info.backend, place->program, strerror(errno));
    persist_status closed = persist_close(store, status == PERSIST_OK ? command->error : NULL);
    return status == PERSIST_OK ? closed : status;
}

/* ---- works that are the command's */

static persist_status dump_to(struct command *dump, persist_store *store, const char *ns)
{
    persist_tx_options options = {.size = sizeof options, .ns = ns};
    persist_scan_options all = {.size = sizeof all};
    persist_cursor *cursor = NULL;
    persist_tx *tx = NULL;
    uint64_t rows = 0;
    persist_status status = persist_begin(store, &options, &tx, dump->error);
    if (status == PERSIST_OK)
        status = persist_scan(tx, &all, &cursor, dump->error);
    if (status == PERSIST_OK)
        status = dump_rows(dump, cursor, &rows);
    persist_cursor_free(cursor);
    persist_tx_free(tx);
    return status;
}

static persist_status dump(void *context, persist_store *store, const char *ns,
                           persist_error *error)
{
    const struct command *command = context;
    struct command nowhere = {.options = command->options, .quiet = true, .error = error};
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(error, PERSIST_IO, "/dev/null: %s", strerror(errno));
    sink_begin(&nowhere.sink, fd);
    persist_status status = dump_to(&nowhere, store, ns);
    sink_finish(&nowhere.sink);
    return status;
}

/* ---- results */

static const struct column columns[] = {
    {"line", CELL_TEXT, false},    {"work", CELL_TEXT, false},
    {"unit", CELL_TEXT, false},    {"figure", CELL_NUMBER, false},
    {"against", CELL_TEXT, false}, {"its_figure", CELL_NUMBER, false},
    {"ratio", CELL_NUMBER, false}, {"must", CELL_TEXT, false},
    {"met", CELL_FLAG, false},     {"remark", CELL_TEXT, false},
};

static void tell(void *context, const struct bench_line *line)
{
    command_note(context, "%s: %s", line->id, line->work);
}

static void print_number(struct output *output, bool there, double value)
{
    if (there)
        output_number(output, value);
    else
        output_none(output);
}

static void print_must(struct output *output, const struct bench_line *line)
{
    static const char *const forms[] = {[BENCH_RATIO_LEAST] = "ratio >= %g",
                                        [BENCH_RATIO_MOST] = "ratio <= %g",
                                        [BENCH_FIGURE_MOST] = "figure <= %g"};
    char text[40];
    if (line->rule == BENCH_NO_RULE) {
        output_none(output);
        return;
    }
    snprintf(text, sizeof text, forms[line->rule], line->must);
    output_text(output, text);
}

static persist_status print(void *context, const struct bench_result *result)
{
    struct command *command = context;
    struct output *output = &command->output;
    const struct bench_line *line = result->line;
    output_text(output, line->id);
    output_text(output, line->work);
    output_text(output, line->unit);
    print_number(output, result->measured, result->product);
    if (line->against || line->peer)
        output_text(output, line->against ? line->against : "peer");
    else
        output_none(output);
    print_number(output, result->compared, result->against);
    print_number(output, result->compared, result->ratio);
    print_must(output, line);
    if (result->judged)
        output_flag(output, result->met);
    else
        output_none(output);
    output_text(output, result->remark);
    /* They come slowly. */
    sink_flush(&command->sink);
    return output_open(output) ? PERSIST_OK
                               : error_set(command->error, PERSIST_INTERRUPTED,
                                           "nobody reads the output: the benchmark was ended");
}

persist_status verb_bench(struct command *command)
{
    struct peer_place place;
    uint64_t rounds = 0;
    struct bench_options options = {.only = command->options.values[OPTION_ONLY],
                                    .dump = dump,
                                    .stop = signals_caught,
                                    .tell = tell,
                                    .take = print,
                                    .context = command};
    persist_status status = take_count(command, OPTION_KEYS, MOST_KEYS, 100000, &options.keys);
    if (status == PERSIST_OK)
        status = take_count(command, OPTION_ROUNDS, MOST_ROUNDS, 5, &rounds);
    if (status == PERSIST_OK)
        status = take_seconds(command, &options.seconds);
    if (status == PERSIST_OK)
        status = command_configure(command);
    if (status == PERSIST_OK && options_has(&command->options, OPTION_PEER)) {
        status = find_peer(command, &place);
        options.peer = place.program;
        options.peer_folder = place.folder;
    }
    if (status != PERSIST_OK)
        return status;
    options.config = command->config;
    options.rounds = (unsigned)rounds;
    output_begin(&command->output, OUTPUT_LIST, columns, sizeof columns / sizeof *columns);
    status = bench_run(&options, command->error);
    output_end(&command->output, status == PERSIST_OK);
    return status;
}
