/* SPDX-License-Identifier: MIT */
#include "tests/unit/config_fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char fixture_folder[64];

static const persist_setting settings[] = {
    {.name = "host", .type = PERSIST_SETTING_TEXT, .flags = PERSIST_SETTING_CONNECTION},
    {.name = "port",
     .type = PERSIST_SETTING_INT,
     .flags = PERSIST_SETTING_CONNECTION,
     .min = 1,
     .max = 65535,
     .preset = "5432",
     .help = "Port of the \"engine\"."},
    {.name = "password",
     .type = PERSIST_SETTING_TEXT,
     .flags = PERSIST_SETTING_CONNECTION | PERSIST_SETTING_SECRET},
    {.name = "pin",
     .type = PERSIST_SETTING_INT,
     .flags = PERSIST_SETTING_SECRET,
     .min = 1000,
     .max = 9999},
    {.name = "cache", .type = PERSIST_SETTING_SIZE, .min = 1024, .preset = "2MiB"},
    {.name = "busy", .type = PERSIST_SETTING_DURATION, .max = INT64_C(60000000000)},
    {.name = "tls",
     .type = PERSIST_SETTING_CHOICE,
     .choices = "off prefer require",
     .preset = "prefer"},
    {.name = "prepared", .type = PERSIST_SETTING_BOOL, .preset = "true"},
};

const persist_plugin fixture_plugin = {
    .head = {.name = "demo", .schemes = "demo demo+tls", .section = "demo", .summary = "Demo."},
    .size = sizeof(persist_plugin),
    .settings = settings,
    .n_settings = sizeof settings / sizeof *settings,
};

static void clear_variables(void)
{
    for (size_t i = 0; environ && environ[i];) {
        char name[256];
        if (strncmp(environ[i], "PERSIST_", 8) != 0) {
            i++;
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)strcspn(environ[i], "="), environ[i]);
        unsetenv(name);
    }
}

void fixture_begin(void)
{
    strcpy(fixture_folder, "/tmp/persist-config-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(fixture_folder));
    ck_assert_int_eq(chdir(fixture_folder), 0);
    clear_variables();
    unsetenv("CREDENTIALS_DIRECTORY");
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

void fixture_end(void)
{
    ck_assert_int_eq(chdir("/"), 0);
    nftw(fixture_folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    clear_variables();
}

void fixture_write_bytes(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(name, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(name, 0600), 0);
}

void fixture_write(const char *name, const char *text)
{
    fixture_write_bytes(name, text, strlen(text));
}

persist_config *fixture_load(const char *text)
{
    persist_config *config = NULL;
    persist_error error = ERROR_INIT;
    fixture_write("test.yaml", text);
    persist_status status = persist_config_load("test.yaml", &config, &error);
    ck_assert_msg(status == PERSIST_OK, "refused: %s", persist_error_message(&error));
    ck_assert_ptr_nonnull(config);
    error_clear(&error);
    return config;
}

static void refuse(const char *path, persist_status status, const char *expected, bool whole)
{
    persist_config *config = NULL;
    persist_error error = ERROR_INIT;
    ck_assert_int_eq(persist_config_load(path, &config, &error), status);
    ck_assert_ptr_null(config);
    ck_assert_int_eq(persist_error_status(&error), status);
    if (whole)
        ck_assert_str_eq(persist_error_message(&error), expected);
    else
        ck_assert_msg(strstr(persist_error_message(&error), expected), "\"%s\" is not in \"%s\"",
                      expected, persist_error_message(&error));
    error_clear(&error);
    /* Without an error object the status is the same. */
    ck_assert_int_eq(persist_config_load(path, &config, NULL), status);
}

void fixture_refuse(const char *path, persist_status status, const char *expected)
{
    refuse(path, status, expected, true);
}

void fixture_fault(const char *text, const char *expected)
{
    fixture_write("test.yaml", text);
    refuse("test.yaml", PERSIST_CONFIG, expected, true);
}

void fixture_fault_part(const char *text, const char *part)
{
    fixture_write("test.yaml", text);
    refuse("test.yaml", PERSIST_CONFIG, part, false);
}
