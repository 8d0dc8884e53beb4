/* SPDX-License-Identifier: MIT */
/* At build time: prints what is made from the declarations. */
#include "tools/persist/completion.h"
#include "tools/persist/manual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } products[] = {
        {"man", manual_write},
        {"bash", completion_bash},
        {"zsh", completion_zsh},
        {"fish", completion_fish},
    };
    for (size_t i = 0; argc == 2 && i < sizeof products / sizeof *products; i++)
        if (strcmp(argv[1], products[i].name) == 0) {
            products[i].print();
            return fclose(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
        }
    fprintf(stderr, "usage: generate man|bash|zsh|fish\n");
    return EXIT_FAILURE;
}
