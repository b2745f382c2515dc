/* SPDX-License-Identifier: MIT */
/*
 * The ways in which the tensors of a job are mapped: that of the job itself, and one for each of
 * its rules. They are made once for all files, and then only looked up.
 */
#ifndef QUANT_ENGINE_FILES_MAPPINGS_H
#define QUANT_ENGINE_FILES_MAPPINGS_H

#include <quant/file.h>

#include "core/plan.h"

struct quant_given_params;
struct quant_written_layout; /* layout_write.h */
struct quant_format;         /* formats/format.h */

struct quant_mapping {
    struct quant_plan plan;           /* with given, to be completed for each tensor */
    struct quant_given_params *given; /* owned: what a file gives for its tensors; NULL: nothing */
    bool copies;                      /* nothing is mapped: plan is not used */
    bool has_min_dims;
    unsigned min_dims; /* of a container: a tensor of fewer dimensions is copied */
};

struct quant_mappings {
    const struct quant_quantize_job *job; /* borrowed */
    struct quant_mapping *all;            /* owned: n of them: the job's, then those of its rules */
    size_t n;
    const struct quant_written_layout *layout; /* of outputs in .safetensors; NULL: quant's own */
    struct quant_mapping
        *tied; /* owned: of each tie of the job; NULL: their ranges are not found yet */
};

/* Errors: those of quant_plan_make, for a rule with its pattern; QUANT_NO_MEMORY. To be released in
 * either case. */
enum quant_status quant_mappings_make(struct quant_mappings *mappings,
                                      const struct quant_quantize_job *job,
                                      struct quant_error *error);

/* The mapping of a tensor by its name; of a file of one tensor, by its path. */
const struct quant_mapping *quant_mappings_find(const struct quant_mappings *mappings,
                                                const char *name);

/* The spec that one of `all` was made from. */
const struct quant_spec *quant_mappings_spec(const struct quant_mappings *mappings,
                                             const struct quant_mapping *mapping);

/* Whether a tensor of a container that can be mapped is to be, with ndim dimensions. */
bool quant_mappings_has(const struct quant_mappings *mappings, const struct quant_mapping *mapping,
                        const char *name, unsigned ndim);

/* Before outputs are committed: whether the files that give scales are as they were. QUANT_IO. */
enum quant_status quant_mappings_check_unchanged(const struct quant_mappings *mappings,
                                                 struct quant_error *error);

/* Whether tensors are quantized to a block type: the output then states its own scales, and has no
 * sidecar. */
bool quant_mappings_have_blocks(const struct quant_mappings *mappings);

/* The layout of an output in this format; NULL: quant's own. */
const struct quant_written_layout *quant_mappings_layout(const struct quant_mappings *mappings,
                                                         const struct quant_format *format);

/* That a file of this format can have the layout that the job names. QUANT_INVALID. */
enum quant_status quant_mappings_check_format(const struct quant_mappings *mappings,
                                              const struct quant_format *format,
                                              struct quant_error *error);

/* Whether a tensor may be copied because of its name. */
bool quant_mappings_choose(const struct quant_mappings *mappings);

void quant_mappings_release(struct quant_mappings *mappings);

/* Copies a caller's job, as quant_job_copy does, and checks what makes no sense by itself.
 * QUANT_INVALID: something does not. */
enum quant_status quant_quantize_job_copy(struct quant_quantize_job *own,
                                          const struct quant_quantize_job *job,
                                          struct quant_error *error);

#endif
