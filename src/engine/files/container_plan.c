/* SPDX-License-Identifier: MIT */
#include "engine/files/container_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/shape.h"
#include "methods/profile_check.h"

enum quant_status quant_container_plan_begin(struct quant_container_plan *plan, size_t ntensors,
                                             size_t noutputs, struct quant_error *error)
{
    if (ntensors < QUANT_NO_TENSOR && noutputs < QUANT_NO_TENSOR) {
        plan->tensors = calloc(ntensors + 1, sizeof *plan->tensors);
        plan->layout.tensors = calloc(noutputs + 1, sizeof *plan->layout.tensors);
    }
    return plan->tensors && plan->layout.tensors
               ? QUANT_OK
               : quant_error_no_memory(error, noutputs * sizeof *plan->layout.tensors, "tensors");
}

uint32_t quant_container_plan_add(struct quant_container_plan *plan, const char *name,
                                  const struct quant_stored_type *type, const uint64_t *dims,
                                  uint32_t ndim, enum quant_order order)
{
    plan->layout.tensors[plan->layout.n] = (struct quant_container_tensor){
        .name = name, .type = type, .dims = dims, .ndim = ndim, .order = order};
    return (uint32_t)plan->layout.n++;
}

enum quant_order quant_container_order(const uint64_t *dims, uint32_t ndim, enum quant_order order)
{
    size_t nlong = 0;
    for (uint32_t i = 0; i < ndim; i++)
        nlong += dims[i] != 1;
    return nlong > 1 ? order : QUANT_ORDER_C;
}

enum quant_status quant_container_plan_check(const struct quant_tensor_file *file,
                                             const struct quant_tensor_info *info, bool is_copied,
                                             enum quant_order order,
                                             const struct quant_format *format,
                                             const struct quant_stored_type **copied,
                                             struct quant_error *error)
{
    const struct quant_container *container = format->container;
    if (!container->keeps_order &&
        quant_container_order(info->dims, info->ndim, order) != QUANT_ORDER_C)
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "cannot write '%s: %.200s' to the format %s: its elements are in "
                               "Fortran order, which that format does not have",
                               file->source->name, info->name, format->name);
    if (!is_copied)
        return QUANT_OK;
    if (file->format->container == container)
        *copied = info->type;
    else if (info->byte_order != QUANT_BIG) /* bytes are copied as they are */
        *copied = quant_container_type_like(container, info->type);
    if (*copied)
        return QUANT_OK;
    return quant_error_set(error, QUANT_UNSUPPORTED,
                           "cannot copy '%s: %.200s' to the format %s, which has no type for its "
                           "dtype %s",
                           file->source->name, info->name, format->name, info->type->name);
}

enum quant_status quant_container_plan_check_name(const struct quant_tensor_file *file,
                                                  const struct quant_tensor_info *info,
                                                  const char *name, const char *what,
                                                  struct quant_error *error)
{
    size_t taken;
    return quant_tensor_file_find(file, name, &taken)
               ? quant_error_set(
                     error, QUANT_EXISTS,
                     "cannot quantize '%s': the name '%.200s' for the %s of '%.200s' is already "
                     "taken",
                     file->source->name, name, what, info->name)
               : QUANT_OK;
}

enum quant_status
quant_container_plan_group(struct quant_container_plan *plan, const struct quant_tensor_file *file,
                           const struct quant_tensor_info *info, const struct quant_plan *how,
                           struct quant_planned_scales *scales, struct quant_error *error)
{
    static const uint64_t one[] = {1};
    struct quant_shape shape;
    struct quant_error own;
    *scales = (struct quant_planned_scales){.grouping = {.axis = -1}, .dims = one, .ndim = 1};
    if (!quant_granularity_has_groups(&how->granularity))
        return QUANT_OK;
    if (info->ndim > QUANT_MAX_DIMS)
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "cannot quantize '%s': tensor '%.200s' has more than 64 dimensions",
                               file->source->name, info->name);
    shape = quant_shape_of(info->dims, info->ndim);
    enum quant_status status = quant_grouping_make(
        &how->granularity, &shape, (enum quant_order)info->order, &scales->grouping, &own);
    if (status == QUANT_OK)
        status = quant_profile_check_shape(how, &shape, &own);
    if (status != QUANT_OK)
        return quant_error_set(error, status, "cannot quantize '%s: %.200s': %s",
                               file->source->name, info->name, own.text);
    struct quant_shape found;
    quant_grouping_scale_shape(&scales->grouping, &shape, &found);
    uint64_t *dims = quant_arena_take(&plan->arena, (info->ndim + 1) * sizeof *dims);
    if (!dims)
        return quant_error_no_memory(error, info->ndim * sizeof *dims, "tensors");
    memcpy(dims, found.dims, info->ndim * sizeof *dims);
    scales->dims = dims;
    scales->ndim = info->ndim;
    return QUANT_OK;
}

enum quant_status quant_container_plan_lay_out(struct quant_container_plan *plan,
                                               const struct quant_container *format,
                                               const struct quant_metadata_pair *metadata,
                                               size_t nmetadata, struct quant_error *error)
{
    plan->layout.metadata = metadata;
    plan->layout.nmetadata = nmetadata;
    return format->lay_out(&plan->layout, error);
}

void quant_container_plan_release(struct quant_container_plan *plan)
{
    free(plan->tensors);
    free(plan->layout.tensors);
    free(plan->layout.header);
    free(plan->layout.pieces);
    free(plan->layout.seals);
    quant_arena_release(&plan->arena);
    *plan = (struct quant_container_plan){.tensors = NULL};
}
