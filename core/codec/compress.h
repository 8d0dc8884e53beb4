/* SPDX-License-Identifier: MIT */
/* zstd, with contexts that are kept for the next call. Any thread. */
#ifndef CORE_CODEC_COMPRESS_H
#define CORE_CODEC_COMPRESS_H

#include <persist/types.h>

/* Compresses into `to`. LIMIT: it does not fit into `capacity`; NO_MEMORY. */
persist_status compress_zstd(int level, persist_bytes from, unsigned char *to, size_t capacity,
                             size_t *size);
/* Raw size that a frame states; DAMAGED if it is no zstd frame, or states none. */
persist_status compress_zstd_raw_size(persist_bytes frame, uint64_t *size);
/* Decompresses exactly `size` bytes. DAMAGED: not one frame of that size; NO_MEMORY. */
persist_status decompress_zstd(persist_bytes frame, unsigned char *to, size_t size);

#endif
