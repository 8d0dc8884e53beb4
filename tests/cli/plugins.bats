#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load helper

setup() {
    enter_folder
    chmod 700 .
    memory=${plugin_path%%:*}/persist_memory.so
}

@test "list has what is found, accepted or not" {
    printf 'text' >persist_text.so
    PERSIST_PLUGIN_PATH=$PERSIST_PLUGIN_PATH:$PWD run -0 persist plugins list --output ndjson
    jq -es 'any(.[]; .name == "memory" and .verdict == "accepted" and .reason == null)' <<<"$output"
    jq -es 'any(.[]; (.file | endswith("/persist_text.so")) and .verdict == "refused" and .reason)' \
        <<<"$output"
    run -0 persist plugins list
    [[ $output == *$'memory\t'*accepted* ]]
}

@test "inspect tells the head" {
    run -0 persist plugins inspect "$memory" --output json
    jq -e '.verdict == "accepted" and .name == "memory" and .abi and .schemes == "memory"' \
        <<<"$output"
}

@test "inspect of what is no plugin exits 8 and says why" {
    printf 'text' >text.so
    : >empty.so
    head -c 1000 "$memory" >cut.so
    for file in text.so empty.so cut.so; do
        run --separate-stderr -8 persist plugins inspect $file
        [[ $output == *refused* ]]
        [ -n "$stderr" ]
    done
    run -4 persist plugins inspect no-such-file.so
}

@test "a plugin that others can write is refused" {
    cp "$memory" persist_memory.so
    chmod 666 persist_memory.so
    run --separate-stderr -8 persist plugins inspect persist_memory.so
    [[ $stderr == *writ* ]]
    chmod 644 persist_memory.so
    run -0 persist plugins inspect persist_memory.so
}

@test "inspect and list run none of the file's code" {
    # A constructor that leaves a mark, in a file that carries a good note.
    printf '#include <fcntl.h>\n#include <unistd.h>\n__attribute__((constructor)) static void mark(void) { close(open("%s/mark", O_CREAT | O_WRONLY, 0600)); }\nint unused;\n' \
        "$PWD" >mark.c
    ${CC:-cc} -shared -fPIC -o plain.so mark.c || skip "no C compiler"
    objcopy -O binary --only-section=.note.persist --set-section-flags .note.persist=alloc \
        "$memory" note.bin || skip "no objcopy"
    objcopy --add-section .note.persist=note.bin plain.so persist_mark.so || skip "no objcopy"
    chmod 755 persist_mark.so
    persist plugins inspect persist_mark.so || true
    PERSIST_PLUGIN_PATH=$PWD run -0 persist plugins list
    [[ $output == *persist_mark.so* ]]
    [ ! -e mark ]
}
