/* SPDX-License-Identifier: MIT */
/* Whether an input is itself the result of a quantization. */
#ifndef QUANT_ENGINE_TENSOR_ALREADY_QUANTIZED_H
#define QUANT_ENGINE_TENSOR_ALREADY_QUANTIZED_H

#include <quant/file.h>

#include "base/source.h"

/*
 * Looks at the sidecar beside the file at path, which source reads, if there is one: integers and
 * float8 are QUANT_UNSUPPORTED, since their scale would be lost, except float8 read as the type
 * asked for. For float16 and bfloat16, *recorded is the type. NONE: not a result of quant, as far
 * as can be seen; a stream never is.
 */
enum quant_status quant_quantized_check(const struct quant_source *source, const char *path,
                                        enum quant_dtype asked, const struct quant_cancel *cancel,
                                        enum quant_dtype *recorded, struct quant_error *error);

#endif
