/* SPDX-License-Identifier: MIT */
/* Running a method: workers, parts and inputs make no difference, and results of passes can be
 * combined and replayed. */
#include "methods/calibrator.h"

#include <stdlib.h>
#include <string.h>

#include "../support/floats.h"
#include "../support/unit.h"
#include "base/sum_order.h"
#include "methods/plan_make.h"

enum { LENGTH_MAX = 5 * QUANT_MEASURE_BLOCK + 77 };

static float x[LENGTH_MAX];

static void fill(void)
{
    struct random random = random_begin();
    for (size_t i = 0; i < LENGTH_MAX; i++) {
        const double u = 2 * random_unit(&random) - 1;
        x[i] = (float)(u * u * u);
    }
}

static struct quant_calibrator *make(const char *method, enum quant_scheme scheme, size_t nworkers)
{
    const struct quant_spec spec = {.scheme = scheme, .calibration = method};
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    struct quant_plan plan;
    assert_int_equal(quant_plan_make(&spec, NULL, &plan, NULL), QUANT_OK);
    quant_observe(&observed, x, LENGTH_MAX);
    struct quant_calibrator *calibrator = quant_calibrator_new(&plan, &observed, nworkers, NULL);
    assert_non_null(calibrator);
    return calibrator;
}

/* One block a part, on the workers in turn, the last first in each round. */
static void take_all(struct quant_calibrator *calibrator, size_t first, size_t end)
{
    const size_t round = calibrator->nworkers * QUANT_MEASURE_BLOCK;
    for (size_t i = first; i < end; i += round) {
        for (size_t k = calibrator->nworkers; k-- > 0;) {
            const size_t at = i + k * QUANT_MEASURE_BLOCK;
            if (at < end)
                quant_calibrator_take(calibrator, k, x + at,
                                      end - at < QUANT_MEASURE_BLOCK ? end - at
                                                                     : QUANT_MEASURE_BLOCK);
        }
        for (size_t k = 0; k < calibrator->nworkers && i + k * QUANT_MEASURE_BLOCK < end; k++)
            quant_calibrator_join(calibrator, k);
    }
    quant_calibrator_end_input(calibrator, NULL);
}

static void run(struct quant_calibrator *calibrator, double range[2])
{
    unsigned passes = 0;
    for (; !calibrator->done; passes++) {
        assert_int_equal(quant_calibrator_passes_left(calibrator),
                         calibrator->method->passes - passes - 1);
        take_all(calibrator, 0, LENGTH_MAX);
        quant_calibrator_gather(calibrator);
        assert_true(quant_calibrator_adds_up(calibrator));
        quant_calibrator_advance(calibrator);
    }
    assert_int_equal(passes, calibrator->method->passes);
    memcpy(range, calibrator->range, 2 * sizeof *range);
    quant_calibrator_free(calibrator);
}

static void test_workers(void **state)
{
    (void)state;
    fill();
    for (size_t i = 0; quant_method_at(i); i++)
        for (int scheme = 0; scheme < 2; scheme++) {
            const char *method = quant_method_at(i)->name;
            double ranges[3][2];
            for (size_t k = 0; k < LENGTH(ranges); k++)
                run(make(method, (enum quant_scheme)scheme, k + 1), ranges[k]);
            assert_memory_equal(ranges[0], ranges[1], sizeof ranges[0]);
            assert_memory_equal(ranges[0], ranges[2], sizeof ranges[0]);
        }
}

/* Two calibrators count an input each. A third, which counts nothing, goes on with their results
 * put together, and finds the range that one finds which has both inputs. */
static void test_combined(void **state)
{
    (void)state;
    enum { HALF = 2 * QUANT_MEASURE_BLOCK + 5 };
    fill();
    for (size_t i = 1; quant_method_at(i); i++) {
        const char *method = quant_method_at(i)->name;
        struct quant_calibrator *parts[2];
        struct quant_calibrator *whole = make(method, QUANT_ZERO_POINT, 1);
        for (size_t k = 0; k < 2; k++)
            parts[k] = make(method, QUANT_ZERO_POINT, 1);
        while (!whole->done) {
            take_all(whole, 0, HALF);
            take_all(whole, HALF, LENGTH_MAX);
            take_all(parts[0], 0, HALF);
            take_all(parts[1], HALF, LENGTH_MAX);
            for (size_t k = 0; k < 2; k++)
                quant_calibrator_gather(parts[k]);
            for (size_t k = 0; k < whole->ncounts; k++)
                parts[0]->counts[k] += parts[1]->counts[k];
            for (size_t k = 0; k < QUANT_TALLY_MAXIMA; k++)
                if (parts[1]->maxima[k] > parts[0]->maxima[k])
                    parts[0]->maxima[k] = parts[1]->maxima[k];
            for (size_t k = 0; k < whole->nsums; k++)
                parts[0]->sums[k] += parts[1]->sums[k];
            assert_true(quant_calibrator_adds_up(parts[0]));
            memcpy(parts[1]->counts, parts[0]->counts, whole->ncounts * sizeof *whole->counts);
            memcpy(parts[1]->maxima, parts[0]->maxima, sizeof whole->maxima);
            memcpy(parts[1]->sums, parts[0]->sums, whole->nsums * sizeof *whole->sums);
            quant_calibrator_end_pass(whole);
            for (size_t k = 0; k < 2; k++)
                quant_calibrator_advance(parts[k]);
        }
        for (size_t k = 0; k < 2; k++) {
            assert_true(parts[k]->done);
            assert_memory_equal(parts[k]->range, whole->range, sizeof whole->range);
            quant_calibrator_free(parts[k]);
        }
        quant_calibrator_free(whole);
    }
}

/* A count too many, or a sum that is not finite, is found out. */
static void test_wrong_totals(void **state)
{
    (void)state;
    fill();
    for (size_t i = 1; quant_method_at(i); i++) {
        struct quant_calibrator *calibrator = make(quant_method_at(i)->name, QUANT_ABSMAX, 1);
        take_all(calibrator, 0, LENGTH_MAX);
        quant_calibrator_gather(calibrator);
        assert_true(quant_calibrator_adds_up(calibrator));
        if (calibrator->ncounts > 0)
            calibrator->counts[calibrator->ncounts / 2 + 4] += LENGTH_MAX;
        else
            calibrator->sums[0] = (double)INFINITY;
        assert_false(quant_calibrator_adds_up(calibrator));
        quant_calibrator_free(calibrator);
    }
}

/* Equal elements need no pass. */
static void test_done_at_once(void **state)
{
    (void)state;
    const float equal[] = {-2, -2};
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_observe(&observed, equal, LENGTH(equal));
    for (size_t i = 0; quant_method_at(i); i++) {
        const struct quant_spec spec = {.calibration = quant_method_at(i)->name};
        struct quant_plan plan;
        assert_int_equal(quant_plan_make(&spec, NULL, &plan, NULL), QUANT_OK);
        struct quant_calibrator *calibrator = quant_calibrator_new(&plan, &observed, 0, NULL);
        assert_non_null(calibrator);
        assert_true(calibrator->done && calibrator->range[0] == -2 && calibrator->range[1] == -2);
        quant_calibrator_free(calibrator);
    }
    quant_calibrator_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workers),
        cmocka_unit_test(test_combined),
        cmocka_unit_test(test_wrong_totals),
        cmocka_unit_test(test_done_at_once),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
