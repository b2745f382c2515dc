/* SPDX-License-Identifier: MIT */
/* One number for all options that decide over the bytes of an output. */
#ifndef QUANT_ENGINE_FILES_PLAN_DIGEST_H
#define QUANT_ENGINE_FILES_PLAN_DIGEST_H

#include "engine/files/mappings.h"

/* XXH3 (64 bits) of the format of the output, the mappings, and every other option of their job
 * that the bytes depend on. Equal plans have equal digests, also from one version of quant
 * to the next. */
uint64_t quant_plan_digest(const struct quant_mappings *mappings,
                           const struct quant_format *format);

#endif
