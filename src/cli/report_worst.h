/* SPDX-License-Identifier: MIT */
/* The end of the text report: the tensors that lost most, by sqnr_db, with their worst channels or
 * blocks. */
#ifndef QUANT_CLI_REPORT_WORST_H
#define QUANT_CLI_REPORT_WORST_H

#include <stdio.h>

#include "cli/report_rows.h"
#include "cli/report_style.h"

/* Copies the subject if it may be among the worst: memory does not grow with the number of tensors.
 * Returns false if there is no memory. */
bool report_worst_keep(struct report_rows *worst, const struct report_subject *subject);

/* What the table says besides the rows. */
struct report_worst_table {
    bool has_tensors;         /* tensors of containers, else files */
    bool is_one_file;         /* all of one container: its name is not repeated */
    double sum_squared_error; /* of all tensors: the shares are parts of it */
};

/* Prints a table of the worst; nothing if there is no row. Returns false if there is no memory. */
bool report_worst_print(FILE *out, struct report_rows *worst,
                        const struct report_worst_table *table,
                        const struct report_palette *palette);

#endif
