/* SPDX-License-Identifier: MIT */
/* Every field in a fixed order and width. */
#include "engine/files/plan_digest.h"

#include <quant/profiles.h>

#include <string.h>
#include <xxhash.h>

#include "base/endian.h"
#include "engine/files/given_params.h"
#include "engine/files/layout_write.h"
#include "formats/format.h"
#include "methods/method.h"

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

static void add_target(struct plan_bytes *plan, const struct quant_target *target)
{
    add_integer(plan, target->scheme);
    add_text(plan, quant_dtype_info(target->dtype)->name);
    add_text(plan, quant_dtype_info(target->scale_dtype)->name);
    add_integer(plan, target->rounding);
    add_integer(plan, target->include_zero);
    add_integer(plan, (uint64_t)(uint32_t)target->qmin);
    add_integer(plan, (uint64_t)(uint32_t)target->qmax);
    if (!target->profile) /* its digest stays what it was before there were profiles */
        return;
    add_text(plan, target->profile->name);
    add_integer(plan, target->exact);
}

/* The method that found a given range decides over no byte of the data, but the sidecar names it.
 */
static void add_range(struct plan_bytes *plan, const struct quant_plan *mapping)
{
    const bool has_method = mapping->method || mapping->from == QUANT_RANGE_FOUND;
    add_integer(plan, mapping->from);
    add_text(plan, has_method ? quant_plan_method_name(mapping) : "");
    add_double(plan, mapping->argument);
    add_double(plan, mapping->range[0]);
    add_double(plan, mapping->range[1]);
    add_double(plan, (double)mapping->scale);
    add_integer(plan, (uint64_t)(uint32_t)mapping->zero_point);
}

/* What a job may have any number of is added to the digest of all that comes before it. Without it
 * the digest stays what it is. */
static uint64_t chain_text(uint64_t digest, const char *text)
{
    return XXH3_64bits_withSeed(text, strlen(text), digest);
}

static uint64_t chain_names(uint64_t digest, const char *what, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        digest = chain_text(chain_text(digest, what), names[i]);
    return digest;
}

static struct plan_bytes plan_of(const char *format, const struct quant_mapping *mapping)
{
    const struct quant_granularity *granularity = &mapping->plan.granularity;
    struct plan_bytes plan = {.n = 0};
    add_text(&plan, format);
    add_target(&plan, &mapping->plan.target);
    add_integer(&plan, mapping->plan.nonfinite);
    add_range(&plan, &mapping->plan);
    add_integer(&plan, granularity->has_axis ? 1 + (uint64_t)(uint32_t)granularity->axis : 0);
    add_integer(&plan, granularity->block_size);
    if (granularity->block_rows > 0) /* the digest of a plan without them stays what it was */
        add_integer(&plan, granularity->block_rows);
    add_integer(&plan, mapping->has_min_dims ? 1 + (uint64_t)mapping->min_dims : 0);
    return plan;
}

static uint64_t chain_given(uint64_t digest, const struct quant_mapping *mapping)
{
    unsigned char bytes[8];
    if (!mapping->given)
        return digest;
    quant_store_64_little(bytes, mapping->given->digest);
    return XXH3_64bits_withSeed(bytes, sizeof bytes, digest);
}

static uint64_t chain_rule(uint64_t digest, const char *pattern,
                           const struct quant_mapping *mapping)
{
    digest = chain_text(chain_text(digest, "for"), pattern);
    if (mapping->copies)
        return chain_text(digest, "copy");
    const struct plan_bytes plan = plan_of("", mapping);
    return chain_given(XXH3_64bits_withSeed(plan.bytes, plan.n, digest), mapping);
}

uint64_t quant_plan_digest(const struct quant_mappings *mappings, const struct quant_format *format)
{
    const struct quant_quantize_job *job = mappings->job;
    const struct plan_bytes plan = plan_of(format->name, &mappings->all[0]);
    uint64_t digest = chain_given(XXH3_64bits(plan.bytes, plan.n), &mappings->all[0]);
    digest = chain_names(digest, "include", job->selection.include, job->selection.ninclude);
    digest = chain_names(digest, "exclude", job->selection.exclude, job->selection.nexclude);
    for (size_t i = 0; i < job->nrules; i++)
        digest = chain_rule(digest, job->rules[i].pattern, &mappings->all[i + 1]);
    const struct quant_written_layout *layout = quant_mappings_layout(mappings, format);
    if (layout)
        digest = chain_text(chain_text(digest, "layout"), layout->name);
    for (size_t i = 0; mappings->tied && i < job->nties; i++)
        digest = chain_rule(chain_text(digest, "tie"), job->ties[i], &mappings->tied[i]);
    return digest;
}
