/* SPDX-License-Identifier: MIT */
/* Plans that give other bytes have other digests; specs that come to the same plan have the same.
 */
#include "engine/files/plan_digest.h"

#include "../../support/unit.h"
#include "methods/plan_make.h"

static uint64_t digest(const struct quant_quantize_job *job, const char *format)
{
    struct quant_plan plan;
    struct quant_error error;
    if (quant_plan_make(&job->spec, &job->granularity, &plan, &error) != QUANT_OK)
        fail_msg("%s", error.text);
    return quant_plan_digest(&plan, job, format);
}

static void test_differences(void **state)
{
    (void)state;
    static const struct quant_quantize_job jobs[] = {
        {.spec = {0}},
        {.spec = {.scheme = QUANT_ZERO_POINT}},
        {.spec = {.scheme = QUANT_ZERO_POINT, .include_zero = true}},
        {.spec = {.dtype = QUANT_UINT8}},
        {.spec = {.dtype = QUANT_FLOAT16}},
        {.spec = {.scale_dtype = QUANT_FLOAT16}},
        {.spec = {.rounding = QUANT_HALF_AWAY}},
        {.spec = {.nonfinite = QUANT_NONFINITE_SATURATE}},
        {.spec = {.has_qmin = true, .qmin = -128}},
        {.spec = {.has_qmax = true, .qmax = 126}},
        {.spec = {.has_clip = true, .clip = {-1, 1}}},
        {.spec = {.has_clip = true, .clip = {-1, 2}}},
        {.spec = {.has_clip = true, .clip = {-1, 2}, .clip_is_calibrated = true}},
        {.spec = {.has_scale = true, .scale = 1}},
        {.spec = {.has_scale = true, .scale = 2}},
        {.spec = {.has_scale = true, .scale = 2, .has_zero_point = true, .zero_point = -1}},
        {.spec = {.calibration = "percentile"}},
        {.spec = {.calibration = "percentile",
                  .has_calibration_argument = true,
                  .calibration_argument = 99}},
        {.spec = {.calibration = "auto"}},
        {.granularity = {.has_axis = true}},
        {.granularity = {.has_axis = true, .axis = -1}},
        {.granularity = {.block_size = 32}},
        {.has_min_dims = true, .min_dims = 2},
    };
    uint64_t digests[LENGTH(jobs) + 1];
    for (size_t i = 0; i < LENGTH(jobs); i++)
        digests[i] = digest(&jobs[i], "safetensors");
    digests[LENGTH(jobs)] = digest(&jobs[0], "npz");
    for (size_t i = 0; i < LENGTH(digests); i++)
        for (size_t k = 0; k < i; k++)
            if (digests[i] == digests[k])
                fail_msg("jobs %zu and %zu have the same digest", k, i);
}

static void test_defaults(void **state)
{
    (void)state;
    const struct quant_quantize_job open = {.spec = {0}};
    const struct quant_quantize_job filled_in = {.spec = {.dtype = QUANT_INT8,
                                                          .scale_dtype = QUANT_FLOAT32,
                                                          .calibration = "minmax",
                                                          .has_qmin = true,
                                                          .qmin = -127,
                                                          .has_qmax = true,
                                                          .qmax = 127}};
    assert_true(digest(&open, "safetensors") == digest(&filled_in, "safetensors"));
}

/* A later version must still find the digest that an earlier one wrote. */
static void test_known(void **state)
{
    (void)state;
    const struct quant_quantize_job job = {.spec = {.calibration = "sigma"}};
    const uint64_t found = digest(&job, "safetensors");
    if (found != UINT64_C(0xC11F144557604D87))
        fail_msg("the digest is 0x%016llX", (unsigned long long)found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
