/* SPDX-License-Identifier: MIT */
#include "engine/work/job_check.h"

#include "base/error.h"
#include "base/shape.h"

enum quant_status quant_pointer_check(const void *pointer, const char *what,
                                      struct quant_error *error)
{
    return pointer ? QUANT_OK : quant_error_set(error, QUANT_INVALID, "%s is needed", what);
}

enum quant_status quant_ways_check(uint64_t ways, uint64_t known, struct quant_error *error)
{
    return ways & ~known ? quant_error_set(error, QUANT_INVALID, "unknown bits in 'ways': %llx",
                                           (unsigned long long)ways)
                         : QUANT_OK;
}

static enum quant_status check_shape(const struct quant_shape *shape, const char *name,
                                     struct quant_error *error)
{
    uint64_t nelems;
    if (shape->ndim < 0 || shape->ndim > QUANT_MAX_DIMS)
        return quant_error_set(error, QUANT_INVALID,
                               "'%s.shape' has %d dimensions; it can have 0 to %d", name,
                               shape->ndim, QUANT_MAX_DIMS);
    if (!quant_shape_count(shape, &nelems))
        return quant_error_set(error, QUANT_INVALID, "'%s.shape' has more than 2^63 - 1 elements",
                               name);
    return QUANT_OK;
}

enum quant_status quant_input_check(const struct quant_input *input, const char *name,
                                    struct quant_error *error)
{
    const struct quant_dtype_info *info = quant_dtype_info(input->dtype);
    if (input->dtype != QUANT_DTYPE_NONE && !info)
        return quant_error_set(error, QUANT_INVALID, "'%s.dtype' is %d, which is not a type", name,
                               (int)input->dtype);
    if (info && !info->is_source)
        return quant_error_set(error, QUANT_INVALID,
                               "'%s.dtype' is %s, which is not a type of floats", name, info->name);
    if ((unsigned)input->byte_order > QUANT_BIG)
        return quant_error_set(error, QUANT_INVALID,
                               "'%s.byte_order' is %d, which is not a byte order", name,
                               (int)input->byte_order);
    return input->shape ? check_shape(input->shape, name, error) : QUANT_OK;
}

enum quant_status quant_names_check(const char *const *names, size_t n, const char *what,
                                    struct quant_error *error)
{
    if (n > 0 && !names)
        return quant_error_set(error, QUANT_INVALID, "a list of %zu %s is needed", n, what);
    for (size_t i = 0; i < n; i++)
        if (!names[i])
            return quant_error_set(error, QUANT_INVALID, "number %zu of the %s is NULL", i, what);
    return QUANT_OK;
}

enum quant_status quant_selection_check(const struct quant_selection *selection,
                                        struct quant_error *error)
{
    const enum quant_status status =
        quant_names_check(selection->include, selection->ninclude, "patterns to include", error);
    return status == QUANT_OK ? quant_names_check(selection->exclude, selection->nexclude,
                                                  "patterns to exclude", error)
                              : status;
}

enum quant_status quant_rules_check(const struct quant_rule *rules, size_t nrules,
                                    struct quant_error *error)
{
    if (nrules > 0 && !rules)
        return quant_error_set(error, QUANT_INVALID, "a list of %zu rules is needed", nrules);
    for (size_t i = 0; i < nrules; i++)
        if (!rules[i].pattern)
            return quant_error_set(error, QUANT_INVALID, "rule %zu has no pattern", i);
    return QUANT_OK;
}
