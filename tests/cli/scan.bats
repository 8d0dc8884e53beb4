#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

setup() {
    make_store
    printf 'put a 1\nput b/1 2\nput b/2 3\nput b0 4\nput c 5\n' | persist txn - >/dev/null
}

keys() {
    persist scan --keys-only "$@" | tr '\n' ' '
}

@test "all keys in order, with their values" {
    run -0 persist scan
    [ "$output" = $'a\t1\nb/1\t2\nb/2\t3\nb0\t4\nc\t5' ]
}

@test "prefix, from, to, limit, reverse" {
    [ "$(keys --prefix b/)" = "b/1 b/2 " ]
    [ "$(keys --from b/2)" = "b/2 b0 c " ]
    [ "$(keys --to b/2)" = "a b/1 " ]
    [ "$(keys --from b/1 --to c)" = "b/1 b/2 b0 " ]
    [ "$(keys --prefix b --from b/2)" = "b/2 b0 " ]
    [ "$(keys --limit 2)" = "a b/1 " ]
    [ "$(keys --reverse)" = "c b0 b/2 b/1 a " ]
    [ "$(keys --reverse --limit 2 --prefix b)" = "b0 b/2 " ]
    [ -z "$(keys --from b --to b)" ]
    [ -z "$(keys --prefix zz)" ]
    [ "$(keys --prefix '' --from '' --to '')" = "a b/1 b/2 b0 c " ]
}

@test "count counts what scan prints" {
    for options in "" "--prefix b/" "--from b/2" "--to b/2" "--limit 2" "--reverse --limit 9"; do
        # shellcheck disable=SC2086
        [ "$(persist count $options)" = "$(persist scan --keys-only $options | wc -l)" ]
    done
    run -0 persist count --output json
    [ "$output" = '{"count":5}' ]
}

@test "a scan of the past" {
    then=$(persist put d 6 --output json | jq -r .timestamp)
    persist delete a
    persist put c changed
    [ "$(keys)" = "b/1 b/2 b0 c d " ]
    [ "$(keys --at "$then")" = "a b/1 b/2 b0 c d " ]
    [ "$(persist scan --at "$then" --prefix c)" = $'c\t5' ]
    [ "$(persist count --at $((then - 1)))" = 5 ]
}

@test "a prefix of 0xFF bytes has its keys" {
    persist put --hex ffff 01
    persist put --hex ffff00 02
    persist put --hex fffe 03
    [ "$(persist scan --hex --prefix ffff --keys-only)" = $'ffff\nffff00' ]
    [ "$(persist count --hex --prefix ff)" = 3 ]
}

@test "from above to is refused" {
    run --separate-stderr -2 persist scan --from c --to a
    [ -n "$stderr" ]
    [ -z "$output" ]
    run -2 persist count --from c --to a
}

@test "text has one line a row whatever the bytes are" {
    printf 'line\nbreak\ttab\\\033[31m' | persist put odd -
    run -0 persist scan --prefix odd
    [ "$output" = $'odd\t''line\nbreak\ttab\\\x1b[31m' ]
}
