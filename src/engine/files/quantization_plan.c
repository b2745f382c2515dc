/* SPDX-License-Identifier: MIT */
/* From a catalogue to the tensors of the output. */
#include "engine/files/quantization_plan.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grouping.h"
#include "base/shape.h"
#include "core/profile_params.h"
#include "core/range_params.h"
#include "engine/files/file_selection.h"
#include "engine/files/given_params.h"
#include "engine/files/layout_plan.h"
#include "engine/tensor/container_input.h"

struct planning {
    struct quant_container_plan *plan;
    const struct quant_tensor_file *file;
    const struct quant_container_rules *rules;
    struct quant_metadata_pair *metadata; /* in the arena */
    size_t nmetadata;
    struct quant_error *error;
};

static enum quant_status no_memory(const struct planning *planning)
{
    return quant_error_no_memory(planning->error, sizeof(struct quant_planned_tensor), "tensors");
}

static enum quant_status tensor_error(const struct planning *planning,
                                      const struct quant_tensor_info *info,
                                      enum quant_status status, const char *what)
{
    return quant_error_set(planning->error, status, "cannot quantize '%s': tensor '%.200s' %s",
                           planning->file->source->name, info->name, what);
}

/* What a tensor of nothing but zeros would get, except a given zero point. The layout needs
 * only the types from it, and whether there are zero points. */
static struct quant_params params_of(const struct quant_plan *plan)
{
    struct quant_params params = quant_choice_of_nothing(&plan->target).params;
    if (plan->from == QUANT_SCALE_GIVEN)
        params.zero_point = plan->zero_point;
    return params;
}

/* ---- The tensors beside the integers ---- */

static bool set_shape(struct quant_shape *shape, const struct quant_tensor_info *info)
{
    if (info->ndim > QUANT_MAX_DIMS)
        return false;
    *shape = quant_shape_of(info->dims, info->ndim);
    return true;
}

/* A tensor of the output beside one of the input. */
static enum quant_status add_beside(const struct planning *planning,
                                    const struct quant_tensor_info *info, const char *suffix,
                                    const struct quant_stored_type *type,
                                    const struct quant_planned_scales *shape, uint32_t *index)
{
    char *name = quant_arena_join(&planning->plan->arena, info->name, suffix);
    if (!name)
        return no_memory(planning);
    const enum quant_status status =
        quant_container_plan_check_name(planning->file, info, name, "scales", planning->error);
    if (status != QUANT_OK)
        return status;
    *index = quant_container_plan_add(
        planning->plan, name, type, shape->dims, shape->ndim,
        quant_container_order(shape->dims, shape->ndim, (enum quant_order)info->order));
    return QUANT_OK;
}

static enum quant_status add_scales(const struct planning *planning,
                                    const struct quant_tensor_info *info,
                                    struct quant_planned_tensor *planned)
{
    const struct quant_container *format = planning->rules->format->container;
    const struct quant_params params = params_of(planned->plan);
    const bool has_scales = quant_scale_bytes(&params, 1) > 0;
    struct quant_planned_scales found;
    enum quant_status status = quant_container_plan_group(planning->plan, planning->file, info,
                                                          planned->plan, &found, planning->error);
    if (status == QUANT_OK && has_scales)
        status = add_beside(planning, info, "_scale", format->type_of(params.scale_dtype), &found,
                            &planned->scales);
    if (status == QUANT_OK && has_scales && quant_params_have_zero_points(&params))
        status =
            add_beside(planning, info, "_zero_point", quant_container_type_called(format, "int32"),
                       &found, &planned->zero_points);
    if (status == QUANT_OK && has_scales && quant_params_have_biases(&params))
        status = add_beside(planning, info, "_bias", format->type_of(params.scale_dtype), &found,
                            &planned->zero_points);
    return status;
}

/* ---- The integers ---- */

/* Two to a byte, they are an array of their bytes; what shape they have is written elsewhere. */
static enum quant_status add_packed(struct planning *planning, const struct quant_tensor_info *info,
                                    enum quant_dtype dtype, const struct quant_stored_type *type,
                                    uint32_t *index)
{
    struct quant_arena *arena = &planning->plan->arena;
    struct quant_shape shape;
    char text[QUANT_SHAPE_TEXT];
    uint64_t nelems = 1;
    if (!set_shape(&shape, info))
        return tensor_error(planning, info, QUANT_UNSUPPORTED, "has more than 64 dimensions");
    quant_shape_count(&shape, &nelems);
    uint64_t *dims = quant_arena_take(arena, sizeof *dims);
    char *key = quant_arena_join(arena, "quant.shape.", info->name);
    char *value = quant_arena_join(arena, quant_shape_text(&shape, text), "");
    if (!dims || !key || !value)
        return no_memory(planning);
    dims[0] = quant_dtype_bytes(dtype, nelems);
    planning->metadata[planning->nmetadata++] = (struct quant_metadata_pair){key, value};
    *index = quant_container_plan_add(planning->plan, info->name, type, dims, 1, QUANT_ORDER_C);
    return QUANT_OK;
}

/* The mapping's plan, or one that the tensor's type completes, or what is given for it. */
static enum quant_status settle_plan(struct planning *planning,
                                     const struct quant_tensor_info *info,
                                     struct quant_planned_tensor *planned)
{
    const struct quant_mapping *mapping = planned->mapping;
    struct quant_shape shape;
    struct quant_error own;
    planned->plan = &mapping->plan;
    if (!mapping->given && !mapping->plan.target.profile)
        return QUANT_OK;
    struct quant_plan *plan = quant_arena_take(&planning->plan->arena, sizeof *plan);
    if (!plan)
        return no_memory(planning);
    *plan = mapping->plan;
    planned->plan = plan;
    quant_plan_settle(plan, info->type->dtype);
    if (!mapping->given)
        return QUANT_OK;
    if (!set_shape(&shape, info))
        return tensor_error(planning, info, QUANT_UNSUPPORTED, "has more than 64 dimensions");
    const struct quant_container_rules *rules = planning->rules;
    const char *name =
        rules->only ? quant_given_single_name(&rules->mappings->job->input) : info->name;
    const struct quant_given_tensor tensor = {name, &shape, (enum quant_order)info->order};
    const enum quant_status status = quant_given_params_plan(mapping->given, &tensor, plan, &own);
    return status == QUANT_OK
               ? QUANT_OK
               : quant_error_set(planning->error, status, "cannot quantize '%s: %.200s': %s",
                                 planning->file->source->name, info->name, own.text);
}

static enum quant_status cannot_store(const struct planning *planning, enum quant_dtype dtype)
{
    const struct quant_format *format = planning->rules->format;
    const bool is_gguf = format == &quant_format_gguf;
    return quant_error_set(planning->error, QUANT_UNSUPPORTED,
                           "cannot quantize '%s': its format cannot store %s%s",
                           planning->file->source->name, quant_dtype_info(dtype)->name,
                           is_gguf ? "; '-t q8_0' and the other types of blocks write GGUF, '--to "
                                     "safetensors' another format"
                                   : "");
}

static enum quant_status not_whole(const struct planning *planning,
                                   const struct quant_tensor_info *info, enum quant_dtype dtype)
{
    const struct quant_dtype_info *type = quant_dtype_info(dtype);
    return quant_error_set(planning->error, QUANT_INVALID,
                           "cannot quantize '%s': the rows of '%.200s' have %llu elements, which "
                           "are not whole blocks of %u as %s needs; --exclude copies it",
                           planning->file->source->name, info->name,
                           (unsigned long long)info->dims[info->ndim - 1], type->block_nelems,
                           type->name);
}

static enum quant_status plan_mapped(struct planning *planning,
                                     const struct quant_tensor_info *info,
                                     struct quant_planned_tensor *planned)
{
    const enum quant_dtype dtype = planned->mapping->plan.target.dtype;
    const struct quant_stored_type *type = planning->rules->format->container->type_of(dtype);
    enum quant_status status = settle_plan(planning, info, planned);
    if (status != QUANT_OK)
        return status;
    if (!type)
        return cannot_store(planning, dtype);
    const struct quant_written_layout *layout =
        quant_mappings_layout(planning->rules->mappings, planning->rules->format);
    if (layout) {
        const struct quant_params params = params_of(planned->plan);
        const struct quant_layout_planning own = {planning->plan, planning->file, layout,
                                                  planning->error};
        return quant_plan_in_layout(&own, info, &params, planned);
    }
    const unsigned block = quant_dtype_info(dtype)->block_nelems;
    if (block > 0 && info->dims[info->ndim - 1] % block != 0)
        return not_whole(planning, info, dtype);
    if (quant_dtype_info(dtype)->bits == 4)
        status = add_packed(planning, info, dtype, type, &planned->data);
    else
        planned->data = quant_container_plan_add(planning->plan, info->name, type, info->dims,
                                                 info->ndim, (enum quant_order)info->order);
    return status == QUANT_OK ? add_scales(planning, info, planned) : status;
}

static enum quant_status plan_tensor(struct planning *planning, size_t i)
{
    const struct quant_tensor_info *stored = &planning->file->tensors[i];
    const struct quant_tensor_info counted = quant_rules_count(planning->rules, stored);
    const struct quant_tensor_info *info = &counted;
    struct quant_container_plan *plan = planning->plan;
    struct quant_planned_tensor *planned = &plan->tensors[plan->n++];
    const enum quant_order order = (enum quant_order)info->order;
    const struct quant_stored_type *copied = NULL;
    *planned = (struct quant_planned_tensor){
        .source = (uint32_t)i, .scales = QUANT_NO_TENSOR, .zero_points = QUANT_NO_TENSOR};
    enum quant_status status =
        quant_rules_find(planning->rules, planning->file, info, &planned->mapping, planning->error);
    planned->is_copied = !planned->mapping;
    if (status == QUANT_OK)
        status = quant_container_plan_check(planning->file, info, planned->is_copied, order,
                                            planning->rules->format, &copied, planning->error);
    if (status != QUANT_OK)
        return status;
    if (!planned->is_copied)
        return plan_mapped(planning, info, planned);
    plan->ncopied++;
    planned->data =
        quant_container_plan_add(plan, info->name, copied, info->dims, info->ndim, order);
    return quant_rules_check_copied(planning->rules, planning->file, info, planning->error);
}

/* ---- All of it ---- */

static enum quant_status nothing_to_quantize(const struct planning *planning)
{
    const struct quant_tensor_file *file = planning->file;
    const struct quant_mappings *mappings = planning->rules->mappings;
    const struct quant_mapping *own = &mappings->all[0];
    size_t nfloats = 0;
    size_t nchosen = 0; /* by their names */
    for (size_t i = 0; i < file->n; i++) {
        const char *name = file->tensors[i].name;
        nfloats += quant_container_maps(file->tensors[i].type);
        nchosen +=
            quant_mappings_has(mappings, quant_mappings_find(mappings, name), name, UINT_MAX);
    }
    if (nchosen == 0 && file->n > 0)
        return quant_selection_error("quantize", file->source->name, file->n, planning->error);
    if (nfloats == 0)
        return quant_error_set(planning->error, QUANT_INVALID,
                               "cannot quantize '%s': it has no float tensors (tensors: %zu)",
                               file->source->name, file->n);
    return quant_error_set(planning->error, QUANT_INVALID,
                           "cannot quantize '%s': its float tensors %shave fewer than %u "
                           "dimensions (float tensors: %zu); give a smaller --min-dims",
                           file->source->name, nchosen < file->n ? "that are selected " : "",
                           own->has_min_dims ? own->min_dims : (unsigned)QUANT_CONTAINER_MIN_DIMS,
                           nfloats);
}

enum quant_status quant_container_plan_quantize(struct quant_container_plan *plan,
                                                const struct quant_tensor_file *file,
                                                const struct quant_container_rules *rules,
                                                struct quant_error *error)
{
    struct planning planning = {.plan = plan, .file = file, .rules = rules, .error = error};
    const size_t most = file->n + file->nmetadata + 1;
    enum quant_status status =
        quant_container_plan_begin(plan, file->n, (3 + QUANT_LAYOUT_FIXED) * file->n, error);
    if (status != QUANT_OK)
        return status;
    planning.metadata = quant_arena_take(&plan->arena, most * sizeof *planning.metadata);
    if (!planning.metadata)
        return no_memory(&planning);
    for (size_t i = 0; i < file->nmetadata; i++)
        planning.metadata[planning.nmetadata++] = file->metadata[i];
    plan->layout.origin = file;
    plan->layout.mapped =
        rules->format->container->type_of(rules->mappings->all[0].plan.target.dtype);
    for (size_t i = 0; status == QUANT_OK && i < file->n; i++)
        status = plan_tensor(&planning, i);
    if (status == QUANT_OK && plan->ncopied == plan->n && !rules->may_copy_all)
        status = nothing_to_quantize(&planning);
    return status == QUANT_OK
               ? quant_container_plan_lay_out(plan, rules->format->container, planning.metadata,
                                              planning.nmetadata, error)
               : status;
}
