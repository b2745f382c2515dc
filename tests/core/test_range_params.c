/* SPDX-License-Identifier: MIT */
/* From a range to a scale and a zero point: the rules at quant_choose, case by case. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/examples.h"
#include "../support/floats.h"
#include "../support/unit.h"

/* ---- The worked examples --------------------------------------------------------------------- */

struct example {
    const float *x;
    struct quant_spec spec;
    const char *scale; /* nine digits, as the sidecar has it */
    int32_t zero_point;
    int32_t q[EXAMPLE_LENGTH];
};

static const struct example examples[] = {
    {example_x, {.scheme = QUANT_ABSMAX}, "0.0850393698", 0, {64, 36, -89, 0, -23, -54, 127}},
    {example_x,
     {.scheme = QUANT_ZERO_POINT},
     "0.072117649",
     -23,
     {53, 20, -128, -23, -50, -86, 127}},
    {example_x,
     {.scheme = QUANT_ABSMAX, .dtype = QUANT_UINT8},
     "0.0850393698",
     128,
     {192, 164, 39, 128, 105, 74, 255}},
    {example_x,
     {.scheme = QUANT_ZERO_POINT, .dtype = QUANT_UINT8},
     "0.072117649",
     105,
     {181, 148, 0, 105, 78, 42, 255}},
    {example_y, {.scheme = QUANT_ABSMAX}, "2.01574802", 0, {0, 0, 0, 0, 0, 0, 127}},
    {example_y,
     {.scheme = QUANT_ABSMAX, .has_clip = true, .clip = {-5, 5}},
     "0.0393700786",
     0,
     {-15, -5, -2, 3, 7, 14, 127}},
};

static void test_worked_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(examples); i++) {
        const struct example *example = &examples[i];
        const struct quant_choice choice = choose(&example->spec, example->x, EXAMPLE_LENGTH);
        char scale[32];
        snprintf(scale, sizeof scale, "%.9g", (double)choice.params.scale);
        assert_string_equal(scale, example->scale);
        assert_int_equal(choice.params.zero_point, example->zero_point);
        assert_int_equal(choice.notes, 0);
        unsigned char q[EXAMPLE_LENGTH];
        quant_quantize(&choice.params, example->x, EXAMPLE_LENGTH, q);
        for (size_t k = 0; k < EXAMPLE_LENGTH; k++)
            assert_int_equal(choice.params.dtype == QUANT_UINT8 ? q[k] : (int8_t)q[k],
                             example->q[k]);
    }
}

/* 350.5, 1.5, -350.5 with --scale 3. */
static void test_worked_scale(void **state)
{
    (void)state;
    const float x[] = {350.5F, 1.5F, -350.5F};
    const struct quant_spec spec = {.has_scale = true, .scale = 3};
    const struct quant_choice choice = choose(&spec, x, 3);
    int8_t q[3];
    quant_quantize(&choice.params, x, 3, q);
    assert_int_equal(q[0], 117);
    assert_int_equal(q[1], 0);
    assert_int_equal(q[2], -117);
}

/* ---- Every rule, by hand --------------------------------------------------------------------- */

#define AFFINE .scheme = QUANT_ZERO_POINT
#define UNSIGNED .dtype = QUANT_UINT8
#define SIGNED .like = "nncf", .exact = true, .dtype = QUANT_INT4, .calibration = "minmax"
#define CLIP(lo, hi) .has_clip = true, .clip = {lo, hi}
#define TARGET(min, most) .has_qmin = true, .qmin = (min), .has_qmax = true, .qmax = (most)

enum {
    OUTSIDE = QUANT_NOTE_ZERO_POINT_OUTSIDE,
    FAR = QUANT_NOTE_SCALE_RAISED_FAR | QUANT_NOTE_ZERO_POINT_OUTSIDE,
    RAISED = QUANT_NOTE_SCALE_RAISED,
    INFINITE = QUANT_NOTE_RESTORES_INFINITE
};

struct rule {
    struct quant_spec spec;
    float x[3];
    size_t n;
    double scale; /* before it is rounded to float32 */
    int32_t zero_point;
    double range[2];
    unsigned notes;
};

static const struct rule rules[] = {
    /* absmax divides by qmax, and a is the larger of the two ends */
    {{0}, {-4, 1, 2}, 3, 4 / 127., 0, {-4, 2}, 0},
    {{0}, {1, 2, 5}, 3, 5 / 127., 0, {1, 5}, 0},
    {{0}, {-5, -3}, 2, 5 / 127., 0, {-5, -3}, 0},
    {{.has_qmax = true, .qmax = 100}, {-4, 2}, 2, 4 / 100., 0, {-4, 2}, 0},
    {{UNSIGNED}, {-4, 2}, 2, 4 / 127., 128, {-4, 2}, 0},
    {{UNSIGNED, TARGET(0, 100)}, {-4, 2}, 2, 4 / 50., 50, {-4, 2}, 0},
    {{UNSIGNED, TARGET(0, 101)}, {-4, 2}, 2, 4 / 50., 51, {-4, 2}, 0},
    {{UNSIGNED, TARGET(0, 255)}, {-4, 2}, 2, 4 / 127., 128, {-4, 2}, 0},
    /* exact for an engine with signed scales: the longer tail gets the longer side, -8 * s */
    {{SIGNED}, {-4, 1, 2}, 3, 4 / 8., 0, {-4, 2}, 0},
    {{SIGNED}, {1, 2, 5}, 3, -5 / 8., 0, {1, 5}, 0},
    {{SIGNED}, {-7.5F, 7}, 2, 1, 0, {-7.5, 7}, 0},
    {{SIGNED}, {-7, 7.5F}, 2, -1, 0, {-7, 7.5}, 0},
    {{SIGNED}, {-7, 7}, 2, 1, 0, {-7, 7}, 0},
    {{SIGNED}, {3, 3}, 2, -3 / 8., 0, {0, 3}, 0},
    {{SIGNED}, {-1, FLT_MAX}, 2, -(double)FLT_MAX / 8, 0, {-1, (double)FLT_MAX}, 0},
    /* zero-point maps the range as it is, and z may lie outside */
    {{AFFINE}, {0, 255}, 2, 1, -128, {0, 255}, 0},
    {{AFFINE, UNSIGNED}, {-1, 254}, 2, 1, 1, {-1, 254}, 0},
    {{AFFINE}, {5, 10}, 2, 5 / 255., -383, {5, 10}, OUTSIDE},
    {{AFFINE}, {-10, -5}, 2, 5 / 255., 382, {-10, -5}, OUTSIDE},
    {{AFFINE, UNSIGNED}, {5, 10}, 2, 5 / 255., -255, {5, 10}, OUTSIDE},
    {{AFFINE}, {1, 256}, 2, 1, -129, {1, 256}, OUTSIDE},
    {{AFFINE}, {-255, 0}, 2, 1, 127, {-255, 0}, 0},
    {{AFFINE}, {-256, -1}, 2, 1, 128, {-256, -1}, OUTSIDE},
    /* rne(lo / s): a tie goes to even */
    {{AFFINE}, {-0.5F, 254.5F}, 2, 1, -128, {-0.5, 254.5}, 0},
    {{AFFINE}, {-1.5F, 253.5F}, 2, 1, -126, {-1.5, 253.5}, 0},
    /* a narrowed target */
    {{AFFINE, UNSIGNED, TARGET(0, 100)}, {70, 320}, 2, 2.5, -28, {70, 320}, OUTSIDE},
    {{AFFINE, TARGET(10, 100)}, {-1, 89}, 2, 1, 11, {-1, 89}, 0},
    {{AFFINE, TARGET(100, 101)}, {0, 1}, 2, 1, 100, {0, 1}, 0},
    /* zero inside, for engines that need it */
    {{AFFINE, .include_zero = true}, {5, 10}, 2, 10 / 255., -128, {0, 10}, 0},
    {{AFFINE, .include_zero = true}, {-10, -5}, 2, 10 / 255., 127, {-10, 0}, 0},
    {{AFFINE, .include_zero = true}, {-4, 2}, 2, 6 / 255., 42, {-4, 2}, 0},
    {{.include_zero = true}, {5, 10}, 2, 10 / 127., 0, {0, 10}, 0},
    {{AFFINE, .include_zero = true, CLIP(5, 10)}, {0}, 0, 10 / 255., -128, {0, 10}, 0},
    /* a clipping range replaces the observed one, wherever that is */
    {{AFFINE, CLIP(0, 510)}, {-1000, 1000}, 2, 2, -128, {0, 510}, 0},
    {{CLIP(-3, 254)}, {1, 2}, 2, 2, 0, {-3, 254}, 0},
    {{CLIP(-254, 3)}, {0}, 0, 2, 0, {-254, 3}, 0},
    {{AFFINE, CLIP(0.1, 0.2)}, {0}, 0, (0.2 - 0.1) / 255, -383, {0.1, 0.2}, OUTSIDE},
    /* all zeros, of either sign */
    {{0}, {0, -0.0F}, 2, 1, 0, {0, 0}, 0},
    {{UNSIGNED}, {0, 0}, 2, 1, 128, {0, 0}, 0},
    {{AFFINE, TARGET(10, 20)}, {0, 0}, 2, 1, 10, {0, 0}, 0},
    {{AFFINE, TARGET(-20, -10)}, {0, 0}, 2, 1, -10, {0, 0}, 0},
    {{TARGET(10, 20)}, {0, 0}, 2, 1, 10, {0, 0}, 0},
    {{UNSIGNED, TARGET(100, 200)}, {0, 0}, 2, 1, 150, {0, 0}, 0},
    {{AFFINE}, {-0.0F}, 1, 1, 0, {0, 0}, 0},
    {{AFFINE, UNSIGNED}, {0}, 1, 1, 0, {0, 0}, 0},
    /* a constant: zero is included, without a note */
    {{0}, {5, 5}, 2, 5 / 127., 0, {0, 5}, 0},
    {{0}, {-5}, 1, 5 / 127., 0, {-5, 0}, 0},
    {{AFFINE}, {5, 5, 5}, 3, 5 / 255., -128, {0, 5}, 0},
    {{AFFINE}, {-5, -5}, 2, 5 / 255., 127, {-5, 0}, 0},
    {{AFFINE, UNSIGNED}, {-5, -5}, 2, 5 / 255., 255, {-5, 0}, 0},
    /* narrow and far from zero: s is raised until |z| <= 2^22, which is allowed; found with NumPy
     * by bisection of all float32 */
    {{AFFINE}, {4194176, 4194431}, 2, 1, -4194304, {4194176, 4194431}, OUTSIDE},
    {{AFFINE},
     {4194177, 4194432},
     2,
     0x1.000004p0,
     -4194304,
     {4194177, 0x1.000200000ff00p+22},
     FAR},
    {{AFFINE}, {-4194432, -4194177}, 2, 1, 4194304, {-4194432, -4194177}, OUTSIDE},
    {{AFFINE},
     {-4194433, -4194178},
     2,
     0x1.000002p0,
     4194304,
     {-4194433, -0x1.fffc0ffff0100p+21},
     FAR},
    {{AFFINE}, {1e9F, 1000001024}, 2, 0x1.dcda06p7, -4194304, {1e9, 0x1.dcddbbf4afe80p29}, FAR},
    {{AFFINE, CLIP(1e9, 1e9 + 1e-3)},
     {0},
     0,
     0x1.dcda06p7,
     -4194304,
     {1e9, 0x1.dcddbbf4afe80p29},
     FAR},
    {{AFFINE, .dtype = QUANT_INT16},
     {1000, 1001},
     2,
     0x1.f7efdcp-13,
     -4194304,
     {1000, 0x1.fbdfb79040900p9},
     FAR},
    {{AFFINE, .dtype = QUANT_UINT16},
     {-1001, -1000},
     2,
     0x1.f47ffep-13,
     4194304,
     {-1001, -0x1.ecae07d9fff80p9},
     FAR},
    /* raised to FLT_MIN first, which is not enough */
    {{AFFINE, CLIP(0x1p-100, 0x1.000002p-100)},
     {0},
     0,
     0x1.0002p-122,
     -4194304,
     {0x1p-100, 0x1.0003fc07f8000p-100},
     FAR},
    {{0}, {1e9F, 1000001024}, 2, 1000001024 / 127., 0, {1e9, 1000001024}, 0}, /* absmax: never */
    /* the scale is raised to FLT_MIN, and z is that of the raised one */
    {{0}, {0x1p-149F}, 1, FLT_MIN, 0, {0, 0x1p-149}, RAISED},
    {{AFFINE}, {-0x1p-149F}, 1, FLT_MIN, -128, {-0x1p-149, 0}, RAISED},
    {{AFFINE}, {0x1p-126F, 0x1p-125F}, 2, FLT_MIN, -129, {0x1p-126, 0x1p-125}, RAISED | OUTSIDE},
    {{AFFINE, CLIP(1e-300, 2e-300)}, {0}, 0, FLT_MIN, -128, {1e-300, 2e-300}, RAISED},
    {{TARGET(-1, 1)}, {FLT_MIN}, 1, FLT_MIN, 0, {0, FLT_MIN}, 0}, /* it need not be raised */
    /* near FLT_MAX s is lowered until nothing is restored as an infinity; z and the range stay */
    {{0}, {-FLT_MAX, 0.5F}, 2, 0x1.020406p121, 0, {-FLT_MAX, 0.5}, 0},
    {{0}, {-FLT_MAX, FLT_MAX}, 2, 0x1.020406p121, 0, {-FLT_MAX, FLT_MAX}, 0},
    {{.dtype = QUANT_FLOAT8_E4M3FN}, {FLT_MAX}, 1, 0x1.249248p119, 0, {0, FLT_MAX}, 0},
    {{.dtype = QUANT_FLOAT8_E5M2}, {-FLT_MAX}, 1, 0x1.249248p112, 0, {-FLT_MAX, 0}, 0},
    {{AFFINE}, {-FLT_MAX, FLT_MAX}, 2, 0x1.fffffep120, 0, {-FLT_MAX, FLT_MAX}, 0},
    {{AFFINE, TARGET(0, 1)}, {-FLT_MAX, FLT_MAX}, 2, FLT_MAX, 0, {-FLT_MAX, FLT_MAX}, 0},
    {{AFFINE, CLIP(0x1.fffffcp127, 0x1.fffffep127), .dtype = QUANT_UINT16},
     {0},
     0,
     0x1.f81f88p105,
     -4194304,
     {0x1.fffffcp127, 0x1.fffffep127},
     FAR},
};

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(rules); i++) {
        const struct rule *rule = &rules[i];
        const struct quant_choice choice = choose(&rule->spec, rule->x, rule->n);
        if (!same_bits(choice.params.scale, (float)rule->scale) ||
            choice.params.zero_point != rule->zero_point || choice.notes != rule->notes ||
            !choice.has_range || choice.range[0] != rule->range[0] ||
            choice.range[1] != rule->range[1])
            fail_msg("rule %zu: found s %.9g, z %d, %.9g to %.9g, notes %u; expected s %.9g, z %d, "
                     "%.9g to %.9g, notes %u",
                     i, (double)choice.params.scale, choice.params.zero_point, choice.range[0],
                     choice.range[1], choice.notes, rule->scale, rule->zero_point, rule->range[0],
                     rule->range[1], rule->notes);
    }
}

/* No element, or none that is finite: s = 1, and z is the middle if no range decides it. */
static void test_nothing_to_go_by(void **state)
{
    (void)state;
    const float x[] = {(float)NAN, (float)INFINITY, -(float)INFINITY};
    for (int i = 0; i < 8; i++) {
        const struct quant_spec spec = {
            .scheme = i & 1 ? QUANT_ZERO_POINT : QUANT_ABSMAX,
            .dtype = i & 2 ? QUANT_UINT8 : QUANT_INT8,
            .nonfinite = QUANT_NONFINITE_SATURATE,
        };
        const struct quant_choice choice = choose(&spec, x, i & 4 ? 3 : 0);
        assert_false(choice.has_range);
        assert_true(choice.params.scale == 1);
        assert_int_equal(choice.params.zero_point, (i & 3) == 2 ? 128 : 0);
        assert_int_equal(choice.notes, 0);
    }
}

/* The defaults: everything that mapping an element needs is filled in. */
static void test_target(void **state)
{
    (void)state;
    static const int32_t targets[][2] = {{-127, 127}, {-128, 127}, {1, 255}, {0, 255}};
    for (int i = 0; i < 4; i++) {
        struct quant_spec spec = {.scheme = i & 1 ? QUANT_ZERO_POINT : QUANT_ABSMAX,
                                  .dtype = i & 2 ? QUANT_UINT8 : QUANT_DTYPE_NONE,
                                  .rounding = i & 1 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN};
        struct quant_choice choice = choose(&spec, example_x, EXAMPLE_LENGTH);
        assert_int_equal(choice.params.scheme, spec.scheme);
        assert_int_equal(choice.params.dtype, i & 2 ? QUANT_UINT8 : QUANT_INT8);
        assert_int_equal(choice.params.rounding, spec.rounding);
        assert_int_equal(choice.params.qmin, targets[i][0]);
        assert_int_equal(choice.params.qmax, targets[i][1]);
        spec.has_qmin = spec.has_qmax = true;
        spec.qmin = 5;
        spec.qmax = 6;
        choice = choose(&spec, example_x, EXAMPLE_LENGTH);
        assert_int_equal(choice.params.qmin, 5);
        assert_int_equal(choice.params.qmax, 6);
    }
}

/* ---- Restored as infinities ---- */

/* Restores every number of the type: only the scale decides whether one of them is an infinity. */
static bool any_infinite(const struct quant_params *params)
{
    static _Alignas(int32_t) unsigned char q[2 << 16];
    static float x[1 << 16];
    static float unscaled[1 << 16];
    const unsigned bits = quant_dtype_info(params->dtype)->bits;
    static const int32_t wide[] = {INT32_MIN, 0, INT32_MAX};
    const size_t n = bits == 32 ? LENGTH(wide) : (size_t)1 << bits;
    if (bits == 32)
        memcpy(q, wide, sizeof wide);
    for (size_t i = 0; i < n && bits < 32; i++) {
        const uint16_t pattern = (uint16_t)i;
        if (bits == 16)
            memcpy(q + 2 * i, &pattern, 2);
        else if (bits == 8)
            q[i] = (unsigned char)i;
        else
            q[i / 2] = (unsigned char)(i % 2 == 0 ? i : q[i / 2] | i << 4);
    }
    struct quant_params plain = *params;
    plain.scale = 1;
    quant_dequantize(params, q, n, x);
    quant_dequantize(&plain, q, n, unscaled);
    for (size_t i = 0; i < n; i++)
        if (isinf(x[i]) && !isinf(unscaled[i]))
            return true;
    return false;
}

/* On both sides of the scale where it begins. */
static void test_restored_infinite(void **state)
{
    (void)state;
    static const int32_t zero_points[] = {0, 1, -300, 70000, INT32_MIN};
    size_t found[2] = {0, 0};
    for (int dtype = QUANT_INT8; dtype < QUANT_DTYPE_COUNT; dtype++) {
        const struct quant_dtype_info *info = quant_dtype_info((enum quant_dtype)dtype);
        if (!info->quantizes || info->is_unscaled)
            continue;
        /* The ends of int32 are the farthest from any zero point: no other is tried. */
        for (size_t i = 0; i < (info->is_integer ? LENGTH(zero_points) : 1); i++) {
            const double min = fabs(info->min - zero_points[i]);
            const double most = fmax(min, fabs(info->max - zero_points[i]));
            float scale = (float)((double)FLT_MAX / most) * (1 - 0x1p-22F);
            for (int step = 0; step < 8; step++, scale = nextafterf(scale, FLT_MAX)) {
                const struct quant_spec spec = {.scheme = info->is_integer ? QUANT_ZERO_POINT
                                                                           : QUANT_ABSMAX,
                                                .dtype = (enum quant_dtype)dtype,
                                                .has_scale = true,
                                                .scale = scale,
                                                .has_zero_point = info->is_integer,
                                                .zero_point = zero_points[i]};
                const struct quant_choice choice = choose(&spec, NULL, 0);
                const bool is_infinite = any_infinite(&choice.params);
                assert_int_equal(choice.notes, is_infinite ? INFINITE : 0);
                found[is_infinite]++;
            }
        }
    }
    assert_true(found[0] > 30 && found[1] > 30);
}

/* ---- Given, and not finite ------------------------------------------------------------------- */

/* A given scale is used as it is, even a subnormal one, whatever the elements are. */
static void test_given(void **state)
{
    (void)state;
    static const float scales[] = {3, 0x1p-149F, FLT_MAX};
    for (size_t i = 0; i < LENGTH(scales) * 8; i++) {
        struct quant_spec spec = {.scheme = i & 1 ? QUANT_ZERO_POINT : QUANT_ABSMAX,
                                  .dtype = i & 2 ? QUANT_UINT8 : QUANT_INT8,
                                  .has_scale = true,
                                  .scale = scales[i / 8],
                                  .include_zero = i & 4};
        assert_false(quant_spec_needs_range(&spec));
        struct quant_choice choice = choose(&spec, example_x, EXAMPLE_LENGTH);
        assert_true(same_bits(choice.params.scale, spec.scale));
        assert_int_equal(choice.params.zero_point, (i & 3) == 2 ? 128 : 0);
        assert_false(choice.has_range);
        assert_int_equal(choice.notes, spec.scale == FLT_MAX ? INFINITE : 0);
        spec.has_zero_point = true;
        spec.zero_point = INT32_MIN;
        assert_int_equal(quant_choose(&spec, NULL, &choice, NULL), QUANT_OK);
        assert_true(same_bits(choice.params.scale, spec.scale));
        assert_int_equal(choice.params.zero_point, INT32_MIN);
    }
}

/* Without elements a clipping range is enough. */
static void test_clip_needs_no_elements(void **state)
{
    (void)state;
    const struct quant_spec spec = {CLIP(-5, 5)};
    struct quant_choice choice;
    assert_false(quant_spec_needs_range(&spec));
    assert_int_equal(quant_choose(&spec, NULL, &choice, NULL), QUANT_OK);
    assert_true(same_bits(choice.params.scale, (float)(5 / 127.)));
    assert_true(choice.has_range);
    assert_true(quant_spec_needs_range(&(struct quant_spec){.include_zero = true}));
}

static void test_nonfinite_is_refused(void **state)
{
    (void)state;
    const float x[] = {1, (float)NAN, 3, -(float)INFINITY, 2};
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_observe(&observed, x, LENGTH(x));
    const struct quant_spec specs[] = {{0}, {CLIP(-5, 5)}, {.has_scale = true, .scale = 1}};
    for (size_t i = 0; i < LENGTH(specs); i++) {
        struct quant_choice choice;
        struct quant_error error;
        assert_int_equal(quant_choose(&specs[i], &observed, &choice, &error), QUANT_NONFINITE);
        assert_int_equal(error.status, QUANT_NONFINITE);
        assert_string_equal(error.text, "2 of 5 elements are not finite, the first is element 1");
        assert_int_equal(quant_choose(&specs[i], &observed, &choice, NULL), QUANT_NONFINITE);
    }
}

static void test_nonfinite_saturates(void **state)
{
    (void)state;
    const float x[] = {-2, (float)NAN, 253, -(float)INFINITY, (float)INFINITY};
    const struct quant_spec spec = {AFFINE, .nonfinite = QUANT_NONFINITE_SATURATE};
    const struct quant_choice choice = choose(&spec, x, LENGTH(x));
    assert_true(choice.params.scale == 1);
    assert_int_equal(choice.params.zero_point, -126);
    int8_t q[LENGTH(x)];
    quant_quantize(&choice.params, x, LENGTH(x), q);
    const int8_t expected[] = {-128, -126, 127, -128, 127};
    assert_memory_equal(q, expected, sizeof q);
}

/* ---- Any range ------------------------------------------------------------------------------- */

/* Computed in double and rounded once at the end, with z from the unrounded scale: for ranges of
 * all sizes. */
static void test_random_ranges(void **state)
{
    (void)state;
    struct random random = random_begin();
    for (size_t i = 0; i < 200000; i++) {
        const double size = ldexp(1, (int)random_below(&random, 200) - 100);
        const float a = (float)((random_unit(&random) - 0.5) * size);
        const float b = (float)((random_unit(&random) - 0.5) * size);
        const double lo = (double)fminf(a, b);
        const double hi = (double)fmaxf(a, b);
        const double steps = i & 1 ? 255 : 93;
        const double affine = (hi - lo) / steps;
        const int32_t qmin = i & 1 ? -128 : -3;
        const double z = qmin - nearbyint(lo / affine);
        struct quant_spec spec = {AFFINE, TARGET(qmin, qmin + (int32_t)steps)};
        const struct quant_choice choice = choose(&spec, (const float[]){a, b}, 2);
        if (fabs(z) < 4194304 &&
            (!same_bits(choice.params.scale, (float)affine) || choice.params.zero_point != z))
            fail_msg("%a to %a: found s %a, z %d, expected s %a, z %.0f", lo, hi,
                     (double)choice.params.scale, choice.params.zero_point, affine, z);
        spec = (struct quant_spec){0};
        const float scale = choose(&spec, (const float[]){a, b}, 2).params.scale;
        if (!same_bits(scale, (float)(fmax(-lo, hi) / 127)))
            fail_msg("absmax %a to %a: found s %a", lo, hi, (double)scale);
    }
}

/* ---- Scales of 16 bits ---- */

#define HALF .scale_dtype = QUANT_FLOAT16
#define BFLOAT .scale_dtype = QUANT_BFLOAT16

enum { LOWERED = QUANT_NOTE_SCALE_LOWERED };

/* The scale is rounded once, to its type, and a zero point is computed from the result. */
static const struct rule stored_rules[] = {
    /* 4 / 127 = 0.031496 lies between 0x1.02p-5 and 0x1.024p-5 */
    {{HALF}, {-4, 1, 2}, 3, 0x1.02p-5, 0, {-4, 2}, 0},
    {{BFLOAT}, {-4, 1, 2}, 3, 0x1.02p-5, 0, {-4, 2}, 0},
    {{HALF, UNSIGNED}, {-5, 2}, 2, 0x1.428p-5, 128, {-5, 2}, 0},
    {{BFLOAT, .dtype = QUANT_FLOAT8_E4M3FN}, {-100, 2}, 2, 0x1.CAp-3, 0, {-100, 2}, 0},
    /* z = -128 - rne(-7 / s): 92.25 by the unrounded scale 17 / 255, 92.06 by the stored one */
    {{AFFINE, HALF}, {-7, 10}, 2, 0x1.11p-4, -23, {-7, 10}, 0},
    {{AFFINE, BFLOAT}, {-7, 10}, 2, 0x1.12p-4, -23, {-7, 10}, 0},
    /* -383 by the unrounded 5 / 255 = 0.019608; 5 / 0x1.42p-6 = 254.41, 5 / 0x1.414p-6 = 254.996 */
    {{AFFINE, BFLOAT}, {5, 10}, 2, 0x1.42p-6, -382, {5, 10}, OUTSIDE},
    {{AFFINE, HALF}, {5, 10}, 2, 0x1.414p-6, -383, {5, 10}, OUTSIDE},
    {{AFFINE, HALF, CLIP(-1, 1)}, {0}, 0, 0x1.01p-7, 0, {-1, 1}, 0},
    /* within the smallest normal and the largest finite number */
    {{HALF}, {1e-4F}, 1, 0x1p-14, 0, {0, 1e-4F}, RAISED},
    {{AFFINE, HALF}, {-1e-3F, 0}, 2, 0x1p-14, -112, {-1e-3F, 0}, RAISED},
    {{BFLOAT}, {0x1p-130F}, 1, FLT_MIN, 0, {0, 0x1p-130F}, RAISED},
    {{HALF}, {-1e7F, 1}, 2, 65504, 0, {-1e7, 1}, LOWERED},
    {{AFFINE, HALF}, {0, 1e9F}, 2, 65504, -128, {0, 1e9}, LOWERED},
    {{AFFINE, HALF}, {-1e9F, 0}, 2, 65504, 15138, {-1e9, 0}, LOWERED | OUTSIDE},
    /* nothing to round */
    {{HALF}, {0}, 1, 1, 0, {0, 0}, 0},
    {{HALF, .has_scale = true, .scale = 0.5F}, {3}, 1, 0.5, 0, {0, 0}, 0},
};

static void test_stored_scales(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(stored_rules); i++) {
        const struct rule *rule = &stored_rules[i];
        const struct quant_choice choice = choose(&rule->spec, rule->x, rule->n);
        if ((double)choice.params.scale != rule->scale ||
            choice.params.zero_point != rule->zero_point || choice.notes != rule->notes ||
            choice.params.scale_dtype != rule->spec.scale_dtype ||
            choice.range[0] != rule->range[0] || choice.range[1] != rule->range[1])
            fail_msg("rule %zu: found s %a, z %d, %.9g to %.9g, notes %u; expected s %a, z %d, "
                     "notes %u",
                     i, (double)choice.params.scale, choice.params.zero_point, choice.range[0],
                     choice.range[1], choice.notes, rule->scale, rule->zero_point, rule->notes);
    }
    const struct quant_spec spec = {.scheme = QUANT_ABSMAX};
    assert_int_equal(choose(&spec, example_x, EXAMPLE_LENGTH).params.scale_dtype, QUANT_FLOAT32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worked_examples),
        cmocka_unit_test(test_worked_scale),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_nothing_to_go_by),
        cmocka_unit_test(test_target),
        cmocka_unit_test(test_restored_infinite),
        cmocka_unit_test(test_given),
        cmocka_unit_test(test_clip_needs_no_elements),
        cmocka_unit_test(test_nonfinite_is_refused),
        cmocka_unit_test(test_nonfinite_saturates),
        cmocka_unit_test(test_random_ranges),
        cmocka_unit_test(test_stored_scales),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
