# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Test Anything Protocol for the checks that are written in shell: each case is one
# line, what explains a failure follows it as a comment. tap_finish gives the exit
# status that automake expects: 0 passed, 1 failed, 77 all skipped.

tap_count=0
tap_failed=0
tap_skipped=0

pass() { # NAME
    tap_count=$((tap_count + 1))
    printf 'ok %d %s\n' "$tap_count" "$1"
}

fail() { # NAME [EXPLANATION]
    tap_count=$((tap_count + 1))
    tap_failed=$((tap_failed + 1))
    printf 'not ok %d %s\n' "$tap_count" "$1"
    if [ -n "${2-}" ]; then
        printf '%s\n' "$2" | sed 's/^/# /'
    fi
}

skip() { # NAME REASON
    tap_count=$((tap_count + 1))
    tap_skipped=$((tap_skipped + 1))
    printf 'ok %d %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

# Passes if FINDINGS is empty: the form of every check that lists what is wrong.
none() { # NAME FINDINGS
    if [ -z "$2" ]; then
        pass "$1"
    else
        fail "$1" "$2"
    fi
}

# Runs COMMAND; its output is shown only if it fails.
runs() { # NAME COMMAND...
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        pass "$name"
    else
        fail "$name" "\$ $*
$output"
    fi
}

tap_finish() {
    printf '1..%d\n' "$tap_count"
    if [ "$tap_count" -eq 0 ]; then
        echo "# no case was run"
        exit 1
    fi
    [ "$tap_failed" -eq 0 ] || exit 1
    [ "$tap_skipped" -lt "$tap_count" ] || exit 77
    exit 0
}
