/* SPDX-License-Identifier: MIT */
/* The plan of a tensor that is quantized, in the layout of an engine. */
#ifndef QUANT_ENGINE_FILES_LAYOUT_PLAN_H
#define QUANT_ENGINE_FILES_LAYOUT_PLAN_H

#include "engine/files/container_plan.h"

struct quant_layout_planning {
    struct quant_container_plan *plan;
    const struct quant_tensor_file *file; /* of the floats */
    const struct quant_written_layout *layout;
    struct quant_error *error;
};

/* Adds the tensors of the one at info to the output: planned has its plan, and params what is known
 * of all groups. QUANT_UNSUPPORTED: the engine could not load it; QUANT_EXISTS: a name is taken;
 * QUANT_INVALID: it cannot be grouped so; QUANT_NO_MEMORY. */
enum quant_status quant_plan_in_layout(const struct quant_layout_planning *planning,
                                       const struct quant_tensor_info *info,
                                       const struct quant_params *params,
                                       struct quant_planned_tensor *planned);

#endif
