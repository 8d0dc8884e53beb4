/* SPDX-License-Identifier: MIT */
#include "core/config/url.h"

#include "core/config/config.h"
#include "core/config/text.h"

#include <ctype.h>
#include <string.h>

#define REDACTED "<redacted>"

/* Length of the scheme, without its colon; 0 if there is none. */
static size_t scheme_length(const char *url)
{
    size_t n = 0;
    if (!isalpha((unsigned char)url[0]))
        return 0;
    while (isalnum((unsigned char)url[n]) || (url[n] && strchr("+-.", url[n])))
        n++;
    return url[n] == ':' ? n : 0;
}

bool config_url_scheme(const char *url, char *out, size_t capacity)
{
    size_t length = scheme_length(url);
    if (!length || length >= capacity)
        return false;
    for (size_t i = 0; i < length; i++)
        out[i] = (char)tolower((unsigned char)url[i]);
    out[length] = '\0';
    return true;
}

const char *url_fault(const char *url)
{
    size_t size = strlen(url);
    if (size > URL_MAX)
        return "is a URL of more than 8192 bytes: shorten it, or use the mapping form";
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)url[i] < 0x20 || url[i] == 0x7F)
            return "is a URL with a control character: write it as %XX";
    if (!scheme_length(url))
        return "is a URL without a scheme: begin it with the backend, such as "
               "sqlite:app.db or postgres://host/db";
    return NULL;
}

/* A run of the URL that must not be shown. */
struct span {
    const char *begin, *end;
};

/*
 * The password in front of the host; empty if there is none. Where characters that should
 * have been escaped make it unclear, more is taken rather than less.
 */
static struct span userinfo_secret(const char *url)
{
    size_t scheme = scheme_length(url);
    const char *at = scheme ? url + scheme + 1 : url;
    bool authority = strncmp(at, "//", 2) == 0;
    at += authority ? 2 : 0;
    const char *end = at + strcspn(at, "/?#");
    const char *query = at + strcspn(at, "?#");
    const char *host = memrchr(at, '@', (size_t)(end - at));
    if (!host) {
        /* "user:pa/ss@host": the '@' is later, and what follows the colon is no port. */
        const char *colon = memrchr(at, ':', (size_t)(end - at));
        if (!colon || !strchr(end, '@') ||
            strspn(colon + 1, "0123456789") == (size_t)(end - colon - 1))
            return (struct span){query, query};
        host = strrchr(end, '@');
    }
    const char *colon = memchr(at, ':', (size_t)(host - at));
    if (colon)
        return (struct span){colon + 1, host};
    return authority ? (struct span){host, host} : (struct span){at, host};
}

/* The value of the parameter at `at` if its name tells of a secret; else empty. */
static struct span parameter_secret(const char *at)
{
    char name[64];
    const char *end = at + strcspn(at, "&#");
    const char *equals = memchr(at, '=', (size_t)(end - at));
    if (!equals)
        return (struct span){end, end};
    bool secret = config_percent_decode(at, (size_t)(equals - at), name, sizeof name) < 0 ||
                  text_sounds_secret(name);
    return (struct span){secret ? equals + 1 : end, end};
}

/* The first secret at or after `from`; empty at the end of the URL if there is none. */
static struct span next_secret(const char *url, const char *from)
{
    struct span user = userinfo_secret(url);
    if (user.begin >= from && user.end > user.begin)
        return user;
    const char *query = user.end > user.begin ? user.end : url;
    query += strcspn(query, "?");
    for (const char *at = query; *at;) {
        struct span found = parameter_secret(++at);
        if (found.begin >= from && found.end > found.begin)
            return found;
        at = found.end + strcspn(found.end, "&");
    }
    const char *end = url + strlen(url);
    return (struct span){end, end};
}

bool url_has_secret(const char *url)
{
    return *next_secret(url, url).begin != '\0';
}

/* Appends as much as fits, always leaving a NUL; returns the new length. */
static size_t add(char *out, size_t used, size_t capacity, const char *text, size_t size)
{
    size_t room = capacity - used - 1;
    size = size < room ? size : room;
    memcpy(out + used, text, size);
    out[used + size] = '\0';
    return used + size;
}

const char *config_url_redacted(const char *url, char *out, size_t capacity)
{
    size_t used = 0;
    if (!capacity)
        return out;
    out[0] = '\0';
    for (const char *at = url; *at;) {
        struct span secret = next_secret(url, at);
        used = add(out, used, capacity, at, (size_t)(secret.begin - at));
        if (*secret.begin)
            used = add(out, used, capacity, REDACTED, strlen(REDACTED));
        at = secret.end;
    }
    return out;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

long config_percent_decode(const char *text, size_t size, char *out, size_t capacity)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < size ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < size ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return -1;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (used + 1 >= capacity)
            return -1;
        out[used++] = c;
    }
    if (!capacity)
        return -1;
    out[used] = '\0';
    return (long)used;
}
