/* SPDX-License-Identifier: MIT */
/*
 * Making a zstd context costs as much as compressing a kilobyte, so a few are kept in a
 * pool of the process. A slot holds an idle context or NULL; taking and giving back are
 * one atomic exchange each, so a context is never in two hands. When no slot has one, or
 * has room, contexts are made, or ended, as if there were no pool.
 */
#include "core/codec/compress.h"

#include <stdatomic.h>
#include <zstd.h>
#include <zstd_errors.h>

#define POOL_SLOTS 8
/* High levels and large values swell a context: such a one is not kept. */
#define POOL_CONTEXT_BYTES ((size_t)8 << 20)

struct pool {
    _Atomic(void *) slots[POOL_SLOTS];
};

static struct pool compressors, decompressors;

static void *pool_take(struct pool *pool)
{
    for (int i = 0; i < POOL_SLOTS; i++) {
        if (!atomic_load_explicit(&pool->slots[i], memory_order_relaxed))
            continue;
        void *context = atomic_exchange(&pool->slots[i], NULL);
        if (context)
            return context;
    }
    return NULL;
}

/* NULL if it was taken over, else the context. */
static void *pool_give(struct pool *pool, void *context, size_t size)
{
    for (int i = 0; i < POOL_SLOTS && size <= POOL_CONTEXT_BYTES; i++) {
        void *empty = NULL;
        if (atomic_compare_exchange_strong(&pool->slots[i], &empty, context))
            return NULL;
    }
    return context;
}

persist_status compress_zstd(int level, persist_bytes from, unsigned char *to, size_t capacity,
                             size_t *size)
{
    ZSTD_CCtx *context = pool_take(&compressors);
    if (!context)
        context = ZSTD_createCCtx();
    if (!context)
        return PERSIST_NO_MEMORY;
    size_t made = ZSTD_compressCCtx(context, to, capacity, from.data, from.size, level);
    ZSTD_freeCCtx(pool_give(&compressors, context, ZSTD_sizeof_CCtx(context)));
    if (!ZSTD_isError(made)) {
        *size = made;
        return PERSIST_OK;
    }
    return ZSTD_getErrorCode(made) == ZSTD_error_dstSize_tooSmall ? PERSIST_LIMIT
                                                                  : PERSIST_NO_MEMORY;
}

persist_status compress_zstd_raw_size(persist_bytes frame, uint64_t *size)
{
    unsigned long long stated = ZSTD_getFrameContentSize(frame.data, frame.size);
    if (stated == ZSTD_CONTENTSIZE_ERROR || stated == ZSTD_CONTENTSIZE_UNKNOWN)
        return PERSIST_DAMAGED;
    *size = stated;
    return PERSIST_OK;
}

persist_status decompress_zstd(persist_bytes frame, unsigned char *to, size_t size)
{
    /* What follows the first frame would be decompressed too: it is not ours. */
    if (ZSTD_findFrameCompressedSize(frame.data, frame.size) != frame.size)
        return PERSIST_DAMAGED;
    ZSTD_DCtx *context = pool_take(&decompressors);
    if (!context)
        context = ZSTD_createDCtx();
    if (!context)
        return PERSIST_NO_MEMORY;
    size_t made = ZSTD_decompressDCtx(context, to, size, frame.data, frame.size);
    ZSTD_freeDCtx(pool_give(&decompressors, context, ZSTD_sizeof_DCtx(context)));
    if (ZSTD_isError(made) && ZSTD_getErrorCode(made) == ZSTD_error_memory_allocation)
        return PERSIST_NO_MEMORY;
    return made == size ? PERSIST_OK : PERSIST_DAMAGED;
}
