/* SPDX-License-Identifier: MIT */
#include "tools/persist/output.h"

#include "core/config/units.h"

#include <persist/persist.h>

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void output_init(struct output *output, struct sink *sink, enum output_format format)
{
    *output = (struct output){.sink = sink, .format = format, .emit = {.sink = sink}};
}

bool output_open(const struct output *output)
{
    return sink_open(output->sink) && !output->no_memory;
}

static const struct column *column(const struct output *output)
{
    assert(output->cell < output->n_columns);
    return &output->columns[output->cell];
}

/* ---- text */

static void write_escaped(struct sink *sink, persist_bytes bytes)
{
    const unsigned char *at = bytes.data;
    for (size_t i = 0, length; i < bytes.size; i += length) {
        unsigned char c = at[i];
        length = encode_utf8_length((persist_bytes){at + i, bytes.size - i});
        /* U+0080 to U+009F are control characters as well. */
        bool control = c < 0x20 || c == 0x7F || (length == 2 && c == 0xC2 && at[i + 1] < 0xA0);
        if (c == '\\')
            sink_text(sink, "\\\\");
        else if (c == '\t' || c == '\n' || c == '\r')
            sink_text(sink, c == '\t' ? "\\t" : c == '\n' ? "\\n" : "\\r");
        else if (length && !control)
            sink_add(sink, at + i, length);
        else {
            length = 1;
            sink_format(sink, "\\x%02x", (unsigned)c);
        }
    }
}

void output_line_text(struct output *output, persist_bytes bytes)
{
    struct buf text = {0};
    bool good = true;
    if (output->encoding == ENCODING_TEXT) {
        write_escaped(output->sink, bytes);
        return;
    }
    good =
        output->encoding == ENCODING_HEX ? encode_hex(&text, bytes) : encode_base64(&text, bytes);
    output->no_memory = output->no_memory || !good;
    sink_add(output->sink, text.data, text.size);
    buf_free(&text);
}

/* ---- csv */

static void write_csv(struct sink *sink, persist_bytes text)
{
    const char *at = text.data;
    bool quote = text.size && (at[0] == ' ' || at[text.size - 1] == ' ');
    for (size_t i = 0; i < text.size && !quote; i++)
        quote = strchr(",\"\r\n", at[i]) && at[i];
    if (!quote) {
        sink_add(sink, at, text.size);
        return;
    }
    sink_char(sink, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (at[i] == '"')
            sink_char(sink, '"');
        sink_char(sink, at[i]);
    }
    sink_char(sink, '"');
}

static void write_csv_bytes(struct output *output, persist_bytes bytes)
{
    struct buf text = {0};
    if (encode_is_utf8(bytes)) {
        write_csv(output->sink, bytes);
        sink_char(output->sink, ',');
        return;
    }
    output->no_memory = output->no_memory || !encode_base64(&text, bytes);
    sink_char(output->sink, ',');
    sink_add(output->sink, text.data, text.size);
    buf_free(&text);
}

static void write_csv_names(struct output *output)
{
    for (size_t i = 0; i < output->n_columns; i++) {
        const struct column *one = &output->columns[i];
        sink_format(output->sink, "%s%s", i ? "," : "", one->name);
        if (one->type == CELL_BYTES)
            sink_format(output->sink, ",%s_base64", one->name);
    }
    sink_char(output->sink, '\n');
}

/* ---- rows */

void output_begin(struct output *output, enum output_shape shape, const struct column *columns,
                  size_t n_columns)
{
    output->shape = shape;
    output->columns = columns;
    output->n_columns = n_columns;
    output->cell = 0;
    output->rows = 0;
    output->width = 0;
    for (size_t i = 0; i < n_columns; i++)
        if (strlen(columns[i].name) > output->width)
            output->width = strlen(columns[i].name);
}

/* What stands before the first row; left to it, so that what fails at once prints nothing. */
static void write_opening(struct output *output)
{
    if (output->format == OUTPUT_CSV)
        write_csv_names(output);
    else if (output->format == OUTPUT_JSON && output->shape == OUTPUT_LIST)
        sink_char(output->sink, '[');
}

static bool is_json(const struct output *output)
{
    return output->format == OUTPUT_JSON || output->format == OUTPUT_NDJSON;
}

static void begin_row(struct output *output)
{
    output->emit.comma = false;
    if (!output->rows)
        write_opening(output);
    if (output->format == OUTPUT_JSON && output->shape == OUTPUT_LIST)
        sink_text(output->sink, output->rows ? ",\n" : "\n");
    if (is_json(output))
        emit_begin(&output->emit, '{');
}

static void end_row(struct output *output)
{
    if (is_json(output))
        emit_end(&output->emit, '}');
    if (!(output->format == OUTPUT_JSON && output->shape == OUTPUT_LIST) &&
        !(output->format == OUTPUT_TEXT && output->shape == OUTPUT_ONE))
        sink_char(output->sink, '\n');
    output->rows++;
    output->cell = 0;
    if (output->eager)
        sink_flush(output->sink);
}

/* True if the cell, as text, is to be written. */
static bool begin_text(struct output *output)
{
    const struct column *one = column(output);
    if (one->detail)
        return false;
    if (output->shape == OUTPUT_ONE) {
        sink_format(output->sink, "%-*s  ", (int)output->width, one->name);
        return true;
    }
    for (size_t i = 0; i < output->cell; i++)
        if (!output->columns[i].detail) {
            sink_char(output->sink, '\t');
            break;
        }
    return true;
}

static void end_cell(struct output *output)
{
    if (output->format == OUTPUT_TEXT && output->shape == OUTPUT_ONE && !column(output)->detail)
        sink_char(output->sink, '\n');
    if (++output->cell == output->n_columns)
        end_row(output);
}

/* What every cell begins with; true if its text form is to be written. */
static bool begin_cell(struct output *output, enum cell type)
{
    assert(column(output)->type == type);
    (void)type;
    if (output->cell == 0)
        begin_row(output);
    if (output->format == OUTPUT_CSV && output->cell)
        sink_char(output->sink, ',');
    return output->format == OUTPUT_TEXT && begin_text(output);
}

void output_bytes(struct output *output, persist_bytes bytes)
{
    if (begin_cell(output, CELL_BYTES))
        output_line_text(output, bytes);
    else if (output->format == OUTPUT_CSV)
        write_csv_bytes(output, bytes);
    else if (is_json(output) && !emit_member_bytes(&output->emit, column(output)->name, bytes))
        output->no_memory = true;
    end_cell(output);
}

void output_text(struct output *output, const char *text)
{
    if (begin_cell(output, CELL_TEXT))
        write_escaped(output->sink, persist_text(text));
    else if (output->format == OUTPUT_CSV)
        write_csv(output->sink, persist_text(text));
    else if (is_json(output)) {
        emit_name(&output->emit, column(output)->name);
        emit_string(&output->emit, persist_text(text));
    }
    end_cell(output);
}

/* ns; `text` is its text form. */
static void write_ns(struct output *output, enum cell type, int64_t ns, const char *text)
{
    if (begin_cell(output, type))
        sink_text(output->sink, text);
    else if (output->format == OUTPUT_CSV)
        sink_format(output->sink, "%" PRId64, ns);
    else if (is_json(output)) {
        emit_name(&output->emit, column(output)->name);
        emit_decimal(&output->emit, ns);
    }
    end_cell(output);
}

void output_time(struct output *output, int64_t ns)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, ns);
    write_ns(output, CELL_TIME, ns, text);
}

void output_span(struct output *output, int64_t ns)
{
    char text[UNITS_TEXT];
    write_ns(output, CELL_SPAN, ns, units_show_duration(ns, text));
}

void output_integer(struct output *output, int64_t value)
{
    bool text = begin_cell(output, CELL_INTEGER);
    if (text || output->format == OUTPUT_CSV)
        sink_format(output->sink, "%" PRId64, value);
    else if (is_json(output)) {
        emit_name(&output->emit, column(output)->name);
        emit_integer(&output->emit, value);
    }
    end_cell(output);
}

/* Four digits, without an exponent; what is no number is not there. */
void output_number(struct output *output, double value)
{
    char shown[64];
    if (!isfinite(value)) {
        output_none(output);
        return;
    }
    int digits = value == 0 ? 0 : 3 - (int)floor(log10(fabs(value)));
    snprintf(shown, sizeof shown, "%.*f", digits < 0 ? 0 : digits > 6 ? 6 : digits, value);
    if (begin_cell(output, CELL_NUMBER) || output->format == OUTPUT_CSV)
        sink_text(output->sink, shown);
    else if (is_json(output)) {
        emit_name(&output->emit, column(output)->name);
        emit_number(&output->emit, shown);
    }
    end_cell(output);
}

void output_flag(struct output *output, bool value)
{
    if (begin_cell(output, CELL_FLAG))
        sink_text(output->sink, value ? "yes" : "no");
    else if (output->format == OUTPUT_CSV)
        sink_text(output->sink, value ? "true" : "false");
    else if (is_json(output)) {
        emit_name(&output->emit, column(output)->name);
        emit_bool(&output->emit, value);
    }
    end_cell(output);
}

void output_none(struct output *output)
{
    const struct column *one = column(output);
    if (begin_cell(output, one->type))
        sink_char(output->sink, '-');
    else if (output->format == OUTPUT_CSV && one->type == CELL_BYTES)
        sink_char(output->sink, ',');
    else if (is_json(output)) {
        emit_name(&output->emit, one->name);
        emit_null(&output->emit);
    }
    end_cell(output);
}

void output_end(struct output *output, bool complete)
{
    assert(output->cell == 0);
    if (complete && !output->rows)
        write_opening(output);
    if (complete && output->format == OUTPUT_JSON && output->shape == OUTPUT_LIST)
        sink_text(output->sink, output->rows ? "\n]\n" : "]\n");
    sink_flush(output->sink);
}
