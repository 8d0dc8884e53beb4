/* SPDX-License-Identifier: MIT */
#include "tests/unit/codec_help.h"

#include <persist/persist.h>

#include <float.h>
#include <math.h>
#include <stdbool.h>

/* ------------------------------------------------------------------------- parts */

/* A part and how it ranks: what the byte order is compared with. */
static void add_part(persist_key_builder *key, const persist_key_part *part)
{
    switch (part->type) {
    case PERSIST_PART_NULL:
        persist_key_add_null(key);
        break;
    case PERSIST_PART_INT:
        persist_key_add_int(key, part->integer);
        break;
    case PERSIST_PART_FLOAT:
        persist_key_add_float(key, part->number);
        break;
    case PERSIST_PART_BOOL:
        persist_key_add_bool(key, (int)part->integer);
        break;
    case PERSIST_PART_TEXT:
        persist_key_add_text(key, part->bytes);
        break;
    case PERSIST_PART_BYTES:
        persist_key_add_bytes(key, part->bytes);
        break;
    }
}

static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static double number_of(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* IEEE 754 totalOrder, said in another way than the code says it: by sign, then by the
 * magnitude as an integer. */
static int compare_floats(double a, double b)
{
    uint64_t x = bits_of(a), y = bits_of(b), sign = UINT64_C(1) << 63;
    if ((x & sign) != (y & sign))
        return x & sign ? -1 : 1;
    int order = ((x & ~sign) > (y & ~sign)) - ((x & ~sign) < (y & ~sign));
    return x & sign ? -order : order;
}

static int sign_of(int order)
{
    return (order > 0) - (order < 0);
}

static int compare_parts(const persist_key_part *a, const persist_key_part *b)
{
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    if (a->type == PERSIST_PART_FLOAT)
        return compare_floats(a->number, b->number);
    if (a->type == PERSIST_PART_TEXT || a->type == PERSIST_PART_BYTES)
        return sign_of(bytes_compare(a->bytes, b->bytes));
    return (a->integer > b->integer) - (a->integer < b->integer);
}

#define MAX_PARTS 5

struct tuple {
    persist_key_part parts[MAX_PARTS];
    size_t count;
};

static int compare_tuples(const struct tuple *a, const struct tuple *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        int order = compare_parts(&a->parts[i], &b->parts[i]);
        if (order)
            return order;
    }
    return (a->count > b->count) - (a->count < b->count);
}

static persist_bytes encode(const struct tuple *tuple, unsigned char *buffer, size_t capacity)
{
    persist_key_builder key;
    persist_bytes bytes;
    persist_key_begin(&key, buffer, capacity);
    for (size_t i = 0; i < tuple->count; i++)
        add_part(&key, &tuple->parts[i]);
    ck_assert_int_eq(persist_key_end(&key, &bytes), PERSIST_OK);
    return bytes;
}

static void assert_decodes(persist_bytes key, const struct tuple *want)
{
    unsigned char *scratch = malloc(key.size);
    ck_assert_ptr_nonnull(scratch);
    for (size_t i = 0; i < want->count; i++) {
        persist_key_part part = {.size = sizeof part};
        ck_assert_int_eq(persist_key_next(&key, scratch, key.size, &part), PERSIST_OK);
        ck_assert_uint_eq(part.size, sizeof part);
        ck_assert_int_eq(part.type, want->parts[i].type);
        ck_assert_int_eq(compare_parts(&part, &want->parts[i]), 0);
    }
    persist_key_part part = {.size = sizeof part, .integer = 77};
    ck_assert_int_eq(persist_key_next(&key, scratch, key.size, &part), PERSIST_END);
    ck_assert_int_eq(part.integer, 77);
    free(scratch);
}

#define NULL_PART                 \
    {                             \
        .type = PERSIST_PART_NULL \
    }
#define INT_PART(value)                              \
    {                                                \
        .type = PERSIST_PART_INT, .integer = (value) \
    }
#define FLOAT_PART(value)                             \
    {                                                 \
        .type = PERSIST_PART_FLOAT, .number = (value) \
    }
#define BOOL_PART(value)                              \
    {                                                 \
        .type = PERSIST_PART_BOOL, .integer = (value) \
    }
#define TEXT_PART(text)                                                 \
    {                                                                   \
        .type = PERSIST_PART_TEXT, .bytes = {(text), sizeof(text) - 1 } \
    }
#define BYTES_PART(text)                                                 \
    {                                                                    \
        .type = PERSIST_PART_BYTES, .bytes = {(text), sizeof(text) - 1 } \
    }

/* ------------------------------------------------------------------ frozen bytes */

static const struct frozen {
    const char *hex;
    struct tuple tuple;
} frozen[] = {
    {KEY_NULL_HEX, {{NULL_PART}, 1}},
    {KEY_FALSE_HEX, {{BOOL_PART(0)}, 1}},
    {KEY_TRUE_HEX, {{BOOL_PART(1)}, 1}},
    {KEY_INT_42_HEX, {{INT_PART(42)}, 1}},
    {KEY_INT_MINUS_1_HEX, {{INT_PART(-1)}, 1}},
    {KEY_INT_MIN_HEX, {{INT_PART(INT64_MIN)}, 1}},
    {KEY_FLOAT_1_5_HEX, {{FLOAT_PART(1.5)}, 1}},
    {KEY_FLOAT_MINUS_1_5_HEX, {{FLOAT_PART(-1.5)}, 1}},
    {KEY_FLOAT_MINUS_0_HEX, {{FLOAT_PART(-0.0)}, 1}},
    {KEY_TEXT_HEX, {{TEXT_PART("a\0b")}, 1}},
    {KEY_TEXT_EMPTY_HEX, {{TEXT_PART("")}, 1}},
    {KEY_BYTES_HEX, {{BYTES_PART("\xFF\0")}, 1}},
    {KEY_TUPLE_HEX, {{INT_PART(7), INT_PART(0), TEXT_PART("Z\xC3\xBCrich"), BOOL_PART(1)}, 4}},
};
#define N_FROZEN (sizeof frozen / sizeof *frozen)

START_TEST(vectors_are_documented)
{
    assert_documented(&frozen[_i].hex, 1);
}
END_TEST

START_TEST(keys_are_frozen)
{
    unsigned char buffer[256];
    assert_hex(encode(&frozen[_i].tuple, buffer, sizeof buffer), frozen[_i].hex);
    persist_bytes key = from_hex(frozen[_i].hex);
    assert_decodes(key, &frozen[_i].tuple);
    free_bytes(key);
}
END_TEST

/* ------------------------------------------------------------------------- order */

/* Rising, each next to the ones it could be mistaken for. */
static persist_key_part ladder[] = {
    NULL_PART,
    INT_PART(INT64_MIN),
    INT_PART(INT64_MIN + 1),
    INT_PART(-256),
    INT_PART(-1),
    INT_PART(0),
    INT_PART(1),
    INT_PART(255),
    INT_PART(256),
    INT_PART(INT64_MAX - 1),
    INT_PART(INT64_MAX),
    FLOAT_PART(0), /* -NaN, the largest payload first: filled in by main */
    FLOAT_PART(0),
    FLOAT_PART(-INFINITY),
    FLOAT_PART(-DBL_MAX),
    FLOAT_PART(-1.0),
    FLOAT_PART(-DBL_MIN),
    FLOAT_PART(-4.9406564584124654e-324),
    FLOAT_PART(-0.0),
    FLOAT_PART(0.0),
    FLOAT_PART(4.9406564584124654e-324),
    FLOAT_PART(DBL_MIN),
    FLOAT_PART(1.0),
    FLOAT_PART(1.0 + DBL_EPSILON),
    FLOAT_PART(DBL_MAX),
    FLOAT_PART(INFINITY),
    FLOAT_PART(0), /* +NaN, the largest payload last */
    FLOAT_PART(0),
    BOOL_PART(0),
    BOOL_PART(1),
    TEXT_PART(""),
    TEXT_PART("\0"),
    TEXT_PART("\0\0"),
    TEXT_PART("\0\0\xFF"),
    TEXT_PART("\0\1"),
    TEXT_PART("\0\xFF"),
    TEXT_PART("\0\xFF\0"),
    TEXT_PART("\1"),
    TEXT_PART("A"),
    TEXT_PART("a"),
    TEXT_PART("a\0"),
    TEXT_PART("a\0b"),
    TEXT_PART("a "),
    TEXT_PART("aa"),
    TEXT_PART("b"),
    TEXT_PART("\xC3\xA4"),
    TEXT_PART("\xFF"),
    TEXT_PART("\xFF\xFF"),
    BYTES_PART(""),
    BYTES_PART("\0"),
    BYTES_PART("\0\xFF"),
    BYTES_PART("\1"),
    BYTES_PART("\xFF"),
    BYTES_PART("\xFF\xFF"),
};
#define N_LADDER (sizeof ladder / sizeof *ladder)

static void fill_nans(void)
{
    ladder[11].number = number_of(UINT64_C(0xFFFFFFFFFFFFFFFF));
    ladder[12].number = number_of(UINT64_C(0xFFF0000000000001)); /* signalling */
    ladder[26].number = number_of(UINT64_C(0x7FF0000000000001)); /* signalling */
    ladder[27].number = number_of(UINT64_C(0x7FFFFFFFFFFFFFFF));
}

START_TEST(parts_are_in_order_of_types_and_values)
{
    unsigned char low[64], high[64];
    for (size_t i = 0; i < N_LADDER; i++)
        for (size_t j = 0; j < N_LADDER; j++) {
            struct tuple a = {{ladder[i]}, 1}, b = {{ladder[j]}, 1};
            int order = bytes_compare(encode(&a, low, sizeof low), encode(&b, high, sizeof high));
            ck_assert_msg(sign_of(order) == (i > j) - (i < j), "%zu and %zu", i, j);
            ck_assert_int_eq(compare_tuples(&a, &b), (i > j) - (i < j));
        }
}
END_TEST

/* Whatever follows: [low, anything] < [high, anything], and [low] < [low, anything]. */
START_TEST(a_following_part_never_disturbs)
{
    unsigned char low[64], high[64], alone[64];
    for (size_t i = 0; i < N_LADDER; i++)
        for (size_t j = 0; j < N_LADDER; j++) {
            struct tuple first = {{ladder[i]}, 1}, longer = {{ladder[i], ladder[j]}, 2};
            persist_bytes short_key = encode(&first, alone, sizeof alone);
            persist_bytes long_key = encode(&longer, low, sizeof low);
            ck_assert_int_lt(bytes_compare(short_key, long_key), 0);
            ck_assert(bytes_has_prefix(long_key, short_key));
            for (size_t k = i + 1; k < N_LADDER && k < i + 4; k++) {
                struct tuple next = {{ladder[k], ladder[N_LADDER - 1 - j]}, 2};
                ck_assert_int_lt(bytes_compare(long_key, encode(&next, high, sizeof high)), 0);
            }
        }
}
END_TEST

/* So that a scan by a key's bytes as prefix finds just the keys that begin with its parts. */
START_TEST(no_part_is_the_beginning_of_another)
{
    unsigned char one[64], other[64];
    for (size_t i = 0; i < N_LADDER; i++)
        for (size_t j = 0; j < N_LADDER; j++) {
            struct tuple a = {{ladder[i]}, 1}, b = {{ladder[j]}, 1};
            persist_bytes prefix = encode(&a, one, sizeof one);
            ck_assert_int_eq(bytes_has_prefix(encode(&b, other, sizeof other), prefix), i == j);
        }
}
END_TEST

/* ---------------------------------------------------------------------- properties */

static persist_key_part random_part(uint64_t *seed, unsigned char *room, size_t capacity)
{
    static const unsigned char likely[] = {0x00, 0x00, 0x01, 0x20, 0x60, 0x70, 0xFE, 0xFF, 0xFF};
    persist_key_part part = {.type = (persist_part_type)(1 + random_below(seed, 6))};
    size_t size = random_below(seed, capacity);
    int shift = (int)random_below(seed, 64);
    switch (part.type) {
    case PERSIST_PART_NULL:
        break;
    case PERSIST_PART_INT:
        part.integer = (int64_t)random_next(seed) >> shift;
        break;
    case PERSIST_PART_FLOAT:
        part.number =
            number_of(random_below(seed, 2) ? random_next(seed) : random_next(seed) << shift);
        break;
    case PERSIST_PART_BOOL:
        part.integer = (int64_t)random_below(seed, 2);
        break;
    case PERSIST_PART_TEXT:
    case PERSIST_PART_BYTES:
        for (size_t i = 0; i < size; i++)
            room[i] = likely[random_below(seed, sizeof likely)];
        part.bytes = (persist_bytes){room, size};
        break;
    }
    return part;
}

/* Shares its first parts with `like`, so that order is often decided late. */
static struct tuple random_tuple(uint64_t *seed, const struct tuple *like, unsigned char *room)
{
    struct tuple tuple = {.count = 1 + random_below(seed, MAX_PARTS)};
    size_t same = like ? random_below(seed, MAX_PARTS + 1) : 0;
    for (size_t i = 0; i < tuple.count; i++)
        tuple.parts[i] = like && i < same && i < like->count ? like->parts[i]
                                                             : random_part(seed, room + 8 * i, 8);
    return tuple;
}

START_TEST(byte_order_is_the_order_of_parts)
{
    uint64_t seed = 8;
    unsigned char low[256], high[256], one[8 * MAX_PARTS], other[8 * MAX_PARTS];
    for (int i = 0; i < 20000; i++) {
        struct tuple a = random_tuple(&seed, NULL, one), b = random_tuple(&seed, &a, other);
        persist_bytes x = encode(&a, low, sizeof low), y = encode(&b, high, sizeof high);
        ck_assert_int_eq(sign_of(bytes_compare(x, y)), compare_tuples(&a, &b));
    }
}
END_TEST

START_TEST(tuples_come_back)
{
    uint64_t seed = 9;
    unsigned char buffer[256], room[8 * MAX_PARTS];
    for (int i = 0; i < 10000; i++) {
        struct tuple tuple = random_tuple(&seed, NULL, room);
        assert_decodes(encode(&tuple, buffer, sizeof buffer), &tuple);
    }
}
END_TEST

/* Takes a key apart and puts it together again; false if it is none. */
static bool recoded(persist_bytes key, struct buf *out)
{
    size_t capacity = key.size;
    unsigned char *scratch = malloc(capacity ? capacity : 1);
    ck_assert_ptr_nonnull(scratch);
    ck_assert(buf_reserve(out, capacity + 1));
    persist_key_builder builder;
    persist_key_begin(&builder, out->data, out->capacity);
    persist_status status;
    for (;;) {
        persist_key_part part = {.size = sizeof part};
        persist_bytes before = key;
        status = persist_key_next(&key, scratch, capacity, &part);
        if (status != PERSIST_OK) {
            ck_assert_ptr_eq(key.data, before.data);
            ck_assert_uint_eq(key.size, before.size);
            break;
        }
        ck_assert_uint_lt(key.size, before.size);
        add_part(&builder, &part);
    }
    ck_assert(status == PERSIST_END || status == PERSIST_INVALID);
    out->size = builder.size;
    free(scratch);
    return status == PERSIST_END;
}

/* What can be decoded at all was encoded, from just these parts. */
START_TEST(garbage_is_invalid_or_a_key_to_the_byte)
{
    static const unsigned char likely[] = {0x00, 0x00, 0xFF, 0x20, 0x30, 0x40,
                                           0x50, 0x58, 0x60, 0x60, 0x70, 0x41};
    uint64_t seed = 10;
    unsigned keys = 0, invalid = 0;
    struct buf out = {0};
    for (int i = 0; i < 30000; i++) {
        unsigned char bytes[24];
        size_t size = random_below(&seed, sizeof bytes);
        for (size_t j = 0; j < size; j++)
            bytes[j] = random_below(&seed, 8) ? likely[random_below(&seed, sizeof likely)]
                                              : (unsigned char)random_next(&seed);
        unsigned char *exact = malloc(size ? size : 1);
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, bytes, size);
        persist_bytes key = {exact, size};
        if (recoded(key, &out)) {
            ck_assert_int_eq(bytes_compare(buf_bytes(&out), key), 0);
            keys++;
        } else {
            invalid++;
        }
        free(exact);
    }
    buf_free(&out);
    ck_assert_uint_gt(keys, 1000);
    ck_assert_uint_gt(invalid, 1000);
}
END_TEST

/* ------------------------------------------------------------------------- bounds */

START_TEST(only_known_tags_are_taken)
{
    static const unsigned char fixed[9] = {0};
    for (unsigned tag = 0; tag < 256; tag++) {
        unsigned char bytes[9], scratch[9];
        memcpy(bytes, fixed, sizeof bytes);
        bytes[0] = (unsigned char)tag;
        persist_bytes key = {bytes, sizeof bytes};
        persist_key_part part = {.size = sizeof part};
        bool known = tag == 0x20 || tag == 0x30 || tag == 0x40 || tag == 0x50 || tag == 0x58 ||
                     tag == 0x60 || tag == 0x70;
        ck_assert_int_eq(persist_key_next(&key, scratch, sizeof scratch, &part),
                         known ? PERSIST_OK : PERSIST_INVALID);
    }
}
END_TEST

START_TEST(every_cut_of_a_part_is_invalid)
{
    for (size_t i = 0; i < N_LADDER; i++) {
        unsigned char buffer[64], scratch[64];
        struct tuple tuple = {{ladder[i]}, 1};
        persist_bytes whole = encode(&tuple, buffer, sizeof buffer);
        for (size_t size = 1; size < whole.size; size++) {
            unsigned char *cut = malloc(size);
            ck_assert_ptr_nonnull(cut);
            memcpy(cut, buffer, size);
            persist_bytes key = {cut, size};
            persist_key_part part = {.size = sizeof part};
            ck_assert_int_eq(persist_key_next(&key, scratch, sizeof scratch, &part),
                             PERSIST_INVALID);
            free(cut);
        }
    }
}
END_TEST

START_TEST(a_nul_is_followed_by_00_or_ff)
{
    for (unsigned next = 0; next < 256; next++) {
        unsigned char bytes[] = {0x60, 'a', 0x00, (unsigned char)next, 0x00, 0x00}, scratch[6];
        persist_bytes key = {bytes, sizeof bytes};
        persist_key_part part = {.size = sizeof part};
        ck_assert_int_eq(persist_key_next(&key, scratch, sizeof scratch, &part),
                         next == 0x00 || next == 0xFF ? PERSIST_OK : PERSIST_INVALID);
    }
}
END_TEST

START_TEST(scratch_is_never_passed)
{
    const persist_bytes whole = from_hex(KEY_TEXT_HEX); /* "a\0b" */
    for (size_t capacity = 0; capacity < 5; capacity++) {
        unsigned char *scratch = malloc(capacity ? capacity : 1);
        ck_assert_ptr_nonnull(scratch);
        persist_bytes key = whole;
        persist_key_part part = {.size = sizeof part};
        ck_assert_int_eq(persist_key_next(&key, scratch, capacity, &part),
                         capacity < 3 ? PERSIST_INVALID : PERSIST_OK);
        free(scratch);
    }
    free_bytes(whole);
}
END_TEST

START_TEST(parts_without_bytes_need_no_scratch)
{
    persist_bytes key = from_hex(KEY_INT_42_HEX), rest = key;
    persist_key_part part = {.size = sizeof part};
    ck_assert_int_eq(persist_key_next(&rest, NULL, 0, &part), PERSIST_OK);
    ck_assert_int_eq(part.integer, 42);
    free_bytes(key);
    key = rest = from_hex(KEY_TEXT_EMPTY_HEX);
    ck_assert_int_eq(persist_key_next(&rest, NULL, 0, &part), PERSIST_OK);
    ck_assert_uint_eq(part.bytes.size, 0);
    free_bytes(key);
}
END_TEST

START_TEST(a_part_struct_has_its_size)
{
    persist_bytes key = from_hex(KEY_NULL_HEX), rest = key;
    struct {
        persist_key_part part;
        unsigned char later[8];
    } longer = {.later = "later"};
    longer.part.size = sizeof(persist_key_part) - 1;
    ck_assert_int_eq(persist_key_next(&rest, NULL, 0, &longer.part), PERSIST_INVALID);
    longer.part.size = 0;
    ck_assert_int_eq(persist_key_next(&rest, NULL, 0, &longer.part), PERSIST_INVALID);
    longer.part.size = sizeof longer;
    ck_assert_int_eq(persist_key_next(&rest, NULL, 0, &longer.part), PERSIST_OK);
    ck_assert_uint_eq(longer.part.size, sizeof longer);
    ck_assert_str_eq((const char *)longer.later, "later");
    free_bytes(key);
}
END_TEST

/* With any capacity: nothing behind it is touched, the size is the whole one, and only
 * enough is enough. */
START_TEST(a_builder_never_passes_its_buffer)
{
    const struct tuple tuple = {
        {INT_PART(-5), TEXT_PART("x\0y"), NULL_PART, FLOAT_PART(2.5), BYTES_PART("\0\0")}, 5};
    unsigned char want[64];
    size_t size = encode(&tuple, want, sizeof want).size;
    for (size_t capacity = 0; capacity <= size + 2; capacity++) {
        unsigned char buffer[64];
        persist_key_builder key;
        persist_bytes out = {"untouched", 9};
        memset(buffer, 0xAA, sizeof buffer);
        persist_key_begin(&key, buffer, capacity);
        for (size_t i = 0; i < tuple.count; i++)
            add_part(&key, &tuple.parts[i]);
        ck_assert_uint_eq(key.size, size);
        for (size_t i = capacity; i < sizeof buffer; i++)
            ck_assert_uint_eq(buffer[i], 0xAA);
        ck_assert_int_eq(persist_key_end(&key, &out), capacity < size ? PERSIST_LIMIT : PERSIST_OK);
        ck_assert_uint_eq(out.size, capacity < size ? 9 : size);
        if (capacity >= size)
            ck_assert_mem_eq(out.data, want, size);
    }
}
END_TEST

START_TEST(a_builder_without_a_buffer_measures)
{
    persist_key_builder key;
    persist_bytes out;
    persist_key_begin(&key, NULL, 0);
    ck_assert_int_eq(persist_key_end(&key, &out), PERSIST_INVALID);
    persist_key_add_int(&key, 1);
    persist_key_add_text(&key, (persist_bytes){NULL, 0});
    ck_assert_uint_eq(key.size, 12);
    ck_assert_int_eq(persist_key_end(&key, &out), PERSIST_LIMIT);
}
END_TEST

/* A part that fits is not written behind one that did not. */
START_TEST(a_key_with_a_hole_does_not_end)
{
    unsigned char buffer[4];
    persist_key_builder key;
    persist_bytes out;
    persist_key_begin(&key, buffer, sizeof buffer);
    persist_key_add_int(&key, 1);
    persist_key_add_null(&key);
    ck_assert_uint_eq(key.size, 10);
    ck_assert_int_eq(persist_key_end(&key, &out), PERSIST_LIMIT);
    key.size = SIZE_MAX;
    persist_key_add_null(&key);
    ck_assert_uint_eq(key.size, SIZE_MAX);
    ck_assert_int_eq(persist_key_end(&key, &out), PERSIST_LIMIT);
}
END_TEST

START_TEST(any_nonzero_is_true)
{
    static const int values[] = {1, -1, 2, 256, INT32_MIN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        unsigned char buffer[1];
        persist_key_builder key;
        persist_key_begin(&key, buffer, sizeof buffer);
        persist_key_add_bool(&key, values[i]);
        ck_assert_uint_eq(buffer[0], 0x58);
    }
}
END_TEST

/* Neither side looks into text: what went in comes out. */
START_TEST(text_need_not_be_utf8)
{
    const struct tuple tuple = {{TEXT_PART("\xC3"), TEXT_PART("\xED\xA0\x80"), TEXT_PART("\xFF")},
                                3};
    unsigned char buffer[64];
    assert_decodes(encode(&tuple, buffer, sizeof buffer), &tuple);
}
END_TEST

static void add_order_tests(TCase *tests)
{
    tcase_add_loop_test(tests, vectors_are_documented, 0, N_FROZEN);
    tcase_add_loop_test(tests, keys_are_frozen, 0, N_FROZEN);
    tcase_add_test(tests, parts_are_in_order_of_types_and_values);
    tcase_add_test(tests, a_following_part_never_disturbs);
    tcase_add_test(tests, no_part_is_the_beginning_of_another);
    tcase_add_test(tests, byte_order_is_the_order_of_parts);
    tcase_add_test(tests, tuples_come_back);
    tcase_add_test(tests, garbage_is_invalid_or_a_key_to_the_byte);
}

static void add_bound_tests(TCase *tests)
{
    tcase_add_test(tests, only_known_tags_are_taken);
    tcase_add_test(tests, every_cut_of_a_part_is_invalid);
    tcase_add_test(tests, a_nul_is_followed_by_00_or_ff);
    tcase_add_test(tests, scratch_is_never_passed);
    tcase_add_test(tests, parts_without_bytes_need_no_scratch);
    tcase_add_test(tests, a_part_struct_has_its_size);
    tcase_add_test(tests, a_builder_never_passes_its_buffer);
    tcase_add_test(tests, a_builder_without_a_buffer_measures);
    tcase_add_test(tests, a_key_with_a_hole_does_not_end);
    tcase_add_test(tests, any_nonzero_is_true);
    tcase_add_test(tests, text_need_not_be_utf8);
}

int main(void)
{
    fill_nans();
    Suite *suite = suite_create("tuple");
    TCase *tests = tcase_create("tuple");
    tcase_set_timeout(tests, 60);
    add_order_tests(tests);
    add_bound_tests(tests);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
