/* SPDX-License-Identifier: MIT */
/* What the command line of `quant quantize` can say. */
#ifndef QUANT_CLI_QUANTIZE_OPTIONS_H
#define QUANT_CLI_QUANTIZE_OPTIONS_H

#include "cli/command.h"
#include "cli/targets.h"
#include "cli/values.h"

struct quantize_options {
    int scheme;
    int dtype;
    struct given_range clip;
    struct given_calibration calibration;
    struct given_float scale;
    struct given_int32 zero_point;
    struct given_int32 qmin;
    struct given_int32 qmax;
    bool include_zero;
    int rounding;
    int nonfinite;
    const char *from;
    struct given_shape shape;
    int input_dtype;
    int byte_order; /* from 1, as enum quant_byte_order; 0 where not given */
    struct target_options target;
    int report;       /* enum report_kind */
    unsigned threads; /* 0: one a processor */
    int progress;     /* enum progress_mode */
    bool quiet;
};

/* The option table of the command. */
extern const struct option_row quantize_rows[];

#define QUANTIZE_OPTIONS_INIT                                                                      \
    {                                                                                              \
        .dtype = QUANT_INT8                                                                        \
    }

/* The spec that the options come to; it borrows from them. */
struct quant_spec quantize_options_spec(const struct quantize_options *options);

/* Usage errors: what options must not say together, or not about these inputs. EXIT_DONE, or
 * EXIT_USAGE and told. */
int quantize_options_check(const struct command *command, const struct quantize_options *options,
                           char *const *inputs, size_t n);

#endif
