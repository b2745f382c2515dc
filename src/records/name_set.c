/* SPDX-License-Identifier: MIT */
/* Sorting takes n log n whatever the names are; names could be chosen to slow a hash table down. */
#include "records/name_set.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct quant_name_record {
    XXH128_hash_t hash;
    uint64_t offset;
};

bool quant_name_set_add(struct quant_name_set *set, const char *name, uint64_t offset)
{
    enum { MIN_ROOM = 256 };
    if (set->n == set->room) {
        const size_t room = set->room < MIN_ROOM ? MIN_ROOM : set->room + set->room / 2;
        if (room > SIZE_MAX / sizeof *set->records)
            return false;
        struct quant_name_record *records = realloc(set->records, room * sizeof *records);
        if (!records)
            return false;
        set->records = records;
        set->room = room;
    }
    set->records[set->n++] =
        (struct quant_name_record){XXH3_128bits(name, strlen(name)), .offset = offset};
    return true;
}

static int compare_records(const void *a, const void *b)
{
    const struct quant_name_record *first = a;
    const struct quant_name_record *second = b;
    const int hashes = XXH128_cmp(&first->hash, &second->hash);
    return hashes != 0 ? hashes
                       : (first->offset > second->offset) - (first->offset < second->offset);
}

bool quant_name_set_find_duplicate(struct quant_name_set *set, uint64_t *offset)
{
    if (set->n > 1)
        qsort(set->records, set->n, sizeof *set->records, compare_records);
    for (size_t i = 1; i < set->n; i++) {
        if (!XXH128_isEqual(set->records[i - 1].hash, set->records[i].hash))
            continue;
        *offset = set->records[i].offset;
        return true;
    }
    return false;
}

void quant_name_set_release(struct quant_name_set *set)
{
    free(set->records);
    memset(set, 0, sizeof *set);
}
