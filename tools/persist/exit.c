/* SPDX-License-Identifier: MIT */
#include "tools/persist/exit.h"

const struct exit_meaning exit_meanings[] = {
    {EXIT_DONE, "Done. Also when the reader of the output went away before its end."},
    {EXIT_FAILED, "It failed: a limit, a full disk, a bad line of a file, a time in the future."},
    {EXIT_USAGE, "The command line is wrong, or an argument is wrong in itself."},
    {EXIT_CONFIG, "The configuration is wrong. Nothing was opened."},
    {EXIT_NOT_FOUND, "The key, namespace, store or file is not there."},
    {EXIT_CONFLICT,
     "Others came first, again and again, or kept the engine busy. Nothing was "
     "written."},
    {EXIT_DAMAGED, "Stored data are damaged."},
    {EXIT_UNREACHABLE, "The backend cannot be reached, or refused the login."},
    {EXIT_UNUSABLE,
     "A plugin was not found or refused, or the store is foreign or of a format "
     "this build does not know."},
    {EXIT_TOO_OLD, "The time asked for lies before the history that is kept."},
    {EXIT_TIMEOUT, "The timeout passed."},
    {EXIT_PRECONDITION, "A check did not hold. Nothing was written."},
    {EXIT_UNRESOLVED, "Whether the commit happened is not known."},
    {EXIT_FENCED, "The store was fenced or moved, is being loaded, or went back."},
    {EXIT_INTERRUPTED, "Interrupted by a signal, at a point where nothing is half done."},
    {EXIT_DONE, NULL},
};

/* What is not named here is EXIT_FAILED. */
static const unsigned char codes[PERSIST_STATUS_COUNT] = {
    [PERSIST_NOT_FOUND] = EXIT_NOT_FOUND,     [PERSIST_CONFLICT] = EXIT_CONFLICT,
    [PERSIST_BUSY] = EXIT_CONFLICT,           [PERSIST_PRECONDITION] = EXIT_PRECONDITION,
    [PERSIST_INVALID] = EXIT_USAGE,           [PERSIST_TOO_OLD] = EXIT_TOO_OLD,
    [PERSIST_FENCED] = EXIT_FENCED,           [PERSIST_MOVED] = EXIT_FENCED,
    [PERSIST_LOADING] = EXIT_FENCED,          [PERSIST_DIVERGED] = EXIT_FENCED,
    [PERSIST_DAMAGED] = EXIT_DAMAGED,         [PERSIST_UNAVAILABLE] = EXIT_UNREACHABLE,
    [PERSIST_AUTH] = EXIT_UNREACHABLE,        [PERSIST_TIMEOUT] = EXIT_TIMEOUT,
    [PERSIST_INTERRUPTED] = EXIT_INTERRUPTED, [PERSIST_UNRESOLVED] = EXIT_UNRESOLVED,
    [PERSIST_CONFIG] = EXIT_CONFIG,           [PERSIST_PLUGIN_REFUSED] = EXIT_UNUSABLE,
    [PERSIST_FOREIGN] = EXIT_UNUSABLE,        [PERSIST_FORMAT] = EXIT_UNUSABLE,
};

enum exit_code exit_code_of(persist_status status)
{
    if (status == PERSIST_OK || status == PERSIST_END)
        return EXIT_DONE;
    if ((unsigned)status >= PERSIST_STATUS_COUNT || !codes[status])
        return EXIT_FAILED;
    return (enum exit_code)codes[status];
}
