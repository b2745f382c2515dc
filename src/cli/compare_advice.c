/* SPDX-License-Identifier: MIT */
/* What a person would say who looks at the table. */
#include "cli/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/values.h"

/* Less of a difference is not worth an option. */
static const double WORTH = 1.1;

/* So much narrower is the range that tells most of the elements where few others set the whole. */
static const double NARROWER = 4;

const char *compare_figure_at(size_t i)
{
    static const char *const keys[] = {"mse",    "sqnr_db",      "cosine",     "clipped",
                                       "zeroed", "sign_flipped", "levels_used"};
    return i < sizeof keys / sizeof keys[0] ? keys[i] : NULL;
}

void compare_method(const char *calibration, char text[COMPARE_METHOD])
{
    double initial;
    snprintf(text, COMPARE_METHOD, "%s", calibration);
    for (size_t i = 0; quant_calibration_name(i); i++)
        if (strcmp(quant_calibration_name(i), calibration) == 0 &&
            quant_calibration_argument(i, &initial))
            snprintf(text, COMPARE_METHOD, "%s:%g", calibration, initial);
}

/* calibration NULL: the best of the scheme. NULL: there is none. */
static const struct quant_comparison *find_row(const struct quant_compare_result *result,
                                               enum quant_scheme scheme, const char *calibration)
{
    for (size_t i = 0; i < result->n; i++)
        if (result->rows[i].scheme == scheme &&
            (!calibration || strcmp(result->rows[i].calibration, calibration) == 0))
            return &result->rows[i];
    return NULL;
}

/* What the defaults make; where they are no row, the default method of the scheme that has rows. */
static const struct quant_comparison *find_plain(const struct quant_compare_result *result)
{
    const struct quant_comparison *defaults =
        find_row(result, QUANT_ABSMAX, quant_calibration_name(0));
    return defaults ? defaults
                    : find_row(result, result->rows[0].scheme, quant_calibration_name(0));
}

static bool is_worth(double mse, double less)
{
    return mse > WORTH * less;
}

/* All on one side of zero, where the symmetric scheme leaves half of its integers unused. */
static const char *side_of(const struct quant_compare_result *result)
{
    const struct quant_comparison *symmetric = find_row(result, QUANT_ABSMAX, NULL);
    const struct quant_comparison *affine = find_row(result, QUANT_ZERO_POINT, NULL);
    if (!symmetric || !affine || !is_worth(symmetric->report.mse, affine->report.mse))
        return NULL;
    return result->observed.least >= 0 ? ">=" : result->observed.greatest <= 0 ? "<=" : NULL;
}

/* The row that clips the few that set the range: the best one, where clipping pays; or entropy's,
 * where the squared error is all theirs. NULL: there are no such few. */
static const struct quant_comparison *find_clipping(const struct quant_compare_result *result)
{
    const struct quant_comparison *best = &result->rows[0];
    const struct quant_comparison *whole =
        find_row(result, best->scheme, quant_calibration_name(0));
    const struct quant_comparison *most = find_row(result, best->scheme, "entropy");
    if (best->report.clipped > 0 && is_worth(whole->report.mse, best->report.mse))
        return best;
    if (!most ||
        (most->report.clipped > 1 && (double)most->report.clipped > 0.01 * (double)most->report.n))
        return NULL; /* a float type has no such row; or these are no few */
    const double *wide = whole->choice.range;
    const double *narrow = most->choice.range;
    const double reach = fmax(fabs(wide[0]), fabs(wide[1]));
    return most->report.clipped > 0 && reach > NARROWER * fmax(fabs(narrow[0]), fabs(narrow[1]))
               ? most
               : NULL;
}

void compare_advise(const struct quant_compare_result *result, char text[COMPARE_ADVICE])
{
    const struct quant_comparison *best = &result->rows[0];
    const struct quant_comparison *plain = find_plain(result);
    const double first = plain->report.mse;
    const struct quant_comparison *clipping = find_clipping(result);
    size_t used = 0;
    text[0] = '\0';
    if (best->report.n == 0) {
        snprintf(text, COMPARE_ADVICE, "there is nothing to compare");
        return;
    }
    if (side_of(result))
        used += (size_t)snprintf(text, COMPARE_ADVICE,
                                 "all values %s 0: zero-point uses twice the levels; ",
                                 side_of(result));
    if (clipping)
        used += (size_t)snprintf(text + used, COMPARE_ADVICE - used,
                                 "%" PRIu64 " of %" PRIu64 " values %s the range: clip; ",
                                 clipping->report.clipped, clipping->report.n,
                                 clipping->report.clipped == 1 ? "sets" : "set");
    const char *whose = plain->scheme == QUANT_ABSMAX ? "the defaults" : "-s zero-point";
    if (!is_worth(first, best->report.mse)) {
        snprintf(text + used, COMPARE_ADVICE - used, "no mse is much below that of %s", whose);
        return;
    }
    char method[COMPARE_METHOD];
    compare_method(best->calibration, method);
    used += (size_t)snprintf(text + used, COMPARE_ADVICE - used, "-s %s -m %s ",
                             choice_scheme(best->scheme), method);
    if (best->report.mse > 0)
        snprintf(text + used, COMPARE_ADVICE - used, "divides the mse of %s by %.3g", whose,
                 first / best->report.mse);
    else
        snprintf(text + used, COMPARE_ADVICE - used, "loses nothing");
}
