/* SPDX-License-Identifier: MIT */
/* --version: an option to its users, a verb in every other way. */
#include "tools/persist/verbs.h"

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>
#include <xxhash.h>
#include <yaml.h>
#include <zstd.h>

persist_status verb_version(struct command *command)
{
    static const struct column columns[] = {
        {"persist", CELL_TEXT, false},    {"abi", CELL_TEXT, false},
        {"libyaml", CELL_TEXT, false},    {"jansson", CELL_TEXT, false},
        {"zstd", CELL_TEXT, false},       {"xxhash", CELL_TEXT, false},
        {"protobuf-c", CELL_TEXT, false}, {"plugins", CELL_TEXT, false},
    };
    struct output *output = &command->output;
    char abi[32], xxhash[32];
    uint32_t major, minor;
    unsigned number = XXH_versionNumber();
    persist_abi_version(&major, &minor);
    snprintf(abi, sizeof abi, "%u.%u", (unsigned)major, (unsigned)minor);
    snprintf(xxhash, sizeof xxhash, "%u.%u.%u", number / 10000, number / 100 % 100, number % 100);
    output_begin(output, OUTPUT_ONE, columns, sizeof columns / sizeof *columns);
    output_text(output, persist_library_version());
    output_text(output, abi);
    output_text(output, yaml_get_version_string());
    output_text(output, jansson_version_str());
    output_text(output, ZSTD_versionString());
    output_text(output, xxhash);
    output_text(output, protobuf_c_version());
    output_text(output, persist_plugin_dir());
    output_end(output, true);
    return PERSIST_OK;
}
