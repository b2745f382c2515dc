/* SPDX-License-Identifier: MIT */
#include "cli/engine_rules.h"

#include <stdio.h>
#include <string.h>

static void print_rule(const char *name, const char *rule)
{
    if (rule)
        printf("%-12s  %s\n", name, rule);
}

static void print_granularities(const struct quant_profile *profile)
{
    static const struct {
        enum quant_granularity_kind kind;
        const char *name;
    } kinds[] = {{QUANT_PER_TENSOR, "per tensor"},
                 {QUANT_PER_CHANNEL, "per channel (--axis)"},
                 {QUANT_PER_BLOCK, "per block (--block-size N)"},
                 {QUANT_PER_TILE, "per block of rows and columns (--block-size R,C)"}};
    const uint64_t *sizes = profile->block_sizes;
    const char *separator = "";
    printf("%-12s  ", "one scale");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!(profile->granularities & kinds[i].kind))
            continue;
        printf("%s%s", separator, kinds[i].name);
        separator = ", ";
    }
    for (size_t i = 0; sizes && sizes[i] > 0; i++)
        printf("%s%llu",
               i == 0             ? ", N "
               : sizes[i + 1] > 0 ? ", "
                                  : " or ",
               (unsigned long long)sizes[i]);
    printf("\n");
}

static const char *stored_scale(const struct quant_profile *profile)
{
    if (profile->input_scale)
        return "in the input's type";
    return profile->blocks_float16 ? "as float32; of blocks as float16" : "as float32";
}

static void print_types(const struct quant_profile *profile)
{
    int width = (int)strlen("uint16 ");
    for (size_t i = 0; i < profile->ntypes; i++) {
        const int length = (int)strlen(quant_dtype_info(profile->types[i].dtype)->name);
        width = length > width ? length : width;
    }
    printf("\n%-10s  %-*s  %6s  %6s  %8s  %10s\n", "scheme", width, "type", "qmin", "qmax", "D",
           "zero point");
    for (size_t i = 0; i < profile->ntypes; i++) {
        const struct quant_profile_type *type = &profile->types[i];
        const bool is_absmax = type->scheme == QUANT_ABSMAX;
        const bool is_integer = quant_dtype_info(type->dtype)->is_integer;
        char divisor[32] = "given";
        char zero_point[16] = "by rule";
        if (type->divisor > 0)
            snprintf(divisor, sizeof divisor, "%.9g", type->divisor);
        else if (!is_integer)
            snprintf(divisor, sizeof divisor, "--exact");
        if (is_absmax || type->divisor == 0)
            snprintf(zero_point, sizeof zero_point, is_absmax ? "%d" : "given", type->zero_point);
        if (profile->has_biases)
            snprintf(zero_point, sizeof zero_point, "none");
        printf("%-10s  %-*s  %6d  %6d  %8s  %10s\n", is_absmax ? "absmax" : "zero-point", width,
               quant_dtype_info(type->dtype)->name, type->qmin, type->qmax, divisor, zero_point);
    }
}

/* Blocks have no target range. */
static bool has_blocks(const struct quant_profile *profile)
{
    return quant_dtype_info(profile->types[0].dtype)->block_nelems > 0;
}

static void print_blocks(const struct quant_profile *profile)
{
    printf("\n%-6s  %8s  %6s  %16s\n", "type", "elements", "bytes", "bits per element");
    for (size_t i = 0; i < profile->ntypes; i++) {
        const struct quant_dtype_info *info = quant_dtype_info(profile->types[i].dtype);
        printf("%-6s  %8u  %6u  %16g\n", info->name, info->block_nelems, info->block_nbytes,
               8.0 * info->block_nbytes / info->block_nelems);
    }
    printf("\n"
           "m      the largest magnitude of a block, extreme the first element that has it\n"
           "round  to the nearest integer, ties away from 0\n"
           "q is limited to the integers of the type; docs/gguf.md says what is restored\n");
}

void engine_rules_print(const struct quant_profile *profile)
{
    printf("%s: %s (%s)\n\n", profile->name, profile->summary, profile->engine);
    print_rule("scale s", profile->scale_rule);
    if (!has_blocks(profile))
        print_rule("stored", stored_scale(profile));
    print_rule("floor", profile->floor_rule);
    print_rule(profile->has_biases ? "bias" : "zero point z", profile->zero_point_rule);
    print_rule("element q", profile->element_rule);
    if (has_blocks(profile)) {
        print_blocks(profile);
        return;
    }
    print_granularities(profile);
    print_types(profile);
    printf("\n"
           "lo, hi  %s\n"
           "rne     rounds to the nearest integer, ties to even%s\n"
           "clip    limits to qmin..qmax\n"
           "restored is always %s\n",
           profile->has_biases
               ? "the smallest and largest element of a block"
               : "the smallest and largest element, and 0 between them; m the larger magnitude",
           profile->has_biases ? "" : "; away: ties away from 0",
           profile->has_biases ? "q * s + bias" : "(q - z) * s");
}
