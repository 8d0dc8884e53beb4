/* SPDX-License-Identifier: MIT */
/* The services a plugin is handed. */
#include "core/base/clock.h"
#include "core/loader/loader.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const persist_host *host;

static void set_up(void)
{
    host = loader_host();
}

START_TEST(the_table)
{
    ck_assert_ptr_eq(host, loader_host());
    ck_assert_uint_eq(host->size, sizeof *host);
    ck_assert_uint_eq(host->abi_major, PERSIST_ABI_MAJOR);
    ck_assert_uint_eq(host->abi_minor, PERSIST_ABI_MINOR);
    ck_assert_str_eq(host->version, PERSIST_VERSION);
}
END_TEST

/* NULL are the reserved ones and no other. */
START_TEST(nothing_is_missing)
{
    static const size_t reserved[] = {offsetof(persist_host, metric),
                                      offsetof(persist_host, metric_add),
                                      offsetof(persist_host, fault_point)};
    for (size_t at = offsetof(persist_host, log_enabled); at < sizeof *host; at += sizeof(void *)) {
        void *member;
        bool may = at == reserved[0] || at == reserved[1] || at == reserved[2];
        memcpy(&member, (const char *)host + at, sizeof member);
        ck_assert_msg((member == NULL) == may, "the member at %zu", at);
    }
}
END_TEST

static struct {
    persist_log_level level;
    char text[64];
    int n;
} said;

static void take_log(void *context, persist_log_level level, const char *text)
{
    ck_assert_ptr_eq(context, &said);
    said.level = level;
    strncpy(said.text, text, sizeof said.text - 1);
    said.n++;
}

START_TEST(logging)
{
    ck_assert(!host->log_enabled(PERSIST_LOG_ERROR));
    host->log(PERSIST_LOG_ERROR, "nowhere");
    persist_set_log(PERSIST_LOG_WARNING, take_log, &said);
    ck_assert(host->log_enabled(PERSIST_LOG_ERROR));
    ck_assert(host->log_enabled(PERSIST_LOG_WARNING));
    ck_assert(!host->log_enabled(PERSIST_LOG_INFO));
    host->log(PERSIST_LOG_WARNING, "100% %s %n");
    ck_assert_str_eq(said.text, "100% %s %n");
    ck_assert_int_eq(said.level, PERSIST_LOG_WARNING);
    host->log(PERSIST_LOG_INFO, "not heard");
    host->log(PERSIST_LOG_ERROR, NULL);
    ck_assert_int_eq(said.n, 1);
    persist_set_log(PERSIST_LOG_ERROR, NULL, NULL);
}
END_TEST

START_TEST(memory_of_the_host)
{
    char *memory = host->alloc(10);
    ck_assert_ptr_nonnull(memory);
    memcpy(memory, "123456789", 10);
    memory = host->resize(memory, 100000);
    ck_assert_ptr_nonnull(memory);
    ck_assert_str_eq(memory, "123456789");
    host->release(memory);
    host->release(NULL);
}
END_TEST

/* Vectors of XXH3 and CRC-32C as published. */
START_TEST(checksums)
{
    static const unsigned char of_nothing[16] = {0x99, 0xaa, 0x06, 0xd3, 0x01, 0x47, 0x98, 0xd8,
                                                 0x60, 0x01, 0xc3, 0x24, 0x46, 0x8d, 0x49, 0x7f};
    persist_digest digest;
    ck_assert_uint_eq(host->xxh3_64("", 0, 0), 0x2d06800538d394c2u);
    ck_assert_uint_ne(host->xxh3_64("", 0, 1), 0x2d06800538d394c2u);
    host->xxh3_128("", 0, &digest);
    ck_assert_mem_eq(digest.bytes, of_nothing, 16);
    ck_assert_uint_eq(host->crc32c(0, "123456789", 9), 0xe3069283u);
    ck_assert_uint_eq(host->crc32c(host->crc32c(0, "1234", 4), "56789", 5), 0xe3069283u);
}
END_TEST

START_TEST(clocks)
{
    int64_t before = clock_monotonic(), now = host->monotonic();
    ck_assert_int_le(before, now);
    ck_assert_int_le(now, clock_monotonic());
    clock_shift_wall(1000 * NS_PER_S);
    before = clock_wall();
    now = host->wall();
    ck_assert_int_le(before, now);
    clock_shift_wall(0);
    ck_assert_int_gt(now, clock_wall());
}
END_TEST

START_TEST(randomness)
{
    static unsigned char a[4096], b[4096];
    size_t differ = 0;
    ck_assert_int_eq(host->random(a, sizeof a), PERSIST_OK);
    ck_assert_int_eq(host->random(b, sizeof b), PERSIST_OK);
    for (size_t i = 0; i < sizeof a; i++)
        differ += a[i] != b[i];
    ck_assert_uint_gt(differ, 3500);
    a[0] = 42;
    ck_assert_int_eq(host->random(a, 0), PERSIST_OK);
    ck_assert_uint_eq(a[0], 42);
}
END_TEST

static persist_error error;
static persist_call_error place = {&error};
static const persist_call call = {
    .size = sizeof(persist_call), .deadline = PERSIST_NO_DEADLINE, .error = &place};

START_TEST(an_error)
{
    char text[] = "table x is missing: run `persist init`";
    persist_error_detail detail = {.size = sizeof detail,
                                   .flags = PERSIST_RETRYABLE,
                                   .sqlstate = "42P01",
                                   .vendor_code = -7,
                                   .text = text};
    host->set_error(&call, &detail);
    memset(text, 'x', sizeof text - 1);
    ck_assert_int_ne(persist_error_status(&error), PERSIST_OK);
    ck_assert_str_eq(persist_error_message(&error), "table x is missing: run `persist init`");
    ck_assert_str_eq(persist_error_sqlstate(&error), "42P01");
    ck_assert_int_eq(persist_error_vendor_code(&error), -7);
    ck_assert(error.retryable && !error.maybe_committed && !error.session_dead);

    detail = (persist_error_detail){.size = sizeof detail,
                                    .flags = PERSIST_MAYBE_COMMITTED | PERSIST_SESSION_DEAD | 0x80};
    host->set_error(&call, &detail);
    ck_assert(!error.retryable && error.maybe_committed && error.session_dead);
    ck_assert_str_eq(persist_error_sqlstate(&error), "");
    ck_assert_int_eq(persist_error_vendor_code(&error), 0);
    ck_assert_str_eq(error.message, "");
    error_clear(&error);
}
END_TEST

START_TEST(states_that_are_none)
{
    const char *wrong[] = {"42P0", "42p01", "42 01", "4\n001", ""};
    for (size_t i = 0; i < 5; i++) {
        persist_error_detail detail = {.size = sizeof detail, .text = "x"};
        strcpy(detail.sqlstate, wrong[i]);
        host->set_error(&call, &detail);
        ck_assert_str_eq(persist_error_sqlstate(&error), "");
    }
    persist_error_detail detail = {.size = sizeof detail, .text = "x"};
    memcpy(detail.sqlstate, "234567", 6); /* without an end */
    host->set_error(&call, &detail);
    ck_assert_str_eq(persist_error_sqlstate(&error), "23456");
    error_clear(&error);
}
END_TEST

/* What an older plugin does not reach is not read; what a newer one has more, neither. */
START_TEST(details_of_any_size)
{
    struct {
        persist_error_detail known;
        void *more[4];
    } detail = {
        .known = {.size = sizeof detail, .sqlstate = "40001", .vendor_code = 9, .text = "newer"}};
    host->set_error(&call, &detail.known);
    ck_assert_str_eq(persist_error_message(&error), "newer");
    detail.known.size = offsetof(persist_error_detail, vendor_code);
    detail.known.text = (const char *)1;
    host->set_error(&call, &detail.known);
    ck_assert_str_eq(persist_error_sqlstate(&error), "40001");
    ck_assert_int_eq(persist_error_vendor_code(&error), 0);
    ck_assert_str_eq(error.message, "");
    error_clear(&error);
}
END_TEST

START_TEST(nowhere_to_put_it)
{
    persist_call_error empty = {NULL};
    persist_call no_error = {.size = sizeof no_error}, short_call = call, to_empty = call;
    persist_error_detail detail = {.size = sizeof detail, .text = "lost"};
    short_call.size = offsetof(persist_call, error);
    to_empty.error = &empty;
    host->set_error(NULL, &detail);
    host->set_error(&no_error, &detail);
    host->set_error(&short_call, &detail);
    host->set_error(&to_empty, &detail);
    host->set_error(&call, NULL);
    ck_assert_int_eq(persist_error_status(&error), PERSIST_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loader: host services");
    TCase *tests = tcase_create("host");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, the_table);
    tcase_add_test(tests, nothing_is_missing);
    tcase_add_test(tests, logging);
    tcase_add_test(tests, memory_of_the_host);
    tcase_add_test(tests, checksums);
    tcase_add_test(tests, clocks);
    tcase_add_test(tests, randomness);
    tcase_add_test(tests, an_error);
    tcase_add_test(tests, states_that_are_none);
    tcase_add_test(tests, details_of_any_size);
    tcase_add_test(tests, nowhere_to_put_it);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
