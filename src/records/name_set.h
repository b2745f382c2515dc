/* SPDX-License-Identifier: MIT */
/* Finds a name that occurs twice among many, in n log n, without keeping the names: each takes 24
 * bytes. */
#ifndef QUANT_RECORDS_NAME_SET_H
#define QUANT_RECORDS_NAME_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quant_name_record;

/* All zeros is an empty one. */
struct quant_name_set {
    struct quant_name_record *records; /* owned */
    size_t n;
    size_t room;
};

/* offset is the place of the name, for the caller. false: no memory. */
bool quant_name_set_add(struct quant_name_set *set, const char *name, uint64_t offset);

/* Whether two names are equal; *offset is the second place of one that is. Two names count as equal
 * if their 128-bit XXH3 is the same. Changes the order of the records. */
bool quant_name_set_find_duplicate(struct quant_name_set *set, uint64_t *offset);

/* Frees what the set owns and makes it empty. */
void quant_name_set_release(struct quant_name_set *set);

#endif
