/* SPDX-License-Identifier: MIT */
/*
 * Frozen bytes: the worked examples of doc/formats.md. They were made by other programs
 * (protoc, the zstd command, a script around xxhash) from the text of the formats. When
 * one of them has to change, stored data can no longer be read.
 */
#ifndef TESTS_UNIT_CODEC_VECTORS_H
#define TESTS_UNIT_CODEC_VECTORS_H

/* What the values, digests and records below were made from. */
#define VECTOR_NS 7
#define VECTOR_KEY "user/42"
#define VECTOR_TIMESTAMP INT64_C(1700000000000000001)
#define VECTOR_BATCH "000102030405060708090a0b"
#define VECTOR_INDEX 5

#define VALUE_RAW_HEX \
    "000100200c00000007145c742da23a23000102030405060708090a0b0500000068656c6c6f2c20776f726c64"
#define VALUE_EMPTY_HEX "0001002000000000e986efb801ba8ffa000102030405060708090a0b05000000"
#define VALUE_ZSTD_HEX                                                                             \
    "00010120000200005d08ff4c8917c179000102030405060708090a0b0500000028b52ffd6000017d000040706572" \
    "73697374200100f5530b17"
#define VALUE_EXTENDED_HEX                                                                         \
    "000900280c0000008755020d595fa8e2000102030405060708090a0b05000000010666757475726568656c6c6f2c" \
    "20776f726c64"
#define VALUE_MAJOR_1_HEX \
    "010000200c000000f8f8a9d969cc5a57000102030405060708090a0b0500000068656c6c6f2c20776f726c64"
#define VALUE_CODEC_2_HEX \
    "000202200c0000009c502632a074bfca000102030405060708090a0b0500000068656c6c6f2c20776f726c64"
#define VERSION_DIGEST_HEX "0c88da1ad2f0bf6bd0c5ff84d095b004"
#define TOMBSTONE_DIGEST_HEX "4fa9048b88f708ef2f70f58d8c5b8fad"
#define DIGEST_SUM_HEX "5c31dea65be7c85b0036f5125cf13fb1"
#define RECORD_FIRST_HEX                                                                           \
    "1a0c000102030405060708090a0b22230901002a36fe9c971710051a090a07757365722f34321a0b0a0775736572" \
    "2f34331001"
#define RECORD_FIRST_DIGEST_HEX "88649b8f576cdfe012c85f95f9d5daf8"
#define RECORD_SECOND_HEX                                                                          \
    "0901002a36fe9c9717121088649b8f576cdfe012c85f95f9d5daf81a0cf0f1f2f3f4f5f6f7f8f9fafb2216090200" \
    "2a36fe9c97171a0b0a07757365722f3432100122120903002a36fe9c971710ac021a040a0200ff"
#define RECORD_SECOND_DIGEST_HEX "b24f864913aff5d7c2f3f87b78249589"
#define RECORD_EMPTY_HEX \
    "0903002a36fe9c97171210b24f864913aff5d7c2f3f87b782495891a0cfbfaf9f8f7f6f5f4f3f2f1f0"
#define RECORD_EMPTY_DIGEST_HEX "9fb0d7125dd0710df3e532a74bfef358"
#define KEY_NULL_HEX "20"
#define KEY_FALSE_HEX "50"
#define KEY_TRUE_HEX "58"
#define KEY_INT_42_HEX "30800000000000002a"
#define KEY_INT_MINUS_1_HEX "307fffffffffffffff"
#define KEY_INT_MIN_HEX "300000000000000000"
#define KEY_FLOAT_1_5_HEX "40bff8000000000000"
#define KEY_FLOAT_MINUS_1_5_HEX "404007ffffffffffff"
#define KEY_FLOAT_MINUS_0_HEX "407fffffffffffffff"
#define KEY_TEXT_HEX "606100ff620000"
#define KEY_TEXT_EMPTY_HEX "600000"
#define KEY_BYTES_HEX "70ff00ff0000"
#define KEY_TUPLE_HEX "308000000000000007308000000000000000605ac3bc72696368000058"

#endif
