/* SPDX-License-Identifier: MIT */
/* persist(1), made from the declarations and its own prose. Printed to standard output. */
#ifndef TOOLS_PERSIST_MANUAL_H
#define TOOLS_PERSIST_MANUAL_H

void manual_write(void);

#endif
