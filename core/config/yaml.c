/* SPDX-License-Identifier: MIT */
/*
 * libyaml's events to a tree. YAML that configuration has no use for (anchors, aliases,
 * tags, several documents) is refused by name: an alias could make a small file large, and
 * each of them lets a value stand elsewhere than where it is read.
 */
#include "core/config/tree.h"

#include "core/config/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    const char *file;
    const char *data;
    size_t size;
    struct faults *faults;
};

static char *origin_at(struct reader *reader, yaml_mark_t mark)
{
    char *origin = text_format("%s:%zu:%zu", reader->file, mark.line + 1, mark.column + 1);
    if (!origin)
        faults_no_memory(reader->faults);
    return origin;
}

static void fault_at(struct reader *reader, yaml_mark_t mark, const char *text, const char *name)
{
    char *origin = origin_at(reader, mark);
    char quote[TEXT_QUOTE];
    if (origin)
        faults_add(reader->faults, origin, text, name ? text_quote(name, strlen(name), quote) : "");
    free(origin);
}

/* Where a byte of the file stands. */
static yaml_mark_t mark_of(const struct reader *reader, size_t offset)
{
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset && i < reader->size; i++) {
        char c = reader->data[i];
        mark.line += c == '\n';
        mark.column = c == '\n' ? 0 : mark.column + ((c & 0xC0) != 0x80);
    }
    return mark;
}

static void tell_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    yaml_mark_t mark = parser->error == YAML_READER_ERROR ? mark_of(reader, parser->problem_offset)
                                                          : parser->problem_mark;
    if (parser->error == YAML_MEMORY_ERROR) {
        faults_no_memory(reader->faults);
        return;
    }
    char *origin = origin_at(reader, mark);
    if (origin)
        faults_add(reader->faults, origin, "not well-formed YAML: %s%s%s",
                   parser->context ? parser->context : "", parser->context ? ", " : "",
                   parser->problem ? parser->problem : "unknown problem");
    free(origin);
}

/* Next event; false if there is none, its fault told. */
static bool next_event(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    tell_syntax(reader);
    return false;
}

/* ---- what is refused by name */

static bool refuse_properties(struct reader *reader, yaml_mark_t mark, const yaml_char_t *anchor,
                              const yaml_char_t *tag)
{
    if (anchor)
        fault_at(reader, mark, "anchor \"&%s\" is not supported: write the value out",
                 (const char *)anchor);
    if (tag)
        fault_at(reader, mark, "tag \"%s\" is not supported: leave it out", (const char *)tag);
    return anchor || tag;
}

/* ---- nodes */

void tree_free(struct node *node)
{
    for (size_t i = 0; i < node->n_items; i++)
        tree_free(&node->items[i]);
    free(node->items);
    text_wipe(node->text);
    free(node->key);
    free(node->key_origin);
    free(node->origin);
    *node = (struct node){0};
}

const struct node *tree_entry(const struct node *mapping, const char *key)
{
    for (size_t i = 0; i < mapping->n_items; i++)
        if (strcmp(mapping->items[i].key, key) == 0)
            return &mapping->items[i];
    return NULL;
}

const char *tree_kind_text(enum node_kind kind)
{
    return kind == NODE_MAPPING ? "a mapping" : kind == NODE_LIST ? "a list" : "a single value";
}

/* Moves a child to the end of its parent; frees it if there is no room. */
static bool adopt(struct reader *reader, struct node *parent, struct node *child)
{
    if (parent->n_items == TREE_ITEMS_MAX) {
        faults_add(reader->faults, child->origin, "more than %d entries: this is no configuration",
                   TREE_ITEMS_MAX);
        tree_free(child);
        return false;
    }
    if (parent->n_items == parent->capacity) {
        size_t capacity = parent->capacity ? 2 * parent->capacity : 8;
        struct node *items = realloc(parent->items, capacity * sizeof *items);
        if (!items) {
            tree_free(child);
            return faults_no_memory(reader->faults);
        }
        parent->items = items;
        parent->capacity = capacity;
    }
    parent->items[parent->n_items++] = *child;
    return true;
}

static bool read_node(struct reader *reader, yaml_event_t *event, unsigned depth,
                      struct node *node);

static bool read_list(struct reader *reader, unsigned depth, struct node *node)
{
    for (;;) {
        yaml_event_t event;
        struct node item = {0};
        if (!next_event(reader, &event))
            return false;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return true;
        }
        if (!read_node(reader, &event, depth, &item)) {
            tree_free(&item);
            return false;
        }
        if (!adopt(reader, node, &item))
            return false;
    }
}

/* Makes the key of `entry` out of a node read in its place; false: it is none. */
static bool take_key(struct reader *reader, const struct node *mapping, struct node *read,
                     struct node *entry)
{
    char quote[TEXT_QUOTE];
    if (read->kind == NODE_LIST || read->kind == NODE_MAPPING)
        faults_add(reader->faults, read->origin, "a key is %s: give a single word",
                   tree_kind_text(read->kind));
    if (read->kind != NODE_SCALAR)
        return false;
    const struct node *first = tree_entry(mapping, read->text);
    if (first) {
        faults_add(reader->faults, read->origin, "key \"%s\" is there twice: first at %s",
                   text_quote(read->text, strlen(read->text), quote), first->key_origin);
        return false;
    }
    entry->key = read->text;
    entry->key_origin = read->origin;
    read->text = read->origin = NULL;
    return true;
}

/* Reads key and value, of which the key's event is there. */
static bool read_entry(struct reader *reader, yaml_event_t *event, unsigned depth,
                       struct node *mapping)
{
    struct node key = {0}, entry = {0}, value = {0};
    yaml_event_t second;
    bool good = false;
    if (!read_node(reader, event, depth, &key))
        goto out;
    bool taken = take_key(reader, mapping, &key, &entry);
    if (!next_event(reader, &second) || !read_node(reader, &second, depth, &value))
        goto out;
    good = true;
    if (!taken)
        goto out;
    value.key = entry.key;
    value.key_origin = entry.key_origin;
    entry = (struct node){0};
    good = adopt(reader, mapping, &value);
    value = (struct node){0};
out:
    tree_free(&key);
    tree_free(&entry);
    tree_free(&value);
    return good;
}

static bool read_mapping(struct reader *reader, unsigned depth, struct node *node)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(reader, &event))
            return false;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return true;
        }
        if (!read_entry(reader, &event, depth, node))
            return false;
    }
}

static bool take_scalar(struct reader *reader, const yaml_event_t *event, struct node *node)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t size = event->data.scalar.length;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (memchr(text, '\0', size)) { /* written as the escape \0 */
        faults_add(reader->faults, node->origin, "a NUL is in a text: leave it out");
        node->kind = NODE_REFUSED;
        return true;
    }
    node->text = text_copy(text, size);
    return node->text || faults_no_memory(reader->faults);
}

/* Reads the node that `event` begins, and ends the event. The node is to be freed whatever
 * is returned. */
static bool read_node(struct reader *reader, yaml_event_t *event, unsigned depth, struct node *node)
{
    bool good = false;
    node->origin = origin_at(reader, event->start_mark);
    if (!node->origin)
        goto out;
    if (depth > TREE_DEPTH_MAX) {
        faults_add(reader->faults, node->origin, "nested more than %d deep: flatten it",
                   TREE_DEPTH_MAX);
        goto out;
    }
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        fault_at(reader, event->start_mark, "alias \"*%s\" is not supported: write the value out",
                 (const char *)event->data.alias.anchor);
        node->kind = NODE_REFUSED;
        good = true;
        break;
    case YAML_SCALAR_EVENT:
        refuse_properties(reader, event->start_mark, event->data.scalar.anchor,
                          event->data.scalar.tag);
        node->kind = NODE_SCALAR;
        good = take_scalar(reader, event, node);
        break;
    case YAML_SEQUENCE_START_EVENT:
        refuse_properties(reader, event->start_mark, event->data.sequence_start.anchor,
                          event->data.sequence_start.tag);
        node->kind = NODE_LIST;
        good = read_list(reader, depth + 1, node);
        break;
    default:
        refuse_properties(reader, event->start_mark, event->data.mapping_start.anchor,
                          event->data.mapping_start.tag);
        node->kind = NODE_MAPPING;
        good = read_mapping(reader, depth + 1, node);
        break;
    }
out:
    yaml_event_delete(event);
    return good;
}

/* ---- the document */

/* Reads the document between the events around it; an empty stream is an empty mapping. */
static bool read_document(struct reader *reader, struct node *root)
{
    yaml_event_t event;
    bool nothing = false;
    if (!next_event(reader, &event)) /* stream start */
        return false;
    yaml_event_delete(&event);
    if (!next_event(reader, &event))
        return false;
    nothing = event.type == YAML_STREAM_END_EVENT;
    if (nothing) {
        root->kind = NODE_MAPPING;
        root->origin = origin_at(reader, event.start_mark);
    }
    yaml_event_delete(&event);
    if (nothing)
        return root->origin != NULL;
    if (!next_event(reader, &event) || !read_node(reader, &event, 0, root))
        return false;
    if (!next_event(reader, &event)) /* document end */
        return false;
    yaml_event_delete(&event);
    if (!next_event(reader, &event))
        return false;
    if (event.type != YAML_STREAM_END_EVENT)
        fault_at(reader, event.start_mark, "a second document begins%s: one file holds one", NULL);
    yaml_event_delete(&event);
    return true;
}

/* Bytes that are no text are told before libyaml meets them, with their place. */
static bool check_bytes(struct reader *reader)
{
    if (reader->size > TREE_BYTES_MAX) {
        faults_add(reader->faults, reader->file, "larger than %u bytes: this is no configuration",
                   TREE_BYTES_MAX);
        return false;
    }
    size_t bad = text_fault(reader->data, reader->size);
    if (bad == reader->size)
        return true;
    fault_at(reader, mark_of(reader, bad),
             reader->data[bad] ? "not valid UTF-8%s: save the file as UTF-8"
                               : "a NUL byte%s: remove it",
             NULL);
    return false;
}

bool tree_parse(const char *file, const char *data, size_t size, struct faults *faults,
                struct node *out)
{
    static const char mark[] = "\xEF\xBB\xBF";
    /* The byte order mark is left out: libyaml would count it as a column. */
    size_t skip = size >= 3 && memcmp(data, mark, 3) == 0 ? 3 : 0;
    struct reader reader = {
        .file = file, .data = data + skip, .size = size - skip, .faults = faults};
    *out = (struct node){0};
    if (!check_bytes(&reader))
        return false;
    if (!yaml_parser_initialize(&reader.parser))
        return faults_no_memory(faults);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)reader.data, reader.size);
    bool good = read_document(&reader, out) && !faults->no_memory;
    yaml_parser_delete(&reader.parser);
    if (!good)
        tree_free(out);
    return good;
}
