/* SPDX-License-Identifier: MIT */
/* The options of `quant dequant`, what they ask for, and which of them exclude each other. */
#ifndef QUANT_CLI_DEQUANT_OPTIONS_H
#define QUANT_CLI_DEQUANT_OPTIONS_H

#include "cli/batch.h"
#include "cli/command.h"
#include "cli/input_list.h"
#include "cli/input_options.h"
#include "cli/report_options.h"
#include "cli/selection_options.h"
#include "cli/targets.h"
#include "cli/way_options.h"

struct dequant_options {
    struct target_options target; /* its sidecar is an input */
    int dtype;                    /* enum quant_dtype of the restored floats; 0: not given */
    struct report_options report;
    const char *against;
    struct files_from_options files_from;
    struct selection_options selection;
    struct input_options original; /* its shape is the sidecar's */
    struct batch_options batch;
    struct way_options ways;
};

/* Whether the error is measured. In a dry run it is not: the kind of the report is that of the
 * listing. */
bool dequant_options_measure(const struct dequant_options *options);

/* Whether arrays are written. */
bool dequant_options_write(const struct dequant_options *options);

/* The type of the restored floats. */
enum quant_dtype dequant_options_dtype(const struct dequant_options *options);

/* Checks the options and the n inputs. Returns EXIT_DONE, or EXIT_USAGE after a message. */
int dequant_options_check(const struct command *self, const struct dequant_options *options,
                          char *const *inputs, size_t n);

#endif
