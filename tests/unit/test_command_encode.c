/* SPDX-License-Identifier: MIT */
#include "tools/persist/encode.h"

#include <persist/persist.h>

#include <check.h>
#include <string.h>

#define BYTES(literal) ((persist_bytes){literal, sizeof(literal) - 1})

static void check_utf8(persist_bytes bytes, bool good)
{
    ck_assert_msg(encode_is_utf8(bytes) == good, "%.*s", (int)bytes.size, (const char *)bytes.data);
}

START_TEST(utf8_well_formed)
{
    check_utf8(BYTES(""), true);
    check_utf8(BYTES("a\0b"), true);
    check_utf8(BYTES("\x7f"), true);
    check_utf8(BYTES("\xc2\x80 \xdf\xbf"), true);
    check_utf8(BYTES("\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf"), true);
    check_utf8(BYTES("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"), true);
}
END_TEST

START_TEST(utf8_ill_formed)
{
    check_utf8(BYTES("\x80"), false);
    check_utf8(BYTES("\xc1\xbf"), false);         /* overlong */
    check_utf8(BYTES("\xe0\x9f\xbf"), false);     /* overlong */
    check_utf8(BYTES("\xf0\x8f\xbf\xbf"), false); /* overlong */
    check_utf8(BYTES("\xed\xa0\x80"), false);     /* surrogate */
    check_utf8(BYTES("\xf4\x90\x80\x80"), false); /* above U+10FFFF */
    check_utf8(BYTES("\xf5\x80\x80\x80"), false);
    check_utf8(BYTES("\xff"), false);
    check_utf8(BYTES("a\xc3"), false); /* cut */
    check_utf8(BYTES("\xe2\x82"), false);
    check_utf8(BYTES("\xe2\x28\xa1"), false);
    check_utf8(BYTES("\xe2\x82\x28"), false);
}
END_TEST

static void check_base64(persist_bytes bytes, const char *text)
{
    struct buf out = {0}, back = {0};
    ck_assert(encode_base64(&out, bytes));
    ck_assert_uint_eq(out.size, strlen(text));
    ck_assert_int_eq(memcmp(out.data ? (char *)out.data : "", text, out.size), 0);
    ck_assert_int_eq(decode_base64(&back, persist_text(text)), DECODED);
    ck_assert_int_eq(bytes_compare(buf_bytes(&back), bytes), 0);
    buf_free(&out);
    buf_free(&back);
}

START_TEST(base64_both_ways)
{
    /* RFC 4648, section 10. */
    check_base64(BYTES(""), "");
    check_base64(BYTES("f"), "Zg==");
    check_base64(BYTES("fo"), "Zm8=");
    check_base64(BYTES("foo"), "Zm9v");
    check_base64(BYTES("foob"), "Zm9vYg==");
    check_base64(BYTES("fooba"), "Zm9vYmE=");
    check_base64(BYTES("foobar"), "Zm9vYmFy");
    check_base64(BYTES("\xff\xfe\xfb\x00"), "//77AA==");
}
END_TEST

static enum decoded try_decode(enum decoded (*decode)(struct buf *, persist_bytes),
                               const char *text, size_t size)
{
    struct buf out = {0};
    enum decoded result = decode(&out, persist_text(text));
    if (result == DECODED)
        ck_assert_uint_eq(out.size, size);
    buf_free(&out);
    return result;
}

START_TEST(base64_odd_forms)
{
    ck_assert_int_eq(try_decode(decode_base64, "Zg", 1), DECODED); /* no padding */
    ck_assert_int_eq(try_decode(decode_base64, "Zm8", 2), DECODED);
    ck_assert_int_eq(try_decode(decode_base64, "Z", 0), DECODED_BAD);
    ck_assert_int_eq(try_decode(decode_base64, "Zg=", 0), DECODED_BAD);
    ck_assert_int_eq(try_decode(decode_base64, "Z===", 0), DECODED_BAD);
    ck_assert_int_eq(try_decode(decode_base64, "====", 0), DECODED_BAD);
    ck_assert_int_eq(try_decode(decode_base64, "Zh==", 0), DECODED_BAD); /* spare bits */
    ck_assert_int_eq(try_decode(decode_base64, "Zm9=", 0), DECODED_BAD);
    ck_assert_int_eq(try_decode(decode_base64, "Zm 9", 0), DECODED_BAD);
    ck_assert_int_eq(try_decode(decode_base64, "Zm9-", 0), DECODED_BAD);
    ck_assert_int_eq(try_decode(decode_base64, "Zg==Zg==", 0), DECODED_BAD);
}
END_TEST

START_TEST(hex_both_ways)
{
    struct buf out = {0}, back = {0};
    ck_assert(encode_hex(&out, BYTES("\x00\x0f\xf0\xff")));
    ck_assert_uint_eq(out.size, 8);
    ck_assert_int_eq(memcmp(out.data, "000ff0ff", 8), 0);
    ck_assert_int_eq(decode_hex(&back, persist_text("000fF0Ff")), DECODED);
    ck_assert_int_eq(bytes_compare(buf_bytes(&back), BYTES("\x00\x0f\xf0\xff")), 0);
    ck_assert_int_eq(try_decode(decode_hex, "", 0), DECODED);
    ck_assert_int_eq(try_decode(decode_hex, "0", 0), DECODED_BAD);
    ck_assert_int_eq(try_decode(decode_hex, "0g", 0), DECODED_BAD);
    ck_assert_int_eq(try_decode(decode_hex, "@0", 0), DECODED_BAD);
    ck_assert_int_eq(try_decode(decode_hex, "0 ", 0), DECODED_BAD);
    buf_free(&out);
    buf_free(&back);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command encode");
    TCase *cases = tcase_create("encode");
    tcase_add_test(cases, utf8_well_formed);
    tcase_add_test(cases, utf8_ill_formed);
    tcase_add_test(cases, base64_both_ways);
    tcase_add_test(cases, base64_odd_forms);
    tcase_add_test(cases, hex_both_ways);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
