/* SPDX-License-Identifier: MIT */
#include "tools/persist/progress.h"

#include "core/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REDRAW (100 * NS_PER_MS)
#define REPEAT (5 * NS_PER_S)
#define BAR 24

void progress_begin(struct progress *progress, const char *verb, uint64_t total, bool quiet)
{
    bool terminal = isatty(STDERR_FILENO);
    int64_t now = clock_monotonic();
    *progress = (struct progress){.enabled = !quiet,
                                  .terminal = terminal,
                                  .verb = verb,
                                  .total = total,
                                  .started = now,
                                  .next = now + (terminal ? REDRAW : REPEAT)};
}

const char *progress_line(const struct progress *progress, uint64_t rows, uint64_t bytes,
                          int64_t now, char *out, size_t capacity)
{
    double seconds = (double)(now - progress->started) / (double)NS_PER_S;
    double rate = seconds > 0 ? (double)rows / seconds : 0;
    char bar[BAR + 16] = "";
    if (progress->total) {
        double part = (double)bytes / (double)progress->total;
        if (part > 1)
            part = 1; /* the file grew */
        size_t full = (size_t)(part * BAR);
        char cells[BAR + 1];
        memset(cells, '.', BAR);
        memset(cells, '#', full);
        cells[BAR] = '\0';
        if (progress->terminal)
            snprintf(bar, sizeof bar, " [%s] %3d%%", cells, (int)(part * 100));
        else
            snprintf(bar, sizeof bar, " %d%%", (int)(part * 100));
    }
    snprintf(out, capacity, "%s:%s %" PRIu64 " rows, %.0f rows/s", progress->verb, bar, rows, rate);
    return out;
}

void progress_step(struct progress *progress, uint64_t rows, uint64_t bytes)
{
    char line[160];
    int64_t now;
    if (!progress->enabled || (now = clock_monotonic()) < progress->next)
        return;
    progress->next = now + (progress->terminal ? REDRAW : REPEAT);
    progress_line(progress, rows, bytes, now, line, sizeof line);
    /* CR, and clear to the end of the line. */
    if (progress->terminal)
        fprintf(stderr, "\r%s\033[K", line);
    else
        fprintf(stderr, "%s\n", line);
    fflush(stderr);
    progress->drawn = progress->terminal;
}

void progress_end(struct progress *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", stderr);
    progress->drawn = false;
}
