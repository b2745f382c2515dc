/* SPDX-License-Identifier: MIT */
/* Jobs of drift: rules for some layers, stopping, and what is refused. */
#include <math.h>

#include "../drift.h"

/* Each layer by the last rule that matches it; one that is copied loses nothing. */
static void test_rules(void **state)
{
    (void)state;
    static const struct quant_rule rules[] = {
        {.pattern = "w[01].npy", .spec = {.dtype = QUANT_INT4}, .granularity = {.block_size = 16}},
        {.pattern = "w0*", .copies = true}};
    static const struct quant_rule unused[] = {{.pattern = "w3*", .copies = true}};
    static const struct quant_rule wrong[] = {
        {.pattern = "*", .spec = {.dtype = QUANT_BFLOAT16, .scheme = QUANT_ZERO_POINT}}};
    struct network network = make_network();
    struct seen seen;
    struct seen second;
    write_network(&network, AS_ROWS);
    struct quant_drift_job job = make_job(&seen);
    job.rules = rules;
    job.nrules = LENGTH(rules);
    drift_ok(&job);
    assert_true(seen.layers[0].is_copied && !seen.layers[1].is_copied);
    assert_true(seen.layers[0].outputs.sum_squared_error == 0 && seen.layers[0].active > 0);
    assert_int_equal(seen.layers[0].weights.n, units[0] * units[1]);
    assert_int_equal(seen.layers[1].choice.params.dtype, QUANT_INT4);
    assert_int_equal(seen.layers[1].grouping.block_size, 16);
    assert_true(seen.layers[1].outputs.sum_squared_error > 0);
    assert_int_equal(seen.layers[2].choice.params.dtype, QUANT_INT8);
    assert_int_equal(seen.layers[2].grouping.axis, -1);
    write_network(&network, AS_COLUMNS);
    job = make_job(&second);
    job.rules = rules + 1;
    job.nrules = 1;
    job.is_transposed = true;
    drift_ok(&job);
    assert_true(second.layers[0].is_copied);
    assert_int_equal(second.layers[0].active, seen.layers[0].active);
    assert_true(second.layers[0].outputs.sum_squared_x == seen.layers[0].outputs.sum_squared_x);
    job.rules = unused;
    drift_fails(&job, QUANT_INVALID, "no layer matches 'w3*'");
    job.rules = wrong;
    drift_fails(&job, QUANT_INVALID, "for '*': bfloat16 is a float type");
    free_network(&network);
}

static void test_stop(void **state)
{
    (void)state;
    struct network network = make_network();
    struct seen seen;
    write_network(&network, AS_ROWS);
    struct quant_drift_job job = make_job(&seen);
    seen.most = 2;
    drift_fails(&job, QUANT_CANCELLED, "cancelled");
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.nfiles, 1);
    free_network(&network);
}

static void test_shapes(void **state)
{
    (void)state;
    static const struct quant_input turned[] = {
        {.path = "w0.npy"}, {.path = "w2.npy"}, {.path = "v.npy"}};
    struct network network = make_network();
    struct seen seen;
    write_network(&network, AS_ROWS);
    write_npy("v.npy", network.samples, 9, false, "(9,)");
    struct quant_drift_job job = make_job(&seen);
    job.layers = turned;
    job.nlayers = 2;
    drift_fails(&job, QUANT_INVALID,
                "'w0.npy' of shape (67, 70) has 67 outputs, but 'w2.npy' of shape (9, 45) takes 45 "
                "inputs");
    job.layers = turned + 1;
    drift_fails(&job, QUANT_INVALID,
                "cannot use 'v.npy' as a layer: its shape is (9,), not that of "
                "a matrix");
    job.nlayers = 1;
    drift_fails(&job, QUANT_INVALID,
                "'x.npy' of shape (19, 70) has samples of 70 numbers, but 'w2.npy' of shape (9, "
                "45) takes 45 inputs");
    job.layers = inputs;
    job.nlayers = LAYERS;
    job.is_transposed = true;
    drift_fails(&job, QUANT_INVALID,
                "'x.npy' of shape (19, 70) has samples of 70 numbers, but 'w0.npy' of shape (67, "
                "70) takes 67 inputs; the shapes fit without --transpose");
    job.input.path = NULL;
    drift_fails(&job, QUANT_INVALID,
                "'w0.npy' of shape (67, 70) has 70 outputs, but 'w1.npy' of shape (45, 67) takes "
                "45 inputs; the shapes fit without --transpose");
    assert_int_equal(seen.n, 0);
    free_network(&network);
}

static void test_not_finite(void **state)
{
    (void)state;
    struct network network = make_network();
    struct seen seen;
    network.samples[71] = NAN;
    network.weights[1][68] = INFINITY;
    write_network(&network, AS_ROWS);
    struct quant_drift_job job = make_job(&seen);
    drift_fails(&job, QUANT_NONFINITE,
                "cannot read 'x.npy': a sample is not finite: nan at index [1, 1]");
    job.input.path = NULL;
    drift_fails(&job, QUANT_NONFINITE,
                "cannot quantize 'w1.npy': 1 of 3015 elements not finite, the first is inf at "
                "element 68, index [1, 1]");
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.failed, QUANT_NONFINITE);
    assert_int_equal(seen.nfiles, 2);
    network.weights[1][68] = 3e38F;
    network.weights[1][69] = 3e38F;
    network.weights[1][70] = 3e38F;
    write_network(&network, AS_ROWS);
    seen.n = seen.nfiles = 0;
    drift_fails(&job, QUANT_OUT_OF_RANGE, "an output of 'w1.npy' is not finite in float32");
    free_network(&network);
}

static void test_jobs(void **state)
{
    (void)state;
    static const struct quant_input streams[] = {{.path = "-"}, {.path = "-"}};
    struct seen seen;
    struct quant_drift_job job = make_job(&seen);
    job.nlayers = 0;
    drift_fails(&job, QUANT_INVALID, "at least one layer is needed");
    job = make_job(&seen);
    job.spec.nonfinite = QUANT_NONFINITE_SATURATE;
    drift_fails(&job, QUANT_INVALID,
                "weights that are not finite have no outputs: they are an error");
    job = make_job(&seen);
    job.layers = streams;
    job.nlayers = 2;
    drift_fails(&job, QUANT_INVALID,
                "standard input can be read only once, as one layer or the samples");
    job = make_job(&seen);
    job.activations = (enum quant_drift_activations)9;
    drift_fails(&job, QUANT_INVALID, "unknown kind of activations 9");
    job = make_job(&seen);
    job.spec.scheme = QUANT_ZERO_POINT;
    job.spec.dtype = QUANT_BFLOAT16;
    drift_fails(&job, QUANT_INVALID,
                "bfloat16 is a float type and does not take the scheme zero-point");
    job.size = 1;
    drift_fails(&job, QUANT_INVALID, "the size in struct quant_drift_job is 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_rules),      IN_FOLDER(test_stop), IN_FOLDER(test_shapes),
        IN_FOLDER(test_not_finite), IN_FOLDER(test_jobs),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
