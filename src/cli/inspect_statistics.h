/* SPDX-License-Identifier: MIT */
/* The statistics that `quant inspect --stats` prints. */
#ifndef QUANT_CLI_INSPECT_STATISTICS_H
#define QUANT_CLI_INSPECT_STATISTICS_H

#include <quant/inspect.h>

enum { INSPECT_ADVICE = 256 };

/* Some ten lines and the histogram, each line indented. */
void inspect_print_statistics(const struct quant_inspected *tensor, int indent, bool is_ascii);

/* The histogram in eighth blocks, or in ASCII; the height is the logarithm of the count. Below it
 * are marks at the ends of what is mapped, if there are such. */
void inspect_print_histogram(const struct quant_statistics *statistics, int indent, bool is_ascii);

/* What the numbers say, in one line without capital and full stop; "" if that is nothing. */
void inspect_advise(char text[static INSPECT_ADVICE], const struct quant_inspected *tensor);

/* The i-th edge of the bins, from 0 to nbins. */
double inspect_edge(const struct quant_histogram *histogram, size_t i);

/* What the smallest (end 0) or the largest (end 1) number of the target is restored as: elements
 * beyond it are clipped. A type without a scale has no such ends. */
bool inspect_has_clip(const struct quant_params *params);
double inspect_clip(const struct quant_params *params, int end);

#endif
