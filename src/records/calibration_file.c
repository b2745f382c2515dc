/* SPDX-License-Identifier: MIT */
/* Calibration files in memory: freeing and comparing. */
#include "records/calibration_file.h"

#include <stdlib.h>
#include <string.h>

#include "records/calibration_file_words.h"

const char *const quant_calibration_stages[] = {[QUANT_STAGE_COMPLETE] = "complete",
                                                [QUANT_STAGE_NEXT] = "next",
                                                [QUANT_STAGE_PARTIAL] = "partial",
                                                NULL};

static void release(struct quant_findings *findings)
{
    free(findings->counted);
    free(findings->sums);
}

void quant_calibration_file_release(struct quant_calibration_file *file)
{
    for (size_t i = 0; i < file->npasses; i++)
        release(&file->passes[i]);
    free(file->passes);
    release(&file->part.findings);
    free(file->part.digests);
    free(file->digests);
    free(file->ranges);
    free(file->groups.ranges);
    free(file->groups.observed);
    memset(file, 0, sizeof *file);
}

bool quant_calibration_file_is_kin(const struct quant_calibration_file *a,
                                   const struct quant_calibration_file *b)
{
    const bool is_one_method = strcmp(a->method, b->method) == 0 &&
                               a->has_argument == b->has_argument && a->argument == b->argument &&
                               a->has_ema == b->has_ema && a->ema == b->ema;
    const bool is_one_target = a->scheme == b->scheme && a->dtype == b->dtype &&
                               a->has_qmin == b->has_qmin && a->qmin == b->qmin &&
                               a->has_qmax == b->has_qmax && a->qmax == b->qmax &&
                               a->include_zero == b->include_zero && a->rounding == b->rounding &&
                               a->scale_dtype == b->scale_dtype;
    return is_one_method && is_one_target;
}

/* memcmp does not take NULL. */
static bool is_same(const void *a, const void *b, size_t nbytes)
{
    return nbytes == 0 || memcmp(a, b, nbytes) == 0;
}

static bool are_same(const struct quant_findings *a, const struct quant_findings *b)
{
    return a->ncounted == b->ncounted && a->nsums == b->nsums &&
           is_same(a->counted, b->counted, a->ncounted * sizeof *a->counted) &&
           is_same(a->maxima, b->maxima, sizeof a->maxima) &&
           is_same(a->sums, b->sums, a->nsums * sizeof *a->sums);
}

bool quant_calibration_file_joins(const struct quant_calibration_file *a,
                                  const struct quant_calibration_file *b)
{
    if (a->has_part != b->has_part || a->npasses != b->npasses)
        return false;
    if (!a->has_part)
        return true;
    bool same = a->count == b->count && a->nonfinite == b->nonfinite && a->ninputs == b->ninputs &&
                a->observed[0] == b->observed[0] && a->observed[1] == b->observed[1];
    same = same && is_same(a->digests, b->digests, (size_t)a->ninputs * sizeof *a->digests);
    for (size_t i = 0; same && i < a->npasses; i++)
        same = are_same(&a->passes[i], &b->passes[i]);
    return same;
}

size_t quant_calibration_file_round(const struct quant_calibration_file *file)
{
    return file->stage == QUANT_STAGE_PARTIAL && !file->has_part ? 1 : file->npasses + 2;
}

int quant_calibration_file_version(const struct quant_calibration_file *file)
{
    return file->stage == QUANT_STAGE_COMPLETE && !file->has_groups ? 1 : 2;
}
