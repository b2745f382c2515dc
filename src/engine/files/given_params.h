/* SPDX-License-Identifier: MIT */
/*
 * Scales and zero points that are given for many tensors, from a file of scales or from the ranges
 * of a calibration file, one for each channel or block.
 *
 *     open; for each tensor: plan, from its shape alone; load, before it is mapped; release
 */
#ifndef QUANT_ENGINE_FILES_GIVEN_PARAMS_H
#define QUANT_ENGINE_FILES_GIVEN_PARAMS_H

#include "core/plan.h"
#include "engine/calibration/group_ranges.h"
#include "engine/files/given_scales.h"
#include "engine/tensor/given_groups.h"

/* All zeros: nothing is given. */
struct quant_given_params {
    const char *path; /* the caller's */
    struct quant_given_scales scales;
    struct quant_group_ranges ranges;
    bool has_ranges; /* else scales */
    uint64_t digest; /* of all that is given */
};

/* The tensor that parameters are asked for. */
struct quant_given_tensor {
    const char *name; /* "": it is not named */
    const struct quant_shape *shape;
    enum quant_order order;
};

/* What scales are given for a tensor of a file of one as: its name in the container that it is
 * taken out of, if input says so, else "". */
static inline const char *quant_given_single_name(const struct quant_input *input)
{
    return input->tensor ? input->tensor : "";
}

/* Scales, from a file of them. */
enum quant_status quant_given_params_open_scales(struct quant_given_params *given, const char *path,
                                                 const struct quant_cancel *cancel,
                                                 struct quant_error *error);

/* Ranges, from a calibration file that was made for the target of the spec. */
enum quant_status quant_given_params_open_ranges(struct quant_given_params *given, const char *path,
                                                 const struct quant_cancel *cancel,
                                                 const struct quant_spec *spec,
                                                 struct quant_error *error);

/*
 * Completes the plan of one tensor: with one scale, sets it and the zero point. Where the file has
 * zero points and the plan none, the scheme becomes zero-point, with the target range that it has.
 * QUANT_INVALID: nothing is given for the tensor, or not as many as it needs, or they do not fit
 * the type.
 */
enum quant_status quant_given_params_plan(const struct quant_given_params *given,
                                          const struct quant_given_tensor *tensor,
                                          struct quant_plan *plan, struct quant_error *error);

/* Makes the parameters of all groups, by a plan that quant_given_params_plan has completed. To be
 * released also after an error. */
enum quant_status quant_given_params_load(const struct quant_given_params *given,
                                          const struct quant_given_tensor *tensor,
                                          const struct quant_plan *plan,
                                          struct quant_given_groups *groups,
                                          struct quant_error *error);

/* After all tensors: whether the file that was read is still the one that was opened. QUANT_IO. */
enum quant_status quant_given_params_check_unchanged(const struct quant_given_params *given,
                                                     struct quant_error *error);

void quant_given_params_release(struct quant_given_params *given);

#endif
