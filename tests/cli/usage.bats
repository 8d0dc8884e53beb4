#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

setup() { enter_folder; }

@test "without a verb it says so and exits 2" {
    run --separate-stderr -2 persist
    [ -z "$output" ]
    [[ $stderr == *"persist help"* ]]
}

@test "help lists every verb on stdout" {
    run --separate-stderr -0 persist help
    for verb in init get put delete scan count history txn load dump "namespace list" \
        "namespace create" "namespace drop" status health stats "plugins list" \
        "plugins inspect" "config check" "config show" "config schema" "migrate status" \
        "migrate up" bench help; do
        [[ $output == *"  $verb"* ]]
    done
    [ -z "$stderr" ]
    help=$output
    run -0 persist --help
    [ "$output" = "$help" ]
}

@test "every verb has help, which names it and fits 80 columns" {
    persist help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\( [a-z]*\)\{0,1\}\).*/\1/p' | sed 's/ *$//' >verbs
    [ "$(wc -l <verbs)" -eq 26 ]
    while read -r verb; do
        # shellcheck disable=SC2086
        run -0 persist $verb --help
        [[ ${lines[0]} == "usage: persist $verb"* ]]
        for line in "${lines[@]}"; do [ ${#line} -le 80 ]; done
        text=$output
        # shellcheck disable=SC2086
        run -0 persist help $verb
        [ "$output" = "$text" ]
    done <verbs
}

@test "help of a group has each of its verbs; of nonsense it fails" {
    run -0 persist help namespace
    [[ $output == *"persist namespace list"*"persist namespace create"*"persist namespace drop"* ]]
    run -2 persist help nonsense
    run -2 persist help get put
}

@test "an unknown verb or option is named, and the nearest one suggested" {
    run --separate-stderr -2 persist sacn
    [[ $stderr == *"'sacn'"*"'scan'"* ]]
    run --separate-stderr -2 persist scan --limti 3
    [[ $stderr == *"'--limti'"*"'--limit'"* ]]
    run --separate-stderr -2 persist config chekc
    [[ $stderr == *"check, show, schema"* ]]
    [ -z "$output" ]
}

@test "too few and too many arguments are usage errors" {
    run -2 persist get
    run -2 persist put k
    run -2 persist put k v w
    run -2 persist scan p
}

@test "bad values of options are usage errors" {
    run --separate-stderr -2 persist scan --limit 0
    [[ $stderr == *"--limit is '0'"* ]]
    run -2 persist scan --limit -1
    run -2 persist scan --limit 99999999999999999999
    run -2 persist scan --at tomorrow
    run -2 persist --timeout 0s status
    run -2 persist --timeout soon status
    run -2 persist --output xml status
    run -2 persist namespace create n --retention 0s
    run -2 persist get --hex 0
    run -2 persist get --base64 'a b'
    run -2 persist put - -
}

@test "--version tells persist, the ABI and the libraries" {
    run --separate-stderr -0 persist --version
    [[ $output =~ persist\ +[0-9]+\.[0-9]+\.[0-9]+ ]]
    [[ $output =~ abi\ +[0-9]+\.[0-9]+ ]]
    for library in libyaml jansson zstd xxhash protobuf-c; do
        [[ $output =~ $library\ +[0-9]+\.[0-9]+ ]]
    done
    run -0 persist --version --output json
    jq -e '.persist and .abi and .zstd' <<<"$output"
}

@test "an option may stand before and behind the verb, and as a variable" {
    persist init --quiet
    persist put k v
    run -0 persist --output json get k
    first=$output
    run -0 persist get --output=json k
    [ "$output" = "$first" ]
    PERSIST_OUTPUT=json run -0 persist get k
    [ "$output" = "$first" ]
    PERSIST_OUTPUT=json run -0 persist get k --output text
    [ "$output" = v ]
}

@test "-- ends the options" {
    persist init --quiet
    persist put -- -k --v
    run -0 persist get -- -k
    [ "$output" = --v ]
}

@test "no colours where there is no terminal" {
    run -2 persist sacn
    [[ $output != *$'\e'* ]]
    run -4 persist get k
    [[ $output != *$'\e'* ]]
}

@test "colours on a terminal, but not with NO_COLOR or --no-color" {
    command -v script || skip "script(1) is not installed"
    persist init --quiet
    run script -qec "persist get k" /dev/null
    [[ $output == *$'\e'* ]]
    NO_COLOR=1 run script -qec "persist get k" /dev/null
    [[ $output != *$'\e'* ]]
    run script -qec "persist get k --no-color" /dev/null
    [[ $output != *$'\e'* ]]
}
