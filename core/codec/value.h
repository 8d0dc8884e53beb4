/* SPDX-License-Identifier: MIT */
/*
 * Stored values. A stored value is a header of 32 bytes and a payload:
 *
 *     offset  size
 *          0     1  format major
 *          1     1  format minor
 *          2     1  codec: 0 the raw value, 1 zstd
 *          3     1  header size in bytes: 32, more once there are extensions
 *          4     4  size of the raw value, little-endian
 *          8     8  checksum, little-endian
 *         16    12  transaction id: batch
 *         28     4  transaction id: index in the batch, little-endian
 *         32        header extensions, then the payload
 *
 * checksum = XXH3-64 of [namespace id, 4 LE][timestamp, 8 LE][key size, 4 LE][key]
 * [header with the checksum's bytes as zeros][XXH3-64 of the payload, 8 LE], so a
 * value in another place is damage as much as a flipped bit. The payload is hashed
 * once, at put; place and time are folded in at commit.
 *
 * The digest of a version (summed up over a namespace) is XXH3-128 of [timestamp, 8 LE]
 * [flags, 4 LE][key size, 4 LE][key][XXH3-64 of the payload, 8 LE; zeros for a
 * tombstone]. It does not cover the namespace, so it stays when data are moved.
 */
#ifndef CORE_CODEC_VALUE_H
#define CORE_CODEC_VALUE_H

#include "core/base/bytes.h"
#include "core/base/error.h"

#define VALUE_FORMAT_MAJOR 0
#define VALUE_FORMAT_MINOR 1
#define VALUE_HEADER_SIZE 32
#define VALUE_KEY_MAX 2048
#define TX_ID_SIZE 16
#define BATCH_ID_SIZE 12

enum value_codec { VALUE_RAW = 0, VALUE_ZSTD = 1 };

/* How values are packed. */
struct value_options {
    enum value_codec codec;
    int level;        /* of zstd */
    size_t threshold; /* bytes; smaller values stay raw */
};

/* The id of a transaction as it stands in headers: batch, and index little-endian. */
void value_tx_id(const unsigned char batch[BATCH_ID_SIZE], uint32_t index,
                 unsigned char tx_id[TX_ID_SIZE]);

/* A value between put and commit: header space and payload in one malloc'ed block. */
struct packed_value {
    unsigned char *data; /* NULL: a tombstone */
    size_t size;         /* header and payload */
    size_t raw_size;     /* bytes of the value as given */
    uint64_t payload_hash;
};

/* Where a version is. The key has at most VALUE_KEY_MAX bytes. */
struct value_place {
    uint32_t ns;
    persist_bytes key;
    int64_t timestamp;
};

/* Compresses if that makes it smaller, and hashes. NO_MEMORY, LIMIT (raw >= 4 GiB). */
persist_status value_pack(const struct value_options *options, persist_bytes raw,
                          struct packed_value *out, persist_error *error);
/* The raw value of a packed one, no tombstone (a transaction reads its own write). As
 * value_open. */
persist_status value_peek(const struct packed_value *packed, persist_bytes *raw,
                          struct buf *scratch, persist_error *error);
/* Writes transaction id and checksum into the header. May be done again. */
void value_seal(struct packed_value *packed, const struct value_place *place,
                const unsigned char tx_id[TX_ID_SIZE]);
void value_free(struct packed_value *packed);

/*
 * Verifies and opens a stored value. *raw points into `stored`, or into `scratch` if it
 * had to be decompressed, which overwrites what was there; `stored` must not lie in it.
 * tx_id may be NULL. DAMAGED (checksum, sizes, truncated; the message names what is wrong
 * but not where: the caller adds the place), FORMAT (newer major, unknown codec),
 * NO_MEMORY.
 */
persist_status value_open(const struct value_place *place, persist_bytes stored, persist_bytes *raw,
                          struct buf *scratch, unsigned char tx_id[TX_ID_SIZE],
                          persist_error *error);

/* Digest of a version; flags: PERSIST_VERSION_TOMBSTONE (payload_hash 0) or 0. */
void value_version_digest(const struct value_place *place, uint32_t flags, uint64_t payload_hash,
                          persist_digest *digest);

#endif
