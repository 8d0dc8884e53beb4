/* SPDX-License-Identifier: MIT */
/* What a file may say: keys, types, the two forms of persistence, includes, warnings. */
#include "tests/unit/config_fixture.h"

#include "core/config/declare.h"
#include "core/config/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define S INT64_C(1000000000)

START_TEST(presets)
{
    persist_config *config = fixture_load("namespace: default\n");
    size_t n = 7;
    ck_assert_ptr_null(config_url(config));
    ck_assert_ptr_null(config_backend(config));
    ck_assert_str_eq(config_text(config, "namespace"), "default");
    ck_assert_ptr_null(config_text(config, "schema"));
    config_list(config, "plugin_path", &n);
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(config_number(config, "durability"), 1);
    ck_assert_int_eq(config_number(config, "transaction.isolation"), 0);
    ck_assert_int_eq(config_number(config, "transaction.freshness"), 0);
    ck_assert_int_eq(config_number(config, "transaction.max_retries"), 10);
    ck_assert_int_eq(config_number(config, "transaction.timeout"), 5 * S);
    ck_assert_int_eq(config_number(config, "transaction.max_clock_lead"), 60 * S);
    ck_assert_int_eq(config_number(config, "pool.max"), 16);
    ck_assert_int_eq(config_number(config, "pool.min"), 0);
    ck_assert_int_eq(config_number(config, "pool.idle_timeout"), 90 * S);
    ck_assert_int_eq(config_number(config, "values.compression"), 1);
    ck_assert_int_eq(config_number(config, "values.threshold"), 1024);
    ck_assert_int_eq(config_number(config, "values.max_bytes"), 8 << 20);
    ck_assert_int_eq(config_number(config, "gc.retention"), 7 * 86400 * S);
    ck_assert_int_eq(config_number(config, "metrics.enabled"), 1);
    ck_assert_int_eq(config_number(config, "resolve_timeout"), 30 * S);
    ck_assert_uint_eq(config_warnings(config), 0);
    persist_config_free(config);
}
END_TEST

START_TEST(values)
{
    persist_config *config = fixture_load(
        "persistence: sqlite:app.db\n"
        "namespace: 123\n"
        "plugin_path: [/a, \"/b c\"]\n"
        "durability: process\n"
        "transaction: {isolation: snapshot, timeout: 250ms}\n"
        "values:\n"
        "  compression: none\n"
        "  max_bytes: \"1MiB\"\n"
        "slow_log: {plan: false}\n"
        "log: {level: 'debug'}\n"
        "sqlite: {cache: 1}\n");
    size_t n;
    const char *const *list = config_list(config, "plugin_path", &n);
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(list[0], "/a");
    ck_assert_str_eq(list[1], "/b c");
    ck_assert_str_eq(config_url(config), "sqlite:app.db");
    ck_assert_str_eq(config_text(config, "namespace"), "123");
    ck_assert_int_eq(config_number(config, "durability"), 0);
    ck_assert_int_eq(config_number(config, "transaction.isolation"), 1);
    ck_assert_int_eq(config_number(config, "transaction.timeout"), S / 4);
    ck_assert_int_eq(config_number(config, "values.compression"), 0);
    ck_assert_int_eq(config_number(config, "values.max_bytes"), 1 << 20);
    ck_assert_int_eq(config_number(config, "slow_log.plan"), 0);
    ck_assert_int_eq(config_number(config, "log.level"), 3);
    persist_config_free(config);
    config = fixture_load("plugin_path: /one\n");
    ck_assert_str_eq(config_list(config, "plugin_path", &n)[0], "/one");
    ck_assert_uint_eq(n, 1);
    persist_config_free(config);
    config = fixture_load("plugin_path: []\n");
    config_list(config, "plugin_path", &n);
    ck_assert_uint_eq(n, 0);
    persist_config_free(config);
}
END_TEST

START_TEST(unknown_keys)
{
    fixture_fault("polo: {max: 3}\n",
                  "test.yaml:1:1: unknown key \"polo\": did you mean \"pool\"?");
    fixture_fault("pool: {mx: 3}\n",
                  "test.yaml:1:8: unknown key \"pool.mx\": did you mean \"pool.max\"?");
    fixture_fault("pool: {frobnicate: 3}\n",
                  "test.yaml:1:8: unknown key \"pool.frobnicate\": remove it, or correct its name");
    fixture_fault("max_retries: 3\n",
                  "test.yaml:1:1: unknown key \"max_retries\": did you mean "
                  "\"transaction.max_retries\"?");
    fixture_fault("frobnicate: 3\n",
                  "test.yaml:1:1: unknown key \"frobnicate\": remove it, or correct its name");
    fixture_fault("sqlit: {a: 1}\n",
                  "test.yaml:1:1: unknown key \"sqlit\": did you mean \"sqlite\"?");
    fixture_fault("sqlit: 1\n", "test.yaml:1:1: unknown key \"sqlit\": did you mean \"sqlite\"?");
    fixture_fault("Namespace: a\n",
                  "test.yaml:1:1: unknown key \"Namespace\": did you mean \"namespace\"?");
    fixture_fault("pool.max: 3\n",
                  "test.yaml:1:1: \"pool.max\" is a path: write \"max\" below \"pool:\"");
}
END_TEST

START_TEST(wrong_types)
{
    fixture_fault("namespace: [a]\n", "test.yaml:1:12: namespace is a list: give a single value");
    fixture_fault("namespace: {a: b}\n",
                  "test.yaml:1:12: namespace is a mapping: give a single value");
    fixture_fault("pool: 3\n",
                  "test.yaml:1:7: pool is a single value: give a mapping of its "
                  "keys, or leave it out");
    fixture_fault("pool:\ngc: []\n",
                  "test.yaml:1:6: pool is empty: give a mapping of its keys, or leave it out\n"
                  "test.yaml:2:5: gc is a list: give a mapping of its keys, or leave it out");
    fixture_fault("sqlite: 3\n",
                  "test.yaml:1:9: sqlite is a single value: give a mapping of its "
                  "keys, or leave it out");
    fixture_fault("sqlite: {cache: [1]}\n",
                  "test.yaml:1:17: sqlite.cache is a list: give a single value");
    fixture_fault("namespace:\n",
                  "test.yaml:1:11: namespace has no value: give one, or leave the key out");
    fixture_fault("pool: {max: null}\n",
                  "test.yaml:1:13: pool.max has no value: give one, or leave the key out");
    fixture_fault("namespace: \"\"\n",
                  "test.yaml:1:12: namespace \"\" is empty: give a value, or "
                  "leave it out");
    fixture_fault("schema: ''\n",
                  "test.yaml:1:9: schema \"\" is empty: give a value, or leave it "
                  "out");
    fixture_fault("plugin_path: [/a, [b], {c: d}, ~]\n",
                  "test.yaml:1:19: plugin_path is a list: give a single value\n"
                  "test.yaml:1:24: plugin_path is a mapping: give a single value\n"
                  "test.yaml:1:32: plugin_path has no value: give one, or leave the key out");
    fixture_fault("plugin_path: [a, /b, c]\n",
                  "test.yaml:1:15: plugin_path \"a\" is not an absolute path: begin it with /\n"
                  "test.yaml:1:22: plugin_path \"c\" is not an absolute path: begin it with /");
    fixture_fault("slow_log: {plan: yes}\n",
                  "test.yaml:1:18: slow_log.plan is yes: give true or false");
}
END_TEST

START_TEST(bad_numbers)
{
    static const char *const texts[] = {
        "10x",   "-1",   "0",    "2147483648", "9223372036854775809",
        "1e400", ".inf", "0x10", "1.0",        "\"3\""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[64];
        snprintf(text, sizeof text, "pool: {max: %s}\n", texts[i]);
        fixture_fault_part(text, "test.yaml:1:13: pool.max is ");
    }
    fixture_fault("pool: {max: 1025}\n", "test.yaml:1:13: pool.max is 1025: give 1 to 1024");
    fixture_fault("pool: {connect_timeout: 0}\n",
                  "test.yaml:1:25: pool.connect_timeout is 0: give a duration such as 15s, 1ms "
                  "to 1h");
    fixture_fault("values: {max_bytes: 2GiB}\n",
                  "test.yaml:1:21: values.max_bytes is 2GiB: give a size such as 64MiB, 1B to "
                  "1GiB");
    fixture_fault("values: {compression: lz4}\n",
                  "test.yaml:1:23: values.compression is lz4: give one of none, zstd");
}
END_TEST

START_TEST(pool_bounds)
{
    fixture_fault("pool: {min: 5, max: 4}\n",
                  "test.yaml:1:13: pool.min is 5, above pool.max, which is 4: lower the one or "
                  "raise the other");
    fixture_fault("pool: {min: 17}\n",
                  "test.yaml:1:13: pool.min is 17, above pool.max, which is 16: lower the one or "
                  "raise the other");
    persist_config_free(fixture_load("pool: {min: 4, max: 4}\n"));
}
END_TEST

START_TEST(namespaces)
{
    char text[128] = "namespace: ";
    memset(text + 11, 'n', 64);
    persist_config_free(fixture_load(text));
    text[75] = 'n';
    fixture_fault_part(text, "is no name of a namespace: give 1 to 64 of a-z, 0-9, _ and -");
    fixture_fault("namespace: A\n",
                  "test.yaml:1:12: namespace \"A\" is no name of a namespace: "
                  "give 1 to 64 of a-z, 0-9, _ and -");
    persist_config_free(fixture_load("namespace: a-b_0\n"));
}
END_TEST

START_TEST(urls)
{
    fixture_fault("persistence: app.db\n",
                  "test.yaml:1:14: persistence \"app.db\" is a URL without a scheme: begin it with "
                  "the backend, such as sqlite:app.db or postgres://host/db");
    fixture_fault("persistence: \"postgres://u:s3cret@h/\\x01\"\n",
                  "test.yaml:1:14: persistence \"postgres://u:<redacted>@h/\\x01\" is a URL with a "
                  "control character: write it as %XX");
    fixture_fault("persistence: [a]\n",
                  "test.yaml:1:14: persistence is a list: give a single value");
    char *text = malloc(70000);
    memset(text, 'x', 65536);
    memcpy(text, "persistence: sqlite:", 20);
    strcpy(text + 65536, "\n");
    fixture_fault_part(text, "is a URL of more than 8192 bytes: shorten it");
    free(text);
}
END_TEST

START_TEST(mapping_form)
{
    persist_config *config = fixture_load(
        "persistence:\n"
        "  backend: postgres\n"
        "  host: h\n");
    ck_assert_ptr_null(config_url(config));
    ck_assert_str_eq(config_backend(config), "postgres");
    persist_config_free(config);
    fixture_fault("persistence: {host: h}\n",
                  "test.yaml:1:14: persistence has no backend: add "
                  "one, such as backend: sqlite");
    fixture_fault("persistence: {}\n",
                  "test.yaml:1:14: persistence has no backend: add one, such "
                  "as backend: sqlite");
    fixture_fault("persistence: {backend: \"\"}\n",
                  "test.yaml:1:24: persistence.backend \"\" is no name: give one such as sqlite or "
                  "postgres\n"
                  "test.yaml:1:14: persistence has no backend: add one, such as backend: sqlite");
    fixture_fault("persistence: {backend: a, tls: [x]}\n",
                  "test.yaml:1:32: persistence.tls is a list: give a single value");
}
END_TEST

START_TEST(plugin_sections)
{
    /* A section nobody knows is refused, unless the store is that plugin's. */
    fixture_fault("demo: {host: h}\n",
                  "test.yaml:1:1: unknown key \"demo\": remove it, or correct its name");
    fixture_fault("demo: {}\n",
                  "test.yaml:1:1: unknown key \"demo\": remove it, or correct its name");
    persist_config_free(fixture_load("persistence: demo:x\ndemo: {host: h}\n"));
    persist_config_free(fixture_load("persistence: DEMO:x\ndemo: {host: h}\n"));
    persist_config_free(fixture_load("demo: {host: h}\npersistence: {backend: demo}\n"));
    setenv("PERSIST_PERSISTENCE", "demo:y", 1);
    persist_config_free(fixture_load("persistence: sqlite:x\ndemo: {host: h}\n"));
    unsetenv("PERSIST_PERSISTENCE");
    persist_config_free(fixture_load("sqlite: {a: 1}\npostgres: {b: 2}\nmysql: {c: d}\n"));
}
END_TEST

/* ---- includes */

START_TEST(include_order)
{
    ck_assert_int_eq(mkdir("conf.d", 0700), 0);
    fixture_write("conf.d/20.yaml", "pool: {max: 20}\n");
    fixture_write("conf.d/10.yml", "pool: {max: 10, min: 1}\nnamespace: ten\n");
    fixture_write("conf.d/30.txt", "no: yaml\n");
    fixture_write("conf.d/.40.yaml", "no: yaml\n");
    fixture_write("more.yaml", "gc: {retention: 1d}\n");
    /* An include overrides the file that names it, and a later one an earlier one. */
    persist_config *config = fixture_load("include: conf.d\nnamespace: own\ngc: {interval: 1m}\n");
    ck_assert_int_eq(config_number(config, "pool.max"), 20);
    ck_assert_int_eq(config_number(config, "pool.min"), 1);
    ck_assert_str_eq(config_text(config, "namespace"), "ten");
    ck_assert_int_eq(config_number(config, "gc.interval"), 60 * S);
    persist_config_free(config);
    config = fixture_load("include: [more.yaml, conf.d/2*.yaml, 'conf.d/*.none']\n");
    ck_assert_int_eq(config_number(config, "pool.max"), 20);
    ck_assert_int_eq(config_number(config, "gc.retention"), 86400 * S);
    persist_config_free(config);
    config = fixture_load("include: [conf.d/20.yaml, conf.d/10.yml]\n");
    ck_assert_int_eq(config_number(config, "pool.max"), 10);
    persist_config_free(config);
    config = fixture_load("include: []\n");
    persist_config_free(config);
}
END_TEST

START_TEST(include_is_relative_to_its_file)
{
    ck_assert_int_eq(mkdir("a", 0700), 0);
    ck_assert_int_eq(mkdir("a/b", 0700), 0);
    fixture_write("a/b/c.yaml", "schema: s.yaml\nnamespace: c\n");
    fixture_write("a/b.yaml", "include: b/c.yaml\n");
    persist_config *config = fixture_load("include: a/b.yaml\nschema: /abs.yaml\n");
    ck_assert_str_eq(config_text(config, "namespace"), "c");
    ck_assert_str_eq(config_text(config, "schema"), "a/b/s.yaml");
    persist_config_free(config);
    char text[128];
    snprintf(text, sizeof text, "include: %s/a/b.yaml\n", fixture_folder);
    config = fixture_load(text);
    ck_assert_str_eq(config_text(config, "namespace"), "c");
    persist_config_free(config);
}
END_TEST

START_TEST(include_faults)
{
    fixture_fault("include: none.yaml\n",
                  "test.yaml:1:10: include \"none.yaml\" is not there: "
                  "create it or correct the path");
    fixture_fault("include: test.yaml\n",
                  "test.yaml:1:10: include \"test.yaml\" includes itself: break the circle");
    fixture_write("a.yaml", "include: ./test.yaml\n");
    fixture_fault("include: a.yaml\n",
                  "a.yaml:1:10: include \"./test.yaml\" includes itself: break the circle");
    fixture_write("bad.yaml", "pool: {max: 0}\n");
    fixture_fault("include: bad.yaml\ngc: {retention: 1}\n",
                  "test.yaml:2:17: gc.retention is 1, which has no unit: give a duration such as "
                  "15s, 0 to 36500d\n"
                  "bad.yaml:1:13: pool.max is 0: give 1 to 1024");
    fixture_fault("include: {a: b}\n", "test.yaml:1:10: include is a mapping: give a single value");
    fixture_fault("include: [[a]]\n", "test.yaml:1:11: include is a list: give a single value");
    fixture_fault("include:\n",
                  "test.yaml:1:9: include has no value: give one, or leave the key out");
    ck_assert_int_eq(mkfifo("fifo.yaml", 0600), 0);
    fixture_fault("include: fifo.yaml\n",
                  "test.yaml:1:10: include \"fifo.yaml\" is not a regular file: give one");
    fixture_write("list.yaml", "- a\n");
    fixture_fault_part("include: list.yaml\n", "list.yaml:1:1: the file holds a list");
}
END_TEST

/* A chain of files, each including the next one. */
static void write_chain(int length)
{
    for (int i = 1; i <= length; i++) {
        char name[32], text[64];
        snprintf(name, sizeof name, "chain%d.yaml", i);
        if (i < length)
            snprintf(text, sizeof text, "include: chain%d.yaml\n", i + 1);
        else
            snprintf(text, sizeof text, "namespace: deepest\n");
        fixture_write(name, text);
    }
}

START_TEST(include_depth)
{
    write_chain(READ_INCLUDE_DEPTH);
    persist_config *config = fixture_load("include: chain1.yaml\n");
    ck_assert_str_eq(config_text(config, "namespace"), "deepest");
    persist_config_free(config);
    write_chain(READ_INCLUDE_DEPTH + 1);
    fixture_fault("include: chain1.yaml\n",
                  "chain8.yaml:1:10: include \"chain9.yaml\" is included more than 8 deep: "
                  "flatten it");
}
END_TEST

START_TEST(include_count)
{
    ck_assert_int_eq(mkdir("many", 0700), 0);
    for (int i = 1; i < READ_FILES_MAX; i++) {
        char name[32];
        snprintf(name, sizeof name, "many/%03d.yaml", i);
        fixture_write(name, "pool: {max: 3}\n");
    }
    persist_config_free(fixture_load("include: many\n"));
    fixture_write("many/999.yaml", "pool: {max: 3}\n");
    fixture_fault("include: many\n",
                  "test.yaml:1:10: include \"many/999.yaml\" is one file too many: at most 100 "
                  "are read");
}
END_TEST

START_TEST(persistence_is_one_value)
{
    fixture_write("inc.yaml", "persistence: {backend: demo, port: 1}\n");
    persist_config *config =
        fixture_load("include: inc.yaml\npersistence: {backend: other, host: h, port: 2}\n");
    ck_assert_str_eq(config_backend(config), "demo");
    persist_settings *settings;
    ck_assert_int_eq(config_bind(config, &fixture_plugin, &settings, NULL), PERSIST_OK);
    ck_assert_ptr_null(settings_text(settings, "host"));
    settings_free(settings);
    persist_config_free(config);
    fixture_write("inc.yaml", "persistence: sqlite:x\n");
    config = fixture_load("include: inc.yaml\npersistence: {backend: other, host: h}\n");
    ck_assert_ptr_null(config_backend(config));
    ck_assert_str_eq(config_url(config), "sqlite:x");
    persist_config_free(config);
}
END_TEST

/* ---- warnings */

/* Keys that nothing acts on are taken, and whoever sets them is told. */
START_TEST(unused_keys)
{
    static const char *const names[] = {
        "gc.interval",    "verify.interval", "verify.rate", "slow_log.threshold", "slow_log.plan",
        "slow_log.stack", "metrics.enabled", "log.level",   "log.format",         "schema"};
    size_t n = 0;
    for (size_t i = 0; i < n_declarations; i++)
        n += (declarations[i].setting.flags & DECLARE_UNUSED) != 0;
    ck_assert_uint_eq(n, sizeof names / sizeof *names);
    for (size_t i = 0; i < n; i++) {
        const persist_setting *setting = &declarations[declare_find(names[i])].setting;
        ck_assert_msg(setting->flags & DECLARE_UNUSED, "%s", names[i]);
    }
}
END_TEST

START_TEST(unused_keys_warn)
{
    persist_config *config = fixture_load(
        "pool: {max: 3}\n"
        "gc: {interval: 30s, retention: 1d}\n"
        "log:\n"
        "  level: debug\n");
    ck_assert_uint_eq(config_warnings(config), 2);
    ck_assert_str_eq(config_warning(config, 0),
                     "test.yaml:2:16: gc.interval is set, but this release does nothing with it");
    ck_assert_str_eq(config_warning(config, 1),
                     "test.yaml:4:10: log.level is set, but this release does nothing with it");
    /* Set anew it is one warning still, and a value that is refused makes none. */
    ck_assert_int_eq(persist_config_set(config, "gc.interval", "1m", NULL), PERSIST_OK);
    ck_assert_int_eq(persist_config_set(config, "verify.rate", "much", NULL), PERSIST_CONFIG);
    ck_assert_int_eq(persist_config_set(config, "schema", "s.yaml", NULL), PERSIST_OK);
    ck_assert_int_eq(persist_config_set(config, "pool.max", "4", NULL), PERSIST_OK);
    ck_assert_uint_eq(config_warnings(config), 3);
    ck_assert_str_eq(config_warning(config, 0),
                     "flag: gc.interval is set, but this release does nothing with it");
    ck_assert_str_eq(config_warning(config, 2),
                     "flag: schema is set, but this release does nothing with it");
    persist_config_free(config);
}
END_TEST

static size_t warnings_with_mode(const char *text, mode_t mode)
{
    persist_config *config;
    fixture_write("mode.yaml", text);
    ck_assert_int_eq(chmod("mode.yaml", mode), 0);
    ck_assert_int_eq(persist_config_load("mode.yaml", &config, NULL), PERSIST_OK);
    size_t n = config_warnings(config);
    for (size_t i = 0; i < n; i++) {
        ck_assert_str_eq(config_warning(config, i),
                         "mode.yaml holds a password and may be read by everybody: chmod o-r it, "
                         "or use password_file");
    }
    persist_config_free(config);
    return n;
}

START_TEST(readable_secrets)
{
    static const char *const secrets[] = {
        "persistence: postgres://u:s3cret@h/d\n",
        "persistence: postgres://u@h/d?password=s3cret\n",
        "persistence: {backend: postgres, password: s3cret}\n",
        "postgres: {sslpassword: s3cret}\n",
    };
    static const char *const plain[] = {
        "persistence: postgres://u@h/d\n",
        "persistence: {backend: postgres, password_file: f}\n",
        "postgres: {host: password}\n",
    };
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        ck_assert_uint_eq(warnings_with_mode(secrets[i], 0600), 0);
        ck_assert_uint_eq(warnings_with_mode(secrets[i], 0640), 0);
        ck_assert_uint_eq(warnings_with_mode(secrets[i], 0644), 1);
    }
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        ck_assert_uint_eq(warnings_with_mode(plain[i], 0644), 0);
}
END_TEST

START_TEST(empty_file)
{
    persist_config *config = fixture_load("# nothing\n");
    ck_assert_uint_eq(config_warnings(config), 1);
    ck_assert_str_eq(config_warning(config, 0), "test.yaml holds no settings");
    persist_config_free(config);
}
END_TEST

/* A file of the source tree, in static memory. */
static const char *read_source(const char *name)
{
    static char text[65536];
    const char *source = getenv("top_srcdir");
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", source ? source : ".", name);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file, "%s is not there", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static const char *last_part(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

/* The example names every key, with its preset if it has one. */
START_TEST(example)
{
    persist_config *empty = NULL;
    ck_assert_int_eq(persist_config_load(NULL, &empty, NULL), PERSIST_OK);
    const char *text = read_source("etc/persist.yaml");
    persist_config *config = fixture_load(text);
    ck_assert_str_eq(config_url(config), "sqlite:persist.db");
    ck_assert_uint_eq(config_warnings(config), 0);
    for (size_t i = 0; i < n_declarations; i++) {
        const persist_setting *setting = &declarations[i].setting;
        char key[64];
        snprintf(key, sizeof key, "%s:", last_part(setting->name));
        ck_assert_msg(strstr(text, key), "the example does not explain %s", setting->name);
        if (setting->type != PERSIST_SETTING_TEXT)
            ck_assert_int_eq(config_number(config, setting->name),
                             config_number(empty, setting->name));
    }
    persist_config_free(config);
    persist_config_free(empty);
}
END_TEST

/* Does it say so in the item of the key, or at the head of its section? */
static bool says_unused(const char *text, const char *name)
{
    static const char words[] = "This release does nothing with ";
    char head[64];
    const char *dot = strchr(name, '.');
    if (dot)
        snprintf(head, sizeof head, "\n=head2 %.*s\n", (int)(dot - name), name);
    else
        snprintf(head, sizeof head, "\n=item B<%s>\n", name);
    const char *at = strstr(text, head);
    const char *said = at ? strstr(at, words) : NULL;
    const char *end = at ? strstr(at + strlen(head), dot ? "\n=head" : "\n=item") : NULL;
    return said && (!end || said < end);
}

START_TEST(manual)
{
    const char *text = read_source("doc/persist.yaml.5.pod");
    for (size_t i = 0; i < n_declarations; i++) {
        const persist_setting *setting = &declarations[i].setting;
        char key[64], preset[64];
        snprintf(key, sizeof key, "B<%s>", last_part(setting->name));
        snprintf(preset, sizeof preset, "C<%s>", setting->preset ? setting->preset : "sqlite");
        ck_assert_msg(strstr(text, key), "the manual does not explain %s", setting->name);
        ck_assert_msg(strstr(text, preset), "the manual misses the preset of %s", setting->name);
        if (setting->flags & DECLARE_UNUSED)
            ck_assert_msg(says_unused(text, setting->name),
                          "the manual does not say that %s has "
                          "no effect",
                          setting->name);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config-load");
    TCase *tests = tcase_create("all");
    /* Resolved before the working folder changes. */
    if (getenv("top_srcdir")) {
        char *source = realpath(getenv("top_srcdir"), NULL);
        setenv("top_srcdir", source ? source : "", 1);
        free(source);
    }
    tcase_add_checked_fixture(tests, fixture_begin, fixture_end);
    tcase_add_test(tests, presets);
    tcase_add_test(tests, values);
    tcase_add_test(tests, unknown_keys);
    tcase_add_test(tests, wrong_types);
    tcase_add_test(tests, bad_numbers);
    tcase_add_test(tests, pool_bounds);
    tcase_add_test(tests, namespaces);
    tcase_add_test(tests, urls);
    tcase_add_test(tests, mapping_form);
    tcase_add_test(tests, plugin_sections);
    tcase_add_test(tests, include_order);
    tcase_add_test(tests, include_is_relative_to_its_file);
    tcase_add_test(tests, include_faults);
    tcase_add_test(tests, include_depth);
    tcase_add_test(tests, include_count);
    tcase_add_test(tests, persistence_is_one_value);
    tcase_add_test(tests, unused_keys);
    tcase_add_test(tests, unused_keys_warn);
    tcase_add_test(tests, readable_secrets);
    tcase_add_test(tests, empty_file);
    tcase_add_test(tests, example);
    tcase_add_test(tests, manual);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
