/* SPDX-License-Identifier: MIT */
/* Arrays are held against the shape of the tensor before anything is written, and their numbers
 * when they are loaded. */
#include "engine/files/given_params.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/grouping.h"
#include "base/rounding.h"
#include "base/shape.h"
#include "core/group_notes.h"
#include "core/group_params.h"
#include "core/profile_params.h"
#include "core/range_params.h"
#include "engine/files/scale_arrays.h"
#include "methods/plan_choose.h"

/* ---- Opening ---- */

enum quant_status quant_given_params_open_scales(struct quant_given_params *given, const char *path,
                                                 const struct quant_cancel *cancel,
                                                 struct quant_error *error)
{
    given->path = path;
    enum quant_status status = quant_given_scales_open(&given->scales, path, cancel, error);
    if (status == QUANT_OK)
        status = quant_given_scales_digest(&given->scales, &given->digest, error);
    /* All arrays have been read, which shows whether they have the archive's own checksums. */
    return status == QUANT_OK && given->scales.input.file
               ? quant_container_input_finish(&given->scales.input, error)
               : status;
}

static uint64_t digest_ranges(const struct quant_group_ranges *ranges)
{
    uint64_t digest = 0;
    for (uint64_t i = 0; i < ranges->groups.count; i++) {
        unsigned char bytes[16];
        uint64_t bits[2];
        memcpy(bits, ranges->ranges[i], sizeof bits);
        quant_store_64_little(bytes, bits[0]);
        quant_store_64_little(bytes + 8, bits[1]);
        digest = XXH3_64bits_withSeed(bytes, sizeof bytes, digest);
    }
    return digest;
}

enum quant_status quant_given_params_open_ranges(struct quant_given_params *given, const char *path,
                                                 const struct quant_cancel *cancel,
                                                 const struct quant_spec *spec,
                                                 struct quant_error *error)
{
    given->path = path;
    given->has_ranges = true;
    const enum quant_status status =
        quant_group_ranges_read(path, cancel, spec, &given->ranges, error);
    if (status == QUANT_OK)
        given->digest = digest_ranges(&given->ranges);
    return status;
}

enum quant_status quant_given_params_check_unchanged(const struct quant_given_params *given,
                                                     struct quant_error *error)
{
    struct quant_source *source = given->scales.input.source;
    return source ? quant_source_check_unchanged(source, error) : QUANT_OK;
}

void quant_given_params_release(struct quant_given_params *given)
{
    quant_given_scales_close(&given->scales);
    quant_group_ranges_release(&given->ranges);
}

/* ---- Shapes ---- */

/* Without dimensions of 1, which say nothing of how scales lie. */
static struct quant_shape without_ones(const struct quant_shape *shape)
{
    struct quant_shape short_shape = {.ndim = 0};
    for (int i = 0; i < shape->ndim; i++)
        if (shape->dims[i] != 1)
            short_shape.dims[short_shape.ndim++] = shape->dims[i];
    return short_shape;
}

/* A flat array has the scales in the order of the groups. */
static enum quant_status check_shape(const struct quant_given_params *given,
                                     const struct quant_given_array *array,
                                     const struct quant_grouping *grouping,
                                     const struct quant_shape *wanted, struct quant_error *error)
{
    char text[QUANT_SHAPE_TEXT];
    char wanted_text[QUANT_SHAPE_TEXT];
    const struct quant_shape has = without_ones(&array->shape);
    const struct quant_shape needs = without_ones(wanted);
    if (array->count != grouping->count)
        return quant_error_set(error, QUANT_INVALID,
                               "it needs %llu scale%s, and '%s' has %llu for it%s",
                               (unsigned long long)grouping->count, grouping->count == 1 ? "" : "s",
                               given->path, (unsigned long long)array->count,
                               grouping->axis < 0 ? "; give --axis or --block-size" : "");
    if (has.ndim <= 1 || quant_shape_equal(&has, &needs))
        return QUANT_OK;
    return quant_error_set(
        error, QUANT_INVALID, "its scales in '%s' have the shape %s, and it needs %s", given->path,
        quant_shape_text(&array->shape, text), quant_shape_text(wanted, wanted_text));
}

/* ---- Numbers ---- */

/* A given scale is never rounded, so it must be a number of the type that it is stored as. */
static enum quant_status check_numbers(const struct quant_given_params *given,
                                       const struct quant_target *target, const float *scales,
                                       const int32_t *zero_points, uint64_t count,
                                       struct quant_error *error)
{
    const bool is_integer = quant_dtype_info(target->dtype)->is_integer;
    for (uint64_t i = 0; i < count; i++) {
        const double scale = (double)scales[i];
        if (!(scale > 0) || !isfinite(scale))
            return quant_error_set(error, QUANT_INVALID,
                                   "scale [%llu] for it in '%s' is %.9g; it must be above 0 and "
                                   "finite as float32",
                                   (unsigned long long)i, given->path, scale);
        if (quant_round_to_dtype(target->scale_dtype, scale) != scale)
            return quant_error_set(
                error, QUANT_INVALID,
                "scale [%llu] for it in '%s' is %.9g, which cannot be stored exactly as %s",
                (unsigned long long)i, given->path, scale,
                quant_dtype_info(target->scale_dtype)->name);
        if (!is_integer && zero_points[i] != 0)
            return quant_error_set(error, QUANT_INVALID,
                                   "zero point [%llu] for it in '%s' is %d, and %s takes none",
                                   (unsigned long long)i, given->path, zero_points[i],
                                   quant_dtype_info(target->dtype)->name);
    }
    return QUANT_OK;
}

static bool has_zero_points(const struct quant_target *target)
{
    const struct quant_params params = quant_choice_of_nothing(target).params;
    return quant_params_have_zero_points(&params);
}

static enum quant_status read_numbers(const struct quant_given_params *given,
                                      const struct quant_given_array *array,
                                      const struct quant_target *target, float *scales,
                                      int32_t *zero_points, struct quant_error *error)
{
    const int32_t middle = quant_target_middle(target);
    for (uint64_t i = 0; !array->has_zero_points && i < array->count; i++)
        zero_points[i] = middle;
    const enum quant_status status =
        quant_given_scales_read(&given->scales, array, scales, zero_points, error);
    return status == QUANT_OK
               ? check_numbers(given, target, scales, zero_points, array->count, error)
               : status;
}

/* ---- A tensor ---- */

static enum quant_status find_scales(const struct quant_given_params *given,
                                     const struct quant_given_tensor *tensor,
                                     const struct quant_grouping *grouping,
                                     struct quant_given_array *array, struct quant_error *error)
{
    struct quant_shape wanted;
    const enum quant_status status =
        quant_given_scales_find(&given->scales, tensor->name, array, error);
    quant_grouping_scale_shape(grouping, tensor->shape, &wanted);
    return status == QUANT_OK ? check_shape(given, array, grouping, &wanted, error) : status;
}

static enum quant_status make_grouping(const struct quant_given_tensor *tensor,
                                       const struct quant_plan *plan,
                                       struct quant_grouping *grouping, struct quant_error *error)
{
    return quant_grouping_make(&plan->granularity, tensor->shape, tensor->order, grouping, error);
}

static enum quant_status check_ranges(const struct quant_given_params *given,
                                      const struct quant_given_tensor *tensor,
                                      const struct quant_grouping *grouping,
                                      struct quant_error *error)
{
    return quant_group_ranges_check(&given->ranges, given->path, grouping, tensor->shape,
                                    tensor->order, error);
}

enum quant_status quant_given_params_plan(const struct quant_given_params *given,
                                          const struct quant_given_tensor *tensor,
                                          struct quant_plan *plan, struct quant_error *error)
{
    struct quant_grouping grouping;
    struct quant_given_array array;
    enum quant_status status = make_grouping(tensor, plan, &grouping, error);
    if (status == QUANT_OK && given->has_ranges)
        return check_ranges(given, tensor, &grouping, error);
    if (status == QUANT_OK)
        status = find_scales(given, tensor, &grouping, &array, error);
    if (status != QUANT_OK)
        return status;
    if (array.has_zero_points && quant_dtype_info(plan->target.dtype)->is_integer &&
        !has_zero_points(&plan->target))
        plan->target.scheme = QUANT_ZERO_POINT;
    if (quant_granularity_has_groups(&plan->granularity))
        return QUANT_OK;
    return read_numbers(given, &array, &plan->target, &plan->scale, &plan->zero_point, error);
}

static enum quant_status load_scales(const struct quant_given_params *given,
                                     const struct quant_given_tensor *tensor,
                                     const struct quant_plan *plan,
                                     struct quant_given_groups *groups, struct quant_error *error)
{
    const struct quant_group_params *all = &groups->groups.all;
    const bool to_fortran = tensor->order == QUANT_ORDER_FORTRAN;
    struct quant_given_array array;
    enum quant_status status = find_scales(given, tensor, &groups->groups.grouping, &array, error);
    if (status == QUANT_OK)
        status = read_numbers(given, &array, &plan->target, all->scales, all->zero_points, error);
    if (status != QUANT_OK || array.order == tensor->order || !quant_shape_has_order(&array.shape))
        return status;
    status = quant_array_reorder(all->scales, &array.shape, to_fortran, error);
    return status == QUANT_OK
               ? quant_array_reorder(all->zero_points, &array.shape, to_fortran, error)
               : status;
}

static void use_ranges(const struct quant_group_ranges *ranges, const struct quant_plan *plan,
                       struct quant_given_groups *groups)
{
    const struct quant_group_params *all = &groups->groups.all;
    const struct quant_choice nothing = quant_plan_choose_nothing(plan);
    for (uint64_t i = 0; i < ranges->groups.count; i++) {
        struct quant_choice choice = nothing;
        quant_choice_set_range(&choice, &plan->target, ranges->ranges[i][0], ranges->ranges[i][1]);
        quant_group_params_set(all, i, &choice.params);
        quant_group_notes_add(&groups->notes, i, choice.notes);
    }
}

enum quant_status quant_given_params_load(const struct quant_given_params *given,
                                          const struct quant_given_tensor *tensor,
                                          const struct quant_plan *plan,
                                          struct quant_given_groups *groups,
                                          struct quant_error *error)
{
    struct quant_grouping grouping;
    enum quant_status status = make_grouping(tensor, plan, &grouping, error);
    if (status == QUANT_OK && given->has_ranges)
        status = check_ranges(given, tensor, &grouping, error);
    /* The engine's own factors follow from ranges, not from scales. */
    const bool has_factors = given->has_ranges && quant_plan_has_factors(plan);
    if (status == QUANT_OK)
        status = quant_given_groups_init(groups, &grouping, has_factors, false, error);
    if (status == QUANT_OK && given->has_ranges)
        use_ranges(&given->ranges, plan, groups);
    else if (status == QUANT_OK)
        status = load_scales(given, tensor, plan, groups, error);
    return status;
}
