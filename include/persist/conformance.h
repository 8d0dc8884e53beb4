/* SPDX-License-Identifier: MIT */
/**
 * persist/conformance.h - is a backend what persist/plugin.h asks for?
 *
 * The conformance kit drives one plugin through persist/plugin.h alone and tells
 * in TAP (Test Anything Protocol) which of its cases the plugin passed. It is
 * what `persist plugins conformance` runs; link libpersist-conformance to run it
 * from a test program of your own:
 *
 *     persist_conformance_options options = {0};
 *     persist_conformance_result result = {0};
 *     options.size = sizeof options;
 *     options.plugin_file = "/home/me/build/persist_mine.so";
 *     options.take = print_line;
 *     result.size = sizeof result;
 *     if (persist_conformance_run(&options, &result) != PERSIST_OK)
 *         puts(result.message);
 *     return result.failed > 0;
 *
 * PROCESSES. Each case runs in a process of its own, forked before the plugin is
 * loaded: a plugin that crashes or hangs fails its case and no other. So the
 * program should have one thread when it calls, and must not have called `load`
 * of the plugin. The processes are gone when the call returns.
 *
 * PLACES. Each case works on fresh stores. Their URL is made from a template:
 * {dir} stands for a new empty folder, removed afterwards, {name} for a word of
 * lower-case letters and digits that was never used before. Without a template,
 * a plugin with PERSIST_CAP_PERSISTENT is given SCHEME:{dir}/store, another one
 * SCHEME: alone, SCHEME being the first it answers to. A template without a
 * placeholder fits only if each store_open makes a new store.
 */
#ifndef PERSIST_CONFORMANCE_H
#define PERSIST_CONFORMANCE_H

#include <persist/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PERSIST_CONFORMANCE_API __attribute__((visibility("default")))
#else
#define PERSIST_CONFORMANCE_API
#endif

/** Takes one line of the report, without its newline; valid during the call. */
typedef void (*persist_conformance_line)(void *context, const char *line);

/** What to run. Zeros are good values for all but size, the plugin and `take`. */
typedef struct persist_conformance_options {
    size_t size;                   /**< sizeof(persist_conformance_options) */
    const char *plugin_file;       /**< absolute path of persist_NAME.so; or NULL, and */
    const persist_plugin *plugin;  /**< the descriptor of a plugin linked in */
    const char *reference_file;    /**< plugin that random histories are compared
                                        with; NULL: persist_memory.so, searched
                                        for as by every host */
    const char *url;               /**< template of URLs; NULL: see PLACES */
    const char *config_file;       /**< configuration file with the plugin's section;
                                        NULL: presets and variables */
    const char *only;              /**< GROUP, GROUP/CASE, or several, separated by
                                        commas; NULL: all */
    uint64_t scale;                /**< how much of the work of races, crashes and
                                        random histories; 0 is 1 */
    uint64_t seed;                 /**< of all that is random; 0: chosen, and printed */
    persist_conformance_line take; /**< takes the report; NULL: nobody does */
    void *context;                 /**< for `take` */
} persist_conformance_options;

/** How it ended. */
typedef struct persist_conformance_result {
    size_t size;        /**< sizeof(persist_conformance_result) */
    uint64_t passed;    /**< cases passed */
    uint64_t failed;    /**< cases failed */
    uint64_t skipped;   /**< cases that do not apply to the plugin */
    char message[1024]; /**< if nothing was run: why */
} persist_conformance_result;

/**
 * Runs the cases. PERSIST_OK: they were run, and `result` counts them, failed
 * ones too. Any thread, one call at a time.
 * Statuses: INVALID (options; `only` names no case), PLUGIN_REFUSED, IO (no
 * scratch folder, no process), NO_MEMORY.
 */
PERSIST_CONFORMANCE_API persist_status persist_conformance_run(
    const persist_conformance_options *options, persist_conformance_result *result);

/** Tells each case as "GROUP/CASE", in order, to `take`. */
PERSIST_CONFORMANCE_API void persist_conformance_list(persist_conformance_line take, void *context);

#ifdef __cplusplus
}
#endif

#endif
