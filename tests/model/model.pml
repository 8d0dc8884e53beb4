/* SPDX-License-Identifier: MIT */
/*
 * What the models share. A guard is a line `#define GUARD_...` at the head of a model;
 * check-model takes one away at a time and requires that an invariant breaks.
 */

/* Says once in a search that a situation the model is about really came up. check-model
 * requires every one of them. Belongs inside atomic or d_step. */
#define REACH(name)                                                                       \
    c_code {                                                                              \
        static char said;                                                                 \
        if (!said) {                                                                      \
            said = 1;                                                                     \
            printf("reached: " name "\n");                                                \
        }                                                                                 \
    }

/* Belongs inside atomic or d_step. */
#define INVARIANT(name, condition)                                                        \
    if                                                                                    \
    :: (condition) -> skip                                                                \
    :: else ->                                                                            \
        c_code { printf("violated: " name "\n"); };                                       \
        assert(false)                                                                     \
    fi

#define BIT(n) (1 << (n))

/* Answers of the store, and verdicts. */
#define OK 1
#define CONFLICT 2
#define FENCED 3
#define LOST 4   /* no answer: it may happen, now or later, or have happened */
#define FAILED 5 /* an error that is known to have changed nothing */
#define NEVER 6  /* verdict: it did not happen and never will */
#define OPEN 7   /* no verdict */

/* What a caller was told. */
#define NOTHING_TOLD 0
#define COMMITTED 1
#define ABORTED 2
#define UNRESOLVED 3
