/* SPDX-License-Identifier: MIT */
#include "tests/isolation/schedules.h"
#include "tests/unit/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_row(char answer[SCHEDULE_ANSWER], const persist_row *row)
{
    size_t used = strlen(answer);
    if (row->key.size != 1)
        return;
    snprintf(answer + used, SCHEDULE_ANSWER - used, "%s%.*s:%.*s", used ? "," : "",
             (int)row->key.size, (const char *)row->key.data, (int)row->value.size,
             (const char *)row->value.data);
}

/* "k:v,k:v" of [from, to). */
static persist_status scan(persist_tx *tx, const char *from, const char *to,
                           char answer[SCHEDULE_ANSWER], persist_error *error)
{
    persist_scan_options options = {
        .size = sizeof options, .from = persist_text(from), .to = persist_text(to)};
    persist_cursor *cursor = NULL;
    persist_row row = {.size = sizeof row};
    persist_status status = persist_scan(tx, &options, &cursor, error);
    while (status == PERSIST_OK)
        if ((status = persist_cursor_next(cursor, &row, error)) == PERSIST_OK)
            add_row(answer, &row);
    persist_cursor_free(cursor);
    return status == PERSIST_END ? PERSIST_OK : status;
}

static persist_status perform_get(persist_tx *tx, const char *key, char answer[SCHEDULE_ANSWER],
                                  persist_error *error)
{
    persist_row row = {.size = sizeof row};
    persist_status status = persist_get(tx, persist_text(key), &row, error);
    if (status == PERSIST_NOT_FOUND) {
        strcpy(answer, "-");
        return PERSIST_OK;
    }
    if (status == PERSIST_OK)
        snprintf(answer, SCHEDULE_ANSWER, "%.*s", (int)row.value.size,
                 (const char *)row.value.data);
    return status;
}

static persist_status perform_end(struct actor *actor, int n, bool commits,
                                  char answer[SCHEDULE_ANSWER])
{
    persist_status status = commits ? persist_commit(actor->tx[n], NULL, actor->error)
                                    : persist_rollback(actor->tx[n], actor->error);
    persist_tx_free(actor->tx[n]);
    actor->tx[n] = NULL;
    if (status != PERSIST_CONFLICT)
        return status;
    strcpy(answer, "!");
    return PERSIST_OK;
}

static persist_status perform_begin(struct actor *actor, int n)
{
    persist_tx_options options = {.size = sizeof options,
                                  .isolation = actor->isolation,
                                  .flags = actor->now ? PERSIST_TX_NOW : 0};
    return persist_begin(actor->store, &options, &actor->tx[n], actor->error);
}

/* Splits "g1(a-b)=..." at what stands between the brackets. */
static void split(char *step, char separator, char **first, char **second)
{
    *first = strchr(step, '(');
    *second = NULL;
    step[strcspn(step, "=)")] = '\0';
    if (!*first)
        return;
    (*first)++;
    if ((*second = strchr(*first, separator)))
        *(*second)++ = '\0';
}

void schedule_perform(struct actor *actor, const char *step, char answer[SCHEDULE_ANSWER])
{
    char copy[64], *first, *second;
    int n = step[1] - '0';
    persist_status status;
    snprintf(copy, sizeof copy, "%s", step);
    split(copy, step[0] == 'p' ? ',' : '-', &first, &second);
    answer[0] = '\0';
    switch (step[0]) {
    case 'b':
        status = perform_begin(actor, n);
        break;
    case 'g':
        status = perform_get(actor->tx[n], first, answer, actor->error);
        break;
    case 's':
        status = scan(actor->tx[n], first, second, answer, actor->error);
        break;
    case 'p':
        status = persist_put(actor->tx[n], persist_text(first), persist_text(second), actor->error);
        break;
    case 'd':
        status = persist_delete(actor->tx[n], persist_text(first), actor->error);
        break;
    default:
        status = perform_end(actor, n, step[0] == 'c', answer);
    }
    if (status != PERSIST_OK)
        snprintf(answer, SCHEDULE_ANSWER, "%s: %s", persist_status_name(status),
                 persist_error_message(actor->error));
}

/* Leaves x=10, y=20 and no other single letter. */
static void reset(persist_store *store)
{
    persist_tx *tx = begin(store);
    get(tx, "x");
    for (const char *key = "abckmnoqz"; *key; key++)
        del(tx, (char[]){*key, '\0'});
    put(tx, "x", "10");
    put(tx, "y", "20");
    commit(tx);
}

/* What the step says will come out. */
static const char *expected(const char *step)
{
    const char *equals = strchr(step, '=');
    return equals ? equals + 1 : step[0] == 'c' && step[2] == '!' ? "!" : "";
}

void schedule_play(const struct schedule *schedule, persist_isolation isolation,
                   persist_store *store, schedule_ask_fn ask, void *context)
{
    bool strict = isolation == PERSIST_SERIALIZABLE && schedule->serializable;
    const char *end = strict ? schedule->serializable_end : schedule->snapshot_end;
    char copy[512], answer[SCHEDULE_ANSWER], *save = NULL;
    snprintf(copy, sizeof copy, "%s", strict ? schedule->serializable : schedule->snapshot);
    reset(store);
    for (char *step = strtok_r(copy, " ", &save); step; step = strtok_r(NULL, " ", &save)) {
        int n = step[1] - '0';
        ck_assert_int_lt(n, SCHEDULE_TX);
        ask(context, n, step, answer);
        ck_assert_msg(strcmp(answer, expected(step)) == 0, "%s: %s gave %s", schedule->name, step,
                      answer);
    }
    persist_tx *tx = begin(store);
    answer[0] = '\0';
    assert_ok(scan(tx, NULL, NULL, answer, fixture_error()));
    ck_assert_msg(strcmp(answer, end) == 0, "%s: left %s", schedule->name, answer);
    persist_tx_free(tx);
}
