/* SPDX-License-Identifier: MIT */
/* Any bytes as a plugin's file: its note is read, or it is refused with a reason. */
#include "core/loader/note.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct plugin_file file;
    persist_plugin_head head;
    persist_error error = ERROR_INIT;
    int fd = memfd_create("note", 0);
    if (fd < 0 || (size && write(fd, data, size) != (ssize_t)size))
        goto out;
    memset(&file, 0, sizeof file);
    memset(&head, 0, sizeof head);
    persist_status status = note_read(fd, &file, &head, &error);
    if (status == PERSIST_OK && !head.head_size && !file.reason[0])
        abort();
    if (status == PERSIST_OK && !memchr(file.reason, '\0', sizeof file.reason))
        abort();
out:
    if (fd >= 0)
        close(fd);
    error_clear(&error);
    return 0;
}
