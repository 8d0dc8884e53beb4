/* SPDX-License-Identifier: MIT */
/*
 * Isolation, case by case, at both levels: by one store, and by as many processes as there
 * are transactions; on a store that holds little else, and on one with thousands of other
 * keys all around, of many versions.
 */
#include "tests/isolation/schedules.h"
#include "tests/proof/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    persist_isolation isolation;
    bool filled;
} settings[] = {
    {"snapshot", PERSIST_SNAPSHOT, false},
    {"serializable", PERSIST_SERIALIZABLE, false},
    {"snapshot, filled", PERSIST_SNAPSHOT, true},
    {"serializable, filled", PERSIST_SERIALIZABLE, true},
};
#define SETTINGS (int)(sizeof settings / sizeof *settings)

#define QUICK "durability: process\n"

/* Keys between those of the schedules, of several versions each, some deleted. */
static void fill(persist_store *store)
{
    for (int round = 0; round < 3; round++) {
        persist_tx *tx = begin(store);
        for (int i = round; i < proof_amount(2000, 20000); i += 1 + round) {
            char key[32], value[64];
            snprintf(key, sizeof key, "%c/%06d", 'A' + i % 57, i);
            snprintf(value, sizeof value, "%d of round %d", i, round);
            if (round == 2 && i % 5 == 0)
                del(tx, key);
            else
                put(tx, key, value);
        }
        commit(tx);
    }
}

static void ask_actor(void *context, int tx, const char *step, char answer[SCHEDULE_ANSWER])
{
    (void)tx;
    schedule_perform(context, step, answer);
}

START_TEST(in_one_process)
{
    int how = _i % SETTINGS;
    persist_store *store = fixture_open_with(_i / SETTINGS, QUICK);
    struct actor actor = {
        .store = store, .isolation = settings[how].isolation, .error = fixture_error()};
    if (settings[how].filled)
        fill(store);
    for (const struct schedule *schedule = schedules; schedule->name; schedule++) {
        schedule_play(schedule, actor.isolation, store, ask_actor, &actor);
        for (int i = 0; i < SCHEDULE_TX; i++)
            ck_assert_msg(!actor.tx[i], "%s: transaction %d was not ended", schedule->name, i);
    }
    proof_verify(store, NULL);
    fixture_close(store);
}
END_TEST

/* ---- a process for each transaction */

struct player {
    pid_t pid;
    FILE *steps;   /* to the process, a line each */
    FILE *answers; /* from it */
};

/* A player's life: steps in, answers out, until there are no more steps. */
static int perform_steps(int in, int out, int backend, persist_isolation isolation)
{
    FILE *steps = fdopen(in, "r"), *answers = fdopen(out, "w");
    char step[128], answer[SCHEDULE_ANSWER];
    struct actor actor = {.store = fixture_open_with(backend, QUICK),
                          .isolation = isolation,
                          .now = true,
                          .error = persist_error_new()};
    while (fgets(step, sizeof step, steps)) {
        step[strcspn(step, "\n")] = '\0';
        schedule_perform(&actor, step, answer);
        fprintf(answers, "%s\n", answer);
        fflush(answers);
    }
    fixture_close(actor.store);
    persist_error_free(actor.error);
    fclose(steps);
    fclose(answers);
    return 0;
}

static void player_start(struct player *players, int n, int backend, persist_isolation isolation)
{
    int to[2], from[2];
    ck_assert_int_eq(pipe(to), 0);
    ck_assert_int_eq(pipe(from), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        for (int i = 0; i < n; i++) {
            close(fileno(players[i].steps));
            close(fileno(players[i].answers));
        }
        close(to[1]);
        close(from[0]);
        _exit(perform_steps(to[0], from[1], backend, isolation));
    }
    close(to[0]);
    close(from[1]);
    players[n] = (struct player){pid, fdopen(to[1], "w"), fdopen(from[0], "r")};
}

static void player_stop(struct player *player)
{
    fclose(player->steps);
    proof_join(player->pid);
    fclose(player->answers);
}

static void ask_process(void *context, int tx, const char *step, char answer[SCHEDULE_ANSWER])
{
    struct player *player = (struct player *)context + tx;
    fprintf(player->steps, "%s\n", step);
    fflush(player->steps);
    ck_assert_msg(fgets(answer, SCHEDULE_ANSWER, player->answers) != NULL, "process %d ended at %s",
                  tx, step);
    answer[strcspn(answer, "\n")] = '\0';
}

START_TEST(in_processes)
{
    int how = _i % SETTINGS, backend = _i / SETTINGS;
    struct player players[SCHEDULE_TX];
    if (!fixture_shared(backend))
        return;
    for (int i = 0; i < SCHEDULE_TX; i++)
        player_start(players, i, backend, settings[how].isolation);
    persist_store *store = fixture_open_with(backend, QUICK);
    if (settings[how].filled)
        fill(store);
    for (const struct schedule *schedule = schedules; schedule->name; schedule++)
        schedule_play(schedule, settings[how].isolation, store, ask_process, players);
    for (int i = 0; i < SCHEDULE_TX; i++)
        player_stop(&players[i]);
    proof_verify(store, NULL);
    fixture_close(store);
}
END_TEST

/* The phantom cases again on a store that never held anything. */
START_TEST(never_written)
{
    static const char *const cases[][3] = {
        {"b1 b2 s1= s2= p1(b,1) p2(c,2) c1 c2", "b1 b2 s1= s2= p1(b,1) p2(c,2) c1 c2!", "b:1"},
        {"b1 b2 g1(d)=- g2(e)=- p1(e,1) p2(d,2) c1 c2",
         "b1 b2 g1(d)=- g2(e)=- p1(e,1) p2(d,2) c1 c2!", "e:1"},
        {"b1 b2 s1(a-c)= s2(b-d)= p1(c,1) p2(b,2) c1 c2",
         "b1 b2 s1(a-c)= s2(b-d)= p1(c,1) p2(b,2) c1 c2!", "c:1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int strict = 0; strict < 2; strict++) {
            char answer[SCHEDULE_ANSWER], copy[128], *save = NULL;
            persist_store *store = fixture_open(_i);
            struct actor actor = {.store = store,
                                  .isolation = strict ? PERSIST_SERIALIZABLE : PERSIST_SNAPSHOT,
                                  .error = fixture_error()};
            snprintf(copy, sizeof copy, "%s", cases[i][strict]);
            for (char *step = strtok_r(copy, " ", &save); step; step = strtok_r(NULL, " ", &save)) {
                schedule_perform(&actor, step, answer);
                ck_assert_msg(strchr(answer, ':') == NULL, "%s: %s", step, answer);
                ck_assert_int_eq(answer[0] == '!', step[strlen(step) - 1] == '!');
            }
            fixture_close(store);
            fixture_end();
            fixture_begin();
        }
}
END_TEST

static void add(TCase *tcase)
{
    int n = fixture_backends();
    tcase_add_loop_test(tcase, in_one_process, 0, n * SETTINGS);
    tcase_add_loop_test(tcase, in_processes, 0, n * SETTINGS);
    tcase_add_loop_test(tcase, never_written, 0, n);
}

int main(void)
{
    return proof_main("schedules", add);
}
