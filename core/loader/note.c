/* SPDX-License-Identifier: MIT */
#include "core/loader/note.h"

#include <assert.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A plugin has about ten of them, and notes of some hundred bytes. */
#define MAX_SEGMENTS 256
#define MAX_NOTES_BYTES ((uint64_t)1 << 20)

/* The header of the file this code is in, placed by the linker: what this machine's
 * objects look like, without a table of machines. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

struct elf {
    int fd;
    uint64_t size;
    struct plugin_file *file;
    persist_plugin_head *head;
    ElfW(Ehdr) header;
    persist_status failed; /* not the file's fault: IO, as `why` says; NO_MEMORY */
    char why[128];
};

/* True if [offset, offset + size) lies in the file. */
static bool within(const struct elf *elf, uint64_t offset, uint64_t size)
{
    return offset <= elf->size && size <= elf->size - offset;
}

static bool cut(const struct elf *elf, const char *what)
{
    return judge_refuse(elf->file,
                        "it is cut off or damaged: its %s lie beyond its %ju bytes; install it "
                        "again",
                        what, (uintmax_t)elf->size);
}

static bool read_at(struct elf *elf, uint64_t offset, void *out, size_t size, const char *what)
{
    if (!within(elf, offset, size))
        return cut(elf, what);
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(elf->fd, (char *)out + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            elf->failed = PERSIST_IO;
            snprintf(elf->why, sizeof elf->why, "%m");
            return false;
        }
        if (got == 0)
            return cut(elf, what);
        done += (size_t)got;
    }
    return true;
}

/* The identification comes first: sizes and order of the rest follow from it. */
static bool check_ident(struct elf *elf)
{
    const unsigned char *theirs = elf->header.e_ident;
    const unsigned char *ours = __ehdr_start.e_ident;
    if (elf->size < EI_NIDENT)
        return judge_refuse(elf->file, "it has only %ju bytes: it is not a shared object",
                            (uintmax_t)elf->size);
    if (!read_at(elf, 0, &elf->header, EI_NIDENT, "headers"))
        return false;
    if (memcmp(theirs, ELFMAG, SELFMAG) != 0)
        return judge_refuse(elf->file,
                            "it is not a shared object: it does not begin as an ELF "
                            "file");
    if (theirs[EI_CLASS] != ours[EI_CLASS])
        return judge_refuse(elf->file,
                            "it is a %s-bit object, this program has %zu bits: install the one "
                            "for this machine",
                            theirs[EI_CLASS] == ELFCLASS32 ? "32" : "64 or other",
                            8 * sizeof(void *));
    if (theirs[EI_DATA] != ours[EI_DATA])
        return judge_refuse(elf->file,
                            "its byte order is another than this machine's: install "
                            "the one for this machine");
    if (theirs[EI_VERSION] != EV_CURRENT)
        return judge_refuse(elf->file, "its ELF version is %d, not %d: install it again",
                            theirs[EI_VERSION], EV_CURRENT);
    return true;
}

static bool check_header(struct elf *elf)
{
    const ElfW(Ehdr) *header = &elf->header;
    if (!read_at(elf, 0, &elf->header, sizeof elf->header, "headers"))
        return false;
    if (header->e_machine != __ehdr_start.e_machine)
        return judge_refuse(elf->file,
                            "it is for ELF machine %u, this program is for %u: install the one "
                            "for this machine",
                            header->e_machine, __ehdr_start.e_machine);
    if (header->e_type != ET_DYN)
        return judge_refuse(elf->file,
                            "it is no shared object (ELF type %u, not %u): link it with -shared",
                            header->e_type, ET_DYN);
    if (header->e_phentsize != sizeof(ElfW(Phdr)) || header->e_phnum == 0 ||
        header->e_phnum > MAX_SEGMENTS)
        return judge_refuse(elf->file,
                            "its headers are damaged (%u segments of %u bytes): install it again",
                            header->e_phnum, header->e_phentsize);
    if (!within(elf, header->e_shoff, (uint64_t)header->e_shnum * header->e_shentsize))
        return cut(elf, "section headers");
    return true;
}

/* Takes the head out of one note's contents, if the note is persist's. */
static bool take_note(struct elf *elf, uint32_t type, const unsigned char *owner,
                      uint32_t owner_size, const unsigned char *desc, uint32_t desc_size)
{
    if (type != PERSIST_NOTE_TYPE || owner_size != sizeof PERSIST_NOTE_OWNER ||
        memcmp(owner, PERSIST_NOTE_OWNER, sizeof PERSIST_NOTE_OWNER) != 0)
        return true;
    if (elf->head->head_size)
        return judge_refuse(elf->file, "it has two notes of persist: use PERSIST_PLUGIN once");
    if (desc_size < sizeof *elf->head)
        return judge_refuse(elf->file,
                            "its note has %u bytes, at least %zu are needed: build it "
                            "with PERSIST_PLUGIN of persist/plugin.h",
                            desc_size, sizeof *elf->head);
    memcpy(elf->head, desc, sizeof *elf->head);
    if (elf->head->head_size < sizeof *elf->head || elf->head->head_size > desc_size) {
        uint32_t stated = elf->head->head_size;
        memset(elf->head, 0, sizeof *elf->head);
        return judge_refuse(elf->file,
                            "its head_size is %u, but heads have %zu bytes or more and its note "
                            "%u: build it with PERSIST_PLUGIN of persist/plugin.h",
                            stated, sizeof *elf->head, desc_size);
    }
    return true;
}

static uint64_t align_up(uint64_t offset, uint64_t alignment)
{
    assert((alignment & (alignment - 1)) == 0);
    return (offset + alignment - 1) & ~(alignment - 1);
}

/* Goes through the notes of one segment, read into `data`. Sizes have 32 bits, so sums
 * in 64 bits cannot overflow. */
static bool walk_notes(struct elf *elf, const unsigned char *data, uint64_t size,
                       uint64_t alignment)
{
    uint64_t at = 0;
    while (size - at >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, data + at, sizeof note);
        uint64_t owner = at + sizeof note;
        uint64_t desc = align_up(owner + note.n_namesz, alignment);
        uint64_t end = desc + note.n_descsz;
        if (end > size)
            return judge_refuse(elf->file, "its notes are damaged: install it again");
        if (!take_note(elf, note.n_type, data + owner, note.n_namesz, data + desc, note.n_descsz))
            return false;
        at = align_up(end, alignment);
        if (at > size)
            at = size;
    }
    return true;
}

static bool read_notes(struct elf *elf, const ElfW(Phdr) * segment)
{
    if (segment->p_filesz > MAX_NOTES_BYTES)
        return judge_refuse(elf->file, "its notes have %ju bytes, at most %ju are read",
                            (uintmax_t)segment->p_filesz, (uintmax_t)MAX_NOTES_BYTES);
    size_t size = (size_t)segment->p_filesz;
    unsigned char *data = malloc(size ? size : 1);
    if (!data) {
        elf->failed = PERSIST_NO_MEMORY;
        return false;
    }
    bool ok = read_at(elf, segment->p_offset, data, size, "notes") &&
              walk_notes(elf, data, size, segment->p_align == 8 ? 8 : 4);
    free(data);
    return ok;
}

/* What ld.so would map must be there: a page behind the end of a file kills who reads it. */
static bool check_segment(struct elf *elf, const ElfW(Phdr) * segment)
{
    if (segment->p_type == PT_INTERP)
        return judge_refuse(elf->file,
                            "it is a program, not a shared object: link it with "
                            "-shared");
    if (!within(elf, segment->p_offset, segment->p_filesz) && segment->p_type != PT_NULL)
        return cut(elf, "segments");
    return segment->p_type != PT_NOTE || read_notes(elf, segment);
}

static bool read_segments(struct elf *elf)
{
    for (unsigned i = 0; i < elf->header.e_phnum; i++) {
        ElfW(Phdr) segment;
        uint64_t table = elf->header.e_phoff;
        if (!within(elf, table, (uint64_t)elf->header.e_phnum * sizeof segment))
            return cut(elf, "program headers");
        if (!read_at(elf, table + i * sizeof segment, &segment, sizeof segment, "program headers"))
            return false;
        if (!check_segment(elf, &segment))
            return false;
    }
    if (!elf->head->head_size)
        return judge_refuse(elf->file,
                            "it is not a plugin of persist: it has no .note.persist; "
                            "build it with PERSIST_PLUGIN of persist/plugin.h");
    return true;
}

persist_status note_read(int fd, struct plugin_file *file, persist_plugin_head *head,
                         persist_error *error)
{
    static_assert(sizeof(persist_plugin_head) == 448, "the head is frozen");
    static_assert(sizeof(struct persist_plugin_note) == 20 + 448, "the note has no padding");
    struct elf elf = {.fd = fd, .file = file, .head = head};
    struct stat st;
    memset(head, 0, sizeof *head);
    if (fstat(fd, &st) != 0 || st.st_size < 0)
        return error_set(error, PERSIST_IO, "%s: its size cannot be read", file->path);
    elf.size = (uint64_t)st.st_size;
    if (!check_ident(&elf) || !check_header(&elf) || !read_segments(&elf)) {
        if (elf.failed == PERSIST_NO_MEMORY)
            return error_no_memory(error);
        if (elf.failed == PERSIST_IO)
            return error_set(error, PERSIST_IO, "%s: cannot be read: %s", file->path, elf.why);
        assert(file->status != PERSIST_OK);
    }
    return PERSIST_OK;
}
