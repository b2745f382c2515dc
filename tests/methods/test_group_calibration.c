/* SPDX-License-Identifier: MIT */
/* Gathering the groups of a panel, and calibrating them one by one. core/groups compares all groups
 * of tensors with tensors. */
#include "methods/group_calibration.h"

#include <math.h>
#include <string.h>

#include "../support/floats.h"
#include "../support/unit.h"
#include "base/grouping.h"
#include "methods/plan_make.h"

static void test_gather(void **state)
{
    (void)state;
    const float x[] = {0, 1, 10, 11, 20, 21, 2, 3, 12, 13, 22, 23};
    const struct quant_grouping grouping = {.ngroups = 3, .repeat = 2, .row = 6};
    float group[4];
    for (uint64_t column = 0; column < 3; column++) {
        assert_int_equal(quant_panel_gather(&grouping, x, LENGTH(x), column, group), 4);
        for (size_t i = 0; i < 4; i++)
            assert_true(group[i] == 10 * (float)column + (float)i);
    }
}

static void test_begin(void **state)
{
    (void)state;
    const struct quant_grouping grouping = {.ngroups = 1, .repeat = 5, .row = 5};
    static const struct {
        const char *method;
        bool by_extremes;
        bool has_argument;
    } rows[] = {{"minmax", true, false}, {"sigma", false, true}, {"auto", false, false}};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct quant_spec spec = {.calibration = rows[i].method};
        struct quant_group_calibration calibration;
        struct quant_plan plan;
        assert_int_equal(quant_plan_make(&spec, NULL, &plan, NULL), QUANT_OK);
        quant_group_calibration_begin(&calibration, &plan, &grouping);
        assert_true(calibration.by_extremes == rows[i].by_extremes);
        assert_string_equal(calibration.nothing.calibration, rows[i].method);
        assert_true(calibration.nothing.has_calibration_argument == rows[i].has_argument);
        assert_int_equal(calibration.plan.nonfinite, QUANT_NONFINITE_SATURATE);
        assert_false(calibration.nothing.has_range);
    }
}

/* Panels of interleaved groups, and of one group; parameters and notes are those of each group. */
static void test_panels(void **state)
{
    (void)state;
    enum { ROWS = 40, COLUMNS = 6, N = ROWS * COLUMNS };
    static const struct quant_shape shape = {2, {ROWS, COLUMNS}};
    struct random random = random_begin();
    float x[N];
    float scratch[N];
    for (size_t i = 0; i < N; i++)
        x[i] = (float)random_unit(&random) + (i % COLUMNS == 4 ? 1e7F : 0); /* raises a scale */
    for (int axis = 0; axis < 2; axis++) {
        const struct quant_granularity granularity = {.has_axis = true, .axis = axis};
        const struct quant_spec spec = {.scheme = QUANT_ZERO_POINT, .calibration = "percentile"};
        struct quant_grouping grouping;
        struct quant_plan plan;
        struct quant_group_calibration calibration;
        struct quant_calibration_buffers buffers = {.trial = NULL};
        struct quant_group_notes notes = {{0}, {0}};
        float scales[N];
        int32_t zero_points[N];
        const struct quant_group_params params = {.scales = scales, .zero_points = zero_points};
        uint64_t expected_notes[QUANT_NOTE_KINDS] = {0};
        assert_int_equal(quant_plan_make(&spec, &granularity, &plan, NULL), QUANT_OK);
        assert_int_equal(quant_grouping_make(&granularity, &shape, QUANT_ORDER_C, &grouping, NULL),
                         QUANT_OK);
        quant_group_calibration_begin(&calibration, &plan, &grouping);
        for (uint64_t i = 0; i < quant_panel_count(&grouping); i++)
            assert_int_equal(quant_panel_calibrate(&calibration, &buffers, i,
                                                   x + quant_panel_at(&grouping, i).first, scratch,
                                                   &params, &notes, NULL),
                             QUANT_OK);
        for (uint64_t group = 0; group < grouping.count; group++) {
            struct quant_choice choice;
            size_t n = 0;
            for (size_t i = 0; i < N; i++)
                if (quant_grouping_group_of(&grouping, i) == group)
                    scratch[n++] = x[i];
            assert_int_equal(quant_calibrate(&spec, scratch, n, &choice, NULL), QUANT_OK);
            assert_true(same_bits(scales[group], choice.params.scale));
            assert_int_equal(zero_points[group], choice.params.zero_point);
            for (unsigned kind = 0; kind < QUANT_NOTE_KINDS; kind++)
                expected_notes[kind] += choice.notes >> kind & 1;
        }
        assert_memory_equal(notes.count, expected_notes, sizeof expected_notes);
        assert_true(axis == 0 || quant_grouping_first_of(&grouping, 4) == 4);
        quant_calibration_buffers_release(&buffers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gather),
        cmocka_unit_test(test_begin),
        cmocka_unit_test(test_panels),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
