/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target without libFuzzer: on each file given, and on copies of it with a few
 * bytes changed, taken out, doubled or cut off. COUNT copies of each; always the same ones.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_SIZE (1u << 16)

/* A copy of just its size, so that a sanitizer sees every byte read beyond it. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static size_t mutate(uint8_t *data, size_t size, unsigned *seed)
{
    static const uint8_t likely[] = {0, 1, 0x7f, 0x80, 0xff, '%', ':', '\n', '{', '"'};
    size_t at = size ? (size_t)rand_r(seed) % size : 0;
    size_t length = size ? 1 + (size_t)rand_r(seed) % (size - at) : 0;
    switch (size ? rand_r(seed) % 6 : 0) {
    case 0:
        data[at] = likely[(size_t)rand_r(seed) % sizeof likely];
        return size ? size : 1;
    case 1:
        data[at] ^= (uint8_t)(1 << rand_r(seed) % 8);
        return size;
    case 2:
        data[at] = (uint8_t)rand_r(seed);
        return size;
    case 3:
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    case 4:
        if (size + length > MAX_SIZE)
            return size;
        memmove(data + at + length, data + at, size - at);
        return size + length;
    default:
        return at;
    }
}

static void run_file(const char *path, int count)
{
    static uint8_t original[MAX_SIZE], copy[MAX_SIZE];
    FILE *file = fopen(path, "r");
    unsigned seed = 1;
    if (!file) {
        perror(path);
        exit(1);
    }
    size_t original_size = fread(original, 1, sizeof original, file);
    fclose(file);
    run(original, original_size);
    for (int i = 0; i < count; i++) {
        size_t size = original_size;
        memcpy(copy, original, size);
        for (int changes = 1 + rand_r(&seed) % 4; changes; changes--)
            size = mutate(copy, size, &seed);
        run(copy, size);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: replay COUNT FILE...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++)
        run_file(argv[i], atoi(argv[1]));
    return 0;
}
