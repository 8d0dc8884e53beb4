/* SPDX-License-Identifier: MIT */
/* The benchmark counts and judges as it says. How fast anything is, is not tested. */
#include "tools/bench/bench.h"
#include "tools/bench/figures.h"

#include <check.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- figures */

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, FIGURES_KEY);
}

START_TEST(keys_differ_and_stay_the_same)
{
    enum { N = 5000 };
    static unsigned char keys[N][FIGURES_KEY];
    unsigned char again[FIGURES_KEY];
    for (uint64_t i = 0; i < N; i++)
        figures_key(i, keys[i]);
    figures_key(17, again);
    ck_assert_mem_eq(again, keys[17], FIGURES_KEY);
    qsort(keys, N, FIGURES_KEY, by_key);
    for (size_t i = 1; i < N; i++)
        ck_assert_mem_ne(keys[i - 1], keys[i], FIGURES_KEY);
}
END_TEST

START_TEST(keys_in_order_are_in_order)
{
    unsigned char before[FIGURES_KEY], after[FIGURES_KEY];
    const uint64_t numbers[] = {0, 1, 255, 256, 65535, 65536, UINT64_C(1) << 40, UINT64_MAX};
    for (size_t i = 1; i < sizeof numbers / sizeof *numbers; i++) {
        figures_key_in_order(numbers[i - 1], before);
        figures_key_in_order(numbers[i], after);
        ck_assert_int_lt(memcmp(before, after, FIGURES_KEY), 0);
    }
}
END_TEST

START_TEST(values_and_numbers_follow_from_their_seed)
{
    unsigned char one[FIGURES_VALUE], same[FIGURES_VALUE], other[FIGURES_VALUE];
    uint64_t a = 5, b = 5;
    figures_value(1, one);
    figures_value(1, same);
    figures_value(2, other);
    ck_assert_mem_eq(one, same, FIGURES_VALUE);
    ck_assert_mem_ne(one, other, FIGURES_VALUE);
    ck_assert_uint_eq(figures_random(&a), figures_random(&b));
    ck_assert_uint_ne(figures_random(&a), figures_random(&a));
}
END_TEST

START_TEST(median_is_the_middle)
{
    double one[] = {4}, odd[] = {9, 1, 5}, even[] = {8, 2, 6, 4}, same[] = {3, 3, 3, 1};
    ck_assert_double_eq(figures_median(one, 1), 4);
    ck_assert_double_eq(figures_median(odd, 3), 5);
    ck_assert_double_eq(figures_median(even, 4), 5);
    ck_assert_double_eq(figures_median(same, 4), 3);
}
END_TEST

START_TEST(timer_goes_on_until_something_is_done)
{
    struct figures_timer timer;
    unsigned turns = 0;
    for (figures_start(&timer, 0); figures_more(&timer) && turns < 10; turns++)
        timer.done += turns == 2;
    ck_assert_uint_eq(turns, 3);
    ck_assert_uint_eq(timer.done, 1);
    timer = (struct figures_timer){.started = 1000, .ended = 1000 + 500000000, .done = 50};
    ck_assert_double_eq(figures_rate(&timer), 100);
    timer.ended = timer.started;
    ck_assert(figures_rate(&timer) > 0);
}
END_TEST

/* Who called how often, and in which threads. */
struct crowd {
    atomic_uint calls[FIGURES_CALLERS];
    pthread_t threads[FIGURES_CALLERS];
    unsigned most; /* calls until a caller gives up */
    atomic_uint wrong_thread;
};

static bool crowd_step(void *context, unsigned caller, uint64_t random)
{
    struct crowd *crowd = context;
    (void)random;
    unsigned before = atomic_fetch_add(&crowd->calls[caller], 1);
    if (before == 0)
        crowd->threads[caller] = pthread_self();
    else if (!pthread_equal(crowd->threads[caller], pthread_self()))
        atomic_fetch_add(&crowd->wrong_thread, 1);
    return before + 1 < crowd->most;
}

START_TEST(each_caller_has_a_thread)
{
    struct crowd crowd = {.most = 8};
    struct figures_callers callers = {
        .n = FIGURES_CALLERS, .seconds = 3600, .step = crowd_step, .context = &crowd};
    ck_assert(figures_run_callers(&callers));
    for (size_t i = 0; i < FIGURES_CALLERS; i++)
        ck_assert_uint_eq(crowd.calls[i], 8);
    ck_assert_uint_eq(crowd.wrong_thread, 0);
    ck_assert(callers.rate > 0);
    ck_assert(callers.median >= 0 && callers.median <= callers.tail);
}
END_TEST

START_TEST(callers_that_do_nothing_have_no_rate)
{
    struct crowd crowd = {.most = 1};
    struct figures_callers callers = {
        .n = 3, .seconds = 3600, .step = crowd_step, .context = &crowd};
    ck_assert(figures_run_callers(&callers));
    ck_assert_double_eq(callers.rate, 0);
    ck_assert_double_eq(callers.tail, 0);
}
END_TEST

/* ---- runs on the memory backend */

static persist_error *error;
static persist_config *config;
static char folder[PATH_MAX];
static char program[PATH_MAX + 8];

/* What a run gave. */
static struct run {
    struct bench_result results[64];
    char remarks[64][80];
    size_t n;
    size_t stop_after; /* questions; 0: never */
    size_t asked;
    size_t told;
    size_t dumped;
    persist_status refuse; /* told to the run in place of OK */
} run;

static persist_status take(void *context, const struct bench_result *result)
{
    ck_assert_ptr_eq(context, &run);
    ck_assert_uint_lt(run.n, 64);
    snprintf(run.remarks[run.n], sizeof run.remarks[0], "%s", result->remark);
    run.results[run.n++] = *result;
    return run.refuse;
}

static void tell(void *context, const struct bench_line *line)
{
    ck_assert_ptr_eq(context, &run);
    ck_assert_ptr_nonnull(line->work);
    run.told++;
}

static bool stop(void)
{
    return run.stop_after && ++run.asked > run.stop_after;
}

static persist_status dump(void *context, persist_store *store, const char *ns, persist_error *e)
{
    persist_tx_options options = {.size = sizeof options, .ns = ns};
    persist_tx *tx = NULL;
    uint64_t count = 0;
    ck_assert_ptr_eq(context, &run);
    ck_assert_int_eq(persist_begin(store, &options, &tx, e), PERSIST_OK);
    ck_assert_int_eq(persist_count(tx, NULL, &count, e), PERSIST_OK);
    ck_assert_uint_eq(count, 80); /* twice the keys */
    persist_tx_free(tx);
    run.dumped++;
    return PERSIST_OK;
}

static struct bench_options options_of(const char *only)
{
    return (struct bench_options){.config = config,
                                  .only = only,
                                  .keys = 40,
                                  .rounds = 2,
                                  .seconds = 0.001,
                                  .dump = dump,
                                  .stop = stop,
                                  .tell = tell,
                                  .take = take,
                                  .context = &run};
}

static void set_up(void)
{
    run = (struct run){.refuse = PERSIST_OK};
    error = persist_error_new();
    ck_assert_int_eq(persist_config_load(NULL, &config, error), PERSIST_OK);
    ck_assert_int_eq(persist_config_set(config, "persistence", "memory:", error), PERSIST_OK);
    snprintf(folder, sizeof folder, "%s/persist-bench-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(program, sizeof program, "%s/peer", folder);
}

static void tear_down(void)
{
    unlink(program);
    ck_assert_int_eq(rmdir(folder), 0);
    persist_config_free(config);
    persist_error_free(error);
}

/* A peer that runs these shell commands for each request, whose words are $w $d $k $s $r. */
static void make_peer(const char *commands)
{
    FILE *file = fopen(program, "we");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "#!/bin/sh\nwhile read -r w d k s r; do %s; done\n", commands);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(program, 0700), 0);
}

static struct bench_options peer_options(const char *only, const char *commands)
{
    struct bench_options options = options_of(only);
    make_peer(commands);
    options.peer = program;
    options.peer_folder = folder;
    return options;
}

static void check_judgement(const struct bench_result *result)
{
    const struct bench_line *line = result->line;
    bool of_figure = line->rule == BENCH_FIGURE_MOST;
    ck_assert_int_eq(result->judged, result->measured && line->rule != BENCH_NO_RULE &&
                                         (of_figure || result->compared));
    if (result->compared)
        ck_assert_double_eq(result->ratio, result->product / result->against);
    double figure = of_figure ? result->product : result->ratio;
    if (result->judged)
        ck_assert_int_eq(result->met, line->rule == BENCH_RATIO_LEAST ? figure >= line->must
                                                                      : figure <= line->must);
    else
        ck_assert(!result->met);
}

START_TEST(every_line_gives_one_result)
{
    struct bench_options options = options_of(NULL);
    ck_assert_msg(bench_run(&options, error) == PERSIST_OK, "%s", persist_error_message(error));
    ck_assert_uint_eq(run.n, bench_n_lines);
    ck_assert_uint_eq(run.told, bench_n_lines);
    ck_assert_uint_eq(run.dumped, 2); /* until idle, and watched */
    for (size_t i = 0; i < run.n; i++) {
        const struct bench_result *result = &run.results[i];
        const struct bench_line *line = result->line;
        ck_assert_ptr_eq(line, &bench_lines[i]);
        check_judgement(result);
        ck_assert(result->measured);
        ck_assert_int_eq(result->compared, line->own != NULL);
        ck_assert(result->product >= 0);
        ck_assert_str_eq(run.remarks[i], line->peer ? "without a peer" : "");
    }
}
END_TEST

START_TEST(lines_are_declared_well)
{
    for (size_t i = 0; i < bench_n_lines; i++) {
        const struct bench_line *line = &bench_lines[i];
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(line->id, bench_lines[j].id);
        ck_assert_ptr_nonnull(line->product);
        ck_assert_int_eq(line->own != NULL, line->against != NULL);
        ck_assert(!(line->own && line->peer));
        ck_assert_int_eq(line->rule == BENCH_NO_RULE, !(line->must > 0));
    }
}
END_TEST

START_TEST(only_some_lines)
{
    struct bench_options options = options_of("scan,get");
    ck_assert_int_eq(bench_run(&options, error), PERSIST_OK);
    ck_assert_uint_eq(run.n, 2);
    ck_assert_str_eq(run.results[0].line->id, "get");
    ck_assert_str_eq(run.results[1].line->id, "scan");
}
END_TEST

START_TEST(a_line_that_is_none_is_named)
{
    static const struct {
        const char *only, *named;
    } cases[] = {
        {"get,gte", "'gte'"}, {"ge", "'ge'"}, {"gets", "'gets'"}, {"get,", "''"}, {"", "''"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench_options options = options_of(cases[i].only);
        ck_assert_int_eq(bench_run(&options, error), PERSIST_INVALID);
        ck_assert_ptr_nonnull(strstr(persist_error_message(error), cases[i].named));
        ck_assert_ptr_nonnull(strstr(persist_error_message(error), "get-held"));
        ck_assert_uint_eq(run.n, 0);
    }
}
END_TEST

START_TEST(a_peer_is_compared_with)
{
    struct bench_options options = peer_options("get,get-held,scan,put-512", "echo '= 0.5'");
    ck_assert_msg(bench_run(&options, error) == PERSIST_OK, "%s", persist_error_message(error));
    ck_assert_uint_eq(run.n, 4);
    for (size_t i = 0; i < run.n; i++) {
        ck_assert(run.results[i].compared);
        ck_assert_double_eq(run.results[i].against, 0.5);
        ck_assert_str_eq(run.remarks[i], "");
        check_judgement(&run.results[i]);
        ck_assert_int_eq(run.results[i].met, run.results[i].line->rule != BENCH_NO_RULE);
    }
}
END_TEST

START_TEST(a_ratio_that_is_not_reached_is_told)
{
    struct bench_options options = peer_options("get,scan", "echo '= 1e15'");
    ck_assert_int_eq(bench_run(&options, error), PERSIST_OK);
    for (size_t i = 0; i < run.n; i++) {
        ck_assert(run.results[i].judged && !run.results[i].met);
        check_judgement(&run.results[i]);
    }
}
END_TEST

/* Each round the figure is another: the median of them counts, not the warm-up. */
START_TEST(the_median_of_the_rounds_counts)
{
    struct bench_options options =
        peer_options("get", "n=$((n + 1)); [ $n -gt 1 ] || n2=1000; echo \"= $((n2 + n))\"; n2=0");
    options.rounds = 3;
    ck_assert_int_eq(bench_run(&options, error), PERSIST_OK);
    ck_assert_double_eq(run.results[0].against, 3);
}
END_TEST

START_TEST(a_peer_is_told_what_to_do)
{
    struct bench_options options =
        peer_options("put,put-process-new",
                     "case \"$w $d $k\" in 'put power "
                     "old') echo '= 1' ;; 'put process new') echo '= 2' ;; *) echo \"! $w "
                     "$d $k\" ;; esac");
    ck_assert_msg(bench_run(&options, error) == PERSIST_OK, "%s", persist_error_message(error));
    ck_assert_double_eq(run.results[0].against, 1);
    ck_assert_double_eq(run.results[1].against, 2);
}
END_TEST

START_TEST(a_peer_that_fails_ends_the_run)
{
    static const struct {
        const char *commands, *told;
    } cases[] = {{"echo '! the disk is full'", "the disk is full"},
                 {"echo nonsense", "nonsense"},
                 {"exit 3", "ended"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench_options options = peer_options("get", cases[i].commands);
        signal(SIGPIPE, SIG_IGN);
        ck_assert_int_eq(bench_run(&options, error), PERSIST_INTERNAL);
        ck_assert_ptr_nonnull(strstr(persist_error_message(error), cases[i].told));
        ck_assert_ptr_nonnull(strstr(persist_error_message(error), "get: "));
        ck_assert_uint_eq(run.n, 0);
    }
}
END_TEST

START_TEST(a_peer_that_is_not_there)
{
    struct bench_options options = options_of("get");
    options.peer = program;
    options.peer_folder = folder;
    ck_assert_int_eq(bench_run(&options, error), PERSIST_INTERNAL);
    ck_assert_ptr_nonnull(strstr(persist_error_message(error), program));
}
END_TEST

START_TEST(it_stops_when_asked)
{
    for (size_t after = 1; after < 8; after++) {
        struct bench_options options = options_of("get,scan-20");
        run.n = run.asked = 0;
        run.stop_after = after;
        ck_assert_int_eq(bench_run(&options, error), PERSIST_INTERRUPTED);
        ck_assert_uint_eq(run.asked, after + 1);
    }
}
END_TEST

START_TEST(the_taker_can_end_it)
{
    struct bench_options options = options_of("get,scan");
    run.refuse = PERSIST_IO;
    ck_assert_int_eq(bench_run(&options, error), PERSIST_IO);
    ck_assert_uint_eq(run.n, 1);
}
END_TEST

START_TEST(a_store_that_cannot_be_opened)
{
    struct bench_options options = options_of("get");
    ck_assert_int_eq(persist_config_set(config, "persistence", "nothing:", error), PERSIST_OK);
    ck_assert_int_eq(bench_run(&options, error), PERSIST_PLUGIN_REFUSED);
    ck_assert_uint_eq(run.n, 0);
}
END_TEST

int main(void)
{
    const TTest *const figures[] = {keys_differ_and_stay_the_same,
                                    keys_in_order_are_in_order,
                                    values_and_numbers_follow_from_their_seed,
                                    median_is_the_middle,
                                    timer_goes_on_until_something_is_done,
                                    each_caller_has_a_thread,
                                    callers_that_do_nothing_have_no_rate};
    const TTest *const runs[] = {every_line_gives_one_result,
                                 lines_are_declared_well,
                                 only_some_lines,
                                 a_line_that_is_none_is_named,
                                 a_peer_is_compared_with,
                                 a_ratio_that_is_not_reached_is_told,
                                 the_median_of_the_rounds_counts,
                                 a_peer_is_told_what_to_do,
                                 a_peer_that_fails_ends_the_run,
                                 a_peer_that_is_not_there,
                                 it_stops_when_asked,
                                 the_taker_can_end_it,
                                 a_store_that_cannot_be_opened};
    Suite *suite = suite_create("bench");
    TCase *alone = tcase_create("figures");
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        tcase_add_test(alone, figures[i]);
    suite_add_tcase(suite, alone);
    TCase *whole = tcase_create("runs");
    tcase_add_checked_fixture(whole, set_up, tear_down);
    tcase_set_timeout(whole, 120);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        tcase_add_test(whole, runs[i]);
    suite_add_tcase(suite, whole);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
