/* SPDX-License-Identifier: MIT */
/* The JSON Schema: well-formed, complete, the same every time. */
#include "tests/unit/config_fixture.h"

#include "core/config/declare.h"

#include <jansson.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

static const persist_plugin *const plugins[] = {&fixture_plugin};

static json_t *load_schema(size_t n)
{
    struct buf text = {0};
    json_error_t error;
    ck_assert(config_schema(n ? plugins : NULL, n, &text));
    json_t *schema = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(schema, "line %d: %s", error.line, error.text);
    ck_assert_int_eq(text.data[text.size - 1], '\n');
    buf_free(&text);
    return schema;
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* The property a path leads to. */
static const json_t *property(const json_t *schema, const char *path)
{
    const char *dot = strchr(path, '.');
    char section[64] = "";
    const json_t *properties = json_object_get(schema, "properties");
    if (!dot)
        return json_object_get(properties, path);
    memcpy(section, path, (size_t)(dot - path));
    const json_t *inner = json_object_get(properties, section);
    ck_assert_ptr_nonnull(inner);
    ck_assert_str_eq(text_at(inner, "type"), "object");
    ck_assert(json_is_false(json_object_get(inner, "additionalProperties")));
    return property(inner, dot + 1);
}

START_TEST(head)
{
    json_t *schema = load_schema(0);
    ck_assert_str_eq(text_at(schema, "$schema"), "https://json-schema.org/draft/2020-12/schema");
    ck_assert(json_is_false(json_object_get(schema, "additionalProperties")));
    json_decref(schema);
}
END_TEST

START_TEST(every_key)
{
    json_t *schema = load_schema(0);
    for (size_t i = 0; i < n_declarations; i++) {
        const persist_setting *setting = &declarations[i].setting;
        const json_t *found = property(schema, setting->name);
        ck_assert_msg(found, "%s is missing", setting->name);
        bool unused = setting->flags & DECLARE_UNUSED;
        char description[256];
        snprintf(description, sizeof description, "%s%s", setting->help,
                 unused ? " This release does nothing with it." : "");
        ck_assert_str_eq(text_at(found, "description"), description);
        const json_t *preset = json_object_get(found, "default");
        ck_assert_int_eq(preset != NULL, setting->preset != NULL);
        if (setting->type == PERSIST_SETTING_INT)
            ck_assert(json_is_integer(preset));
        if (setting->type == PERSIST_SETTING_BOOL)
            ck_assert(json_is_boolean(preset));
    }
    size_t sections = 0;
    while (declare_sections[sections])
        sections++;
    ck_assert_uint_eq(json_object_size(json_object_get(schema, "properties")), 7 + sections);
    json_decref(schema);
}
END_TEST

START_TEST(types)
{
    json_t *schema = load_schema(0);
    const json_t *max = property(schema, "pool.max");
    ck_assert_str_eq(text_at(max, "type"), "integer");
    ck_assert_int_eq(json_integer_value(json_object_get(max, "minimum")), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(max, "maximum")), 1024);
    const json_t *words = json_object_get(property(schema, "values.compression"), "enum");
    ck_assert_uint_eq(json_array_size(words), 2);
    ck_assert_str_eq(json_string_value(json_array_get(words, 1)), "zstd");
    ck_assert_str_eq(text_at(property(schema, "slow_log.plan"), "type"), "boolean");
    const json_t *size = json_object_get(property(schema, "values.max_bytes"), "anyOf");
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(size, 0), "maximum")),
                     1 << 30);
    const json_t *list = json_object_get(property(schema, "plugin_path"), "anyOf");
    ck_assert_str_eq(text_at(json_array_get(list, 1), "type"), "array");
    ck_assert_str_eq(text_at(property(schema, "namespace"), "pattern"), "^[a-z0-9_-]{1,64}$");
    json_decref(schema);
}
END_TEST

/* The pattern of a path's string form takes and refuses what the parser does. */
static void check_pattern(const json_t *schema, const char *path, const char *good, const char *bad)
{
    regex_t regex;
    const json_t *forms = json_object_get(property(schema, path), "anyOf");
    const char *pattern = text_at(json_array_get(forms, 1), "pattern");
    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&regex, good, 0, NULL, 0) == 0, "%s refuses %s", pattern, good);
    ck_assert_msg(regexec(&regex, bad, 0, NULL, 0) != 0, "%s takes %s", pattern, bad);
    regfree(&regex);
}

START_TEST(patterns)
{
    json_t *schema = load_schema(0);
    check_pattern(schema, "values.max_bytes", "64MiB", "64mib");
    check_pattern(schema, "values.max_bytes", "1", "-1");
    check_pattern(schema, "values.max_bytes", "0", "01");
    check_pattern(schema, "gc.retention", "14d", "14");
    check_pattern(schema, "gc.retention", "0", "00s");
    check_pattern(schema, "gc.retention", "90us", "1h30m");
    json_decref(schema);
}
END_TEST

START_TEST(with_plugin)
{
    json_t *schema = load_schema(1);
    ck_assert_str_eq(text_at(property(schema, "demo.port"), "description"),
                     "Port of the \"engine\".");
    ck_assert_ptr_nonnull(property(schema, "demo.password"));
    ck_assert_ptr_nonnull(property(schema, "demo.password_file"));
    ck_assert_ptr_nonnull(property(schema, "demo.password_env"));
    ck_assert_ptr_nonnull(property(schema, "demo.password_credential"));
    ck_assert_ptr_null(property(schema, "demo.host_file"));
    ck_assert_ptr_null(json_object_get(property(schema, "demo.busy"), "default"));
    const json_t *forms = json_object_get(property(schema, "persistence"), "anyOf");
    ck_assert_uint_eq(json_array_size(forms), 2);
    const json_t *mapping = json_array_get(forms, 1);
    ck_assert_ptr_nonnull(property(mapping, "host"));
    ck_assert_ptr_nonnull(property(mapping, "password_file"));
    ck_assert_ptr_null(property(mapping, "cache"));
    const json_t *names = json_object_get(property(mapping, "backend"), "enum");
    ck_assert_uint_eq(json_array_size(names), 2);
    ck_assert_str_eq(json_string_value(json_array_get(names, 1)), "demo+tls");
    json_decref(schema);
}
END_TEST

START_TEST(deterministic)
{
    struct buf first = {0}, second = {0};
    ck_assert(config_schema(plugins, 1, &first));
    ck_assert(config_schema(plugins, 1, &second));
    ck_assert_int_eq(bytes_compare(buf_bytes(&first), buf_bytes(&second)), 0);
    buf_free(&first);
    buf_free(&second);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config-schema");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, head);
    tcase_add_test(tests, every_key);
    tcase_add_test(tests, types);
    tcase_add_test(tests, patterns);
    tcase_add_test(tests, with_plugin);
    tcase_add_test(tests, deterministic);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
