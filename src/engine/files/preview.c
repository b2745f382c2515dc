/* SPDX-License-Identifier: MIT */
#include "engine/files/preview.h"

#include "core/range_params.h"
#include "io/io.h"
#include "methods/method.h"

static const char *method_name(const struct quant_plan *plan)
{
    switch (plan->from) {
    case QUANT_RANGE_FOUND:
        return quant_plan_method_name(plan);
    case QUANT_RANGE_GIVEN:
        return plan->method ? quant_plan_method_name(plan) : "clip";
    case QUANT_SCALE_GIVEN:
        return "given";
    case QUANT_UNSCALED:
        break;
    }
    return "none";
}

void quant_preview_mapping(struct quant_tensor_preview *preview, const struct quant_plan *plan,
                           const struct quant_grouping *grouping)
{
    struct quant_params common = quant_choice_of_nothing(&plan->target).params;
    if (plan->from == QUANT_SCALE_GIVEN)
        common.zero_point = plan->zero_point;
    const bool has_scales = quant_scale_bytes(&common, 1) > 0;
    preview->dtype = plan->target.dtype;
    preview->scheme = plan->target.scheme;
    preview->method = method_name(plan);
    preview->has_argument = plan->method && plan->method->argument;
    preview->argument = plan->argument;
    preview->axis = grouping ? grouping->axis : -1;
    preview->block_size = grouping ? grouping->block_size : 0;
    preview->block_rows = grouping ? grouping->block_rows : 0;
    preview->scale_count = !has_scales || !grouping ? 0 : grouping->axis < 0 ? 1 : grouping->count;
    preview->has_zero_points = has_scales && quant_params_have_zero_points(&common);
    preview->has_biases = has_scales && quant_params_have_biases(&common);
}

static uint64_t size_of(const struct quant_container_plan *plan, uint32_t index)
{
    return index == QUANT_NO_TENSOR ? 0 : plan->layout.tensors[index].data.nbytes;
}

void quant_preview_planned(struct quant_tensor_preview *preview,
                           const struct quant_container_plan *plan,
                           const struct quant_planned_tensor *planned,
                           const struct quant_tensor_info *info)
{
    preview->is_copied = planned->is_copied;
    preview->has_shape = true;
    preview->ndim = info->ndim;
    preview->dims = info->dims;
    preview->from = info->type->name;
    preview->to = plan->layout.tensors[planned->data].type->name;
    preview->nbytes = size_of(plan, planned->data) + size_of(plan, planned->scales) +
                      size_of(plan, planned->zero_points);
    for (size_t i = 0; planned->stored && i < planned->stored->stored.nfixed; i++)
        preview->nbytes += planned->stored->stored.fixed[i].nbytes;
}

void quant_preview_container(struct quant_file_preview *preview,
                             const struct quant_container_plan *plan, size_t ntensors,
                             size_t ncopied)
{
    preview->ntensors = ntensors;
    preview->ncopied = ncopied;
    preview->has_size = true;
    preview->nbytes = plan->layout.nbytes;
}

enum quant_status quant_preview_check(const struct quant_output *output, const char *sidecar,
                                      const char *scales, struct quant_error *error)
{
    enum quant_status status = quant_output_check(output->path, output->force, error);
    if (status == QUANT_OK && sidecar)
        status = quant_output_check(sidecar, output->force, error);
    if (status == QUANT_OK && scales)
        status = quant_output_check(scales, output->force, error);
    return status;
}
