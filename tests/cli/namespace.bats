#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

setup() { make_store; }

@test "create, use, list, drop" {
    persist namespace create other
    persist put k here
    persist --namespace other put k there
    [ "$(persist get k)" = here ]
    [ "$(persist --namespace other get k)" = there ]
    [ "$(PERSIST_NAMESPACE=other persist get k)" = there ]
    run -0 persist namespace list --output json
    jq -e '[.[].name] | contains(["default", "other"])' <<<"$output"
    run -0 persist namespace list
    grep -qP '^other\t[0-9]+\topen$' <<<"$output"
    persist namespace drop other --yes
    run --separate-stderr -4 persist --namespace other get k
    [[ $stderr == *other* ]]
    [ "$(persist get k)" = here ]
}

@test "a namespace that is there, or is not" {
    persist namespace create other
    run --separate-stderr -1 persist namespace create other
    [[ $stderr == *other* ]]
    run -4 persist namespace drop nothing --yes
}

@test "bad names are refused" {
    for name in '' A 'a b' _mine "x'; drop" 'x"y' "$(bytes 65)"; do
        run --separate-stderr -2 persist namespace create -- "$name"
        [ -n "$stderr" ]
    done
    run -0 persist namespace create "$(bytes 64)"
}

@test "dropping needs --yes where nobody can be asked" {
    persist namespace create other
    run --separate-stderr -2 persist namespace drop other </dev/null
    [[ $stderr == *--yes* ]]
    [[ $(persist namespace list) == *other* ]]
    PERSIST_YES=1 run -0 persist namespace drop other </dev/null
}

@test "dropping asks on a terminal" {
    command -v script || skip "script(1) is not installed"
    persist namespace create other
    run -1 script -qec "persist namespace drop other" /dev/null <<<n
    [[ $output == *"Drop the namespace 'other'"* ]]
    [[ $(persist namespace list) == *other* ]]
    run -0 script -qec "persist namespace drop other" /dev/null <<<y
    [[ $(persist namespace list) != *other* ]]
}

@test "--dry-run makes and drops nothing" {
    run --separate-stderr -0 persist namespace create other --dry-run
    [[ $stderr == *"would make"* ]]
    run -4 persist namespace drop other --dry-run
    persist namespace create other
    run -1 persist namespace create other --dry-run
    run --separate-stderr -0 persist namespace drop other --dry-run
    [[ $stderr == *"would drop"* ]]
    [[ $(persist namespace list) == *other* ]]
}

@test "its retention" {
    persist namespace create kept --retention forever
    persist namespace create short --retention 2h
    [ "$(persist --namespace kept status --output json | jq .retention)" = null ]
    [ "$(persist --namespace short status --output json | jq -r .retention)" = 7200000000000 ]
}

@test "the configured namespace is made by init" {
    persist --namespace fresh init
    persist --namespace fresh put k v
    [ "$(persist --namespace fresh get k)" = v ]
}
