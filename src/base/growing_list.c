/* SPDX-License-Identifier: MIT */
#include "base/growing_list.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool quant_growing_list_add(struct quant_growing_list *list, const void *item, size_t nbytes)
{
    enum { FIRST_ROOM = 16 };
    if (list->n == list->room) {
        const size_t room = list->room > 0 ? 2 * list->room : FIRST_ROOM;
        void *items = room <= SIZE_MAX / nbytes ? realloc(list->items, room * nbytes) : NULL;
        if (!items)
            return false;
        list->items = items;
        list->room = room;
    }
    memcpy((unsigned char *)list->items + list->n++ * nbytes, item, nbytes);
    return true;
}

void *quant_growing_list_keep(const struct quant_growing_list *list, size_t nbytes,
                              struct quant_arena *arena)
{
    void *copy = quant_arena_take(arena, list->n * nbytes + 1);
    if (copy && list->n > 0)
        memcpy(copy, list->items, list->n * nbytes);
    return copy;
}
