/* SPDX-License-Identifier: MIT */
/*
 * The n-th allocation, write, sync and read of the process fails, under the engine too,
 * once and for good. Each n has a process of its own. PERSIST_TEST_SHIM is the library to
 * be preloaded; the program starts itself again with it.
 */
#include "tests/faults/scenario.h"
#include "tests/faults/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static __typeof__(shim_arm) *arm;
static __typeof__(shim_disarm) *disarm;
static __typeof__(shim_fired) *fired;

static bool find_shim(void)
{
    void *found[3] = {dlsym(RTLD_DEFAULT, "shim_arm"), dlsym(RTLD_DEFAULT, "shim_disarm"),
                      dlsym(RTLD_DEFAULT, "shim_fired")};
    memcpy(&arm, &found[0], sizeof arm);
    memcpy(&disarm, &found[1], sizeof disarm);
    memcpy(&fired, &found[2], sizeof fired);
    return arm && disarm && fired;
}

static const struct {
    const char *name;
    const char *durability;
    enum shim_kind kind;
    int error;
    int check; /* about how many are tried in a small run */
} kinds[] = {
    {"allocation", "process", SHIM_ALLOCATION, ENOMEM, 60},
    {"write", "power", SHIM_WRITE, EIO, 40},
    {"write, no space", "power", SHIM_WRITE, ENOSPC, 40},
    {"sync", "power", SHIM_SYNC, EIO, INT_MAX},
    {"read", "power", SHIM_READ, EIO, INT_MAX},
};
#define KINDS (int)(sizeof kinds / sizeof *kinds)

static long calls;

static void disarm_and_count(void)
{
    calls = disarm();
}

static void run_armed(int backend, int kind, long at, bool for_good)
{
    char path[160];
    struct scenario scenario = {.path = path, .shared = fixture_shared(backend), .fired = fired};
    scenario.disarm = disarm_and_count;
    scenario_configure(backend, kinds[kind].durability, path);
    arm(kinds[kind].kind, at, for_good, kinds[kind].error,
        fixture_url(backend) + strlen("sqlite://"));
    scenario_run(&scenario);
}

/* Runs in a process of its own, which must end well; the exit is an ordinary one, so that
 * leaks are looked for. */
static void run_apart(int backend, int kind, long at, bool for_good)
{
    int result;
    printf("%s %ld%s\n", kinds[kind].name, at, for_good ? ", for good" : "");
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        run_armed(backend, kind, at, for_good);
        fixture_end();
        exit(0);
    }
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert_msg(WIFEXITED(result) && WEXITSTATUS(result) == 0, "%s %ld%s: %s %d",
                  kinds[kind].name, at, for_good ? ", for good" : "",
                  WIFEXITED(result) ? "exit status" : "signal",
                  WIFEXITED(result) ? WEXITSTATUS(result) : WTERMSIG(result));
    fixture_end();
    fixture_begin();
}

/* How many calls the scenario makes when nothing fails. */
static long count_calls(int backend, int kind)
{
    int pipes[2];
    long count = -1;
    ck_assert_int_eq(pipe(pipes), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        run_armed(backend, kind, 0, false);
        if (write(pipes[1], &calls, sizeof calls) < 0)
            _exit(1);
        exit(0);
    }
    close(pipes[1]);
    ck_assert_int_eq(read(pipes[0], &count, sizeof count), sizeof count);
    close(pipes[0]);
    proof_join(child);
    fixture_end();
    fixture_begin();
    return count;
}

START_TEST(every_call_fails)
{
    int kind = _i % KINDS, backend = _i / KINDS;
    if (!fixture_shared(backend) && kinds[kind].kind != SHIM_ALLOCATION)
        return;
    long count = count_calls(backend, kind);
    if (!count) {
        printf("skipped: each %s is hidden from the test by a sanitizer\n", kinds[kind].name);
        return;
    }
    long step = fixture_scale() >= PROOF_SOAK ? 1 : count / kinds[kind].check + 1;
    unsigned seed = proof_seed();
    printf("%s: %ld calls\n", kinds[kind].name, count);
    for (int for_good = 0; for_good < 2; for_good++)
        for (long at = 1 + rand_r(&seed) % step; at <= count; at += step)
            run_apart(backend, kind, at, for_good);
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_loop_test(tcase, every_call_fails, 0, fixture_backends() * KINDS);
}

int main(int argc, char **argv)
{
    const char *library = getenv("PERSIST_TEST_SHIM");
    (void)argc;
    fixture_in_memory();
    if (find_shim())
        return proof_main("engine faults", add);
    if (!library || getenv("LD_PRELOAD")) {
        printf("SKIP: PERSIST_TEST_SHIM does not name the library to be preloaded\n");
        return 77;
    }
    setenv("LD_PRELOAD", library, 1);
    /* A sanitizer that is a library need not be the first one. */
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 0);
    execv("/proc/self/exe", argv);
    printf("SKIP: the program cannot be started again: %s\n", strerror(errno));
    return 77;
}
