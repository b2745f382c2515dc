/* SPDX-License-Identifier: MIT */
/* The statistics of whole files: the same from any threads, kernels and formats, and those of the
 * elements counted one by one. What is tried is what quantizing reports. */
#include <math.h>
#include <quant/inspect.h>

#include "../../support/names.h"
#include "../engine.h"
#include "engine/work/chunks.h"

static struct quant_inspect_job inspect_job(const char *path)
{
    return (struct quant_inspect_job){
        .size = sizeof(struct quant_inspect_job), .input = {.path = path}, .measure = true};
}

static struct quant_statistics statistics_of(const struct quant_inspect_job *job)
{
    static struct quant_inspect_result result;
    struct quant_error error;
    const int before = folder_count(".");
    check_ok(quant_file_inspect(job, &result, &error), &error);
    assert_int_equal(folder_count("."), before);
    assert_true(result.tensor.has_statistics);
    return result.tensor.statistics;
}

/* Apart from sums, in any order. */
static void check_counts(const struct quant_statistics *found, const float *x, size_t n)
{
    uint64_t nonfinite = 0;
    uint64_t nans = 0;
    uint64_t zeros = 0;
    uint64_t total = 0;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        nonfinite += isfinite(x[i]) == 0;
        nans += isnan(x[i]) != 0;
        zeros += x[i] == 0;
        sum += isfinite(x[i]) ? (double)x[i] : 0;
    }
    for (size_t i = 0; i < found->histogram.nbins; i++)
        total += found->histogram.counts[i];
    assert_int_equal(found->observed.count, n);
    assert_int_equal(found->observed.nonfinite, nonfinite);
    assert_int_equal(found->nans, nans);
    assert_int_equal(found->nans + found->plus_infinities + found->minus_infinities, nonfinite);
    assert_int_equal(found->zeros, zeros);
    assert_int_equal(total, n - nonfinite);
    if (nonfinite < n)
        assert_true(fabs(found->mean - sum / (double)(n - nonfinite)) < 1e-6);
    else
        assert_true(isnan(found->mean) && isnan(found->deviation));
}

static void check_equal(const struct quant_statistics *a, const struct quant_statistics *b)
{
    assert_memory_equal(&a->observed, &b->observed, sizeof a->observed);
    assert_memory_equal(&a->mean, &b->mean, sizeof a->mean);
    assert_memory_equal(&a->deviation, &b->deviation, sizeof a->deviation);
    assert_memory_equal(a->percentiles, b->percentiles, sizeof a->percentiles);
    assert_memory_equal(&a->outliers, &b->outliers, sizeof a->outliers);
    assert_memory_equal(&a->channels, &b->channels, sizeof a->channels);
    assert_memory_equal(&a->histogram, &b->histogram, sizeof a->histogram);
    assert_int_equal(a->zeros, b->zeros);
    assert_int_equal(a->plus_infinities, b->plus_infinities);
    assert_int_equal(a->levels_used, b->levels_used);
    assert_memory_equal(a->at_ends, b->at_ends, sizeof a->at_ends);
    assert_memory_equal(&a->mapped.report, &b->mapped.report, sizeof a->mapped.report);
    assert_int_equal(a->by_mse.is_made, b->by_mse.is_made);
    assert_memory_equal(&a->by_mse.report, &b->by_mse.report, sizeof a->by_mse.report);
    assert_memory_equal(&a->per_channel.report, &b->per_channel.report,
                        sizeof a->per_channel.report);
}

static void test_lengths(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 2, 100, 16384, 16385, QUANT_CHUNK + 77};
    for (size_t i = 0; i < LENGTH(lengths); i++) {
        const size_t n = lengths[i];
        float *x = make_floats(n);
        write_tensor("x.npy", x, n);
        write_tensor("x.json", x, n);
        struct quant_inspect_job job = inspect_job("x.npy");
        job.control.threads = 1;
        const struct quant_statistics found = statistics_of(&job);
        check_counts(&found, x, n);
        job.input.path = "x.json"; /* through a spool */
        const struct quant_statistics text = statistics_of(&job);
        check_equal(&found, &text);
        free(x);
    }
}

static void test_threads_and_kernels(void **state)
{
    (void)state;
    enum { ROWS = 300, COLUMNS = 2001, N = ROWS * COLUMNS };
    const char *before = quant_isa_current();
    float *x = make_floats(N);
    write_npy("x.npy", x, N, false, "(300, 2001)");
    write_npy("f.npy", x, N, true, "(2001, 300)");
    struct quant_inspect_job job = inspect_job("x.npy");
    job.control.threads = 1;
    const struct quant_statistics found = statistics_of(&job);
    assert_int_equal(found.channels.count, ROWS);
    for (size_t i = 0; isa_name(i); i++) {
        if (quant_isa_select(isa_name(i), NULL) != QUANT_OK)
            continue;
        job.control.threads = 3;
        const struct quant_statistics other = statistics_of(&job);
        check_equal(&found, &other);
    }
    assert_int_equal(quant_isa_select(before, NULL), QUANT_OK);
    /* The channels of Fortran order lie side by side. */
    job.input.path = "f.npy";
    const struct quant_statistics fortran = statistics_of(&job);
    float absmax = 0;
    for (size_t i = 0; i < N; i += 2001)
        absmax = fmaxf(absmax, fabsf(x[i]));
    assert_int_equal(fortran.channels.count, 2001);
    assert_true(fortran.channels.max == 7.25F);
    assert_true(fortran.channels.min <= absmax);
    free(x);
}

static void test_channels(void **state)
{
    (void)state;
    static const float x[] = {1, -2, 0, 0, 3, 0.5F, NAN, NAN};
    struct quant_inspect_job job = inspect_job("x.npy");
    write_npy("x.npy", x, LENGTH(x), false, "(4, 2)");
    const struct quant_statistics found = statistics_of(&job);
    assert_int_equal(found.channels.count, 4);
    assert_true(found.channels.min == 0);
    assert_true(found.channels.median == 0);
    assert_true(found.channels.max == 3);
    write_npy("x.npy", x, LENGTH(x), false, "(1, 8)");
    assert_int_equal(statistics_of(&job).channels.count, 0);
}

static void test_nonfinite(void **state)
{
    (void)state;
    float *x = make_floats(20000);
    x[17] = INFINITY;
    x[300] = -INFINITY;
    x[301] = x[19999] = NAN;
    struct quant_inspect_job job = inspect_job("x.npy");
    write_npy("x.npy", x, 20000, false, "(100, 200)");
    struct quant_statistics found = statistics_of(&job);
    check_counts(&found, x, 20000);
    assert_int_equal(found.observed.first_nonfinite, 17);
    assert_int_equal(found.plus_infinities, 1);
    assert_int_equal(found.minus_infinities, 1);
    assert_int_equal(found.mapped.report.n, 19996);
    for (size_t i = 0; i < 20000; i++)
        x[i] = i % 2 ? NAN : INFINITY;
    write_tensor("x.npy", x, 20000);
    found = statistics_of(&job);
    check_counts(&found, x, 20000);
    assert_int_equal(found.plus_infinities, 10000);
    assert_int_equal(found.histogram.nbins, 0);
    free(x);
}

/* The reports are those of quantizing. */
static void test_trials(void **state)
{
    (void)state;
    enum { N = 64 * 100 };
    float *x = make_floats(N);
    x[77] = 90;
    write_npy("x.npy", x, N, false, "(64, 100)");
    const struct quant_inspect_job job = inspect_job("x.npy");
    const struct quant_statistics found = statistics_of(&job);
    struct quant_quantize_job quantize = quantize_job("x.npy", "q.npy");
    quantize.output.force = true;
    struct quant_quantize_result made = quantize_ok(&quantize);
    assert_int_equal(found.outliers.count, 1);
    assert_memory_equal(&found.mapped.report, &made.report, sizeof made.report);
    quantize.spec.calibration = "mse";
    made = quantize_ok(&quantize);
    assert_true(found.by_mse.is_made);
    assert_memory_equal(&found.by_mse.report, &made.report, sizeof made.report);
    quantize.spec.calibration = NULL;
    quantize.granularity.has_axis = true;
    made = quantize_ok(&quantize);
    assert_true(found.per_channel.is_made);
    assert_memory_equal(&found.per_channel.report, &made.report, sizeof made.report);
    assert_int_equal(unlink("q.npy"), 0);
    assert_int_equal(unlink("q.npy.json"), 0);
    struct quant_inspect_job clip = job;
    clip.spec = (struct quant_spec){
        .scheme = QUANT_ZERO_POINT, .dtype = QUANT_UINT8, .has_clip = true, .clip = {-1, 2}};
    const struct quant_statistics clipped = statistics_of(&clip);
    assert_true(clipped.mapped.report.clipped > 0);
    assert_false(clipped.by_mse.is_made);
    assert_false(clipped.per_channel.is_made);
    free(x);
}

/* Quantized files are counted as integers; the sidecar says where the ends are. */
static void test_integers(void **state)
{
    (void)state;
    enum { N = QUANT_CHUNK + 1001 };
    static const enum quant_dtype dtypes[] = {QUANT_INT8, QUANT_UINT8, QUANT_INT4, QUANT_UINT16};
    static const char *const outputs[] = {"q.npy", "q.bin", "q.json"};
    float *x = make_floats(N);
    write_tensor("x.npy", x, N);
    for (size_t i = 0; i < LENGTH(dtypes) * LENGTH(outputs); i++) {
        struct quant_quantize_job quantize = quantize_job("x.npy", outputs[i % LENGTH(outputs)]);
        quantize.output.force = true;
        quantize.spec.dtype = dtypes[i / LENGTH(outputs)];
        quantize.spec.has_clip = true;
        quantize.spec.clip[0] = -1;
        quantize.spec.clip[1] = 1;
        const struct quant_quantize_result made = quantize_ok(&quantize);
        struct quant_inspect_job job = inspect_job(quantize.output.path);
        job.control.threads = 2;
        const struct quant_statistics found = statistics_of(&job);
        assert_true(found.are_integers);
        assert_int_equal(found.observed.count, N);
        assert_int_equal(found.levels_used, made.report.levels_used);
        assert_int_equal(found.levels, made.report.levels);
        assert_true(found.observed.min == (float)made.choice.params.qmin);
        assert_true(found.observed.max == (float)made.choice.params.qmax);
        assert_true(found.at_ends[0] + found.at_ends[1] >= made.report.clipped);
        assert_true(found.at_ends[0] > 0 && found.at_ends[1] > 0);
        assert_false(found.mapped.is_made);
        assert_int_equal(unlink(quantize.output.path), 0);
    }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_lengths),  IN_FOLDER(test_threads_and_kernels),
        IN_FOLDER(test_channels), IN_FOLDER(test_nonfinite),
        IN_FOLDER(test_trials),   IN_FOLDER(test_integers),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
