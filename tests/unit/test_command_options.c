/* SPDX-License-Identifier: MIT */
#include "tools/persist/options.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct options options;

/* Parses words separated by blanks. */
static bool parse(const char *line)
{
    static char copy[2048];
    char *words[64] = {"persist"};
    int n = 1;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        words[n++] = word;
    return options_parse(&options, n, words);
}

static void good(const char *line, int verb)
{
    ck_assert_msg(parse(line), "%s: %s", line, options.fault);
    ck_assert_int_eq(options.verb, verb);
}

static void bad(const char *line, const char *fault)
{
    ck_assert_msg(!parse(line), "%s", line);
    ck_assert_msg(strstr(options.fault, fault), "%s: %s", line, options.fault);
}

START_TEST(every_verb_is_found)
{
    for (int i = 0; i < VERBS; i++) {
        char line[200];
        ck_assert_ptr_nonnull(declare_verbs[i].name);
        snprintf(line, sizeof line, "%s", declare_verbs[i].name);
        for (size_t k = 0; k < declare_verbs[i].min_operands; k++)
            strcat(line, " x");
        good(line, i);
        ck_assert_uint_eq(options.n_operands, declare_verbs[i].min_operands);
        if (declare_verbs[i].min_operands) {
            *strrchr(line, ' ') = '\0';
            bad(line, "needs");
        }
        for (size_t k = declare_verbs[i].min_operands; k <= declare_verbs[i].max_operands + 1; k++)
            strcat(line, " x");
        bad(line, "too many");
    }
}
END_TEST

START_TEST(every_option_is_found)
{
    for (size_t id = 0; id < OPTION_COUNT; id++) {
        const struct option_spec *spec = &declare_options[id];
        char line[200];
        int verb = VERB_INIT;
        while (id >= OPTION_GLOBAL_COUNT && !(declare_verbs[verb].options & DECLARE_BIT(id)))
            ck_assert_int_lt(++verb, VERBS);
        snprintf(line, sizeof line, "%s --%s%s --help", declare_verbs[verb].name, spec->name,
                 spec->argument ? "=text" : "");
        good(line, verb);
        ck_assert(options_has(&options, (enum option_id)id));
        if (spec->argument) {
            ck_assert_str_eq(options.values[id], "text");
            snprintf(line, sizeof line, "%s --help --%s", declare_verbs[verb].name, spec->name);
            bad(line, "needs a value");
        } else {
            snprintf(line, sizeof line, "%s --%s=1", declare_verbs[verb].name, spec->name);
            bad(line, "takes no value");
        }
    }
}
END_TEST

START_TEST(places_of_options)
{
    good("--namespace n get k", VERB_GET);
    ck_assert_str_eq(options.values[OPTION_NAMESPACE], "n");
    good("get --namespace=n k", VERB_GET);
    ck_assert_str_eq(options.values[OPTION_NAMESPACE], "n");
    good("get k --at -15m --namespace=", VERB_GET);
    ck_assert_str_eq(options.values[OPTION_AT], "-15m");
    ck_assert_str_eq(options.values[OPTION_NAMESPACE], "");
    good("namespace --quiet list", VERB_NAMESPACE_LIST);
    ck_assert(options_has(&options, OPTION_QUIET));
    good("-qy get k", VERB_GET);
    ck_assert(options_has(&options, OPTION_QUIET) && options_has(&options, OPTION_YES));
    good("put -- -k --hex", VERB_PUT);
    ck_assert_str_eq(options.operands[0], "-k");
    ck_assert_str_eq(options.operands[1], "--hex");
    ck_assert(!options_has(&options, OPTION_HEX));
    good("put k -", VERB_PUT);
    ck_assert_str_eq(options.operands[1], "-");
    good("--output json --output csv init", VERB_INIT);
    ck_assert_str_eq(options.values[OPTION_OUTPUT], "csv");
}
END_TEST

START_TEST(faults)
{
    bad("", "a verb is missing");
    bad("--quiet", "a verb is missing");
    bad("sacn", "did you mean 'scan'?");
    bad("nothinglikeit", "'persist help'");
    bad("namespace", "one of: list, create, drop");
    bad("namespace lst", "one of: list, create, drop");
    bad("scan --limt 1", "did you mean '--limit'?");
    bad("scan --nothinglikeit", "'persist help'");
    bad("--prefix p scan", "goes behind its verb");
    bad("put k v --prefix p", "'put' has no option '--prefix'");
    bad("put k -5", "write -- before it");
    bad("get -x k", "no option '-x'");
    bad("--output xml init", "give one of: text json ndjson csv");
    bad("--output jso init", "give one of");
    bad("get --hex --base64 k", "exclude each other");
    bad("get a b", "too many");
}
END_TEST

START_TEST(long_words_are_cut)
{
    char line[1500] = "get k ";
    memset(line + 6, 'x', 1400);
    bad(line, "too many");
    memcpy(line, "--x", 3);
    memset(line + 3, 'x', 1400);
    bad(line, "there is no option");
    memset(line, 'x', 1400);
    bad(line, "there is no verb");
}
END_TEST

START_TEST(help_and_version_need_nothing_else)
{
    good("--help", -1);
    good("--version", -1);
    good("get --help", VERB_GET);
    good("namespace --help", -1);
    good("put --version", VERB_PUT);
}
END_TEST

START_TEST(variables_stand_in)
{
    setenv("PERSIST_NAMESPACE", "v", 1);
    setenv("PERSIST_OUTPUT", "json", 1);
    setenv("PERSIST_QUIET", "1", 1);
    setenv("PERSIST_YES", "0", 1);
    setenv("PERSIST_TIMEOUT", "", 1);
    good("init", VERB_INIT);
    ck_assert_str_eq(options.values[OPTION_NAMESPACE], "v");
    ck_assert_str_eq(options.values[OPTION_OUTPUT], "json");
    ck_assert(options_has(&options, OPTION_QUIET));
    ck_assert(!options_has(&options, OPTION_YES));
    ck_assert(!options_has(&options, OPTION_TIMEOUT));
    good("init --namespace n --output csv", VERB_INIT);
    ck_assert_str_eq(options.values[OPTION_NAMESPACE], "n");
    ck_assert_str_eq(options.values[OPTION_OUTPUT], "csv");
    setenv("PERSIST_YES", "perhaps", 1);
    bad("init", "PERSIST_YES is 'perhaps'");
    unsetenv("PERSIST_YES");
    setenv("PERSIST_OUTPUT", "xml", 1);
    bad("init", "the variable PERSIST_OUTPUT is 'xml'");
}
END_TEST

START_TEST(finding_verbs)
{
    const char *words[] = {"config", "show"};
    size_t used = 0;
    ck_assert_int_eq(options_find_verb(words, 2, &used), VERB_CONFIG_SHOW);
    ck_assert_uint_eq(used, 2);
    ck_assert_int_eq(options_find_verb(words, 1, &used), -1);
    ck_assert_int_eq(options_find_verb(words, 0, &used), -1);
    ck_assert(options_is_group("config"));
    ck_assert(!options_is_group("conf"));
    ck_assert(!options_is_group("get"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command options");
    TCase *cases = tcase_create("options");
    tcase_add_test(cases, every_verb_is_found);
    tcase_add_test(cases, every_option_is_found);
    tcase_add_test(cases, places_of_options);
    tcase_add_test(cases, faults);
    tcase_add_test(cases, long_words_are_cut);
    tcase_add_test(cases, help_and_version_need_nothing_else);
    tcase_add_test(cases, variables_stand_in);
    tcase_add_test(cases, finding_verbs);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
