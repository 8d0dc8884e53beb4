#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

setup() { make_store; }

has_rows() {
    [ "$(persist count)" -ge "$1" ]
}

# Loads from a pipe that stays open, and sends the signal when the first batch is there.
interrupt_load() {
    mkfifo pipe
    # A job of a script ignores SIGINT: env gives it back its meaning.
    env --default-signal=INT persist load pipe 2>err &
    loader=$!
    exec 7>pipe
    seq -f '{"key":"k%05g","value":"v"}' 1 700 >&7
    wait_for has_rows 512
    kill -s "$1" $loader
    code=0
    wait $loader || code=$?
    exec 7>&-
}

@test "Ctrl-C in a load ends between batches, and says how to go on" {
    interrupt_load INT
    [ "$code" -eq 130 ]
    [ "$(persist count)" = 512 ]
    grep -q -- '--skip 512' err
    seq -f '{"key":"k%05g","value":"v"}' 1 700 | persist load - --skip 512 --quiet
    [ "$(persist count)" = 700 ]
}

@test "so does SIGTERM" {
    interrupt_load TERM
    [ "$code" -eq 130 ]
    [ "$(persist count)" = 512 ]
}

@test "Ctrl-C while a value is awaited writes nothing" {
    mkfifo pipe
    env --default-signal=INT persist put k - <pipe 2>err &
    putter=$!
    exec 7>pipe
    printf 'half' >&7
    # Its handler stands once it waits for more: SIGINT is then in the set it catches.
    catches() { grep -q '^SigCgt:.*[2367abef]$' /proc/$putter/status; }
    wait_for catches
    kill -s INT $putter
    code=0
    wait $putter || code=$?
    exec 7>&-
    [ "$code" -eq 130 ]
    [ "$(persist count)" = 0 ]
}

@test "a dump whose reader is slow can be interrupted" {
    seq -f '{"key":"k%05g","value":"0123456789012345678901234567890123456789"}' 1 5000 |
        persist load - --quiet
    mkfifo pipe
    env --default-signal=INT persist dump >pipe 2>err &
    dumper=$!
    exec 7<pipe
    read -r _ <&7
    kill -s INT $dumper
    cat <&7 >rest
    code=0
    wait $dumper || code=$?
    exec 7<&-
    [ "$code" -eq 130 ]
    grep -q 'not complete' err
    # What came was whole lines.
    jq -e . rest >/dev/null
}

# Another process holds the file's write lock until this file is closed.
hold_lock() {
    mkfifo hold
    sqlite3 "$BATS_TEST_TMPDIR/data.db" <hold >locked &
    holder=$!
    exec 8>hold
    echo "BEGIN IMMEDIATE; SELECT 'held';" >&8
    wait_for grep -q held locked
}

release_lock() {
    exec 8>&-
    wait "$holder"
}

# It waits for the lock by short sleeps, which are counted.
waits_for_lock() {
    [ "$(awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "/proc/$1/task/$1/status")" -ge 100 ]
}

@test "Ctrl-C while another process holds the lock ends at once, and nothing is written" {
    need_sqlite
    command -v sqlite3 >/dev/null || skip "there is no sqlite3"
    hold_lock
    env --default-signal=INT persist put k v --timeout 30s 8>&- 2>err &
    putter=$!
    wait_for waits_for_lock $putter
    start=$(date +%s%N)
    kill -s INT $putter
    code=0
    wait $putter || code=$?
    took=$((($(date +%s%N) - start) / 1000000))
    release_lock
    [ "$code" -eq 130 ]
    [ "$took" -lt 2000 ]
    grep -q 'interrupted, nothing was written' err
    [ "$(persist count)" = 0 ]
}
