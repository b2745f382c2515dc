/* SPDX-License-Identifier: MIT */
/* The order in which the sums of a report are added up, which every instruction set keeps: element
 * e of a block is added to lane e modulo the lanes, lanes are added in a fixed order at the end of
 * a block, and blocks in their order. */
#ifndef QUANT_BASE_SUM_ORDER_H
#define QUANT_BASE_SUM_ORDER_H

enum {
    QUANT_MEASURE_SUMS = 6,    /* sums of a report */
    QUANT_MEASURE_LANES = 16,  /* of each */
    QUANT_MEASURE_BLOCK = 4096 /* elements */
};

#endif
