/* SPDX-License-Identifier: MIT */
/* Layers over the memory backend, one call at a time. */
#include "core/base/clock.h"
#include "core/layers/call.h"
#include "core/layers/kinds.h"
#include "core/layers/words.h"
#include "core/layers/wrap.h"
#include "core/session/backend.h"

#include <check.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static persist_error *error;
static const struct plugin *memory;
static struct backend *backend;
static uint32_t ns;

static void setup(void)
{
    struct plugin_search search = {0};
    error = persist_error_new();
    ck_assert_int_eq(loader_open("memory", &search, &memory, error), PERSIST_OK);
}

static void teardown(void)
{
    backend_close(backend);
    backend = NULL;
    persist_error_free(error);
}

static const struct plugin *over(const char *text)
{
    const struct plugin *plugin = NULL;
    ck_assert_msg(layers_over(memory, text, &plugin, error) == PERSIST_OK, "%s",
                  persist_error_message(error));
    return plugin;
}

static persist_status try_open(const struct plugin *plugin)
{
    struct backend_options options = {
        .url = "memory:", .durability = PERSIST_DURABILITY_PROCESS, .sessions = 4};
    return backend_open(plugin, &options, PERSIST_NO_DEADLINE, &backend, error);
}

/* Opens a store beneath these layers, with one namespace. */
static void open_store(const char *text)
{
    persist_namespace_spec spec = {.size = sizeof spec, .name = "n"};
    ck_assert_msg(try_open(over(text)) == PERSIST_OK, "%s", persist_error_message(error));
    ck_assert_int_eq(backend_namespace_create(backend, PERSIST_NO_DEADLINE, &spec, &ns, error),
                     PERSIST_OK);
}

static persist_status head_until(int64_t deadline, int64_t *head)
{
    persist_clock clock;
    persist_status status = backend_head(backend, deadline, ns, &clock, error);
    if (status == PERSIST_OK && head)
        *head = clock.head;
    return status;
}

static persist_status head(void)
{
    return head_until(PERSIST_NO_DEADLINE, NULL);
}

static int64_t head_now(void)
{
    int64_t now = -1;
    ck_assert_int_eq(head_until(PERSIST_NO_DEADLINE, &now), PERSIST_OK);
    return now;
}

/* Appends k=v one after the newest record. */
static persist_status append(void)
{
    persist_clock clock;
    ck_assert_int_eq(backend_head(backend, PERSIST_NO_DEADLINE, ns, &clock, error), PERSIST_OK);
    persist_version version = {
        .key = persist_text("key"), .value = persist_text("value"), .timestamp = clock.head + 1};
    persist_append append = {
        .ns = ns,
        .expected_head = clock.head,
        .expected_digest = clock.head_digest,
        .epoch = clock.epoch,
        .new_versions = clock.versions + 1,
        .versions = &version,
        .n_versions = 1,
        .record = {.timestamp = clock.head + 1, .data = persist_text("record")}};
    return backend_append(backend, PERSIST_NO_DEADLINE, NULL, &append, &clock, error);
}

static void arm(const char *rules)
{
    ck_assert_msg(fault_arm(layers_find("fault"), rules, error) == PERSIST_OK, "%s",
                  persist_error_message(error));
}

static uint64_t hits(void)
{
    return fault_hits(layers_find("fault"));
}

/* ---- texts */

START_TEST(texts_that_name_layers)
{
    static const struct {
        const char *text;
        int layers;
    } cases[] = {
        {"", 0},
        {";;", 0},
        {"trace", 1},
        {"trace:", 1},
        {"trace:debug;trace:info;trace:warning;trace:error", 4},
        {"delay:any=0", 1},
        {"delay:read=1ms,scan@before=1us..2ms,append@after=5ns,seed=0", 1},
        {"fault", 1},
        {"fault:,,", 1},
        {"fault:append=pass,append@1=busy,append@2+=not-found,any@99.9%=i-o,seed=18", 1},
        {"fault:read=drop-before,read=drop-after,read=delay:1ms,read=delay:1ns..1ns,"
         "read=hang,read=stop,read=stop-after",
         1},
        {"trace;delay;fault", 3},
    };
    const struct plugin *plugin = over(cases[_i].text);
    int layers = 0;
    while (plugin != memory) {
        plugin = ((const struct layer *)plugin)->inner;
        layers++;
    }
    ck_assert_int_eq(layers, cases[_i].layers);
}
END_TEST
_Static_assert(offsetof(struct layer, plugin) == 0, "a layer is a plugin first");

START_TEST(texts_that_are_refused)
{
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"x", "layer 'x' is unknown: give trace, delay or fault"},
        {"trace;Trace", "layer 'Trace' is unknown"},
        {"trace:loud", "level 'loud' is unknown"},
        {"delay:read", "'read' is no rule"},
        {"delay:read=", "'read=' is no rule"},
        {"delay:red=1ms", "'red=1ms' is no rule"},
        {"delay:read=1", "'read=1' is no rule"},
        {"delay:read=2ms..1ms", "'read=2ms..1ms' is no rule"},
        {"delay:read=-1ms", "'read=-1ms' is no rule"},
        {"delay:read@later=1ms", "'read@later=1ms' is no rule"},
        {"delay:seed=-1", "'seed=-1' is no rule"},
        {"delay:seed=x", "'seed=x' is no rule"},
        {"fault:append", "'append' is no rule"},
        {"fault:append=lost", "'append=lost' is no rule"},
        {"fault:append=ok", "'append=ok' is no rule"},
        {"fault:append@0=busy", "'append@0=busy' is no rule"},
        {"fault:append@=busy", "'append@=busy' is no rule"},
        {"fault:append@+=busy", "'append@+=busy' is no rule"},
        {"fault:append@0%=busy", "'append@0%=busy' is no rule"},
        {"fault:append@100%=busy", "'append@100%=busy' is no rule"},
        {"fault:append@1x%=busy", "'append@1x%=busy' is no rule"},
        {"fault:store_close=busy", "'store_close=busy' is no rule"},
        {"fault:read=pause:1ms", "'read=pause:1ms' is no rule"},
        {"fault:read=delay:1", "'read=delay:1' is no rule"},
        {"fault:seed=", "'seed=' is no rule"},
    };
    const struct plugin *plugin = memory;
    ck_assert_int_eq(layers_over(memory, cases[_i].text, &plugin, error), PERSIST_CONFIG);
    ck_assert_msg(strstr(persist_error_message(error), cases[_i].told) != NULL, "%s",
                  persist_error_message(error));
    ck_assert_ptr_eq(plugin, memory);
}
END_TEST

START_TEST(texts_that_are_long)
{
    static char text[4096];
    const struct plugin *plugin;
    strcpy(text, "fault:append@");
    memset(text + strlen(text), '0', WORDS_LONGEST - 1 - strlen("append@5=busy"));
    strcat(text, "5=busy");
    ck_assert_uint_eq(strlen(text), strlen("fault:") + WORDS_LONGEST - 1);
    ck_assert_int_eq(layers_over(memory, text, &plugin, error), PERSIST_CONFIG);
    ck_assert_ptr_null(strstr(persist_error_message(error), "too long"));
    strcat(text, "y");
    ck_assert_int_eq(layers_over(memory, text, &plugin, error), PERSIST_CONFIG);
    ck_assert_ptr_nonnull(strstr(persist_error_message(error), "'too long' is no rule"));
    memset(text, ';', 2047);
    text[2047] = '\0';
    ck_assert_int_eq(layers_over(memory, text, &plugin, error), PERSIST_OK);
    strcat(text, ";");
    ck_assert_int_eq(layers_over(memory, text, &plugin, error), PERSIST_CONFIG);
    ck_assert_ptr_nonnull(strstr(persist_error_message(error), "2047 bytes"));
}
END_TEST

START_TEST(there_are_layers_max_and_no_more)
{
    const struct plugin *plugin = memory, *more;
    for (int i = 0; i < LAYERS_MAX; i++) {
        ck_assert_int_eq(layers_over(plugin, "trace", &more, error), PERSIST_OK);
        plugin = more;
    }
    ck_assert_int_eq(layers_over(plugin, "trace", &more, error), PERSIST_LIMIT);
    ck_assert_int_eq(layer_push(plugin, &layer_trace, NULL, &more, error), PERSIST_LIMIT);
    ck_assert_ptr_nonnull(strstr(persist_error_message(error), "32 layers"));
    ck_assert_int_eq(layers_over(memory, "trace", &more, error), PERSIST_OK);
    ck_assert_int_eq(try_open(plugin), PERSIST_OK);
    char many[2 * LAYERS_MAX + 3] = "";
    for (int i = 0; i <= LAYERS_MAX; i++)
        strcat(many, "x;");
    ck_assert_int_eq(layers_over(memory, many, &more, error), PERSIST_LIMIT);
}
END_TEST

START_TEST(the_same_text_is_the_same_layer)
{
    const struct plugin *one = over("fault:append=busy"), *two = over("fault:append=busy");
    ck_assert_ptr_eq(one, two);
    ck_assert_ptr_ne(one, over("fault:append=full"));
    ck_assert_ptr_ne(one, over("trace;fault:append=busy"));
    ck_assert_ptr_eq(((const struct layer *)over("trace;fault:append=busy"))->inner, one);
    ck_assert_ptr_null(layers_find("delay"));
}
END_TEST

START_TEST(the_variable_names_layers)
{
    const struct plugin *plugin;
    unsetenv("PERSIST_LAYERS");
    ck_assert_int_eq(layers_from_environment(memory, &plugin, error), PERSIST_OK);
    ck_assert_ptr_eq(plugin, memory);
    setenv("PERSIST_LAYERS", "trace", 1);
    ck_assert_int_eq(layers_from_environment(memory, &plugin, error), PERSIST_OK);
    ck_assert_ptr_eq(plugin, over("trace"));
    setenv("PERSIST_LAYERS", "treacle", 1);
    ck_assert_int_eq(layers_from_environment(memory, &plugin, error), PERSIST_CONFIG);
    ck_assert_ptr_nonnull(strstr(persist_error_message(error), "variable PERSIST_LAYERS: layer"));
}
END_TEST

/* ---- the stack */

struct witness {
    const char *name;
    char *seen;
    persist_status refuses, answers;
};

static persist_status witness_before(void *state, struct layer_call *call)
{
    const struct witness *witness = state;
    sprintf(witness->seen + strlen(witness->seen), "%s>%s ", witness->name,
            layer_op_name(call->op));
    return witness->refuses;
}

static persist_status witness_after(void *state, struct layer_call *call, persist_status status)
{
    const struct witness *witness = state;
    sprintf(witness->seen + strlen(witness->seen), "%s<%s ", witness->name,
            layer_op_name(call->op));
    return witness->answers ? witness->answers : status;
}

static const struct layer_kind witness = {
    .name = "witness", .before = witness_before, .after = witness_after};

START_TEST(calls_go_through_all_layers)
{
    char seen[4096] = "";
    struct witness low = {.name = "low", .seen = seen}, high = {.name = "high", .seen = seen};
    const struct plugin *plugin;
    ck_assert_int_eq(layer_push(memory, &witness, &low, &plugin, error), PERSIST_OK);
    ck_assert_int_eq(layer_push(plugin, &witness, &high, &plugin, error), PERSIST_OK);
    ck_assert_ptr_eq(layers_find("witness"), &high);
    ck_assert_int_eq(try_open(plugin), PERSIST_OK);
    ck_assert_str_eq(seen, "high>store_open low>store_open low<store_open high<store_open ");
    ck_assert_uint_eq(backend_caps(backend), PERSIST_CAP_IN_PROCESS | PERSIST_CAP_TURN);
    ck_assert_uint_eq(backend_limits(backend)->size, sizeof(persist_limits));
    *seen = '\0';
    low.refuses = PERSIST_BUSY;
    ck_assert_int_eq(head(), PERSIST_BUSY);
    ck_assert_ptr_nonnull(strstr(seen, "high>session_open low>session_open high<session_open "));
    low.refuses = PERSIST_OK;
    low.answers = PERSIST_NO_MEMORY;
    ck_assert_int_eq(head(), PERSIST_NO_MEMORY);
    low.answers = PERSIST_OK;
    head();
    *seen = '\0';
    head();
    ck_assert_str_eq(seen, "high>head low>head low<head high<head ");
}
END_TEST

/* What a refused opening made is closed again: the sanitizers see if not. */
START_TEST(opening_fails_after_it_was_done)
{
    ck_assert_int_eq(try_open(over("fault:store_open@1=drop-after")), PERSIST_UNAVAILABLE);
    open_store("fault:store_open@1=drop-after");
    arm("session_open@1=drop-after");
    backend_close(backend);
    ck_assert_int_eq(try_open(over("fault:store_open@1=drop-after")), PERSIST_OK);
    ck_assert_int_eq(head(), PERSIST_UNAVAILABLE);
    ck_assert_int_eq(head(), PERSIST_NOT_FOUND);
}
END_TEST

static int starts, stops;

static persist_status count_start(void)
{
    starts++;
    return PERSIST_OK;
}

static void count_stop(void)
{
    stops++;
}

START_TEST(layers_share_the_start_of_their_plugin)
{
    struct plugin counting = *memory;
    const struct plugin *layered;
    struct backend *other;
    counting.life.start = count_start;
    counting.life.stop = count_stop;
    ck_assert_int_eq(layers_over(&counting, "trace", &layered, error), PERSIST_OK);
    ck_assert_int_eq(try_open(&counting), PERSIST_OK);
    other = backend;
    ck_assert_int_eq(try_open(layered), PERSIST_OK);
    ck_assert_int_eq(starts, 1);
    backend_close(other);
    ck_assert_int_eq(stops, 0);
    backend_close(backend);
    backend = NULL;
    ck_assert_int_eq(stops, 1);
}
END_TEST

/* Members that the plugin does not have are not there in the layer either. */
START_TEST(optional_operations_stay_optional)
{
    struct plugin bare = *memory;
    const struct plugin *layered;
    bare.store.control = NULL;
    bare.store.trim = NULL;
    bare.admin.verify = NULL;
    ck_assert_int_eq(layers_over(&bare, "trace", &layered, error), PERSIST_OK);
    ck_assert(!layered->store.control && !layered->store.trim && !layered->admin.verify);
    ck_assert(layered->store.append != memory->store.append);
}
END_TEST

/* ---- trace */

static char logged[1024];
static persist_log_level logged_level;

static void keep_log(void *context, persist_log_level level, const char *text)
{
    (void)context;
    logged_level = level;
    snprintf(logged, sizeof logged, "%s", text);
}

static persist_status keep_nothing(void *context, const persist_version *version)
{
    (void)context, (void)version;
    return PERSIST_OK;
}

START_TEST(trace_logs_calls)
{
    static const struct {
        const char *text;
        persist_log_level level;
    } cases[] = {{"trace", PERSIST_LOG_DEBUG},
                 {"trace:info", PERSIST_LOG_INFO},
                 {"trace:warning", PERSIST_LOG_WARNING},
                 {"trace:error", PERSIST_LOG_ERROR}};
    unsigned us;
    int length = 0;
    persist_set_log(PERSIST_LOG_DEBUG, keep_log, NULL);
    open_store(cases[_i].text);
    ck_assert_int_eq(append(), PERSIST_OK);
    ck_assert_int_eq(logged_level, cases[_i].level);
    ck_assert_int_eq(sscanf(logged, "append ns=1 items=1/14B rows=0/0B %uus ok%n", &us, &length),
                     1);
    ck_assert_int_eq(length, (int)strlen(logged));
    persist_read_key keys[] = {{persist_text("key"), 1}, {persist_text("none"), 1}};
    persist_read read = {.ns = ns, .keys = keys, .n_keys = 2};
    persist_clock clock;
    struct persist_error none = ERROR_INIT;
    ck_assert_int_eq(backend_namespace_drop(backend, PERSIST_NO_DEADLINE, 77, &none),
                     PERSIST_NOT_FOUND);
    error_clear(&none);
    ck_assert_ptr_eq(strstr(logged, "namespace_drop ns=77 items=0/0B rows=0/0B "), logged);
    ck_assert_ptr_nonnull(strstr(logged, "us not found"));
    ck_assert_int_eq(
        backend_read(backend, PERSIST_NO_DEADLINE, NULL, &read, &clock, keep_nothing, NULL, error),
        PERSIST_OK);
    ck_assert_ptr_eq(strstr(logged, "read ns=1 items=2/7B rows=1/8B "), logged);
    persist_set_log(PERSIST_LOG_ERROR, NULL, NULL);
}
END_TEST

/* ---- delay */

START_TEST(delay_waits_before_and_after)
{
    open_store(_i ? "delay:head@after=3ms" : "delay:head=3ms..4ms,seed=5");
    int64_t began = clock_monotonic();
    ck_assert_int_eq(head(), PERSIST_OK);
    ck_assert_int_ge(clock_monotonic() - began, 3 * NS_PER_MS);
    /* In time before the operation only: what is done is done. */
    persist_status late = head_until(clock_deadline(NS_PER_MS), NULL);
    ck_assert_int_eq(late, _i ? PERSIST_OK : PERSIST_TIMEOUT);
    if (late)
        ck_assert_ptr_nonnull(strstr(persist_error_message(error), "layer delay"));
}
END_TEST

START_TEST(a_seed_decides_what_is_drawn)
{
    struct layer_random one = {7}, two = {7}, other = {8};
    int64_t lowest = 9, highest = 3;
    bool differs = false;
    for (int i = 0; i < 1000; i++) {
        int64_t drawn = layer_random_between(&one, 3, 9);
        ck_assert_int_eq(drawn, layer_random_between(&two, 3, 9));
        differs |= drawn != layer_random_between(&other, 3, 9);
        lowest = drawn < lowest ? drawn : lowest;
        highest = drawn > highest ? drawn : highest;
    }
    ck_assert(differs);
    ck_assert_int_eq(lowest, 3);
    ck_assert_int_eq(highest, 9);
    ck_assert_int_eq(layer_random_between(&one, -4, -4), -4);
    layer_random_between(&one, INT64_MIN, INT64_MAX);
}
END_TEST

/* ---- fault */

START_TEST(statuses_are_answered_without_the_work)
{
    static const struct {
        const char *name;
        persist_status status;
        bool retryable, dead;
    } cases[] = {{"busy", PERSIST_BUSY, true, false},
                 {"conflict", PERSIST_CONFLICT, true, false},
                 {"unavailable", PERSIST_UNAVAILABLE, false, true},
                 {"i-o", PERSIST_IO, false, false},
                 {"not-found", PERSIST_NOT_FOUND, false, false},
                 {"read-only", PERSIST_READ_ONLY, false, false},
                 {"internal", PERSIST_INTERNAL, false, false}};
    char rules[64];
    open_store("fault");
    snprintf(rules, sizeof rules, "append=%s", cases[_i].name);
    arm(rules);
    ck_assert_int_eq(append(), cases[_i].status);
    ck_assert_int_eq(error->retryable, cases[_i].retryable);
    ck_assert_int_eq(error->session_dead, cases[_i].dead);
    ck_assert(!error->maybe_committed);
    ck_assert_ptr_nonnull(strstr(persist_error_message(error), "layer fault"));
    ck_assert_int_eq(head_now(), 0);
    ck_assert_uint_eq(hits(), 1);
}
END_TEST

START_TEST(replies_are_lost)
{
    open_store("fault");
    arm(_i ? "append=drop-after" : "append=drop-before");
    ck_assert_int_eq(append(), PERSIST_UNAVAILABLE);
    ck_assert(error->maybe_committed);
    ck_assert(error->session_dead);
    ck_assert_int_eq(head_now(), _i);
}
END_TEST

START_TEST(calls_are_counted)
{
    static const struct {
        const char *rules, *fails; /* x: fails */
    } cases[] = {
        {"", ".........."},
        {"head=busy", "xxxxxxxxxx"},
        {"head@1=busy", "x........."},
        {"head@3=busy", "..x......."},
        {"head@3+=busy", "..xxxxxxxx"},
        {"head@3=busy,head@5=busy", "..x.x....."},
        {"head@3=pass,head@2+=busy", ".x.xxxxxxx"},
        {"read@1=busy,head@2=busy", ".x........"},
        {"any@2=busy", ".x........"},
        {"head@10=busy", ".........x"},
        {"head@11=busy", ".........."},
    };
    char fails[11] = "..........";
    uint64_t expected = 0;
    open_store("fault");
    arm(cases[_i].rules);
    for (int i = 0; i < 10; i++)
        if (head() != PERSIST_OK) {
            fails[i] = 'x';
            expected++;
            /* The reset that follows a failure is a call of its own for `any`. */
        }
    ck_assert_str_eq(fails, cases[_i].fails);
    ck_assert_uint_eq(hits(), expected);
}
END_TEST

START_TEST(chance_is_as_likely_as_said)
{
    char first[2001] = "", again[2001] = "";
    int fails = 0;
    open_store("fault");
    for (int round = 0; round < 2; round++) {
        arm("head@10%=conflict,seed=3");
        for (int i = 0; i < 2000; i++) {
            bool failed = head() != PERSIST_OK;
            (round ? again : first)[i] = failed ? 'x' : '.';
            fails += failed;
        }
    }
    ck_assert_str_eq(first, again);
    ck_assert_int_gt(fails, 2 * 140);
    ck_assert_int_lt(fails, 2 * 260);
}
END_TEST

START_TEST(wrong_rules_leave_the_old_ones)
{
    open_store("fault");
    arm("head=busy");
    ck_assert_int_eq(fault_arm(layers_find("fault"), "head=lazy", error), PERSIST_CONFIG);
    ck_assert_int_eq(head(), PERSIST_BUSY);
}
END_TEST

START_TEST(hanging_ends_at_the_deadline)
{
    open_store("fault");
    arm(_i ? "head=delay:1h" : "head=hang");
    int64_t deadline = clock_deadline(2 * NS_PER_MS);
    ck_assert_int_eq(head_until(deadline, NULL), PERSIST_TIMEOUT);
    ck_assert_int_ge(clock_monotonic(), deadline);
    arm("head=delay:1ms..2ms");
    int64_t began = clock_monotonic();
    ck_assert_int_eq(head(), PERSIST_OK);
    ck_assert_int_ge(clock_monotonic() - began, NS_PER_MS);
    ck_assert_uint_eq(hits(), 1);
}
END_TEST

static void *cancel_what_hangs(void *cancel)
{
    while (!fault_holding(layers_find("fault")))
        clock_sleep(NS_PER_MS / 10);
    cancel_request(cancel);
    return NULL;
}

START_TEST(hanging_ends_when_interrupted)
{
    struct cancel cancel;
    pthread_t thread;
    persist_clock clock;
    persist_read read = {.size = sizeof read};
    open_store("trace;fault");
    read.ns = ns;
    arm("read@1=hang");
    cancel_init(&cancel);
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_what_hangs, &cancel), 0);
    ck_assert_int_eq(
        backend_read(backend, PERSIST_NO_DEADLINE, &cancel, &read, &clock, NULL, NULL, error),
        PERSIST_INTERRUPTED);
    pthread_join(thread, NULL);
    ck_assert_uint_eq(fault_holding(layers_find("fault")), 0);
    /* What was meant for that call does not count for the next. */
    ck_assert_int_eq(
        backend_read(backend, PERSIST_NO_DEADLINE, &cancel, &read, &clock, NULL, NULL, error),
        PERSIST_OK);
    cancel_destroy(&cancel);
}
END_TEST

START_TEST(processes_stop_themselves)
{
    int result, told[2];
    char byte = 0;
    ck_assert_int_eq(pipe(told), 0);
    pid_t child = fork();
    if (!child) {
        open_store("fault");
        arm(_i ? "append=stop-after" : "append=stop");
        persist_status status = append();
        byte = status == PERSIST_OK && head_now() == 1 ? 'y' : 'n';
        _exit(write(told[1], &byte, 1) != 1);
    }
    close(told[1]);
    ck_assert_int_eq(waitpid(child, &result, WUNTRACED), child);
    ck_assert(WIFSTOPPED(result));
    ck_assert_int_eq(WSTOPSIG(result), SIGSTOP);
    kill(child, SIGCONT);
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert_int_eq(result, 0);
    ck_assert_int_eq(read(told[0], &byte, 1), 1);
    ck_assert_int_eq(byte, 'y');
    close(told[0]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("layers");
    TCase *tcase = tcase_create("layers");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, texts_that_name_layers, 0, 12);
    tcase_add_loop_test(tcase, texts_that_are_refused, 0, 25);
    tcase_add_test(tcase, texts_that_are_long);
    tcase_add_test(tcase, there_are_layers_max_and_no_more);
    tcase_add_test(tcase, the_same_text_is_the_same_layer);
    tcase_add_test(tcase, the_variable_names_layers);
    tcase_add_test(tcase, calls_go_through_all_layers);
    tcase_add_test(tcase, opening_fails_after_it_was_done);
    tcase_add_test(tcase, layers_share_the_start_of_their_plugin);
    tcase_add_test(tcase, optional_operations_stay_optional);
    tcase_add_loop_test(tcase, trace_logs_calls, 0, 4);
    tcase_add_loop_test(tcase, delay_waits_before_and_after, 0, 2);
    tcase_add_test(tcase, a_seed_decides_what_is_drawn);
    tcase_add_loop_test(tcase, statuses_are_answered_without_the_work, 0, 7);
    tcase_add_loop_test(tcase, replies_are_lost, 0, 2);
    tcase_add_loop_test(tcase, calls_are_counted, 0, 11);
    tcase_add_test(tcase, chance_is_as_likely_as_said);
    tcase_add_test(tcase, wrong_rules_leave_the_old_ones);
    tcase_add_loop_test(tcase, hanging_ends_at_the_deadline, 0, 2);
    tcase_add_test(tcase, hanging_ends_when_interrupted);
    tcase_add_loop_test(tcase, processes_stop_themselves, 0, 2);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
