/* SPDX-License-Identifier: MIT */
/* The plugin within a case's process, and how a case ends. */
#include "conformance/kit.h"

#include "core/loader/tables.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One write: what several processes say does not mix. */
static void say(struct kit *kit, const char *text)
{
    ssize_t written = write(kit->report, text, strlen(text));
    (void)written; /* nobody listens any more: the exit code still tells */
}

void kit_pass(struct kit *kit)
{
    if (kit->plugin && kit->plugin->life.stop)
        kit->plugin->life.stop();
    _exit(KIT_PASSED);
}

void kit_skip(struct kit *kit, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    say(kit, text);
    _exit(KIT_SKIPPED);
}

void kit_fail(struct kit *kit, const char *operation, const char *expected, const char *found)
{
    char text[3600];
    snprintf(text, sizeof text, "operation: %.600s\nexpected:  %.1400s\nfound:     %.1400s\n",
             operation, expected, found);
    say(kit, text);
    _exit(KIT_FAILED);
}

void expect_true(struct kit *kit, bool holds, const char *operation, const char *expected)
{
    if (!holds)
        kit_fail(kit, operation, expected, "something else");
}

void expect_number(struct kit *kit, const char *operation, int64_t found, int64_t expected)
{
    char texts[2][32];
    if (found == expected)
        return;
    snprintf(texts[0], sizeof texts[0], "%" PRId64, expected);
    snprintf(texts[1], sizeof texts[1], "%" PRId64, found);
    kit_fail(kit, operation, texts[0], texts[1]);
}

void expect_text(struct kit *kit, const char *operation, const char *found, const char *expected)
{
    if (strcmp(found, expected) != 0)
        kit_fail(kit, operation, expected, found);
}

void *kit_memory(struct kit *kit, size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);
    if (!memory)
        kit_skip(kit, "this machine has not %zu bytes of memory left", size);
    return memory;
}

/* splitmix64: small, and good enough to draw operations with. */
uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* ---- loading */

static void load_file_given(struct kit *kit)
{
    persist_error error = ERROR_INIT;
    persist_status status =
        loader_open(kit->options->plugin_file, &(struct plugin_search){0}, &kit->plugin, &error);
    if (status != PERSIST_OK)
        kit_fail(kit, "loading the plugin", "OK", persist_error_message(&error));
}

static void load_descriptor_given(struct kit *kit)
{
    static struct plugin_file file;
    kit->own.descriptor = &kit->descriptor;
    if (!tables_take(kit->options->plugin, &kit->descriptor, &kit->own, &file))
        kit_fail(kit, "reading the descriptor", "complete tables", file.reason);
    kit->plugin = &kit->own;
    persist_status status = kit->own.life.load(loader_host());
    expect_text(kit, "load", persist_status_name(status), "ok");
}

static const struct {
    uint64_t need;
    const char *name;
} needs[] = {
    {PERSIST_CAP_SHARED, "the capability shared"},
    {PERSIST_CAP_TURN, "the capability turn"},
    {PERSIST_CAP_PERSISTENT, "the capability persistent"},
    {PERSIST_CAP_WAIT_CHANGE, "the capability wait_change"},
    {NEED_CONTROL, "store.control, which is reserved"},
    {NEED_COLLECT, "store.collect, which is reserved"},
    {NEED_TRIM, "store.trim, which is reserved"},
    {NEED_REPAIR, "store.repair, which is reserved"},
    {NEED_WAIT, "store.wait_change, which is reserved"},
};

static uint64_t offered(const struct plugin *plugin)
{
    const persist_store_ops *store = &plugin->store;
    return plugin->descriptor->caps | (store->control ? NEED_CONTROL : 0) |
           (store->collect ? NEED_COLLECT : 0) | (store->trim ? NEED_TRIM : 0) |
           (store->repair ? NEED_REPAIR : 0) | (store->wait_change ? NEED_WAIT : 0);
}

void kit_load(struct kit *kit)
{
    if (kit->options->plugin_file)
        load_file_given(kit);
    else
        load_descriptor_given(kit);
    uint64_t missing = kit->needs & ~offered(kit->plugin);
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (missing & needs[i].need)
            kit_skip(kit, "the plugin lacks %s", needs[i].name);
    persist_status status = kit->plugin->life.start ? kit->plugin->life.start() : PERSIST_OK;
    expect_text(kit, "start", persist_status_name(status), "ok");
}

/* ---- threads */

#define THREADS_MOST 16

struct thread {
    pthread_t id;
    const struct kit *kit;
    void (*run)(void *context, unsigned number);
    void *context;
    unsigned number;
};

static void *thread_main(void *given)
{
    struct thread *thread = given;
    const persist_life *life = &thread->kit->plugin->life;
    if (life->thread_enter)
        life->thread_enter();
    thread->run(thread->context, thread->number);
    if (life->thread_leave)
        life->thread_leave();
    return NULL;
}

void threads_run(struct kit *kit, unsigned n, void (*run)(void *context, unsigned number),
                 void *context)
{
    struct thread threads[THREADS_MOST];
    for (unsigned i = 0; i < n; i++) {
        threads[i] = (struct thread){.kit = kit, .run = run, .context = context, .number = i};
        if (pthread_create(&threads[i].id, NULL, thread_main, &threads[i]) != 0)
            kit_skip(kit, "this machine makes no more threads");
    }
    for (unsigned i = 0; i < n; i++)
        pthread_join(threads[i].id, NULL);
}
