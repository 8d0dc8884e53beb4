/* SPDX-License-Identifier: MIT */
/*
 * A scenario that uses every part of a store once, while something is made to fail, and
 * holds every answer against a model. It allocates nothing of its own and calls no
 * assertion while faults are planted: what is wrong is noted in `violation`.
 */
#ifndef TESTS_FAULTS_SCENARIO_H
#define TESTS_FAULTS_SCENARIO_H

#include "tests/proof/proof.h"

#define SCENARIO_KEYS 6
#define SCENARIO_VALUE 64

/* What a key may be found to hold: "" is absent. More than one text only after commits
 * whose outcome was left open. */
struct possible {
    char texts[6][SCENARIO_VALUE];
    int n;
};

/* A key is set, or deleted. */
struct change {
    int key;
    const char *value; /* NULL: deleted */
};

/* A commit that was told to be done, or left open. */
struct attempt {
    const struct change *changes;
    size_t n;
    bool open; /* UNRESOLVED; the token decides */
    unsigned char token[PERSIST_RESOLVE_TOKEN_SIZE];
};
#define SCENARIO_ATTEMPTS 8

struct scenario {
    const char *path; /* of a configuration file */
    bool shared;      /* the store outlives its closing */
    bool (*fired)(void);
    void (*disarm)(void);
    /* results */
    char violation[512];
    int failures; /* of calls */
    int commits;  /* told to be done */
    struct possible keys[SCENARIO_KEYS];
    struct attempt attempts[SCENARIO_ATTEMPTS];
    int n_attempts;
};

/* Writes a configuration file for the backend into the test's folder. */
void scenario_configure(int backend, const char *durability, char path[160]);

/* Runs it with faults planted, disarms them, and checks the store; asserts in the end. */
void scenario_run(struct scenario *scenario);

#endif
