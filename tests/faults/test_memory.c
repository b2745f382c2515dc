/* SPDX-License-Identifier: MIT */
/*
 * The functions in memory, with an allocation that fails: the first, the second, the third ...
 * until a call makes fewer. It then reports QUANT_NO_MEMORY, with the text that belongs to it, and
 * loses nothing; after the last one it finds what it finds without faults.
 */
#include "faults.h"

#include <math.h>
#include <quant/groups.h>
#include <string.h>

#include "../support/names.h"
#include "../support/random.h"
#include "../support/unit.h"

enum { N = 300, GROUPS = 64 };

struct found {
    enum quant_status status;
    struct quant_error error;
    float scales[GROUPS];
    int32_t zero_points[GROUPS];
    struct faults_seen seen;
};

/* The tensor as one, then near groups, far ones, blocks in a row, and blocks of rows and columns.
 */
static const struct quant_granularity granularities[] = {
    {false, 0, 0, 0}, {true, 0, 0, 0}, {true, 1, 0, 0}, {true, 1, 7, 0}, {false, 0, 8, 5},
};

/* By a spec over a shape of 15 x 20; without a granularity as quant_calibrate does. */
static void calibrate(const struct quant_spec *spec, const struct quant_granularity *granularity,
                      const float *x, struct found *found)
{
    const struct quant_shape shape = {2, {15, 20}};
    struct quant_grouping grouping;
    struct quant_params common;
    struct quant_choice choice;
    unsigned notes;
    const struct quant_group_params groups = {0, found->scales, found->zero_points, NULL, NULL};
    memset(found->scales, 0, sizeof found->scales);
    memset(found->zero_points, 0, sizeof found->zero_points);
    found->error = (struct quant_error){.status = QUANT_OK};
    if (!granularity) {
        found->status = quant_calibrate(spec, x, N, &choice, &found->error);
        if (found->status == QUANT_OK) {
            found->scales[0] = choice.params.scale;
            found->zero_points[0] = choice.params.zero_point;
        }
        return;
    }
    assert_int_equal(
        quant_grouping_make(granularity, &shape, QUANT_ORDER_C, &grouping, &found->error),
        QUANT_OK);
    assert_in_range(grouping.count, 1, GROUPS);
    found->status =
        quant_calibrate_groups(spec, &grouping, x, &common, &groups, &notes, &found->error);
}

/* The number of calls that can fail. */
static unsigned long move_through(const struct quant_spec *spec,
                                  const struct quant_granularity *granularity, const float *x,
                                  bool from_then_on)
{
    static struct found whole;
    static struct found found;
    calibrate(spec, granularity, x, &whole);
    assert_int_equal(whole.status, QUANT_OK);
    for (unsigned long n = 1;; n++) {
        faults_arm(FAULT_MEMORY, n, from_then_on);
        calibrate(spec, granularity, x, &found);
        found.seen = faults_disarm();
        assert_int_equal(found.seen.live, 0);
        if (!found.seen.fired) {
            assert_int_equal(found.status, QUANT_OK);
            assert_memory_equal(found.scales, whole.scales, sizeof whole.scales);
            assert_memory_equal(found.zero_points, whole.zero_points, sizeof whole.zero_points);
            return n - 1;
        }
        if (found.status != QUANT_NO_MEMORY)
            fail_msg("%s: allocation %lu failed: status %d", spec->calibration, n, found.status);
        assert_int_equal(found.error.status, QUANT_NO_MEMORY);
        assert_non_null(strstr(found.error.text, "calibration"));
    }
}

static void test_calibrations(void **state)
{
    (void)state;
    float x[N];
    struct random random = random_begin();
    for (size_t i = 0; i < N; i++)
        x[i] = (float)(random_unit(&random) - 0.4) * (float)(1 + i % 20);
    unsigned long one_range = 0; /* allocations */
    for (size_t i = 0; method_name(i); i++) {
        const struct quant_spec spec = {.calibration = method_name(i)};
        for (int from_then_on = 0; from_then_on < 2; from_then_on++) {
            one_range += move_through(&spec, NULL, x, from_then_on);
            for (size_t k = 0; k < LENGTH(granularities); k++) {
                const unsigned long ncalls =
                    move_through(&spec, &granularities[k], x, from_then_on);
                assert_true(ncalls > 0 || k == 0);
            }
        }
    }
    assert_true(one_range > 0);
}

static void test_measure(void **state)
{
    (void)state;
    const struct quant_params params = {.dtype = QUANT_INT8, .scale = 1};
    faults_arm(FAULT_MEMORY, 1, false);
    struct quant_measure *none = quant_measure_new(&params);
    struct quant_measure *measure = quant_measure_new(&params);
    quant_measure_free(none);
    quant_measure_free(measure);
    const struct faults_seen seen = faults_disarm();
    assert_null(none);
    assert_non_null(measure);
    assert_true(seen.fired);
    assert_int_equal(seen.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calibrations),
        cmocka_unit_test(test_measure),
    };
    return cmocka_run_group_tests_name("faults: in memory", tests, NULL, NULL);
}
