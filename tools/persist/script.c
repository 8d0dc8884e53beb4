/* SPDX-License-Identifier: MIT */
#include "tools/persist/script.h"

#include "tools/persist/input.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 3

static const struct {
    const char *name;
    size_t n_words; /* with the name */
    const char *usage;
} kinds[] = {
    [STEP_GET] = {"get", 2, "get KEY"},
    [STEP_PUT] = {"put", 3, "put KEY VALUE"},
    [STEP_DELETE] = {"delete", 2, "delete KEY"},
    [STEP_CHECK] = {"check", 3, "check KEY VALUE"},
    [STEP_CHECK_ABSENT] = {"check-absent", 2, "check-absent KEY"},
};
#define N_KINDS (sizeof kinds / sizeof *kinds)

/* A line being taken apart. */
struct reading {
    const char *file;
    uint64_t line;
    const unsigned char *at;
    const unsigned char *end;
    persist_error *error;
};

static persist_status fault(const struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static persist_status fault(const struct reading *reading, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_set_va(reading->error, PERSIST_INVALID, format, args);
    va_end(args);
    return error_prefix(reading->error, "%s:%" PRIu64 ": ", reading->file, reading->line);
}

static bool is_blank(unsigned char c)
{
    return c == ' ' || c == '\t';
}

/* The byte behind a backslash, or -1; *at is moved behind it. */
static int unescape(const unsigned char **at, const unsigned char *end)
{
    unsigned char c = *at < end ? *(*at)++ : 0;
    struct buf byte = {0};
    int value = -1;
    if (c == '"' || c == '\\')
        return c;
    if (c == 'n' || c == 't')
        return c == 'n' ? '\n' : '\t';
    if (c == 'x' && end - *at >= 2 && decode_hex(&byte, (persist_bytes){*at, 2}) == DECODED) {
        value = byte.data[0];
        *at += 2;
    }
    buf_free(&byte);
    return value;
}

/* A word whose opening quote was taken. */
static persist_status read_quoted(struct reading *reading, struct buf *out)
{
    while (reading->at < reading->end) {
        unsigned char c = *reading->at++;
        if (c == '"') {
            if (reading->at < reading->end && !is_blank(*reading->at))
                return fault(reading,
                             "a word goes on behind its closing quote: put a blank "
                             "there, or write all of it in the quotes");
            return PERSIST_OK;
        }
        if (c == '\\') {
            int byte = unescape(&reading->at, reading->end);
            if (byte < 0)
                return fault(reading, "unknown escape: use \\\", \\\\, \\n, \\t or \\xNN");
            c = (unsigned char)byte;
        }
        if (!buf_add(out, &c, 1))
            return error_no_memory(reading->error);
    }
    return fault(reading, "a quote is not closed: write \\n for a newline");
}

static persist_status read_bare(struct reading *reading, struct buf *out)
{
    const unsigned char *start = reading->at;
    for (; reading->at < reading->end && !is_blank(*reading->at); reading->at++)
        if (*reading->at == '"' || *reading->at == '\\' || *reading->at == '\0')
            return fault(reading,
                         "a word holds a quote, a backslash or a NUL: write it in "
                         "double quotes, as \\\", \\\\ or \\x00");
    return buf_add(out, start, (size_t)(reading->at - start)) ? PERSIST_OK
                                                              : error_no_memory(reading->error);
}

/* Takes the line's words; *n of them. */
static persist_status read_words(struct reading *reading, struct buf words[MAX_WORDS], size_t *n)
{
    persist_status status = PERSIST_OK;
    for (*n = 0; status == PERSIST_OK;) {
        while (reading->at < reading->end && is_blank(*reading->at))
            reading->at++;
        if (reading->at == reading->end || *reading->at == '#')
            return PERSIST_OK;
        if (*n == MAX_WORDS)
            return fault(reading,
                         "too many words: a step has at most a key and a value; write "
                         "one with blanks in double quotes");
        struct buf *word = &words[(*n)++];
        bool quoted = *reading->at == '"';
        reading->at += quoted;
        status = quoted ? read_quoted(reading, word) : read_bare(reading, word);
    }
    return status;
}

static persist_status keep(struct script *script, enum encoding encoding, const struct buf *word,
                           const char *what, const struct reading *reading, struct script_word *out)
{
    out->at = script->words.size;
    persist_status status =
        input_decode(&script->words, encoding, buf_bytes(word), what, reading->error);
    out->size = script->words.size - out->at;
    if (status == PERSIST_INVALID)
        error_prefix(reading->error, "%s:%" PRIu64 ": ", reading->file, reading->line);
    return status;
}

static struct step *add(struct script *script)
{
    if (script->n == script->capacity) {
        size_t capacity = script->capacity ? 2 * script->capacity : 64;
        struct step *steps = capacity <= SIZE_MAX / sizeof *steps
                                 ? realloc(script->steps, capacity * sizeof *steps)
                                 : NULL;
        if (!steps)
            return NULL;
        script->steps = steps;
        script->capacity = capacity;
    }
    script->steps[script->n] = (struct step){0};
    return &script->steps[script->n++];
}

static persist_status add_step(struct script *script, enum encoding encoding,
                               const struct buf words[MAX_WORDS], size_t n,
                               const struct reading *reading)
{
    char shown[60];
    size_t kind = 0;
    while (kind < N_KINDS &&
           bytes_compare(buf_bytes(&words[0]), persist_text(kinds[kind].name)) != 0)
        kind++;
    if (kind == N_KINDS)
        return fault(reading, "unknown step '%s': use get, put, delete, check or check-absent",
                     bytes_show(buf_bytes(&words[0]), shown, sizeof shown));
    if (n != kinds[kind].n_words)
        return fault(reading, "too %s words: write %s", n < kinds[kind].n_words ? "few" : "many",
                     kinds[kind].usage);
    struct step *step = add(script);
    if (!step)
        return error_no_memory(reading->error);
    step->kind = (enum step_kind)kind;
    step->line = reading->line;
    persist_status status = keep(script, encoding, &words[1], "the key", reading, &step->key);
    if (status == PERSIST_OK && n > 2)
        status = keep(script, encoding, &words[2], "the value", reading, &step->value);
    return status;
}

persist_status script_read(struct script *script, struct lines *lines, enum encoding encoding,
                           persist_error *error)
{
    struct buf words[MAX_WORDS] = {{0}};
    persist_bytes line;
    persist_status status;
    *script = (struct script){.name = lines->name};
    while ((status = lines_next(lines, &line, error)) == PERSIST_OK) {
        const unsigned char *start = line.data;
        struct reading reading = {lines->name, lines->number, start, start + line.size, error};
        size_t n;
        for (size_t i = 0; i < MAX_WORDS; i++)
            words[i].size = 0;
        status = read_words(&reading, words, &n);
        if (status == PERSIST_OK && n)
            status = add_step(script, encoding, words, n, &reading);
        if (status != PERSIST_OK)
            break;
    }
    for (size_t i = 0; i < MAX_WORDS; i++)
        buf_free(&words[i]);
    return status == PERSIST_END ? PERSIST_OK : status;
}

persist_bytes script_bytes(const struct script *script, struct script_word word)
{
    return (persist_bytes){word.size ? script->words.data + word.at : NULL, word.size};
}

void script_free(struct script *script)
{
    free(script->steps);
    buf_free(&script->words);
}
