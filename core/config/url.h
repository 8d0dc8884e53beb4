/* SPDX-License-Identifier: MIT */
/* What can be known of a connection URL without its backend. */
#ifndef CORE_CONFIG_URL_H
#define CORE_CONFIG_URL_H

#include <stdbool.h>
#include <stddef.h>

/* Longest URL, bytes. */
#define URL_MAX 8192

/* What is wrong with a URL, as the rest of a sentence; NULL: nothing that shows here. */
const char *url_fault(const char *url);
/* True if it holds a password. */
bool url_has_secret(const char *url);

#endif
