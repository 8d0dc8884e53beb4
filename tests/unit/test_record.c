/* SPDX-License-Identifier: MIT */
#include "core/codec/digest.h"
#include "core/codec/record.h"
#include "proto/persist.pb-c.h"
#include "tests/unit/codec_faults.h"
#include "tests/unit/codec_help.h"

static persist_error error;

static persist_digest digest_of_hex(const char *hex)
{
    persist_digest digest;
    persist_bytes bytes = from_hex(hex);
    memcpy(digest.bytes, bytes.data, sizeof digest.bytes);
    free_bytes(bytes);
    return digest;
}

static struct record *decoded(persist_bytes data)
{
    struct record *record = NULL;
    size_t size = 0;
    ck_assert_msg(record_decode(data, &record, &size, &error) == PERSIST_OK, "%s",
                  persist_error_message(&error));
    ck_assert_uint_ge(size, sizeof *record);
    return record;
}

static void assert_same(const struct record *a, const struct record *b)
{
    ck_assert_int_eq(a->predecessor, b->predecessor);
    ck_assert(digest_equal(&a->predecessor_digest, &b->predecessor_digest));
    ck_assert_mem_eq(a->batch, b->batch, sizeof a->batch);
    ck_assert_uint_eq(a->n_txs, b->n_txs);
    for (size_t i = 0; i < a->n_txs; i++) {
        ck_assert_int_eq(a->txs[i].timestamp, b->txs[i].timestamp);
        ck_assert_uint_eq(a->txs[i].index, b->txs[i].index);
        ck_assert_uint_eq(a->txs[i].n_writes, b->txs[i].n_writes);
        for (size_t j = 0; j < a->txs[i].n_writes; j++) {
            const struct record_write *x = &a->txs[i].writes[j], *y = &b->txs[i].writes[j];
            ck_assert_int_eq(bytes_compare(x->key, y->key), 0);
            ck_assert_int_eq(x->deleted, y->deleted);
        }
    }
}

/* ------------------------------------------------------------------ frozen bytes */

static const char *const vectors[] = {
    RECORD_FIRST_HEX,         RECORD_FIRST_DIGEST_HEX, RECORD_SECOND_HEX,
    RECORD_SECOND_DIGEST_HEX, RECORD_EMPTY_HEX,        RECORD_EMPTY_DIGEST_HEX,
};

START_TEST(vectors_are_documented)
{
    assert_documented(vectors, sizeof vectors / sizeof *vectors);
}
END_TEST

static const struct record_write first_writes[] = {{{"user/42", 7}, false}, {{"user/43", 7}, true}};
static const struct record_tx first_txs[] = {{VECTOR_TIMESTAMP, VECTOR_INDEX, first_writes, 2}};
static const struct record_write second_writes[] = {{{"user/42", 7}, true}, {{"\0\xFF", 2}, false}};
static const struct record_tx second_txs[] = {
    {VECTOR_TIMESTAMP + 1, 0, second_writes, 1},
    {VECTOR_TIMESTAMP + 2, 300, second_writes + 1, 1},
};

static struct record chain_member(int number)
{
    struct record record = {0};
    for (unsigned char i = 0; i < BATCH_ID_SIZE; i++)
        record.batch[i] = (unsigned char)(number == 0 ? i : number == 1 ? 0xF0 + i : 0xFB - i);
    if (number == 0) {
        record.txs = first_txs;
        record.n_txs = 1;
    } else if (number == 1) {
        record.predecessor = VECTOR_TIMESTAMP;
        record.predecessor_digest = digest_of_hex(RECORD_FIRST_DIGEST_HEX);
        record.txs = second_txs;
        record.n_txs = 2;
    } else {
        record.predecessor = VECTOR_TIMESTAMP + 2;
        record.predecessor_digest = digest_of_hex(RECORD_SECOND_DIGEST_HEX);
    }
    return record;
}

START_TEST(records_and_their_chain_are_frozen)
{
    struct record record = chain_member(_i);
    struct buf out = {0};
    persist_digest digest;
    ck_assert(record_encode(&record, &out, &digest));
    assert_hex(buf_bytes(&out), vectors[2 * _i]);
    assert_hex((persist_bytes){digest.bytes, 16}, vectors[2 * _i + 1]);
    buf_free(&out);
    persist_bytes bytes = from_hex(vectors[2 * _i]);
    struct record *back = decoded(bytes);
    free_bytes(bytes); /* the record holds copies */
    assert_same(back, &record);
    free(back);
}
END_TEST

START_TEST(encoding_appends)
{
    struct record record = chain_member(0);
    struct buf out = {0};
    persist_digest digest;
    ck_assert(buf_add(&out, "before", 6));
    ck_assert(record_encode(&record, &out, &digest));
    ck_assert_mem_eq(out.data, "before", 6);
    assert_hex((persist_bytes){out.data + 6, out.size - 6}, RECORD_FIRST_HEX);
    assert_hex((persist_bytes){digest.bytes, 16}, RECORD_FIRST_DIGEST_HEX);
    buf_free(&out);
}
END_TEST

/* ---------------------------------------------------------------------- round trip */

#define MAX_TXS 64
#define MAX_WRITES 8

/* A record of random shape; its parts live until the next one is made. */
static struct record random_record(uint64_t *seed)
{
    static struct record_tx txs[MAX_TXS];
    static struct record_write writes[MAX_TXS * MAX_WRITES];
    static unsigned char keys[1 << 16];
    random_fill(seed, keys, sizeof keys);
    struct record record = {.txs = txs, .n_txs = random_below(seed, MAX_TXS)};
    random_fill(seed, record.batch, sizeof record.batch);
    if (random_below(seed, 4)) {
        record.predecessor = (int64_t)(random_next(seed) >> 2) + 1;
        random_fill(seed, record.predecessor_digest.bytes, 16);
    }
    int64_t timestamp = record.predecessor;
    struct record_write *write = writes;
    for (size_t i = 0; i < record.n_txs; i++) {
        timestamp += 1 + (int64_t)random_below(seed, 1000);
        txs[i] = (struct record_tx){timestamp, (uint32_t)random_next(seed), write,
                                    random_below(seed, MAX_WRITES)};
        for (size_t j = 0; j < txs[i].n_writes; j++, write++) {
            size_t size = 1 + random_below(seed, random_below(seed, 8) ? 40 : 2048);
            *write = (struct record_write){{keys + random_below(seed, sizeof keys - size), size},
                                           random_below(seed, 2)};
        }
    }
    return record;
}

/* The copy of a record is what comes of its encoding, to the byte but for its pointers. */
static void assert_copy_is(const struct record *record, const struct record *back)
{
    size_t size = 0, keys = 0, writes = 0;
    struct record *copy = record_copy(record, &size);
    ck_assert_ptr_nonnull(copy);
    assert_same(copy, back);
    for (size_t i = 0; i < record->n_txs; i++)
        for (size_t j = 0; j < record->txs[i].n_writes; j++, writes++)
            keys += record->txs[i].writes[j].key.size;
    ck_assert_uint_eq(size, sizeof *copy + record->n_txs * sizeof(struct record_tx) +
                                writes * sizeof(struct record_write) + keys);
    const char *end = (const char *)copy + size;
    for (size_t i = 0; i < copy->n_txs; i++)
        for (size_t j = 0; j < copy->txs[i].n_writes; j++) {
            const char *key = copy->txs[i].writes[j].key.data;
            ck_assert(key > (const char *)copy && key + copy->txs[i].writes[j].key.size <= end);
        }
    free(copy);
}

START_TEST(records_of_any_shape_come_back)
{
    uint64_t seed = 5;
    struct buf out = {0}, again = {0};
    for (int i = 0; i < 300; i++) {
        struct record record = random_record(&seed);
        persist_digest digest, other;
        out.size = again.size = 0;
        ck_assert(record_encode(&record, &out, &digest));
        struct record *back = decoded(buf_bytes(&out));
        assert_same(back, &record);
        assert_copy_is(&record, back);
        ck_assert(record_encode(back, &again, &other));
        ck_assert_int_eq(bytes_compare(buf_bytes(&out), buf_bytes(&again)), 0);
        ck_assert(digest_equal(&digest, &other));
        digest_hash128(out.data, out.size, &other);
        ck_assert(digest_equal(&digest, &other));
        free(back);
    }
    buf_free(&out);
    buf_free(&again);
}
END_TEST

START_TEST(a_full_group_comes_back)
{
    enum { TXS = 512 };
    static struct record_tx txs[TXS];
    static struct record_write writes[TXS];
    static char keys[TXS][24];
    for (unsigned i = 0; i < TXS; i++) {
        snprintf(keys[i], sizeof keys[i], "user/%010u", i);
        writes[i] = (struct record_write){persist_text(keys[i]), false};
        txs[i] = (struct record_tx){(int64_t)i + 2, i, &writes[i], 1};
    }
    struct record record = {.predecessor = 1, .txs = txs, .n_txs = TXS};
    struct buf out = {0};
    persist_digest digest;
    ck_assert(record_encode(&record, &out, &digest));
    struct record *back = decoded(buf_bytes(&out));
    assert_same(back, &record);
    free(back);
    buf_free(&out);
}
END_TEST

/* ------------------------------------------------------------------------ damage */

/* A record as protobuf-c writes it, with one thing about it that can be wrong. */
static persist_status status_of(const Persist__CommitRecord *message)
{
    unsigned char bytes[1024];
    struct record *record = NULL;
    size_t size = persist__commit_record__get_packed_size(message);
    ck_assert_uint_le(size, sizeof bytes);
    persist__commit_record__pack(message, bytes);
    persist_status status = record_decode((persist_bytes){bytes, size}, &record, &size, &error);
    if (status == PERSIST_DAMAGED) {
        ck_assert_ptr_null(record);
        ck_assert_ptr_nonnull(strstr(persist_error_message(&error), "commit record"));
    }
    free(record);
    return status;
}

static uint8_t some_bytes[32];

static Persist__CommitRecord good_message(void)
{
    Persist__CommitRecord message = PERSIST__COMMIT_RECORD__INIT;
    message.predecessor = 10;
    message.predecessor_digest = (ProtobufCBinaryData){16, some_bytes};
    message.batch = (ProtobufCBinaryData){12, some_bytes};
    return message;
}

START_TEST(digests_have_0_or_16_bytes)
{
    for (size_t size = 0; size <= 32; size++) {
        Persist__CommitRecord message = good_message();
        message.predecessor_digest.len = size;
        ck_assert_int_eq(status_of(&message), size == 16 ? PERSIST_OK : PERSIST_DAMAGED);
        message.predecessor = 0;
        ck_assert_int_eq(status_of(&message), size == 0 ? PERSIST_OK : PERSIST_DAMAGED);
    }
}
END_TEST

START_TEST(batch_ids_have_12_bytes)
{
    for (size_t size = 0; size <= 32; size++) {
        Persist__CommitRecord message = good_message();
        message.batch.len = size;
        ck_assert_int_eq(status_of(&message), size == 12 ? PERSIST_OK : PERSIST_DAMAGED);
    }
}
END_TEST

static const struct order {
    int64_t predecessor, first, second;
    persist_status status;
} orders[] = {
    {10, 11, 12, PERSIST_OK},
    {10, 10, 12, PERSIST_DAMAGED},
    {10, 9, 12, PERSIST_DAMAGED},
    {10, 11, 11, PERSIST_DAMAGED},
    {10, 12, 11, PERSIST_DAMAGED},
    {10, -1, 12, PERSIST_DAMAGED},
    {0, 1, 2, PERSIST_OK},
    {0, 0, 1, PERSIST_DAMAGED},
    {0, INT64_MAX - 1, INT64_MAX, PERSIST_OK},
    {0, INT64_MAX, INT64_MIN, PERSIST_DAMAGED},
    {INT64_MAX - 2, INT64_MAX - 1, INT64_MAX, PERSIST_OK},
    {-1, 1, 2, PERSIST_DAMAGED},
    {INT64_MIN, 1, 2, PERSIST_DAMAGED},
};

START_TEST(timestamps_rise)
{
    const struct order *order = &orders[_i];
    Persist__Transaction first = PERSIST__TRANSACTION__INIT, second = first;
    first.timestamp = order->first;
    second.timestamp = order->second;
    Persist__Transaction *txs[] = {&first, &second};
    Persist__CommitRecord message = good_message();
    message.predecessor = order->predecessor;
    message.predecessor_digest.len = order->predecessor ? 16 : 0;
    message.n_transactions = 2;
    message.transactions = txs;
    ck_assert_int_eq(status_of(&message), order->status);
}
END_TEST

START_TEST(keys_are_not_empty)
{
    for (size_t size = 0; size < 3; size++) {
        Persist__Write write = PERSIST__WRITE__INIT, *writes[] = {&write};
        write.key = (ProtobufCBinaryData){size, some_bytes};
        Persist__Transaction tx = PERSIST__TRANSACTION__INIT, *txs[] = {&tx};
        tx.timestamp = 11;
        tx.n_writes = 1;
        tx.writes = writes;
        Persist__CommitRecord message = good_message();
        message.n_transactions = 1;
        message.transactions = txs;
        ck_assert_int_eq(status_of(&message), size ? PERSIST_OK : PERSIST_DAMAGED);
    }
}
END_TEST

/* Ends well or as damage, with nothing in between; true if well. */
static bool decodes(const void *data, size_t size)
{
    /* A block of the very size, so that a sanitizer sees a read past the end. */
    unsigned char *copy = malloc(size ? size : 1);
    ck_assert_ptr_nonnull(copy);
    if (size)
        memcpy(copy, data, size);
    struct record *record = NULL;
    size_t memory;
    persist_status status = record_decode((persist_bytes){copy, size}, &record, &memory, &error);
    ck_assert(status == PERSIST_OK || status == PERSIST_DAMAGED);
    ck_assert_int_eq(record != NULL, status == PERSIST_OK);
    free(record);
    free(copy);
    return status == PERSIST_OK;
}

START_TEST(cuts_are_damage_or_a_shorter_record)
{
    persist_bytes bytes = from_hex(vectors[2 * _i]);
    size_t whole = 0;
    for (size_t size = 0; size < bytes.size; size++)
        whole += decodes(bytes.data, size);
    /* Protocol Buffers do not know their end: a cut between two transactions is a record,
     * with another digest. */
    ck_assert_uint_eq(whole, _i == 2 ? 0 : (size_t)_i + 1);
    ck_assert(!decodes(NULL, 0));
    free_bytes(bytes);
}
END_TEST

START_TEST(flipped_bits_are_damage_or_change_the_digest)
{
    persist_bytes bytes = from_hex(vectors[2 * _i]);
    persist_digest want = digest_of_hex(vectors[2 * _i + 1]), digest;
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        writable(bytes)[bit / 8] ^= (unsigned char)(1u << bit % 8);
        decodes(bytes.data, bytes.size);
        digest_hash128(bytes.data, bytes.size, &digest);
        ck_assert(!digest_equal(&digest, &want));
        writable(bytes)[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    free_bytes(bytes);
}
END_TEST

START_TEST(garbage_is_damage)
{
    uint64_t seed = 6;
    unsigned char bytes[200];
    for (int i = 0; i < 20000; i++) {
        size_t size = random_below(&seed, sizeof bytes);
        random_fill(&seed, bytes, size);
        ck_assert(!decodes(bytes, size));
    }
    /* Sizes that promise more than there is. */
    ck_assert(!decodes("\x22\xFF\xFF\xFF\xFF\x0F", 6));
    ck_assert(!decodes("\x1A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11));
}
END_TEST

START_TEST(mutated_records_are_safe)
{
    uint64_t seed = 7;
    struct buf out = {0};
    for (int i = 0; i < 3000; i++) {
        struct record record = random_record(&seed);
        persist_digest digest;
        out.size = 0;
        record.n_txs = record.n_txs % 4;
        ck_assert(record_encode(&record, &out, &digest));
        for (size_t j = 0; j < 4; j++)
            out.data[random_below(&seed, out.size)] = (unsigned char)random_next(&seed);
        decodes(out.data, out.size);
    }
    buf_free(&out);
}
END_TEST

/* Empty transactions: two bytes each that unpack to many more. */
START_TEST(memory_stays_in_proportion)
{
    enum { COUNT = 20000 };
    static unsigned char bytes[2 * COUNT];
    for (size_t i = 0; i < COUNT; i++)
        bytes[2 * i] = 0x22;
    struct record *record;
    size_t size;
    faults_bytes = 0;
    persist_status status =
        record_decode((persist_bytes){bytes, sizeof bytes}, &record, &size, NULL);
    ck_assert_int_eq(status, PERSIST_DAMAGED);
    ck_assert_uint_gt(faults_bytes, sizeof bytes);
    ck_assert_uint_lt(faults_bytes, 100 * sizeof bytes);
}
END_TEST

/* -------------------------------------------------------------- newer records, memory */

START_TEST(unknown_fields_are_skipped)
{
    /* Field 15 (a varint) and 16 (bytes) at the end of the record, field 9 (8 bytes) at the
     * end of its transaction. */
    persist_bytes bytes = from_hex(
        "1a0c000102030405060708090a0b"
        "222c"
        "0901002a36fe9c9717"
        "1005"
        "1a090a07757365722f3432"
        "1a0b0a07757365722f34331001"
        "490807060504030201"
        "7805"
        "820103616263");
    struct record *record = decoded(bytes), want = chain_member(0);
    assert_same(record, &want);
    free(record);
    free_bytes(bytes);
}
END_TEST

START_TEST(a_decoded_record_is_one_block_of_the_stated_size)
{
    persist_bytes bytes = from_hex(RECORD_SECOND_HEX);
    struct record *record;
    size_t size;
    ck_assert_int_eq(record_decode(bytes, &record, &size, &error), PERSIST_OK);
    ck_assert_uint_eq(size, sizeof *record + 2 * sizeof(struct record_tx) +
                                2 * sizeof(struct record_write) + 9);
    const char *begin = (const char *)record, *end = begin + size;
    const char *last = record->txs[1].writes[0].key.data;
    ck_assert(last > begin && last + 2 == end);
    free(record);
    free_bytes(bytes);
}
END_TEST

START_TEST(without_memory_nothing_is_encoded)
{
    struct record record = chain_member(1);
    struct buf out = {0};
    persist_digest digest;
    long needed = 0;
    for (;; needed++) {
        faults_left = needed;
        bool done = record_encode(&record, &out, &digest);
        faults_left = -1;
        if (done)
            break;
        ck_assert_uint_eq(out.size, 0);
    }
    ck_assert_int_eq(needed, 2); /* the messages, the buffer */
    assert_hex(buf_bytes(&out), RECORD_SECOND_HEX);
    buf_free(&out);
}
END_TEST

START_TEST(without_memory_nothing_is_copied)
{
    struct record record = chain_member(1);
    size_t size = 0;
    faults_left = 0;
    struct record *copy = record_copy(&record, &size);
    faults_left = -1;
    ck_assert_ptr_null(copy);
}
END_TEST

START_TEST(a_first_record_has_no_digest_before_it)
{
    struct record record = {.predecessor_digest = {{1, 2, 3}}};
    struct buf out = {0};
    persist_digest digest;
    size_t size;
    ck_assert(record_encode(&record, &out, &digest));
    struct record *back = decoded(buf_bytes(&out)), *copy = record_copy(&record, &size);
    assert_same(copy, back);
    ck_assert(digest_equal(&copy->predecessor_digest, &back->predecessor_digest));
    free(back);
    free(copy);
    buf_free(&out);
}
END_TEST

START_TEST(without_memory_nothing_is_decoded)
{
    persist_bytes bytes = from_hex(RECORD_SECOND_HEX);
    struct record *record = NULL;
    size_t size;
    long needed = 0;
    for (;; needed++) {
        faults_left = needed;
        persist_status status = record_decode(bytes, &record, &size, NULL);
        faults_left = -1;
        if (status == PERSIST_OK)
            break;
        ck_assert_int_eq(status, PERSIST_NO_MEMORY);
        ck_assert_ptr_null(record);
    }
    ck_assert_int_eq(needed, 2); /* the unpacked messages, the record */
    free(record);
    free_bytes(bytes);
}
END_TEST

/* Empty writes are at their worst: the first chunk does not hold them. */
START_TEST(without_memory_no_second_chunk)
{
    unsigned char bytes[2000];
    struct record *record = NULL;
    size_t size;
    long needed = 0;
    for (size_t i = 0; i < sizeof bytes; i += 2) {
        bytes[i] = 0x22;
        bytes[i + 1] = 0;
    }
    for (;; needed++) {
        faults_left = needed;
        persist_status status =
            record_decode((persist_bytes){bytes, sizeof bytes}, &record, &size, NULL);
        faults_left = -1;
        if (status == PERSIST_DAMAGED)
            break;
        ck_assert_int_eq(status, PERSIST_NO_MEMORY);
    }
    ck_assert_int_ge(needed, 2);
}
END_TEST

static void forget_error(void)
{
    error_clear(&error);
}

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, vectors_are_documented);
    tcase_add_loop_test(tests, records_and_their_chain_are_frozen, 0, 3);
    tcase_add_test(tests, encoding_appends);
    tcase_add_test(tests, records_of_any_shape_come_back);
    tcase_add_test(tests, a_full_group_comes_back);
    tcase_add_test(tests, digests_have_0_or_16_bytes);
    tcase_add_test(tests, batch_ids_have_12_bytes);
    tcase_add_loop_test(tests, timestamps_rise, 0, sizeof orders / sizeof *orders);
    tcase_add_test(tests, keys_are_not_empty);
    tcase_add_loop_test(tests, cuts_are_damage_or_a_shorter_record, 0, 3);
    tcase_add_loop_test(tests, flipped_bits_are_damage_or_change_the_digest, 0, 3);
    tcase_add_test(tests, garbage_is_damage);
    tcase_add_test(tests, mutated_records_are_safe);
    tcase_add_test(tests, memory_stays_in_proportion);
    tcase_add_test(tests, unknown_fields_are_skipped);
    tcase_add_test(tests, a_decoded_record_is_one_block_of_the_stated_size);
    tcase_add_test(tests, without_memory_nothing_is_encoded);
    tcase_add_test(tests, without_memory_nothing_is_decoded);
    tcase_add_test(tests, without_memory_nothing_is_copied);
    tcase_add_test(tests, a_first_record_has_no_digest_before_it);
    tcase_add_test(tests, without_memory_no_second_chunk);
}

int main(void)
{
    Suite *suite = suite_create("record");
    TCase *tests = tcase_create("record");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, NULL, forget_error);
    add_tests(tests);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
