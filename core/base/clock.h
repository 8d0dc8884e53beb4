/* SPDX-License-Identifier: MIT */
/* The two clocks. Tests replace the wall clock to make it jump. */
#ifndef CORE_BASE_CLOCK_H
#define CORE_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* ns of CLOCK_MONOTONIC. */
int64_t clock_monotonic(void);
/* ns since the Unix epoch. */
int64_t clock_wall(void);
/* Moves the wall clock by `ns` from the real one, for this process. For tests. */
void clock_shift_wall(int64_t ns);
/* The monotonic time `ns` from now; PERSIST_NO_DEADLINE if that has no end (ns <= 0, or
 * beyond it). */
int64_t clock_deadline(int64_t ns);
/* Sleeps for ns. */
void clock_sleep(int64_t ns);

#endif
