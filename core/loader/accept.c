/* SPDX-License-Identifier: MIT */
#include "core/loader/accept.h"

#include <stdio.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* True if `text` is a lower-case letter, then letters, digits and those of `others`. */
static bool is_word(const char *text, size_t size, const char *others)
{
    if (!size || !memchr(LETTERS, text[0], sizeof LETTERS - 1))
        return false;
    for (size_t i = 0; i < size; i++)
        if (!memchr(LETTERS DIGITS, text[i], sizeof LETTERS DIGITS - 1) &&
            !memchr(others, text[i], strlen(others)))
            return false;
    return true;
}

bool accept_is_scheme(const char *text, size_t size)
{
    return is_word(text, size, "+-.");
}

bool accept_has_scheme(const persist_plugin_head *head, const char *scheme)
{
    size_t size = strlen(scheme);
    for (const char *word = head->schemes; *word;) {
        size_t length = strcspn(word, " ");
        if (length == size && memcmp(word, scheme, size) == 0)
            return true;
        word += length + (word[length] == ' ');
    }
    return false;
}

/* A char array of the head: ended by a NUL, zeros behind it, no control character. */
static bool check_text(const char *text, size_t size, const char *what, struct plugin_file *file)
{
    const char *end = memchr(text, '\0', size);
    if (!end)
        return judge_refuse(file, "%s of its note has no end within %zu bytes: shorten it", what,
                            size);
    for (const char *c = text; c < end; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            return judge_refuse(file,
                                "%s of its note holds the control character \\x%02x: remove "
                                "it",
                                what, (unsigned char)*c);
    for (const char *c = end; c < text + size; c++)
        if (*c)
            return judge_refuse(file,
                                "%s of its note has bytes behind its end: build it with "
                                "PERSIST_PLUGIN of persist/plugin.h",
                                what);
    return true;
}

static bool check_texts(const persist_plugin_head *head, struct plugin_file *file)
{
    return check_text(head->abi_extra, sizeof head->abi_extra, "abi_extra", file) &&
           check_text(head->name, sizeof head->name, "name", file) &&
           check_text(head->schemes, sizeof head->schemes, "schemes", file) &&
           check_text(head->section, sizeof head->section, "section", file) &&
           check_text(head->version, sizeof head->version, "version", file) &&
           check_text(head->licence, sizeof head->licence, "licence", file) &&
           check_text(head->summary, sizeof head->summary, "summary", file);
}

static bool check_frame(const persist_plugin_head *head, struct plugin_file *file)
{
    if (memcmp(head->magic, PERSIST_PLUGIN_MAGIC, sizeof head->magic) != 0)
        return judge_refuse(file,
                            "its note does not begin with %s: build it with PERSIST_PLUGIN "
                            "of persist/plugin.h",
                            PERSIST_PLUGIN_MAGIC);
    if (head->byte_order != PERSIST_BYTE_ORDER)
        return judge_refuse(file,
                            "its byte order is %08x, this program's %08x: install the one "
                            "for this machine",
                            head->byte_order, PERSIST_BYTE_ORDER);
    if (head->pointer_bits != 8 * sizeof(void *))
        return judge_refuse(file,
                            "its pointers have %u bits, this program's %zu: install the one "
                            "for this machine",
                            head->pointer_bits, 8 * sizeof(void *));
    return true;
}

/* The side to replace follows from which one is older. */
static bool refuse_abi(const persist_plugin_head *head, bool host_older, struct plugin_file *file)
{
    return judge_refuse(
        file,
        "it was built for plugin ABI %u.%u and needs a host of %u.%u or later, this host has "
        "%d.%d: the %s is older, %s",
        head->abi_major, head->abi_minor, head->abi_major, head->host_floor, PERSIST_ABI_MAJOR,
        PERSIST_ABI_MINOR, host_older ? "host" : "plugin",
        host_older ? "install a newer persist" : "build or install the plugin anew");
}

static bool check_abi(const persist_plugin_head *head, struct plugin_file *file)
{
    if (head->abi_major != PERSIST_ABI_MAJOR)
        return refuse_abi(head, head->abi_major > PERSIST_ABI_MAJOR, file);
    if (head->host_floor > PERSIST_ABI_MINOR)
        return refuse_abi(head, true, file);
    if (PERSIST_ABI_MAJOR == 0 && head->abi_minor < PERSIST_ABI_MINOR_OLDEST)
        return refuse_abi(head, false, file);
    if (strcmp(head->abi_extra, PERSIST_ABI_EXTRA) != 0)
        return judge_refuse(file,
                            "it was built for the variant '%s' of persist, this host is "
                            "'%s': install the plugin of this variant",
                            head->abi_extra, PERSIST_ABI_EXTRA);
    return true;
}

static bool check_schemes(const persist_plugin_head *head, struct plugin_file *file)
{
    const char *word = head->schemes;
    for (;;) {
        size_t length = strcspn(word, " ");
        if (!accept_is_scheme(word, length))
            return judge_refuse(file,
                                "its schemes are '%s': give one or more URL schemes in lower "
                                "case, separated by one space",
                                head->schemes);
        if (!word[length])
            return true;
        word += length + 1;
    }
}

static bool check_name(const persist_plugin_head *head, struct plugin_file *file)
{
    char expected[64];
    const char *slash = strrchr(file->path, '/');
    if (!is_word(head->name, strlen(head->name), "_"))
        return judge_refuse(file,
                            "its name is '%s': a name is a lower-case letter, then letters, "
                            "digits and '_'",
                            head->name);
    snprintf(expected, sizeof expected, "persist_%s.so", head->name);
    if (strcmp(slash ? slash + 1 : file->path, expected) != 0)
        return judge_refuse(file, "its name is '%s', so the file must be called %s", head->name,
                            expected);
    if (head->section[0] && !is_word(head->section, strlen(head->section), "_"))
        return judge_refuse(file,
                            "its section is '%s': a section is a lower-case letter, then "
                            "letters, digits and '_'",
                            head->section);
    return true;
}

bool accept_head(const persist_plugin_head *head, struct plugin_file *file)
{
    if (head->head_size < sizeof *head)
        return judge_refuse(file, "its head_size is %u, not at least %zu", head->head_size,
                            sizeof *head);
    return check_frame(head, file) && check_texts(head, file) && check_abi(head, file) &&
           check_name(head, file) && check_schemes(head, file);
}
