/* SPDX-License-Identifier: MIT */
#include "core/codec/digest.h"
#include "tests/unit/codec_help.h"

static persist_digest digest_of_hex(const char *hex)
{
    persist_digest digest;
    persist_bytes bytes = from_hex(hex);
    ck_assert_uint_eq(bytes.size, sizeof digest.bytes);
    memcpy(digest.bytes, bytes.data, sizeof digest.bytes);
    free_bytes(bytes);
    return digest;
}

static void assert_digest(const persist_digest *digest, const char *hex)
{
    assert_hex((persist_bytes){digest->bytes, sizeof digest->bytes}, hex);
}

START_TEST(hashes_are_xxh3)
{
    persist_digest digest;
    ck_assert_uint_eq(digest_hash64(NULL, 0, 0), UINT64_C(0x2D06800538D394C2));
    ck_assert_uint_eq(digest_hash64("hello, world", 12, 0), UINT64_C(0x302CD5FBA73D006C));
    ck_assert_uint_ne(digest_hash64("hello, world", 12, 1), UINT64_C(0x302CD5FBA73D006C));
    digest_hash128(NULL, 0, &digest);
    assert_digest(&digest, "99aa06d3014798d86001c324468d497f");
}
END_TEST

START_TEST(crc32c_has_its_known_values)
{
    unsigned char bytes[32];
    ck_assert_uint_eq(digest_crc32c(0, NULL, 0), 0);
    ck_assert_uint_eq(digest_crc32c(0, "123456789", 9), 0xE3069283);
    ck_assert_uint_eq(digest_crc32c_portable(0, "123456789", 9), 0xE3069283);
    /* RFC 3720, B.4 */
    memset(bytes, 0, sizeof bytes);
    ck_assert_uint_eq(digest_crc32c(0, bytes, sizeof bytes), 0x8A9136AA);
    memset(bytes, 0xFF, sizeof bytes);
    ck_assert_uint_eq(digest_crc32c(0, bytes, sizeof bytes), 0x62A8AB43);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    ck_assert_uint_eq(digest_crc32c(0, bytes, sizeof bytes), 0x46DD794E);
    ck_assert_uint_eq(digest_crc32c_portable(0, bytes, sizeof bytes), 0x46DD794E);
}
END_TEST

START_TEST(crc32c_is_the_same_with_and_without_the_instruction)
{
    uint64_t seed = 1;
    unsigned char bytes[300];
    random_fill(&seed, bytes, sizeof bytes);
    for (size_t start = 0; start < 9; start++)
        for (size_t size = 0; start + size <= sizeof bytes; size++) {
            uint32_t crc = (uint32_t)random_next(&seed);
            ck_assert_uint_eq(digest_crc32c(crc, bytes + start, size),
                              digest_crc32c_portable(crc, bytes + start, size));
        }
}
END_TEST

START_TEST(crc32c_can_be_continued)
{
    uint64_t seed = 2;
    unsigned char bytes[100];
    random_fill(&seed, bytes, sizeof bytes);
    uint32_t whole = digest_crc32c(0, bytes, sizeof bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        uint32_t first = digest_crc32c(0, bytes, cut);
        ck_assert_uint_eq(digest_crc32c(first, bytes + cut, sizeof bytes - cut), whole);
        first = digest_crc32c_portable(0, bytes, cut);
        ck_assert_uint_eq(digest_crc32c_portable(first, bytes + cut, sizeof bytes - cut), whole);
    }
}
END_TEST

START_TEST(equal_compares_every_byte)
{
    persist_digest a = digest_of_hex(VERSION_DIGEST_HEX), b = a;
    ck_assert(digest_equal(&a, &b));
    for (size_t i = 0; i < sizeof a.bytes; i++) {
        b = a;
        b.bytes[i] ^= 1;
        ck_assert(!digest_equal(&a, &b));
    }
}
END_TEST

static const struct sum {
    const char *a, *b, *sum;
} sums[] = {
    {"00000000000000000000000000000000", "00000000000000000000000000000000",
     "00000000000000000000000000000000"},
    {"00000000000000000000000000000001", "000000000000000000000000000000ff",
     "00000000000000000000000000000100"},
    {"0000000000000000ffffffffffffffff", "00000000000000000000000000000001",
     "00000000000000010000000000000000"},
    {"ffffffffffffffffffffffffffffffff", "00000000000000000000000000000001",
     "00000000000000000000000000000000"},
    {"80000000000000000000000000000000", "80000000000000000000000000000001",
     "00000000000000000000000000000001"},
    {VERSION_DIGEST_HEX, TOMBSTONE_DIGEST_HEX, DIGEST_SUM_HEX},
};

START_TEST(sums_carry_and_wrap)
{
    const struct sum *want = &sums[_i];
    persist_digest a = digest_of_hex(want->a), b = digest_of_hex(want->b), sum = a, other = b;
    digest_add(&sum, &b);
    assert_digest(&sum, want->sum);
    digest_add(&other, &a);
    assert_digest(&other, want->sum);
    digest_subtract(&sum, &b);
    assert_digest(&sum, want->a);
    digest_subtract(&other, &a);
    assert_digest(&other, want->b);
}
END_TEST

START_TEST(sums_do_not_depend_on_order)
{
    enum { COUNT = 64 };
    uint64_t seed = 3;
    persist_digest terms[COUNT], sum = {{0}}, zero = {{0}};
    random_fill(&seed, terms, sizeof terms);
    for (size_t i = 0; i < COUNT; i++)
        digest_add(&sum, &terms[i]);
    for (size_t i = 0; i < COUNT; i++)
        digest_subtract(&sum, &terms[(i * 37 + 11) % COUNT]);
    ck_assert(digest_equal(&sum, &zero));
}
END_TEST

START_TEST(a_digest_can_be_added_to_itself)
{
    persist_digest sum = digest_of_hex("80000000000000008000000000000001");
    digest_add(&sum, &sum);
    assert_digest(&sum, "00000000000000010000000000000002");
    digest_subtract(&sum, &sum);
    assert_digest(&sum, "00000000000000000000000000000000");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("digest");
    TCase *tests = tcase_create("digest");
    tcase_add_test(tests, hashes_are_xxh3);
    tcase_add_test(tests, crc32c_has_its_known_values);
    tcase_add_test(tests, crc32c_is_the_same_with_and_without_the_instruction);
    tcase_add_test(tests, crc32c_can_be_continued);
    tcase_add_test(tests, equal_compares_every_byte);
    tcase_add_loop_test(tests, sums_carry_and_wrap, 0, sizeof sums / sizeof *sums);
    tcase_add_test(tests, sums_do_not_depend_on_order);
    tcase_add_test(tests, a_digest_can_be_added_to_itself);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
