/* SPDX-License-Identifier: MIT */
/* The table of the report's figures, with their names in JSON, text and thresholds. */
#include <math.h>
#include <quant/quant.h>
#include <string.h>

#define DEFINE_GET(field)                                                                          \
    static double get_##field(const struct quant_report *report)                                   \
    {                                                                                              \
        return (double)report->field;                                                              \
    }

DEFINE_GET(n)
DEFINE_GET(nonfinite)
DEFINE_GET(mse)
DEFINE_GET(rmse)
DEFINE_GET(mae)
DEFINE_GET(sum_squared_error)
DEFINE_GET(sum_abs_error)
DEFINE_GET(max_abs_error)
DEFINE_GET(max_abs_error_x)
DEFINE_GET(max_abs_error_restored)
DEFINE_GET(mean_error)
DEFINE_GET(sqnr_db)
DEFINE_GET(cosine)
DEFINE_GET(clipped)
DEFINE_GET(zeroed)
DEFINE_GET(sign_flipped)
DEFINE_GET(bytes_in)
DEFINE_GET(bytes_out)
DEFINE_GET(ratio)
DEFINE_GET(bits_per_element)

/* The 2^32 levels of int32 are not counted. */
static double get_levels_used(const struct quant_report *report)
{
    return report->levels > (UINT64_C(1) << 16) ? (double)NAN : (double)report->levels_used;
}

/* Without elements there is no largest error. */
static double get_max_abs_error_index(const struct quant_report *report)
{
    return report->n > 0 ? (double)report->max_abs_error_index : (double)NAN;
}

static const struct quant_figure table[] = {
    {"n", "finite elements, which are measured", true, true, get_n},
    {"nonfinite", "NaN and infinities, excluded from all other figures", true, true, get_nonfinite},
    {"mse", "mean squared error", false, true, get_mse},
    {"rmse", "root of the mean squared error", false, true, get_rmse},
    {"mae", "mean absolute error", false, true, get_mae},
    {"sum_squared_error", "sum of the squared errors", false, true, get_sum_squared_error},
    {"sum_abs_error", "sum of the absolute errors", false, true, get_sum_abs_error},
    {"max_abs_error", "largest absolute error", false, true, get_max_abs_error},
    {"max_abs_error_index", "index of the first element with that error", true, false,
     get_max_abs_error_index},
    {"max_abs_error_x", "original value of that element", false, false, get_max_abs_error_x},
    {"max_abs_error_restored", "restored value of that element", false, false,
     get_max_abs_error_restored},
    {"mean_error", "mean error (bias)", false, true, get_mean_error},
    {"sqnr_db", "signal to quantization noise ratio, in decibels", false, true, get_sqnr_db},
    {"cosine", "cosine of the angle between original and restored", false, true, get_cosine},
    {"clipped", "elements changed by the clamp", true, true, get_clipped},
    {"zeroed", "elements other than 0 restored as 0", true, true, get_zeroed},
    {"sign_flipped", "elements restored with the opposite sign", true, true, get_sign_flipped},
    {"levels_used", "distinct quantized values", true, false, get_levels_used},
    {"bytes_in", "bytes of the elements before quantization", true, true, get_bytes_in},
    {"bytes_out", "bytes after quantization, including scales", true, true, get_bytes_out},
    {"ratio", "bytes before : bytes after", false, true, get_ratio},
    {"bits_per_element", "bits stored per element", false, true, get_bits_per_element},
};

enum { TABLE_LENGTH = sizeof table / sizeof table[0] };

const struct quant_figure *quant_figure_at(size_t i)
{
    return i < TABLE_LENGTH ? &table[i] : NULL;
}

const struct quant_figure *quant_figure_from_key(const char *key)
{
    for (size_t i = 0; key && i < TABLE_LENGTH; i++)
        if (strcmp(table[i].key, key) == 0)
            return &table[i];
    return NULL;
}
