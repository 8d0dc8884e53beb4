/* SPDX-License-Identifier: MIT */
/*
 * The loader when memory runs out at any of its allocations, and when reading fails. Linked
 * with --wrap, so that the functions below stand between the loader and libc.
 */
#include "core/loader/search.h"
#include "tests/unit/loader/workshop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
ssize_t __real_pread(int fd, void *data, size_t size, off_t offset);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset);

/* The allocation that fails: 0 the next one, -1 none. */
static int countdown = -1;
static bool failed;

static bool fails(void)
{
    if (countdown < 0 || countdown-- > 0)
        return false;
    failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
    return fails() ? NULL : __real_strndup(text, size);
}

/* How pread goes on: as it does, failing, by single bytes with interruptions, ending. */
static enum { READ_WELL, READ_FAILS, READ_SLOWLY, READ_ENDS } reading;
static unsigned preads;

ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset)
{
    preads++;
    switch (reading) {
    case READ_FAILS:
        errno = EIO;
        return -1;
    case READ_SLOWLY:
        errno = EINTR;
        return preads % 2 ? -1 : __real_pread(fd, data, 1, offset);
    case READ_ENDS:
        return 0;
    default:
        return __real_pread(fd, data, size, offset);
    }
}

/* Runs `step`, which has its nth allocation fail, with each of its allocations failing in turn, until none does. */
static void exhaust(void (*step)(void *context, int nth), void *context)
{
    for (int i = 0; i < 1000; i++) {
        failed = false;
        step(context, i);
        if (!failed)
            return;
    }
    ck_abort_msg("it never ends");
}

/* A failure that only cost a message need not show; success may not hide one that did. */
static void open_it(void *context, int nth)
{
    const struct plugin_search *where = context;
    const struct plugin *plugin = NULL;
    countdown = nth;
    persist_status status = loader_open("x", where, &plugin, NULL);
    countdown = -1;
    ck_assert(status == PERSIST_OK || (failed && status == PERSIST_NO_MEMORY));
    ck_assert((status == PERSIST_OK) == (plugin != NULL));
}

START_TEST(opening)
{
    char path[600];
    const char *folders[] = {path};
    snprintf(path, sizeof path, "%s", workshop);
    put_plugin(workshop, "aaa", "a");
    put_plugin(workshop, "good", "x");
    write_file(at("persist_bad.so"), "text", 4);
    exhaust(open_it, &(struct plugin_search){folders, 1});
    ck_assert_str_eq(marker(), "CL");
}
END_TEST

static void refuse_it(void *context, int nth)
{
    const struct plugin *plugin = NULL;
    persist_error error = ERROR_INIT;
    countdown = nth;
    persist_status status = loader_open("x", context, &plugin, &error);
    countdown = -1;
    ck_assert(status == PERSIST_PLUGIN_REFUSED || (failed && status == PERSIST_NO_MEMORY));
    ck_assert_int_eq(persist_error_status(&error), status);
    ck_assert_ptr_null(plugin);
    error_clear(&error);
}

START_TEST(refusing)
{
    char path[600], missing[600];
    const char *folders[] = {path, missing};
    snprintf(path, sizeof path, "%s", workshop);
    snprintf(missing, sizeof missing, "%s/missing", workshop);
    put_plugin(workshop, "aaa", "a");
    put_plugin(workshop, "bbb", "b");
    exhaust(refuse_it, &(struct plugin_search){folders, 2});
}
END_TEST

static persist_status take_file(void *context, const struct plugin_file *file)
{
    (void)file;
    ++*(unsigned *)context;
    return PERSIST_OK;
}

static void list_it(void *context, int nth)
{
    unsigned n = 0;
    countdown = nth;
    persist_status status = loader_list(context, take_file, &n, NULL);
    countdown = -1;
    ck_assert(failed ? status == PERSIST_NO_MEMORY || status == PERSIST_OK : status == PERSIST_OK);
    ck_assert(failed || n == 2);
}

START_TEST(listing)
{
    char path[600];
    const char *folders[] = {path};
    snprintf(path, sizeof path, "%s", workshop);
    put_plugin(workshop, "aaa", "a");
    put_plugin(workshop, "bbb", "b");
    exhaust(list_it, &(struct plugin_search){folders, 1});
}
END_TEST

/* A plugin whose code ran before memory ended is not run twice. */
START_TEST(a_refusal_without_memory_for_its_reason)
{
    const struct plugin *plugin = NULL;
    persist_error error = ERROR_INIT;
    char *path = __real_strdup(put_plugin(workshop, "good", "x"));
    setenv("PERSIST_TEST_LOAD", "25", 1);
    for (int i = 0; !*marker() && i < 100; i++) {
        countdown = i;
        loader_open(path, NULL, &plugin, NULL);
        countdown = -1;
    }
    ck_assert_str_eq(marker(), "CL");
    ck_assert_int_eq(loader_open(path, NULL, &plugin, &error), PERSIST_PLUGIN_REFUSED);
    ck_assert_ptr_nonnull(strstr(persist_error_message(&error), "refused"));
    ck_assert_str_eq(marker(), "CL");
    error_clear(&error);
    free(path);
}
END_TEST

START_TEST(reading_fails)
{
    struct plugin_file file;
    persist_error error = ERROR_INIT;
    const char *path = put_plugin(workshop, "good", "x");
    reading = READ_FAILS;
    ck_assert_int_eq(loader_inspect(path, &file, &error), PERSIST_IO);
    ck_assert_ptr_nonnull(strstr(persist_error_message(&error), strerror(EIO)));
    reading = READ_ENDS; /* as if it were cut while it is read */
    assert_refused(path, "cut off");
    reading = READ_SLOWLY;
    assert_accepted(path);
    reading = READ_WELL;
    error_clear(&error);
}
END_TEST

/* A file that cannot be read is skipped, and named. */
START_TEST(reading_fails_in_a_search)
{
    char path[600];
    const char *folders[] = {path};
    struct plugin_search where = {folders, 1};
    unsigned n = 0;
    snprintf(path, sizeof path, "%s", workshop);
    put_plugin(workshop, "good", "x");
    reading = READ_FAILS;
    assert_open_refused("x", &where, strerror(EIO), "");
    assert_open_refused("good", &where, at("persist_good.so"), "");
    ck_assert_int_eq(loader_list(&where, take_file, &n, NULL), PERSIST_OK);
    ck_assert_uint_eq(n, 0);
    reading = READ_WELL;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loader: faults");
    TCase *tests = tcase_create("faults");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, workshop_open, workshop_close);
    tcase_add_test(tests, opening);
    tcase_add_test(tests, refusing);
    tcase_add_test(tests, listing);
    tcase_add_test(tests, a_refusal_without_memory_for_its_reason);
    tcase_add_test(tests, reading_fails);
    tcase_add_test(tests, reading_fails_in_a_search);
    suite_add_tcase(suite, tests);
    return workshop_run(suite);
}
