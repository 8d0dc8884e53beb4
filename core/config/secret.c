/* SPDX-License-Identifier: MIT */
#include "core/config/secret.h"

#include "core/base/log.h"
#include "core/config/file.h"
#include "core/config/text.h"

#include <stdlib.h>
#include <string.h>

const char *secret_suffix(enum secret_form form)
{
    static const char *const suffixes[SECRET_FORMS] = {"", "_file", "_env", "_credential"};
    return suffixes[form];
}

/* The bytes of a file, without one line's end, as a text. */
static bool take_content(const struct buf *content, const struct pair *pair, const char *name,
                         struct faults *faults, char **out)
{
    const char *text = (const char *)content->data;
    size_t size = content->size;
    size -= size && text[size - 1] == '\n';
    size -= size && text[size - 1] == '\r';
    if (!size || text_fault(text, size) != size) {
        faults_add(faults, pair->origin, "%s names a file that %s: put one line of UTF-8 in it",
                   name, size ? "holds no text" : "is empty");
        return false;
    }
    *out = text_copy(text, size);
    return *out || faults_no_memory(faults);
}

static bool fetch_file(const char *path, const struct pair *pair, const char *name,
                       struct faults *faults, char **out)
{
    char why[FILE_WHY], quote[TEXT_QUOTE];
    struct buf content = {0};
    struct stat info;
    bool good = false;
    persist_status status = file_read(path, SECRET_MAX, &content, &info, why);
    if (status == PERSIST_NO_MEMORY) {
        faults_no_memory(faults);
    } else if (status) {
        faults_add(faults, pair->origin, "%s: file \"%s\" %s", name,
                   text_quote(path, strlen(path), quote), why);
    } else {
        good = take_content(&content, pair, name, faults, out);
        if (info.st_mode & S_IROTH)
            log_write(PERSIST_LOG_WARNING, "%s: %s: file %s may be read by everybody: chmod o-r it",
                      pair->origin, name, path);
    }
    file_wipe(&content);
    return good;
}

static bool fetch_path(const char *folder, const struct pair *pair, const char *name,
                       struct faults *faults, char **out)
{
    char *path = file_join(folder, pair->text);
    bool good = path ? fetch_file(path, pair, name, faults, out) : faults_no_memory(faults);
    free(path);
    return good;
}

static bool fetch_credential(const struct pair *pair, const char *name, struct faults *faults,
                             char **out)
{
    char quote[TEXT_QUOTE];
    const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
    if (!*pair->text || pair->text[0] == '.' || strchr(pair->text, '/')) {
        faults_add(faults, pair->origin,
                   "%s is \"%s\": give the name of a credential, without a folder", name,
                   text_quote(pair->text, strlen(pair->text), quote));
        return false;
    }
    if (folder && *folder == '/')
        return fetch_path(folder, pair, name, faults, out);
    faults_add(faults, pair->origin,
               "%s: CREDENTIALS_DIRECTORY is not set: start this as a service with "
               "LoadCredential=%s:FILE",
               name, text_quote(pair->text, strlen(pair->text), quote));
    return false;
}

static bool fetch_variable(const struct pair *pair, const char *name, struct faults *faults,
                           char **out)
{
    char quote[TEXT_QUOTE];
    const char *text = *pair->text ? secure_getenv(pair->text) : NULL;
    if (!text) {
        faults_add(faults, pair->origin, "%s: variable \"%s\" is not set: set it", name,
                   text_quote(pair->text, strlen(pair->text), quote));
        return false;
    }
    *out = text_copy(text, strlen(text));
    return *out || faults_no_memory(faults);
}

bool secret_fetch(enum secret_form form, const struct pair *pair, const char *name,
                  struct faults *faults, char **out)
{
    *out = NULL;
    switch (form) {
    case SECRET_FILE:
        return fetch_path(pair->folder, pair, name, faults, out);
    case SECRET_ENV:
        return fetch_variable(pair, name, faults, out);
    case SECRET_CREDENTIAL:
        return fetch_credential(pair, name, faults, out);
    case SECRET_PLAIN:
        break;
    }
    *out = text_copy(pair->text, strlen(pair->text));
    return *out || faults_no_memory(faults);
}
