/* SPDX-License-Identifier: MIT */
#include "tools/persist/help.h"
#include "tools/persist/signals.h"
#include "tools/persist/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const verb_fn verbs[VERBS] = {
    [VERB_INIT] = verb_init,
    [VERB_GET] = verb_get,
    [VERB_PUT] = verb_put,
    [VERB_DELETE] = verb_delete,
    [VERB_SCAN] = verb_scan,
    [VERB_COUNT] = verb_count,
    [VERB_HISTORY] = verb_history,
    [VERB_TXN] = verb_txn,
    [VERB_LOAD] = verb_load,
    [VERB_DUMP] = verb_dump,
    [VERB_NAMESPACE_LIST] = verb_namespace_list,
    [VERB_NAMESPACE_CREATE] = verb_namespace_create,
    [VERB_NAMESPACE_DROP] = verb_namespace_drop,
    [VERB_STATUS] = verb_status,
    [VERB_HEALTH] = verb_health,
    [VERB_STATS] = verb_stats,
    [VERB_PLUGINS_LIST] = verb_plugins_list,
    [VERB_PLUGINS_INSPECT] = verb_plugins_inspect,
    [VERB_PLUGINS_CONFORMANCE] = verb_plugins_conformance,
    [VERB_CONFIG_CHECK] = verb_config_check,
    [VERB_CONFIG_SHOW] = verb_config_show,
    [VERB_CONFIG_SCHEMA] = verb_config_schema,
    [VERB_MIGRATE_STATUS] = verb_migrate_status,
    [VERB_MIGRATE_UP] = verb_migrate_up,
    [VERB_BENCH] = verb_bench,
    [VERB_HELP] = verb_help,
};

/* A file must not be opened as one of the standard three, or messages would be written into
 * it: those that are closed are opened the wrong way round, so that using them fails. */
static bool fill_standard_descriptors(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            return false;
    return true;
}

static persist_status run(struct command *command)
{
    const struct options *options = &command->options;
    if (options_has(options, OPTION_VERSION))
        return verb_version(command);
    if (options_has(options, OPTION_HELP)) {
        help_write(&command->sink, options->verb);
        return PERSIST_OK;
    }
    return verbs[options->verb](command);
}

int main(int argc, char **argv)
{
    static struct command command;
    if (!fill_standard_descriptors() || !signals_install()) {
        perror("persist");
        return EXIT_FAILED;
    }
    if (!options_parse(&command.options, argc, argv)) {
        fprintf(stderr, "persist: %s\n", command.options.fault);
        return EXIT_USAGE;
    }
    persist_status status = command_begin(&command);
    if (status == PERSIST_OK)
        status = run(&command);
    return (int)command_end(&command, command_result(&command, status));
}
