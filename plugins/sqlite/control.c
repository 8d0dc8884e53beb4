/* SPDX-License-Identifier: MIT */
/* Compare-and-set of the control fields, and the pins. */
#include "plugins/sqlite/sqlite.h"

#include <string.h>

/* What a control sees and leaves: the row as found, and as it is to be. */
struct change {
    uint32_t ns;
    const persist_control *control;
    persist_clock found;
    persist_clock next;
};

/* ---------------------------------------------------------------------------- pins */

/* The rows of LITE_PINS, in one block; grown as they come. */
struct pin_block {
    persist_pin *pins;
    char *texts;
    size_t count;
    size_t text_size;
};

static bool pin_add(struct pin_block *block, sqlite3_stmt *row)
{
    size_t length = (size_t)sqlite3_column_bytes(row, 0) + 1;
    persist_pin *pins = lite_host.resize(block->pins, (block->count + 1) * sizeof(*pins));
    char *texts;

    if (pins == NULL)
        return false;
    block->pins = pins;
    texts = lite_host.resize(block->texts, block->text_size + length);
    if (texts == NULL)
        return false;
    block->texts = texts;
    memcpy(texts + block->text_size, sqlite3_column_text(row, 0), length);
    pins[block->count++] = (persist_pin){.timestamp = sqlite3_column_int64(row, 1),
                                         .expires = sqlite3_column_int64(row, 2)};
    block->text_size += length;
    return true;
}

/* Puts the names behind the array. */
static bool pin_join(struct pin_block *block)
{
    size_t size = block->count * sizeof(persist_pin);
    persist_pin *pins;
    char *name;

    if (block->count == 0)
        return true;
    pins = lite_host.resize(block->pins, size + block->text_size);
    if (pins == NULL)
        return false;
    block->pins = pins;
    name = (char *)pins + size;
    memcpy(name, block->texts, block->text_size);
    for (size_t i = 0; i < block->count; i++) {
        pins[i].name = name;
        name += strlen(name) + 1;
    }
    return true;
}

persist_status lite_pins(persist_session *session, uint32_t ns, persist_pin **pins, size_t *count)
{
    struct pin_block block = {0};
    sqlite3_stmt *row;
    persist_status status = lite_prepare(session, LITE_PINS, &row);
    int code = SQLITE_DONE;

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(row, 1, ns);
    while (status == PERSIST_OK && (code = lite_step(session, row)) == SQLITE_ROW)
        if (!pin_add(&block, row))
            status = lite_no_memory(session->call);
    if (status == PERSIST_OK && code != SQLITE_DONE)
        status = lite_error(session, code, "reading the pins");
    if (status == PERSIST_OK && !pin_join(&block))
        status = lite_no_memory(session->call);
    sqlite3_reset(row);
    lite_host.release(block.texts);
    if (status != PERSIST_OK) {
        lite_host.release(block.pins);
        return status;
    }
    *pins = block.pins;
    *count = block.count;
    return PERSIST_OK;
}

static persist_status pins_write(persist_session *session, const struct change *change)
{
    sqlite3_stmt *statement;
    persist_status status = lite_prepare(session, LITE_PINS_CLEAR, &statement);

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(statement, 1, change->ns);
    status = lite_run(session, statement, "replacing the pins");
    for (size_t i = 0; i < change->control->n_pins && status == PERSIST_OK; i++) {
        const persist_pin *pin = &change->control->pins[i];

        status = lite_prepare(session, LITE_PIN_ADD, &statement);
        if (status != PERSIST_OK)
            break;
        sqlite3_bind_int64(statement, 1, change->ns);
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)i);
        sqlite3_bind_text(statement, 3, pin->name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 4, pin->timestamp);
        sqlite3_bind_int64(statement, 5, pin->expires);
        status = lite_run(session, statement, "adding a pin");
    }
    return status;
}

/* INVALID if a pin that still counts is below the horizon. */
static persist_status pins_check(persist_session *session, const struct change *change)
{
    const persist_control *control = change->control;
    bool given = (control->fields & PERSIST_CONTROL_PINS) != 0;
    const persist_pin *pins = control->pins;
    persist_pin *read = NULL;
    size_t count = control->n_pins;
    int64_t now = lite_host.wall();
    persist_status status = given ? PERSIST_OK : lite_pins(session, change->ns, &read, &count);

    if (status != PERSIST_OK)
        return status;
    if (!given)
        pins = read;
    for (size_t i = 0; i < count && status == PERSIST_OK; i++)
        if (pins[i].timestamp < change->next.horizon &&
            (pins[i].expires == 0 || pins[i].expires > now))
            status = lite_fail(session->call, PERSIST_INVALID,
                               "control: pin %s at %lld is below the horizon %lld", pins[i].name,
                               (long long)pins[i].timestamp, (long long)change->next.horizon);
    lite_host.release(read);
    return status;
}

/* ------------------------------------------------------------------------- control */

static persist_clock change_apply(const persist_clock *found, const persist_control *control)
{
    persist_clock next = *found;

    next.control_version++;
    if (control->fields & PERSIST_CONTROL_HORIZON)
        next.horizon = control->horizon;
    if (control->fields & PERSIST_CONTROL_LOG_FLOOR) {
        next.log_floor = control->log_floor;
        next.floor_digest = control->floor_digest;
    }
    if (control->fields & PERSIST_CONTROL_RETENTION)
        next.retention = control->retention;
    if (control->fields & PERSIST_CONTROL_STATE)
        next.state = control->state;
    if (control->fields & PERSIST_CONTROL_EPOCH)
        next.epoch = control->epoch;
    else if (found->state == PERSIST_STATE_OPEN && next.state != PERSIST_STATE_OPEN)
        next.epoch++; /* whoever wrote before is fenced from here on */
    return next;
}

static persist_status change_check(const persist_call *call, const struct change *change)
{
    const persist_clock *found = &change->found;
    const persist_clock *next = &change->next;
    const uint32_t known = PERSIST_CONTROL_HORIZON | PERSIST_CONTROL_LOG_FLOOR |
                           PERSIST_CONTROL_RETENTION | PERSIST_CONTROL_PINS |
                           PERSIST_CONTROL_STATE | PERSIST_CONTROL_EPOCH;

    if (change->control->fields & ~known)
        return lite_fail(call, PERSIST_INVALID, "control: unknown fields %#x",
                         change->control->fields);
    if (next->state > PERSIST_STATE_MOVED)
        return lite_fail(call, PERSIST_INVALID, "control: unknown state %d", (int)next->state);
    if (next->horizon < found->horizon)
        return lite_fail(call, PERSIST_INVALID, "control: the horizon %lld is below %lld",
                         (long long)next->horizon, (long long)found->horizon);
    if (next->log_floor < found->log_floor || next->log_floor > next->horizon)
        return lite_fail(call, PERSIST_INVALID,
                         "control: the log floor %lld is not within %lld and the horizon %lld",
                         (long long)next->log_floor, (long long)found->log_floor,
                         (long long)next->horizon);
    if ((change->control->fields & PERSIST_CONTROL_EPOCH) && next->epoch <= found->epoch)
        return lite_fail(call, PERSIST_INVALID, "control: the epoch %llu is not above %llu",
                         (unsigned long long)next->epoch, (unsigned long long)found->epoch);
    return PERSIST_OK;
}

static persist_status change_write(persist_session *session, const struct change *change,
                                   const char *moved_to)
{
    const persist_clock *next = &change->next;
    sqlite3_stmt *statement;
    int64_t epoch;
    persist_status status = lite_prepare(session, LITE_CONTROL_SET, &statement);

    if (status != PERSIST_OK)
        return status;
    sqlite3_bind_int64(statement, 1, change->ns);
    sqlite3_bind_int64(statement, 2, (int64_t)next->control_version);
    sqlite3_bind_int64(statement, 3, (int64_t)next->epoch);
    sqlite3_bind_int(statement, 4, (int)next->state);
    sqlite3_bind_text(statement, 5, moved_to, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 6, next->horizon);
    sqlite3_bind_int64(statement, 7, next->log_floor);
    lite_bind_digest(statement, 8, &next->floor_digest);
    sqlite3_bind_int64(statement, 9, next->retention);
    status = lite_run(session, statement, "setting the control fields");
    if (status == PERSIST_OK && next->epoch != change->found.epoch)
        status = lite_counter_raise(session, "epoch", (int64_t)next->epoch, &epoch);
    if (status == PERSIST_OK && (change->control->fields & PERSIST_CONTROL_PINS))
        status = pins_write(session, change);
    return status;
}

/* Within the write transaction. change->found is set once it is known. */
static persist_status control_locked(persist_session *session, struct change *change)
{
    const persist_control *control = change->control;
    sqlite3_stmt *row;
    const char *moved_to;
    persist_status status = lite_clock(session, change->ns, &change->found, &row);

    if (status != PERSIST_OK)
        return status;
    change->next = change_apply(&change->found, control);
    if (control->control_version != change->found.control_version)
        return lite_fail(session->call, PERSIST_CONFLICT,
                         "the control version of namespace %u is %llu, not %llu", change->ns,
                         (unsigned long long)change->found.control_version,
                         (unsigned long long)control->control_version);
    status = change_check(session->call, change);
    if (status == PERSIST_OK)
        status = pins_check(session, change);
    if (status != PERSIST_OK)
        return status;
    moved_to = (const char *)sqlite3_column_text(row, LITE_COLUMN_MOVED_TO);
    if (control->fields & PERSIST_CONTROL_STATE)
        moved_to = control->moved_to;
    status = change_write(session, change, moved_to != NULL ? moved_to : "");
    return status == PERSIST_OK ? lite_commit(session) : status;
}

persist_status lite_control(const persist_call *call, persist_session *session, uint32_t ns,
                            const persist_control *given, persist_clock *clock)
{
    persist_control control;
    struct change change = {.ns = ns, .control = &control};
    persist_status status = lite_begin(call, session);

    lite_copy_in(&control, sizeof(control), given, given->size);
    if (status == PERSIST_OK)
        status = lite_begin_write(session);
    if (status == PERSIST_OK) {
        status = control_locked(session, &change);
        if (change.found.size > 0)
            lite_clock_out(status == PERSIST_OK ? &change.next : &change.found, clock);
    }
    return lite_end(session, status);
}
