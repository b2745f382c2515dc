/* SPDX-License-Identifier: MIT */
/* A section begins with nothing given, and is filled in at the end. */
#include "cli/sections.h"

#include <quant/profiles.h>

#include <stdlib.h>
#include <string.h>

#include "cli/message.h"

static const char copy_word[] = "copy";

bool section_dtype_parse(const struct option_row *row, const char *text, void *field,
                         struct option_reason *reason)
{
    if (strcmp(text, copy_word) != 0)
        return value_target(row, text, field, reason);
    *(int *)field = SECTION_COPY;
    return true;
}

const char *choice_section_dtype(size_t i)
{
    const char *name = choice_target(i);
    if (name)
        return name;
    return i > 0 && choice_target(i - 1) ? copy_word : NULL;
}

void *section_begin(void *field, const char *pattern)
{
    struct section_list *sections = field;
    struct quantize_options **larger =
        realloc(sections->items, (sections->n + 1) * sizeof(struct quantize_options *));
    if (!larger)
        return NULL;
    sections->items = larger;
    struct quantize_options *section = calloc(1, sizeof *section);
    if (!section)
        return NULL;
    section->pattern = pattern;
    section->scheme = section->rounding = section->nonfinite = NOT_GIVEN;
    sections->items[sections->n++] = section;
    return section;
}

/* ---- What is left open ---- */

int scheme_left_open(const char *like, int dtype, int otherwise)
{
    const struct quant_profile *profile = quant_profile_from_name(like);
    const enum quant_dtype type = dtype > 0 ? (enum quant_dtype)dtype : QUANT_INT8;
    if (!profile)
        return otherwise;
    const bool has_absmax = quant_profile_type_of(profile, QUANT_ABSMAX, type) != NULL;
    const bool has_affine = quant_profile_type_of(profile, QUANT_ZERO_POINT, type) != NULL;
    return has_absmax == has_affine ? otherwise : has_affine ? QUANT_ZERO_POINT : QUANT_ABSMAX;
}

static void resolve_type(struct quantize_options *section, const struct quantize_options *global)
{
    const bool has_own = section->dtype != 0 && section->dtype != global->dtype;
    if (section->dtype == 0)
        section->dtype = global->dtype;
    const struct quant_dtype_info *info = quant_dtype_info((enum quant_dtype)section->dtype);
    const bool is_integer = info && info->is_integer;
    if (section->rounding == NOT_GIVEN)
        section->rounding = is_integer ? global->rounding : QUANT_HALF_EVEN;
    if (section->nonfinite == NOT_GIVEN)
        section->nonfinite = global->nonfinite;
    if (is_integer && !section->like) {
        section->like = global->like;
        section->exact = section->exact || global->exact;
    }
    if (section->scheme == NOT_GIVEN)
        section->scheme = is_integer
                              ? scheme_left_open(section->like, section->dtype, global->scheme)
                              : QUANT_ABSMAX;
    if (section->scale_dtype == 0 && info && !info->is_unscaled)
        section->scale_dtype = global->scale_dtype;
    if (is_integer && !section->scale.given && !section->scale_from)
        section->include_zero = section->include_zero || global->include_zero;
    if (!section->qmin.given && !has_own)
        section->qmin = global->qmin;
    if (!section->qmax.given && !has_own)
        section->qmax = global->qmax;
    if (!section->min_dims.given)
        section->min_dims = global->min_dims;
}

static void resolve_range(struct quantize_options *section, const struct quantize_options *global)
{
    const struct quant_dtype_info *info = quant_dtype_info((enum quant_dtype)section->dtype);
    const bool gives_range = section->clip.given || section->range_from || section->scale.given ||
                             section->zero_point.given;
    const bool has_groups = section->axis.given || section->blocks.size > 0;
    const bool has_method = section->calibration.name;
    if (!info || info->is_unscaled)
        return;
    if (!gives_range && !has_groups) {
        section->axis = global->axis;
        section->blocks = global->blocks;
    }
    if (!gives_range && !has_method && !section->scale_from)
        section->scale_from = global->scale_from;
    if (section->scale_from)
        return;
    if (!gives_range && !has_method)
        section->calibration = global->calibration;
    if (!gives_range && !has_method && !has_groups) {
        section->clip = global->clip;
        section->range_from = global->range_from;
        section->scale = global->scale;
        section->zero_point = global->zero_point;
    }
}

void sections_resolve(struct quantize_options *options)
{
    for (size_t i = 0; i < options->sections.n; i++) {
        struct quantize_options *section = options->sections.items[i];
        if (section->dtype == SECTION_COPY)
            continue;
        resolve_type(section, options);
        resolve_range(section, options);
    }
}

/* ---- Rules ---- */

int sections_rules(const struct command *command, const struct quantize_options *options,
                   struct quant_rule **rules)
{
    const struct section_list *sections = &options->sections;
    int status = EXIT_DONE;
    *rules = calloc(sections->n + 1, sizeof **rules);
    if (!*rules) {
        message_error("no memory for the rules of '--for'");
        return EXIT_FAILED;
    }
    for (size_t i = 0; status == EXIT_DONE && i < sections->n; i++) {
        const struct quantize_options *section = sections->items[i];
        struct quant_rule *rule = &(*rules)[i];
        rule->pattern = section->pattern;
        rule->copies = section->dtype == SECTION_COPY;
        rule->has_min_dims = section->min_dims.given;
        rule->min_dims = (unsigned)section->min_dims.value;
        if (rule->copies)
            continue;
        rule->granularity = quantize_options_granularity(section);
        rule->scale_from = section->scale_from;
        rule->range_from = quantize_options_have_groups(section) ? section->range_from : NULL;
        status = quantize_options_read_spec(command, section, &rule->spec);
    }
    return status;
}
