/* SPDX-License-Identifier: MIT */
/* Namespaces, control fields, small keys, migrations: on every backend alike. */
#include "tests/unit/plugin_host.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fixture f;

static persist_status create(const char *name, persist_state state, uint32_t *ns)
{
    persist_namespace_spec spec = {
        .size = sizeof(spec), .name = name, .state = state, .retention = 7, .features = 5};

    return f.ops->namespace_create(&f.call, f.session, &spec, ns);
}

static persist_clock head_of(uint32_t ns)
{
    persist_clock clock = {.size = sizeof(clock)};

    ck_assert_int_eq(f.ops->head(&f.call, f.session, ns, &clock, NULL, NULL), PERSIST_OK);
    return clock;
}

static persist_status take_name(void *context, const persist_namespace_row *row)
{
    char *text = context;

    sprintf(text + strlen(text), "%s:%d ", row->name, (int)row->state);
    return strcmp(row->name, "stop") == 0 ? PERSIST_LIMIT : PERSIST_OK;
}

START_TEST(descriptor_is_whole)
{
    fixture_open(&f, (enum variant)_i);
    const persist_plugin *p = f.plugin;

    ck_assert_str_eq(p->head.magic, PERSIST_PLUGIN_MAGIC);
    ck_assert_uint_eq(p->head.head_size, 448);
    ck_assert_uint_eq(p->size, sizeof(*p));
    ck_assert_uint_eq(p->life->size, sizeof(*p->life));
    ck_assert_uint_eq(p->store->size, sizeof(*p->store));
    ck_assert_uint_eq(p->admin->size, sizeof(*p->admin));
    ck_assert_uint_ge(p->limits->key_bytes, 2048);
    ck_assert_uint_eq(f.life->store_caps(f.store) & ~p->caps, 0);
    ck_assert_uint_eq((f.life->store_caps(f.store) & PERSIST_CAP_PERSISTENT) != 0,
                      _i == VARIANT_SQLITE);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(limits_fill_what_size_reaches)
{
    persist_limits limits = {.size = sizeof(limits)};
    persist_limits part = {.size = offsetof(persist_limits, value_bytes), .value_bytes = 77};

    fixture_open(&f, (enum variant)_i);
    f.life->store_limits(f.store, &limits);
    ck_assert_uint_eq(limits.key_bytes, 2048);
    f.life->store_limits(f.store, &part);
    ck_assert_uint_eq(part.key_bytes, 2048);
    ck_assert_uint_eq(part.value_bytes, 77);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(clock_fills_what_size_reaches)
{
    persist_clock part = {.size = offsetof(persist_clock, versions), .versions = 99, .head = 9};

    fixture_open(&f, (enum variant)_i);
    struct log log = log_make(&f, "a", PERSIST_STATE_OPEN);
    ck_assert_int_eq(f.ops->head(&f.call, f.session, log.ns, &part, NULL, NULL), PERSIST_OK);
    ck_assert_int_eq(part.head, 0);
    ck_assert_uint_eq(part.versions, 99);
    ck_assert_uint_eq(part.size, offsetof(persist_clock, versions));
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(namespaces_come_and_go)
{
    char names[200] = "";
    uint32_t a, b, again, none = 4711;

    fixture_open(&f, (enum variant)_i);
    ck_assert_int_eq(create("beta", PERSIST_STATE_OPEN, &b), PERSIST_OK);
    ck_assert_int_eq(create("alpha", PERSIST_STATE_LOADING, &a), PERSIST_OK);
    ck_assert_int_eq(create("alpha", PERSIST_STATE_OPEN, &none), PERSIST_EXISTS);
    ck_assert_uint_eq(none, 4711);
    ck_assert_int_eq(f.ops->namespace_list(&f.call, f.session, take_name, names), PERSIST_OK);
    ck_assert_str_eq(names, "alpha:1 beta:0 ");
    ck_assert_uint_ne(a, 0);
    persist_clock first = head_of(a);
    ck_assert_int_eq(first.retention, 7);
    ck_assert_uint_eq(first.features, 5);
    ck_assert_uint_eq(first.control_version, 1);
    ck_assert_int_eq(first.state, PERSIST_STATE_LOADING);
    ck_assert_int_eq(f.ops->namespace_drop(&f.call, f.session, a), PERSIST_OK);
    ck_assert_int_eq(f.ops->namespace_drop(&f.call, f.session, a), PERSIST_NOT_FOUND);
    ck_assert_int_eq(create("alpha", PERSIST_STATE_OPEN, &again), PERSIST_OK);
    ck_assert_uint_ne(again, a);
    ck_assert_uint_ne(again, b);
    ck_assert_uint_ne(head_of(again).epoch, first.epoch);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(namespace_arguments)
{
    char name[66];
    char names[300] = "";
    uint32_t ns;

    memset(name, 'n', sizeof(name));
    name[65] = '\0';
    fixture_open(&f, (enum variant)_i);
    ck_assert_int_eq(create(name, PERSIST_STATE_OPEN, &ns), PERSIST_INVALID);
    ck_assert_int_eq(create("", PERSIST_STATE_OPEN, &ns), PERSIST_INVALID);
    ck_assert_int_eq(create("x", PERSIST_STATE_MOVED, &ns), PERSIST_INVALID);
    name[64] = '\0';
    ck_assert_int_eq(create(name, PERSIST_STATE_OPEN, &ns), PERSIST_OK);
    ck_assert_int_eq(create("x'; drop table clock; --", PERSIST_STATE_OPEN, &ns), PERSIST_OK);
    ck_assert_int_eq(create("stop", PERSIST_STATE_OPEN, &ns), PERSIST_OK);
    ck_assert_int_eq(f.ops->namespace_list(&f.call, f.session, take_name, names), PERSIST_LIMIT);
    ck_assert_ptr_nonnull(strstr(names, "stop"));
    ck_assert_ptr_null(strstr(names, "x'"));
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(a_dropped_namespace_leaves_nothing)
{
    persist_bytes value = B("v");
    int more;
    struct rows rows = {0};

    fixture_open(&f, (enum variant)_i);
    struct log other = log_make(&f, "other", PERSIST_STATE_OPEN);
    struct log log = log_make(&f, "a", PERSIST_STATE_OPEN);
    log_put(&f, &other, "k", 1, "other");
    log_put(&f, &log, "k", 1, "one");
    log_put(&f, &log, "k", 2, "two");
    ck_assert_int_eq(f.ops->meta_put(&f.call, f.session, log.ns, "m", &value), PERSIST_OK);
    ck_assert_int_eq(f.ops->namespace_drop(&f.call, f.session, log.ns), PERSIST_OK);
    persist_scan_range range = {.size = sizeof(range), .ns = log.ns, .timestamp = PERSIST_NEWEST};
    ck_assert_int_eq(scan(&f, &rows, &range, &more), PERSIST_NOT_FOUND);
    persist_version version = put("k", 3, "three");
    ck_assert_int_eq(log_append(&f, &log, 0, 3, &version, 1, "r"), PERSIST_NOT_FOUND);
    log = log_make(&f, "a", PERSIST_STATE_OPEN);
    ck_assert_int_eq(log.clock.head, 0);
    ck_assert_str_eq(read_one(&f, log.ns, B("k"), PERSIST_NEWEST), "");
    ck_assert_str_eq(read_one(&f, other.ns, B("k"), PERSIST_NEWEST), "k@1=other");
    log_put(&f, &log, "k", 9, "new");
    ck_assert_str_eq(read_one(&f, log.ns, B("k"), 8), "");
    rows_clear(&rows);
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- control */

static persist_status control(uint32_t ns, persist_control *c, persist_clock *clock)
{
    c->size = sizeof(*c);
    clock->size = sizeof(*clock);
    return f.ops->control(&f.call, f.session, ns, c, clock);
}

static persist_status take_control(void *context, const persist_control *c)
{
    char *text = context;

    sprintf(text, "v%llu e%llu s%d %s h%lld f%lld r%lld", (unsigned long long)c->control_version,
            (unsigned long long)c->epoch, (int)c->state, c->moved_to, (long long)c->horizon,
            (long long)c->log_floor, (long long)c->retention);
    for (size_t i = 0; i < c->n_pins; i++)
        sprintf(text + strlen(text), " %s:%lld:%lld", c->pins[i].name,
                (long long)c->pins[i].timestamp, (long long)c->pins[i].expires);
    return PERSIST_OK;
}

START_TEST(control_sets_what_is_chosen)
{
    persist_clock clock;
    char text[300];
    persist_pin pins[] = {{"one", 50, 0}, {"two", 60, 70}};

    fixture_open(&f, (enum variant)_i);
    struct log log = log_make(&f, "a", PERSIST_STATE_OPEN);
    uint64_t epoch = log.clock.epoch;
    persist_control c = {.fields = PERSIST_CONTROL_HORIZON | PERSIST_CONTROL_LOG_FLOOR |
                                   PERSIST_CONTROL_RETENTION | PERSIST_CONTROL_PINS,
                         .control_version = 1,
                         .horizon = 50,
                         .log_floor = 50,
                         .floor_digest = {{1}},
                         .retention = 9,
                         .pins = pins,
                         .n_pins = 2};
    ck_assert_int_eq(control(log.ns, &c, &clock), PERSIST_OK);
    ck_assert_uint_eq(clock.control_version, 2);
    ck_assert_int_eq(clock.floor_digest.bytes[0], 1);
    ck_assert_int_eq(control(log.ns, &c, &clock), PERSIST_CONFLICT);
    ck_assert_uint_eq(clock.control_version, 2);
    ck_assert_uint_eq(f.error.flags, PERSIST_RETRYABLE);
    c = (persist_control){.fields = PERSIST_CONTROL_STATE,
                          .control_version = 2,
                          .state = PERSIST_STATE_MOVED,
                          .moved_to = "postgres://there/db"};
    ck_assert_int_eq(control(log.ns, &c, &clock), PERSIST_OK);
    ck_assert_uint_eq(clock.epoch, epoch + 1);
    ck_assert_int_eq(f.ops->head(&f.call, f.session, log.ns, NULL, take_control, text), PERSIST_OK);
    char wanted[200];
    sprintf(wanted, "v3 e%llu s2 postgres://there/db h50 f50 r9 one:50:0 two:60:70",
            (unsigned long long)epoch + 1);
    ck_assert_str_eq(text, wanted);
    c = (persist_control){.control_version = 3, .fields = PERSIST_CONTROL_PINS};
    ck_assert_int_eq(control(log.ns, &c, &clock), PERSIST_OK);
    ck_assert_int_eq(f.ops->head(&f.call, f.session, log.ns, NULL, take_control, text), PERSIST_OK);
    ck_assert_ptr_null(strstr(text, "one"));
    ck_assert_int_eq(control(4711, &c, &clock), PERSIST_NOT_FOUND);
    fixture_close_and_remove(&f);
}
END_TEST

static const struct {
    persist_control control;
    persist_status status;
} refusals[] = {
    {{.fields = PERSIST_CONTROL_HORIZON, .horizon = 99}, PERSIST_INVALID},
    {{.fields = PERSIST_CONTROL_HORIZON, .horizon = 100}, PERSIST_OK},
    {{.fields = PERSIST_CONTROL_HORIZON, .horizon = 150}, PERSIST_OK},
    {{.fields = PERSIST_CONTROL_HORIZON, .horizon = 151}, PERSIST_INVALID}, /* the pin */
    {{.fields = PERSIST_CONTROL_LOG_FLOOR, .log_floor = 100}, PERSIST_OK},
    {{.fields = PERSIST_CONTROL_LOG_FLOOR, .log_floor = 101}, PERSIST_INVALID},
    {{.fields = PERSIST_CONTROL_LOG_FLOOR, .log_floor = 19}, PERSIST_INVALID},
    {{.fields = PERSIST_CONTROL_EPOCH, .epoch = 10}, PERSIST_INVALID},
    {{.fields = PERSIST_CONTROL_EPOCH, .epoch = 11}, PERSIST_OK},
    {{.fields = PERSIST_CONTROL_STATE, .state = (persist_state)3}, PERSIST_INVALID},
    {{.fields = 0x40}, PERSIST_INVALID},
};

START_TEST(control_refuses_what_loses_history)
{
    persist_clock clock;
    persist_pin pin = {"p", 150, 0};
    persist_pin low = {"low", 99, 0};
    persist_pin expired = {"old", 1, 5};

    fixture_open(&f, (enum variant)_i);
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        char name[20];

        sprintf(name, "n%zu", i);
        struct log log = log_make(&f, name, PERSIST_STATE_OPEN);
        persist_control c = {.fields = PERSIST_CONTROL_HORIZON | PERSIST_CONTROL_PINS |
                                       PERSIST_CONTROL_LOG_FLOOR | PERSIST_CONTROL_EPOCH,
                             .control_version = 1,
                             .epoch = log.clock.epoch + 1000 - log.clock.epoch % 1000 + 10,
                             .horizon = 100,
                             .log_floor = 20,
                             .pins = &pin,
                             .n_pins = 1};
        ck_assert_msg(control(log.ns, &c, &clock) == PERSIST_OK, "%s", f.error.text);
        uint64_t base = c.epoch - 10;
        c = refusals[i].control;
        c.control_version = 2;
        c.epoch += base;
        persist_status status = control(log.ns, &c, &clock);
        ck_assert_msg(status == refusals[i].status, "%zu: %d, %s", i, (int)status, f.error.text);
        ck_assert_uint_eq(clock.control_version, status == PERSIST_OK ? 3 : 2);
        c = (persist_control){.fields = PERSIST_CONTROL_PINS,
                              .control_version = clock.control_version,
                              .pins = &low,
                              .n_pins = 1};
        ck_assert_int_eq(control(log.ns, &c, &clock), PERSIST_INVALID);
        c.pins = &expired;
        ck_assert_int_eq(control(log.ns, &c, &clock), PERSIST_OK);
    }
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(a_raised_epoch_is_never_given_again)
{
    persist_clock clock;
    uint32_t ns;

    fixture_open(&f, (enum variant)_i);
    struct log log = log_make(&f, "a", PERSIST_STATE_OPEN);
    persist_control c = {.fields = PERSIST_CONTROL_EPOCH, .control_version = 1, .epoch = 500};
    ck_assert_int_eq(control(log.ns, &c, &clock), PERSIST_OK);
    ck_assert_int_eq(f.ops->namespace_drop(&f.call, f.session, log.ns), PERSIST_OK);
    ck_assert_int_eq(create("a", PERSIST_STATE_OPEN, &ns), PERSIST_OK);
    ck_assert_uint_gt(head_of(ns).epoch, 500);
    fixture_close_and_remove(&f);
}
END_TEST

/* ---- meta, stats, migrations, sessions */

START_TEST(meta_keeps_small_keys)
{
    persist_bytes value = B("a\0b");
    persist_bytes empty = B("");
    struct rows rows = {0};

    fixture_open(&f, (enum variant)_i);
    struct log log = log_make(&f, "a", PERSIST_STATE_OPEN);
    ck_assert_int_eq(f.ops->meta_get(&f.call, f.session, 0, "k", rows_take, &rows),
                     PERSIST_NOT_FOUND);
    ck_assert_int_eq(f.ops->meta_put(&f.call, f.session, 0, "k", &value), PERSIST_OK);
    ck_assert_int_eq(f.ops->meta_put(&f.call, f.session, log.ns, "k", &empty), PERSIST_OK);
    ck_assert_int_eq(f.ops->meta_get(&f.call, f.session, 0, "k", rows_take, &rows), PERSIST_OK);
    ck_assert_int_eq(f.ops->meta_get(&f.call, f.session, log.ns, "k", rows_take, &rows),
                     PERSIST_OK);
    ck_assert_str_eq(rows.text, "k@0=a\\x00b k@0=");
    ck_assert_int_eq(f.ops->meta_put(&f.call, f.session, 0, "k", &empty), PERSIST_OK);
    ck_assert_int_eq(f.ops->meta_put(&f.call, f.session, log.ns, "k", NULL), PERSIST_OK);
    ck_assert_int_eq(f.ops->meta_put(&f.call, f.session, log.ns, "k", NULL), PERSIST_OK);
    ck_assert_int_eq(f.ops->meta_get(&f.call, f.session, log.ns, "k", rows_take, &rows),
                     PERSIST_NOT_FOUND);
    ck_assert_int_eq(f.ops->meta_get(&f.call, f.session, 0, "k", rows_take, &rows), PERSIST_OK);
    ck_assert_int_eq(f.ops->meta_get(&f.call, f.session, 77, "k", rows_take, &rows),
                     PERSIST_NOT_FOUND);
    ck_assert_int_eq(f.ops->meta_put(&f.call, f.session, 77, "k", &value), PERSIST_NOT_FOUND);
    rows_clear(&rows);
    fixture_close_and_remove(&f);
}
END_TEST

static persist_status take_stat(void *context, const persist_stat *stat)
{
    if (strcmp(stat->name, "namespaces") == 0)
        *(int64_t *)context = stat->value;
    ck_assert_str_ne(stat->help, "");
    return PERSIST_OK;
}

static persist_status take_step(void *context, const persist_migration *step)
{
    int *count = context;

    ck_assert_uint_eq(step->number, (uint32_t)++ * count);
    ck_assert_int_ne(step->applied_at, 0);
    return PERSIST_OK;
}

START_TEST(stats_and_migrations)
{
    int64_t namespaces = -1;
    int steps = 0;

    fixture_open(&f, (enum variant)_i);
    log_make(&f, "a", PERSIST_STATE_OPEN);
    log_make(&f, "b", PERSIST_STATE_OPEN);
    ck_assert_int_eq(f.admin->stats(&f.call, f.session, take_stat, &namespaces), PERSIST_OK);
    ck_assert_int_eq(namespaces, 2);
    ck_assert_int_eq(f.admin->migrate_plan(&f.call, f.session, take_step, &steps), PERSIST_OK);
    ck_assert_int_eq(steps, 1);
    ck_assert_int_eq(f.admin->migrate_apply(&f.call, f.session, take_step, &steps), PERSIST_OK);
    ck_assert_int_eq(steps, 1);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(sessions_see_each_other)
{
    fixture_open(&f, (enum variant)_i);
    struct log log = log_make(&f, "a", PERSIST_STATE_OPEN);
    persist_session *first = f.session;
    f.session = fixture_session(&f);
    log_put(&f, &log, "k", 5, "v");
    persist_session *second = f.session;
    f.session = first;
    ck_assert_str_eq(read_one(&f, log.ns, B("k"), 5), "k@5=v");
    ck_assert_int_eq(f.life->session_ping(&f.call, second), PERSIST_OK);
    ck_assert_int_eq(f.life->session_reset(&f.call, second), PERSIST_OK);
    f.life->session_close(second);
    log_put(&f, &log, "k", 6, "w");
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(two_stores_in_memory_share_nothing)
{
    struct fixture other;

    fixture_open(&f, (enum variant)_i);
    fixture_open(&other, (enum variant)_i);
    log_make(&f, "a", PERSIST_STATE_OPEN);
    log_make(&other, "a", PERSIST_STATE_OPEN);
    fixture_close(&other);
    fixture_remove(&other);
    fixture_close_and_remove(&f);
}
END_TEST

START_TEST(memory_urls)
{
    static const char *const bad[] = {"memory:x", "memory:?a=b", "memory://", "memory"};

    fixture_prepare(&f, "memory");
    ck_assert_int_eq(f.life->check_config(&f.call, "memory:", &f.settings), PERSIST_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        strcpy(f.url, bad[i]);
        ck_assert_int_eq(f.life->check_config(&f.call, bad[i], &f.settings), PERSIST_CONFIG);
        ck_assert_int_eq(fixture_try(&f, 0), PERSIST_CONFIG);
        ck_assert(f.error.set);
    }
    ck_assert_int_eq(host_faults, 4);
    fixture_remove(&f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plugin_namespace");
    TCase *all = tcase_create("every backend");
    TCase *memory = tcase_create("memory");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(all, descriptor_is_whole, 0, VARIANT_COUNT);
    tcase_add_loop_test(all, limits_fill_what_size_reaches, 0, VARIANT_COUNT);
    tcase_add_loop_test(all, clock_fills_what_size_reaches, 0, VARIANT_COUNT);
    tcase_add_loop_test(all, namespaces_come_and_go, 0, VARIANT_COUNT);
    tcase_add_loop_test(all, namespace_arguments, 0, VARIANT_COUNT);
    tcase_add_loop_test(all, a_dropped_namespace_leaves_nothing, 0, VARIANT_COUNT);
    tcase_add_loop_test(all, control_sets_what_is_chosen, 0, VARIANT_COUNT);
    tcase_add_loop_test(all, control_refuses_what_loses_history, 0, VARIANT_COUNT);
    tcase_add_loop_test(all, a_raised_epoch_is_never_given_again, 0, VARIANT_COUNT);
    tcase_add_loop_test(all, meta_keeps_small_keys, 0, VARIANT_COUNT);
    tcase_add_loop_test(all, stats_and_migrations, 0, VARIANT_COUNT);
    tcase_add_loop_test(all, sessions_see_each_other, 0, VARIANT_COUNT);
    tcase_add_loop_test(all, two_stores_in_memory_share_nothing, 0, VARIANT_COUNT);
    tcase_add_test(memory, memory_urls);
    suite_add_tcase(suite, all);
    suite_add_tcase(suite, memory);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
