/* SPDX-License-Identifier: MIT */
/*
 * The n-th call of each operation of a backend fails, once and for good, for n = 1 until
 * the scenario passes untouched. The tables of the loaded plugin are wrapped for it.
 */
#include "tests/faults/scenario.h"

#include "core/loader/loader.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How a call fails. */
static const struct kind {
    const char *name;
    persist_status status;
    uint32_t flags;
    bool done;        /* it does its work first; of reading operations and append */
    bool append_only; /* it is not known whether it did */
    bool reset;       /* the next reset of a session fails as well */
} kinds[] = {
    {"refused", PERSIST_IO, 0, false, false, false},
    {"dead session", PERSIST_UNAVAILABLE, PERSIST_SESSION_DEAD | PERSIST_RETRYABLE, false, false,
     false},
    {"no memory, having answered", PERSIST_NO_MEMORY, 0, true, false, false},
    {"refused, and the reset too", PERSIST_IO, 0, false, false, true},
    {"lost before", PERSIST_UNAVAILABLE, PERSIST_MAYBE_COMMITTED | PERSIST_SESSION_DEAD, false,
     true, false},
    {"lost after", PERSIST_UNAVAILABLE, PERSIST_MAYBE_COMMITTED | PERSIST_SESSION_DEAD, true, true,
     false},
};
#define KINDS (int)(sizeof kinds / sizeof *kinds)

/* X(table, operation, what it takes, what it passes on, whether it only reads) */
#define OPERATIONS(X)                                                                              \
    X(life, store_open, (const persist_call *call, const persist_open *open, persist_backend **s), \
      (call, open, s), false)                                                                      \
    X(life, session_open, (const persist_call *call, persist_backend *b, persist_session **s),     \
      (call, b, s), false)                                                                         \
    X(life, session_ping, (const persist_call *call, persist_session *s), (call, s), true)         \
    X(life, session_reset, (const persist_call *call, persist_session *s), (call, s), true)        \
    X(store, namespace_list,                                                                       \
      (const persist_call *call, persist_session *s, persist_on_namespace take, void *context),    \
      (call, s, take, context), true)                                                              \
    X(store, namespace_create,                                                                     \
      (const persist_call *call, persist_session *s, const persist_namespace_spec *spec,           \
       uint32_t *ns),                                                                              \
      (call, s, spec, ns), false)                                                                  \
    X(store, namespace_drop, (const persist_call *call, persist_session *s, uint32_t ns),          \
      (call, s, ns), false)                                                                        \
    X(store, head,                                                                                 \
      (const persist_call *call, persist_session *s, uint32_t ns, persist_clock *clock,            \
       persist_on_control take, void *context),                                                    \
      (call, s, ns, clock, take, context), true)                                                   \
    X(store, read,                                                                                 \
      (const persist_call *call, persist_session *s, const persist_read *read,                     \
       persist_clock *clock, persist_on_version take, void *context),                              \
      (call, s, read, clock, take, context), true)                                                 \
    X(store, scan,                                                                                 \
      (const persist_call *call, persist_session *s, const persist_scan_range *range,              \
       persist_clock *clock, persist_on_version take, void *context, int *more),                   \
      (call, s, range, clock, take, context, more), true)                                          \
    X(store, changes,                                                                              \
      (const persist_call *call, persist_session *s, const persist_changes *changes,               \
       persist_clock *clock, persist_on_record take, void *context, int *more),                    \
      (call, s, changes, clock, take, context, more), true)                                        \
    X(store, append,                                                                               \
      (const persist_call *call, persist_session *s, const persist_append *append,                 \
       persist_clock *clock),                                                                      \
      (call, s, append, clock), false)                                                             \
    X(store, meta_get,                                                                             \
      (const persist_call *call, persist_session *s, uint32_t ns, const char *name,                \
       persist_on_version take, void *context),                                                    \
      (call, s, ns, name, take, context), true)                                                    \
    X(store, meta_put,                                                                             \
      (const persist_call *call, persist_session *s, uint32_t ns, const char *name,                \
       const persist_bytes *value),                                                                \
      (call, s, ns, name, value), false)                                                           \
    X(admin, migrate_plan,                                                                         \
      (const persist_call *call, persist_session *s, persist_on_migration take, void *context),    \
      (call, s, take, context), true)                                                              \
    X(admin, migrate_apply,                                                                        \
      (const persist_call *call, persist_session *s, persist_on_migration done, void *context),    \
      (call, s, done, context), false)                                                             \
    X(admin, stats,                                                                                \
      (const persist_call *call, persist_session *s, persist_on_stat take, void *context),         \
      (call, s, take, context), true)

enum operation {
#define X(table, name, takes, passes, reads) OP_##name,
    OPERATIONS(X)
#undef X
        OPERATION_COUNT
};
static const struct {
    const char *name;
    bool reads;
} operations[] = {
#define X(table, name, takes, passes, reads) {#name, reads},
    OPERATIONS(X)
#undef X
};

static struct plugin real;
static const persist_host *host;

/* What is planted. */
static struct {
    bool armed, for_good, fired, reset_next;
    int operation, at, count;
    const struct kind *kind;
} fault;

static bool hits(int operation)
{
    if (fault.armed && fault.reset_next && operation == OP_session_reset) {
        fault.reset_next = false;
        return true;
    }
    if (!fault.armed || operation != fault.operation)
        return false;
    fault.count++;
    if (fault.for_good ? fault.count < fault.at : fault.count != fault.at)
        return false;
    fault.fired = true;
    fault.reset_next = fault.kind->reset;
    return true;
}

static persist_status plant_failure(const persist_call *call)
{
    persist_error_detail detail = {
        .size = sizeof detail, .flags = fault.kind->flags, .text = "a planted fault"};
    host->set_error(call, &detail);
    return fault.kind->status;
}

#define X(table, name, takes, passes, reads)                \
    static persist_status faulty_##name takes               \
    {                                                       \
        if (!hits(OP_##name))                               \
            return real.table.name passes;                  \
        if (fault.kind->done) {                             \
            persist_status status = real.table.name passes; \
            if (status != PERSIST_OK)                       \
                return status;                              \
        }                                                   \
        return plant_failure(call);                         \
    }
OPERATIONS(X)
#undef X

static void wrap(int backend)
{
    const struct plugin *plugin;
    struct plugin_search search = {0};
    char scheme[16];
    snprintf(scheme, sizeof scheme, "%.*s", (int)strcspn(fixture_url(backend), ":"),
             fixture_url(backend));
    assert_ok(loader_open(scheme, &search, &plugin, fixture_error()));
    struct plugin *wrapped = (struct plugin *)(uintptr_t)plugin;
    host = loader_host();
    real = *plugin;
#define X(table, name, takes, passes, reads) wrapped->table.name = faulty_##name;
    OPERATIONS(X)
#undef X
}

static bool fault_fired(void)
{
    return fault.fired;
}

static void fault_disarm(void)
{
    fault.armed = false;
}

/* One run on a fresh store; whether the fault was reached. */
static bool run_once(int backend, const struct kind *kind, int operation, bool for_good, int at)
{
    char path[160];
    struct scenario scenario = {
        .path = path, .shared = fixture_shared(backend), .fired = fault_fired};
    scenario.disarm = fault_disarm;
    scenario_configure(backend, "process", path);
    fault.armed = true;
    fault.for_good = for_good;
    fault.fired = fault.reset_next = false;
    fault.operation = operation;
    fault.at = at;
    fault.count = 0;
    fault.kind = kind;
    scenario_run(&scenario);
    fixture_end();
    fixture_begin();
    if (!fault.fired)
        ck_assert_int_eq(scenario.failures, 0);
    return fault.fired;
}

static bool applies(const struct kind *kind, int operation)
{
    if (operation == OP_append)
        return kind->append_only || !kind->done;
    return !kind->append_only && (!kind->done || operations[operation].reads);
}

/* Once, or once and for good; a small run leaves out what is like another. */
static int modes(const struct kind *kind, int operation)
{
    if (!applies(kind, operation))
        return 0;
    return fixture_scale() == 1 && (kind->reset || (kind->done && !kind->append_only)) ? 1 : 2;
}

START_TEST(every_call_fails)
{
    int operation = _i % OPERATION_COUNT, runs = 0;
    wrap(_i / OPERATION_COUNT);
    for (int kind = 0; kind < KINDS; kind++)
        for (int for_good = 0; for_good < modes(&kinds[kind], operation); for_good++)
            for (int at = 1;; at++, runs++) {
                printf("%s %d: %s%s\n", operations[operation].name, at, kinds[kind].name,
                       for_good ? ", for good" : "");
                fflush(stdout);
                if (!run_once(_i / OPERATION_COUNT, &kinds[kind], operation, for_good, at))
                    break;
            }
    printf("%s: %d runs\n", operations[operation].name, runs);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_loop_test(tcase, every_call_fails, 0, fixture_backends() * OPERATION_COUNT);
}

int main(void)
{
    fixture_in_memory();
    return proof_main("backend faults", add);
}
