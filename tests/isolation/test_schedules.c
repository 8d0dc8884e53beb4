/* SPDX-License-Identifier: MIT */
/*
 * Isolation, case by case: schedules of two or three transactions, each with what has to
 * come out at both levels. A schedule is a line of steps:
 *
 *     bN        transaction N begins           gN(k)=v   it reads v ("-": absent)
 *     pN(k,v)   it writes                      dN(k)     it deletes
 *     sN=...    it scans everything: k:v,k:v   sN(a-b)=... the keys from a to before b
 *     cN        it commits                     cN!       its commit is a conflict
 *     aN        it rolls back
 *
 * First committer wins, so which of two rivals fails is known. Before a schedule x is 10
 * and y is 20; after it `end` is what a new transaction scans. The cases are those of the
 * literature (Adya; Berenson and others; Fekete and others; Hermitage).
 */
#include "tests/unit/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct schedule {
    const char *name;
    const char *snapshot;     /* steps under snapshot isolation */
    const char *snapshot_end; /* what is there afterwards */
    const char *serializable; /* steps under serializable; NULL: the same */
    const char *serializable_end;
};

static const struct schedule schedules[] = {
    {"G0 dirty write", "b1 b2 g1(q)=- g2(q)=- p1(x,11) p2(x,12) p1(y,21) c1 p2(y,22) c2!",
     "x:11,y:21", NULL, NULL},
    {"G1a aborted read", "b1 b2 p1(x,101) g2(x)=10 a1 g2(x)=10 c2", "x:10,y:20", NULL, NULL},
    {"G1b intermediate read", "b1 b2 p1(x,101) g2(x)=10 p1(x,11) c1 g2(x)=10 c2 b3 g3(x)=11 c3",
     "x:11,y:20", NULL, NULL},
    {"G1c circular information flow", "b1 b2 p1(x,11) p2(y,22) g1(y)=20 g2(x)=10 c1 c2",
     "x:11,y:22", "b1 b2 p1(x,11) p2(y,22) g1(y)=20 g2(x)=10 c1 c2!", "x:11,y:20"},
    {"OTV observed transaction vanishes",
     "b1 b2 g2(q)=- p1(x,11) p1(y,19) p2(x,12) c1 b3 g3(x)=11 p2(y,18) g3(y)=19 c2! g3(y)=19 "
     "g3(x)=11 c3",
     "x:11,y:19", NULL, NULL},
    {"PMP predicate many preceders", "b1 b2 s1(a-n)= p2(k,30) c2 s1(a-n)= c1", "k:30,x:10,y:20",
     NULL, NULL},
    {"PMP write", "b1 b2 s2=x:10,y:20 g1(q)=- p1(x,20) p1(y,30) d2(y) c1 c2!", "x:20,y:30", NULL,
     NULL},
    {"P4 lost update", "b1 b2 g1(x)=10 g2(x)=10 p1(x,11) p2(x,12) c1 c2!", "x:11,y:20", NULL, NULL},
    {"P4 insert", "b1 b2 g1(z)=- g2(z)=- p1(z,1) p2(z,2) c1 c2!", "x:10,y:20,z:1", NULL, NULL},
    {"P4 delete", "b1 b2 g1(x)=10 g2(x)=10 d1(x) p2(x,9) c1 c2!", "y:20", NULL, NULL},
    {"P4 blind write", "b1 b2 p1(x,11) c1 p2(x,12) c2!", "x:11,y:20", NULL, NULL},
    {"G-single read skew", "b1 g1(x)=10 b2 g2(x)=10 g2(y)=20 p2(x,12) p2(y,18) c2 g1(y)=20 c1",
     "x:12,y:18", NULL, NULL},
    {"G-single predicate", "b1 s1=x:10,y:20 b2 p2(y,18) d2(x) p2(z,1) c2 s1=x:10,y:20 c1",
     "y:18,z:1", NULL, NULL},
    {"G-single write", "b1 g1(x)=10 b2 g2(y)=20 p2(x,12) p2(y,18) c2 d1(y) c1!", "x:12,y:18", NULL,
     NULL},
    {"G2-item write skew", "b1 b2 g1(x)=10 g1(y)=20 g2(x)=10 g2(y)=20 p1(x,11) p2(y,21) c1 c2",
     "x:11,y:21", "b1 b2 g1(x)=10 g1(y)=20 g2(x)=10 g2(y)=20 p1(x,11) p2(y,21) c1 c2!",
     "x:11,y:20"},
    {"write skew ring of three",
     "b1 b2 b3 g1(x)=10 p1(y,1) g2(y)=20 p2(z,2) g3(z)=- p3(x,3) c1 c2 c3", "x:3,y:1,z:2",
     "b1 b2 b3 g1(x)=10 p1(y,1) g2(y)=20 p2(z,2) g3(z)=- p3(x,3) c1 c2! c3", "x:3,y:1"},
    {"G2 phantom skew", "b1 b2 s1(a-n)= s2(a-n)= p1(b,1) p2(c,2) c1 c2", "b:1,c:2,x:10,y:20",
     "b1 b2 s1(a-n)= s2(a-n)= p1(b,1) p2(c,2) c1 c2!", "b:1,x:10,y:20"},
    {"G2 delete phantom", "b1 b2 s1=x:10,y:20 s2=x:10,y:20 d1(x) d2(y) c1 c2", "",
     "b1 b2 s1=x:10,y:20 s2=x:10,y:20 d1(x) d2(y) c1 c2!", "y:20"},
    {"read-only anomaly",
     "b1 g1(x)=10 g1(y)=20 b2 g2(y)=20 p2(y,25) c2 b3 g3(x)=10 g3(y)=25 c3 p1(x,0) c1", "x:0,y:25",
     "b1 g1(x)=10 g1(y)=20 b2 g2(y)=20 p2(y,25) c2 b3 g3(x)=10 g3(y)=25 c3 p1(x,0) c1!",
     "x:10,y:25"},
    {"long fork", "b1 p1(x,1) c1 b3 g3(x)=1 b2 p2(y,2) c2 g3(y)=20 b4 g4(x)=1 g4(y)=2 c3 c4",
     "x:1,y:2", NULL, NULL},
    {"stale read", "b1 p1(x,11) c1 b2 g2(x)=11 c2", "x:11,y:20", NULL, NULL},
    {"own writes", "b1 p1(x,1) g1(x)=1 d1(x) g1(x)=- s1=y:20 p1(x,2) s1=x:2,y:20 c1", "x:2,y:20",
     NULL, NULL},
    {"insert, update, write what was read absent",
     "b1 g1(k)=- b2 g2(q)=- p2(k,1) c2 b3 g3(k)=1 p3(k,2) c3 p1(m,1) c1", "k:2,m:1,x:10,y:20",
     "b1 g1(k)=- b2 g2(q)=- p2(k,1) c2 b3 g3(k)=1 p3(k,2) c3 p1(m,1) c1!", "k:2,x:10,y:20"},
    {"fresh keys", "b1 b2 g1(b)=- p1(a,1) g2(a)=- p2(b,2) c1 c2", "a:1,b:2,x:10,y:20",
     "b1 b2 g1(b)=- p1(a,1) g2(a)=- p2(b,2) c1 c2!", "a:1,x:10,y:20"},
    {"read only, beside writers", "b1 s1=x:10,y:20 b2 p2(x,1) p2(y,2) c2 s1=x:10,y:20 c1",
     "x:1,y:2", NULL, NULL},
    {"disjoint ranges", "b1 b2 s1(a-m)= s2(n-z)=x:10,y:20 p1(n,1) p2(o,2) c1 c2",
     "n:1,o:2,x:10,y:20", "b1 b2 s1(a-m)= s2(n-z)=x:10,y:20 p1(n,1) p2(o,2) c1 c2!",
     "n:1,x:10,y:20"},
    {"apart", "b1 b2 s1(a-m)= s2(m-n)= p1(b,1) p2(m,2) c1 c2", "b:1,m:2,x:10,y:20", NULL, NULL},
    {"end of a range is not in it", "b1 s1(a-x)= b2 p2(x,11) c2 p1(z,1) c1", "x:11,y:20,z:1", NULL,
     NULL},
    {"begin of a range is", "b1 s1(x-y)=x:10 b2 p2(x,11) c2 p1(z,1) c1", "x:11,y:20,z:1",
     "b1 s1(x-y)=x:10 b2 p2(x,11) c2 p1(z,1) c1!", "x:11,y:20"},
};

#define MAX_TX 5

struct player {
    persist_store *store;
    persist_isolation isolation;
    persist_tx *tx[MAX_TX];
    const char *name;
};

/* Writes "k:v,k:v" of [from, to) to out. */
static void scan_into(persist_tx *tx, const char *from, const char *to, char *out, size_t size)
{
    persist_scan_options options = {
        .size = sizeof options, .from = persist_text(from), .to = persist_text(to)};
    snprintf(out, size, "%s", scan_text(tx, &options));
    for (char *c = out; *c; c++)
        *c = *c == '=' ? ':' : *c == ' ' ? ',' : *c;
}

static void step_read(struct player *player, persist_tx *tx, const char *key, const char *expected,
                      const char *step)
{
    (void)player;
    const char *value = get(tx, key);
    ck_assert_msg(strcmp(value ? value : "-", expected) == 0, "%s: %s gave %s", player->name, step,
                  value ? value : "-");
}

static void step_scan(struct player *player, persist_tx *tx, char *bounds, const char *expected,
                      const char *step)
{
    char found[512];
    char *to = NULL;
    if (bounds && (to = strchr(bounds, '-')))
        *to++ = '\0';
    scan_into(tx, bounds, to, found, sizeof found);
    ck_assert_msg(strcmp(found, expected) == 0, "%s: %s gave %s", player->name, step, found);
}

static void step_end(struct player *player, int n, char how, bool conflict, const char *step)
{
    persist_status expected = conflict ? PERSIST_CONFLICT : PERSIST_OK;
    persist_tx *tx = player->tx[n];
    persist_status status = how == 'c' ? persist_commit(tx, NULL, fixture_error())
                                       : persist_rollback(tx, fixture_error());
    ck_assert_msg(status == expected, "%s: %s is %s: %s", player->name, step,
                  persist_status_name(status), persist_error_message(fixture_error()));
    persist_tx_free(tx);
    player->tx[n] = NULL;
}

static void play_step(struct player *player, const char *step)
{
    char copy[128], *open, *close, *equals, *comma;
    snprintf(copy, sizeof copy, "%s", step);
    int n = copy[1] - '0';
    ck_assert_int_lt(n, MAX_TX);
    if ((equals = strchr(copy, '=')))
        *equals++ = '\0';
    if ((open = strchr(copy, '('))) {
        *open++ = '\0';
        close = strchr(open, ')');
        *close = '\0';
    }
    persist_tx_options options = {.size = sizeof options, .isolation = player->isolation};
    switch (copy[0]) {
    case 'b':
        assert_ok(persist_begin(player->store, &options, &player->tx[n], fixture_error()));
        break;
    case 'g':
        step_read(player, player->tx[n], open, equals, step);
        break;
    case 's':
        step_scan(player, player->tx[n], open, equals, step);
        break;
    case 'p':
        comma = strchr(open, ',');
        *comma = '\0';
        put(player->tx[n], open, comma + 1);
        break;
    case 'd':
        del(player->tx[n], open);
        break;
    default:
        step_end(player, n, copy[0], copy[2] == '!', step);
    }
}

static void play(persist_store *store, const char *name, persist_isolation isolation,
                 const char *steps, const char *end)
{
    struct player player = {.store = store, .isolation = isolation, .name = name};
    char copy[512], found[512], *save = NULL;
    snprintf(copy, sizeof copy, "%s", steps);
    for (char *step = strtok_r(copy, " ", &save); step; step = strtok_r(NULL, " ", &save))
        play_step(&player, step);
    persist_tx *tx = begin(store);
    scan_into(tx, NULL, NULL, found, sizeof found);
    ck_assert_msg(strcmp(found, end) == 0, "%s: left %s", name, found);
    persist_tx_free(tx);
    for (int i = 0; i < MAX_TX; i++)
        ck_assert_msg(!player.tx[i], "%s: transaction %d was not ended", name, i);
}

/* Leaves x=10, y=20 and nothing else. */
static void reset(persist_store *store)
{
    persist_tx *tx = begin(store);
    for (const char *key = "abckmnoqz"; *key; key++)
        del(tx, (char[]){*key, '\0'});
    put(tx, "x", "10");
    put(tx, "y", "20");
    commit(tx);
}

static void play_all(int backend, persist_isolation isolation)
{
    persist_store *store = fixture_open(backend);
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++) {
        const struct schedule *s = &schedules[i];
        bool strict = isolation == PERSIST_SERIALIZABLE && s->serializable;
        reset(store);
        play(store, s->name, isolation, strict ? s->serializable : s->snapshot,
             strict ? s->serializable_end : s->snapshot_end);
    }
    fixture_close(store);
}

START_TEST(snapshot_isolation)
{
    play_all(_i, PERSIST_SNAPSHOT);
}
END_TEST

START_TEST(serializable)
{
    play_all(_i, PERSIST_SERIALIZABLE);
}
END_TEST

/* The phantom cases again on a store that never held anything. */
START_TEST(empty_store)
{
    persist_store *store = fixture_open(_i);
    play(store, "phantom skew, empty", PERSIST_SERIALIZABLE, "b1 b2 s1= s2= p1(b,1) p2(c,2) c1 c2!",
         "b:1");
    play(store, "write skew on absent keys, empty", PERSIST_SERIALIZABLE,
         "b1 b2 g1(d)=- g2(e)=- p1(e,1) p2(d,2) c1 c2!", "b:1,e:1");
    fixture_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("isolation");
    TCase *tcase = tcase_create("schedules");
    int n = fixture_backends();
    tcase_add_checked_fixture(tcase, fixture_begin, fixture_end);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, snapshot_isolation, 0, n);
    tcase_add_loop_test(tcase, serializable, 0, n);
    tcase_add_loop_test(tcase, empty_store, 0, n);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
