/* SPDX-License-Identifier: MIT */
#include "tools/persist/declare.h"

const struct option_spec declare_options[OPTION_COUNT] = {
    [OPTION_CONFIG] = {"config", 0, "FILE", "PERSIST_CONFIG", NULL,
                       "configuration file; else ./persist.yaml, else the system's, else none"},
    [OPTION_PERSISTENCE] = {"persistence", 0, "URL", "PERSIST_PERSISTENCE", NULL,
                            "where the data are, above what the file says"},
    [OPTION_NAMESPACE] = {"namespace", 0, "NAME", "PERSIST_NAMESPACE", NULL,
                          "namespace to work in"},
    [OPTION_OUTPUT] = {"output", 0, "FORMAT", "PERSIST_OUTPUT", "text json ndjson csv",
                       "form of the output: text, json, ndjson or csv"},
    [OPTION_TIMEOUT] = {"timeout", 0, "DURATION", "PERSIST_TIMEOUT", NULL,
                        "how long opening the store, and each call, may take: 500ms, 15s"},
    [OPTION_QUIET] = {"quiet", 'q', NULL, "PERSIST_QUIET", NULL,
                      "no progress and no remarks; errors are still told"},
    [OPTION_YES] = {"yes", 'y', NULL, "PERSIST_YES", NULL, "answer every question with yes"},
    [OPTION_DRY_RUN] = {"dry-run", 0, NULL, "PERSIST_DRY_RUN", NULL,
                        "do everything but change nothing"},
    [OPTION_NO_COLOR] = {"no-color", 0, NULL, "PERSIST_NO_COLOR", NULL,
                         "no colours; as the variable NO_COLOR"},
    [OPTION_HELP] = {"help", 'h', NULL, NULL, NULL, "show help, of the verb if there is one"},
    [OPTION_VERSION] = {"version", 0, NULL, NULL, NULL,
                        "show the versions of persist, its plugin ABI and its libraries"},
    [OPTION_HEX] = {"hex", 0, NULL, NULL, NULL,
                    "keys and values are given, and in text shown, in hexadecimal"},
    [OPTION_BASE64] = {"base64", 0, NULL, NULL, NULL,
                       "keys and values are given, and in text shown, in base64"},
    [OPTION_AT] = {"at", 0, "TIME", NULL, NULL,
                   "as it was then: nanoseconds, RFC 3339, or an age such as -15m"},
    [OPTION_PREFIX] = {"prefix", 0, "P", NULL, NULL, "only keys that begin with P"},
    [OPTION_FROM] = {"from", 0, "A", NULL, NULL, "only keys from A on, A included"},
    [OPTION_TO] = {"to", 0, "B", NULL, NULL, "only keys below B"},
    [OPTION_LIMIT] = {"limit", 0, "N", NULL, NULL, "N rows at most, from 1"},
    [OPTION_REVERSE] = {"reverse", 0, NULL, NULL, NULL, "from the highest key down"},
    [OPTION_KEYS_ONLY] = {"keys-only", 0, NULL, NULL, NULL, "without the values"},
    [OPTION_SKIP] = {"skip", 0, "N", NULL, NULL, "go on behind the first N lines"},
    [OPTION_RETENTION] = {"retention", 0, "DURATION", NULL, NULL,
                          "how long its history is kept: 7d, or forever; else gc.retention"},
    [OPTION_ORIGIN] = {"origin", 0, NULL, NULL, NULL, "also tell where each value came from"},
    [OPTION_ONLY] = {"only", 0, "NAME,...", NULL, NULL,
                     "only these: lines of the benchmark, or groups (GROUP, GROUP/CASE) of the "
                     "kit; several are separated by commas"},
    [OPTION_SCALE] = {"scale", 0, "N", NULL, NULL,
                      "N times the work of races, crashes and random histories, from 1"},
    [OPTION_SEED] = {"seed", 0, "N", NULL, NULL, "what is random is drawn from N, from 1"},
    [OPTION_URL] = {"url", 0, "TEMPLATE", NULL, NULL,
                    "URL of the stores to make: {dir} is a new folder, {name} a new word"},
    [OPTION_KEYS] = {"keys", 0, "N", NULL, NULL, "keys that are loaded; else 100000"},
    [OPTION_ROUNDS] = {"rounds", 0, "N", NULL, NULL, "rounds of each line; else 5"},
    [OPTION_SECONDS] = {"seconds", 0, "S", NULL, NULL,
                        "time of each work in each round, such as 0.5; else 1"},
    [OPTION_PEER] = {"peer", 0, NULL, NULL, NULL,
                     "compare with the same work done by hand on the same engine"},
    [OPTION_PEER_FOLDER] = {"peer-folder", 0, "FOLDER", NULL, NULL,
                            "where the programs of the peers are"},
};

#define BIT DECLARE_BIT
#define ENCODED (BIT(OPTION_HEX) | BIT(OPTION_BASE64))
#define RANGE                                                                            \
    (ENCODED | BIT(OPTION_AT) | BIT(OPTION_PREFIX) | BIT(OPTION_FROM) | BIT(OPTION_TO) | \
     BIT(OPTION_LIMIT) | BIT(OPTION_REVERSE) | BIT(OPTION_KEYS_ONLY))

const struct verb_spec declare_verbs[VERBS] = {
    [VERB_INIT] = {"init", "", 0, 0, 0, "make or upgrade the store",
                   "Makes the store's tables, or brings those of an older release up to this "
                   "one, and makes the namespace if there is none. Prints each migration it "
                   "applied. Doing it again does no harm."},
    [VERB_GET] = {"get", "KEY", 1, 1, ENCODED | BIT(OPTION_AT), "print the value of a key",
                  "As text, the value's bytes as they are and a newline. Otherwise the key, the "
                  "value, the timestamp of its commit and the transaction's id. A key that is "
                  "not there is exit code 4.\n\n"
                  "A KEY of - is read from standard input, to its end."},
    [VERB_PUT] = {"put", "KEY VALUE", 2, 2, ENCODED, "set the value of a key",
                  "Prints nothing as text, otherwise the timestamp of the commit. KEY or VALUE, "
                  "not both, may be -: it is then read from standard input, to its end and byte "
                  "by byte, a newline at the end too."},
    [VERB_DELETE] = {"delete", "KEY", 1, 1, ENCODED, "delete a key",
                     "The key need not exist. Its history stays readable. Prints as put does."},
    [VERB_SCAN] = {"scan", "", 0, 0, RANGE, "print keys and values in order",
                   "All rows are of one moment. As text, one line a row: key, tab, value; in "
                   "both, bytes that would break a line or a screen are written \\t, \\n, "
                   "\\r, \\\\ or \\xNN. Reading stops quietly, with exit code 0, when "
                   "the reader goes away."},
    [VERB_COUNT] = {"count", "", 0, 0, RANGE, "count keys",
                    "Counts what scan with the same options would print."},
    [VERB_HISTORY] = {"history", "KEY", 1, 1, ENCODED | BIT(OPTION_AT) | BIT(OPTION_LIMIT),
                      "print the versions of a key",
                      "Newest first, deletions too. As text, one line a version: timestamp, "
                      "put or deleted, value. A key that never was is exit code 4."},
    [VERB_TXN] =
        {"txn", "FILE", 1, 1, ENCODED, "run a script as one transaction",
         "FILE (- for standard input) has one step a line: get K, put K V, delete K, check K "
         "V (fails unless K has the value V), check-absent K (fails if K is there). It is "
         "read whole before anything is done; then all of it happens, or nothing. A check "
         "that fails is exit code 11, and the message names its line. The whole script is "
         "run again if another transaction came first.\n\n"
         "A word ends at a blank. A word in double quotes may hold blanks and the escapes "
         "\\\", \\\\, \\n, \\t and \\xNN; \"\" is the empty value. Outside of quotes, neither \" "
         "nor \\ may stand. # at the beginning of a word begins a comment.\n\n"
         "Prints what each get found and then the timestamp of the commit. As text: key, "
         "tab, value, or the key alone if it is not there; the last line is the timestamp."},
    [VERB_LOAD] =
        {"load", "FILE", 1, 1, BIT(OPTION_SKIP), "put the keys of an NDJSON file",
         "Each line of FILE (- for standard input) is an object with key or key_base64, and "
         "value or value_base64, all strings; other JSON values are refused, because what "
         "is stored is bytes. A key that is there is overwritten; of a key that is named "
         "twice the later line counts. Empty lines are passed over.\n\n"
         "Lines are committed in batches of 512 rows or 1 MiB. If it is interrupted (exit "
         "code 130), or a line is bad (exit code 1, with file, line and column), all lines "
         "before the one it names are in the store and none behind; go on with the --skip "
         "it names."},
    [VERB_DUMP] = {"dump", "", 0, 0, ENCODED | BIT(OPTION_PREFIX) | BIT(OPTION_AT),
                   "print all keys as NDJSON for load",
                   "All rows are of one moment. The form is always NDJSON, whatever --output "
                   "says. Loading it into an empty namespace gives the same keys and values, "
                   "with new timestamps."},
    [VERB_NAMESPACE_LIST] = {"namespace list", "", 0, 0, 0, "list the namespaces",
                             "Name, id and state (open, loading, moved), by name. Names that "
                             "begin with _ are persist's own."},
    [VERB_NAMESPACE_CREATE] = {"namespace create", "NAME", 1, 1, BIT(OPTION_RETENTION),
                               "make a namespace",
                               "NAME is 1 to 64 of a-z, 0-9, _ and -, not beginning with _."},
    [VERB_NAMESPACE_DROP] = {"namespace drop", "NAME", 1, 1, 0,
                             "remove a namespace and all in it, for good",
                             "Asks first on a terminal; elsewhere it needs --yes."},
    [VERB_STATUS] = {"status", "", 0, 0, 0, "tell what the store is and how it stands",
                     "Backend, place, namespace, newest commit, counts, horizon, limits."},
    [VERB_HEALTH] = {"health", "", 0, 0, 0, "write and read a key to see that it works",
                     "Uses the reserved namespace _health. Prints how long each took."},
    [VERB_STATS] = {"stats", "", 0, 0, 0, "print the backend's own sizes and counts",
                    "Name, value, unit and meaning of each figure."},
    [VERB_PLUGINS_LIST] = {"plugins list", "", 0, 0, 0, "list the backends that are found",
                           "Every plugin file in the folders that are searched, taken or "
                           "refused, and why. Runs none of their code."},
    [VERB_PLUGINS_INSPECT] = {"plugins inspect", "FILE", 1, 1, 0, "tell what a plugin file is",
                              "Prints its head and whether it would be loaded; exit code 8 if "
                              "not. Never runs the file's code."},
    [VERB_PLUGINS_CONFORMANCE] =
        {"plugins conformance", "FILE", 1, 1,
         BIT(OPTION_ONLY) | BIT(OPTION_SCALE) | BIT(OPTION_SEED) | BIT(OPTION_URL),
         "prove a plugin against what backends must do",
         "Loads FILE, drives it through persist/plugin.h alone, and prints in TAP (Test Anything "
         "Protocol) which cases it passed. A case that fails tells the operation, what was "
         "expected, what was found, and the options that run it again. Exit code 1 if a case "
         "failed, 8 if the plugin was refused.\n\n"
         "Each case works on new stores, whose URL is --url with {dir} replaced by the path of a "
         "new folder, removed afterwards, and {name} by a word that was never used before. "
         "Without --url it is SCHEME:{dir}/store for a plugin whose data outlive the process, "
         "SCHEME: for another, SCHEME being the first it answers to. Further settings come from "
         "its section of the configuration. Give the URL of a server only if it keeps nothing "
         "that is needed: what the cases make there is not removed.\n\n"
         "Each case runs in a process of its own, so that a plugin that crashes or hangs fails "
         "that case alone. Random histories are compared with persist_memory.so, which is "
         "searched for as always."},
    [VERB_CONFIG_CHECK] = {"config check", "", 0, 0, 0, "check the configuration",
                           "Reads everything and asks the backend about its section, without "
                           "opening the store. Prints ok, or on standard error every fault "
                           "with file, line and column (exit code 3)."},
    [VERB_CONFIG_SHOW] = {"config show", "", 0, 0, BIT(OPTION_ORIGIN), "print every setting",
                          "Those of the core and of the backend's section, as they count. "
                          "Secrets are not shown."},
    [VERB_CONFIG_SCHEMA] = {"config schema", "", 0, 0, 0,
                            "print the JSON Schema of the configuration file",
                            "With the sections of every backend that is found; for editors."},
    [VERB_MIGRATE_STATUS] = {"migrate status", "", 0, 0, 0, "list the store's migrations",
                             "Number, name, and when it was applied. The store need not be "
                             "ready for use."},
    [VERB_MIGRATE_UP] = {"migrate up", "", 0, 0, 0, "apply the migrations that are missing",
                         "The same as init."},
    [VERB_BENCH] =
        {"bench", "", 0, 0,
         BIT(OPTION_ONLY) | BIT(OPTION_KEYS) | BIT(OPTION_ROUNDS) | BIT(OPTION_SECONDS) |
             BIT(OPTION_PEER) | BIT(OPTION_PEER_FOLDER),
         "measure the store on this machine",
         "Makes the store if there is none, loads made-up keys into namespaces of its own, "
         "measures, and drops them. A store that is used by others, or has much in it, gives "
         "other figures: name one that can be thrown away.\n\n"
         "Each line is one work. What it is compared with (with --peer the same work done by "
         "hand on the same engine, or another work of the store itself) is done in turn with "
         "it, a round each; the figures are medians of the rounds. must is what the ratio of "
         "both, or the figure itself, has to be, and met tells whether it is; - where there "
         "is nothing to compare with. Ratios depend on the machine little, figures much."},
    [VERB_HELP] = {"help", "[VERB]", 0, 2, 0, "show help", "The same as --help."},
};
