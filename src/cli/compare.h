/* SPDX-License-Identifier: MIT */
/* A comparison of schemes and calibration methods, on standard output. */
#ifndef QUANT_CLI_COMPARE_H
#define QUANT_CLI_COMPARE_H

#include <quant/file.h>

enum { COMPARE_ADVICE = 384, COMPARE_METHOD = 48 };

/* The figures that are compared: keys of quant_figure_from_key, NULL past the last. */
const char *compare_figure_at(size_t i);

/* "percentile:99.9": the method with its own argument, as -m takes it. */
void compare_method(const char *calibration, char text[COMPARE_METHOD]);

/* One line of what to make of it, without capital or full stop. */
void compare_advise(const struct quant_compare_result *result, char text[COMPARE_ADVICE]);

/* A table, best first, and the advice. */
void compare_print_text(const char *path, const struct quant_compare_result *result);

/* One object on one line. False: no memory. */
bool compare_print_json(const char *path, const struct quant_compare_result *result);

#endif
