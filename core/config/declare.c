/* SPDX-License-Identifier: MIT */
#include "core/config/declare.h"

#include "core/base/clock.h"
#include "core/config/text.h"
#include "core/config/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define HOUR (3600 * NS_PER_S)
#define DAY (24 * HOUR)
#define CENTURY (36500 * DAY)

#define NAMESPACE_PATTERN "^[a-z0-9_-]{1,64}$"

static const char *check_namespace(const char *text)
{
    size_t size = strlen(text);
    if (size > 64 || strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") != size)
        return "is no name of a namespace: give 1 to 64 of a-z, 0-9, _ and -";
    return NULL;
}

static const char *check_folder(const char *text)
{
    return *text == '/' ? NULL : "is not an absolute path: begin it with /";
}

#define TEXT(path, flag_bits, value, check_fn, regex, words) \
    {                                                        \
        .setting = {.name = path,                            \
                    .type = PERSIST_SETTING_TEXT,            \
                    .flags = flag_bits,                      \
                    .preset = value,                         \
                    .help = words},                          \
        .check = check_fn, .pattern = regex                  \
    }
#define BOOL(path, flag_bits, value, words) \
    {                                       \
        .setting = {                        \
            .name = path,                   \
            .type = PERSIST_SETTING_BOOL,   \
            .flags = flag_bits,             \
            .preset = value,                \
            .help = words                   \
        }                                   \
    }
#define CHOICE(path, flag_bits, list, value, words) \
    {                                               \
        .setting = {                                \
            .name = path,                           \
            .type = PERSIST_SETTING_CHOICE,         \
            .flags = flag_bits,                     \
            .choices = list,                        \
            .preset = value,                        \
            .help = words                           \
        }                                           \
    }
#define NUMBER(path, kind, flag_bits, low, high, value, words) \
    {                                                          \
        .setting = {                                           \
            .name = path,                                      \
            .type = kind,                                      \
            .flags = flag_bits,                                \
            .min = low,                                        \
            .max = high,                                       \
            .preset = value,                                   \
            .help = words                                      \
        }                                                      \
    }
#define INT(path, low, high, value, words) \
    NUMBER(path, PERSIST_SETTING_INT, 0, low, high, value, words)
#define SIZE(path, low, high, value, words) \
    NUMBER(path, PERSIST_SETTING_SIZE, 0, low, high, value, words)
#define DURATION(path, low, high, value, words) \
    NUMBER(path, PERSIST_SETTING_DURATION, 0, low, high, value, words)

const struct declaration declarations[] = {
    TEXT("persistence", DECLARE_SPECIAL, NULL, NULL, NULL,
         "Where the data live: a URL, or a mapping of backend and its connection settings."),
    TEXT("namespace", 0, "default", check_namespace, NAMESPACE_PATTERN,
         "Namespace that is used unless another one is asked for."),
    TEXT("plugin_path", DECLARE_LIST, NULL, check_folder, "^/",
         "Folders in which backends are looked for, instead of the compiled-in one."),
    CHOICE("durability", 0, "process power", "power",
           "What an acknowledged commit survives: the death of the process, or a power cut."),

    CHOICE("transaction.isolation", 0, "serializable snapshot", "serializable",
           "What transactions are protected from unless they ask for something else."),
    CHOICE("transaction.freshness", 0, "strict cached", "strict",
           "Whether a snapshot asks the engine for the newest commit, or may use a recent answer."),
    DURATION("transaction.max_staleness", NS_PER_MS, HOUR, "1s",
             "Oldest answer that freshness cached may use."),
    INT("transaction.max_retries", 0, 10000, "10",
        "How often a transaction that lost a conflict is run again."),
    DURATION("transaction.timeout", NS_PER_MS, DAY, "5s", "Longest that one call may take."),
    INT("transaction.max_writes", 1, 100000000, "100000", "Most keys one transaction may write."),
    SIZE("transaction.max_bytes", KIB, 16 * GIB, "64MiB",
         "Most bytes of keys and values one transaction may write."),
    INT("transaction.max_reads", 1, 100000000, "1000000",
        "Most keys and ranges a serializable transaction may read."),
    DURATION("transaction.max_age", NS_PER_S, 30 * DAY, "1h",
             "Longest that a transaction may be used after it was begun."),
    DURATION(
        "transaction.max_clock_lead", NS_PER_MS, DAY, "1m",
        "How far this machine's clock may be ahead of the engine's before writing is refused."),

    INT("group_commit.max_transactions", 1, 65536, "512",
        "Most transactions committed in one append."),
    SIZE("group_commit.max_bytes", KIB, GIB, "4MiB",
         "Bytes at which a group takes no further transaction."),
    SIZE("group_commit.window_bytes", 64 * KIB, 16 * GIB, "16MiB",
         "Memory for the keys of recent commits, which conflicts are found in."),

    INT("pool.max", 1, 1024, "16", "Most connections to the engine."),
    INT("pool.min", 0, 1024, "0", "Connections kept open while idle; at most pool.max."),
    DURATION("pool.idle_timeout", 0, 30 * DAY, "90s",
             "How long an idle connection above pool.min is kept; 0: for ever."),
    DURATION("pool.connect_timeout", NS_PER_MS, HOUR, "5s",
             "Longest that opening a connection, or waiting for a free one, may take."),

    CHOICE("values.compression", 0, "none zstd", "zstd", "How values are compressed."),
    INT("values.level", 1, 22, "3", "Effort of the compression."),
    SIZE("values.threshold", 0, GIB, "1KiB", "Values below this size are not compressed."),
    CHOICE("values.checksum", 0, "xxh3", "xxh3", "Checksum kept with each value."),
    SIZE("values.max_bytes", 1, GIB, "8MiB", "Largest value."),

    DURATION("gc.retention", 0, CENTURY, "7d",
             "How long the history of a new namespace is kept; 0: for ever."),
    NUMBER("gc.interval", PERSIST_SETTING_DURATION, DECLARE_UNUSED, 0, 30 * DAY, "30s",
           "Pause between collections by an open store; 0: it does not collect."),

    NUMBER("verify.interval", PERSIST_SETTING_DURATION, DECLARE_UNUSED, 0, 365 * DAY, "24h",
           "Time between checks of everything stored, by the service; 0: never."),
    NUMBER("verify.rate", PERSIST_SETTING_SIZE, DECLARE_UNUSED, 0, 16 * GIB, "8MiB",
           "Bytes a second that a check reads; 0: no bound."),

    NUMBER("slow_log.threshold", PERSIST_SETTING_DURATION, DECLARE_UNUSED, 0, DAY, "100ms",
           "Operations that take longer are logged; 0: none."),
    BOOL("slow_log.plan", DECLARE_UNUSED, "true",
         "Whether the engine's plan is logged with a slow operation."),
    BOOL("slow_log.stack", DECLARE_UNUSED, "true",
         "Whether the caller's stack is logged with a slow operation."),

    BOOL("metrics.enabled", DECLARE_UNUSED, "true", "Whether counts and durations are kept."),

    CHOICE("log.level", DECLARE_UNUSED, "error warning info debug", "info",
           "Least urgent messages logged."),
    CHOICE("log.format", DECLARE_UNUSED, "logfmt json", "logfmt", "Form of a line of the log."),

    TEXT("schema", DECLARE_PATH | DECLARE_UNUSED, NULL, NULL, NULL,
         "File with the schema of documents, relative to the file that names it."),
    DURATION("resolve_timeout", NS_PER_MS, DAY, "30s",
             "Longest that finding out whether an interrupted commit happened may take."),
    TEXT("include", DECLARE_SPECIAL | DECLARE_LIST, NULL, NULL, NULL,
         "Further files, folders or patterns, read in name order; they override this file."),
};
const size_t n_declarations = sizeof declarations / sizeof *declarations;
_Static_assert(sizeof declarations / sizeof *declarations == DECLARE_COUNT,
               "DECLARE_COUNT is the length of the table");

size_t declare_find(const char *path)
{
    size_t i = 0;
    while (i < n_declarations && strcmp(declarations[i].setting.name, path) != 0)
        i++;
    return i;
}

const char *const declare_sections[] = {
    "transaction", "group_commit", "pool",    "values", "gc",
    "verify",      "slow_log",     "metrics", "log",    NULL,
};

bool declare_is_section(const char *path)
{
    size_t i = 0;
    while (declare_sections[i] && strcmp(declare_sections[i], path) != 0)
        i++;
    return declare_sections[i] != NULL;
}

/* The bound as it would be written. */
static const char *show_bound(const persist_setting *setting, int64_t value, char out[UNITS_TEXT])
{
    if (setting->type == PERSIST_SETTING_SIZE)
        return units_show_size(value, out);
    if (setting->type == PERSIST_SETTING_DURATION)
        return units_show_duration(value, out);
    snprintf(out, UNITS_TEXT, "%" PRId64, value);
    return out;
}

/* "give 1 to 1024, such as ..." */
static void remedy(const persist_setting *setting, char *out, size_t capacity)
{
    char low[UNITS_TEXT], high[UNITS_TEXT];
    show_bound(setting, setting->min, low);
    show_bound(setting, setting->max, high);
    const char *what = setting->type == PERSIST_SETTING_SIZE       ? "a size such as 64MiB, "
                       : setting->type == PERSIST_SETTING_DURATION ? "a duration such as 15s, "
                                                                   : "";
    if (setting->max)
        snprintf(out, capacity, "give %s%s to %s", what, low, high);
    else
        snprintf(out, capacity, "give %s%s or more", what, low);
}

static enum units_fault read_number(const persist_setting *setting, const char *text, int64_t *out)
{
    if (setting->type == PERSIST_SETTING_SIZE)
        return units_size(text, out);
    if (setting->type == PERSIST_SETTING_DURATION)
        return units_duration(text, out);
    return units_integer(text, out);
}

/* The value for messages: quoted if it was, nothing of a secret. */
static const char *show_value(const persist_setting *setting, const char *text, bool plain,
                              char *out, size_t capacity)
{
    char quote[TEXT_QUOTE];
    if (setting->flags & PERSIST_SETTING_SECRET)
        snprintf(out, capacity, "set to something that");
    else if (plain && *text)
        snprintf(out, capacity, "%s", text_quote(text, strlen(text), quote));
    else
        snprintf(out, capacity, "\"%s\"", text_quote(text, strlen(text), quote));
    return out;
}

static bool convert_number(const persist_setting *setting, const char *text, bool plain,
                           int64_t *number, char why[DECLARE_WHY])
{
    char value[TEXT_QUOTE + 4], give[160];
    int64_t found = 0;
    show_value(setting, text, plain, value, sizeof value);
    remedy(setting, give, sizeof give);
    if (!plain && setting->type == PERSIST_SETTING_INT) {
        snprintf(why, DECLARE_WHY, "is %s%s: write the number without quotes",
                 setting->flags & PERSIST_SETTING_SECRET ? "" : "the text ",
                 setting->flags & PERSIST_SETTING_SECRET ? "a quoted text" : value);
        return false;
    }
    enum units_fault fault = read_number(setting, text, &found);
    if (fault) {
        bool secret = setting->flags & PERSIST_SETTING_SECRET;
        snprintf(why, DECLARE_WHY, "is %s%s %s: %s", value, secret ? "" : ", which",
                 units_fault_text(fault), give);
        return false;
    }
    if (found < setting->min || (setting->max && found > setting->max)) {
        if (setting->flags & PERSIST_SETTING_SECRET)
            snprintf(why, DECLARE_WHY, "is out of range: %s", give);
        else
            snprintf(why, DECLARE_WHY, "is %s: %s", value, give);
        return false;
    }
    *number = found;
    return true;
}

/* "one of none, zstd" */
static void join_words(const char *words, char *out, size_t capacity)
{
    size_t used = (size_t)snprintf(out, capacity, "one of ");
    for (const char *at = words; *at && used + 3 < capacity; at++) {
        if (*at == ' ')
            out[used++] = ',';
        out[used++] = *at;
    }
    out[used] = '\0';
}

static bool convert_word(const persist_setting *setting, const char *text, bool plain,
                         int64_t *number, char why[DECLARE_WHY])
{
    bool truth = setting->type == PERSIST_SETTING_BOOL;
    const char *words = truth ? "false true" : setting->choices;
    char value[TEXT_QUOTE + 4], give[160];
    long index;
    if (truth && !plain) {
        snprintf(why, DECLARE_WHY, "is quoted: write true or false without quotes");
        return false;
    }
    if (text_in_words(text, words, &index)) {
        *number = index;
        return true;
    }
    if (truth)
        snprintf(give, sizeof give, "true or false");
    else
        join_words(words, give, sizeof give);
    if (setting->flags & PERSIST_SETTING_SECRET)
        snprintf(why, DECLARE_WHY, "is none of the words allowed: give %s", give);
    else
        snprintf(why, DECLARE_WHY, "is %s: give %s",
                 show_value(setting, text, plain, value, sizeof value), give);
    return false;
}

bool declare_convert(const persist_setting *setting, const char *text, bool plain, int64_t *number,
                     char why[DECLARE_WHY])
{
    size_t size = strlen(text);
    if (text_fault(text, size) != size) {
        snprintf(why, DECLARE_WHY, "is not valid UTF-8: write it in UTF-8");
        return false;
    }
    switch (setting->type) {
    case PERSIST_SETTING_TEXT:
        return true;
    case PERSIST_SETTING_BOOL:
    case PERSIST_SETTING_CHOICE:
        return convert_word(setting, text, plain, number, why);
    case PERSIST_SETTING_INT:
    case PERSIST_SETTING_SIZE:
    case PERSIST_SETTING_DURATION:
        return convert_number(setting, text, plain, number, why);
    }
    snprintf(why, DECLARE_WHY, "has a type (%d) that this version does not know",
             (int)setting->type);
    return false;
}
