/* SPDX-License-Identifier: MIT */
/* Files that are no configuration: each kind is refused with its place and a reason. */
#include "tests/unit/config_fixture.h"

#include "core/config/faults.h"
#include "core/config/read.h"
#include "core/config/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Parses from memory; the message is compared whole. */
static void refuse_bytes(const char *data, size_t size, const char *expected)
{
    persist_config *config = NULL;
    persist_error error = ERROR_INIT;
    ck_assert_int_eq(read_memory("f", data, size, &config, &error), PERSIST_CONFIG);
    ck_assert_str_eq(persist_error_message(&error), expected);
    error_clear(&error);
}

static void refuse(const char *text, const char *expected)
{
    refuse_bytes(text, strlen(text), expected);
}

static void refuse_part(const char *text, const char *part)
{
    persist_config *config = NULL;
    persist_error error = ERROR_INIT;
    ck_assert_int_eq(read_memory("f", text, strlen(text), &config, &error), PERSIST_CONFIG);
    ck_assert_msg(strstr(persist_error_message(&error), part), "%s", persist_error_message(&error));
    error_clear(&error);
}

static persist_config *accept_bytes(const char *data, size_t size)
{
    persist_config *config = NULL;
    persist_error error = ERROR_INIT;
    persist_status status = read_memory("f", data, size, &config, &error);
    ck_assert_msg(!status, "%s", persist_error_message(&error));
    return config;
}

static void accept_pool_max(const char *data, size_t size, int64_t max)
{
    persist_config *config = accept_bytes(data, size);
    ck_assert_int_eq(config_number(config, "pool.max"), max);
    persist_config_free(config);
}

START_TEST(accepted_forms)
{
    static const char crlf[] = "pool:\r\n  max: 3\r\n";
    static const char bom[] = "\xEF\xBB\xBFpool:\n  max: 3\nnamespace: a\n";
    static const char json[] = "{\"pool\": {\"max\": 3}}";
    static const char marked[] = "%YAML 1.1\n---\npool: {max: 3}\n...\n";
    static const char no_end[] = "# c\npool: {max: 3} # c";
    accept_pool_max(crlf, sizeof crlf - 1, 3);
    accept_pool_max(bom, sizeof bom - 1, 3);
    accept_pool_max(json, sizeof json - 1, 3);
    accept_pool_max(marked, sizeof marked - 1, 3);
    accept_pool_max(no_end, sizeof no_end - 1, 3);
    accept_pool_max("", 0, 16);
    accept_pool_max("# only\n# comments\n", 18, 16);
}
END_TEST

START_TEST(no_mapping)
{
    refuse("- a\n",
           "f:1:1: the file holds a list: give a mapping, such as "
           "persistence: sqlite:app.db");
    refuse("\n  hello\n",
           "f:2:3: the file holds a single value: give a mapping, such as "
           "persistence: sqlite:app.db");
    refuse("~",
           "f:1:1: the file holds a single value: give a mapping, such as "
           "persistence: sqlite:app.db");
    refuse("--- {}\n--- {}\n", "f:2:1: a second document begins: one file holds one");
}
END_TEST

START_TEST(refused_by_name)
{
    refuse("namespace: &n a\n", "f:1:12: anchor \"&n\" is not supported: write the value out");
    refuse("pool: &p {max: 3}\n", "f:1:7: anchor \"&p\" is not supported: write the value out");
    refuse("plugin_path: &p [/a]\n", "f:1:14: anchor \"&p\" is not supported: write the value out");
    refuse("namespace: *n\n", "f:1:12: alias \"*n\" is not supported: write the value out");
    refuse("*n : a\n", "f:1:1: alias \"*n\" is not supported: write the value out");
    refuse("*n\n", "f:1:1: alias \"*n\" is not supported: write the value out");
    refuse("plugin_path: *n\n", "f:1:14: alias \"*n\" is not supported: write the value out");
    refuse("pool: *n\n", "f:1:7: alias \"*n\" is not supported: write the value out");
    refuse("pool: {max: !!int 3}\n",
           "f:1:13: tag \"tag:yaml.org,2002:int\" is not supported: leave it out");
    refuse("pool: !x {max: 3}\n", "f:1:7: tag \"!x\" is not supported: leave it out");
    refuse("plugin_path: !x [/a]\n", "f:1:14: tag \"!x\" is not supported: leave it out");
    refuse("namespace: \"a\\0b\"\n", "f:1:12: a NUL is in a text: leave it out");
    refuse_part("pool:\n  <<: {max: 3}\n", "f:2:3: unknown key \"pool.<<\"");
}
END_TEST

START_TEST(alias_bomb)
{
    char text[2048] = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i <= 9; i++) {
        char line[256];
        snprintf(line, sizeof line, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n",
                 i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
        strcat(text, line);
    }
    refuse_part(text, "f:1:5: anchor \"&a0\" is not supported");
}
END_TEST

START_TEST(keys)
{
    refuse("pool: {max: 3}\ngc: {}\npool: {min: 1}\n",
           "f:3:1: key \"pool\" is there twice: first at f:1:1");
    refuse("pool: {max: 3, max: 4}\n", "f:1:16: key \"max\" is there twice: first at f:1:8");
    refuse("? [a]\n: b\n", "f:1:3: a key is a list: give a single word");
    refuse("? {a: b}\n: c\n", "f:1:3: a key is a mapping: give a single word");
    refuse("? {a: b}\n: c\npool: {max: 0}\n",
           "f:1:3: a key is a mapping: give a single word\n"
           "f:3:13: pool.max is 0: give 1 to 1024");
    refuse_part("\"a\\nb\": 1\n", "f:1:1: unknown key \"a\\x0ab\"");
    refuse_part("? \n: 1\n", "unknown key \"\"");
}
END_TEST

START_TEST(syntax)
{
    refuse_part("pool:\n\tmax: 3\n",
                "f:2:1: not well-formed YAML: while scanning for the next "
                "token, found character that cannot start any token");
    refuse_part("pool: {max: 3\n", "f:2:1: not well-formed YAML: while parsing");
    refuse_part("pool: \"x\n", "f:2:1: not well-formed YAML: while scanning a quoted scalar");
    refuse_part("a: b: c\n", "f:1:5: not well-formed YAML: mapping values are not allowed");
    refuse_part("pool:\n  max: 3\n min: 2\n", "f:3:2: not well-formed YAML: while parsing");
    refuse_part("- a\nb: c\n", "f:2:1: not well-formed YAML: while parsing");
    refuse_part("%FOO\n", "f:1:5: not well-formed YAML");
}
END_TEST

START_TEST(bytes)
{
    refuse("a: \xFF\n", "f:1:4: not valid UTF-8: save the file as UTF-8");
    refuse("# \xC3\xA9\n# \xC3\xA9 \xED\xA0\x80\n",
           "f:2:5: not valid UTF-8: save the file as UTF-8");
    refuse_bytes("a: b\nc: \0d", 10, "f:2:4: a NUL byte: remove it");
    refuse_bytes(
        "\xFF\xFE"
        "a\0",
        4, "f:1:1: not valid UTF-8: save the file as UTF-8");
    refuse("a:\nb: x\x01\n", "f:2:5: not well-formed YAML: control characters are not allowed");
}
END_TEST

/* `levels` lists inside each other, at the top. */
static void nest(int levels, const char *expected)
{
    char *text = malloc((size_t)levels * 2 + 1);
    memset(text, '[', (size_t)levels);
    memset(text + levels, ']', (size_t)levels);
    text[2 * levels] = '\0';
    refuse_part(text, expected);
    free(text);
}

START_TEST(depth)
{
    nest(TREE_DEPTH_MAX + 1, "f:1:1: the file holds a list");
    nest(TREE_DEPTH_MAX + 2, "f:1:18: nested more than 16 deep: flatten it");
    nest(10000, "f:1:18: nested more than 16 deep: flatten it");
}
END_TEST

START_TEST(many_entries)
{
    char *text = malloc(TREE_ITEMS_MAX * 16 + 64);
    size_t used = (size_t)sprintf(text, "plugin_path:\n");
    for (int i = 0; i < TREE_ITEMS_MAX; i++)
        used += (size_t)sprintf(text + used, "- /p%d\n", i);
    persist_config *config = accept_bytes(text, used);
    size_t n;
    config_list(config, "plugin_path", &n);
    ck_assert_uint_eq(n, TREE_ITEMS_MAX);
    persist_config_free(config);
    strcpy(text + used, "- /one/more\n");
    refuse_part(text, "f:1002:3: more than 1000 entries");
    free(text);
}
END_TEST

START_TEST(size)
{
    char *text = malloc(TREE_BYTES_MAX + 1);
    memset(text, '#', TREE_BYTES_MAX + 1);
    persist_config_free(accept_bytes(text, TREE_BYTES_MAX));
    refuse_bytes(text, TREE_BYTES_MAX + 1,
                 "f: larger than 1048576 bytes: this is no configuration");
    fixture_write_bytes("big.yaml", text, TREE_BYTES_MAX + 1);
    fixture_refuse("big.yaml", PERSIST_CONFIG,
                   "configuration file big.yaml has 1048577 bytes: at most 1048576 are read");
    free(text);
}
END_TEST

START_TEST(no_file)
{
    fixture_refuse("none.yaml", PERSIST_NOT_FOUND,
                   "configuration file none.yaml is not there: create it or correct the path");
    fixture_refuse("", PERSIST_NOT_FOUND,
                   "configuration file  is not there: create it or correct the path");
    fixture_write("file", "");
    fixture_refuse("file/x", PERSIST_NOT_FOUND,
                   "configuration file file/x is not there: create it or correct the path");
    ck_assert_int_eq(mkdir("dir", 0700), 0);
    fixture_refuse("dir", PERSIST_CONFIG, "configuration file dir is a folder: give a file");
    ck_assert_int_eq(mkfifo("fifo", 0600), 0);
    fixture_refuse("fifo", PERSIST_CONFIG,
                   "configuration file fifo is not a regular file: give one");
    fixture_refuse("/dev/zero", PERSIST_CONFIG,
                   "configuration file /dev/zero is not a regular file: give one");
    ck_assert_int_eq(symlink("loop", "loop"), 0);
    fixture_refuse("loop", PERSIST_IO,
                   "configuration file loop cannot be read: Too many levels of symbolic links");
    if (geteuid() != 0) {
        ck_assert_int_eq(chmod("file", 0), 0);
        fixture_refuse("file", PERSIST_IO,
                       "configuration file file may not be read by this user: correct its "
                       "permissions");
    }
}
END_TEST

START_TEST(from_memory)
{
    refuse("include: x.yaml\n", "f:1:1: include has no place here: give one whole configuration");
}
END_TEST

START_TEST(all_at_once)
{
    char text[4096] = "", *at = text;
    for (int i = 0; i < FAULTS_MAX + 7; i++)
        at += sprintf(at, "unknown_%d_key: 1\n", i);
    persist_config *config = NULL;
    persist_error error = ERROR_INIT;
    ck_assert_int_eq(read_memory("f", text, strlen(text), &config, &error), PERSIST_CONFIG);
    size_t lines = 1;
    for (const char *c = persist_error_message(&error); *c; c++)
        lines += *c == '\n';
    ck_assert_uint_eq(lines, FAULTS_MAX + 1);
    ck_assert_ptr_nonnull(strstr(persist_error_message(&error), "\nf:50:1: unknown key"));
    ck_assert_ptr_null(strstr(persist_error_message(&error), "f:51:1:"));
    ck_assert_ptr_nonnull(strstr(persist_error_message(&error), "\nand 7 more faults"));
    error_clear(&error);
}
END_TEST

START_TEST(long_words)
{
    char text[3000] = "";
    memset(text, 'k', 900);
    strcpy(text + 900, ": 1\npool: {max: ");
    memset(text + strlen(text), '9', 200);
    strcat(text, "}\n");
    refuse_part(text, "kkk...\": remove it, or correct its name");
    refuse_part("pool: {max: 99999999999999999999999999999999999999999999999999999999999999999}\n",
                "99..., which is too large: give 1 to 1024");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config-yaml");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, fixture_begin, fixture_end);
    tcase_add_test(tests, accepted_forms);
    tcase_add_test(tests, no_mapping);
    tcase_add_test(tests, refused_by_name);
    tcase_add_test(tests, alias_bomb);
    tcase_add_test(tests, keys);
    tcase_add_test(tests, syntax);
    tcase_add_test(tests, bytes);
    tcase_add_test(tests, depth);
    tcase_add_test(tests, many_entries);
    tcase_add_test(tests, size);
    tcase_add_test(tests, no_file);
    tcase_add_test(tests, from_memory);
    tcase_add_test(tests, all_at_once);
    tcase_add_test(tests, long_words);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
