/* SPDX-License-Identifier: MIT */
/* Activations: where they are in memory, how they are quantized, and their error. */
#include <float.h>
#include <math.h>

#include "../engine.h"
#include "engine/tensor/activations.h"

static struct quant_activations make(uint64_t nsamples, uint64_t nunits)
{
    struct quant_activations activations;
    struct quant_error error;
    check_ok(quant_activations_init(&activations, nsamples, nunits, &error), &error);
    return activations;
}

static struct quant_activations make_random(uint64_t nsamples, uint64_t nunits, uint64_t seed)
{
    struct quant_activations activations = make(nsamples, nunits);
    quant_activations_draw(&activations, seed);
    return activations;
}

/* More samples begin with those of fewer, and the rest of the last group stays 0. */
static void test_draw(void **state)
{
    (void)state;
    struct quant_activations few = make_random(3, 5, 9);
    struct quant_activations many = make_random(21, 5, 9);
    for (uint64_t s = 0; s < 8; s++)
        for (uint64_t u = 0; u < 5; u++)
            assert_true(*quant_activation_at(&few, s, u) ==
                        (s < 3 ? *quant_activation_at(&many, s, u) : 0));
    assert_true(*quant_activation_at(&many, 20, 4) != 0);
    assert_true(*quant_activation_at(&many, 21, 4) == 0);
    quant_activations_release(&few);
    quant_activations_release(&many);
}

static void test_too_large(void **state)
{
    (void)state;
    struct quant_activations activations;
    struct quant_error error;
    assert_int_equal(quant_activations_init(&activations, UINT64_MAX - 2, 5, &error),
                     QUANT_NO_MEMORY);
    assert_int_equal(quant_activations_init(&activations, UINT64_C(1) << 53, 1 << 20, &error),
                     QUANT_NO_MEMORY);
    quant_activations_release(&activations);
}

static void test_load(void **state)
{
    (void)state;
    enum { SAMPLES = 11, UNITS = 7 };
    const size_t n = (size_t)SAMPLES * UNITS;
    static const char *const paths[] = {"c.npy", "f.npy", "one.npy"};
    float *x = make_floats(n);
    float *turned = make_floats(n);
    for (size_t s = 0; s < SAMPLES; s++)
        for (size_t u = 0; u < UNITS; u++)
            turned[u * SAMPLES + s] = x[s * UNITS + u];
    write_npy(paths[0], x, n, false, "(11, 7)");
    write_npy(paths[1], turned, n, true, "(11, 7)");
    write_npy(paths[2], x, UNITS, true, "(7,)");
    for (size_t i = 0; i < LENGTH(paths); i++) {
        const struct quant_input input = {.path = paths[i]};
        const uint64_t nsamples = i < 2 ? SAMPLES : 1;
        struct quant_tensor tensor = {.source = NULL};
        struct quant_activations found = make(nsamples, UNITS);
        struct quant_error error;
        check_ok(quant_tensor_open(&tensor, &input, NULL, &never, &error), &error);
        check_ok(quant_activations_load(&found, &tensor, &error), &error);
        for (size_t s = 0; s < nsamples; s++)
            for (size_t u = 0; u < UNITS; u++)
                assert_true(*quant_activation_at(&found, s, u) == x[s * UNITS + u]);
        quant_tensor_close(&tensor);
        quant_activations_release(&found);
    }
    free(x);
    free(turned);
}

/* Each sample, or all together, as quant_calibrate does with the numbers alone. They are all above
 * 0, so that it shows whether 0 is in the range. */
static void test_quantize(void **state)
{
    (void)state;
    enum { SAMPLES = 10, UNITS = 33 };
    static const struct quant_spec specs[] = {
        {.dtype = QUANT_INT8},
        {.dtype = QUANT_UINT8, .scheme = QUANT_ZERO_POINT, .include_zero = true}};
    for (size_t way = 0; way < LENGTH(specs); way++) {
        struct quant_activations found = make_random(SAMPLES, UNITS, 3);
        float x[SAMPLES * UNITS];
        uint8_t q[SAMPLES * UNITS];
        struct quant_error error;
        for (size_t s = 0; s < SAMPLES; s++)
            for (size_t u = 0; u < UNITS; u++)
                x[s * UNITS + u] = *quant_activation_at(&found, s, u) += (float)(s + 20);
        const size_t together = way == 0 ? UNITS : LENGTH(x);
        for (size_t i = 0; i < LENGTH(x); i += together) {
            struct quant_choice choice;
            check_ok(quant_calibrate(&specs[way], x + i, together, &choice, &error), &error);
            quant_quantize(&choice.params, x + i, together, q);
            quant_dequantize(&choice.params, q, together, x + i);
        }
        check_ok(quant_activations_quantize(
                     &found, way == 0 ? QUANT_ACTIVATIONS_PER_TOKEN : QUANT_ACTIVATIONS_PER_TENSOR,
                     &error),
                 &error);
        for (size_t s = 0; s < 16; s++)
            for (size_t u = 0; u < UNITS; u++)
                assert_true(*quant_activation_at(&found, s, u) ==
                            (s < SAMPLES ? x[s * UNITS + u] : 0));
        quant_activations_release(&found);
    }
}

static void test_compare(void **state)
{
    (void)state;
    enum { SAMPLES = 100, UNITS = 57 };
    struct quant_activations x = make_random(SAMPLES, UNITS, 1);
    struct quant_activations other = make_random(SAMPLES, UNITS, 2);
    struct quant_drift_layer layer = {.has_relu = true};
    double squared_error = 0;
    double squares = 0;
    uint64_t counts[3] = {0};
    double max = -1;
    uint64_t max_index = 0;
    quant_activations_rectify(&x);
    for (uint64_t s = 0; s < SAMPLES; s++)
        for (uint64_t u = 0; u < UNITS; u++) {
            float *y = quant_activation_at(&other, s, u);
            const float original = *quant_activation_at(&x, s, u);
            *y = original + 0.1F * *y > 0 ? original + 0.1F * *y : 0;
            const double e = (double)original - (double)*y;
            squared_error += e * e;
            squares += (double)original * (double)original;
            counts[0] += original > 0;
            counts[1] += original > 0 && *y == 0;
            counts[2] += original == 0 && *y > 0;
            if (fabs(e) > max) {
                max = fabs(e);
                max_index = s * UNITS + u;
            }
        }
    assert_true(quant_activations_compare(&x, &other, &layer));
    const struct quant_report *report = &layer.outputs;
    assert_int_equal(report->n, SAMPLES * UNITS);
    assert_true(fabs(report->sum_squared_error - squared_error) <= 1e-12 * squared_error);
    assert_true(fabs(report->sqnr_db - 10 * log10(squares / squared_error)) < 1e-9);
    assert_true(report->max_abs_error == max);
    assert_int_equal(report->max_abs_error_index, max_index);
    assert_true(counts[1] > 0 && counts[2] > 0);
    assert_int_equal(layer.active, counts[0]);
    assert_int_equal(layer.switched_off, counts[1]);
    assert_int_equal(layer.switched_on, counts[2]);
    assert_true(quant_activations_compare(&x, &x, &layer));
    assert_true(layer.outputs.sum_squared_error == 0 && layer.outputs.cosine == 1);
    layer.has_relu = false;
    *quant_activation_at(&other, SAMPLES - 1, UNITS - 1) = INFINITY;
    assert_false(quant_activations_compare(&x, &other, &layer));
    assert_int_equal(layer.active + layer.switched_off + layer.switched_on, 0);
    quant_activations_release(&x);
    quant_activations_release(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draw),     cmocka_unit_test(test_too_large), IN_FOLDER(test_load),
        cmocka_unit_test(test_quantize), cmocka_unit_test(test_compare),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
