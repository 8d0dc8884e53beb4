#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Clocks that jump, and files that are put back.
load helper

setup() {
    make_store
}

# Runs the command with a clock that is off; only the wall clock.
at() {
    local offset=$1
    shift
    FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f "$offset" "$@"
}

need_faketime() {
    command -v faketime >/dev/null || skip "faketime is not installed"
    [ -z "${SANITIZER_FLAGS-}" ] || skip "faketime cannot be loaded before a sanitizer"
}

# Has the process stopped itself?
stopped() { # PID
    [[ $(sed 's/.*) //' "/proc/$1/stat") == T* ]]
}

@test "status is silent about a clock in order" {
    persist put a 1
    run -0 --separate-stderr persist status
    [ -z "$stderr" ]
    run -0 persist status --output json
    [ "$(jq -r .clock_lead <<<"$output")" = 0 ]
}

@test "status warns of commits from a clock that was ahead" {
    need_faketime
    at +365d persist put a 1
    run -0 --separate-stderr persist status
    [[ $stderr == *"warning: the newest commit lies 36"[45]"d ahead of the engine's clock: check the clocks"* ]]
    run -0 --separate-stderr persist status --output json
    [ "$(jq '(.clock_lead | tonumber) > 364 * 86400 * 1000000000' <<<"$output")" = true ]
}

@test "commits go on behind the head when the clock goes back" {
    need_faketime
    at +365d persist put a 1
    first=$(persist get a --output json | jq -r .timestamp)
    persist put a 2
    second=$(persist get a --output json | jq -r .timestamp)
    [ "$second" -eq $((first + 1)) ]
    at -1d persist put a 3
    third=$(persist get a --output json | jq -r .timestamp)
    [ "$third" -eq $((first + 2)) ]
    [ "$(persist get a --at "$first")" = 1 ]
    [ "$(persist get a --at "$second")" = 2 ]
    [ "$(persist get a)" = 3 ]
}

@test "who knew more than the file that was put back is told so" {
    need_sqlite
    persist put a 1
    common=$(persist get a --output json | jq -r .timestamp)
    cp data.db kept.db
    persist put a 2
    printf 'get a\nput b 1\n' >script
    PERSIST_LAYERS=fault:append@1=stop persist txn script >out 2>err &
    pid=$!
    wait_for stopped "$pid"
    mv kept.db data.db
    rm -f data.db-wal data.db-shm
    kill -CONT "$pid"
    code=0
    wait "$pid" || code=$?
    cat err
    [ "$code" -eq 13 ]
    grep "the store was put back or failed over; the newest commit that both have is at $common" err
    # Whoever comes now just works.
    [ "$(persist get a)" = 1 ]
    persist put a 3
    [ "$(persist get a --at "$common")" = 1 ]
    [ "$(persist get a)" = 3 ]
}
