/* SPDX-License-Identifier: MIT */
/* The natural logarithm, the same bits everywhere: that of the C library differs from one to the
 * next. */
#ifndef QUANT_CORE_LOGARITHM_H
#define QUANT_CORE_LOGARITHM_H

/* x is a normal number above 0. The error is at most 2^-51 times the magnitude of the result or ln
 * 2, whichever is more. */
double quant_logarithm(double x);

#endif
