#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

setup() { make_store; }

@test "all steps happen at one timestamp" {
    printf 'put a 1\nput b 2\ndelete c\nget a\nget c\n' >script
    run -0 persist txn script
    [ "${lines[0]}" = $'a\t1' ]
    [ "${lines[1]}" = c ]
    [[ ${lines[2]} =~ ^[0-9]{19}$ ]]
    [ "$(persist get a --output json | jq -r .timestamp)" = "${lines[2]}" ]
    [ "$(persist get b --output json | jq -r .timestamp)" = "${lines[2]}" ]
}

@test "a check that fails names line, key, expected and found, and nothing happens" {
    persist put balance 10
    printf 'put a 1\ncheck balance 11\nput b 2\n' >script
    run --separate-stderr -11 persist txn script
    [ -z "$output" ]
    [[ $stderr == *"script:2: the check of 'balance' failed: expected '11', found '10'"* ]]
    run -0 persist count
    [ "$output" = 1 ]
    printf 'check nothing x\n' >script
    run --separate-stderr -11 persist txn script
    [[ $stderr == *"found nothing"* ]]
    printf 'check-absent balance\n' >script
    run --separate-stderr -11 persist txn script
    [[ $stderr == *"expected nothing, found '10'"* ]]
}

@test "checks that hold let it through" {
    persist put balance 10
    printf 'check balance 10\ncheck-absent other\nput balance 9\ncheck balance 9\n' | persist txn -
    [ "$(persist get balance)" = 9 ]
}

@test "a long value is cut in the message" {
    bytes 5000 | persist put k -
    printf 'check k y\n' >script
    run --separate-stderr -11 persist txn script
    [ ${#stderr} -lt 400 ]
    [[ $stderr == *...* ]]
}

@test "quotes, escapes and comments" {
    cat >script <<'X'
# a comment
put "a key" "line\nbreak \"q\" \\ \x41"   # and another
put empty ""
put hash#tag 1
X
    persist txn script
    [ "$(persist get 'a key')" = $'line\nbreak "q" \\ A' ]
    [ "$(persist get empty --output json | jq -r .value)" = "" ]
    [ "$(persist get 'hash#tag')" = 1 ]
}

@test "a script is read whole before anything is done" {
    printf 'put a 1\nput b "2\n' >script
    run --separate-stderr -1 persist txn script
    [[ $stderr == *"script:2: "* ]]
    run -0 persist count
    [ "$output" = 0 ]
    printf 'put a 1\nfetch b\n' >script
    run --separate-stderr -1 persist txn script
    [[ $stderr == *"script:2: unknown step 'fetch'"* ]]
    run -4 persist txn no-such-file
    run -1 persist txn .
}

@test "a key that the store refuses names its line" {
    printf 'put a 1\nput "" 2\n' >script
    run --separate-stderr -1 persist txn script
    [[ $stderr == *"script:2: "* ]]
    run -4 persist get a
}

@test "its output in every form" {
    printf 'put a 1\n' | persist txn - --quiet
    printf 'get a\nget x\nput b 2\nget b\n' >script
    run -0 persist txn script --output json
    jq -e '.gets[0].value == "1" and (.gets[0].tx_id | test("^[0-9a-f]{24}-[0-9]+$"))
        and .gets[1].value == null and .gets[1].key == "x"
        and .gets[2].value == "2" and .gets[2].timestamp == null
        and (.timestamp | test("^[0-9]+$"))' <<<"$output"
    run -0 persist txn script --output ndjson
    [ "${#lines[@]}" -eq 4 ]
    jq -es '.[3] | keys == ["timestamp"]' <<<"$output"
    run -0 persist txn script --output csv
    [ "${lines[0]}" = key,key_base64,value,value_base64,timestamp,tx_id ]
    [[ ${lines[4]} =~ ^,,,,[0-9]+,$ ]]
    run -0 persist txn --output json - </dev/null
    jq -e '.gets == []' <<<"$output"
}

@test "--hex and --dry-run" {
    printf 'put 00 ff\nget 00\n' >script
    run --separate-stderr -0 persist txn script --hex --dry-run
    [ "${lines[0]}" = $'00\tff' ]
    [[ $stderr == *"dry run"* ]]
    [ "$(persist count)" = 0 ]
    persist txn script --hex
    [ "$(persist get --hex 00)" = ff ]
}

@test "transactions that run at once all count" {
    persist put n 0
    add() {
        for _ in 1 2 3 4 5; do
            until old=$(persist get n) &&
                printf 'check n %s\nput n %s\n' "$old" $((old + 1)) |
                persist txn - --timeout 30s >/dev/null 2>&1; do :; done
        done
    }
    add & one=$!
    add & two=$!
    wait $one
    wait $two
    [ "$(persist get n)" = 10 ]
}
