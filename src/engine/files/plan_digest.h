/* SPDX-License-Identifier: MIT */
/* One number for all options that decide over the bytes of an output. */
#ifndef QUANT_ENGINE_FILES_PLAN_DIGEST_H
#define QUANT_ENGINE_FILES_PLAN_DIGEST_H

#include <quant/file.h>

#include "core/plan.h"

/* XXH3 (64 bits) of the format of the output, the plan of the mapping, and every other option of
 * the job that the bytes depend on. Equal plans have equal digests, also from one version of quant
 * to the next. */
uint64_t quant_plan_digest(const struct quant_plan *mapping, const struct quant_quantize_job *job,
                           const char *format);

#endif
