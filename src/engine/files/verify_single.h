/* SPDX-License-Identifier: MIT */
/* Verifying a file of one tensor. */
#ifndef QUANT_ENGINE_FILES_VERIFY_SINGLE_H
#define QUANT_ENGINE_FILES_VERIFY_SINGLE_H

#include "engine/files/dequantize_inputs.h"
#include "engine/files/verify_run.h"

/* input has its sidecar opened, which is not that of a container. What is found is added to the
 * findings of the file. Errors: QUANT_CANCELLED, QUANT_NO_MEMORY, in run->error, which is input's
 * too. */
enum quant_status quant_verify_single(struct quant_verify_run *run, struct dequantization *input);

#endif
