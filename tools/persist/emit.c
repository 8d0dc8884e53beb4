/* SPDX-License-Identifier: MIT */
#include "tools/persist/emit.h"

#include "tools/persist/encode.h"

#include <persist/persist.h>

#include <inttypes.h>

static void before(struct emit *emit)
{
    if (emit->comma)
        sink_char(emit->sink, ',');
    emit->comma = true;
}

void emit_begin(struct emit *emit, char bracket)
{
    before(emit);
    sink_char(emit->sink, bracket);
    emit->comma = false;
}

void emit_end(struct emit *emit, char bracket)
{
    sink_char(emit->sink, bracket);
    emit->comma = true;
}

void emit_name(struct emit *emit, const char *name)
{
    emit_string(emit, persist_text(name));
    sink_char(emit->sink, ':');
    emit->comma = false;
}

void emit_null(struct emit *emit)
{
    before(emit);
    sink_text(emit->sink, "null");
}

void emit_bool(struct emit *emit, bool value)
{
    before(emit);
    sink_text(emit->sink, value ? "true" : "false");
}

void emit_integer(struct emit *emit, int64_t value)
{
    before(emit);
    sink_format(emit->sink, "%" PRId64, value);
}

void emit_number(struct emit *emit, const char *digits)
{
    before(emit);
    sink_text(emit->sink, digits);
}

void emit_decimal(struct emit *emit, int64_t value)
{
    before(emit);
    sink_format(emit->sink, "\"%" PRId64 "\"", value);
}

/* What must not stand in a string as it is, and DEL, which terminals act on. */
static void escape(struct sink *sink, unsigned char c)
{
    static const char short_forms[] = "\"\"\\\\\nn\rr\tt\bb\ff";
    for (size_t i = 0; short_forms[i]; i += 2)
        if ((unsigned char)short_forms[i] == c) {
            sink_char(sink, '\\');
            sink_char(sink, short_forms[i + 1]);
            return;
        }
    sink_format(sink, "\\u%04x", (unsigned)c);
}

void emit_string(struct emit *emit, persist_bytes text)
{
    const unsigned char *at = text.data;
    before(emit);
    sink_char(emit->sink, '"');
    for (size_t i = 0, plain; i < text.size; i += plain) {
        plain = encode_utf8_length((persist_bytes){at + i, text.size - i});
        if (!plain) {
            sink_text(emit->sink, "\xEF\xBF\xBD");
            plain = 1;
        } else if (at[i] < 0x20 || at[i] == '"' || at[i] == '\\' || at[i] == 0x7F) {
            escape(emit->sink, at[i]);
        } else {
            sink_add(emit->sink, at + i, plain);
        }
    }
    sink_char(emit->sink, '"');
}

bool emit_member_bytes(struct emit *emit, const char *name, persist_bytes bytes)
{
    if (encode_is_utf8(bytes)) {
        emit_name(emit, name);
        emit_string(emit, bytes);
        return true;
    }
    struct buf text = {0};
    bool good = encode_base64(&text, bytes);
    if (good) {
        before(emit);
        emit->comma = false;
        sink_format(emit->sink, "\"%s_base64\":", name);
        emit_string(emit, buf_bytes(&text));
    }
    buf_free(&text);
    return good;
}
