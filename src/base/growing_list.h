/* SPDX-License-Identifier: MIT */
/* Items of one size, added one by one: the list grows by doubling. */
#ifndef QUANT_BASE_GROWING_LIST_H
#define QUANT_BASE_GROWING_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* All zeros: empty. */
struct quant_growing_list {
    void *items; /* owned: n of them; the caller frees it */
    size_t n;
    size_t room;
};

/* Adds a copy of the item, of nbytes. false: no memory; the list is as it was. */
bool quant_growing_list_add(struct quant_growing_list *list, const void *item, size_t nbytes);

/* A copy of all items in the arena; not NULL if the list is empty. NULL: no memory. */
void *quant_growing_list_keep(const struct quant_growing_list *list, size_t nbytes,
                              struct quant_arena *arena);

#endif
