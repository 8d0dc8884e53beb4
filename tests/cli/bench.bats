#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the benchmark prints, at a scale at which the figures mean nothing.
load helper

setup() { enter_folder; }

peers=$top_builddir/tools/bench

tiny() {
    persist bench --keys 40 --rounds 1 --seconds 0.001 "$@"
}

@test "each line is measured" {
    run --separate-stderr -0 tiny --output json
    [ "$(jq length <<<"$output")" -eq 23 ]
    [ "$(jq '[.[] | select(.figure == null)] | length' <<<"$output")" -eq 0 ]
    [ "$(jq -r '.[] | select(.met == null and .must != null) | .against' <<<"$output" | sort -u)" = peer ]
    [ "$(jq -r '.[] | select(.line == "transactions") | .must' <<<"$output")" = "figure <= 1024" ]
    [[ $stderr == *"put-tail: "* ]]
}

@test "nothing of it stays in the store" {
    persist init >/dev/null
    persist put key value
    persist namespace list >before
    tiny --quiet --only get,scan-20,put-64 >/dev/null
    persist namespace list >after
    if [[ $PERSIST_PERSISTENCE != memory:* ]]; then
        diff before after
        [ "$(persist get key)" = value ]
    fi
    # Nor beside it.
    run ! compgen -G "peer-*"
}

@test "it makes the store, and prints the lines that were asked for" {
    run --separate-stderr -0 tiny --quiet --only scan,get --output csv
    [ -z "$stderr" ]
    [ "${lines[0]}" = "line,work,unit,figure,against,its_figure,ratio,must,met,remark" ]
    [[ ${lines[1]} =~ ^'get,"get newest, '.*',gets/s,'[0-9.]+',peer,,,ratio >= 1.5,,without a peer'$ ]]
    [[ ${lines[2]} =~ ^'scan,'.*',rows/s,'[0-9.]+',peer,,,ratio >= 0.6,,without a peer'$ ]]
    [ "${#lines[@]}" -eq 3 ]
    run -0 tiny --quiet --only scan
    [[ $output == scan$'\t'* ]]
}

@test "every line that has a peer is compared with it" {
    need_sqlite
    run --separate-stderr -0 tiny --peer --peer-folder "$peers" --output ndjson \
        --only open,get,get-held,scan,put,put-new,put-64,put-64-new,put-512,put-512-new,put-process,put-process-new
    [ "$(jq -s length <<<"$output")" -eq 12 ]
    [ "$(jq -s 'map(select(.figure > 0 and .its_figure > 0 and .ratio != null)) | length' <<<"$output")" -eq 12 ]
    [ "$(jq -r 'select(.met == null) | .line' <<<"$output")" = get-held ]
    [ "$(jq -r .remark <<<"$output" | sort -u)" = "" ]
    # The peer removes what it made.
    run ! compgen -G "peer-*"
}

@test "a backend without a peer refuses to be compared" {
    run --separate-stderr -2 tiny --persistence memory: --peer --peer-folder "$peers"
    [[ $stderr == *"no peer for memory"*"--peer-folder"* ]]
    [ -z "$output" ]
}

@test "options out of range are refused, those at their bounds taken" {
    for options in "--keys 0" "--keys -1" "--keys x" "--keys 1000000001" "--rounds 0" \
        "--rounds 1001" "--rounds 1.5" "--seconds 0" "--seconds 3601" "--seconds -1" \
        "--seconds nan" "--seconds 1s" "--only gte" "--only get,"; do
        # shellcheck disable=SC2086
        run --separate-stderr ! persist bench --only get --keys 40 $options
        [[ $stderr == *"give"* ]]
        [ -z "$output" ]
    done
    persist bench --quiet --only get --keys 1 --rounds 1 --seconds 0.0001 >/dev/null
}

@test "a signal ends it, and it cleans up" {
    persist init >/dev/null
    persist bench --only get,get-held --keys 40 --rounds 1000 --seconds 0.05 >out 2>err &
    pid=$!
    wait_for grep -q "get: " err
    kill -TERM $pid
    code=0
    wait $pid || code=$?
    [ $code -eq 130 ]
    grep -q interrupted err
    [ "$(persist namespace list | grep -c bench-)" -eq 0 ]
}

@test "the peer understands what it is asked, or says that it does not" {
    need_sqlite
    printf '%s\n' 'put power old 0.001 5' nonsense 'put power old' 'get-held power old x 5' \
        'get-held power old 0.001 x' 'fly power old 0.001 1' 'scan process new 0.001 7' |
        "$peers/peer_sqlite" . 50 >answers
    [ "$(cut -c1 answers | tr -d '\n')" = '=!!!!!=' ]
    grep -q 'no work fly' answers
    run ! compgen -G "peer-*"
    run -2 "$peers/peer_sqlite"
    # A folder that is not there is told, not passed over.
    echo 'put power old 0.001 5' | "$peers/peer_sqlite" ./gone 50 | grep -q '^! .*gone'
}
