/* SPDX-License-Identifier: MIT */
/* Kinds of kernels: the ranges of an array and of many groups. -0 and 0 are equal in all of them.
 */
#include <float.h>
#include <string.h>

#include "kinds.h"

/* ---- observe --------------------------------------------------------------------------------- */

static const struct quant_observed observed_before[] = {
    QUANT_OBSERVED_INIT,
    {5000000000, 0, 0, 0.0F, -2, 3},
    {5000000000, 7, 4000000000, 0.0F, -1e30F, 1e30F},
};

static void observe_run(const struct quant_kernels *row, struct call *call)
{
    row->observe(call->arrays[0], call->n, &call->observed);
}

/* A NaN keeps its bits. */
static bool observe_same(const struct call *found, const struct call *expected)
{
    const struct quant_observed *a = &found->observed;
    const struct quant_observed *b = &expected->observed;
    return a->count == b->count && a->nonfinite == b->nonfinite &&
           a->first_nonfinite == b->first_nonfinite &&
           same_bits(a->nonfinite_value, b->nonfinite_value) && a->min == b->min &&
           a->max == b->max;
}

/* Any elements; or finite ones of both signs, or of one. */
static void observe_fill(struct random *random, size_t round, struct call *call)
{
    const double shift = (const double[]){0.5, 0.5, 0, 1}[round % 4];
    float *x = call->arrays[0];
    call->observed = observed_before[round % LENGTH(observed_before)];
    random_elements(random, random_scale(random), 0, x, call->n);
    for (size_t i = 0; round % 8 > 0 && i < call->n; i++)
        x[i] = (float)(random_unit(random) - shift);
}

static void observe_fill_typical(struct random *random, size_t variant, struct call *call)
{
    float *x = call->arrays[0];
    call->observed = observed_before[0];
    random_normals(random, x, call->n);
    for (size_t i = 0; variant == 1 && i < call->n; i++)
        x[i] = fabsf(x[i]);
}

/* One element that stands out, at every index of every length; and a NaN at another index. */
static void check_outlier(const struct quant_kernels *row, float outlier, const char *what)
{
    enum { MAX = 131 };
    struct work work;
    work_begin(&work, &kind_observe, QUANT_INT8, MAX);
    float *x = work.call.arrays[0];
    for (size_t i = 0; i < MAX; i++)
        x[i] = (float)i * 0x1p-10F - 0x1p-5F;
    for (size_t n = 1; n <= MAX; n++)
        for (size_t i = 0; i < n; i++) {
            const float before = x[i];
            work.call.n = n;
            work.call.observed = observed_before[i % LENGTH(observed_before)];
            x[i] = outlier;
            work_compare(&work, row, what);
            x[n - 1 - i] = float_of(0xFFC00123);
            work.call.observed = observed_before[0];
            work_compare(&work, row, "outlier and NaN");
            x[n - 1 - i] = (float)(n - 1 - i) * 0x1p-10F - 0x1p-5F;
            x[i] = before;
        }
    work_end(&work);
}

static void check_outliers(const struct quant_kernels *row)
{
    check_outlier(row, 1e30F, "max");
    check_outlier(row, -0x1.FFFFFEp127F, "min");
    check_outlier(row, float_of(0x7F800001), "signalling NaN");
    check_outlier(row, float_of(0xFF800000), "-Inf");
    check_outlier(row, float_of(0x7F800000), "+Inf");
    check_outlier(row, -0.0F, "-0");
}

/* Long arrays, which a kernel may split into blocks. Special elements are in any of the blocks; the
 * elements are positive, negative, or of both signs, or of another sign in each block. */
static void check_long(const struct quant_kernels *row)
{
    enum { LONG = 3 * 4096 + 77 };
    struct random random = random_begin();
    struct work work;
    work_begin(&work, &kind_observe, QUANT_INT8, LONG);
    float *x = work.call.arrays[0];
    for (size_t i = 0; i < 400; i++) {
        const size_t n = LONG - random_below(&random, i % 2 ? LONG : 200);
        for (size_t k = 0; k < n; k++) {
            const float unit = (float)random_unit(&random);
            const float shifts[] = {0, -0.5F, -1, -0.5F * (float)(k / 4096 % 3)};
            x[k] = unit + shifts[i / 4 % LENGTH(shifts)];
        }
        for (size_t outliers = i % 4; outliers > 0; outliers--)
            x[random_below(&random, (uint32_t)n)] = random_special(&random);
        work.call.n = n;
        work.call.observed = observed_before[i % LENGTH(observed_before)];
        work_compare(&work, row, "long");
    }
    work_end(&work);
}

/* All elements equal: subnormals must not be taken for zeros, infinities not for a range. */
static void check_uniform(const struct quant_kernels *row)
{
    struct work work;
    work_begin(&work, &kind_observe, QUANT_INT8, MAX_PLACED);
    float *x = work.call.arrays[0];
    for (size_t special = 0; special < (size_t)2 * SPECIAL_FLOATS; special++)
        for (size_t n = 0; n <= MAX_PLACED; n++) {
            for (size_t i = 0; i < n; i++)
                x[i] = float_of(special_floats[special / 2] | (special % 2 ? 0x80000000U : 0));
            work.call.n = n;
            work.call.observed = observed_before[0];
            work_compare(&work, row, "all equal");
        }
    work_end(&work);
}

static const struct check observe_checks[] = {{"one outlier", check_outliers},
                                              {"long arrays", check_long},
                                              {"all equal", check_uniform},
                                              {NULL, NULL}};

const struct kind kind_observe = {
    .name = "observe",
    .member = offsetof(struct quant_kernels, observe),
    .nmembers = 1,
    .takes_null = true,
    .arrays = {{"x", bytes_of_floats, sizeof(float), false}},
    .fill = observe_fill,
    .fill_typical = observe_fill_typical,
    .variants = {"both signs", "one sign"},
    .run = observe_run,
    .same = observe_same,
    .nrounds = 4000,
    .placed = {0, 1, 8, 0, 1},
    .checks = observe_checks,
};

/* ---- Groups ---------------------------------------------------------------------------------- */

/* Ranges before the call: empty ones, and others. */
static void fill_ranges(struct random *random, size_t n, float *min, float *max)
{
    for (size_t i = 0; i < n; i++) {
        const bool any = random_64(random) & 1;
        min[i] = any ? (float)random_unit(random) - 1 : INFINITY;
        max[i] = any ? (float)random_unit(random) : -INFINITY;
    }
}

/* Elements of which none, a few, or many are not finite; of both signs, or of one. */
static void fill_elements(struct random *random, size_t round, float *x, size_t n)
{
    const uint32_t one_in[] = {UINT32_MAX, 300, 3};
    const float shift = (const float[]){-0.5F, 0, -1, -0.5F}[round / 3 % 4];
    for (size_t i = 0; i < n; i++) {
        x[i] = 3 * ((float)random_unit(random) + shift);
        if (random_below(random, one_in[round % 3]) == 0)
            x[i] = random_special(random);
        else if (round / 12 % 2)
            x[i] = float_of((uint32_t)random_64(random) & 0xBFFFFFFFU); /* below 2 */
    }
}

static void ranges_fill(struct random *random, size_t round, struct call *call)
{
    fill_elements(random, round, call->arrays[0], call->n);
    fill_ranges(random, call->n / call->run, call->arrays[1], call->arrays[2]);
}

static void ranges_fill_typical(struct random *random, size_t variant, struct call *call)
{
    (void)variant;
    random_normals(random, call->arrays[0], call->n);
    for (size_t i = 0; i < call->n / call->run; i++) {
        ((float *)call->arrays[1])[i] = INFINITY;
        ((float *)call->arrays[2])[i] = -INFINITY;
    }
}

static bool ranges_same(const struct call *found, const struct call *expected)
{
    for (size_t k = 1; k <= 2; k++)
        for (size_t i = 0; i < found->n / found->run; i++)
            if (((const float *)found->arrays[k])[i] != ((const float *)expected->arrays[k])[i])
                return false;
    return found->returned == expected->returned;
}

static void observe_each_run(const struct quant_kernels *row, struct call *call)
{
    call->returned = row->observe_each(call->arrays[0], call->n, call->arrays[1], call->arrays[2]);
}

const struct kind kind_observe_each = {
    .name = "observe_each",
    .member = offsetof(struct quant_kernels, observe_each),
    .nmembers = 1,
    .arrays = {{"x", bytes_of_floats, sizeof(float), false},
               {"min", bytes_of_floats, sizeof(float), true},
               {"max", bytes_of_floats, sizeof(float), true}},
    .fill = ranges_fill,
    .fill_typical = ranges_fill_typical,
    .run = observe_each_run,
    .same = ranges_same,
    .nrounds = 1000,
    .placed = {0, 1, 24, 0, 8},
};

/* Runs of 1 to 40 elements, some of 32 and longer ones: whole runs of about n elements. */
static void runs_shape(struct call *call, size_t round)
{
    static const size_t others[] = {64, 96, 100, 128, 129, 32, 511, 512, 513, 600};
    const size_t which = round / 24 % (40 + LENGTH(others));
    call->run = which < 40 ? which + 1 : others[which - 40];
    if (call->n == 0 || call->run > call->n)
        call->run = call->n > 0 ? 1 + round % call->n : 1;
    call->n -= call->n % call->run;
}

static void observe_runs_run(const struct quant_kernels *row, struct call *call)
{
    call->returned = row->observe_runs(call->arrays[0], call->n / call->run, call->run,
                                       call->arrays[1], call->arrays[2]);
}

static void runs_fill_typical(struct random *random, size_t variant, struct call *call)
{
    call->run = variant == 0 ? 32 : 128;
    call->n -= call->n % call->run;
    ranges_fill_typical(random, variant, call);
}

/* Every run of 1 to 40 elements and longer ones, up to 19 of them, next to unmapped pages. */
static void check_runs_placed(const struct quant_kernels *row)
{
    static const size_t long_runs[] = {64, 96, 100, 128, 129, 511, 512, 513, 600};
    struct random random = random_begin();
    struct work work;
    work_begin(&work, &kind_observe_runs, QUANT_INT8, (size_t)600 * 20);
    for (size_t i = 0; i < 40 + LENGTH(long_runs); i++)
        for (size_t round = 0; round < 48; round++) {
            const long shift = (long)random_below(&random, 5) - 1;
            const size_t run = i < 40 ? i + 1 : long_runs[i - 40];
            const size_t nruns = (i < 40 ? round + run : 7 * round + i) % 20;
            work.call.run = run;
            work.call.n = run * nruns;
            ranges_fill(&random, round, &work.call);
            work_expect(&work);
            work_compare_placed(&work, row,
                                (const long[]){shift, shift, shift < 0 ? -1 : 3 - shift, 0, 0});
        }
    work_end(&work);
}

/* One outlier among zeros, at every index of every one of several runs, worked out by hand. */
static void check_runs_outlier(const struct quant_kernels *row)
{
    enum { MAX = 70, RUNS = 9 };
    static const float outliers[] = {-5, 5, INFINITY, -INFINITY, FLT_MAX, -FLT_MAX, 0x1p-149F};
    float x[MAX * RUNS];
    for (size_t run = 1; run <= MAX; run += run < 40 ? 1 : 15)
        for (size_t at = 0; at < run * RUNS; at++) {
            const float outlier = outliers[at % LENGTH(outliers)];
            memset(x, 0, sizeof x);
            x[at] = outlier;
            float min[RUNS];
            float max[RUNS];
            for (size_t i = 0; i < RUNS; i++) {
                min[i] = INFINITY;
                max[i] = -INFINITY;
            }
            const bool all_finite = row->observe_runs(x, RUNS, run, min, max);
            assert_int_equal(all_finite, isfinite(outlier));
            for (size_t i = 0; i < RUNS; i++) {
                const bool seen = i == at / run && isfinite(outlier);
                const bool empty = run == 1 && i == at && !seen;
                const float low = empty                               ? INFINITY
                                  : seen && (outlier < 0 || run == 1) ? outlier
                                                                      : 0;
                const float high = empty                               ? -INFINITY
                                   : seen && (outlier > 0 || run == 1) ? outlier
                                                                       : 0;
                if (min[i] != low || max[i] != high)
                    fail_msg("%s, observe_runs: run %zu, %a at %zu: run %zu is %a to %a", row->name,
                             run, (double)outlier, at, i, (double)min[i], (double)max[i]);
            }
        }
}

static const struct check runs_checks[] = {
    {"every run", check_runs_placed}, {"one outlier", check_runs_outlier}, {NULL, NULL}};

const struct kind kind_observe_runs = {
    .name = "observe_runs",
    .member = offsetof(struct quant_kernels, observe_runs),
    .nmembers = 1,
    .arrays = {{"x", bytes_of_floats, sizeof(float), false},
               {"min", bytes_of_runs, sizeof(float), true},
               {"max", bytes_of_runs, sizeof(float), true}},
    .shape = runs_shape,
    .fill = ranges_fill,
    .fill_typical = runs_fill_typical,
    .variants = {"32", "128"},
    .run = observe_runs_run,
    .same = ranges_same,
    .nrounds = 1200, /* 24 for each of 50 runs */
    .placed = {0, 25, 8, 168, 4},
    .checks = runs_checks,
};
