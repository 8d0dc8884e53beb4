/* SPDX-License-Identifier: MIT */
/* Completion scripts for shells, made from the declarations. Printed to standard output. */
#ifndef TOOLS_PERSIST_COMPLETION_H
#define TOOLS_PERSIST_COMPLETION_H

void completion_bash(void);
void completion_zsh(void);
void completion_fish(void);

#endif
