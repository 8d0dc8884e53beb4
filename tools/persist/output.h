/* SPDX-License-Identifier: MIT */
/*
 * What the command prints: rows of named cells, written as they come in one of four
 * forms.
 *
 *   text    a list: one line a row, cells separated by tabs; one row: one line a cell,
 *           name and value. Control characters, '\' and bytes that are not UTF-8 are
 *           written as \t, \n, \r, \\ or \xNN
 *   json    a list of objects, or one object
 *   ndjson  one object a line
 *   csv     a line of names, then one line a row (RFC 4180, lines end with LF). Bytes
 *           take two columns, "name" and "name_base64", of which one is filled
 *
 * In JSON, every count of nanoseconds is a string.
 */
#ifndef TOOLS_PERSIST_OUTPUT_H
#define TOOLS_PERSIST_OUTPUT_H

#include "tools/persist/encode.h"
#include "tools/persist/emit.h"

/* In the order of the words of --output. */
enum output_format { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_NDJSON, OUTPUT_CSV };
enum output_shape { OUTPUT_LIST, OUTPUT_ONE };

enum cell {
    CELL_BYTES,   /* keys and values */
    CELL_TEXT,    /* UTF-8 */
    CELL_TIME,    /* ns since the Unix epoch */
    CELL_SPAN,    /* ns; as text with a unit */
    CELL_INTEGER, /* a count */
    CELL_NUMBER,  /* a figure, of which four digits count */
    CELL_FLAG     /* true or false; as text yes or no */
};

struct column {
    const char *name;
    enum cell type;
    bool detail; /* left out of text */
};

struct output {
    struct sink *sink;
    enum output_format format;
    enum encoding encoding; /* of CELL_BYTES as text */
    bool eager;             /* each row is sent at once */
    bool no_memory;
    enum output_shape shape;
    const struct column *columns;
    size_t n_columns;
    size_t cell;  /* of the row being written */
    size_t width; /* of names, as text of one row */
    uint64_t rows;
    struct emit emit;
};

/* Sets sink, format, encoding and eager; the sink has to outlive it. */
void output_init(struct output *output, struct sink *sink, enum output_format format);
void output_begin(struct output *output, enum output_shape shape, const struct column *columns,
                  size_t n_columns);
/* The cells of a row, in the order of the columns; the last one ends the row. */
void output_bytes(struct output *output, persist_bytes bytes);
void output_text(struct output *output, const char *text);
void output_time(struct output *output, int64_t ns);
void output_span(struct output *output, int64_t ns);
void output_integer(struct output *output, int64_t value);
void output_number(struct output *output, double value);
void output_flag(struct output *output, bool value);
/* A cell of any type that is not there: null, or empty, or "-". */
void output_none(struct output *output);
/* What is not complete (something failed) is left without its end, so that no reader takes
 * it for all. */
void output_end(struct output *output, bool complete);
/* May more rows be written? False if the reader is gone, or writing failed. */
bool output_open(const struct output *output);
/* Writes bytes as text of one line, in the encoding. */
void output_line_text(struct output *output, persist_bytes bytes);

#endif
