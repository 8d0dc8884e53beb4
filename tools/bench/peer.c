/* SPDX-License-Identifier: MIT */
/*
 * The peer is a program, so that it shares neither memory nor an engine's state with the
 * product. It is given a folder and the count of keys, and reads lines
 *
 *     WORK DURABILITY KEYS SECONDS SEED        put power old 1.000 17
 *
 * and answers each with "= FIGURE" or "! what went wrong".
 */
#include "tools/bench/run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct peer {
    const char *program;
    pid_t pid;
    FILE *to;
    FILE *from;
};

static bool spawn(struct peer *peer, const char *folder, uint64_t keys, const int in[2],
                  const int out[2])
{
    char count[24];
    posix_spawn_file_actions_t actions;
    snprintf(count, sizeof count, "%" PRIu64, keys);
    char *const arguments[] = {(char *)peer->program, (char *)folder, count, NULL};
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    int code = posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    if (code == 0)
        code = posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    if (code == 0)
        code = posix_spawn(&peer->pid, peer->program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    errno = code;
    return code == 0;
}

static void close_both(const int ends[2])
{
    if (ends[0] >= 0)
        close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
}

static FILE *stream(int *end, const char *mode)
{
    FILE *file = fdopen(*end, mode);
    if (file)
        *end = -1;
    return file;
}

persist_status peer_start(const char *program, const char *folder, uint64_t keys, struct peer **out,
                          persist_error *error)
{
    int in[2] = {-1, -1}, answers[2] = {-1, -1};
    struct peer *peer = calloc(1, sizeof *peer);
    if (!peer)
        return error_no_memory(error);
    peer->program = program;
    bool good = pipe2(in, O_CLOEXEC) == 0 && pipe2(answers, O_CLOEXEC) == 0 &&
                spawn(peer, folder, keys, in, answers);
    if (good) {
        peer->to = stream(&in[1], "w");
        peer->from = stream(&answers[0], "r");
        good = peer->to && peer->from;
    }
    int fault = errno;
    close_both(in);
    close_both(answers);
    if (good) {
        *out = peer;
        return PERSIST_OK;
    }
    peer_end(peer);
    return error_set(error, PERSIST_INTERNAL, "the peer %s cannot be started: %s", program,
                     strerror(fault));
}

persist_status peer_work(struct peer *peer, const struct bench_line *line, double seconds,
                         uint64_t seed, double *figure, persist_error *error)
{
    char answer[400];
    fprintf(peer->to, "%s %s %s %.6f %" PRIu64 "\n", line->peer,
            line->durability == PERSIST_DURABILITY_PROCESS ? "process" : "power",
            line->new_keys ? "new" : "old", seconds, seed);
    if (fflush(peer->to) != 0 || !fgets(answer, sizeof answer, peer->from))
        return error_set(error, PERSIST_INTERNAL, "the peer %s ended", peer->program);
    if (answer[0] == '=') {
        char *end;
        *figure = strtod(answer + 1, &end);
        if (end != answer + 1)
            return PERSIST_OK;
    }
    return error_set(error, PERSIST_INTERNAL, "the peer %s: %.*s", peer->program,
                     (int)strcspn(answer, "\n"), answer);
}

void peer_end(struct peer *peer)
{
    int state;
    if (!peer)
        return;
    if (peer->to)
        fclose(peer->to);
    if (peer->from)
        fclose(peer->from);
    if (peer->pid > 0)
        while (waitpid(peer->pid, &state, 0) < 0 && errno == EINTR)
            continue;
    free(peer);
}
