/* SPDX-License-Identifier: MIT */
/*
 * The verbs and options of the command, declared once. Parsing, help, the manual page
 * and the completions are all made from these tables, so that none can differ.
 */
#ifndef TOOLS_PERSIST_DECLARE_H
#define TOOLS_PERSIST_DECLARE_H

#include <stddef.h>
#include <stdint.h>

enum option_id {
    /* Those that go with every verb. */
    OPTION_CONFIG,
    OPTION_PERSISTENCE,
    OPTION_NAMESPACE,
    OPTION_OUTPUT,
    OPTION_TIMEOUT,
    OPTION_QUIET,
    OPTION_YES,
    OPTION_DRY_RUN,
    OPTION_NO_COLOR,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_GLOBAL_COUNT,
    /* Those of single verbs. */
    OPTION_HEX = OPTION_GLOBAL_COUNT,
    OPTION_BASE64,
    OPTION_AT,
    OPTION_PREFIX,
    OPTION_FROM,
    OPTION_TO,
    OPTION_LIMIT,
    OPTION_REVERSE,
    OPTION_KEYS_ONLY,
    OPTION_SKIP,
    OPTION_RETENTION,
    OPTION_ORIGIN,
    OPTION_ONLY,
    OPTION_SCALE,
    OPTION_SEED,
    OPTION_URL,
    OPTION_KEYS,
    OPTION_ROUNDS,
    OPTION_SECONDS,
    OPTION_PEER,
    OPTION_PEER_FOLDER,
    OPTION_COUNT
};

struct option_spec {
    const char *name;     /* without the dashes */
    char letter;          /* short form, or 0 */
    const char *argument; /* what follows it; NULL: a flag */
    const char *variable; /* that stands in for it, or NULL */
    const char *words;    /* the only values, separated by one space; NULL: any */
    const char *help;
};

/* Indexed by option_id. */
extern const struct option_spec declare_options[OPTION_COUNT];

enum verb_id {
    VERB_INIT,
    VERB_GET,
    VERB_PUT,
    VERB_DELETE,
    VERB_SCAN,
    VERB_COUNT,
    VERB_HISTORY,
    VERB_TXN,
    VERB_LOAD,
    VERB_DUMP,
    VERB_NAMESPACE_LIST,
    VERB_NAMESPACE_CREATE,
    VERB_NAMESPACE_DROP,
    VERB_STATUS,
    VERB_HEALTH,
    VERB_STATS,
    VERB_PLUGINS_LIST,
    VERB_PLUGINS_INSPECT,
    VERB_PLUGINS_CONFORMANCE,
    VERB_CONFIG_CHECK,
    VERB_CONFIG_SHOW,
    VERB_CONFIG_SCHEMA,
    VERB_MIGRATE_STATUS,
    VERB_MIGRATE_UP,
    VERB_BENCH,
    VERB_HELP,
    VERBS
};

/* Set of one option. */
#define DECLARE_BIT(id) (UINT64_C(1) << (id))

struct verb_spec {
    const char *name;     /* one word, or two separated by a space */
    const char *operands; /* as in the usage line; "" for none */
    size_t min_operands;
    size_t max_operands;
    uint64_t options; /* DECLARE_BIT of those that are its own */
    const char *summary;
    const char *text; /* paragraphs separated by an empty line */
};

/* Indexed by verb_id. */
extern const struct verb_spec declare_verbs[VERBS];

#endif
