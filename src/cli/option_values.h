/* SPDX-License-Identifier: MIT */
/* Readers for the values of options, and the words of enumerations. */
#ifndef QUANT_CLI_OPTION_VALUES_H
#define QUANT_CLI_OPTION_VALUES_H

#include <quant/file.h>

#include "cli/option_row.h"

struct given_range {
    bool given;
    double low;
    double high;
};

struct given_float {
    bool given;
    float value;
};

struct given_double {
    bool given;
    double value;
};

struct given_int32 {
    bool given;
    int32_t value;
};

struct given_blocks {
    uint64_t size; /* columns, if rows is not 0; 0: not given */
    uint64_t rows; /* 0: along one axis */
};

struct given_calibration {
    const char *name; /* NULL: not given */
    bool has_argument;
    double argument;
};

struct given_shape {
    bool given;
    struct quant_shape shape;
};

option_parse_fn value_flag;          /* bool: set to true */
option_parse_fn value_text;          /* const char *: the argument itself, not empty */
option_parse_fn value_choice;        /* int: the number of the choice, from 0 */
option_parse_fn value_choice_from_1; /* int: the number of the choice, from 1; without argument 1 */
option_parse_fn value_word;          /* const char *: the choice itself, which outlives argv */
option_parse_fn value_range;         /* struct given_range: LO,HI within float32 */
option_parse_fn value_scale;         /* struct given_float: finite, > 0 */
option_parse_fn value_share;         /* struct given_double: > 0, <= 1 */
option_parse_fn value_int32;         /* struct given_int32 */
option_parse_fn value_threads;       /* unsigned: at least 1; 0 as text is all processors */
option_parse_fn value_size;          /* uint64_t: from 1 to 2^53 */
option_parse_fn value_blocks;        /* struct given_blocks: N, or R,C, each from 1 to 2^53 */
option_parse_fn value_dims;          /* struct given_int32: from 0 to QUANT_MAX_DIMS */
option_parse_fn value_shape;         /* struct given_shape */
option_parse_fn value_target;        /* int: an enum quant_dtype that can be quantized to */
option_parse_fn value_source;        /* int: an enum quant_dtype of floats */
option_parse_fn value_scale_dtype;   /* int: an enum quant_dtype that scales can be stored as */

/* struct given_calibration: METHOD or METHOD:ARG; the name outlives argv */
option_parse_fn value_calibration;

/* The words of enumerations, in the order of their constants. */
const char *choice_scheme(size_t i);
const char *choice_rounding(size_t i);
const char *choice_nonfinite(size_t i);
const char *choice_byte_order(size_t i); /* from QUANT_LITTLE */
const char *choice_progress(size_t i);   /* of enum progress_mode */

/* The names of types, in the order of the type table. */
const char *choice_target(size_t i);        /* those that can be quantized to */
const char *choice_found_target(size_t i);  /* those that do not need a given scale */
const char *choice_scaled_target(size_t i); /* the same, without unscaled types */
const char *choice_source(size_t i);        /* floats */
const char *choice_format(size_t i);        /* all formats */
const char *choice_engine(size_t i);        /* of <quant/profiles.h> */
const char *choice_any_method(size_t i);    /* all calibration methods, auto too */
const char *choice_scale(size_t i);         /* those that scales can be stored as */

/* Writes "expected one of a, b", with a suggestion if text is near to one of them. */
void value_expect_choice(const struct option_row *row, const char *text, char *words, size_t room);

#endif
