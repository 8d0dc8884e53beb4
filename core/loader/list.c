/* SPDX-License-Identifier: MIT */
#include "core/loader/search.h"

struct listing {
    loader_list_fn fn;
    void *context;
};

static persist_status pass_on(void *context, struct plugin_file *file, struct judged *judged)
{
    const struct listing *listing = context;
    (void)judged;
    return listing->fn(listing->context, file);
}

persist_status loader_list(const struct plugin_search *search, loader_list_fn fn, void *context,
                           persist_error *error)
{
    struct search places = {0};
    struct listing listing = {fn, context};
    persist_status status = search_begin(&places, search, error);
    if (status == PERSIST_OK)
        status = search_walk(&places, pass_on, &listing, error);
    search_end(&places);
    return status;
}
