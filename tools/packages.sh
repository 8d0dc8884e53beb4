# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Debian packages that the scripts in this folder need, and how they are installed.

# What one of the scripts needs, a package a word.
packages_of() { # quickstart | check
    # To build persist and all its backends.
    echo autoconf automake libtool make gcc libc6-dev pkg-config perl \
        libyaml-dev libjansson-dev libprotobuf-c-dev protobuf-c-compiler libxxhash-dev \
        libzstd-dev libbsd-dev libsqlite3-dev
    case $1 in
    # The data, and what turns them into lines.
    quickstart) echo iso-codes jq ;;
    # Tests, and the tools that check the source.
    check)
        echo g++ clang libclang-rt-dev clang-format clang-tidy cppcheck shellcheck \
            universal-ctags mandoc check bats jq iso-codes binutils e2fsprogs faketime xz-utils procps sqlite3 spin
        ;;
    esac
}

# Installs what is missing of a script's packages. Asks nothing; needs root or sudo only
# if something is missing. What apt says goes to standard error, and only if it fails.
install_packages() { # quickstart | check
    local package missing=() become=() output
    for package in $(packages_of "$1"); do
        dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -q -x installed ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    if ! command -v apt-get >/dev/null; then
        echo "missing: ${missing[*]}: install these (the names are Debian's) and run this again" >&2
        return 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "missing: ${missing[*]}: run this as root, or: apt-get install ${missing[*]}" >&2
            return 1
        fi
        become=(sudo)
    fi
    echo "installing: ${missing[*]}" >&2
    if ! output=$({
        "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
            -o DPkg::Lock::Timeout=300 update &&
            "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
                -o DPkg::Lock::Timeout=300 install --no-install-recommends "${missing[@]}"
    } </dev/null 2>&1); then
        printf '%s\n' "$output" >&2
        echo "apt-get could not install: ${missing[*]}" >&2
        return 1
    fi
}

# Copies the source, without what a build leaves in it, into a folder that is there.
# Works from a folder that can only be read, and without git.
copy_source() { # FROM TO
    tar -C "$1" -c -f - --mode=u+w --anchored --exclude=./.git --exclude=./build --exclude=./build-aux \
        --exclude=./m4 --exclude=./autom4te.cache --exclude=./configure --exclude='./configure~' \
        --exclude=./config.h --exclude='./config.h.in*' --exclude='./config.log' \
        --exclude='./config.status' --exclude=./aclocal.m4 --exclude=./libtool \
        --exclude=./Makefile --exclude=./Makefile.in --exclude='./stamp-h*' \
        --exclude=./include/persist/version.h --exclude='./etc/*.pc' --exclude='./proto/*.pb-c.*' \
        --no-anchored --exclude='*.o' --exclude='*.lo' --exclude='*.la' --exclude='*.trs' \
        --exclude='*.log' --exclude=.deps --exclude=.libs --exclude=.dirstamp . |
        tar -C "$2" -x -f - --no-same-owner
}
