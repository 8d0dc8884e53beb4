/* SPDX-License-Identifier: MIT */
#include "tests/proof/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int proof_amount(int check, int soak)
{
    int scale = fixture_scale();
    if (scale > PROOF_SOAK)
        scale = PROOF_SOAK;
    return check + (int)((int64_t)(soak - check) * (scale - 1) / (PROOF_SOAK - 1));
}

unsigned proof_seed(void)
{
    const char *text = getenv("PERSIST_TEST_SEED");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned seed = text ? (unsigned)strtoul(text, NULL, 10)
                         : (unsigned)(now.tv_nsec ^ now.tv_sec ^ (long)getpid() << 8);
    printf("PERSIST_TEST_SEED=%u\n", seed);
    fflush(stdout);
    return seed;
}

int proof_main(const char *name, proof_add_fn add)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, fixture_begin, fixture_end);
    tcase_set_timeout(tcase, 3600);
    add(tcase);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

pid_t proof_spawn(proof_work_fn work, void *context)
{
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(work(context));
    return child;
}

void proof_join(pid_t child)
{
    int result = 0;
    ck_assert_int_eq(waitpid(child, &result, 0), child);
    ck_assert_msg(WIFEXITED(result) && WEXITSTATUS(result) == 0, "a process ended with %s %d",
                  WIFEXITED(result) ? "status" : "signal",
                  WIFEXITED(result) ? WEXITSTATUS(result) : WTERMSIG(result));
}
