/* SPDX-License-Identifier: MIT */
/*
 * Writes the seeds of each fuzz target, good ones of every shape, into FOLDER/TARGET/. What
 * has once been found stands in here as well.
 */
#include "core/codec/record.h"
#include "core/codec/value.h"
#include "core/loader/note.h"

#include <persist/persist.h>
#include <persist/plugin.h>

#include <fcntl.h>
#include <link.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder;

static void must(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

static void seed(const char *target, int number, const void *data, size_t size)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, target);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/%s/%03d", folder, target, number);
    FILE *file = fopen(path, "w");
    must(file && (!size || fwrite(data, size, 1, file) == 1) && fclose(file) == 0, path);
}

static void seed_texts(const char *target, const char *const *texts)
{
    for (int i = 0; texts[i]; i++)
        seed(target, i, texts[i], strlen(texts[i]));
}

static const char *const urls[] = {
    "sqlite:/var/lib/app/data.db",
    "sqlite:///abs/path?mode=ro",
    "sqlite:a%20b%3f%23",
    "sqlite::memory:",
    "memory:",
    "postgres://user:pass%40word@host:5432/base?sslmode=verify-full&connect_timeout=3",
    "postgresql://[::1]:5432,other/base",
    "mysql://user@/base?socket=%2Frun%2Fmysqld.sock",
    "postgres://u:p@h/d?password=secret&a=b#c",
    "sqlite:x%g1",
    "sqlite:x%00",
    "://",
    "",
    NULL,
};

static const char *const configs[] = {
    "",
    "persistence: sqlite:app.db\n",
    "#sqlite://x:secret@host/%41?password=b\npersistence: memory:\n",
    "persistence:\n  backend: sqlite\n  host: h\n  password: p\n",
    "persistence: memory:\ntransaction: { isolation: snapshot, timeout: 5s, max_bytes: 64MiB }\n",
    "group_commit:\n  max_transactions: 512\n  window_bytes: 16MiB\npool: {max: 4}\n",
    "namespace: \"a\\u0062c\"\nplugin_path: [ /opt/a, '/opt/b' ]\n",
    "sqlite: &a { cache: 1MiB, busy: 10ms, tls: on }\nvalues: *a\n",
    "a: &x [1,2]\nb: [*x,*x,*x]\n",
    "x: !!str |\n  text\n  more\n...\n---\ny: 1\n",
    "\xef\xbb\xbfnamespace: b\r\n",
    "values: { max_bytes: 1e400, level: -1, threshold: 9223372036854775808 }\n",
    "[[[[[[[[[[[[[[[[",
    NULL,
};

static void seed_records(void)
{
    static const struct record_write writes[] = {{{"a", 1}, false}, {{"key\0two", 7}, true}};
    struct record_tx txs[] = {
        {.timestamp = 1700000000000000001, .index = 0, .writes = writes, .n_writes = 2},
        {.timestamp = 1700000000000000002, .index = 1, .writes = writes, .n_writes = 1},
        {.timestamp = 1700000000000000009, .index = 511, .writes = writes + 1, .n_writes = 1},
    };
    for (size_t n = 0; n <= 3; n++) {
        struct record record = {
            .predecessor = (int64_t)n * 400000000000000000, .txs = txs, .n_txs = n};
        struct buf out = {0};
        persist_digest digest;
        memset(record.batch, 7, sizeof record.batch);
        must(record_encode(&record, &out, &digest), "record");
        seed("record", (int)n, out.data, out.size);
        buf_free(&out);
    }
    seed("record", 4, "", 0);
}

static void seed_values(void)
{
    static char raw[4000];
    const struct value_place place = {7, {"k", 1}, 1700000000000000001};
    const unsigned char id[TX_ID_SIZE] = {1, 2, 3};
    static const size_t sizes[] = {0, 1, 100, sizeof raw};
    for (int i = 0; i < 8; i++) {
        struct value_options options = {
            .codec = i % 2 ? VALUE_ZSTD : VALUE_RAW, .level = 3, .threshold = 1};
        struct packed_value packed = {0};
        must(value_pack(&options, (persist_bytes){raw, sizes[i / 2]}, &packed, NULL) == PERSIST_OK,
             "value");
        value_seal(&packed, &place, id);
        seed("value", i, packed.data, packed.size);
        value_free(&packed);
    }
}

static void seed_tuples(void)
{
    unsigned char space[256];
    persist_key_builder key;
    persist_key_begin(&key, space, sizeof space);
    for (int i = 0; i < 12; i++) {
        persist_key_add_null(&key);
        persist_key_add_bool(&key, i % 2);
        persist_key_add_int(&key, i % 3 ? INT64_MAX >> (5 * i) : INT64_MIN >> (5 * i));
        if (i % 4 == 0)
            persist_key_begin(&key, space, sizeof space);
        persist_key_add_float(&key, i % 2 ? -1.5e300 * i : 0.25 * i);
        persist_key_add_text(&key, persist_text("text"));
        persist_key_add_bytes(&key, (persist_bytes){"\0\xff\0", 3});
        seed("tuple", i, space, key.size < sizeof space ? key.size : sizeof space);
    }
}

/* The least that is a plugin's file: headers of this machine, and the note. */
static void seed_notes(void)
{
    struct {
        ElfW(Ehdr) header;
        ElfW(Phdr) segment;
        struct persist_plugin_note note;
    } image = {.note = {8, sizeof(persist_plugin_head), PERSIST_NOTE_TYPE, PERSIST_NOTE_OWNER,
                        PERSIST_PLUGIN_HEAD("seed", "seed other", "seed", "1.0", "MIT", "A seed")}};
    static struct plugin_file file;
    persist_plugin_head head;
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    must(self >= 0 && read(self, &image.header, sizeof image.header) == sizeof image.header,
         "/proc/self/exe");
    close(self);
    image.header.e_type = ET_DYN;
    image.header.e_phoff = sizeof image.header;
    image.header.e_phnum = 1;
    image.header.e_shoff = image.header.e_shnum = image.header.e_shstrndx = 0;
    image.segment = (ElfW(Phdr)){.p_type = PT_NOTE,
                                 .p_offset = offsetof(__typeof__(image), note),
                                 .p_filesz = sizeof image.note,
                                 .p_memsz = sizeof image.note,
                                 .p_align = 4};
    seed("note", 0, &image, sizeof image);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/note/000", folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must(fd >= 0, path);
    if (note_read(fd, &file, &head, NULL) != PERSIST_OK || !head.head_size) {
        fprintf(stderr, "the seed of a note is refused: %s\n", file.reason);
        exit(1);
    }
    close(fd);
    seed("note", 1, &image, sizeof image - 100);
    image.note.head.abi_major++;
    seed("note", 2, &image, sizeof image);
    image.header.e_phnum = 0xffff;
    seed("note", 3, &image, sizeof image);
    seed("note", 4, "\177ELF", 4);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: seeds FOLDER\n");
        return 2;
    }
    folder = argv[1];
    seed_texts("url", urls);
    seed_texts("config", configs);
    seed_records();
    seed_values();
    seed_tuples();
    seed_notes();
    return 0;
}
