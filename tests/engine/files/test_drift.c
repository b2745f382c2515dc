/* SPDX-License-Identifier: MIT */
/* Drift, against a plain computation in double that quantizes through files. */
#include <quant/drift.h>

#include <math.h>

#include "../engine.h"

enum { LAYERS = 3, SAMPLES = 19 };

static const size_t units[LAYERS + 1] = {70, 67, 45, 9};

struct network {
    float *weights[LAYERS]; /* (outputs, inputs) */
    float *samples;
};

static struct network make_network(void)
{
    struct network network;
    struct random random = random_begin();
    for (size_t i = 0; i < LAYERS; i++) {
        network.weights[i] = malloc(units[i] * units[i + 1] * sizeof(float));
        assert_non_null(network.weights[i]);
        for (size_t k = 0; k < units[i] * units[i + 1]; k++)
            network.weights[i][k] = (float)(random_unit(&random) - 0.48);
    }
    network.samples = make_floats(SAMPLES * units[0]);
    return network;
}

static void free_network(struct network *network)
{
    for (size_t i = 0; i < LAYERS; i++)
        free(network->weights[i]);
    free(network->samples);
}

/* Matrices as they are in a file: "w0.npy" ..., the samples are "x.npy". */
enum layout { AS_ROWS, IN_FORTRAN_ORDER, AS_COLUMNS, COLUMNS_IN_FORTRAN_ORDER, LAYOUTS };

static void write_network(const struct network *network, enum layout layout)
{
    char path[32];
    char shape[64];
    for (size_t i = 0; i < LAYERS; i++) {
        const size_t in = units[i];
        const size_t out = units[i + 1];
        const bool is_turned = layout == IN_FORTRAN_ORDER || layout == AS_COLUMNS;
        const bool has_inputs_first = layout == AS_COLUMNS || layout == COLUMNS_IN_FORTRAN_ORDER;
        float *turned = malloc(in * out * sizeof *turned);
        assert_non_null(turned);
        for (size_t o = 0; o < out; o++)
            for (size_t k = 0; k < in; k++)
                turned[is_turned ? k * out + o : o * in + k] = network->weights[i][o * in + k];
        snprintf(path, sizeof path, "w%zu.npy", i);
        snprintf(shape, sizeof shape, "(%zu, %zu)", has_inputs_first ? in : out,
                 has_inputs_first ? out : in);
        write_npy(path, turned, in * out,
                  layout == IN_FORTRAN_ORDER || layout == COLUMNS_IN_FORTRAN_ORDER, shape);
        free(turned);
    }
    snprintf(shape, sizeof shape, "(%d, %zu)", SAMPLES, units[0]);
    write_npy("x.npy", network->samples, SAMPLES * units[0], false, shape);
}

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

/* ---- The call ---- */

struct seen {
    size_t n;
    size_t most; /* stop after this many */
    struct quant_drift_layer layers[LAYERS];
    enum quant_status failed;
    size_t nfiles; /* that were reported as files */
};

static bool see(void *context, const struct quant_tensor_result *result)
{
    struct seen *seen = context;
    seen->failed = result->status;
    assert_true((result->status == QUANT_OK) == (result->drifted != NULL));
    if (!result->drifted)
        return true;
    assert_int_equal(result->file, seen->n);
    assert_true(seen->n < LAYERS);
    seen->layers[seen->n++] = *result->drifted;
    return seen->n < seen->most;
}

/* After the layer itself. */
static bool see_file(void *context, const struct quant_file_result *result)
{
    struct seen *seen = context;
    assert_int_equal(result->file, seen->nfiles++);
    assert_int_equal(result->status, seen->failed);
    assert_true((result->status == QUANT_OK) == (result->error == NULL));
    return true;
}

static const struct quant_input inputs[LAYERS] = {
    {.path = "w0.npy"}, {.path = "w1.npy"}, {.path = "w2.npy"}};

static struct quant_drift_job make_job(struct seen *seen)
{
    *seen = (struct seen){.most = SIZE_MAX};
    return (struct quant_drift_job){
        .size = sizeof(struct quant_drift_job),
        .layers = inputs,
        .nlayers = LAYERS,
        .input = {.path = "x.npy"},
        .control = {.on_tensor = see, .on_file = see_file, .context = seen}};
}

static struct quant_drift_result drift_ok(const struct quant_drift_job *job)
{
    struct quant_drift_result result;
    struct quant_error error;
    const int before = folder_count(".");
    check_ok(quant_drift(job, &result, &error), &error);
    assert_int_equal(folder_count("."), before);
    return result;
}

static void drift_fails(const struct quant_drift_job *job, enum quant_status expected,
                        const char *message)
{
    struct quant_error error = {QUANT_OK, ""};
    check_error(message, quant_drift(job, NULL, &error), &error, expected, message);
}

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
        IN_FOLDER(test_plain_computation),
        IN_FOLDER(test_groups),
        IN_FOLDER(test_layouts),
        IN_FOLDER(test_blocks),
        IN_FOLDER(test_rules),
        IN_FOLDER(test_random_samples),
        IN_FOLDER(test_stop),
        IN_FOLDER(test_shapes),
        IN_FOLDER(test_not_finite),
        IN_FOLDER(test_jobs),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
