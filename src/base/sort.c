/* SPDX-License-Identifier: MIT */
#include "base/sort.h"

#include <stdlib.h>

void quant_sort(void *items, size_t n, size_t nbytes, int (*compare)(const void *, const void *))
{
    const char *item = items;
    for (size_t i = 1; i < n; i++, item += nbytes)
        if (compare(item, item + nbytes) > 0) {
            qsort(items, n, nbytes, compare);
            return;
        }
}
