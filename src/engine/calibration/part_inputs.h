/* SPDX-License-Identifier: MIT */
/* The inputs of all parts of a first round, and whether a part came twice. In a later round
 * engine/calibration/known_inputs.h says which inputs there are. */
#ifndef QUANT_ENGINE_CALIBRATION_PART_INPUTS_H
#define QUANT_ENGINE_CALIBRATION_PART_INPUTS_H

#include <quant/quant.h>

struct quant_part_range;

struct quant_part_inputs {
    uint64_t *digests; /* owned: of the elements of each input, part by part */
    uint64_t n;
    struct quant_part_range *parts; /* owned: the inputs of each */
    size_t nparts;
};

/* Adds a part of n inputs to *all, which begins as all zeros. has_position: the caller said which
 * part it is. */
enum quant_status quant_part_inputs_add(struct quant_part_inputs *all, const uint64_t *digests,
                                        uint64_t n, bool has_position, struct quant_error *error);

/* Finds a part with the same inputs as an earlier one, its twin: the first such part. Two parts
 * with a position are different, whatever is in them, and parts without any element do not matter.
 * False: there is no such part. Parts are numbered from 0, in the order in which they were added.
 */
bool quant_part_inputs_find_twin(struct quant_part_inputs *all, size_t *part, size_t *twin);

void quant_part_inputs_release(struct quant_part_inputs *all);

#endif
