/* SPDX-License-Identifier: MIT */
/* The candidates of auto, and the passes that are expected of a plan. */
#include "methods/auto.h"

#include "../support/unit.h"
#include "methods/plan_make.h"

static struct quant_plan make(const struct quant_spec *spec)
{
    struct quant_plan plan;
    assert_int_equal(quant_plan_make(spec, NULL, &plan, NULL), QUANT_OK);
    return plan;
}

/* Integers take all methods, floats those that do not assume evenly spaced levels. */
static void test_candidates(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct quant_spec spec = {.dtype = i == 0 ? QUANT_UINT4 : QUANT_FLOAT8_E4M3FN,
                                        .calibration = "auto"};
        const struct quant_plan plan = make(&spec);
        struct quant_plan candidates[QUANT_CALIBRATION_MAX];
        const size_t n = quant_plan_candidates(&plan, candidates);
        size_t at = 0;
        for (size_t k = 0; quant_method_at(k); k++) {
            struct quant_spec one = spec;
            one.calibration = quant_method_at(k)->name;
            if (quant_spec_check(&one, NULL) != QUANT_OK)
                continue;
            const struct quant_plan expected = make(&one);
            assert_true(at < n);
            assert_ptr_equal(candidates[at].method, expected.method);
            assert_true(candidates[at].argument == expected.argument);
            assert_int_equal(candidates[at].from, QUANT_RANGE_FOUND);
            assert_memory_equal(&candidates[at].target, &plan.target, sizeof plan.target);
            at++;
        }
        assert_int_equal(at, n);
        assert_true(n > 1 && (i == 0) == (quant_method_at(n) == NULL));
    }
}

static void test_passes(void **state)
{
    (void)state;
    unsigned sum = 1; /* the pass that measures */
    for (size_t k = 0; quant_method_at(k); k++) {
        const struct quant_calibration *method = quant_method_at(k);
        struct quant_spec spec = {.calibration = method->name};
        struct quant_plan plan = make(&spec);
        assert_int_equal(quant_plan_passes(&plan), method->passes);
        sum += method->passes;
        spec.has_clip = spec.clip_is_calibrated = true;
        spec.clip[1] = 1;
        plan = make(&spec);
        assert_int_equal(quant_plan_passes(&plan), 0);
    }
    const struct quant_plan plan = make(&(struct quant_spec){.calibration = "auto"});
    assert_int_equal(quant_plan_passes(&plan), sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
