#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

setup() {
    make_store
    persist put a 'x,"y"'
    persist put --hex ff00 80
}

@test "get as JSON has just its four members" {
    run -0 persist get a --output json
    jq -e 'keys == ["key", "timestamp", "tx_id", "value"] and .key == "a" and .value == "x,\"y\""
        and (.timestamp | test("^[0-9]{19}$")) and (.tx_id | test("^[0-9a-f]{24}-[0-9]+$"))' \
        <<<"$output"
    run -0 persist get --hex ff00 --output json
    jq -e '.key_base64 == "/wA=" and .value_base64 == "gA==" and (has("key") | not)' <<<"$output"
}

@test "scan as JSON is a list, as NDJSON one object a line" {
    run -0 persist scan --output json
    jq -e 'length == 2 and .[0].key == "a" and .[1].value_base64 == "gA=="' <<<"$output"
    run -0 persist scan --output ndjson
    [ "${#lines[@]}" -eq 2 ]
    jq -es 'length == 2' <<<"$output"
    run -0 persist scan --prefix zz --output json
    [ "$output" = "[]" ]
    run -0 persist scan --prefix zz --output ndjson
    [ -z "$output" ]
    run -0 persist scan --keys-only --output json
    jq -e 'all(.[]; has("value") | not)' <<<"$output"
}

@test "scan as CSV" {
    run -0 persist scan --output csv
    [ "${lines[0]}" = key,key_base64,value,value_base64,timestamp,tx_id ]
    [[ ${lines[1]} == 'a,,"x,""y""",,'[0-9]* ]]
    [[ ${lines[2]} == ',/wA=,,gA==,'[0-9]* ]]
}

@test "every verb that prints speaks valid JSON" {
    for verb in scan count "history a" "namespace list" status health stats "plugins list" \
        "config show" "migrate status" "put k v" "delete k" init; do
        # shellcheck disable=SC2086
        persist $verb --output json --quiet >out.json
        jq -e . out.json >/dev/null
    done
}

@test "and valid NDJSON and CSV" {
    for verb in scan count "history a" "namespace list" status stats; do
        # shellcheck disable=SC2086
        persist $verb --output ndjson | jq -e . >/dev/null
        # shellcheck disable=SC2086
        [ "$(persist $verb --output csv | head -1 | tr -d 'a-z0-9_,')" = "" ]
    done
}

@test "the same content is the same bytes" {
    persist scan --output json >one
    persist scan --output json >two
    cmp one two
}

@test "a full disk is told, with exit code 1" {
    [ -w /dev/full ] || skip "no /dev/full"
    for verb in "get a" scan dump status --help; do
        # shellcheck disable=SC2086
        run -1 bash -c "persist $verb 2>err >/dev/full"
        grep -q 'cannot write the output' err
    done
}

@test "a closed standard output is told too, and is not the store" {
    run -1 bash -c "persist get a >&- 2>err"
    grep -q 'cannot write the output' err
    run -0 bash -c "persist put b 2 >&-"
    [ "$(persist get b)" = 2 ]
}

@test "a reader that leaves is no fault" {
    seq -f '{"key":"k%06g","value":"some value"}' 1 20000 | persist load - --quiet
    run -0 bash -c 'set -o pipefail; persist scan 2>err | head -n 1'
    [ ! -s err ]
    run -0 bash -c 'set -o pipefail; persist dump 2>err | head -n 1'
    [ ! -s err ]
}
