/* SPDX-License-Identifier: MIT */
/* Drift, against a plain computation in double that quantizes through files. */
#include <math.h>

#include "../drift.h"

/* ---- The plain computation ---- */

/* What quantizing and restoring "w<i>.npy", which is in rows, makes of it. */
static float *restored_weights(const struct quant_drift_job *job, size_t i)
{
    char path[32];
    snprintf(path, sizeof path, "w%zu.npy", i);
    struct quant_quantize_job quantize = quantize_job(path, "q.npy");
    quantize.spec = job->spec;
    quantize.granularity = job->granularity;
    quantize.output.force = true;
    quantize_ok(&quantize);
    struct quant_dequantize_job restore = dequantize_job("q.npy", "r.npy");
    restore.output.force = true;
    dequantize_ok(&restore);
    return read_tensor("r.npy", 4, units[i] * units[i + 1]);
}

static float *multiply(const float *x, const float *w, size_t in, size_t out, bool has_relu)
{
    float *y = malloc(SAMPLES * out * sizeof *y);
    assert_non_null(y);
    for (size_t s = 0; s < SAMPLES; s++)
        for (size_t o = 0; o < out; o++) {
            double sum = 0;
            for (size_t k = 0; k < in; k++)
                sum += (double)x[s * in + k] * (double)w[o * in + k];
            y[s * out + o] = has_relu && sum <= 0 ? 0 : (float)sum;
        }
    return y;
}

static void quantize_activations(float *x, size_t n, enum quant_drift_activations how)
{
    const struct quant_spec specs[] = {[QUANT_ACTIVATIONS_PER_TOKEN] = {.dtype = QUANT_INT8},
                                       [QUANT_ACTIVATIONS_PER_TENSOR] = {.dtype = QUANT_UINT8,
                                                                         .scheme = QUANT_ZERO_POINT,
                                                                         .include_zero = true}};
    const size_t together = how == QUANT_ACTIVATIONS_PER_TOKEN ? n : SAMPLES * n;
    uint8_t q[SAMPLES * 70];
    for (size_t i = 0; how != QUANT_ACTIVATIONS_FLOAT && i < SAMPLES * n; i += together) {
        struct quant_choice choice;
        struct quant_error error;
        check_ok(quant_calibrate(&specs[how], x + i, together, &choice, &error), &error);
        quant_quantize(&choice.params, x + i, together, q);
        quant_dequantize(&choice.params, q, together, x + i);
    }
}

struct expected {
    double sum_squared_error;
    double sqnr_db;
    double cosine;
    uint64_t off;
    uint64_t on;
};

static struct expected compare(const float *x, const float *restored, size_t n)
{
    struct expected expected = {0};
    double squares = 0;
    double restored_squares = 0;
    double products = 0;
    for (size_t i = 0; i < n; i++) {
        const double e = (double)x[i] - (double)restored[i];
        expected.sum_squared_error += e * e;
        squares += (double)x[i] * (double)x[i];
        restored_squares += (double)restored[i] * (double)restored[i];
        products += (double)x[i] * (double)restored[i];
        expected.off += x[i] > 0 && restored[i] <= 0;
        expected.on += x[i] <= 0 && restored[i] > 0;
    }
    expected.sqnr_db = 10 * log10(squares / expected.sum_squared_error);
    expected.cosine = products / sqrt(squares * restored_squares);
    return expected;
}

static float *copy(const float *x, size_t n)
{
    float *own = malloc(n * sizeof *own);
    assert_non_null(own);
    memcpy(own, x, n * sizeof *own);
    return own;
}

/* The files are in rows. */
static void compute(const struct network *network, const struct quant_drift_job *job,
                    struct expected expected[LAYERS])
{
    float *x = copy(network->samples, SAMPLES * units[0]);
    float *restored = copy(network->samples, SAMPLES * units[0]);
    for (size_t i = 0; i < LAYERS; i++) {
        const size_t out = units[i + 1];
        const bool has_relu = i + 1 < LAYERS;
        float *w = restored_weights(job, i);
        quantize_activations(restored, units[i], job->activations);
        float *y = multiply(x, network->weights[i], units[i], out, has_relu);
        float *restored_y = multiply(restored, w, units[i], out, has_relu);
        expected[i] = compare(y, restored_y, SAMPLES * out);
        free(x);
        free(restored);
        free(w);
        x = y;
        restored = restored_y;
    }
    free(x);
    free(restored);
}

/* ---- Tests ---- */

static void check_layer(const struct quant_drift_layer *layer, const struct expected *expected)
{
    const struct quant_report *report = &layer->outputs;
    assert_true(fabs(report->sum_squared_error - expected->sum_squared_error) <=
                1e-12 * expected->sum_squared_error);
    assert_true(fabs(report->sqnr_db - expected->sqnr_db) < 1e-10);
    assert_true(fabs(report->cosine - expected->cosine) < 1e-13);
    assert_int_equal(layer->switched_off, layer->has_relu ? expected->off : 0);
    assert_int_equal(layer->switched_on, layer->has_relu ? expected->on : 0);
}

static const struct quant_spec some_specs[] = {
    {.dtype = QUANT_INT8},
    {.dtype = QUANT_INT4},
    {.dtype = QUANT_UINT4, .scheme = QUANT_ZERO_POINT, .calibration = "mse"},
    {.dtype = QUANT_BFLOAT16},
};

static void test_plain_computation(void **state)
{
    (void)state;
    struct network network = make_network();
    struct seen seen;
    write_network(&network, AS_ROWS);
    for (size_t i = 0; i < LENGTH(some_specs); i++)
        for (int how = 0; how <= QUANT_ACTIVATIONS_PER_TENSOR; how++)
            for (unsigned threads = 1; threads <= 3; threads++) {
                struct quant_drift_job job = make_job(&seen);
                struct expected expected[LAYERS];
                job.spec = some_specs[i];
                job.activations = (enum quant_drift_activations)how;
                job.control.threads = threads;
                const struct quant_drift_result result = drift_ok(&job);
                compute(&network, &job, expected);
                assert_int_equal(seen.n, LAYERS);
                assert_int_equal(result.nsamples, SAMPLES);
                for (size_t k = 0; k < LAYERS; k++)
                    check_layer(&seen.layers[k], &expected[k]);
                assert_true(seen.layers[0].switched_off + seen.layers[0].switched_on > 0 ||
                            i == 3 || i == 0);
            }
    free_network(&network);
}

static void test_groups(void **state)
{
    (void)state;
    static const struct quant_granularity granularities[] = {
        {.has_axis = true, .axis = 0},
        {.has_axis = true, .axis = 1},
        {.block_size = 16},
        {.has_axis = true, .axis = 0, .block_size = 7},
        {.block_size = 8, .block_rows = 8}};
    struct network network = make_network();
    struct seen seen;
    write_network(&network, AS_ROWS);
    for (size_t i = 0; i < LENGTH(granularities); i++)
        for (size_t k = 0; k < 3; k++) {
            struct quant_drift_job job = make_job(&seen);
            struct expected expected[LAYERS];
            job.spec = some_specs[k];
            job.granularity = granularities[i];
            drift_ok(&job);
            compute(&network, &job, expected);
            for (size_t n = 0; n < LAYERS; n++)
                check_layer(&seen.layers[n], &expected[n]);
        }
    free_network(&network);
}

/* How a matrix is stored makes no difference to a bit. */
static void test_layouts(void **state)
{
    (void)state;
    struct network network = make_network();
    struct seen rows;
    struct seen seen;
    for (size_t i = 0; i < LENGTH(some_specs); i++) {
        write_network(&network, AS_ROWS);
        struct quant_drift_job job = make_job(&rows);
        job.spec = some_specs[i];
        drift_ok(&job);
        for (int layout = AS_ROWS + 1; layout < LAYOUTS; layout++) {
            write_network(&network, (enum layout)layout);
            job = make_job(&seen);
            job.spec = some_specs[i];
            job.is_transposed = layout == AS_COLUMNS || layout == COLUMNS_IN_FORTRAN_ORDER;
            drift_ok(&job);
            for (size_t k = 0; k < LAYERS; k++) {
                assert_memory_equal(&seen.layers[k].outputs, &rows.layers[k].outputs,
                                    sizeof rows.layers[k].outputs);
                assert_int_equal(seen.layers[k].switched_on, rows.layers[k].switched_on);
            }
        }
    }
    free_network(&network);
}

/* The block types of ggml: as quantizing each row alone. */
static void test_blocks(void **state)
{
    (void)state;
    enum { IN = 64, OUT = 5 };
    static const struct quant_input layer = {.path = "w.npy"};
    struct seen seen;
    float *w = make_floats((size_t)IN * OUT);
    float restored[IN * OUT];
    uint8_t q[IN * OUT * 2];
    float one[IN] = {0};
    write_npy("w.npy", w, (size_t)IN * OUT, false, "(5, 64)");
    one[7] = 1;
    write_npy("x.npy", one, IN, false, "(64,)");
    struct quant_drift_job job = make_job(&seen);
    job.layers = &layer;
    job.nlayers = 1;
    job.spec.dtype = QUANT_Q4_0;
    drift_ok(&job);
    const struct quant_params params = {.dtype = QUANT_Q4_0, .scale = 1};
    quant_quantize(&params, w, (size_t)IN * OUT, q);
    quant_dequantize(&params, q, (size_t)IN * OUT, restored);
    double expected = 0; /* one column of the matrix */
    for (size_t o = 0; o < OUT; o++) {
        const double e = (double)w[o * IN + 7] - (double)restored[o * IN + 7];
        expected += e * e;
    }
    assert_true(expected > 0);
    assert_true(fabs(seen.layers[0].outputs.sum_squared_error - expected) < 1e-12 * expected);
    free(w);
}

static void test_random_samples(void **state)
{
    (void)state;
    struct network network = make_network();
    struct seen first;
    struct seen second;
    write_network(&network, AS_ROWS);
    struct quant_drift_job job = make_job(&first);
    job.input.path = NULL;
    const struct quant_drift_result result = drift_ok(&job);
    assert_int_equal(result.nsamples, QUANT_DRIFT_SAMPLES);
    assert_int_equal(result.nlayers, LAYERS);
    assert_int_equal(result.last.noutputs, units[LAYERS]);
    job.control.context = &second;
    second = (struct seen){.most = SIZE_MAX};
    drift_ok(&job);
    assert_memory_equal(&first.layers[2].outputs, &second.layers[2].outputs,
                        sizeof first.layers[2].outputs);
    second = (struct seen){.most = SIZE_MAX};
    job.seed = 1;
    drift_ok(&job);
    assert_true(first.layers[2].outputs.mse != second.layers[2].outputs.mse);
    free_network(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_plain_computation), IN_FOLDER(test_groups),
        IN_FOLDER(test_layouts),           IN_FOLDER(test_blocks),
        IN_FOLDER(test_random_samples),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
