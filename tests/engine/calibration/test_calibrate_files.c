/* SPDX-License-Identifier: MIT */
/* One range for many files: the result of merged parts is, to the byte, what one run writes, by
 * every method, for both schemes, however the files are shared out, from any number of threads and
 * by every instruction set; and of one file it is what quantizing that file finds. */
#include <math.h>

#include "../../support/names.h"
#include "../calibrating.h"
#include "engine/work/chunks.h"

enum { NFILES = 5 };

static const char *const inputs[NFILES] = {"a.npy", "b.bin", "c.json", "d.npy", "e.npy"};

/* A few of all kinds: several chunks, none at all, and some that are not finite. */
static const size_t lengths[NFILES] = {(size_t)QUANT_CHUNK + 4096 + 77, 1000, 77, 0, 5000};
static const size_t short_lengths[NFILES] = {300, 1, 77, 0, 150};

static void write_inputs(const size_t sizes[NFILES], bool nonfinite)
{
    for (size_t i = 0; i < NFILES; i++) {
        float *x = make_floats(sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++)
            x[k] *= 1 + (float)i;
        for (size_t k = 5; nonfinite && i == 4 && k < sizes[i]; k += 100)
            x[k] = k % 3 == 0 ? (float)NAN : (float)INFINITY;
        write_tensor(inputs[i], x, sizes[i]);
        free(x);
    }
}

/* ---- Parts ---- */

/* How many files each of the parts has. */
struct split {
    size_t nparts;
    size_t sizes[NFILES];
};

static const struct split splits[] = {
    {1, {5}}, {5, {1, 1, 1, 1, 1}}, {3, {2, 2, 1}}, {2, {4, 1}}, {2, {1, 4}},
};

static const char *const part_names[NFILES] = {"p0.json", "p1.json", "p2.json", "p3.json",
                                               "p4.json"};

/* One round, of which the merged file is written to "m.json". */
static struct quant_calibrate_result
run_round(const struct split *split, const struct quant_calibrate_job *first, const char *resume)
{
    size_t done = 0;
    for (size_t i = 0; i < split->nparts; i++) {
        struct quant_calibrate_job job = *first;
        job.paths = inputs + done;
        job.npaths = split->sizes[i];
        job.partial = true;
        job.resume = resume;
        job.output = part_names[i];
        job.control.threads = 1 + (unsigned)i; /* on machines of all kinds */
        if (resume) {
            job.spec = (struct quant_spec){.scheme = QUANT_ABSMAX}; /* the file says it */
            job.has_ema = false;
        }
        const struct quant_calibrate_result result = calibrate_ok(&job);
        assert_false(result.is_complete || result.has_range);
        done += split->sizes[i];
    }
    assert_int_equal(done, NFILES);
    return merge_ok(part_names, split->nparts, "m.json");
}

static void check_split(const struct split *split, const struct quant_calibrate_job *job,
                        const struct quant_calibrate_result *expected)
{
    struct quant_calibrate_result result = run_round(split, job, NULL);
    size_t rounds = 1;
    for (; !result.is_complete; rounds++) {
        assert_int_equal(result.round, rounds + 1);
        result = run_round(split, job, "m.json");
    }
    if (!files_equal("m.json", "one.json"))
        fail_msg("%s, scheme %d: merged from %zu parts in %zu rounds it is not the same",
                 job->spec.calibration, job->spec.scheme, split->nparts, rounds);
    assert_int_equal(result.has_range, expected->has_range);
    assert_memory_equal(result.range, expected->range, sizeof result.range);
    assert_int_equal(result.ninputs, NFILES);
    assert_int_equal(result.count, expected->count);
}

static void check_splits(struct quant_calibrate_job *job, size_t nsplits)
{
    job->paths = inputs;
    job->npaths = NFILES;
    job->output = "one.json";
    const struct quant_calibrate_result expected = calibrate_ok(job);
    assert_true(expected.is_complete && expected.has_range);
    for (size_t i = LENGTH(splits) - nsplits; i < LENGTH(splits); i++) /* the quick ones last */
        check_split(&splits[i], job, &expected);
}

/* mse has up to a hundred rounds, with the scheme zero-point, and where there are more than 16,384
 * elements it measures them for longer. */
static bool takes_too_long(const char *method, enum quant_scheme scheme, bool is_short)
{
    if (strcmp(method, "mse") != 0)
        return false;
    return IS_SLOW_BUILD ? !is_short || scheme == QUANT_ZERO_POINT
                         : !is_short && scheme == QUANT_ABSMAX;
}

static size_t count_splits(const char *method, bool is_short)
{
    if (strcmp(method, "mse") == 0 || (!is_short && IS_SLOW_BUILD))
        return 1;
    return is_short ? LENGTH(splits) : 2;
}

static void check_methods(bool is_short)
{
    for (size_t i = 0; method_name(i); i++)
        for (int scheme = QUANT_ABSMAX; scheme <= QUANT_ZERO_POINT; scheme++) {
            const struct quant_spec spec = {.scheme = (enum quant_scheme)scheme,
                                            .calibration = method_name(i),
                                            .nonfinite = QUANT_NONFINITE_SATURATE};
            struct quant_calibrate_job job = calibrate_job(inputs, NFILES, &spec, NULL);
            if (strcmp(spec.calibration, "auto") != 0 &&
                !takes_too_long(spec.calibration, spec.scheme, is_short))
                check_splits(&job, count_splits(spec.calibration, is_short));
        }
}

static void test_merged_is_one_run(void **state)
{
    (void)state;
    write_inputs(short_lengths, true);
    check_methods(true);
}

static void test_merged_is_one_run_of_more(void **state)
{
    (void)state;
    write_inputs(lengths, true);
    check_methods(false);
}

/* What of the target counts goes from round to round with the file. */
static void test_target(void **state)
{
    (void)state;
    static const struct quant_spec specs[] = {
        {.calibration = "octav", .dtype = QUANT_INT4},
        {.calibration = "octav", .has_qmax = true, .qmax = 100},
        {.calibration = "entropy", .has_qmin = true, .qmin = -3, .has_qmax = true, .qmax = 3},
        {.calibration = "mse", .dtype = QUANT_UINT4, .rounding = QUANT_HALF_AWAY},
        {.calibration = "percentile",
         .dtype = QUANT_FLOAT8_E4M3FN,
         .has_calibration_argument = true,
         .calibration_argument = 61.7},
        {.calibration = "sigma",
         .scheme = QUANT_ZERO_POINT,
         .include_zero = true,
         .has_calibration_argument = true,
         .calibration_argument = 0.3},
    };
    write_inputs(short_lengths, false);
    for (size_t i = 0; i < LENGTH(specs); i++) {
        struct quant_calibrate_job job = calibrate_job(inputs, NFILES, &specs[i], NULL);
        check_splits(&job, 1);
        job.output = "default.json";
        job.spec = (struct quant_spec){.calibration = specs[i].calibration};
        calibrate_ok(&job);
        assert_false(files_equal("default.json", "one.json"));
    }
}

/* ---- One file, and many as one ---- */

static void test_one_file(void **state)
{
    (void)state;
    enum { N = 700 };
    float *x = make_floats(N);
    write_tensor("x.npy", x, N);
    for (size_t i = 0; method_name(i); i++)
        for (int scheme = QUANT_ABSMAX; scheme <= QUANT_ZERO_POINT; scheme++) {
            const char *path = "x.npy";
            const struct quant_spec spec = {.scheme = (enum quant_scheme)scheme,
                                            .calibration = method_name(i)};
            const struct quant_calibrate_job job = calibrate_job(&path, 1, &spec, NULL);
            if (strcmp(spec.calibration, "auto") == 0)
                continue;
            const struct quant_calibrate_result found = calibrate_ok(&job);
            struct quant_choice expected;
            assert_int_equal(quant_calibrate(&spec, x, N, &expected, NULL), QUANT_OK);
            assert_true(found.is_complete && found.has_range && found.count == N);
            assert_true(found.range[0] == expected.range[0]);
            assert_true(found.range[1] == expected.range[1]);
        }
    free(x);
}

/* Counts and maxima do not care where files end: exactly the range of all elements in one file. */
static void test_many_are_one(void **state)
{
    (void)state;
    static const char *const methods[] = {"minmax", "percentile", "entropy"};
    enum { N = 6000 };
    static const char *const thirds[] = {"1.npy", "2.npy", "3.npy"};
    const char *whole = "x.npy";
    float *x = make_floats(N);
    write_tensor(whole, x, N);
    write_tensor(thirds[0], x, 1);
    write_tensor(thirds[1], x + 1, 4001);
    write_tensor(thirds[2], x + 4002, N - 4002);
    for (size_t i = 0; i < LENGTH(methods); i++)
        for (int scheme = QUANT_ABSMAX; scheme <= QUANT_ZERO_POINT; scheme++) {
            const struct quant_spec spec = {.scheme = (enum quant_scheme)scheme,
                                            .calibration = methods[i]};
            const struct quant_calibrate_job one = calibrate_job(&whole, 1, &spec, NULL);
            const struct quant_calibrate_job many = calibrate_job(thirds, 3, &spec, NULL);
            const struct quant_calibrate_result expected = calibrate_ok(&one);
            const struct quant_calibrate_result found = calibrate_ok(&many);
            assert_memory_equal(found.range, expected.range, sizeof found.range);
            assert_memory_equal(found.observed, expected.observed, sizeof found.observed);
        }
    free(x);
}

/* ---- The moving average ---- */

static void test_ema(void **state)
{
    (void)state;
    static const double constants[] = {0.01, 0.3, 1};
    write_inputs(short_lengths, true);
    for (size_t i = 0; method_name(i); i++) {
        const struct quant_spec spec = {.scheme = QUANT_ZERO_POINT,
                                        .calibration = method_name(i),
                                        .nonfinite = QUANT_NONFINITE_SATURATE};
        if (strcmp(spec.calibration, "auto") == 0)
            continue;
        for (size_t c = 0; c < LENGTH(constants); c++) {
            double expected[2] = {0, 0};
            bool any = false;
            for (size_t k = 0; k < NFILES; k++) {
                const struct quant_calibrate_job job = calibrate_job(inputs + k, 1, &spec, NULL);
                const struct quant_calibrate_result own = calibrate_ok(&job);
                for (int end = 0; own.has_range && end < 2; end++)
                    expected[end] =
                        any ? expected[end] + constants[c] * (own.range[end] - expected[end])
                            : own.range[end];
                any |= own.has_range;
            }
            struct quant_calibrate_job job = calibrate_job(inputs, NFILES, &spec, "one.json");
            job.has_ema = true;
            job.ema = constants[c];
            const struct quant_calibrate_result found = calibrate_ok(&job);
            assert_true(found.range[0] == expected[0] && found.range[1] == expected[1]);
            assert_int_equal(found.ninputs, NFILES);
            check_splits(&job, c == 1 ? LENGTH(splits) : 1);
        }
    }
}

/* ---- Threads and instruction sets ---- */

static void check_processors(struct quant_calibrate_job *job)
{
    job->output = "one.json";
    calibrate_ok(job);
    job->output = "other.json";
    for (size_t i = 0; isa_name(i); i++) {
        if (!isa_supported(i))
            continue;
        assert_int_equal(quant_isa_select(isa_name(i), NULL), QUANT_OK);
        for (unsigned threads = 1; threads <= 4; threads += 3) {
            job->control.threads = threads;
            calibrate_ok(job);
            if (!files_equal("one.json", "other.json"))
                fail_msg("%s, scheme %d: not the same by %s and %u threads", job->spec.calibration,
                         job->spec.scheme, isa_name(i), threads);
        }
    }
}

static void test_threads_and_instruction_sets(void **state)
{
    (void)state;
    const char *const before = quant_isa_current();
    write_inputs(lengths, true);
    for (size_t i = 0; method_name(i); i++)
        for (int scheme = QUANT_ABSMAX; scheme <= QUANT_ZERO_POINT; scheme++) {
            const struct quant_spec spec = {.scheme = (enum quant_scheme)scheme,
                                            .calibration = method_name(i),
                                            .nonfinite = QUANT_NONFINITE_SATURATE};
            const bool is_mse = strcmp(spec.calibration, "mse") == 0;
            struct quant_calibrate_job job = calibrate_job(inputs, NFILES, &spec, NULL);
            if (strcmp(spec.calibration, "auto") == 0 || (is_mse && scheme == QUANT_ZERO_POINT))
                continue;
            if (is_mse) { /* over all of them it takes seconds */
                job.paths = inputs + 1;
                job.npaths = 2;
            }
            check_processors(&job);
        }
    assert_int_equal(quant_isa_select(before, NULL), QUANT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_merged_is_one_run),
        IN_FOLDER(test_merged_is_one_run_of_more),
        IN_FOLDER(test_target),
        IN_FOLDER(test_one_file),
        IN_FOLDER(test_many_are_one),
        IN_FOLDER(test_ema),
        IN_FOLDER(test_threads_and_instruction_sets),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
