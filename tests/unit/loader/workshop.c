/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "tests/unit/loader/workshop.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char workshop[512];
static char base[256]; /* folder of base.so, and of all workshops */
static char letters[64];

/* As ck_assert, outside of tests too. */
static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "loader tests: cannot go on: %s\n", what);
    exit(EXIT_FAILURE);
}

static void make_folder(const char *in, char *path, size_t capacity)
{
    snprintf(path, capacity, "%s/persist-loader-XXXXXX", in);
    need(mkdtemp(path) && chmod(path, 0755) == 0, path);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void build(const char *flags, const char *path)
{
    const char *cc = getenv("CC");
    char command[2048];
    snprintf(command, sizeof command,
             "%s %s -fvisibility=hidden -w -I\"$top_srcdir\"/include %s -o %s "
             "\"$top_srcdir\"/tests/unit/loader/plugin.c",
             cc ? cc : "cc", strstr(flags, "-DPROGRAM") ? "-fPIE -pie" : "-shared -fPIC", flags,
             path);
    need(system(command) == 0, command);
}

int workshop_run(Suite *suite)
{
    umask(022);
    setenv("top_srcdir", ".", 0);
    unsetenv("PERSIST_PLUGIN_PATH");
    const char *in = getenv("TMPDIR");
    make_folder(in && *in == '/' ? in : "/tmp", base, sizeof base);
    char path[600];
    snprintf(path, sizeof path, "%s/base.so", base);
    build(
        "-Wl,-z,defs -Wl,-z,nodelete -Wl,-z,now -Wl,-z,relro "
        "-Wl,--version-script=\"$top_srcdir\"/plugins/plugin.map",
        path);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    remove_folder(base);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

void workshop_open(void)
{
    make_folder(base, workshop, sizeof workshop);
    set_marker();
}

void workshop_close(void)
{
    remove_folder(workshop);
}

const char *at(const char *format, ...)
{
    static char paths[32][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 32];
    va_list args;
    size_t used = (size_t)snprintf(path, PATH_MAX, "%s/", workshop);
    va_start(args, format);
    vsnprintf(path + used, PATH_MAX - used, format, args);
    va_end(args);
    return path;
}

const char *folder(const char *name)
{
    const char *path = at("%s", name);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    return path;
}

void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

unsigned char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "cannot read %s", path);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *data = malloc(*size + 1);
    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq(fread(data, 1, *size, file), *size);
    fclose(file);
    return data;
}

/* The note's head follows type and owner of the note. */
static bool is_note(const unsigned char *data, size_t offset)
{
    return offset >= 12 && memcmp(data + offset - 12, "\1\0\0\0persist", 12) == 0;
}

/* Calls back for each head: magic and head_size in a row. */
static size_t each_head(const char *path, unsigned which, size_t offset, const void *data,
                        size_t size)
{
    size_t total, found = 0;
    uint32_t head_size = sizeof(persist_plugin_head);
    unsigned char *bytes = read_file(path, &total), magic[12] = PERSIST_PLUGIN_MAGIC;
    memcpy(magic + 8, &head_size, 4);
    for (size_t i = 0; i + sizeof(persist_plugin_head) <= total; i++) {
        if (memcmp(bytes + i, magic, sizeof magic) != 0)
            continue;
        if (!(which & (is_note(bytes, i) ? IN_NOTE : IN_DESCRIPTOR)))
            continue;
        if (size)
            memcpy(bytes + i + offset, data, size);
        found = i;
    }
    if (size)
        write_file(path, bytes, total);
    free(bytes);
    ck_assert_uint_ne(found, 0);
    return found;
}

void patch(const char *path, unsigned which, size_t offset, const void *data, size_t size)
{
    each_head(path, which, offset, data, size);
}

size_t note_offset(const char *path)
{
    return each_head(path, IN_NOTE, 0, NULL, 0);
}

void patch_number(const char *path, unsigned which, size_t offset, uint32_t number)
{
    patch(path, which, offset, &number, sizeof number);
}

void patch_text(const char *path, unsigned which, size_t offset, size_t capacity, const char *text)
{
    char field[256] = "";
    ck_assert_uint_le(strlen(text), capacity);
    memcpy(field, text, strlen(text));
    patch(path, which, offset, field, capacity);
}

const char *put_plugin(const char *in, const char *name, const char *schemes)
{
    char from[600];
    size_t size;
    snprintf(from, sizeof from, "%s/base.so", base);
    unsigned char *data = read_file(from, &size);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/persist_%s.so", in, name);
    write_file(path, data, size);
    free(data);
    patch_text(path, IN_BOTH, HEAD_AT(name), HEAD_SIZE(name), name);
    patch_text(path, IN_BOTH, HEAD_AT(schemes), HEAD_SIZE(schemes), schemes);
    return at("%s", path + strlen(workshop) + 1);
}

void set_marker(void)
{
    char path[600];
    snprintf(path, sizeof path, "%s/marker", workshop);
    unlink(path);
    ck_assert_int_eq(setenv("PERSIST_TEST_MARKER", path, 1), 0);
}

const char *marker(void)
{
    FILE *file = fopen(getenv("PERSIST_TEST_MARKER"), "r");
    size_t size = file ? fread(letters, 1, sizeof letters - 1, file) : 0;
    letters[size] = '\0';
    if (file)
        fclose(file);
    return letters;
}

void assert_refused(const char *path, const char *words)
{
    struct plugin_file file;
    ck_assert_int_eq(loader_inspect(path, &file, NULL), PERSIST_OK);
    ck_assert_msg(!file.accepted, "%s was accepted", path);
    ck_assert_int_eq(file.status, PERSIST_PLUGIN_REFUSED);
    ck_assert_msg(strstr(file.reason, words) != NULL, "'%s' lacks '%s'", file.reason, words);
    ck_assert_str_eq(file.path, path);
    ck_assert_str_eq(marker(), "");
}

void assert_accepted(const char *path)
{
    struct plugin_file file;
    ck_assert_int_eq(loader_inspect(path, &file, NULL), PERSIST_OK);
    ck_assert_msg(file.accepted, "%s: %s", path, file.reason);
    ck_assert_int_eq(file.status, PERSIST_OK);
    ck_assert(file.has_head);
    ck_assert_str_eq(file.reason, "");
    ck_assert_str_eq(marker(), "");
}

void assert_open_refused(const char *scheme, const struct plugin_search *where, const char *words,
                         const char *ran)
{
    const struct plugin *plugin = NULL;
    persist_error error = ERROR_INIT;
    ck_assert_int_eq(loader_open(scheme, where, &plugin, &error), PERSIST_PLUGIN_REFUSED);
    ck_assert_int_eq(persist_error_status(&error), PERSIST_PLUGIN_REFUSED);
    ck_assert_msg(strstr(persist_error_message(&error), words) != NULL, "'%s' lacks '%s'",
                  persist_error_message(&error), words);
    ck_assert_ptr_null(plugin);
    ck_assert_str_eq(marker(), ran);
    error_clear(&error);
}
