/* SPDX-License-Identifier: MIT */
/*
 * The checker finds what is wrong, and nothing else. A history is written
 *
 *     c 0-9 r0:1,2 a0:3 | a 5-7 a1:4 | ...
 *
 * one transaction after the other: committed, aborted or unknown; its time; it read the
 * list 1,2 of key 0; it appended 3 to key 0.
 */
#include "tests/history/checker.h"
#include "tests/history/graph.h"
#include "tests/proof/proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const char *history;
    unsigned found;
} cases[] = {
    {"nothing", "", 0},
    {"one after the other", "c 0-1 r0: a0:1 | c 2-3 r0:1 a0:2 | c 4-5 r0:1,2", 0},
    {"at once, as if one after the other", "c 0-9 r0: a0:1 | c 0-9 r0:1 a0:2 | c 10-11 r0:1,2", 0},
    {"a reader of the old value beside the writer", "c 0-9 r0: | c 0-9 a0:1 | c 10-11 r0:1", 0},
    {"own appends are seen", "c 0-1 r0: a0:1 r0:1 a0:2 r0:1,2 | c 2-3 r0:1,2", 0},
    {"aborted alone", "a 0-1 r0: a0:1 r0:1 | c 2-3 r0:", 0},
    {"aborted ones may have read what they wrote",
     "a 0-9 r0: a0:1 r0:1 | c 0-9 r0: a0:2 | c 10-11 r0:2", 0},
    {"unknown, and did not happen", "u 0-1 a0:1 | c 2-3 r0:", 0},
    {"unknown, and did", "u 0-1 a0:1 | c 2-3 r0:1", 0},
    {"unknown, and did later", "u 0-1 a0:1 | c 2-3 r0: | c 4-5 r0:1", 0},

    {"number from nowhere", "c 0-1 a0:1 | c 2-3 r0:1,7", HISTORY_GARBAGE},
    {"number of another key", "c 0-1 a0:1 a1:2 | c 2-3 r0:1,2 r1:2", HISTORY_GARBAGE},
    {"number twice in a list", "c 0-1 a0:1 | c 2-3 r0:1,1", HISTORY_GARBAGE},
    {"number appended twice", "c 0-1 a0:1 | c 0-1 a0:1 | c 2-3 r0:1", HISTORY_GARBAGE},
    {"zero and below", "c 0-1 a0:1 | c 2-3 r0:1,0,-4", HISTORY_GARBAGE},
    {"G1a aborted read", "a 0-1 a0:1 | c 0-1 r0:1 | c 2-3 r0:1", HISTORY_G1A},
    {"G1b intermediate read", "c 0-9 a0:1 a0:2 | c 0-9 r0:1 | c 10-11 r0:1,2",
     HISTORY_G1B | HISTORY_G_SINGLE},
    {"own append not seen", "c 0-1 r0: a0:1 r0: | c 2-3 r0:1", HISTORY_INTERNAL},
    {"reads differ", "c 0-9 r0: r0:1 | c 0-9 a0:1 | c 10-11 r0:1",
     HISTORY_INTERNAL | HISTORY_G_SINGLE},
    {"own append not last", "c 0-9 r0: a0:1 r0:1,2 | c 0-9 a0:2 | c 10-11 r0:1,2",
     HISTORY_INTERNAL | HISTORY_G1C},
    {"orders differ", "c 0-9 a0:1 | c 0-9 a0:2 | c 0-9 r0:1,2 | c 0-9 r0:2,1", HISTORY_ORDER},
    {"lost update", "c 0-9 r0: a0:1 | c 0-9 r0: a0:2 | c 10-11 r0:2", HISTORY_LOST},
    {"lost for good", "c 0-1 a0:1 | c 2-3 r0:", HISTORY_LOST},

    {"G0 writes crossed", "c 0-9 a0:1 a1:2 | c 0-9 a0:3 a1:4 | c 10-11 r0:1,3 r1:4,2", HISTORY_G0},
    {"G1c circular information flow", "c 0-9 a0:1 r1:2 | c 0-9 a1:2 r0:1 | c 10-11 r0:1 r1:2",
     HISTORY_G1C},
    {"G-single read skew", "c 0-9 r0: r1:2 | c 0-9 a0:1 a1:2 | c 10-11 r0:1 r1:2",
     HISTORY_G_SINGLE},
    {"lost update that both survive", "c 0-9 r0: a0:1 | c 0-9 r0: a0:2 | c 10-11 r0:1,2",
     HISTORY_G_SINGLE},
    {"long fork: two rw, not in a row",
     "c 0-9 a0:1 | c 0-9 a1:2 | c 0-9 r0:1 r1: | c 0-9 r0: r1:2 | c 10-11 r0:1 r1:2",
     HISTORY_G_SINGLE},
    {"G2 write skew", "c 0-9 r0: r1: a0:1 | c 0-9 r0: r1: a1:2 | c 10-11 r0:1 r1:2", HISTORY_G2},
    {"G2 of three", "c 0-9 r0: a1:1 | c 0-9 r1: a2:2 | c 0-9 r2: a0:3 | c 10-11 r0:3 r1:1 r2:2",
     HISTORY_G2},
    {"G2 read-only anomaly",
     "c 0-9 r0: r1: a0:1 | c 0-3 r1: a1:2 | c 4-5 r0: r1:2 | c 10-11 r0:1 r1:2", HISTORY_G2},
    {"stale read", "c 0-1 a0:1 | c 2-3 r0: | c 4-5 r0:1", HISTORY_REAL_TIME},
    {"stale snapshot of a writer", "c 0-1 a0:1 | c 2-3 r0: r1: a1:2 | c 4-5 r0:1 r1:2",
     HISTORY_REAL_TIME},
    {"written into the past", "c 0-1 a0:1 | c 2-3 a0:2 | c 4-5 r0:2,1", HISTORY_REAL_TIME},
    {"at the same instant is not after", "c 0-1 a0:1 | c 1-2 r0: | c 4-5 r0:1", 0},
    {"long chain of time",
     "c 0-1 a0:1 | c 2-3 r1: | c 4-5 r1: | c 6-7 r1: | c 8-9 r0: | c 10-11 r0:1",
     HISTORY_REAL_TIME},
    {"serialized against real time, by two rw in a row",
     "c 4-9 r0: | c 0-9 r1: a0:1 | c 0-1 a1:2 | c 10-11 r0:1 r1:2", HISTORY_G2_REAL_TIME},
};

static int list_of(char *text, int *out)
{
    int n = 0;
    char *save = NULL;
    for (char *word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save))
        out[n++] = atoi(word);
    return n;
}

static void parse_op(struct history_tx *tx, char *word)
{
    int numbers[16], key = atoi(word + 1);
    char *list = strchr(word, ':') + 1;
    if (word[0] == 'a')
        history_append(tx, key, atoi(list));
    else
        history_read(tx, key, numbers, (size_t)list_of(list, numbers));
}

static void parse(const char *text, struct history *history)
{
    char copy[512], *save = NULL;
    struct history_tx *tx = NULL;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        if (word[0] == '|') {
            tx = NULL;
        } else if (!tx) {
            char outcome = word[0];
            word = strtok_r(NULL, " ", &save);
            tx = history_add(history, atoi(word));
            tx->ended = atoi(strchr(word, '-') + 1);
            tx->outcome = outcome == 'c'   ? HISTORY_COMMITTED
                          : outcome == 'a' ? HISTORY_ABORTED
                                           : HISTORY_UNKNOWN;
        } else {
            parse_op(tx, word);
        }
    }
}

START_TEST(each_is_found)
{
    struct history history = {0};
    char why[512];
    parse(cases[_i].history, &history);
    unsigned found = history_check(&history, HISTORY_SERIALIZABLE, why, sizeof why);
    ck_assert_msg(found == cases[_i].found, "%s: found %#x, not %#x: %s", cases[_i].name, found,
                  cases[_i].found, why);
    ck_assert_int_eq(why[0] != '\0', found != 0);
    history_free(&history);
}
END_TEST

START_TEST(cycles_are_told)
{
    struct history history = {0};
    char why[512];
    parse("c 0-9 r0: r1: a0:1 | c 0-9 r0: r1: a1:2 | c 10-11 r0:1 r1:2", &history);
    history_check(&history, HISTORY_SERIALIZABLE, why, sizeof why);
    ck_assert_msg(strstr(why, "0 -rw-> 1 -rw-> 0") || strstr(why, "1 -rw-> 0 -rw-> 1"), "%s", why);
    ck_assert_uint_eq(history_check(&history, HISTORY_SNAPSHOT, why, sizeof why), HISTORY_G2);
    ck_assert_str_eq(why, "");
    history_free(&history);
}
END_TEST

/* Any cycle that is planted in a large graph without one is found. */
START_TEST(planted_cycles_are_found)
{
    unsigned seed = proof_seed();
    for (int round = 0; round < proof_amount(50, 1000); round++) {
        struct graph graph = {0};
        size_t node;
        bool back = round % 2;
        for (int i = 0; i < 3000; i++) {
            size_t from = (size_t)rand_r(&seed) % 999, to = from + 1;
            to += (size_t)rand_r(&seed) % (1000 - to);
            graph_add(&graph, from, to, rand_r(&seed) % 2 ? EDGE_WW : EDGE_RW);
        }
        for (size_t i = 100; i < 200; i++)
            graph_add(&graph, i, i + 1, EDGE_WR);
        if (back)
            graph_add(&graph, 200, 100, EDGE_RW);
        graph_sort(&graph);
        ck_assert_int_eq(graph_cycle(&graph, EDGE_ALL, false, &node), back);
        ck_assert_int_eq(graph_cycle(&graph, EDGE_ALL, true, &node), back);
        ck_assert(!graph_cycle(&graph, EDGE_ALL & ~(unsigned)EDGE_RW, false, &node));
        graph_free(&graph);
    }
}
END_TEST

static void add(TCase *tcase)
{
    tcase_add_loop_test(tcase, each_is_found, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tcase, cycles_are_told);
    tcase_add_test(tcase, planted_cycles_are_found);
}

int main(void)
{
    return proof_main("history checker", add);
}
