/* SPDX-License-Identifier: MIT */
/*
 * Session tokens: a commit's timestamp and the digest of its record, as 16 and 32
 * hexadecimal digits. A store may serve a reader with the token if its log holds that
 * record.
 */
#include "core/txn/tx.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

_Static_assert(PERSIST_TOKEN_SIZE == 16 + 32 + 1, "a token is a timestamp, a digest and a NUL");

static void token_write(const persist_anchor *anchor, char text[PERSIST_TOKEN_SIZE])
{
    snprintf(text, PERSIST_TOKEN_SIZE, "%016" PRIx64, (uint64_t)anchor->timestamp);
    for (size_t i = 0; i < sizeof anchor->digest.bytes; i++)
        snprintf(text + 16 + 2 * i, 3, "%02x", anchor->digest.bytes[i]);
}

persist_status token_read(const char *text, persist_anchor *anchor, persist_error *error)
{
    uint64_t timestamp;
    *anchor = (persist_anchor){0};
    if (strlen(text) != PERSIST_TOKEN_SIZE - 1 ||
        strspn(text, "0123456789abcdef") != PERSIST_TOKEN_SIZE - 1 ||
        sscanf(text, "%16" SCNx64, &timestamp) != 1 || timestamp > INT64_MAX)
        return error_set(error, PERSIST_INVALID,
                         "the session token is not one: give the %d hexadecimal digits that "
                         "persist_tx_token gave",
                         PERSIST_TOKEN_SIZE - 1);
    anchor->at = anchor->timestamp = (int64_t)timestamp;
    for (size_t i = 0; i < sizeof anchor->digest.bytes; i++)
        sscanf(text + 16 + 2 * i, "%2hhx", &anchor->digest.bytes[i]);
    return PERSIST_OK;
}

persist_status persist_tx_token(persist_tx *tx, char token[PERSIST_TOKEN_SIZE],
                                persist_error *error)
{
    int64_t timestamp;
    persist_status status = persist_tx_timestamp(tx, &timestamp, error);
    if (status == PERSIST_OK)
        token_write(&tx->anchor, token);
    return status;
}
