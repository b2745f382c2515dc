/* SPDX-License-Identifier: MIT */
/* Parts are sorted by what is in them, so that equal ones are neighbours. */
#include "engine/calibration/part_inputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

struct quant_part_range {
    uint64_t first;          /* of its inputs in `digests` */
    uint64_t n;              /* at least 1 */
    const uint64_t *digests; /* set before sorting: until then the array may move */
    size_t number;
    bool has_position;
};

enum quant_status quant_part_inputs_add(struct quant_part_inputs *all, const uint64_t *digests,
                                        uint64_t n, bool has_position, struct quant_error *error)
{
    const size_t nbytes = (size_t)(all->n + n) * sizeof *digests; /* n are in memory already */
    uint64_t *grown = realloc(all->digests, nbytes);
    if (!grown)
        return quant_error_no_memory(error, nbytes, "inputs");
    all->digests = grown;
    struct quant_part_range *parts = realloc(all->parts, (all->nparts + 1) * sizeof *parts);
    if (!parts)
        return quant_error_no_memory(error, (all->nparts + 1) * sizeof *parts, "parts");
    all->parts = parts;
    memcpy(all->digests + all->n, digests, (size_t)n * sizeof *digests);
    parts[all->nparts] = (struct quant_part_range){
        .first = all->n, .n = n, .number = all->nparts, .has_position = has_position};
    all->nparts++;
    all->n += n;
    return QUANT_OK;
}

static int compare_inputs(const struct quant_part_range *a, const struct quant_part_range *b)
{
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    return memcmp(a->digests, b->digests, (size_t)a->n * sizeof *a->digests);
}

static int compare_parts(const void *a, const void *b)
{
    const struct quant_part_range *first = a;
    const struct quant_part_range *second = b;
    const int order = compare_inputs(first, second);
    if (order != 0)
        return order;
    /* Beside a part without a position any equal one is its twin: those come first. */
    if (first->has_position != second->has_position)
        return first->has_position ? 1 : -1;
    return (first->number > second->number) - (first->number < second->number);
}

static bool has_elements(const struct quant_part_range *part)
{
    for (uint64_t i = 0; i < part->n; i++)
        if (part->digests[i] != 0)
            return true;
    return false;
}

static bool are_twins(const struct quant_part_range *a, const struct quant_part_range *b)
{
    return compare_inputs(a, b) == 0 && !(a->has_position && b->has_position) && has_elements(a);
}

bool quant_part_inputs_find_twin(struct quant_part_inputs *all, size_t *part, size_t *twin)
{
    bool any = false;
    for (size_t i = 0; i < all->nparts; i++)
        all->parts[i].digests = all->digests + all->parts[i].first;
    if (all->nparts > 1)
        qsort(all->parts, all->nparts, sizeof *all->parts, compare_parts);
    for (size_t i = 1; i < all->nparts; i++) {
        const struct quant_part_range *a = &all->parts[i - 1];
        const struct quant_part_range *b = &all->parts[i];
        const size_t later = a->number > b->number ? a->number : b->number;
        if (!are_twins(a, b) || (any && later > *part))
            continue;
        any = true;
        *part = later;
        *twin = a->number + b->number - later;
    }
    return any;
}

void quant_part_inputs_release(struct quant_part_inputs *all)
{
    free(all->digests);
    free(all->parts);
    *all = (struct quant_part_inputs){.n = 0};
}
