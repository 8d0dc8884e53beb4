# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Which files belong to the project: what git tracks, or, in a copy without git, what is
# there but is not made by the build.

sources() { # ROOT: paths relative to it, one a line
    if [ -e "$1/.git" ] && git -C "$1" ls-files >/dev/null 2>&1; then
        # A file that was removed but not yet committed is still listed.
        git -C "$1" ls-files --cached --others --exclude-standard | sort -u |
            while IFS= read -r file; do
                [ -f "$1/$file" ] && printf '%s\n' "$file"
            done
    else
        (cd "$1" && find . \( -path ./.git -o -path ./build -o -path ./build-aux -o -path ./m4 \
            -o -path ./autom4te.cache -o -path ./_build -o -path ./_inst -o -name .libs -o -name .deps \) -prune -o -type f -print) |
            sed 's,^\./,,' | grep -v -x -E \
            '(configure~?|config\.(h|log|status)|config\.h\.in~?|aclocal\.m4|libtool|Makefile(\.in)?|stamp-h[0-9.a-z]*|include/persist/version\.h|etc/[a-z-]*\.pc|proto/.*\.pb-c\..*|.*\.(o|lo|la|trs|log|[1-8]))|(.*/)?\.dirstamp' |
            sort
    fi
}

c_sources() { # ROOT
    sources "$1" | grep -E '\.[ch]$'
}

shell_sources() { # ROOT: everything a shell runs, bats too
    sources "$1" | while IFS= read -r file; do
        case $file in
        *.sh | *.bash | *.bats) printf '%s\n' "$file" ;;
        *.c | *.h | *.am | *.md | *.pod | *.yaml) ;;
        *)
            read -r first <"$1/$file" || first=
            case $first in
            '#!'*sh | '#!'*'sh '*) printf '%s\n' "$file" ;;
            esac
            ;;
        esac
    done
}
