/* SPDX-License-Identifier: MIT */
/* Times as people write them. */
#ifndef TOOLS_PERSIST_TIME_H
#define TOOLS_PERSIST_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* ns since the Unix epoch of nanoseconds, an RFC 3339 time, or an age before `now`: "-15m",
 * "-1h30m". NULL if good, else what is wrong, for a message. */
const char *time_parse(const char *text, int64_t now, int64_t *ns);

#define TIME_TEXT 40
/* RFC 3339, in UTC, with nine digits of fraction. Returns out. */
const char *time_show(int64_t ns, char out[TIME_TEXT]);

#endif
