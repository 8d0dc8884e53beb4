/* SPDX-License-Identifier: MIT */
/* Tells whether a handle was made before a fork: the child must not use it. */
#ifndef CORE_BASE_FORK_H
#define CORE_BASE_FORK_H

/* Number of forks between this process and the first; costs no system call. */
unsigned fork_generation(void);

#endif
