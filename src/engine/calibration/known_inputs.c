/* SPDX-License-Identifier: MIT */
/* Sorted arrays of digests: a calibration over 100,000 files costs no more than sorting them. */
#include "engine/calibration/known_inputs.h"

#include <stdlib.h>

#include "base/error.h"

struct quant_known_input {
    uint64_t digest;
    uint64_t left; /* how many of them are not taken */
    size_t taker;  /* the part that took the last */
};

static int compare_known(const void *a, const void *b)
{
    const struct quant_known_input *first = a;
    const struct quant_known_input *second = b;
    return (first->digest > second->digest) - (first->digest < second->digest);
}

enum quant_status quant_known_inputs_init(struct quant_known_inputs *known, const uint64_t *digests,
                                          uint64_t n, struct quant_error *error)
{
    known->n = 0;
    known->inputs = calloc((size_t)n + 1, sizeof *known->inputs);
    if (!known->inputs)
        return quant_error_no_memory(error, (size_t)n * sizeof *known->inputs, "inputs");
    for (uint64_t i = 0; i < n; i++)
        known->inputs[i] = (struct quant_known_input){.digest = digests[i], .left = 1};
    qsort(known->inputs, (size_t)n, sizeof *known->inputs, compare_known);
    for (uint64_t i = 0; i < n; i++) {
        struct quant_known_input *last = known->n > 0 ? &known->inputs[known->n - 1] : NULL;
        if (last && last->digest == known->inputs[i].digest)
            last->left++;
        else
            known->inputs[known->n++] = known->inputs[i];
    }
    return QUANT_OK;
}

void quant_known_inputs_release(struct quant_known_inputs *known)
{
    free(known->inputs);
    *known = (struct quant_known_inputs){.n = 0};
}

enum quant_known quant_known_inputs_take(struct quant_known_inputs *known, uint64_t digest,
                                         size_t part, size_t *taker)
{
    const struct quant_known_input key = {.digest = digest};
    struct quant_known_input *found =
        bsearch(&key, known->inputs, known->n, sizeof key, compare_known);
    if (!found)
        return QUANT_KNOWN_FOREIGN;
    *taker = found->taker;
    if (found->left == 0)
        return QUANT_KNOWN_REPEATED;
    found->left--;
    found->taker = part;
    return QUANT_KNOWN_NEW;
}
