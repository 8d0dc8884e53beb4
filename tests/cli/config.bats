#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

setup() { enter_folder; }

@test "a good configuration is ok" {
    run --separate-stderr -0 persist config check
    [ "$output" = ok ]
    printf 'persistence: "memory:"\n' >persist.yaml
    unset PERSIST_PERSISTENCE
    run --separate-stderr -0 persist config check
    [ "$output" = ok ]
}

@test "all faults are told at once, with file, line and column" {
    printf 'pool:\n  max: 0\n  mni: 1\nnonsense: 1\n' >bad.yaml
    run --separate-stderr -3 persist --config bad.yaml config check
    [ -z "$output" ]
    [[ $stderr == *"bad.yaml:2:8: "* ]]
    [[ $stderr == *"bad.yaml:3:3: "* ]]
    [[ $stderr == *"bad.yaml:4:1: "* ]]
    run -3 persist --config bad.yaml get k
    PERSIST_CONFIG=bad.yaml run -3 persist get k
}

@test "a file that is not there, or is none, is a configuration error" {
    run --separate-stderr -3 persist --config no-such-file.yaml get k
    [[ $stderr == *no-such-file.yaml* ]]
    run -3 persist --config . get k
}

@test "nothing says where the data are" {
    unset PERSIST_PERSISTENCE
    run --separate-stderr -3 persist get k
    [[ $stderr == *persistence* ]]
    run -3 persist config check
}

@test "a URL of an unknown backend" {
    run --separate-stderr -8 persist --persistence nonsense:x get k
    [[ $stderr == *nonsense* ]]
    run -8 persist --persistence nonsense:x config check
    run -3 persist --persistence plainfile get k
}

@test "./persist.yaml counts, variables above it, options above those" {
    printf 'persistence: sqlite:from-file.db\nnamespace: from-file\n' >persist.yaml
    unset PERSIST_PERSISTENCE
    show() { persist config show --origin "$@" | grep -P '^namespace\t'; }
    [[ $(show) == namespace$'\t'from-file$'\t'*persist.yaml:2:* ]]
    [[ $(PERSIST_NAMESPACE=variable show) == namespace$'\t'variable$'\t'* ]]
    [[ $(PERSIST_NAMESPACE=variable show --namespace option) == namespace$'\t'option$'\t'flag ]]
}

@test "show has core and backend, without secrets" {
    run --separate-stderr -0 persist config show
    [[ $output == *$'durability\tpower'* ]]
    run -0 persist config show --output json
    jq -e 'map(select(.name == "pool.max")) | length == 1' <<<"$output"
    run -0 persist config show --origin --output ndjson
    jq -es 'all(.[]; .origin)' <<<"$output"
}

@test "show goes on without a backend, with a warning" {
    unset PERSIST_PERSISTENCE
    run --separate-stderr -0 persist config show
    [[ $output == *durability* ]]
    [[ $stderr == *warning* ]]
}

@test "the schema is JSON and knows core and backends" {
    run --separate-stderr -0 persist config schema
    jq -e '.properties.persistence and .properties.pool and .properties.sqlite' <<<"$output"
}

@test "a variable that matches nothing is a warning" {
    PERSIST_POOL__MXA=3 run --separate-stderr -0 persist config check
    [[ $stderr == *warning*PERSIST_POOL__MXA* ]]
    [ "$output" = ok ]
}

@test "a key that has no effect is a warning" {
    printf 'gc:\n  interval: 1m\n' >unused.yaml
    run --separate-stderr -0 persist config check --config unused.yaml
    [[ $stderr == *"warning: unused.yaml:2:13: gc.interval is set, but this release does nothing with it"* ]]
    [ "$output" = ok ]
    PERSIST_LOG__LEVEL=debug run --separate-stderr -0 persist config check
    [[ $stderr == *"variable PERSIST_LOG__LEVEL: log.level is set"* ]]
    run --separate-stderr -0 persist config schema
    jq -e '.properties.metrics.properties.enabled.description | test("does nothing")' <<<"$output"
}

@test "--timeout reaches the configuration" {
    run -0 persist config show --timeout 1234ms
    [[ $output == *$'transaction.timeout\t1234ms'* ]]
}
