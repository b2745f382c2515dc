/* SPDX-License-Identifier: MIT */
/* The worked examples of docs/design.md, and a short way from elements to parameters. */
#ifndef QUANT_TESTS_CORE_EXAMPLES_H
#define QUANT_TESTS_CORE_EXAMPLES_H

#include <quant/quant.h>

#include "../support/unit.h"

static const float example_x[] = {5.47F, 3.08F, -7.59F, 0, -1.95F, -4.57F, 10.8F};
static const float example_y[] = {-0.59F, -0.21F, -0.07F, 0.13F, 0.28F, 0.57F, 256};

enum { EXAMPLE_LENGTH = 7 };

/* The parameters for n elements; an error fails the test. */
static inline struct quant_choice choose(const struct quant_spec *spec, const float *x, size_t n)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_observe(&observed, x, n);
    struct quant_choice choice = {0};
    struct quant_error error = {QUANT_OK, ""};
    if (quant_choose(spec, &observed, &choice, &error) != QUANT_OK)
        fail_msg("quant_choose: %s", error.text);
    return choice;
}

#endif
