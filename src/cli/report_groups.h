/* SPDX-License-Identifier: MIT */
/* The part of the text report about a tensor with one scale per channel or block. */
#ifndef QUANT_CLI_REPORT_GROUPS_H
#define QUANT_CLI_REPORT_GROUPS_H

#include "cli/report_style.h"

/* "4096 scales along axis 0", or "8 scales, blocks of 32 along axis 1"; for a subject that
 * report_is_grouped. */
/* ", blocks of 32 along axis 1", ", blocks of 128 x 128", or " along axis 0". */
void report_groups_print_kind(FILE *out, const struct quant_grouping *grouping);

void report_groups_print_scales(FILE *out, const struct report_subject *subject);

/* Prints a table of the groups with the largest error; nothing if there is only one group or no
 * error. */
void report_groups_print_worst(FILE *out, const struct report_subject *subject,
                               const struct report_palette *palette);

#endif
