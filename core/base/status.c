/* SPDX-License-Identifier: MIT */
/* Names and meanings of the statuses: the one table messages are made from. */
#include <persist/persist.h>

static const struct {
    const char *name;
    const char *text;
} statuses[PERSIST_STATUS_COUNT] = {
    [PERSIST_OK] = {"ok", "done"},
    [PERSIST_END] = {"end", "no further row"},
    [PERSIST_NOT_FOUND] = {"not found", "not found"},
    [PERSIST_EXISTS] = {"exists", "it exists already"},
    [PERSIST_CONFLICT] = {"conflict", "another commit came first; run the transaction again"},
    [PERSIST_PRECONDITION] = {"precondition failed", "a condition of the caller did not hold"},
    [PERSIST_INVALID] = {"invalid", "an argument is wrong"},
    [PERSIST_LIMIT] = {"limit", "a limit would be passed"},
    [PERSIST_MISUSE] = {"misuse", "the call is not allowed in this state"},
    [PERSIST_TOO_OLD] = {"snapshot too old", "the timestamp lies below the horizon"},
    [PERSIST_CLOCK] = {"clock", "the time lies in the future"},
    [PERSIST_FENCED] = {"fenced", "the namespace was fenced or dropped; open it again"},
    [PERSIST_MOVED] = {"moved", "the namespace was moved to another store"},
    [PERSIST_LOADING] = {"loading", "the namespace is being filled"},
    [PERSIST_DIVERGED] = {"diverged", "the store went back or onto another branch"},
    [PERSIST_DAMAGED] = {"damaged", "stored bytes are not what was written"},
    [PERSIST_BUSY] = {"busy", "the engine is busy; try again"},
    [PERSIST_UNAVAILABLE] = {"unavailable", "the engine cannot be reached"},
    [PERSIST_AUTH] = {"login refused", "the engine refused the login"},
    [PERSIST_TIMEOUT] = {"timeout", "the deadline passed"},
    [PERSIST_INTERRUPTED] = {"interrupted", "interrupted on request"},
    [PERSIST_UNRESOLVED] = {"unresolved", "whether the commit happened is not known"},
    [PERSIST_FULL] = {"full", "no space is left"},
    [PERSIST_READ_ONLY] = {"read-only", "it may not be written"},
    [PERSIST_NO_MEMORY] = {"no memory", "out of memory"},
    [PERSIST_IO] = {"i/o", "reading or writing failed"},
    [PERSIST_CONFIG] = {"configuration", "the configuration is wrong"},
    [PERSIST_PLUGIN_REFUSED] = {"plugin refused", "a plugin was not found or refused"},
    [PERSIST_FOREIGN] = {"foreign", "it was not made by persist"},
    [PERSIST_FORMAT] = {"format", "this build does not know the format"},
    [PERSIST_UNSUPPORTED] = {"unsupported", "this backend cannot do that"},
    [PERSIST_FORKED] = {"forked", "the handle belongs to the parent process"},
    [PERSIST_INTERNAL] = {"internal", "persist or a plugin broke a rule of its own"},
};

const char *persist_status_name(persist_status status)
{
    return (unsigned)status < PERSIST_STATUS_COUNT ? statuses[status].name : "unknown";
}

const char *persist_status_text(persist_status status)
{
    return (unsigned)status < PERSIST_STATUS_COUNT ? statuses[status].text : "unknown status";
}
