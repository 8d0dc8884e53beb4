/* SPDX-License-Identifier: MIT */
/*
 * Where a secret may be kept outside the configuration: `password` is the secret itself,
 * `password_file` a file that holds it, `password_env` a variable, `password_credential` a
 * credential that the service manager passed ($CREDENTIALS_DIRECTORY).
 */
#ifndef CORE_CONFIG_SECRET_H
#define CORE_CONFIG_SECRET_H

#include "core/config/model.h"

enum secret_form {
    SECRET_PLAIN = 0,
    SECRET_FILE,
    SECRET_ENV,
    SECRET_CREDENTIAL,
};
#define SECRET_FORMS 4

/* Largest file that holds a secret, bytes. */
#define SECRET_MAX 4096

/* What a form adds to the setting's name: "", "_file", ... */
const char *secret_suffix(enum secret_form form);
/* Fetches the secret into *out, malloc'ed, to be wiped; without a line's end behind it. If
 * there is none, that is told: "name ..." at the pair's origin, and false returned. */
bool secret_fetch(enum secret_form form, const struct pair *pair, const char *name,
                  struct faults *faults, char **out);

#endif
