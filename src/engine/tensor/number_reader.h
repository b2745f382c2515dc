/* SPDX-License-Identifier: MIT */
/* Integers as the numbers they are, in float32, without a scale. */
#ifndef QUANT_ENGINE_TENSOR_NUMBER_READER_H
#define QUANT_ENGINE_TENSOR_NUMBER_READER_H

#include "formats/format.h"

/* What an integer of the type is as a number, and the reverse: scale 1, zero point 0. */
struct quant_params quant_number_params(enum quant_dtype dtype);

/* *reader takes over integers, also after an error; it delivers an integer type. */
enum quant_status quant_number_reader_open(struct quant_reader *integers,
                                           struct quant_reader **reader, struct quant_error *error);

#endif
