/* SPDX-License-Identifier: MIT */
#include "core/codec/value.h"
#include "core/codec/compress.h"
#include "core/codec/digest.h"
#include "core/codec/wire.h"

#include <assert.h>
#include <inttypes.h>
#include <persist/plugin.h>
#include <stdlib.h>
#include <string.h>

enum header_offset {
    AT_MAJOR = 0,
    AT_MINOR = 1,
    AT_CODEC = 2,
    AT_HEADER_SIZE = 3,
    AT_RAW_SIZE = 4,
    AT_CHECKSUM = 8,
    AT_TX_ID = 16
};

_Static_assert(AT_TX_ID + TX_ID_SIZE == VALUE_HEADER_SIZE, "the transaction id ends the header");

#define HEADER_SIZE_MAX 255
#define PLACE_SIZE_MAX (4 + 8 + 4 + VALUE_KEY_MAX)

/* A stored value, taken apart. */
struct value_view {
    const unsigned char *header;
    size_t header_size;
    persist_bytes payload;
};

/* ---------------------------------------------------------------------- hashing */

static size_t value_add_key(unsigned char *at, persist_bytes key)
{
    assert(key.size <= VALUE_KEY_MAX);
    size_t size = key.size <= VALUE_KEY_MAX ? key.size : VALUE_KEY_MAX;
    wire_put_le32(at, (uint32_t)key.size);
    if (size)
        memcpy(at + 4, key.data, size);
    return 4 + size;
}

static uint64_t value_checksum(const struct value_place *place, const unsigned char *header,
                               size_t header_size, uint64_t payload_hash)
{
    unsigned char text[PLACE_SIZE_MAX + HEADER_SIZE_MAX + 8];
    size_t size = 12;
    wire_put_le32(text, place->ns);
    wire_put_le64(text + 4, (uint64_t)place->timestamp);
    size += value_add_key(text + size, place->key);
    assert(header_size <= HEADER_SIZE_MAX);
    memcpy(text + size, header, header_size);
    memset(text + size + AT_CHECKSUM, 0, 8);
    size += header_size;
    wire_put_le64(text + size, payload_hash);
    return digest_hash64(text, size + 8, 0);
}

void value_version_digest(const struct value_place *place, uint32_t flags, uint64_t payload_hash,
                          persist_digest *digest)
{
    assert(!(flags & PERSIST_VERSION_TOMBSTONE) || payload_hash == 0);
    unsigned char text[PLACE_SIZE_MAX + 8];
    size_t size = 12;
    wire_put_le64(text, (uint64_t)place->timestamp);
    wire_put_le32(text + 8, flags);
    size += value_add_key(text + size, place->key);
    wire_put_le64(text + size, payload_hash);
    digest_hash128(text, size + 8, digest);
}

/* ---------------------------------------------------------------------- packing */

/* Fills `to`, which has room for the raw value. */
static persist_status value_pack_payload(const struct value_options *options, persist_bytes raw,
                                         unsigned char *to, size_t *size, enum value_codec *codec)
{
    persist_status status = PERSIST_LIMIT;
    *codec = VALUE_ZSTD;
    if (options->codec == VALUE_ZSTD && raw.size && raw.size >= options->threshold)
        /* Less than an eighth saved is not worth decompressing at every read. */
        status = compress_zstd(options->level, raw, to, raw.size - (raw.size + 7) / 8, size);
    if (status != PERSIST_LIMIT)
        return status;
    *codec = VALUE_RAW;
    *size = raw.size;
    if (raw.size)
        memcpy(to, raw.data, raw.size);
    return PERSIST_OK;
}

static void value_write_header(unsigned char *header, enum value_codec codec, size_t raw_size)
{
    memset(header, 0, VALUE_HEADER_SIZE);
    header[AT_MAJOR] = VALUE_FORMAT_MAJOR;
    header[AT_MINOR] = VALUE_FORMAT_MINOR;
    header[AT_CODEC] = (unsigned char)codec;
    header[AT_HEADER_SIZE] = VALUE_HEADER_SIZE;
    wire_put_le32(header + AT_RAW_SIZE, (uint32_t)raw_size);
}

persist_status value_pack(const struct value_options *options, persist_bytes raw,
                          struct packed_value *out, persist_error *error)
{
    assert(options->codec == VALUE_RAW || options->codec == VALUE_ZSTD);
    if ((uint64_t)raw.size > UINT32_MAX || raw.size > SIZE_MAX - VALUE_HEADER_SIZE)
        return error_set(error, PERSIST_LIMIT,
                         "a value of %zu bytes cannot be stored: give less than 4 GiB", raw.size);
    unsigned char *data = malloc(VALUE_HEADER_SIZE + raw.size);
    if (!data)
        return error_no_memory(error);
    size_t size = 0;
    enum value_codec codec;
    if (value_pack_payload(options, raw, data + VALUE_HEADER_SIZE, &size, &codec) != PERSIST_OK) {
        free(data);
        return error_no_memory(error);
    }
    value_write_header(data, codec, raw.size);
    if (size < raw.size) {
        unsigned char *less = realloc(data, VALUE_HEADER_SIZE + size);
        data = less ? less : data;
    }
    *out = (struct packed_value){
        .data = data,
        .size = VALUE_HEADER_SIZE + size,
        .raw_size = raw.size,
        .payload_hash = digest_hash64(data + VALUE_HEADER_SIZE, size, 0),
    };
    return PERSIST_OK;
}

void value_tx_id(const unsigned char batch[BATCH_ID_SIZE], uint32_t index,
                 unsigned char tx_id[TX_ID_SIZE])
{
    memcpy(tx_id, batch, BATCH_ID_SIZE);
    wire_put_le32(tx_id + BATCH_ID_SIZE, index);
}

void value_seal(struct packed_value *packed, const struct value_place *place,
                const unsigned char tx_id[TX_ID_SIZE])
{
    assert(packed->data && packed->size >= VALUE_HEADER_SIZE);
    memcpy(packed->data + AT_TX_ID, tx_id, TX_ID_SIZE);
    wire_put_le64(packed->data + AT_CHECKSUM,
                  value_checksum(place, packed->data, VALUE_HEADER_SIZE, packed->payload_hash));
}

void value_free(struct packed_value *packed)
{
    free(packed->data);
    *packed = (struct packed_value){0};
}

/* ---------------------------------------------------------------------- opening */

static persist_status value_split(persist_bytes stored, struct value_view *view,
                                  persist_error *error)
{
    if (stored.size < VALUE_HEADER_SIZE)
        return error_set(error, PERSIST_DAMAGED,
                         "the stored value has %zu bytes, fewer than its header of %d", stored.size,
                         VALUE_HEADER_SIZE);
    const unsigned char *header = stored.data;
    size_t header_size = header[AT_HEADER_SIZE];
    if (header_size < VALUE_HEADER_SIZE || header_size > stored.size)
        return error_set(error, PERSIST_DAMAGED,
                         "the stored value of %zu bytes states a header of %zu bytes", stored.size,
                         header_size);
    *view = (struct value_view){
        .header = header,
        .header_size = header_size,
        .payload = {header + header_size, stored.size - header_size},
    };
    return PERSIST_OK;
}

static persist_status value_verify(const struct value_place *place, const struct value_view *view,
                                   persist_error *error)
{
    if (place->key.size > VALUE_KEY_MAX)
        return error_set(error, PERSIST_DAMAGED,
                         "the key has %zu bytes: no value was ever stored under more than %d",
                         place->key.size, VALUE_KEY_MAX);
    uint64_t stated = wire_get_le64(view->header + AT_CHECKSUM);
    uint64_t found = value_checksum(place, view->header, view->header_size,
                                    digest_hash64(view->payload.data, view->payload.size, 0));
    if (found != stated)
        return error_set(error, PERSIST_DAMAGED,
                         "the stored value's checksum is %016" PRIx64
                         ", but its bytes and place give %016" PRIx64,
                         stated, found);
    return PERSIST_OK;
}

/* Only a value whose checksum holds is asked for its format: a flipped bit in there is
 * damage, not a newer version. */
static persist_status value_check_format(const struct value_view *view, persist_error *error)
{
    unsigned major = view->header[AT_MAJOR], minor = view->header[AT_MINOR];
    unsigned codec = view->header[AT_CODEC];
    if (major != VALUE_FORMAT_MAJOR)
        return error_set(error, PERSIST_FORMAT,
                         "the value has format %u.%u, this build knows up to %d.%d: use a newer "
                         "persist",
                         major, minor, VALUE_FORMAT_MAJOR, VALUE_FORMAT_MINOR);
    if (codec != VALUE_RAW && codec != VALUE_ZSTD)
        return error_set(error, PERSIST_FORMAT,
                         "the value (format %u.%u) is packed by codec %u, this build (%d.%d) knows "
                         "0 (raw) and 1 (zstd): use a newer persist",
                         major, minor, codec, VALUE_FORMAT_MAJOR, VALUE_FORMAT_MINOR);
    return PERSIST_OK;
}

static persist_status value_decompress(const struct value_view *view, uint32_t raw_size,
                                       persist_bytes *raw, struct buf *scratch,
                                       persist_error *error)
{
    uint64_t stated;
    if (compress_zstd_raw_size(view->payload, &stated) != PERSIST_OK || stated != raw_size)
        return error_set(error, PERSIST_DAMAGED,
                         "the stored value's payload is not a zstd frame of %" PRIu32 " bytes",
                         raw_size);
    scratch->size = 0;
    if (!buf_reserve(scratch, raw_size ? raw_size : 1))
        return error_no_memory(error);
    persist_status status = decompress_zstd(view->payload, scratch->data, raw_size);
    if (status == PERSIST_NO_MEMORY)
        return error_no_memory(error);
    if (status != PERSIST_OK)
        return error_set(error, PERSIST_DAMAGED,
                         "the stored value's zstd frame does not give the %" PRIu32
                         " bytes it states",
                         raw_size);
    scratch->size = raw_size;
    *raw = buf_bytes(scratch);
    return PERSIST_OK;
}

static persist_status value_unpack(const struct value_view *view, persist_bytes *raw,
                                   struct buf *scratch, persist_error *error)
{
    uint32_t raw_size = wire_get_le32(view->header + AT_RAW_SIZE);
    if (view->header[AT_CODEC] == VALUE_ZSTD)
        return value_decompress(view, raw_size, raw, scratch, error);
    if (view->payload.size != raw_size)
        return error_set(error, PERSIST_DAMAGED,
                         "the stored value holds %zu bytes, but states %" PRIu32,
                         view->payload.size, raw_size);
    *raw = view->payload;
    return PERSIST_OK;
}

persist_status value_peek(const struct packed_value *packed, persist_bytes *raw,
                          struct buf *scratch, persist_error *error)
{
    assert(packed->data);
    struct value_view view;
    persist_status status = value_split((persist_bytes){packed->data, packed->size}, &view, error);
    return status == PERSIST_OK ? value_unpack(&view, raw, scratch, error) : status;
}

persist_status value_open(const struct value_place *place, persist_bytes stored, persist_bytes *raw,
                          struct buf *scratch, unsigned char tx_id[TX_ID_SIZE],
                          persist_error *error)
{
    struct value_view view;
    persist_status status = value_split(stored, &view, error);
    if (status == PERSIST_OK)
        status = value_verify(place, &view, error);
    if (status == PERSIST_OK)
        status = value_check_format(&view, error);
    if (status == PERSIST_OK)
        status = value_unpack(&view, raw, scratch, error);
    if (status == PERSIST_OK && tx_id)
        memcpy(tx_id, view.header + AT_TX_ID, TX_ID_SIZE);
    return status;
}
