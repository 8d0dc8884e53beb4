/* SPDX-License-Identifier: MIT */
#include "core/loader/loader.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/codec/digest.h"
#include "core/config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static int host_log_enabled(persist_log_level level)
{
    return log_enabled(level);
}

static void host_log(persist_log_level level, const char *text)
{
    if (text)
        log_text(level, text);
}

static persist_status host_random(void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = getrandom((char *)data + done, size - done, 0);
        if (got < 0 && errno != EINTR)
            return PERSIST_IO;
        if (got > 0)
            done += (size_t)got;
    }
    return PERSIST_OK;
}

/* Five capitals and digits, or nothing: it goes into messages and comparisons. */
static void take_sqlstate(const char given[6], char taken[6])
{
    memset(taken, 0, 6);
    for (int i = 0; i < 5; i++)
        if (!given[i] || !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", given[i]))
            return;
    memcpy(taken, given, 5);
}

static void host_set_error(const persist_call *call, const persist_error_detail *detail)
{
    if (!call || !PERSIST_HAS(call, error) || !call->error || !call->error->error || !detail)
        return;
    persist_error *error = call->error->error;
    persist_error_detail own = {0};
    memcpy(&own, detail, detail->size < sizeof own ? detail->size : sizeof own);
    /* The plugin's status is not known here: the caller sets it when the call returns. */
    error_set(error, PERSIST_INTERNAL, "%s", own.text ? own.text : "");
    error->retryable = own.flags & PERSIST_RETRYABLE;
    error->maybe_committed = own.flags & PERSIST_MAYBE_COMMITTED;
    error->session_dead = own.flags & PERSIST_SESSION_DEAD;
    error->vendor_code = own.vendor_code;
    take_sqlstate(own.sqlstate, error->sqlstate);
}

static const persist_host host = {
    .size = sizeof host,
    .abi_major = PERSIST_ABI_MAJOR,
    .abi_minor = PERSIST_ABI_MINOR,
    .version = PERSIST_VERSION,
    .log_enabled = host_log_enabled,
    .log = host_log,
    .alloc = malloc,
    .resize = realloc,
    .release = free,
    .xxh3_64 = digest_hash64,
    .xxh3_128 = digest_hash128,
    .crc32c = digest_crc32c,
    .monotonic = clock_monotonic,
    .wall = clock_wall,
    .random = host_random,
    .setting_text = settings_text,
    .setting_number = settings_number,
    .setting_error = settings_error,
    .percent_decode = config_percent_decode,
    .set_error = host_set_error,
};

const persist_host *loader_host(void)
{
    return &host;
}
