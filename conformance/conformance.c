/* SPDX-License-Identifier: MIT */
/* The public call: which cases, in what order, and the report. */
#include "conformance/kit.h"

#include "core/base/clock.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct group *const groups[] = {
    &group_head,    &group_life,       &group_keys,     &group_visible, &group_scan,
    &group_changes, &group_append,     &group_snapshot, &group_turn,    &group_load,
    &group_control, &group_namespaces, &group_meta,     &group_calls,   &group_limits,
    &group_migrate, &group_stats,      &group_reopen,   &group_upkeep,  &group_history,
};
#define N_GROUPS (sizeof groups / sizeof *groups)

struct run {
    persist_conformance_options options;
    persist_conformance_result *result;
    struct kit kit;
    char folder[PATH_MAX];
    uint64_t seed;
    unsigned number; /* of the case */
};

/* ---- output */

static void line(const struct run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void line(const struct run *run, const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (run->options.take)
        run->options.take(run->options.context, text);
}

/* Text of several lines as comments of TAP. */
static void comment(const struct run *run, char *text)
{
    char *rest = text;
    for (char *part = strtok_r(text, "\n", &rest); part; part = strtok_r(NULL, "\n", &rest))
        line(run, "# %s", part);
}

static persist_status refuse(struct run *run, persist_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static persist_status refuse(struct run *run, persist_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(run->result->message, sizeof run->result->message, format, args);
    va_end(args);
    return status;
}

/* ---- which cases */

static void case_path(const struct group *group, const struct test_case *test, char out[128])
{
    snprintf(out, 128, "%s/%s", group->name, test->name);
}

/* `only` is a list of GROUP and GROUP/CASE. */
static bool is_wanted(const char *only, const struct group *group, const struct test_case *test)
{
    char path[128];
    if (!only)
        return true;
    case_path(group, test, path);
    while (*only) {
        size_t size = strcspn(only, ",");
        bool whole_group = strlen(group->name) == size && strncmp(only, group->name, size) == 0;
        if (whole_group || (strlen(path) == size && strncmp(only, path, size) == 0))
            return true;
        only += size + (only[size] == ',');
    }
    return false;
}

static unsigned count_wanted(const char *only)
{
    unsigned n = 0;
    for (size_t g = 0; g < N_GROUPS; g++)
        for (const struct test_case *test = groups[g]->cases; test->name; test++)
            n += is_wanted(only, groups[g], test);
    return n;
}

void persist_conformance_list(persist_conformance_line take, void *context)
{
    char path[128];
    for (size_t g = 0; g < N_GROUPS; g++)
        for (const struct test_case *test = groups[g]->cases; test->name; test++) {
            case_path(groups[g], test, path);
            take(context, path);
        }
}

/* ---- running */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A case draws the same whichever others are run beside it. */
static uint64_t seed_of(const struct run *run, const char *path)
{
    uint64_t state = run->seed;
    for (; *path; path++)
        state = state * 31 + (unsigned char)*path;
    return random_next(&state);
}

static void report(struct run *run, const char *path, int code, char *told)
{
    persist_conformance_result *result = run->result;
    if (code == KIT_PASSED) {
        result->passed++;
        line(run, "ok %u - %s", run->number, path);
    } else if (code == KIT_SKIPPED) {
        result->skipped++;
        line(run, "ok %u - %s # SKIP %s", run->number, path, told);
    } else {
        result->failed++;
        line(run, "not ok %u - %s", run->number, path);
        comment(run, told);
        line(run, "# again: --only %s --seed %llu --scale %llu", path,
             (unsigned long long)run->seed, (unsigned long long)run->kit.scale);
    }
}

static persist_status run_case(struct run *run, const struct group *group,
                               const struct test_case *test)
{
    char path[128];
    char told[8192] = "";
    case_path(group, test, path);
    run->number++;
    struct kit *kit = &run->kit;
    kit->path = path;
    kit->needs = test->needs;
    kit->random = seed_of(run, path);
    kit->n_places = 0;
    snprintf(kit->folder, sizeof kit->folder, "%.4000s/%u", run->folder, run->number);
    if (mkdir(kit->folder, 0700) != 0)
        return refuse(run, PERSIST_IO, "cannot make the folder %s", kit->folder);
    int code = process_run(kit, test, told, sizeof told);
    remove_folder(kit->folder);
    if (code < 0)
        return refuse(run, PERSIST_IO, "cannot start a process for the case %s", path);
    report(run, path, code, told);
    return PERSIST_OK;
}

static persist_status run_all(struct run *run)
{
    persist_status status = PERSIST_OK;
    line(run, "TAP version 13");
    line(run, "1..%u", count_wanted(run->options.only));
    line(run, "# seed %llu, scale %llu", (unsigned long long)run->seed,
         (unsigned long long)run->kit.scale);
    for (size_t g = 0; g < N_GROUPS; g++)
        for (const struct test_case *test = groups[g]->cases; test->name; test++)
            if (status == PERSIST_OK && is_wanted(run->options.only, groups[g], test))
                status = run_case(run, groups[g], test);
    line(run, "# passed %llu, failed %llu, skipped %llu", (unsigned long long)run->result->passed,
         (unsigned long long)run->result->failed, (unsigned long long)run->result->skipped);
    return status;
}

/* ---- what was given */

static void copy_in(void *to, size_t capacity, const void *from, size_t size)
{
    memset(to, 0, capacity);
    memcpy(to, from, size < capacity ? size : capacity);
}

static persist_status check_plugin(struct run *run)
{
    static struct plugin_file file;
    persist_error error = ERROR_INIT;
    const persist_conformance_options *options = &run->options;
    if (!options->plugin_file == !options->plugin)
        return refuse(run, PERSIST_INVALID, "give either plugin_file or plugin");
    if (!options->plugin_file)
        return PERSIST_OK;
    if (options->plugin_file[0] != '/')
        return refuse(run, PERSIST_INVALID, "plugin_file is '%s': give an absolute path",
                      options->plugin_file);
    persist_status status = loader_inspect(options->plugin_file, &file, &error);
    if (status != PERSIST_OK)
        refuse(run, PERSIST_PLUGIN_REFUSED, "%s", persist_error_message(&error));
    else if (!file.accepted)
        refuse(run, PERSIST_PLUGIN_REFUSED, "plugin %s is refused: %s", options->plugin_file,
               file.reason);
    error_clear(&error);
    return status == PERSIST_OK && file.accepted ? PERSIST_OK : PERSIST_PLUGIN_REFUSED;
}

/* A case's process loads the plugin before it runs the case; here that is all. */
static void only_load(struct kit *kit)
{
    (void)kit;
}

/* In a process of its own: the caller's must not load the plugin before the cases do. */
static persist_status check_loads(struct run *run)
{
    static const struct test_case loading = {"loading", only_load, 0, 0};
    char told[8192] = "";
    int code = process_run(&run->kit, &loading, told, sizeof told);
    if (code < 0)
        return refuse(run, PERSIST_IO, "cannot start a process");
    if (code != KIT_PASSED)
        return refuse(run, PERSIST_PLUGIN_REFUSED, "%.1000s", told);
    return PERSIST_OK;
}

static persist_status begin(struct run *run)
{
    const persist_conformance_options *options = &run->options;
    const char *temporary = getenv("TMPDIR");
    if (options->only && count_wanted(options->only) == 0)
        return refuse(run, PERSIST_INVALID, "'%s' names no group and no case", options->only);
    run->kit.options = options;
    run->kit.scale = options->scale ? options->scale : 1;
    run->seed = options->seed ? options->seed : (uint64_t)clock_wall() % 1000000007u;
    snprintf(run->folder, sizeof run->folder, "%.4000s/persist-conformance-XXXXXX",
             temporary && *temporary == '/' ? temporary : "/tmp");
    if (!mkdtemp(run->folder))
        return refuse(run, PERSIST_IO, "cannot make the folder %s", run->folder);
    return PERSIST_OK;
}

persist_status persist_conformance_run(const persist_conformance_options *options,
                                       persist_conformance_result *result)
{
    persist_conformance_result own = {.size = sizeof own};
    size_t room = result->size < sizeof own ? result->size : sizeof own;
    struct run *run = calloc(1, sizeof *run);
    if (!run)
        return PERSIST_NO_MEMORY;
    copy_in(&run->options, sizeof run->options, options, options->size);
    run->result = &own;
    persist_status status = check_plugin(run);
    if (status != PERSIST_OK)
        goto out;
    status = begin(run);
    if (status != PERSIST_OK)
        goto out;
    status = check_loads(run);
    if (status == PERSIST_OK)
        status = run_all(run);
    remove_folder(run->folder);
out:
    own.size = room;
    memcpy(result, &own, room);
    free(run);
    return status;
}
