#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is made from the declarations: the manual page and the completions.
load helper

setup() {
    enter_folder
    made=$top_builddir/tools/persist
}

@test "the manual page names every verb, option and exit code" {
    for verb in init get scan "namespace drop" "plugins inspect" "config schema" "migrate up"; do
        grep -q "^\.SS persist $verb" "$made/persist.1"
    done
    for option in config persistence namespace output timeout quiet yes hex base64 at; do
        grep -q "^\.B .*\\\\-\\\\-$option" "$made/persist.1"
    done
    for code in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 130; do
        grep -qx "\.B $code" "$made/persist.1"
    done
}

@test "the manual page is free of formatting faults" {
    command -v mandoc || skip "mandoc is not installed"
    run mandoc -T lint -W error "$made/persist.1"
    [ "$status" -eq 0 ]
}

@test "bash completes verbs, options, their words and files" {
    : >file.ndjson
    complete_line() {
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        COMPREPLY=()
        _persist
        echo "${COMPREPLY[*]}"
    }
    source "$made/completion/persist"
    [ "$(complete_line persist sc)" = scan ]
    [ "$(complete_line persist --namespace x sc)" = scan ]
    [ "$(complete_line persist namespace d)" = drop ]
    [ "$(complete_line persist scan --keys)" = --keys-only ]
    [ "$(complete_line persist get --keys)" = "" ]
    [ "$(complete_line persist get --quie)" = --quiet ]
    [ "$(complete_line persist get --output nd)" = ndjson ]
    [ "$(complete_line persist load file)" = file.ndjson ]
    [ "$(complete_line persist get file)" = "" ]
}

@test "zsh takes its completion" {
    command -v zsh || skip "zsh is not installed"
    zsh -n "$made/_persist"
}

@test "fish takes its completion" {
    command -v fish || skip "fish is not installed"
    fish --no-execute "$made/persist.fish"
}
