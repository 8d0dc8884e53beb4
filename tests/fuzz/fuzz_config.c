/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: any bytes as a configuration. What is accepted is shown, bound to a backend
 * and read; what is refused has a message. The first line, if it begins with '#', is also
 * taken as a URL.
 */
#include "core/config/config.h"
#include "core/config/read.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const persist_setting settings[] = {
    {.name = "host", .type = PERSIST_SETTING_TEXT, .flags = PERSIST_SETTING_CONNECTION},
    {.name = "password", .type = PERSIST_SETTING_TEXT, .flags = PERSIST_SETTING_SECRET},
    {.name = "cache", .type = PERSIST_SETTING_SIZE, .min = 1},
    {.name = "busy", .type = PERSIST_SETTING_DURATION},
    {.name = "tls", .type = PERSIST_SETTING_CHOICE, .choices = "off on"},
};
static const persist_plugin plugin = {
    .head = {.name = "sqlite", .schemes = "sqlite", .section = "sqlite"},
    .size = sizeof(persist_plugin),
    .settings = settings,
    .n_settings = sizeof settings / sizeof *settings,
};

static persist_status look(void *context, const char *name, const char *value, const char *origin)
{
    size_t *sum = context;
    *sum += strlen(name) + strlen(value) + strlen(origin);
    return PERSIST_OK;
}

static void try_url(const char *text, size_t size)
{
    char out[256];
    const char *end = memchr(text, '\n', size);
    size_t length = end ? (size_t)(end - text) : size;
    char *url = malloc(length + 1);
    if (!url)
        return;
    memcpy(url, text, length);
    url[length] = '\0';
    config_url_redacted(url, out, sizeof out);
    config_url_scheme(url, out, sizeof out);
    config_percent_decode(url, strlen(url), out, sizeof out);
    free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    persist_config *config = NULL;
    persist_settings *bound = NULL;
    persist_error *error = persist_error_new();
    const char *text = size ? (const char *)data : "";
    size_t sum = 0;
    if (size && text[0] == '#')
        try_url(text + 1, size - 1);
    persist_status status = read_memory("input", text, size, &config, error);
    if (status) {
        if (error && !*persist_error_message(error))
            abort();
        goto out;
    }
    config_show(config, NULL, NULL, look, &sum);
    if (config_bind(config, &plugin, &bound, error) == PERSIST_OK)
        config_show(config, &plugin, bound, look, &sum);
    settings_free(bound);
    persist_config_set(config, "persistence", text[0] == '#' ? "sqlite:a" : "memory:", error);
    persist_config_free(config);
out:
    persist_error_free(error);
    return 0;
}
