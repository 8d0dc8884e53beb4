/* SPDX-License-Identifier: MIT */
/* A process killed at any moment loses nothing that it acknowledged. */
#include "tests/crash/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

START_TEST(nothing_acknowledged_is_missing)
{
    static const char *const durabilities[] = {"power", "process"};
    static const char *const checkpoints[] = {"10000", "1", "20"};
    unsigned seed = proof_seed();
    char path[128];
    int64_t sum = 0;
    snprintf(path, sizeof path, "%s/store.db", fixture_folder());
    struct load load = {.path = path, .durability = durabilities[_i]};
    for (int round = 0; round < proof_amount(8, 100); round++) {
        load.autocheckpoint = checkpoints[rand_r(&seed) % 3];
        load_start(&load);
        /* One in four while the store is made, opened or recovered. */
        if (rand_r(&seed) % 4)
            ck_assert(load_await(&load));
        usleep((useconds_t)rand_r(&seed) % 25000);
        load_kill(&load);
        load_check(&load, true);
    }
    for (int i = 0; i < LOAD_THREADS; i++)
        sum += load.acknowledged[i];
    printf("%lld commits\n", (long long)sum);
    ck_assert_int_gt(sum, 0);
}
END_TEST

/* A store whose making is cut short at any moment is made by the next. */
START_TEST(making_a_store_can_be_cut_short)
{
    unsigned seed = proof_seed();
    for (int round = 0; round < proof_amount(10, 100); round++) {
        char path[128];
        snprintf(path, sizeof path, "%s/store-%d.db", fixture_folder(), round);
        struct load load = {.path = path, .durability = "process", .autocheckpoint = "1"};
        load_start(&load);
        usleep((useconds_t)rand_r(&seed) % 6000);
        load_kill(&load);
        load_check(&load, true);
    }
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_loop_test(tcase, nothing_acknowledged_is_missing, 0, 2);
    tcase_add_test(tcase, making_a_store_can_be_cut_short);
}

int main(void)
{
    return proof_main("kill", add);
}
