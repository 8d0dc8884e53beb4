/* SPDX-License-Identifier: MIT */
/* Bytes as text and back: hexadecimal, base64 (RFC 4648), UTF-8. */
#ifndef TOOLS_PERSIST_ENCODE_H
#define TOOLS_PERSIST_ENCODE_H

#include "core/base/bytes.h"

enum encoding { ENCODING_TEXT, ENCODING_HEX, ENCODING_BASE64 };

/* Is it well-formed UTF-8 (no overlong forms, no surrogates, up to U+10FFFF)? */
bool encode_is_utf8(persist_bytes bytes);
/* Length of the well-formed character at the start, 0 if there is none. */
size_t encode_utf8_length(persist_bytes bytes);

/* Append; false without memory. */
bool encode_hex(struct buf *out, persist_bytes bytes);
bool encode_base64(struct buf *out, persist_bytes bytes);

/* What decoding came to. */
enum decoded { DECODED, DECODED_BAD, DECODED_NO_MEMORY };

/* Append what the text stands for. Base64 is taken with or without its padding. */
enum decoded decode_hex(struct buf *out, persist_bytes text);
enum decoded decode_base64(struct buf *out, persist_bytes text);

#endif
