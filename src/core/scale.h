/* SPDX-License-Identifier: MIT */
/* Rounds a scale to the type that it is stored in. Every scale that is computed goes through
 * quant_scale_round; a given one is used as it is. */
#ifndef QUANT_CORE_SCALE_H
#define QUANT_CORE_SCALE_H

#include <quant/quant.h>

enum quant_direction {
    QUANT_TO_NEAREST = 0, /* ties to even */
    QUANT_UPWARD,         /* the smallest number of the type that is not less */
    QUANT_DOWNWARD        /* the largest number of the type that is not greater */
};

/* The smallest and the largest scale that is computed: the type's smallest normal and its largest
 * finite number. dtype is QUANT_FLOAT32, QUANT_FLOAT16 or QUANT_BFLOAT16; QUANT_DTYPE_NONE is
 * float32. */
double quant_scale_smallest(enum quant_dtype dtype);
double quant_scale_largest(enum quant_dtype dtype);

/* Rounds scale, which is above 0 and may be infinite, once to a number of the type that is not
 * outside the two above. */
float quant_scale_round(enum quant_dtype dtype, double scale, enum quant_direction direction);

#endif
