/* SPDX-License-Identifier: MIT */
#include "engine/files/verify_likeness.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum { ELEMENT_TEXT = 32, MORE_TEXT = 48 };

static const char *element_text(enum quant_dtype dtype, uint32_t bits, char text[ELEMENT_TEXT])
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    if (info->is_integer)
        snprintf(text, ELEMENT_TEXT, "%d", quant_element_integer(dtype, bits));
    else
        snprintf(text, ELEMENT_TEXT, "0x%0*x", (int)info->bits / 4, bits);
    return text;
}

static const char *more_text(uint64_t count, char text[MORE_TEXT])
{
    text[0] = '\0';
    if (count > 1)
        snprintf(text, MORE_TEXT, "; %llu more differ%s", (unsigned long long)(count - 1),
                 count == 2 ? "s" : "");
    return text;
}

/* ---- The original ---- */

static void add_different(const struct quant_verify_pass *pass,
                          const struct quant_differences *differences, const char *name,
                          struct quant_findings *findings)
{
    const enum quant_dtype dtype = pass->own.params->dtype;
    const bool is_original = pass->against->original;
    char found[ELEMENT_TEXT];
    char expected[ELEMENT_TEXT];
    char more[MORE_TEXT];
    quant_findings_add_element(
        findings, QUANT_FAULT_AGAINST, pass->own.name, pass->shape, pass->order, differences->first,
        "is %s, but '%.200s' %s %s%s", element_text(dtype, differences->found, found), name,
        is_original ? "gives" : "has", element_text(dtype, differences->expected, expected),
        more_text(differences->count, more));
}

static void add_other_rule(const struct quant_verify_pass *pass,
                           const struct quant_recorded_method *recorded,
                           const struct quant_method_found *found, struct quant_findings *findings)
{
    struct quant_error error;
    quant_error_set(&error, QUANT_CORRUPT,
                    "'%.400s': its scales are not those of %s: group %llu has scale %.9g and zero "
                    "point %d, not %.9g and %d; scales are at most %.3g %% apart",
                    pass->own.name, recorded->method, (unsigned long long)found->group,
                    (double)found->scale, found->zero_point, (double)found->expected,
                    found->expected_zero_point, 100 * found->difference);
    quant_findings_add(findings, QUANT_FAULT_AGAINST, &error);
}

static enum quant_status find_original(const struct quant_verify_pass *pass,
                                       const struct quant_differences *differences,
                                       const struct quant_recorded_method *recorded,
                                       const struct quant_cancel *cancel,
                                       struct quant_findings *findings,
                                       struct quant_verified *verified, struct quant_error *error)
{
    const struct quant_method_check check = {.recorded = recorded,
                                             .params = pass->own.params,
                                             .groups = pass->own.groups,
                                             .original = pass->against->original,
                                             .cancel = cancel,
                                             .pool = pass->pool,
                                             .buffers = pass->buffers};
    struct quant_method_found found;
    const enum quant_status status = quant_method_check_run(&check, &found, error);
    if (status != QUANT_OK)
        return status;
    const bool is_other = found.scales && strcmp(found.scales, "other") == 0;
    verified->scales = found.scales;
    verified->scale_difference = is_other ? found.difference : 0;
    verified->likeness = differences->count > 0 ? QUANT_DIFFERENT
                         : is_other             ? QUANT_OTHER_SCALES
                                                : QUANT_SAME_BYTES;
    if (differences->count > 0)
        add_different(pass, differences, pass->against->original->source->name, findings);
    if (is_other)
        add_other_rule(pass, recorded, &found, findings);
    return QUANT_OK;
}

/* ---- Another quantized file ---- */

static void add_other_scales(const struct quant_verify_pass *pass,
                             const struct quant_differences *differences,
                             struct quant_findings *findings)
{
    struct quant_error error;
    char apart[64] = "its integers are rounded in another way";
    if (differences->scales > 0)
        snprintf(apart, sizeof apart, "its scales are up to %.3g %% apart",
                 100 * differences->scales);
    quant_error_set(&error, QUANT_CORRUPT,
                    "'%.400s': other values than in '%.200s', within half a step: %s",
                    pass->own.name, pass->against->other.name, apart);
    quant_findings_add(findings, QUANT_FAULT_AGAINST, &error);
}

static void find_other(const struct quant_verify_pass *pass,
                       const struct quant_differences *differences, struct quant_findings *findings,
                       struct quant_verified *verified)
{
    const struct quant_against *against = pass->against;
    char more[MORE_TEXT];
    verified->scale_difference = differences->scales;
    if (differences->count > 0) {
        verified->likeness = QUANT_DIFFERENT;
        if (against->is_unscaled)
            add_different(pass, differences, against->other.name, findings);
        else
            quant_findings_add_element(findings, QUANT_FAULT_AGAINST, pass->own.name, pass->shape,
                                       pass->order, differences->first,
                                       "is %.9g, but %.9g in '%.200s'%s", (double)differences->x,
                                       (double)differences->other_x, against->other.name,
                                       more_text(differences->count, more));
    } else if (differences->values_differ) {
        verified->likeness = QUANT_OTHER_SCALES;
        add_other_scales(pass, differences, findings);
    } else {
        verified->likeness = differences->integers_differ ? QUANT_SAME_VALUES : QUANT_SAME_BYTES;
    }
}

enum quant_status quant_likeness_find(const struct quant_verify_pass *pass,
                                      const struct quant_differences *differences,
                                      const struct quant_recorded_method *recorded,
                                      const struct quant_cancel *cancel,
                                      struct quant_findings *findings,
                                      struct quant_verified *verified, struct quant_error *error)
{
    if (pass->against->original)
        return find_original(pass, differences, recorded, cancel, findings, verified, error);
    find_other(pass, differences, findings, verified);
    return QUANT_OK;
}
