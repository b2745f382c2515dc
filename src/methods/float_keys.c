/* SPDX-License-Identifier: MIT */
/* Sorts without comparisons, byte by byte from the lowest: no order of the elements makes it
 * slower. Up to HANDFUL keys are inserted one by one. */
#include "methods/float_keys.h"

#include <stdbool.h>

/* With more keys than this, counting bytes is faster than inserting them one by one. */
enum { HANDFUL = 40, BYTES = 256 };

static void insert_all(uint32_t *keys, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const uint32_t key = keys[i];
        size_t k = i;
        for (; k > 0 && keys[k - 1] > key; k--)
            keys[k] = keys[k - 1];
        keys[k] = key;
    }
}

/* Returns false if all keys have the same byte; they stay where they are. */
static bool sort_by_byte(const uint32_t *from, size_t n, unsigned shift, uint32_t *to)
{
    uint32_t places[BYTES] = {0};
    for (size_t i = 0; i < n; i++)
        places[from[i] >> shift & 0xFF]++;
    if (places[from[0] >> shift & 0xFF] == n)
        return false;
    uint32_t place = 0;
    for (size_t byte = 0; byte < BYTES; byte++) {
        const uint32_t count = places[byte];
        places[byte] = place;
        place += count;
    }
    for (size_t i = 0; i < n; i++)
        to[places[from[i] >> shift & 0xFF]++] = from[i];
    return true;
}

uint32_t *quant_keys_sort(uint32_t *keys, size_t n, uint32_t *scratch)
{
    if (n <= HANDFUL) {
        insert_all(keys, n);
        return keys;
    }
    for (unsigned shift = 0; shift < 32; shift += 8)
        if (sort_by_byte(keys, n, shift, scratch)) {
            uint32_t *sorted = scratch;
            scratch = keys;
            keys = sorted;
        }
    return keys;
}
