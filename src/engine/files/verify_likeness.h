/* SPDX-License-Identifier: MIT */
/* From differences to what is reported of them. */
#ifndef QUANT_ENGINE_FILES_VERIFY_LIKENESS_H
#define QUANT_ENGINE_FILES_VERIFY_LIKENESS_H

#include "engine/files/verify_method.h"
#include "engine/files/verify_pass.h"

/* After the pass: with an original, looks into the method too, by `recorded`. Fills in what
 * *verified says of the comparison, and adds the faults. Errors: those of quantizing. */
enum quant_status quant_likeness_find(const struct quant_verify_pass *pass,
                                      const struct quant_differences *differences,
                                      const struct quant_recorded_method *recorded,
                                      const struct quant_cancel *cancel,
                                      struct quant_findings *findings,
                                      struct quant_verified *verified, struct quant_error *error);

#endif
