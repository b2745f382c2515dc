/* SPDX-License-Identifier: MIT */
/* Every row of the kernel table against the scalar definition: observe. */
#include "../support/floats.h"
#include "../support/guarded.h"
#include "rows.h"

enum { MOST_LENGTH = 4 * 64 + 3, MOST_SHIFT = 16 };

/* Of -0 and 0 either is right for least and greatest; a NaN keeps its bits. */
static bool same_observed(const struct quant_observed *a, const struct quant_observed *b)
{
    return a->count == b->count && a->nonfinite == b->nonfinite &&
           a->first_nonfinite == b->first_nonfinite &&
           same_bits(a->nonfinite_value, b->nonfinite_value) && a->least == b->least &&
           a->greatest == b->greatest;
}

static void compare_observed(const struct quant_kernels *row, const float *x, size_t n,
                             const struct quant_observed *before, const char *what)
{
    struct quant_observed found = *before;
    struct quant_observed expected = *before;
    quant_kernels_scalar.observe(x, n, &expected);
    row->observe(x, n, &found);
    if (!same_observed(&found, &expected))
        fail_msg("%s, observe, %s, n %zu: found %llu elements, %llu not finite, first %llu (%a), "
                 "%a to %a; expected %llu, %llu, %llu (%a), %a to %a",
                 row->name, what, n, (unsigned long long)found.count,
                 (unsigned long long)found.nonfinite, (unsigned long long)found.first_nonfinite,
                 (double)found.nonfinite_value, (double)found.least, (double)found.greatest,
                 (unsigned long long)expected.count, (unsigned long long)expected.nonfinite,
                 (unsigned long long)expected.first_nonfinite, (double)expected.nonfinite_value,
                 (double)expected.least, (double)expected.greatest);
}

static const struct quant_observed nothing_observed = QUANT_OBSERVED_INIT;
static const struct quant_observed some_observed = {5000000000, 0, 0, 0.0F, -2, 3};
static const struct quant_observed nan_observed = {5000000000, 7, 4000000000, 0.0F, -1e30F, 1e30F};

static const struct quant_observed *const observed_before[] = {&nothing_observed, &some_observed,
                                                               &nan_observed};

static void check_observe_values(const struct quant_kernels *row)
{
    struct random random = random_begin();
    float x[MOST_LENGTH];
    for (size_t i = 0; i < 3000; i++) {
        const size_t n = random_below(&random, MOST_LENGTH + 1);
        random_elements(&random, random_scale(&random), 0, x, n);
        compare_observed(row, x, n, observed_before[i % LENGTH(observed_before)], "any bits");
    }
}

/* One element that stands out, at every place of every length. */
static void check_observe_outlier(const struct quant_kernels *row, float outlier, const char *what)
{
    enum { MOST = 131 };
    float x[MOST];
    for (size_t i = 0; i < MOST; i++)
        x[i] = (float)i * 0x1p-10F - 0x1p-5F;
    for (size_t n = 1; n <= MOST; n++)
        for (size_t i = 0; i < n; i++) {
            const float before = x[i];
            x[i] = outlier;
            compare_observed(row, x, n, observed_before[i % LENGTH(observed_before)], what);
            x[n - 1 - i] = float_of(0xFFC00123); /* a second one, before or behind */
            compare_observed(row, x, n, &nothing_observed, "outlier and NaN");
            x[n - 1 - i] = (float)(n - 1 - i) * 0x1p-10F - 0x1p-5F;
            x[i] = before;
        }
}

static void check_observe_outliers(const struct quant_kernels *row)
{
    check_observe_outlier(row, 1e30F, "greatest");
    check_observe_outlier(row, -0x1.FFFFFEp127F, "least");
    check_observe_outlier(row, float_of(0x7F800001), "signalling NaN");
    check_observe_outlier(row, float_of(0xFF800000), "-Inf");
    check_observe_outlier(row, float_of(0x7F800000), "+Inf");
    check_observe_outlier(row, -0.0F, "-0");
}

/* Long arrays, of which a kernel may make blocks: what is not finite, and the ends of the range, in
 * any of them; of one sign, of the other, of both, and of another in each block. */
static void check_observe_long(const struct quant_kernels *row)
{
    enum { LONG = 3 * 4096 + 77 };
    struct random random = random_begin();
    static float x[LONG];
    for (size_t i = 0; i < 400; i++) {
        const size_t n = LONG - random_below(&random, i % 2 ? LONG : 200);
        for (size_t k = 0; k < n; k++) {
            const float unit = (float)random_unit(&random);
            const float shifts[] = {0, -0.5F, -1, -0.5F * (float)(k / 4096 % 3)};
            x[k] = unit + shifts[i / 4 % LENGTH(shifts)];
        }
        for (size_t outliers = i % 4; outliers > 0; outliers--)
            x[random_below(&random, (uint32_t)n)] = random_special(&random);
        compare_observed(row, x, n, observed_before[i % LENGTH(observed_before)], "long");
    }
}

/* All alike: subnormals must not be taken for zeros, infinities not for a range. */
static void check_observe_uniform(const struct quant_kernels *row)
{
    float x[MOST_LENGTH];
    for (size_t special = 0; special < (size_t)2 * SPECIAL_FLOATS; special++)
        for (size_t n = 0; n <= MOST_LENGTH; n++) {
            for (size_t i = 0; i < n; i++)
                x[i] = float_of(special_floats[special / 2] | (special % 2 ? 0x80000000U : 0));
            compare_observed(row, x, n, &nothing_observed, "all alike");
        }
}

static void check_observe_placements(const struct quant_kernels *row)
{
    struct random random = random_begin();
    struct guarded guarded = guarded_new((size_t)(MOST_LENGTH + MOST_SHIFT) * sizeof(float));
    random_elements(&random, 1, 0, (float *)(void *)guarded.begin,
                    (size_t)(guarded.end - guarded.begin) / sizeof(float));
    for (size_t n = 0; n <= MOST_LENGTH; n++)
        for (long shift = -1; shift < MOST_SHIFT; shift++) {
            const long offset = shift < 0 ? -1 : shift * (long)sizeof(float);
            const void *x = guarded_place(&guarded, offset, n * sizeof(float));
            compare_observed(row, x, n, &nothing_observed, "placed");
        }
    guarded_free(&guarded);
}

int main(void)
{
    static const struct row_group groups[] = {
        {"observe, random elements", check_observe_values},
        {"observe, one outlier", check_observe_outliers},
        {"observe, long arrays", check_observe_long},
        {"observe, all alike", check_observe_uniform},
        {"observe, lengths and places", check_observe_placements},
    };
    return random_end(rows_run("kernels/table_observe", groups, LENGTH(groups), NULL, 0));
}
