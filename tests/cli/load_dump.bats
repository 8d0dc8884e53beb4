#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

setup() { make_store; }

@test "a dump loaded elsewhere is the same dump" {
    cat >in.ndjson <<'X'
{"key":"a","value":"1"}
{"key":"b","value":""}
{"key":"quote\"\\\n\t","value":"ünïcode € \u0000 \u001f"}
{"key_base64":"/wA=","value_base64":"gIGC"}
{"key_base64":"eg==","value":"mixed"}
X
    run --separate-stderr -0 persist load in.ndjson
    [[ $stderr == *"5 rows loaded"* ]]
    [ -z "$output" ]
    persist dump >one.ndjson
    [ "$(wc -l <one.ndjson)" -eq 5 ]
    jq -e . <one.ndjson >/dev/null
    persist namespace create other
    persist --namespace other load one.ndjson
    persist --namespace other dump >two.ndjson
    cmp one.ndjson two.ndjson
    [ "$(persist get --hex ff00)" = 808182 ]
}

@test "thousands of rows, in batches, from a pipe" {
    seq -f '%05g' 1 3000 | sed 's/.*/{"key":"k&","value":"v&"}/' | persist load - --quiet
    [ "$(persist count)" = 3000 ]
    [ "$(persist get k02999)" = v02999 ]
    [ "$(persist scan --output ndjson | jq -r .timestamp | sort -u | wc -l)" -eq 6 ]
}

@test "a batch is bounded in bytes as well" {
    for i in 1 2 3; do
        printf '{"key":"k%d","value":"%s"}\n' $i "$(bytes 700000)"
    done | persist load -
    [ "$(persist scan --keys-only --output ndjson | jq -r .timestamp | sort -u | wc -l)" -eq 2 ]
}

@test "dump has one prefix, and any moment" {
    printf '{"key":"a/1","value":"1"}\n{"key":"b/1","value":"2"}\n' | persist load -
    then=$(persist put a/2 3 --output json | jq -r .timestamp)
    persist delete a/1
    run -0 persist dump --prefix a/ --quiet
    [ "$output" = '{"key":"a/2","value":"3"}' ]
    run -0 persist dump --prefix a/ --at "$then" --quiet
    [ "${#lines[@]}" -eq 2 ]
    run -0 persist dump --output csv --quiet --prefix b
    [ "$output" = '{"key":"b/1","value":"2"}' ]
}

@test "a later line of the same key counts" {
    printf '{"key":"a","value":"1"}\n{"key":"a","value":"2"}\n' | persist load -
    [ "$(persist get a)" = 2 ]
}

@test "empty lines, CR LF and a missing last newline are fine" {
    printf '\r\n{"key":"a","value":"1"}\r\n  \n{"value":"2","key":"b"}' | persist load -
    [ "$(persist scan)" = $'a\t1\nb\t2' ]
}

@test "a bad line is named with its column, and all before it is there" {
    printf '{"key":"a","value":"1"}\n{"key":"b","value":}\n{"key":"c","value":"3"}\n' >in
    run --separate-stderr -1 persist load in
    [[ $stderr == *"in:2:"[0-9]*": "* ]]
    [[ $stderr == *"--skip 1"* ]]
    [ "$(persist scan --keys-only)" = a ]
    sed -i 's/:}/:"2"}/' in
    run --separate-stderr -0 persist load in --skip 1
    [[ $stderr == *"2 rows loaded"* ]]
    [ "$(persist scan)" = $'a\t1\nb\t2\nc\t3' ]
}

@test "every kind of bad line is refused" {
    while IFS= read -r line; do
        printf '%s\n' "$line" >in
        run --separate-stderr -1 persist load in
        [[ $stderr == *"in:1:"[0-9]*": "* ]]
        [[ $stderr == *"--skip 0"* ]]
    done <<'X'
nonsense
[]
"text"
{
{}
{"key":"a"}
{"value":"a"}
{"key":"a","value":1}
{"key":"a","value":null}
{"key":"a","value":{}}
{"key":1,"value":"1"}
{"key":"a","key":"b","value":"1"}
{"key":"a","key_base64":"YQ==","value":"1"}
{"key":"a","value_base64":"?"}
{"key":"a","value":"1","extra":"2"}
{"key":"a","value":"1"} trailing
{"key":"a","value":"\ud800"}
{"key":"","value":"1"}
X
    [ "$(persist count)" = 0 ]
    printf '{"key":"a","value":"\xff"}\n' >in
    run -1 persist load in
    printf '\xef\xbb\xbf{"key":"a","value":"1"}\n' >in
    run -1 persist load in
}

@test "a row that the store refuses is named, and all before it is there" {
    {
        printf '{"key":"a","value":"1"}\n\n{"key":"%s","value":"2"}\n' "$(bytes 2048)"
        printf '{"key":"%s","value":"3"}\n{"key":"z","value":"4"}\n' "$(bytes 2049)"
    } >in
    run --separate-stderr -1 persist load in
    [[ $stderr == *"in:4:1: "*"--skip 3"* ]]
    [ "$(persist count)" = 2 ]
}

@test "--skip past the end loads nothing; --dry-run neither" {
    printf '{"key":"a","value":"1"}\n' >in
    run --separate-stderr -0 persist load in --skip 5
    [[ $stderr == *"0 rows loaded"* ]]
    run --separate-stderr -0 persist load in --dry-run
    [[ $stderr == *"would load 1 rows"* ]]
    run --separate-stderr -0 persist load in --skip 0 --quiet
    [ -z "$stderr" ]
    [ "$(persist count)" = 1 ]
    printf 'bad\n' >in
    run -1 persist load in --dry-run
    run -2 persist load in --skip -1
}

@test "files that are not there or not files" {
    run -4 persist load no-such-file
    run --separate-stderr -1 persist load .
    [[ $stderr == *"cannot read ."* ]]
    run -0 persist load - </dev/null
}

@test "any bytes survive a dump and a load" {
    for i in {1..40}; do
        printf '{"key_base64":"%s","value_base64":"%s"}\n' \
            "$(head -c $((i % 7 + 4)) /dev/urandom | base64 -w 0)" \
            "$(head -c $((i * 3)) /dev/urandom | base64 -w 0)"
    done >in
    persist load in --quiet
    persist dump --quiet >one
    [ "$(wc -l <one)" -eq 40 ]
    persist namespace create other
    persist --namespace other load one --quiet
    persist --namespace other dump --quiet | cmp - one
    persist scan --hex >one.hex
    persist --namespace other scan --hex | cmp - one.hex
    # And in hexadecimal they are what was given.
    while read -r line; do
        key=$(jq -r .key_base64 <<<"$line" | base64 -d | od -An -v -tx1 | tr -d ' \n')
        value=$(jq -r .value_base64 <<<"$line" | base64 -d | od -An -v -tx1 | tr -d ' \n')
        grep -qxF "$key"$'\t'"$value" one.hex
    done <in
}
