/* SPDX-License-Identifier: MIT */
#include "core/config/text.h"

#include "core/base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

char *text_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : malloc((size_t)length + 1);
    if (!text)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

char *text_copy(const char *text, size_t size)
{
    char *copy = malloc(size + 1);
    if (!copy)
        return NULL;
    if (size)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

void text_wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* Length of the well-formed sequence at `s`, 0 if there is none: no overlong form, no
 * surrogate, nothing above U+10FFFF. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    if (s[0] < 0x80)
        return s[0] != 0;
    size_t length = s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;
    if (!length || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return length;
}

size_t text_fault(const char *text, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t at = 0;
    while (at < size) {
        size_t length = utf8_length(bytes + at, size - at);
        if (!length)
            break;
        at += length;
    }
    return at;
}

const char *text_quote(const char *text, size_t size, char out[TEXT_QUOTE])
{
    bytes_show((persist_bytes){text, size}, out, TEXT_QUOTE);
    /* It may have been cut within a character; its "..." then moves before that. */
    size_t shown = strlen(out), good = text_fault(out, shown);
    if (good < shown)
        snprintf(out + good, TEXT_QUOTE - good, "...");
    return out;
}

bool text_in_words(const char *word, const char *words, long *index)
{
    size_t size = strlen(word);
    long i = 0;
    for (const char *at = words; at && *at && size; i++) {
        size_t length = strcspn(at, " ");
        if (length == size && memcmp(at, word, size) == 0) {
            if (index)
                *index = i;
            return true;
        }
        at += length + (at[length] == ' ');
    }
    return false;
}

bool text_sounds_secret(const char *name)
{
    static const char *const marks[] = {"passw", "passphrase", "secret", "token"};
    static const char *const places[] = {"_file", "_env", "_credential"};
    size_t size = strlen(name);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        size_t tail = strlen(places[i]);
        if (size >= tail && strcasecmp(name + size - tail, places[i]) == 0)
            return false;
    }
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strcasestr(name, marks[i]))
            return true;
    return false;
}
