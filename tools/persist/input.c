/* SPDX-License-Identifier: MIT */
#include "tools/persist/input.h"

#include "core/config/units.h"
#include "tools/persist/lines.h"

#include <inttypes.h>
#include <string.h>

persist_status input_decode(struct buf *out, enum encoding encoding, persist_bytes text,
                            const char *what, persist_error *error)
{
    enum decoded decoded = DECODED;
    char shown[80];
    if (encoding == ENCODING_TEXT)
        decoded = buf_add(out, text.data, text.size) ? DECODED : DECODED_NO_MEMORY;
    else
        decoded = encoding == ENCODING_HEX ? decode_hex(out, text) : decode_base64(out, text);
    if (decoded == DECODED)
        return PERSIST_OK;
    if (decoded == DECODED_NO_MEMORY)
        return error_no_memory(error);
    return error_set(error, PERSIST_INVALID, "%s '%s' is not %s", what,
                     bytes_show(text, shown, sizeof shown),
                     encoding == ENCODING_HEX ? "hexadecimal: give pairs of 0-9 and a-f"
                                              : "base64: give groups of four of A-Z a-z 0-9 + /");
}

static bool is_space(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static persist_status decode_standard_input(struct buf *out, enum encoding encoding,
                                            const char *what, persist_error *error)
{
    struct lines lines;
    persist_bytes text;
    persist_status status = lines_open(&lines, "-", error);
    if (status == PERSIST_OK)
        status = lines_rest(&lines, &text, error);
    if (status == PERSIST_OK) {
        const unsigned char *bytes = text.data;
        while (encoding != ENCODING_TEXT && text.size && is_space(bytes[text.size - 1]))
            text.size--;
        status = input_decode(out, encoding, text, what, error);
    }
    lines_close(&lines);
    return status;
}

persist_status input_argument(struct buf *out, enum encoding encoding, const char *argument,
                              const char *what, persist_error *error)
{
    if (strcmp(argument, "-") == 0)
        return decode_standard_input(out, encoding, what, error);
    return input_decode(out, encoding, persist_text(argument), what, error);
}

persist_status input_count(const char *text, uint64_t least, const char *what, uint64_t *out,
                           persist_error *error)
{
    int64_t value;
    char shown[80];
    enum units_fault fault = units_integer(text, &value);
    if (fault == UNITS_OK && value >= 0 && (uint64_t)value >= least) {
        *out = (uint64_t)value;
        return PERSIST_OK;
    }
    return error_set(error, PERSIST_INVALID,
                     "%s is '%s': give a whole number from %" PRIu64 " to %" PRId64, what,
                     bytes_show(persist_text(text), shown, sizeof shown), least, INT64_MAX);
}
