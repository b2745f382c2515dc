/* SPDX-License-Identifier: MIT */
/* The option table of `quant drift`. */
#ifndef QUANT_CLI_DRIFT_ROWS_H
#define QUANT_CLI_DRIFT_ROWS_H

#include "cli/quantize_options.h"
#include "cli/word_list.h"

enum drift_kind { DRIFT_TEXT = 1, DRIFT_JSON };

struct given_seed {
    bool given;
    uint64_t value;
};

struct drift_options {
    struct quantize_options mapping; /* only the fields that have rows. It comes first: a section is
                                      * such a structure alone, and the rows are for both */
    struct word_list tensors;
    bool is_transposed;
    int activations;   /* from 1: enum quant_drift_activations; 0: not given */
    const char *input; /* the samples; NULL: random ones */
    uint64_t nsamples; /* 0: not given */
    struct given_seed seed;
    int report; /* enum drift_kind; 0: as text */
};

extern const struct option_row drift_rows[];

/* As quantize_rows_check. */
int drift_rows_check(const struct command *command, struct drift_options *options,
                     char *const *inputs, size_t n);

#endif
