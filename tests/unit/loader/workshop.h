/* SPDX-License-Identifier: MIT */
/* Builds and alters plugin files in a folder of their own, for the loader's tests. */
#ifndef TESTS_UNIT_LOADER_WORKSHOP_H
#define TESTS_UNIT_LOADER_WORKSHOP_H

#include "core/loader/loader.h"

#include <check.h>
#include <stddef.h>

/* Folder of the running test, made by workshop_open, removed by workshop_close. */
extern char workshop[512];

/* Before and after all tests of a program: builds the plugin they copy; runs the suite and
 * gives the program's exit code. */
int workshop_run(Suite *suite);
/* Fixture of each test. */
void workshop_open(void);
void workshop_close(void);

/* A path in the workshop; of 32, the oldest is forgotten. */
const char *at(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Compiles plugin.c with these flags into a path. */
void build(const char *flags, const char *path);
/* A folder (with mode 0755). */
const char *folder(const char *name);
void write_file(const char *path, const void *data, size_t size);
/* Reads a whole file into malloc'ed memory. */
unsigned char *read_file(const char *path, size_t *size);

/* A sound plugin FOLDER/persist_NAME.so, which answers to `schemes`. Gives its path. */
const char *put_plugin(const char *in, const char *name, const char *schemes);
/* Which of the two heads of a file. */
#define IN_NOTE 1u
#define IN_DESCRIPTOR 2u
#define IN_BOTH 3u
/* Writes bytes at an offset of the heads in a file. */
void patch(const char *path, unsigned which, size_t offset, const void *data, size_t size);
void patch_number(const char *path, unsigned which, size_t offset, uint32_t number);
void patch_text(const char *path, unsigned which, size_t offset, size_t capacity, const char *text);
/* Offset of the note's head in the file. */
size_t note_offset(const char *path);

/* What ran since the marker was set: letters of plugin.c. */
void set_marker(void);
const char *marker(void);

/* Asserts that the file is refused, with these words in the reason. */
void assert_refused(const char *path, const char *words);
void assert_accepted(const char *path);
/* Asserts that loader_open refuses, with these words in the message, and that with
 * `ran` as marker. */
void assert_open_refused(const char *scheme, const struct plugin_search *where, const char *words,
                         const char *ran);

#define HEAD_AT(member) offsetof(persist_plugin_head, member)
#define HEAD_SIZE(member) sizeof(((persist_plugin_head *)0)->member)

#endif
