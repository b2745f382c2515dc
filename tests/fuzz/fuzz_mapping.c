/* SPDX-License-Identifier: MIT */
/*
 * Quantizing, restoring and reporting through the public interface against a plain computation that
 * is written here once more, from the formulas of <quant/quant.h>. The first bytes choose the type
 * and the parameters, the others are the elements.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { MOST = 64 };

/* ---- The definition, plainly ---- */

/* A float type by its bits: of the mantissa, and the exponent of its smallest normal number. */
struct small_type {
    int mantissa;
    int least;
};

static struct small_type small_type_of(enum quant_dtype dtype)
{
    return dtype == QUANT_FLOAT8_E4M3FN ? (struct small_type){3, -6}
           : dtype == QUANT_FLOAT8_E5M2 ? (struct small_type){2, -14}
           : dtype == QUANT_FLOAT16     ? (struct small_type){10, -14}
                                        : (struct small_type){7, -126};
}

/* The nearest multiple of the step that the type has there, ties to even, without a largest one. */
static double round_to(struct small_type type, double x)
{
    if (x == 0)
        return 0;
    const int exponent = ilogb(x) < type.least ? type.least : ilogb(x);
    return ldexp(nearbyint(ldexp(x, type.mantissa - exponent)), exponent - type.mantissa);
}

static unsigned encode(struct small_type type, double value)
{
    const double magnitude = fabs(value);
    const unsigned sign_at = (unsigned)(type.mantissa == 3 || type.mantissa == 2 ? 7 : 15);
    if (value == 0)
        return 0; /* always +0 */
    const int exponent = ilogb(magnitude) < type.least ? type.least : ilogb(magnitude);
    const unsigned whole = (unsigned)ldexp(magnitude, type.mantissa - exponent);
    const unsigned bits = whole + ((unsigned)(exponent - type.least) << type.mantissa);
    return bits | (value < 0 ? 1U << sign_at : 0);
}

/* An element that was mapped. */
struct mapped {
    int64_t q;    /* or the pattern of a float */
    double value; /* of a pattern */
    bool is_clipped;
    bool is_nan;
};

static struct mapped map_to_float(const struct quant_params *params, float x)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    const struct small_type type = small_type_of(params->dtype);
    struct mapped mapped = {.q = 0};
    if (isnan(x)) {
        mapped.q = params->dtype == QUANT_FLOAT16         ? 0x7e00
                   : params->dtype == QUANT_BFLOAT16      ? 0x7fc0
                   : params->dtype == QUANT_FLOAT8_E4M3FN ? 0x7f
                                                          : 0x7e;
        mapped.is_nan = true;
        return mapped;
    }
    const volatile float quotient = info->is_unscaled ? x : x / params->scale;
    const double rounded = isinf(quotient) ? (double)quotient : round_to(type, (double)quotient);
    mapped.is_clipped = fabs(rounded) > info->max;
    mapped.value = rounded == 0 ? 0 : fmin(fmax(rounded, info->min), info->max);
    mapped.q = encode(type, mapped.value);
    return mapped;
}

static struct mapped map_to_integer(const struct quant_params *params, float x)
{
    struct mapped mapped = {.q = 0};
    const volatile float quotient = x / params->scale;
    const double rounded =
        params->rounding == QUANT_HALF_AWAY ? round((double)quotient) : nearbyint((double)quotient);
    const double sum = isnan(x) ? params->zero_point : rounded + params->zero_point;
    mapped.is_clipped = sum < params->qmin || sum > params->qmax;
    mapped.q = (int64_t)fmin(fmax(sum, params->qmin), params->qmax);
    return mapped;
}

static float restore(const struct quant_params *params, const struct mapped *mapped)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    const volatile float plain =
        info->is_integer ? (float)(mapped->q - params->zero_point) : (float)mapped->value;
    const volatile float product = info->is_unscaled ? plain : plain * params->scale;
    return mapped->is_nan ? NAN : product;
}

/* ---- Elements ---- */

static int64_t element_at(enum quant_dtype dtype, const void *q, size_t i)
{
    const unsigned char byte = ((const unsigned char *)q)[i / 2];
    const unsigned nibble = i % 2 ? byte >> 4 : byte & 15;
    switch (dtype) {
    case QUANT_INT8:
        return ((const int8_t *)q)[i];
    case QUANT_INT4:
        return nibble < 8 ? (int64_t)nibble : (int64_t)nibble - 16;
    case QUANT_UINT4:
        return nibble;
    case QUANT_INT16:
        return ((const int16_t *)q)[i];
    case QUANT_INT32:
        return ((const int32_t *)q)[i];
    case QUANT_UINT16:
    case QUANT_FLOAT16:
    case QUANT_BFLOAT16:
        return ((const uint16_t *)q)[i];
    default:
        return ((const uint8_t *)q)[i];
    }
}

struct subject {
    struct quant_params params;
    const float *x;
    size_t n;
    struct mapped mapped[MOST];
    float restored[MOST];
    union {
        int32_t align;
        unsigned char bytes[4 * MOST];
    } q;
};

static bool is_same(float a, float b)
{
    return isnan(a) ? isnan(b) : memcmp(&a, &b, sizeof a) == 0;
}

static void check_elements(struct subject *subject)
{
    const struct quant_dtype_info *info = quant_dtype_info(subject->params.dtype);
    const size_t nbytes = (size_t)quant_dtype_bytes(subject->params.dtype, subject->n);
    unsigned char pieces[4 * MOST];
    const size_t cut = subject->n / 4 * 2;
    quant_quantize(&subject->params, subject->x, subject->n, subject->q.bytes);
    quant_dequantize(&subject->params, subject->q.bytes, subject->n, subject->restored);
    for (size_t i = 0; i < subject->n; i++) {
        subject->mapped[i] = info->is_integer ? map_to_integer(&subject->params, subject->x[i])
                                              : map_to_float(&subject->params, subject->x[i]);
        FUZZ_CHECK(element_at(subject->params.dtype, subject->q.bytes, i) == subject->mapped[i].q);
        FUZZ_CHECK(is_same(subject->restored[i], restore(&subject->params, &subject->mapped[i])));
    }
    /* In two calls. */
    quant_quantize(&subject->params, subject->x, cut, pieces);
    quant_quantize(&subject->params, subject->x + cut, subject->n - cut,
                   pieces + quant_dtype_bytes(subject->params.dtype, cut));
    FUZZ_CHECK(memcmp(pieces, subject->q.bytes, nbytes) == 0);
}

/* ---- The report ---- */

static bool is_near(double found, double expected, double magnitude)
{
    return (isnan(found) && isnan(expected)) || found == expected ||
           fabs(found - expected) <= 1e-12 * magnitude + DBL_MIN;
}

struct sums {
    uint64_t n, nonfinite, clipped, zeroed, sign_flipped, levels;
    double squared, absolute, error, squared_x, squared_restored, product, greatest;
    double absolute_product;
    size_t greatest_index;
};

static bool is_first(const struct subject *subject, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (!isnan(subject->restored[k]) && isfinite(subject->x[k]) &&
            subject->mapped[k].q == subject->mapped[i].q)
            return false;
    return true;
}

static void add_element(struct sums *sums, const struct subject *subject, size_t i)
{
    const double x = (double)subject->x[i];
    const double restored = (double)subject->restored[i];
    if (!isfinite(x) || isnan(restored)) {
        sums->nonfinite++;
        return;
    }
    const double e = x - restored;
    if (sums->n == 0 || fabs(e) > sums->greatest) {
        sums->greatest = fabs(e);
        sums->greatest_index = i;
    }
    sums->n++;
    sums->clipped += subject->mapped[i].is_clipped;
    sums->zeroed += x != 0 && restored == 0;
    sums->sign_flipped += (x < 0 && restored > 0) || (x > 0 && restored < 0);
    sums->squared += e * e;
    sums->absolute += fabs(e);
    sums->error += e;
    sums->squared_x += x * x;
    sums->squared_restored += restored * restored;
    sums->product += x * restored;
    sums->absolute_product += fabs(x * restored);
    sums->levels += is_first(subject, i);
}

static void check_report(const struct subject *subject)
{
    const struct quant_params *params = &subject->params;
    const size_t cut = subject->n / 4 * 2;
    const size_t at = (size_t)quant_dtype_bytes(params->dtype, cut);
    struct sums sums = {.n = 0};
    struct quant_report report;
    struct quant_report pieces;
    for (size_t i = 0; i < subject->n; i++)
        add_element(&sums, subject, i);
    struct quant_measure *measure = quant_measure_new(params);
    struct quant_measure *other = quant_measure_new(params);
    FUZZ_CHECK(measure && other);
    quant_measure_add(measure, subject->x, subject->q.bytes, subject->n);
    quant_measure_report(measure, QUANT_FLOAT32, 1, &report);
    quant_measure_add(other, subject->x, subject->q.bytes, cut);
    quant_measure_add(other, subject->x + cut, subject->q.bytes + at, subject->n - cut);
    quant_measure_report(other, QUANT_FLOAT32, 1, &pieces);
    for (size_t i = 0; quant_figure_at(i); i++) {
        const double one = quant_figure_at(i)->get(&report);
        const double two = quant_figure_at(i)->get(&pieces);
        FUZZ_CHECK(memcmp(&one, &two, sizeof one) == 0);
    }
    quant_measure_free(other);
    quant_measure_free(measure);

    FUZZ_CHECK(report.n == sums.n && report.nonfinite == sums.nonfinite);
    FUZZ_CHECK(report.clipped == sums.clipped && report.zeroed == sums.zeroed);
    FUZZ_CHECK(report.sign_flipped == sums.sign_flipped);
    if (params->dtype != QUANT_INT32 && sums.nonfinite == 0)
        FUZZ_CHECK(report.levels_used == sums.levels);
    FUZZ_CHECK(report.bytes_in == 4 * subject->n);
    FUZZ_CHECK(report.bytes_out ==
               quant_dtype_bytes(params->dtype, subject->n) + quant_scale_bytes(params, 1));
    if (sums.n == 0)
        return;
    const double n = (double)sums.n;
    FUZZ_CHECK(report.max_abs_error == sums.greatest);
    FUZZ_CHECK(report.max_abs_error_index == sums.greatest_index);
    FUZZ_CHECK(report.max_abs_error_x == (double)subject->x[sums.greatest_index]);
    if (!isfinite(sums.squared_restored)) /* a given scale restores infinities */
        return;
    FUZZ_CHECK(is_near(report.sum_squared_error, sums.squared, sums.squared));
    FUZZ_CHECK(is_near(report.mse, sums.squared / n, sums.squared));
    FUZZ_CHECK(is_near(report.rmse, sqrt(report.mse), sqrt(report.mse)));
    FUZZ_CHECK(is_near(report.sum_abs_error, sums.absolute, sums.absolute));
    FUZZ_CHECK(is_near(report.mae, sums.absolute / n, sums.absolute));
    FUZZ_CHECK(is_near(report.mean_error, sums.error / n, sums.absolute));
    FUZZ_CHECK(is_near(report.sum_squared_x, sums.squared_x, sums.squared_x));
    FUZZ_CHECK(is_near(report.sum_squared_restored, sums.squared_restored, sums.squared_restored));
    FUZZ_CHECK(is_near(report.sum_product, sums.product, sums.absolute_product));
    if (sums.squared > DBL_MIN * 1e20 && sums.squared_x > DBL_MIN * 1e20)
        FUZZ_CHECK(is_near(report.sqnr_db, 10 * log10(sums.squared_x / sums.squared), 1000));
    FUZZ_CHECK(isnan(report.cosine) || (report.cosine >= -1 && report.cosine <= 1));
}

/* ---- From a range ---- */

/* What is documented of the scale and the zero point that a range gives, degenerate ones aside. */
static void check_plain_choice(const struct quant_spec *spec, const struct quant_choice *choice,
                               double lo, double hi)
{
    const struct quant_params *params = &choice->params;
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    const double span = (double)params->qmax - params->qmin;
    double scale;
    double zero_point = 0;
    if (choice->notes != 0 || info->is_unscaled || lo == hi ||
        spec->scale_dtype > QUANT_DTYPE_NONE ||
        fmax(fabs(lo), fabs(hi)) > (double)FLT_MAX / 4) /* what is restored could overflow */
        return;
    if (spec->scheme == QUANT_ABSMAX) {
        const double a = fmax(fabs(lo), fabs(hi));
        const double half = floor(span / 2);
        const bool is_unsigned = info->is_integer && info->min == 0;
        const double most = !info->is_integer ? info->max : is_unsigned ? half : params->qmax;
        scale = a / most;
        zero_point = is_unsigned ? params->qmax - half : 0;
    } else {
        scale = (hi - lo) / span;
        zero_point = params->qmin - nearbyint(lo / scale);
    }
    FUZZ_CHECK(params->scale == (float)scale || scale < (double)FLT_MIN);
    if (scale >= (double)FLT_MIN)
        FUZZ_CHECK((double)params->zero_point == zero_point);
}

/* Parameters from the elements. false: the spec is refused. */
static bool choose(struct fuzz_bytes *bytes, struct subject *subject)
{
    struct quant_spec spec = {.nonfinite = QUANT_NONFINITE_SATURATE};
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    struct quant_choice choice;
    struct quant_error error;
    const uint8_t flags = fuzz_byte(bytes);
    spec.dtype = subject->params.dtype;
    spec.scheme = flags & 1 ? QUANT_ZERO_POINT : QUANT_ABSMAX;
    spec.include_zero = flags & 2;
    spec.rounding = flags & 4 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN;
    if (flags & 8)
        spec.scale_dtype = flags & 16 ? QUANT_FLOAT16 : QUANT_BFLOAT16;
    quant_observe(&observed, subject->x, subject->n);
    if (quant_choose(&spec, &observed, &choice, &error) != QUANT_OK)
        return false;
    subject->params = choice.params;
    FUZZ_CHECK(isfinite(choice.params.scale) && choice.params.scale >= FLT_MIN);
    FUZZ_CHECK(abs(choice.params.zero_point) <= 1 << 22);
    if (observed.count == observed.nonfinite || (observed.min == 0 && observed.max == 0)) {
        FUZZ_CHECK(choice.params.scale == 1);
        return true;
    }
    if (spec.include_zero)
        check_plain_choice(&spec, &choice, fmin((double)observed.min, 0),
                           fmax((double)observed.max, 0));
    else
        check_plain_choice(&spec, &choice, (double)observed.min, (double)observed.max);
    return true;
}

/* Parameters as a caller gives them. */
static void give(struct fuzz_bytes *bytes, struct subject *subject)
{
    const struct quant_dtype_info *info = quant_dtype_info(subject->params.dtype);
    struct quant_params *params = &subject->params;
    const uint8_t flags = fuzz_byte(bytes);
    params->scale = fabsf(fuzz_float(bytes));
    if (!isfinite(params->scale) || params->scale == 0 || info->is_unscaled)
        params->scale = 1;
    if (!info->is_integer)
        return;
    const int32_t word = (int32_t)fuzz_word(bytes);
    params->rounding = flags & 1 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN;
    params->zero_point = flags & 2 ? word : (int16_t)word;
    params->qmin = (int32_t)info->min + (flags >> 2 & 3);
    params->qmax = (int32_t)info->max - (flags >> 4 & 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum quant_dtype dtypes[] = {QUANT_INT8,          QUANT_UINT8,       QUANT_INT4,
                                              QUANT_UINT4,         QUANT_INT16,       QUANT_UINT16,
                                              QUANT_FLOAT8_E4M3FN, QUANT_FLOAT8_E5M2, QUANT_FLOAT16,
                                              QUANT_BFLOAT16,      QUANT_INT32};
    float x[MOST];
    struct fuzz_bytes bytes = {data, size};
    struct subject subject = {.x = x};
    const uint8_t kind = fuzz_byte(&bytes);
    subject.params.dtype = dtypes[fuzz_below(&bytes, sizeof dtypes / sizeof dtypes[0])];
    struct fuzz_bytes head = bytes;
    for (unsigned i = 0; i < 9; i++) /* of the parameters */
        (void)fuzz_byte(&bytes);
    while (bytes.left > 0 && subject.n < MOST)
        x[subject.n++] = fuzz_float(&bytes);
    if (kind & 1)
        give(&head, &subject);
    else if (!choose(&head, &subject))
        return 0;
    check_elements(&subject);
    check_report(&subject);
    return 0;
}
