/* SPDX-License-Identifier: MIT */
#include "core/codec/digest.h"
#include "core/codec/value.h"
#include "tests/unit/codec_faults.h"
#include "tests/unit/codec_help.h"

#include <persist/plugin.h>
#include <pthread.h>
#include <zstd.h>

ZSTD_CCtx *__real_ZSTD_createCCtx(void);
ZSTD_CCtx *__wrap_ZSTD_createCCtx(void);
ZSTD_DCtx *__real_ZSTD_createDCtx(void);
ZSTD_DCtx *__wrap_ZSTD_createDCtx(void);

static _Atomic bool contexts_fail;
static _Atomic unsigned compressors_made, decompressors_made;

ZSTD_CCtx *__wrap_ZSTD_createCCtx(void)
{
    compressors_made++;
    return contexts_fail ? NULL : __real_ZSTD_createCCtx();
}

ZSTD_DCtx *__wrap_ZSTD_createDCtx(void)
{
    decompressors_made++;
    return contexts_fail ? NULL : __real_ZSTD_createDCtx();
}

static const struct value_options raw_options = {VALUE_RAW, 3, 0};
static const struct value_options zstd_options = {VALUE_ZSTD, 3, 0};
static persist_error error;

static struct value_place place_of_vectors(void)
{
    return (struct value_place){VECTOR_NS, persist_text(VECTOR_KEY), VECTOR_TIMESTAMP};
}

static void id_of_vectors(unsigned char id[TX_ID_SIZE])
{
    persist_bytes batch = from_hex(VECTOR_BATCH);
    value_tx_id(batch.data, VECTOR_INDEX, id);
    free_bytes(batch);
}

/* Packs and seals at the place of the vectors. */
static struct packed_value stored(const struct value_options *options, persist_bytes raw)
{
    struct packed_value packed;
    struct value_place place = place_of_vectors();
    unsigned char id[TX_ID_SIZE];
    ck_assert_int_eq(value_pack(options, raw, &packed, &error), PERSIST_OK);
    id_of_vectors(id);
    value_seal(&packed, &place, id);
    return packed;
}

/* The status of opening bytes at the place of the vectors. */
static persist_status open_status(const void *data, size_t size)
{
    struct value_place place = place_of_vectors();
    persist_bytes raw = {"untouched", 9};
    struct buf scratch = {0};
    persist_status status =
        value_open(&place, (persist_bytes){data, size}, &raw, &scratch, NULL, &error);
    if (status != PERSIST_OK) {
        ck_assert_uint_eq(raw.size, 9);
        ck_assert_int_eq(persist_error_status(&error), status);
    }
    buf_free(&scratch);
    return status;
}

static void assert_raw(const struct packed_value *packed, persist_bytes want)
{
    struct value_place place = place_of_vectors();
    struct buf scratch = {0};
    persist_bytes raw;
    unsigned char id[TX_ID_SIZE], want_id[TX_ID_SIZE];
    id_of_vectors(want_id);
    ck_assert_int_eq(
        value_open(&place, (persist_bytes){packed->data, packed->size}, &raw, &scratch, id, &error),
        PERSIST_OK);
    ck_assert_int_eq(bytes_compare(raw, want), 0);
    ck_assert_mem_eq(id, want_id, sizeof id);
    ck_assert_int_eq(value_peek(packed, &raw, &scratch, &error), PERSIST_OK);
    ck_assert_int_eq(bytes_compare(raw, want), 0);
    buf_free(&scratch);
}

static persist_bytes bytes_of(size_t size, int compressible)
{
    uint64_t seed = size + 1;
    unsigned char *data = malloc(size ? size : 1);
    ck_assert_ptr_nonnull(data);
    random_fill(&seed, data, size);
    for (size_t i = 32; compressible && i < size; i++)
        data[i] = data[i % 32];
    return (persist_bytes){data, size};
}

/* ------------------------------------------------------------------ frozen bytes */

static const char *const all_vectors[] = {
    VALUE_RAW_HEX,      VALUE_EMPTY_HEX,      VALUE_ZSTD_HEX,
    VALUE_EXTENDED_HEX, VALUE_MAJOR_1_HEX,    VALUE_CODEC_2_HEX,
    VERSION_DIGEST_HEX, TOMBSTONE_DIGEST_HEX, DIGEST_SUM_HEX,
};
#define N_STORED 6

START_TEST(vectors_are_documented)
{
    assert_documented(all_vectors, sizeof all_vectors / sizeof *all_vectors);
}
END_TEST

START_TEST(raw_values_are_frozen)
{
    struct packed_value packed = stored(&raw_options, persist_text("hello, world"));
    assert_hex((persist_bytes){packed.data, packed.size}, VALUE_RAW_HEX);
    ck_assert_uint_eq(packed.raw_size, 12);
    ck_assert_uint_eq(packed.payload_hash, UINT64_C(0x302CD5FBA73D006C));
    assert_raw(&packed, persist_text("hello, world"));
    value_free(&packed);
    packed = stored(&zstd_options, (persist_bytes){NULL, 0});
    assert_hex((persist_bytes){packed.data, packed.size}, VALUE_EMPTY_HEX);
    value_free(&packed);
    value_free(&packed);
    ck_assert_ptr_null(packed.data);
}
END_TEST

static const struct reading {
    const char *hex;
    const char *text;
    size_t times;
} readings[] = {
    {VALUE_RAW_HEX, "hello, world", 1},
    {VALUE_EMPTY_HEX, "", 1},
    {VALUE_ZSTD_HEX, "persist ", 64},
    {VALUE_EXTENDED_HEX, "hello, world", 1},
};

START_TEST(frozen_values_open)
{
    const struct reading *want = &readings[_i];
    struct buf text = {0};
    for (size_t i = 0; i < want->times; i++)
        ck_assert(buf_add(&text, want->text, strlen(want->text)));
    persist_bytes bytes = from_hex(want->hex);
    struct packed_value packed = {.data = writable(bytes), .size = bytes.size};
    assert_raw(&packed, buf_bytes(&text));
    free_bytes(bytes);
    buf_free(&text);
}
END_TEST

static void assert_format(const char *hex, const char *version, const char *more)
{
    persist_bytes bytes = from_hex(hex);
    ck_assert_int_eq(open_status(bytes.data, bytes.size), PERSIST_FORMAT);
    const char *message = persist_error_message(&error);
    ck_assert_msg(strstr(message, version) && strstr(message, more) && strstr(message, "0.1") &&
                      strstr(message, "newer persist"),
                  "%s", message);
    free_bytes(bytes);
}

START_TEST(what_this_build_does_not_know_is_named)
{
    assert_format(VALUE_MAJOR_1_HEX, "1.0", "format");
    assert_format(VALUE_CODEC_2_HEX, "0.2", "codec 2");
}
END_TEST

START_TEST(version_digests_are_frozen)
{
    struct value_place place = place_of_vectors();
    persist_digest digest, sum;
    value_version_digest(&place, 0, digest_hash64("hello, world", 12, 0), &digest);
    assert_hex((persist_bytes){digest.bytes, 16}, VERSION_DIGEST_HEX);
    sum = digest;
    place.timestamp++;
    value_version_digest(&place, PERSIST_VERSION_TOMBSTONE, 0, &digest);
    assert_hex((persist_bytes){digest.bytes, 16}, TOMBSTONE_DIGEST_HEX);
    digest_add(&sum, &digest);
    assert_hex((persist_bytes){sum.bytes, 16}, DIGEST_SUM_HEX);
}
END_TEST

START_TEST(version_digests_cover_all_but_the_namespace)
{
    struct value_place place = place_of_vectors(), other = place;
    persist_digest digest, changed;
    value_version_digest(&place, 0, 5, &digest);
    other.ns++;
    value_version_digest(&other, 0, 5, &changed);
    ck_assert(digest_equal(&digest, &changed));
    value_version_digest(&place, 0, 6, &changed);
    ck_assert(!digest_equal(&digest, &changed));
    value_version_digest(&place, 0, 0, &digest);
    value_version_digest(&place, PERSIST_VERSION_TOMBSTONE, 0, &changed);
    ck_assert(!digest_equal(&digest, &changed));
    other = place;
    other.timestamp++;
    value_version_digest(&other, 0, 0, &changed);
    ck_assert(!digest_equal(&digest, &changed));
    other = place;
    other.key = persist_text("user/43");
    value_version_digest(&other, 0, 0, &changed);
    ck_assert(!digest_equal(&digest, &changed));
}
END_TEST

/* ------------------------------------------------------------------------ damage */

START_TEST(every_flipped_bit_is_damage)
{
    persist_bytes bytes = from_hex(all_vectors[_i]);
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        writable(bytes)[bit / 8] ^= (unsigned char)(1u << bit % 8);
        ck_assert_msg(open_status(bytes.data, bytes.size) == PERSIST_DAMAGED, "bit %zu", bit);
        writable(bytes)[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    ck_assert_int_ne(open_status(bytes.data, bytes.size), PERSIST_DAMAGED);
    free_bytes(bytes);
}
END_TEST

START_TEST(every_cut_is_damage)
{
    persist_bytes bytes = from_hex(all_vectors[_i]);
    for (size_t size = 0; size < bytes.size; size++) {
        unsigned char *cut = malloc(size + 1);
        ck_assert_ptr_nonnull(cut);
        memcpy(cut, bytes.data, size);
        ck_assert_msg(open_status(cut, size) == PERSIST_DAMAGED, "%zu bytes", size);
        free(cut);
    }
    ck_assert_int_eq(open_status(NULL, 0), PERSIST_DAMAGED);
    free_bytes(bytes);
}
END_TEST

START_TEST(every_byte_too_many_is_damage)
{
    persist_bytes bytes = from_hex(all_vectors[_i]);
    unsigned char longer[256];
    memcpy(longer, bytes.data, bytes.size);
    for (int byte = 0; byte < 256; byte++) {
        longer[bytes.size] = (unsigned char)byte;
        ck_assert_int_eq(open_status(longer, bytes.size + 1), PERSIST_DAMAGED);
    }
    memset(longer + bytes.size, 0, sizeof longer - bytes.size);
    ck_assert_int_eq(open_status(longer, sizeof longer), PERSIST_DAMAGED);
    free_bytes(bytes);
}
END_TEST

static persist_status open_at(const struct value_place *place)
{
    persist_bytes bytes = from_hex(VALUE_RAW_HEX), raw;
    struct buf scratch = {0};
    persist_status status = value_open(place, bytes, &raw, &scratch, NULL, &error);
    free_bytes(bytes);
    buf_free(&scratch);
    return status;
}

START_TEST(a_value_in_another_place_is_damage)
{
    static const char *const keys[] = {"", "user/4", "user/421", "user/43", "User/42", "24/resu"};
    const struct value_place home = place_of_vectors();
    ck_assert_int_eq(open_at(&home), PERSIST_OK);
    for (unsigned bit = 0; bit < 64; bit++) {
        struct value_place place = home;
        place.ns ^= bit < 32 ? 1u << bit : 0;
        place.timestamp ^= bit < 32 ? 0 : (int64_t)(UINT64_C(1) << bit);
        ck_assert_int_eq(open_at(&place), PERSIST_DAMAGED);
        place = home;
        place.timestamp ^= (int64_t)(UINT64_C(1) << bit);
        ck_assert_int_eq(open_at(&place), PERSIST_DAMAGED);
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct value_place place = home;
        place.key = persist_text(keys[i]);
        ck_assert_int_eq(open_at(&place), PERSIST_DAMAGED);
    }
    struct value_place place = home;
    place.key.size++; /* a NUL behind */
    ck_assert_int_eq(open_at(&place), PERSIST_DAMAGED);
}
END_TEST

START_TEST(keys_have_a_longest_size)
{
    static unsigned char key[VALUE_KEY_MAX + 1];
    struct value_place place = {1, {key, VALUE_KEY_MAX}, 1};
    unsigned char id[TX_ID_SIZE] = {0};
    struct packed_value packed;
    struct buf scratch = {0};
    persist_bytes raw;
    ck_assert_int_eq(value_pack(&raw_options, persist_text("x"), &packed, &error), PERSIST_OK);
    value_seal(&packed, &place, id);
    persist_bytes bytes = {packed.data, packed.size};
    ck_assert_int_eq(value_open(&place, bytes, &raw, &scratch, id, &error), PERSIST_OK);
    place.key.size++;
    ck_assert_int_eq(value_open(&place, bytes, &raw, &scratch, id, &error), PERSIST_DAMAGED);
    ck_assert_ptr_nonnull(strstr(persist_error_message(&error), "2049"));
    value_free(&packed);
}
END_TEST

/* ------------------------------------------- sealed, and yet not what was ever stored */

/* Seals bytes of any kind, by the text of the format. */
static void forge(unsigned char *data, size_t size, size_t header_size)
{
    unsigned char text[512] = {VECTOR_NS, 0, 0, 0};
    size_t at = 4, key = strlen(VECTOR_KEY);
    uint64_t number = (uint64_t)VECTOR_TIMESTAMP;
    for (int i = 0; i < 8; i++, number >>= 8)
        text[at++] = (unsigned char)number;
    text[at] = (unsigned char)key;
    at += 4;
    memcpy(text + at, VECTOR_KEY, key);
    at += key;
    memset(data + 8, 0, 8);
    memcpy(text + at, data, header_size);
    at += header_size;
    number = digest_hash64(data + header_size, size - header_size, 0);
    for (int i = 0; i < 8; i++, number >>= 8)
        text[at++] = (unsigned char)number;
    number = digest_hash64(text, at, 0);
    for (int i = 0; i < 8; i++, number >>= 8)
        data[8 + i] = (unsigned char)number;
}

static persist_status forged_status(unsigned codec, uint32_t raw_size, const void *payload,
                                    size_t size)
{
    unsigned char data[4096] = {0, 1, (unsigned char)codec, 32};
    for (int i = 0; i < 4; i++)
        data[4 + i] = (unsigned char)(raw_size >> 8 * i);
    memcpy(data + 32, payload, size);
    forge(data, 32 + size, 32);
    return open_status(data, 32 + size);
}

START_TEST(a_forged_value_is_as_good_as_sealed)
{
    ck_assert_int_eq(forged_status(VALUE_RAW, 5, "hello", 5), PERSIST_OK);
}
END_TEST

START_TEST(raw_size_has_to_be_true)
{
    ck_assert_int_eq(forged_status(VALUE_RAW, 4, "hello", 5), PERSIST_DAMAGED);
    ck_assert_int_eq(forged_status(VALUE_RAW, 6, "hello", 5), PERSIST_DAMAGED);
    ck_assert_int_eq(forged_status(VALUE_RAW, UINT32_MAX, "hello", 5), PERSIST_DAMAGED);
}
END_TEST

START_TEST(a_zstd_payload_has_to_be_one_frame_of_the_stated_size)
{
    char text[256] = {0}, frame[512];
    size_t size = ZSTD_compress(frame, sizeof frame / 2, text, sizeof text, 3);
    ck_assert(!ZSTD_isError(size));
    ck_assert_int_eq(forged_status(VALUE_ZSTD, 256, frame, size), PERSIST_OK);
    ck_assert_int_eq(forged_status(VALUE_ZSTD, 255, frame, size), PERSIST_DAMAGED);
    ck_assert_int_eq(forged_status(VALUE_ZSTD, 257, frame, size), PERSIST_DAMAGED);
    ck_assert_int_eq(forged_status(VALUE_ZSTD, 256, frame, size - 1), PERSIST_DAMAGED);
    ck_assert_int_eq(forged_status(VALUE_ZSTD, 256, frame, size + 1), PERSIST_DAMAGED);
    memcpy(frame + size, frame, size);
    ck_assert_int_eq(forged_status(VALUE_ZSTD, 256, frame, 2 * size), PERSIST_DAMAGED);
    ck_assert_int_eq(forged_status(VALUE_ZSTD, 512, frame, 2 * size), PERSIST_DAMAGED);
    ck_assert_int_eq(forged_status(VALUE_ZSTD, 0, "", 0), PERSIST_DAMAGED);
    ck_assert_int_eq(forged_status(VALUE_ZSTD, 5, "hello", 5), PERSIST_DAMAGED);
}
END_TEST

START_TEST(a_frame_that_lies_about_its_size_is_damage)
{
    /* A frame of 64 KiB in one segment, content size in 4 bytes, and in it one block: 16
     * times 'x'. */
    const unsigned char frame[] = {0x28, 0xB5, 0x2F, 0xFD, 0xA0, 0x00, 0x00,
                                   0x01, 0x00, 0x83, 0x00, 0x00, 'x'};
    unsigned char honest[sizeof frame];
    memcpy(honest, frame, sizeof frame);
    honest[5] = 16;
    honest[7] = 0;
    ck_assert_int_eq(forged_status(VALUE_ZSTD, 16, honest, sizeof honest), PERSIST_OK);
    ck_assert_int_eq(forged_status(VALUE_ZSTD, 65536, frame, sizeof frame), PERSIST_DAMAGED);
    ck_assert_ptr_nonnull(strstr(persist_error_message(&error), "65536"));
}
END_TEST

START_TEST(a_frame_without_a_size_is_damage)
{
    char text[256] = {0}, frame[512];
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    size_t size = ZSTD_compress2(context, frame, sizeof frame, text, sizeof text);
    ZSTD_freeCCtx(context);
    ck_assert(!ZSTD_isError(size));
    ck_assert_int_eq(forged_status(VALUE_ZSTD, 256, frame, size), PERSIST_DAMAGED);
}
END_TEST

static persist_status header_status(size_t header_size, size_t size)
{
    unsigned char data[300] = {0, 9, VALUE_RAW, (unsigned char)header_size};
    size_t payload = size > header_size ? size - header_size : 0;
    data[4] = (unsigned char)payload;
    forge(data, header_size + payload, header_size);
    return open_status(data, size);
}

START_TEST(headers_have_32_to_255_bytes)
{
    ck_assert_int_eq(header_status(31, 40), PERSIST_DAMAGED);
    ck_assert_int_eq(header_status(32, 40), PERSIST_OK);
    ck_assert_int_eq(header_status(33, 40), PERSIST_OK);
    ck_assert_int_eq(header_status(40, 40), PERSIST_OK);
    ck_assert_int_eq(header_status(41, 40), PERSIST_DAMAGED);
    ck_assert_int_eq(header_status(255, 255), PERSIST_OK);
    ck_assert_int_eq(header_status(255, 300), PERSIST_OK);
    ck_assert_int_eq(header_status(255, 254), PERSIST_DAMAGED);
}
END_TEST

START_TEST(newer_minors_open)
{
    for (unsigned minor = 0; minor < 256; minor++) {
        unsigned char data[40] = {0, (unsigned char)minor, VALUE_RAW, 36, 4};
        forge(data, sizeof data, 36);
        ck_assert_int_eq(open_status(data, sizeof data), PERSIST_OK);
        data[0] = 1;
        forge(data, sizeof data, 36);
        ck_assert_int_eq(open_status(data, sizeof data), PERSIST_FORMAT);
    }
}
END_TEST

/* ----------------------------------------------------------------------- packing */

START_TEST(values_of_any_size_come_back)
{
    static const size_t sizes[] = {1023, 1024, 1025, 65535, 65536, 131073, 1000000};
    size_t count = 300 + sizeof sizes / sizeof *sizes;
    for (size_t i = 0; i < count; i++)
        for (int kind = 0; kind < 4; kind++) {
            persist_bytes raw = bytes_of(i < 300 ? i : sizes[i - 300], kind & 1);
            struct packed_value packed = stored(kind & 2 ? &zstd_options : &raw_options, raw);
            ck_assert_uint_eq(packed.raw_size, raw.size);
            ck_assert_uint_le(packed.size, VALUE_HEADER_SIZE + raw.size);
            assert_raw(&packed, raw);
            value_free(&packed);
            free_bytes(raw);
        }
}
END_TEST

START_TEST(eight_mebibytes_come_back)
{
    persist_bytes raw = bytes_of((size_t)8 << 20, _i & 1);
    struct packed_value packed = stored(_i & 2 ? &zstd_options : &raw_options, raw);
    assert_raw(&packed, raw);
    if (_i == 3)
        ck_assert_uint_lt(packed.size, raw.size / 100);
    packed.data[packed.size - 1] ^= 1;
    ck_assert_int_eq(open_status(packed.data, packed.size), PERSIST_DAMAGED);
    value_free(&packed);
    free_bytes(raw);
}
END_TEST

static int codec_of(const struct value_options *options, persist_bytes raw)
{
    struct packed_value packed;
    ck_assert_int_eq(value_pack(options, raw, &packed, &error), PERSIST_OK);
    int codec = packed.data[2];
    ck_assert_uint_eq(packed.payload_hash, digest_hash64(packed.data + 32, packed.size - 32, 0));
    value_free(&packed);
    return codec;
}

START_TEST(compression_begins_at_the_threshold)
{
    const struct value_options options = {VALUE_ZSTD, 3, 1024};
    char text[1025] = {0};
    ck_assert_int_eq(codec_of(&options, (persist_bytes){text, 1023}), VALUE_RAW);
    ck_assert_int_eq(codec_of(&options, (persist_bytes){text, 1024}), VALUE_ZSTD);
    ck_assert_int_eq(codec_of(&options, (persist_bytes){text, 1025}), VALUE_ZSTD);
    ck_assert_int_eq(codec_of(&raw_options, (persist_bytes){text, 1025}), VALUE_RAW);
}
END_TEST

/* From all random to all zeros: stored compressed if, and only if, an eighth is saved. */
START_TEST(compression_has_to_save_an_eighth)
{
    enum { SIZE = 4096, SLACK = 64 };
    char text[SIZE], frame[2 * SIZE];
    uint64_t seed = 4;
    unsigned raw = 0, compressed = 0;
    for (size_t noise = 3000; noise <= SIZE; noise += 8) {
        memset(text, 0, sizeof text);
        random_fill(&seed, text, noise);
        size_t size = ZSTD_compress(frame, sizeof frame, text, SIZE, 3);
        int codec = codec_of(&zstd_options, (persist_bytes){text, SIZE});
        if (size > SIZE - SIZE / 8)
            ck_assert_int_eq(codec, VALUE_RAW);
        if (size < SIZE - SIZE / 8 - SLACK)
            ck_assert_int_eq(codec, VALUE_ZSTD);
        raw += codec == VALUE_RAW;
        compressed += codec == VALUE_ZSTD;
    }
    ck_assert_uint_gt(raw, 40);
    ck_assert_uint_gt(compressed, 40);
}
END_TEST

START_TEST(a_value_that_looks_stored_is_just_a_value)
{
    for (size_t i = 0; i < N_STORED; i++) {
        persist_bytes raw = from_hex(all_vectors[i]);
        struct packed_value packed = stored(_i ? &zstd_options : &raw_options, raw);
        assert_raw(&packed, raw);
        value_free(&packed);
        free_bytes(raw);
    }
}
END_TEST

START_TEST(a_value_can_be_sealed_again)
{
    struct packed_value packed = stored(&raw_options, persist_text("hello, world"));
    struct value_place place = place_of_vectors();
    unsigned char id[TX_ID_SIZE] = {0xFF}, found[TX_ID_SIZE];
    persist_bytes raw;
    struct buf scratch = {0};
    place.timestamp += 3;
    value_seal(&packed, &place, id);
    persist_bytes bytes = {packed.data, packed.size};
    ck_assert_int_eq(open_status(packed.data, packed.size), PERSIST_DAMAGED);
    ck_assert_int_eq(value_open(&place, bytes, &raw, &scratch, found, &error), PERSIST_OK);
    ck_assert_mem_eq(found, id, sizeof id);
    id_of_vectors(id);
    place = place_of_vectors();
    value_seal(&packed, &place, id);
    assert_hex(bytes, VALUE_RAW_HEX);
    value_free(&packed);
}
END_TEST

START_TEST(scratch_can_be_used_again)
{
    struct value_place place = place_of_vectors();
    struct buf scratch = {0};
    ck_assert(buf_add(&scratch, "left over", 9));
    for (size_t size = 2000; size > 100; size -= 100) {
        persist_bytes want = bytes_of(size, 1), raw;
        struct packed_value packed = stored(&zstd_options, want);
        persist_bytes bytes = {packed.data, packed.size};
        ck_assert_int_eq(value_open(&place, bytes, &raw, &scratch, NULL, &error), PERSIST_OK);
        ck_assert_ptr_eq(raw.data, scratch.data);
        ck_assert_int_eq(bytes_compare(raw, want), 0);
        value_free(&packed);
        free_bytes(want);
    }
    buf_free(&scratch);
}
END_TEST

START_TEST(a_packed_value_that_is_broken_is_not_handed_out)
{
    struct packed_value packed = stored(&zstd_options, (persist_bytes){(char[256]){0}, 256});
    struct buf scratch = {0};
    persist_bytes raw;
    packed.data[32] ^= 1;
    ck_assert_int_eq(value_peek(&packed, &raw, &scratch, &error), PERSIST_DAMAGED);
    packed.size = 31;
    ck_assert_int_eq(value_peek(&packed, &raw, &scratch, &error), PERSIST_DAMAGED);
    value_free(&packed);
}
END_TEST

/* ------------------------------------------------------------------ limits, memory */

static persist_status pack_with(long allocations, persist_bytes raw, struct packed_value *packed)
{
    faults_left = allocations;
    persist_status status = value_pack(&zstd_options, raw, packed, NULL);
    faults_left = -1;
    return status;
}

START_TEST(a_value_has_less_than_4_gib)
{
#if SIZE_MAX > UINT32_MAX
    struct packed_value packed;
    persist_bytes raw = {"never read", (size_t)UINT32_MAX + 1};
    ck_assert_int_eq(value_pack(&raw_options, raw, &packed, &error), PERSIST_LIMIT);
    ck_assert_ptr_nonnull(strstr(persist_error_message(&error), "4294967296"));
    /* One byte less is only refused because there is no memory for it. */
    raw.size--;
    ck_assert_int_eq(pack_with(0, raw, &packed), PERSIST_NO_MEMORY);
#endif
}
END_TEST

START_TEST(without_memory_nothing_is_packed)
{
    static char text[4096];
    struct packed_value packed;
    persist_bytes raw = {text, sizeof text};
    ck_assert_int_eq(pack_with(0, raw, &packed), PERSIST_NO_MEMORY);
    contexts_fail = true;
    ck_assert_int_eq(value_pack(&zstd_options, raw, &packed, &error), PERSIST_NO_MEMORY);
    ck_assert_int_eq(persist_error_status(&error), PERSIST_NO_MEMORY);
    contexts_fail = false;
    /* The block that would become smaller stays as it is. */
    ck_assert_int_eq(pack_with(1, raw, &packed), PERSIST_OK);
    ck_assert_int_eq(packed.data[2], VALUE_ZSTD);
    value_free(&packed);
}
END_TEST

START_TEST(without_memory_nothing_is_opened)
{
    struct packed_value packed = stored(&zstd_options, (persist_bytes){(char[256]){0}, 256});
    struct value_place place = place_of_vectors();
    struct buf scratch = {0};
    persist_bytes bytes = {packed.data, packed.size}, raw;
    faults_left = 0;
    persist_status status = value_open(&place, bytes, &raw, &scratch, NULL, NULL);
    faults_left = -1;
    ck_assert_int_eq(status, PERSIST_NO_MEMORY);
    contexts_fail = true;
    ck_assert_int_eq(value_open(&place, bytes, &raw, &scratch, NULL, NULL), PERSIST_NO_MEMORY);
    contexts_fail = false;
    ck_assert_int_eq(value_open(&place, bytes, &raw, &scratch, NULL, &error), PERSIST_OK);
    buf_free(&scratch);
    value_free(&packed);
}
END_TEST

START_TEST(packing_makes_one_block)
{
    persist_bytes raw = bytes_of(1000, 0);
    struct packed_value packed;
    faults_left = 10;
    persist_status status = value_pack(&raw_options, raw, &packed, &error);
    long left = faults_left;
    faults_left = -1;
    ck_assert_int_eq(status, PERSIST_OK);
    ck_assert_int_eq(left, 9);
    value_free(&packed);
    free_bytes(raw);
}
END_TEST

/* ---------------------------------------------------------------------- contexts */

START_TEST(contexts_are_kept_but_not_large_ones)
{
    const struct value_options high = {VALUE_ZSTD, 19, 0};
    persist_bytes small = bytes_of(1000, 1), large = bytes_of((size_t)1 << 20, 1);
    for (int i = 0; i < 10; i++) {
        struct packed_value packed = stored(&zstd_options, small);
        assert_raw(&packed, small);
        value_free(&packed);
    }
    ck_assert_uint_eq(compressors_made, 1);
    ck_assert_uint_eq(decompressors_made, 1);
    struct packed_value packed = stored(&high, large);
    value_free(&packed);
    packed = stored(&zstd_options, small);
    value_free(&packed);
    ck_assert_uint_eq(compressors_made, 2);
    free_bytes(small);
    free_bytes(large);
}
END_TEST

static void *pack_and_open(void *seed_of_thread)
{
    uint64_t seed = *(uint64_t *)seed_of_thread;
    struct value_place place = place_of_vectors();
    struct buf scratch = {0};
    unsigned char text[3000], id[TX_ID_SIZE] = {0};
    uintptr_t failures = 0;
    for (int i = 0; i < 200; i++) {
        persist_bytes want = {text, 100 + random_below(&seed, sizeof text - 100)}, raw;
        struct packed_value packed;
        memset(text, (int)random_below(&seed, 256), sizeof text);
        random_fill(&seed, text, 50);
        failures += value_pack(&zstd_options, want, &packed, NULL) != PERSIST_OK;
        value_seal(&packed, &place, id);
        persist_bytes bytes = {packed.data, packed.size};
        failures += value_open(&place, bytes, &raw, &scratch, NULL, NULL) != PERSIST_OK ||
                    bytes_compare(raw, want) != 0;
        value_free(&packed);
    }
    buf_free(&scratch);
    return (void *)failures;
}

/* More threads than places in the pool. */
START_TEST(threads_share_the_contexts)
{
    enum { THREADS = 12 };
    pthread_t threads[THREADS];
    uint64_t seeds[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, pack_and_open, &seeds[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *failures;
        ck_assert_int_eq(pthread_join(threads[i], &failures), 0);
        ck_assert_ptr_null(failures);
    }
    ck_assert_uint_le(compressors_made, THREADS * 200);
}
END_TEST

static void forget_error(void)
{
    error_clear(&error);
}

static void add_format_tests(TCase *tests)
{
    tcase_add_test(tests, vectors_are_documented);
    tcase_add_test(tests, raw_values_are_frozen);
    tcase_add_loop_test(tests, frozen_values_open, 0, sizeof readings / sizeof *readings);
    tcase_add_test(tests, what_this_build_does_not_know_is_named);
    tcase_add_test(tests, version_digests_are_frozen);
    tcase_add_test(tests, version_digests_cover_all_but_the_namespace);
    tcase_add_test(tests, headers_have_32_to_255_bytes);
    tcase_add_test(tests, newer_minors_open);
}

static void add_damage_tests(TCase *tests)
{
    tcase_add_loop_test(tests, every_flipped_bit_is_damage, 0, N_STORED);
    tcase_add_loop_test(tests, every_cut_is_damage, 0, N_STORED);
    tcase_add_loop_test(tests, every_byte_too_many_is_damage, 0, N_STORED);
    tcase_add_test(tests, a_value_in_another_place_is_damage);
    tcase_add_test(tests, keys_have_a_longest_size);
    tcase_add_test(tests, a_forged_value_is_as_good_as_sealed);
    tcase_add_test(tests, raw_size_has_to_be_true);
    tcase_add_test(tests, a_zstd_payload_has_to_be_one_frame_of_the_stated_size);
    tcase_add_test(tests, a_frame_that_lies_about_its_size_is_damage);
    tcase_add_test(tests, a_frame_without_a_size_is_damage);
    tcase_add_test(tests, a_packed_value_that_is_broken_is_not_handed_out);
}

static void add_packing_tests(TCase *tests)
{
    tcase_add_test(tests, values_of_any_size_come_back);
    tcase_add_loop_test(tests, eight_mebibytes_come_back, 0, 4);
    tcase_add_test(tests, compression_begins_at_the_threshold);
    tcase_add_test(tests, compression_has_to_save_an_eighth);
    tcase_add_loop_test(tests, a_value_that_looks_stored_is_just_a_value, 0, 2);
    tcase_add_test(tests, a_value_can_be_sealed_again);
    tcase_add_test(tests, scratch_can_be_used_again);
    tcase_add_test(tests, a_value_has_less_than_4_gib);
    tcase_add_test(tests, without_memory_nothing_is_packed);
    tcase_add_test(tests, without_memory_nothing_is_opened);
    tcase_add_test(tests, packing_makes_one_block);
    tcase_add_test(tests, contexts_are_kept_but_not_large_ones);
    tcase_add_test(tests, threads_share_the_contexts);
}

int main(void)
{
    Suite *suite = suite_create("value");
    TCase *tests = tcase_create("value");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, forget_error);
    add_format_tests(tests);
    add_damage_tests(tests);
    add_packing_tests(tests);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
