/* SPDX-License-Identifier: MIT */
/* Files, variables and expectations that the tests of the configuration share. */
#ifndef TESTS_UNIT_CONFIG_FIXTURE_H
#define TESTS_UNIT_CONFIG_FIXTURE_H

#include "core/config/config.h"

#include <check.h>

/* Checked fixture: a fresh folder, which is also the working folder, and no PERSIST_...
 * variables; both as before at the end. */
void fixture_begin(void);
void fixture_end(void);
/* The folder, without a slash at its end. */
extern char fixture_folder[64];

/* Writes a file below the folder, mode 0600. */
void fixture_write(const char *name, const char *text);
void fixture_write_bytes(const char *name, const void *data, size_t size);

/* Loads "test.yaml" with this text, which has to work. To be freed. */
persist_config *fixture_load(const char *text);
/* Loads a file; the status is compared, and the message with `expected`, whole. */
void fixture_refuse(const char *path, persist_status status, const char *expected);
/* Writes test.yaml, and expects CONFIG with this whole message. */
void fixture_fault(const char *text, const char *expected);
/* As fixture_fault, but the message has to contain `part`. */
void fixture_fault_part(const char *text, const char *part);

/* A backend that is never called: section "demo", schemes "demo" and "demo+tls". */
extern const persist_plugin fixture_plugin;

#endif
