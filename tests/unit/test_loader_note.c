/* SPDX-License-Identifier: MIT */
/* What can be wrong with a file and its note; no test here runs a plugin's code. */
#include "tests/unit/loader/workshop.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *good;

static void open_shop(void)
{
    workshop_open();
    good = strdup(put_plugin(workshop, "good", "good"));
}

static void close_shop(void)
{
    free((char *)(uintptr_t)good);
    workshop_close();
}

/* Writes bytes at an offset of the file itself. */
static void poke(const char *path, size_t offset, const void *data, size_t size)
{
    size_t total;
    unsigned char *bytes = read_file(path, &total);
    ck_assert_uint_le(offset + size, total);
    memcpy(bytes + offset, data, size);
    write_file(path, bytes, total);
    free(bytes);
}

static ElfW(Ehdr) header_of(const char *path)
{
    ElfW(Ehdr) header;
    size_t size;
    unsigned char *bytes = read_file(path, &size);
    memcpy(&header, bytes, sizeof header);
    free(bytes);
    return header;
}

START_TEST(a_good_file)
{
    struct plugin_file file;
    assert_accepted(good);
    ck_assert_int_eq(loader_inspect(good, &file, NULL), PERSIST_OK);
    ck_assert_str_eq(file.head.name, "good");
    ck_assert_str_eq(file.head.schemes, "good");
    ck_assert_str_eq(file.head.section, "base");
    ck_assert_str_eq(file.head.version, "1.0");
    ck_assert_str_eq(file.head.licence, "MIT");
    ck_assert_str_eq(file.head.summary, "A plugin for tests");
    ck_assert_uint_eq(file.head.abi_major, PERSIST_ABI_MAJOR);
    ck_assert_uint_eq(file.head.abi_minor, PERSIST_ABI_MINOR);
}
END_TEST

START_TEST(a_relative_path)
{
    ck_assert_int_eq(chdir(workshop), 0);
    assert_accepted("persist_good.so");
}
END_TEST

START_TEST(not_there)
{
    struct plugin_file file;
    persist_error error = ERROR_INIT;
    const char *paths[] = {at("persist_no.so"), at("persist_good.so/persist_no.so"), ""};
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(loader_inspect(paths[i], &file, &error), PERSIST_NOT_FOUND);
    char *longer = malloc(2 * PATH_MAX);
    memset(longer, 'x', 2 * PATH_MAX);
    longer[PATH_MAX] = '\0';
    ck_assert_int_eq(loader_inspect(longer, &file, &error), PERSIST_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(persist_error_message(&error), "bytes"));
    longer[PATH_MAX - 1] = '\0'; /* the longest path there is: one part of it is too long */
    ck_assert_int_eq(loader_inspect(longer, &file, &error), PERSIST_IO);
    free(longer);
    error_clear(&error);
}
END_TEST

START_TEST(text_empty_and_folder)
{
    write_file(at("persist_text.so"), "INPUT(libc.so.6)\n", 17);
    assert_refused(at("persist_text.so"), "not begin as an ELF");
    write_file(at("persist_empty.so"), "", 0);
    assert_refused(at("persist_empty.so"), "only 0 bytes");
    write_file(at("persist_fifteen.so"), "\177ELF...........", 15);
    assert_refused(at("persist_fifteen.so"), "only 15 bytes");
    assert_refused(folder("persist_folder.so"), "is a folder");
    assert_refused("/", "is a folder");
    ck_assert_int_eq(mkfifo(at("persist_pipe.so"), 0644), 0);
    assert_refused(at("persist_pipe.so"), "device or pipe");
    assert_refused("/dev/null", "device or pipe");
}
END_TEST

/* Cut anywhere it is refused: ld.so would map pages that are not there. */
START_TEST(cut_at_many_lengths)
{
    size_t size;
    unsigned char *bytes = read_file(good, &size);
    size_t step = size / 400 + 1;
    for (size_t length = 0; length < size; length += length < 1024 ? 7 : step) {
        write_file(good, bytes, length);
        assert_refused(good, length < EI_NIDENT ? "only" : "cut off");
    }
    write_file(good, bytes, size - 1);
    assert_refused(good, "cut off");
    write_file(good, bytes, size);
    assert_accepted(good);
    free(bytes);
}
END_TEST

START_TEST(other_machines)
{
    ElfW(Ehdr) header = header_of(good);
    unsigned char class = sizeof(void *) == 8 ? ELFCLASS32 : ELFCLASS64;
    unsigned char data = header.e_ident[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB;
    ElfW(Half) machine = EM_AARCH64 == header.e_machine ? EM_X86_64 : EM_AARCH64;

    poke(good, EI_CLASS, &class, 1);
    assert_refused(good, "-bit object");
    poke(good, EI_CLASS, &header.e_ident[EI_CLASS], 1);
    poke(good, EI_DATA, &data, 1);
    assert_refused(good, "byte order");
    poke(good, EI_DATA, &header.e_ident[EI_DATA], 1);
    poke(good, EI_VERSION, "\2", 1);
    assert_refused(good, "ELF version is 2");
    poke(good, EI_VERSION, "\1", 1);
    poke(good, offsetof(ElfW(Ehdr), e_machine), &machine, sizeof machine);
    assert_refused(good, "ELF machine");
    poke(good, offsetof(ElfW(Ehdr), e_machine), &header.e_machine, sizeof machine);
    assert_accepted(good);
}
END_TEST

START_TEST(no_shared_object)
{
    build("-DPROGRAM", at("persist_program.so"));
    assert_refused(at("persist_program.so"), "is a program");
    for (unsigned type = 0; type < 5; type++) {
        ElfW(Half) half = (ElfW(Half))type;
        poke(good, offsetof(ElfW(Ehdr), e_type), &half, sizeof half);
        if (type == ET_DYN)
            assert_accepted(good);
        else
            assert_refused(good, "no shared object");
    }
}
END_TEST

START_TEST(damaged_headers)
{
    ElfW(Ehdr) header = header_of(good);
    size_t size;
    free(read_file(good, &size));
    const struct {
        size_t offset, width;
        uint64_t value;
        const char *words;
    } wrong[] = {
        {offsetof(ElfW(Ehdr), e_phnum), 2, 0, "damaged"},
        {offsetof(ElfW(Ehdr), e_phnum), 2, 257, "damaged"},
        {offsetof(ElfW(Ehdr), e_phnum), 2, 0xFFFF, "damaged"},
        {offsetof(ElfW(Ehdr), e_phentsize), 2, sizeof(ElfW(Phdr)) - 1, "damaged"},
        {offsetof(ElfW(Ehdr), e_phoff), sizeof header.e_phoff, size, "program headers"},
        {offsetof(ElfW(Ehdr), e_phoff), sizeof header.e_phoff, UINT64_MAX, "program headers"},
        {offsetof(ElfW(Ehdr), e_phoff), sizeof header.e_phoff, UINT64_MAX - 55, "program headers"},
        {offsetof(ElfW(Ehdr), e_shoff), sizeof header.e_shoff, size, "section headers"},
        {offsetof(ElfW(Ehdr), e_shoff), sizeof header.e_shoff, UINT64_MAX, "section headers"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        poke(good, wrong[i].offset, &wrong[i].value, wrong[i].width);
        assert_refused(good, wrong[i].words);
        poke(good, 0, &header, sizeof header);
    }
    assert_accepted(good);
}
END_TEST

START_TEST(damaged_segments)
{
    ElfW(Ehdr) header = header_of(good);
    const uint64_t values[] = {UINT64_MAX, (uint64_t)1 << 40, UINT64_MAX - 100};
    for (unsigned i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) segment, bad;
        size_t size, where = header.e_phoff + i * sizeof segment;
        unsigned char *bytes = read_file(good, &size);
        memcpy(&segment, bytes + where, sizeof segment);
        free(bytes);
        for (unsigned j = 0; j < 3; j++) {
            bad = segment;
            bad.p_offset = (ElfW(Off))values[j];
            poke(good, where, &bad, sizeof bad);
            assert_refused(good, "cut off");
            bad = segment;
            bad.p_filesz = (ElfW(Xword))values[j];
            poke(good, where, &bad, sizeof bad);
            assert_refused(good, "cut off");
        }
        poke(good, where, &segment, sizeof segment);
    }
    assert_accepted(good);
}
END_TEST

START_TEST(damaged_notes)
{
    size_t head = note_offset(good);
    const uint32_t sizes[] = {UINT32_MAX, UINT32_MAX - 3, 0x7FFFFFFF, 4096};
    for (size_t i = 0; i < 4; i++) {
        poke(good, head - 20, &sizes[i], 4);
        assert_refused(good, "notes are damaged");
        poke(good, head - 20, "\10\0\0", 4);
        poke(good, head - 16, &sizes[i], 4);
        assert_refused(good, "notes are damaged");
        poke(good, head - 16, "\xC0\1\0", 4);
    }
    assert_accepted(good);
    uint32_t less = 447;
    poke(good, head - 16, &less, 4);
    assert_refused(good, "447 bytes");
    poke(good, head - 16, "\xC0\1\0", 4);
    poke(good, head - 12, "\2", 1);
    assert_refused(good, "not a plugin of persist");
    poke(good, head - 12, "\1", 1);
    poke(good, head - 8, "P", 1);
    assert_refused(good, "not a plugin of persist");
}
END_TEST

/* The segment may end where the head does, and not a byte before. */
START_TEST(where_the_notes_end)
{
    ElfW(Ehdr) header = header_of(good);
    size_t head = note_offset(good), size;
    unsigned char *bytes = read_file(good, &size);
    for (unsigned i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) segment;
        size_t where = header.e_phoff + i * sizeof segment;
        memcpy(&segment, bytes + where, sizeof segment);
        if (segment.p_type != PT_NOTE || segment.p_offset > head ||
            segment.p_offset + segment.p_filesz <= head)
            continue;
        segment.p_filesz = head + sizeof(persist_plugin_head) - segment.p_offset;
        poke(good, where, &segment, sizeof segment);
        assert_accepted(good);
        for (unsigned less = 1; less <= sizeof(persist_plugin_head); less++) {
            segment.p_filesz--;
            poke(good, where, &segment, sizeof segment);
            assert_refused(good, "notes are damaged");
        }
        size = 0;
    }
    ck_assert_uint_eq(size, 0); /* the segment was found */
    free(bytes);
}
END_TEST

/* The notes of a plugin are some hundred bytes: more are not read at all. */
START_TEST(notes_too_large)
{
    ElfW(Ehdr) header = header_of(good);
    size_t size;
    unsigned char *bytes = read_file(good, &size);
    unsigned char *more = calloc(1, (2 << 20) + 1);
    memcpy(more, bytes, size);
    for (unsigned i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) segment;
        memcpy(&segment, more + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type != PT_NOTE)
            continue;
        segment.p_filesz = (1 << 20) + 1;
        segment.p_offset = 0;
        memcpy(more + header.e_phoff + i * sizeof segment, &segment, sizeof segment);
    }
    write_file(good, more, 2 << 20);
    assert_refused(good, "notes have 1048577 bytes");
    free(bytes);
    free(more);
}
END_TEST

START_TEST(no_note_and_two)
{
    build("-DNO_NOTE", at("persist_none.so"));
    assert_refused(at("persist_none.so"), "no .note.persist");
    build("-DTWO_NOTES", at("persist_base.so"));
    assert_refused(at("persist_base.so"), "two notes");
}
END_TEST

START_TEST(wrong_heads)
{
    patch(good, IN_NOTE, 0, "PERSIsT", 8);
    assert_refused(good, "begin with PERSIST");
    poke(good, note_offset(put_plugin(workshop, "good", "good")) + 7, "x", 1);
    assert_refused(good, "begin with PERSIST");
}
END_TEST

START_TEST(head_sizes)
{
    const uint32_t sizes[] = {0, 1, 447, 449, UINT32_MAX};
    for (size_t i = 0; i < 5; i++) {
        put_plugin(workshop, "good", "good");
        patch_number(good, IN_NOTE, HEAD_AT(head_size), sizes[i]);
        assert_refused(good, "head_size");
    }
}
END_TEST

/* Members with a number: which values are taken, and what a refusal says. */
static const struct {
    size_t offset;
    uint32_t value;
    const char *words; /* NULL: accepted */
    const char *also;
} numbers[] = {
    {HEAD_AT(abi_major), PERSIST_ABI_MAJOR + 1, "the host is older", "install a newer persist"},
    {HEAD_AT(abi_major), UINT32_MAX, "the host is older", "4294967295.1"},
    {HEAD_AT(abi_minor), PERSIST_ABI_MINOR + 1, NULL, NULL},
    {HEAD_AT(abi_minor), UINT32_MAX, NULL, NULL},
    {HEAD_AT(abi_minor), PERSIST_ABI_MINOR_OLDEST - 1, "the plugin is older", "plugin ABI 0.0"},
    {HEAD_AT(abi_minor), PERSIST_ABI_MINOR_OLDEST, NULL, NULL},
    {HEAD_AT(host_floor), PERSIST_ABI_MINOR + 1, "the host is older", "host of 0.2 or later"},
    {HEAD_AT(host_floor), PERSIST_ABI_MINOR, NULL, NULL},
    {HEAD_AT(host_floor), 0, NULL, NULL},
    {HEAD_AT(pointer_bits), 32, "32 bits", "64"},
    {HEAD_AT(pointer_bits), 0, "0 bits", "64"},
    {HEAD_AT(byte_order), 0x04030201u, "byte order is 04030201", "01020304"},
};

START_TEST(head_numbers)
{
    patch_number(good, IN_BOTH, numbers[_i].offset, numbers[_i].value);
    if (!numbers[_i].words) {
        assert_accepted(good);
        return;
    }
    assert_refused(good, numbers[_i].words);
    assert_refused(good, numbers[_i].also);
}
END_TEST

static const struct {
    size_t offset, capacity;
    const char *value;
    const char *words; /* NULL: accepted */
} texts[] = {
#define TEXT(member) HEAD_AT(member), HEAD_SIZE(member)
    {TEXT(name), "", "lower-case letter"},
    {TEXT(name), "../x", "lower-case letter"},
    {TEXT(name), "go/od", "lower-case letter"},
    {TEXT(name), "..", "lower-case letter"},
    {TEXT(name), "good\n", "control character \\x0a"},
    {TEXT(name), "Good", "lower-case letter"},
    {TEXT(name), "1good", "lower-case letter"},
    {TEXT(name), "go-od", "lower-case letter"},
    {TEXT(name), "other", "must be called persist_other.so"},
    {TEXT(name), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "no end within 32"},
    {TEXT(name), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "must be called"},
    {TEXT(schemes), "", "schemes are ''"},
    {TEXT(schemes), "a  b", "schemes are"},
    {TEXT(schemes), " a", "schemes are"},
    {TEXT(schemes), "a ", "schemes are"},
    {TEXT(schemes), "A", "schemes are"},
    {TEXT(schemes), "a,b", "schemes are"},
    {TEXT(schemes), "a/b", "schemes are"},
    {TEXT(schemes), "+a", "schemes are"},
    {TEXT(schemes), "a+b-c.d e1", NULL},
    {TEXT(section), "", NULL},
    {TEXT(section), "two words", "section is"},
    {TEXT(section), "Two", "section is"},
    {TEXT(abi_extra), "acme", "variant 'acme'"},
    {TEXT(version), "1\033[2J", "control character \\x1b"},
    {TEXT(licence), "MIT\177", "control character \\x7f"},
    {TEXT(summary), "two\nlines", "control character"},
    {TEXT(summary), "caf\303\251", NULL},
};

START_TEST(head_texts)
{
    patch_text(good, IN_BOTH, texts[_i].offset, texts[_i].capacity, texts[_i].value);
    if (texts[_i].words)
        assert_refused(good, texts[_i].words);
    else
        assert_accepted(good);
}
END_TEST

/* Whatever the file says, what is handed out can be printed. */
START_TEST(texts_are_tamed)
{
    static const size_t members[][2] = {{TEXT(abi_extra)}, {TEXT(name)},    {TEXT(schemes)},
                                        {TEXT(section)},   {TEXT(version)}, {TEXT(licence)},
                                        {TEXT(summary)}};
    struct plugin_file file;
    char wild[160];
    memset(wild, 7, sizeof wild);
    for (size_t i = 0; i < 7; i++) {
        patch(good, IN_NOTE, members[i][0], wild, members[i][1]);
        ck_assert_int_eq(loader_inspect(good, &file, NULL), PERSIST_OK);
        ck_assert(!file.accepted && file.has_head);
        const char *text = (const char *)&file.head + members[i][0];
        ck_assert_uint_eq(strlen(text), members[i][1] - 1);
        ck_assert_uint_eq(strspn(text, "?"), members[i][1] - 1);
    }
    put_plugin(workshop, "good", "good");
    patch(good, IN_BOTH, HEAD_AT(version), "1\0x", 3);
    assert_refused(good, "bytes behind its end");
}
END_TEST

/* A cheap generator: the same flips in every run. */
static uint32_t dice(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void flip_and_judge(size_t from, size_t size, unsigned rounds, uint32_t seed)
{
    size_t total;
    unsigned char *bytes = read_file(good, &total), *bad = malloc(total);
    struct plugin_file file;
    for (unsigned i = 0; i < rounds; i++) {
        memcpy(bad, bytes, total);
        for (unsigned n = 1 + dice(&seed) % 4; n; n--)
            bad[from + dice(&seed) % size] = (unsigned char)dice(&seed);
        write_file(good, bad, total);
        ck_assert_int_eq(loader_inspect(good, &file, NULL), PERSIST_OK);
        ck_assert(file.accepted == (file.status == PERSIST_OK));
        ck_assert(file.accepted == !file.reason[0]);
        ck_assert(file.has_head || !file.accepted);
    }
    ck_assert_str_eq(marker(), "");
    free(bytes);
    free(bad);
}

START_TEST(flips_in_the_headers)
{
    ElfW(Ehdr) header = header_of(good);
    flip_and_judge(0, header.e_phoff + header.e_phnum * sizeof(ElfW(Phdr)), 4000, 1);
}
END_TEST

START_TEST(flips_in_the_note)
{
    flip_and_judge(note_offset(good) - 20, 20 + sizeof(persist_plugin_head), 4000, 2);
    flip_and_judge(note_offset(good) - 20, 20, 2000, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loader: notes");
    TCase *tests = tcase_create("notes");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, open_shop, close_shop);
    tcase_add_test(tests, a_good_file);
    tcase_add_test(tests, a_relative_path);
    tcase_add_test(tests, not_there);
    tcase_add_test(tests, text_empty_and_folder);
    tcase_add_test(tests, cut_at_many_lengths);
    tcase_add_test(tests, other_machines);
    tcase_add_test(tests, no_shared_object);
    tcase_add_test(tests, damaged_headers);
    tcase_add_test(tests, damaged_segments);
    tcase_add_test(tests, damaged_notes);
    tcase_add_test(tests, where_the_notes_end);
    tcase_add_test(tests, notes_too_large);
    tcase_add_test(tests, no_note_and_two);
    tcase_add_test(tests, wrong_heads);
    tcase_add_test(tests, head_sizes);
    tcase_add_loop_test(tests, head_numbers, 0, sizeof numbers / sizeof numbers[0]);
    tcase_add_loop_test(tests, head_texts, 0, sizeof texts / sizeof texts[0]);
    tcase_add_test(tests, texts_are_tamed);
    tcase_add_test(tests, flips_in_the_headers);
    tcase_add_test(tests, flips_in_the_note);
    suite_add_tcase(suite, tests);
    return workshop_run(suite);
}
