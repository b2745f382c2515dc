/* SPDX-License-Identifier: MIT */
#ifndef QUANT_BASE_SORT_H
#define QUANT_BASE_SORT_H

#include <stddef.h>

/* As qsort, for lists that are often in order already: then it only looks. n may be 0, and items
 * NULL then. */
void quant_sort(void *items, size_t n, size_t nbytes, int (*compare)(const void *, const void *));

#endif
