#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

setup() { make_store; }

@test "keys: none, one byte, NUL, the longest, and one more" {
    run --separate-stderr -2 persist put '' v
    [ -n "$stderr" ]
    run -2 persist get ''
    run -2 persist delete ''
    persist put --hex 00 31
    [ "$(persist get --hex 00)" = 31 ]
    persist put --hex 610062 32
    run -4 persist get a
    persist put "$(bytes 2048)" longest
    [ "$(persist get "$(bytes 2048)")" = longest ]
    run --separate-stderr -1 persist put "$(bytes 2049)" v
    [[ $stderr == *2048* ]]
    run -1 persist get "$(bytes 2049)"
    run -1 persist delete "$(bytes 2049)"
    [ "$(persist count)" = 3 ]
}

@test "values: the largest, and one byte more" {
    export PERSIST_VALUES__MAX_BYTES=1000
    bytes 1000 | persist put k -
    [ "$(persist get k | wc -c)" -eq 1001 ]
    bytes 1001 >value
    run --separate-stderr -1 persist put k - <value
    [[ $stderr == *1000* ]]
    [ "$(persist get k | wc -c)" -eq 1001 ]
}

@test "times: negative, in the future, before the first commit" {
    persist put k v
    run --separate-stderr -2 persist get k --at -5
    [[ $stderr == *negative* ]]
    run --separate-stderr -1 persist get k --at 9000000000000000000
    [ -n "$stderr" ]
    run -1 persist scan --at 2200-01-01T00:00:00Z
    run -4 persist get k --at 0
    run -4 persist get k --at 1
    run -0 persist scan --at 2000-01-01T00:00:00Z
    [ -z "$output" ]
    run -2 persist get k --at 9223372036854775808
}

@test "a store that is not there" {
    need_sqlite
    run --separate-stderr -4 persist --persistence sqlite:missing.db get k
    [[ $stderr == *"init"* ]]
    [ ! -e missing.db ]
}

@test "a file that is no database, or another's" {
    need_sqlite
    bytes 5000 >text.db
    cp text.db before
    run -8 persist --persistence sqlite:text.db get k
    run -8 persist --persistence sqlite:text.db init
    cmp text.db before
    command -v sqlite3 || skip "sqlite3 is not installed"
    sqlite3 other.db 'create table t (a); insert into t values (1);'
    cp other.db before
    run --separate-stderr -8 persist --persistence sqlite:other.db get k
    [ -n "$stderr" ]
    run -8 persist --persistence sqlite:other.db init
    cmp other.db before
}

@test "a truncated database is damage" {
    need_sqlite
    seq -f '{"key":"k%05g","value":"0123456789012345678901234567890123456789"}' 1 3000 |
        persist load - --quiet
    file=${PERSIST_PERSISTENCE#sqlite:}
    size=$(stat -c %s "$file")
    truncate -s $((size / 2)) "$file"
    rm -f "$file-wal" "$file-shm"
    run --separate-stderr -6 persist scan
    [ -n "$stderr" ]
}

@test "a folder that may not be written" {
    need_sqlite
    [ "$(id -u)" -ne 0 ] || skip "root may write everywhere"
    mkdir locked
    chmod 500 locked
    run --separate-stderr -1 persist --persistence "sqlite:$PWD/locked/a.db" init
    [ -n "$stderr" ]
    chmod 700 locked
}

@test "a transaction of more writes than are allowed" {
    export PERSIST_TRANSACTION__MAX_WRITES=2
    printf 'put a 1\nput b 2\n' | persist txn -
    printf 'put c 1\nput d 2\nput e 3\n' >script
    run --separate-stderr -1 persist txn script
    [[ $stderr == *2* ]]
    [ "$(persist count)" = 2 ]
}

@test "a value that was changed under the store is damage, and names its key" {
    need_sqlite
    persist put above fine
    persist put ledger 'the quick brown fox'
    persist put other fine
    file=${PERSIST_PERSISTENCE#sqlite:}
    LC_ALL=C sed -i 's/the quick brown fox/the quick brawn fox/' "$file"*
    run --separate-stderr -6 persist get ledger
    [[ $stderr == *ledger* ]]
    [ -z "$output" ]
    run --separate-stderr -6 persist scan --output json
    # What is not complete does not look so.
    run ! jq . <<<"$output"
    run -6 persist dump
    run -6 persist history ledger
    printf 'put new 1\nget ledger\n' >script
    run --separate-stderr -6 persist txn script
    [[ $stderr == *"script:2: "* ]]
    [ "$(persist get other)" = fine ]
    run -4 persist get new
}

@test "a store that another holds is waited for no longer than --timeout" {
    need_sqlite
    command -v sqlite3 || skip "sqlite3 is not installed"
    persist put k v
    mkfifo pipe
    sqlite3 "${PERSIST_PERSISTENCE#sqlite:}" <pipe >held &
    holder=$!
    exec 7>pipe
    printf "begin immediate;\nselect 'held';\n" >&7
    wait_for grep -q held held
    run --separate-stderr persist put k w --timeout 200ms
    held=$status
    reading=$(persist get k)
    printf 'rollback;\n' >&7
    exec 7>&-
    wait $holder
    [ "$held" -eq 10 ] || [ "$held" -eq 5 ]
    [ -n "$stderr" ]
    [ "$reading" = v ]
    persist put k w
    [ "$(persist get k)" = w ]
}
