/* SPDX-License-Identifier: MIT */
/* Any text is a URL or has a fault; a password in it is not in what is shown. */
#include "core/config/config.h"
#include "core/config/url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Shown in a buffer of any size it ends with a NUL in it. */
static void show(const char *url, size_t capacity)
{
    char *out = malloc(capacity);
    if (!out)
        return;
    config_url_redacted(url, out, capacity);
    if (!memchr(out, '\0', capacity))
        abort();
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char scheme[64], decoded[256];
    char *url = malloc(size + 1);
    if (!url)
        return 0;
    if (size)
        memcpy(url, data, size);
    url[size] = '\0';
    const char *fault = url_fault(url);
    if (fault && !*fault)
        abort();
    url_has_secret(url);
    config_url_scheme(url, scheme, sizeof scheme);
    config_percent_decode(url, strlen(url), decoded, sizeof decoded);
    show(url, 1);
    show(url, 16);
    show(url, 4 * size + 64);
    free(url);
    return 0;
}
