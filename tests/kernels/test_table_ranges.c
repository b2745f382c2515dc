/* SPDX-License-Identifier: MIT */
/* Every row of the kernel table against the scalar definition: the ranges of many groups. */
#include <float.h>

#include "groups.h"
#include "rows.h"

enum { MOST_ELEMENTS = 600 * 20 };

/* Ranges of before: of nothing, and of something. */
static void fill_ranges(struct random *random, size_t n, float *least, float *greatest)
{
    for (size_t i = 0; i < n; i++) {
        const bool any = random_64(random) & 1;
        least[i] = any ? (float)random_unit(random) - 1 : INFINITY;
        greatest[i] = any ? (float)random_unit(random) : -INFINITY;
    }
}

/* Elements without, with few, and with many that are not finite; of both signs, or of one. */
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

/* Of -0 and 0 either is right. */
static void compare_ranges(const struct quant_kernels *row, size_t run, size_t nruns,
                           const float *const found[2], const float *const expected[2],
                           bool all_finite, bool expected_finite)
{
    for (size_t i = 0; i < nruns; i++)
        if (found[0][i] != expected[0][i] || found[1][i] != expected[1][i])
            fail_msg("%s: run %zu of %zu, of %zu elements: found %a to %a, expected %a to %a",
                     row->name, i, nruns, run, (double)found[0][i], (double)found[1][i],
                     (double)expected[0][i], (double)expected[1][i]);
    if (all_finite != expected_finite)
        fail_msg("%s: %zu runs of %zu: says %s finite", row->name, nruns, run,
                 all_finite ? "all are" : "not all are");
}

/* With run 0: observe_each of nruns elements. Arrays end at guards, or begin at a shift. */
static void compare_observed(const struct quant_kernels *row, const struct places *places,
                             struct random *random, size_t run, size_t nruns, size_t round)
{
    static float elements[MOST_ELEMENTS];
    float expected[2][MOST_LENGTH];
    const size_t n = run == 0 ? nruns : run * nruns;
    const size_t nbytes = nruns * sizeof(float);
    const long shift = (long)random_below(random, MOST_SHIFT + 1) - 1;
    assert_true(n <= MOST_ELEMENTS && nruns <= MOST_LENGTH);
    fill_elements(random, round, elements, n);
    fill_ranges(random, nruns, expected[0], expected[1]);
    const float *x = place_copy(&places->x, shift, 4, elements, n * sizeof(float));
    unsigned char *least = guarded_place(&places->scales, shift < 0 ? -1 : 4 * shift, nbytes);
    unsigned char *greatest = guarded_place(&places->q, shift < 0 ? -1 : 12 - 4 * shift, nbytes);
    guarded_arm(&places->scales, least, nbytes);
    guarded_arm(&places->q, greatest, nbytes);
    memcpy(least, expected[0], nbytes);
    memcpy(greatest, expected[1], nbytes);
    const float *const found[2] = {(const float *)(const void *)least,
                                   (const float *)(const void *)greatest};
    const bool all_finite =
        run == 0
            ? row->observe_each(x, nruns, (float *)(void *)least, (float *)(void *)greatest)
            : row->observe_runs(x, nruns, run, (float *)(void *)least, (float *)(void *)greatest);
    const bool expected_finite =
        run == 0
            ? quant_kernels_scalar.observe_each(elements, nruns, expected[0], expected[1])
            : quant_kernels_scalar.observe_runs(elements, nruns, run, expected[0], expected[1]);
    compare_ranges(row, run, nruns, found, (const float *const[]){expected[0], expected[1]},
                   all_finite, expected_finite);
    assert_true(guarded_intact(&places->scales, least, nbytes));
    assert_true(guarded_intact(&places->q, greatest, nbytes));
}

static void check_observe_each(const struct quant_kernels *row)
{
    struct random random = random_begin();
    struct places places = places_new(MOST_LENGTH);
    for (size_t round = 0; round < 96; round++)
        for (size_t n = 0; n <= MOST_LENGTH; n += 1 + round % 3)
            compare_observed(row, &places, &random, 0, n, round);
    places_free(&places);
}

static void check_observe_runs(const struct quant_kernels *row)
{
    static const size_t long_runs[] = {64, 96, 100, 128, 129, 511, 512, 513, 600};
    struct random random = random_begin();
    struct places places = places_new(MOST_ELEMENTS);
    for (size_t run = 1; run <= 40; run++)
        for (size_t round = 0; round < 48; round++)
            compare_observed(row, &places, &random, run, (round + run) % 20, round);
    for (size_t i = 0; i < LENGTH(long_runs); i++)
        for (size_t round = 0; round < 24; round++)
            compare_observed(row, &places, &random, long_runs[i], (7 * round + i) % 20, round);
    places_free(&places);
}

/* One element that is all there is to see, at every place of every run of several. */
static void check_observe_outliers(const struct quant_kernels *row)
{
    enum { MOST = 70, RUNS = 9 };
    static const float outliers[] = {-5, 5, INFINITY, -INFINITY, FLT_MAX, -FLT_MAX, 0x1p-149F};
    float x[MOST * RUNS];
    for (size_t run = 1; run <= MOST; run += run < 40 ? 1 : 15)
        for (size_t at = 0; at < run * RUNS; at++) {
            const float outlier = outliers[at % LENGTH(outliers)];
            memset(x, 0, sizeof x);
            x[at] = outlier;
            float least[RUNS];
            float greatest[RUNS];
            for (size_t i = 0; i < RUNS; i++) {
                least[i] = INFINITY;
                greatest[i] = -INFINITY;
            }
            const bool all_finite = row->observe_runs(x, RUNS, run, least, greatest);
            assert_int_equal(all_finite, isfinite(outlier));
            for (size_t i = 0; i < RUNS; i++) {
                const bool seen = i == at / run && isfinite(outlier);
                const bool alone = run == 1 && i == at && !seen;
                const float low = alone                               ? INFINITY
                                  : seen && (outlier < 0 || run == 1) ? outlier
                                                                      : 0;
                const float high = alone                               ? -INFINITY
                                   : seen && (outlier > 0 || run == 1) ? outlier
                                                                       : 0;
                if (least[i] != low || greatest[i] != high)
                    fail_msg("%s: run %zu, %a at %zu: run %zu is %a to %a", row->name, run,
                             (double)outlier, at, i, (double)least[i], (double)greatest[i]);
            }
        }
}

int main(void)
{
    static const struct row_group groups[] = {
        {"observe_each", check_observe_each},
        {"observe_runs", check_observe_runs},
        {"observe_runs, one outlier", check_observe_outliers},
    };
    return random_end(rows_run("kernels/table_ranges", groups, LENGTH(groups), NULL, 0));
}
