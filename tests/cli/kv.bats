#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

setup() { make_store; }

@test "init says what it applied, and is harmless again" {
    grep -q '^1' init.out
    persist put k v
    run --separate-stderr -0 persist init
    [ -z "$output" ]
    [[ $stderr == *"up to date"* ]]
    run -0 persist get k
    [ "$output" = v ]
    run --separate-stderr -0 persist migrate up --quiet
    [ -z "$output$stderr" ]
}

@test "migrate status lists what is applied" {
    run -0 persist migrate status --output ndjson
    jq -es 'length > 0 and all(.[]; .number > 0 and (.applied_at | test("^[0-9]+$")))' <<<"$output"
}

@test "put, get, overwrite, delete" {
    run -0 persist put k one
    [ -z "$output" ]
    run -0 persist get k
    [ "$output" = one ]
    persist put k two
    run -0 persist get k
    [ "$output" = two ]
    persist delete k
    run --separate-stderr -4 persist get k
    [ -z "$output" ]
    [[ $stderr == *"'k'"* ]]
}

@test "deleting what is not there is fine" {
    run -0 persist delete nothing
}

@test "an empty value is not an absent one" {
    persist put k ''
    persist get k >got
    [ "$(od -An -tx1 <got | tr -d ' ')" = 0a ]
    run -0 persist count
    [ "$output" = 1 ]
}

@test "values pass byte by byte through standard input" {
    head -c 100000 /dev/urandom >value
    persist put k - <value
    persist get k >got
    printf '\n' | cat value - | cmp - got
    printf 'key\n' | persist put - v
    run -0 persist get --hex 6b65790a
    [ "$output" = 76 ]
    printf 'key\n' >key
    run -0 persist get - <key
    [ "$output" = v ]
}

@test "--hex and --base64 go in and out" {
    persist put --hex 00ff 0001fe
    run -0 persist get --hex 00FF
    [ "$output" = 0001fe ]
    run -0 persist get --base64 AP8=
    [ "$output" = AAH+ ]
    printf '0001fd\n' | persist put --hex 00ff -
    run -0 persist get --hex 00ff
    [ "$output" = 0001fd ]
}

@test "keys that databases like to mix up stay apart" {
    n=0
    for key in a A á 'a ' 'a%' 'a_' "a\\" "a'" 'a"' 'x; drop table t; --'; do
        persist put -- "$key" $((n++))
    done
    run -0 persist count
    [ "$output" = $n ]
    n=0
    for key in a A á 'a ' 'a%' 'a_' "a\\" "a'" 'a"' 'x; drop table t; --'; do
        run -0 persist get -- "$key"
        [ "$output" = $((n++)) ]
    done
}

@test "the past stays readable: get --at and history" {
    first=$(persist put k one --output json | jq -r .timestamp)
    second=$(persist put k two --output json | jq -r .timestamp)
    persist delete k
    ((first < second))
    run -0 persist get k --at "$first"
    [ "$output" = one ]
    run -0 persist get k --at "$second"
    [ "$output" = two ]
    run -0 persist get k --at $((second - 1))
    [ "$output" = one ]
    run -4 persist get k --at $((first - 1))
    run -0 persist history k --output ndjson
    jq -es --arg f "$first" --arg s "$second" 'length == 3
        and .[0].deleted and .[0].value == null
        and .[1].value == "two" and .[1].timestamp == $s
        and .[2].value == "one" and .[2].timestamp == $f' <<<"$output"
    run -0 persist history k --limit 1
    [ "${#lines[@]}" -eq 1 ]
    [[ $output == *deleted* ]]
    run -0 persist history k --at "$second"
    [ "${#lines[@]}" -eq 2 ]
    run -4 persist history nothing
}

@test "--at takes RFC 3339 and ages" {
    first=$(persist put k one --output json | jq -r .timestamp)
    TZ=UTC0 printf -v rfc '%(%Y-%m-%dT%H:%M:%S)T' "$((first / 1000000000))"
    rfc=$rfc.$(printf %09d $((first % 1000000000)))Z
    persist put k two
    run -0 persist get k --at "$rfc"
    [ "$output" = one ]
    run -4 persist get k --at -1h
    run -0 persist get k --at -0s
    [ "$output" = two ]
}

@test "--dry-run changes nothing and says what it would" {
    persist put k one
    run --separate-stderr -0 persist put k two --dry-run
    [[ $stderr == *"would put 'k'"* ]]
    [ -z "$output" ]
    run --separate-stderr -0 persist delete k --dry-run
    [[ $stderr == *"would delete 'k'"* ]]
    run -0 persist history k
    [ "${#lines[@]}" -eq 1 ]
}

@test "status, health and stats answer" {
    persist put k v
    run -0 persist status
    [[ $output == *"namespace "*default* ]]
    run -0 persist status --output json
    jq -e '.state == "open" and (.head | test("^[0-9]{19}$")) and .versions == 1
        and (.head_time | test("Z$")) and .max_key_bytes >= 2048' <<<"$output"
    run -0 persist health --output json
    jq -e '(.write_ns | tonumber) > 0 and (.read_ns | tonumber) > 0' <<<"$output"
    run -0 persist stats --output json
    jq -e 'length > 0 and all(.[]; .name and (.value | type == "number"))' <<<"$output"
    run -0 persist count
    [ "$output" = 1 ]
}

@test "status shows what a commit survives" {
    run -0 persist --persistence memory: status --output json
    jq -e '.durability == "none"' <<<"$output"
    need_sqlite
    run -0 persist --persistence sqlite::memory: status
    [[ $output == *"durability "*none* ]]
    run -0 persist status --output json
    jq -e '.durability == "power"' <<<"$output"
    PERSIST_DURABILITY=process run -0 persist status --output json
    jq -e '.durability == "process"' <<<"$output"
}
