/* SPDX-License-Identifier: MIT */
/* Every field in a fixed order and width. */
#include "engine/files/plan_digest.h"

#include <string.h>
#include <xxhash.h>

/* Enough for all fields and the longest names. */
struct plan_bytes {
    unsigned char bytes[512];
    size_t n;
};

static void add_integer(struct plan_bytes *plan, uint64_t value)
{
    for (unsigned i = 0; i < 8 && plan->n < sizeof plan->bytes; i++)
        plan->bytes[plan->n++] = (unsigned char)(value >> 8 * i);
}

/* With its NUL, so that no two sequences of texts are alike. */
static void add_text(struct plan_bytes *plan, const char *text)
{
    for (size_t i = 0; i <= strlen(text) && plan->n < sizeof plan->bytes; i++)
        plan->bytes[plan->n++] = (unsigned char)text[i];
}

static void add_double(struct plan_bytes *plan, double value)
{
    uint64_t bits;
    value += 0.0; /* -0 is 0 */
    memcpy(&bits, &value, sizeof bits);
    add_integer(plan, bits);
}

static void add_target(struct plan_bytes *plan, const struct quant_spec *spec)
{
    const enum quant_dtype dtype = spec->dtype == QUANT_DTYPE_NONE ? QUANT_INT8 : spec->dtype;
    const enum quant_dtype scales =
        spec->scale_dtype == QUANT_DTYPE_NONE ? QUANT_FLOAT32 : spec->scale_dtype;
    add_integer(plan, spec->scheme);
    add_text(plan, quant_dtype_info(dtype)->name);
    add_text(plan, quant_dtype_info(scales)->name);
    add_integer(plan, spec->rounding);
    add_integer(plan, spec->nonfinite);
    add_integer(plan, spec->include_zero);
    add_integer(plan, spec->has_qmin ? 1 + (uint64_t)(uint32_t)spec->qmin : 0);
    add_integer(plan, spec->has_qmax ? 1 + (uint64_t)(uint32_t)spec->qmax : 0);
}

static void add_range(struct plan_bytes *plan, const struct quant_spec *spec)
{
    add_integer(plan, spec->has_clip);
    add_double(plan, spec->has_clip ? spec->clip[0] : 0);
    add_double(plan, spec->has_clip ? spec->clip[1] : 0);
    add_double(plan, spec->has_scale ? (double)spec->scale : 0);
    add_integer(plan, spec->has_zero_point ? 1 + (uint64_t)(uint32_t)spec->zero_point : 0);
    add_text(plan, spec->calibration ? spec->calibration : "minmax");
    add_integer(plan, spec->has_calibration_argument);
    add_double(plan, spec->has_calibration_argument ? spec->calibration_argument : 0);
}

uint64_t quant_plan_digest(const struct quant_quantize_job *job, const char *format)
{
    const struct quant_granularity *granularity = &job->granularity;
    struct plan_bytes plan = {.n = 0};
    add_text(&plan, format);
    add_target(&plan, &job->spec);
    add_range(&plan, &job->spec);
    add_integer(&plan, granularity->has_axis ? 1 + (uint64_t)(uint32_t)granularity->axis : 0);
    add_integer(&plan, granularity->block_size);
    add_integer(&plan, job->has_min_dims ? 1 + (uint64_t)job->min_dims : 0);
    return XXH3_64bits(plan.bytes, plan.n);
}
