/* SPDX-License-Identifier: MIT */
#include "engine/files/layout_plan.h"

#include "base/error.h"

static enum quant_status fail(const struct quant_layout_planning *planning,
                              const struct quant_tensor_info *info, enum quant_status status,
                              const char *text)
{
    return quant_error_set(planning->error, status, "cannot quantize '%s: %.200s': %s",
                           planning->file->source->name, info->name, text);
}

static enum quant_status no_memory(const struct quant_layout_planning *planning)
{
    return quant_error_no_memory(planning->error, sizeof(struct quant_planned_layout), "tensors");
}

static enum quant_status add(const struct quant_layout_planning *planning,
                             const struct quant_tensor_info *info,
                             const struct quant_container_tensor *tensor, const char *type,
                             uint32_t *index)
{
    const struct quant_container *format = quant_format_safetensors.container;
    const enum quant_status status =
        tensor->name == info->name
            ? QUANT_OK
            : quant_container_plan_check_name(planning->file, info, tensor->name, "data",
                                              planning->error);
    if (status == QUANT_OK)
        *index = quant_container_plan_add(planning->plan, tensor->name,
                                          quant_container_type_called(format, type), tensor->dims,
                                          tensor->ndim, QUANT_ORDER_C);
    return status;
}

static enum quant_status add_scales(const struct quant_layout_planning *planning,
                                    const struct quant_tensor_info *info,
                                    const struct quant_params *params,
                                    const struct quant_planned_scales *scales,
                                    struct quant_planned_tensor *planned)
{
    const struct quant_layout_stored *stored = &planned->stored->stored;
    struct quant_container_tensor tensor = {.name = stored->scales,
                                            .dims = scales->dims,
                                            .ndim = stored->has_one_scale ? 0 : scales->ndim};
    const enum quant_status status =
        add(planning, info, &tensor, quant_dtype_info(params->scale_dtype)->name, &planned->scales);
    tensor.name = stored->biases ? stored->biases : stored->zero_points;
    return status == QUANT_OK && tensor.name
               ? add(planning, info, &tensor,
                     stored->biases ? quant_dtype_info(params->scale_dtype)->name : "int8",
                     &planned->zero_points)
               : status;
}

static enum quant_status
add_all(const struct quant_layout_planning *planning, const struct quant_tensor_info *info,
        const struct quant_params *params, const struct quant_planned_scales *scales,
        struct quant_planned_layout *made, struct quant_planned_tensor *planned)
{
    const struct quant_layout_stored *stored = &made->stored;
    const struct quant_container_tensor data = {
        .name = stored->data, .dims = stored->dims, .ndim = stored->ndim};
    enum quant_status status = add(planning, info, &data, stored->type, &planned->data);
    if (status == QUANT_OK)
        status = add_scales(planning, info, params, scales, planned);
    for (size_t i = 0; status == QUANT_OK && i < stored->nfixed; i++) {
        const struct quant_layout_fixed *fixed = &stored->fixed[i];
        const struct quant_container_tensor tensor = {
            .name = fixed->name, .dims = &fixed->length, .ndim = 1};
        uint32_t index = 0;
        status = add(planning, info, &tensor, fixed->type, &index);
        made->fixed = i == 0 ? index : made->fixed;
    }
    return status;
}

enum quant_status quant_plan_in_layout(const struct quant_layout_planning *planning,
                                       const struct quant_tensor_info *info,
                                       const struct quant_params *params,
                                       struct quant_planned_tensor *planned)
{
    struct quant_arena *arena = &planning->plan->arena;
    struct quant_planned_layout *made = quant_arena_take(arena, sizeof *made);
    struct quant_params *own_params = quant_arena_take(arena, sizeof *own_params);
    struct quant_planned_scales scales;
    struct quant_error own;
    if (!made || !own_params)
        return no_memory(planning);
    *made = (struct quant_planned_layout){.fixed = QUANT_NO_TENSOR};
    *own_params = *params;
    planned->stored = made;
    if (info->ndim != 2)
        return fail(planning, info, QUANT_UNSUPPORTED,
                    "layouts of engines are of matrices, and it is not one; --layout plain takes "
                    "it");
    enum quant_status status = quant_container_plan_group(planning->plan, planning->file, info,
                                                          planned->plan, &scales, planning->error);
    if (status != QUANT_OK)
        return status;
    made->weight = (struct quant_layout_weight){
        .name = info->name,
        .dims = info->dims,
        .params = own_params,
        .input = info->type->dtype,
        .axis = scales.grouping.axis,
        .block_size = scales.grouping.block_size,
        .block_rows = scales.grouping.block_rows,
        .has_zero_points = quant_params_have_zero_points(params),
    };
    status = planning->layout->store(&made->weight, arena, &made->stored, &own);
    return status == QUANT_OK ? add_all(planning, info, params, &scales, made, planned)
                              : fail(planning, info, status, own.text);
}
