# SPDX-License-Identifier: MIT
# Each test has a folder of its own as its working directory, and a store in it.
bats_require_minimum_version 1.5.0

top_builddir=${top_builddir:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
PATH=$top_builddir/tools/persist:$PATH
plugin_path=${PERSIST_PLUGIN_PATH:-$top_builddir/plugins/memory/.libs:$top_builddir/plugins/sqlite/.libs}
test_url=${PERSIST_TEST_URL:-sqlite:@DIR@/data.db}

# Nothing of the caller's environment counts.
for variable in ${!PERSIST_*} NO_COLOR; do
    unset "$variable"
done
export PERSIST_PLUGIN_PATH=$plugin_path

enter_folder() {
    cd "$BATS_TEST_TMPDIR" || return
    export PERSIST_PERSISTENCE=${test_url//@DIR@/$BATS_TEST_TMPDIR}
}

make_store() {
    enter_folder
    persist init --quiet >init.out
}

# For what only a file of SQLite's can show.
need_sqlite() {
    [[ $PERSIST_PERSISTENCE == sqlite:* ]] || skip "the store is not an SQLite file"
}

# N bytes of x.
bytes() {
    head -c "$1" /dev/zero | tr '\0' x
}

# Waits until a command succeeds, 20 s at most.
wait_for() {
    local end=$((SECONDS + 20))
    until "$@"; do
        ((SECONDS < end)) || return 1
    done
}
