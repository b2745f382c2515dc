/* SPDX-License-Identifier: MIT */
/* Whether the scales and zero points of a container's tensor are stored as docs/format.md says. */
#ifndef QUANT_ENGINE_FILES_VERIFY_PAIRS_H
#define QUANT_ENGINE_FILES_VERIFY_PAIRS_H

#include "engine/files/restored_tensors.h"
#include "engine/files/verify_findings.h"

/* Their names, types and shapes. restored has been found in file. */
void quant_verify_pairs(struct quant_findings *findings, const struct quant_tensor_file *file,
                        const struct quant_restored_tensor *restored);

#endif
