/* SPDX-License-Identifier: MIT */
/* What a report says about one file. */
#ifndef QUANT_CLI_REPORT_SUBJECT_H
#define QUANT_CLI_REPORT_SUBJECT_H

#include <quant/file.h>
#include <stdbool.h>

/* Nothing is owned. */
struct report_subject {
    const char *path;   /* the input as it was given; of a container "FILE: TENSOR" */
    const char *file;   /* of a container: FILE; else NULL */
    const char *tensor; /* and TENSOR, a stranger's text; else NULL */
    const struct quant_params *params;
    const struct quant_shape *shape;
    enum quant_order order;
    const struct quant_grouping *grouping;
    const char *source_path; /* of the original; "-": standard input */
    const char *source_format;
    enum quant_dtype source_dtype;
    const struct quant_report *figures;
    const struct quant_worst_groups *worst;
};

/* Whether there is a scale for each channel or block, and params has no scale. */
static inline bool report_is_grouped(const struct report_subject *subject)
{
    return subject->grouping->axis >= 0;
}

#endif
