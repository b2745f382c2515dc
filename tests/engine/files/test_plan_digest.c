/* SPDX-License-Identifier: MIT */
/* Equal plans have equal digests, and every option that the bytes depend on changes the digest. */
#include "../../support/files.h"

#include "engine/files/plan_digest.h"
#include "formats/format.h"

static uint64_t digest_of(const struct quant_quantize_job *job, const char *format)
{
    struct quant_mappings mappings;
    struct quant_error error;
    check_ok(quant_mappings_make(&mappings, job, &error), &error);
    const uint64_t digest = quant_plan_digest(&mappings, quant_format_from_name(format));
    quant_mappings_release(&mappings);
    return digest;
}

static const struct quant_quantize_job jobs[] = {
    {.spec = {.scheme = QUANT_ABSMAX}},
    {.spec = {.scheme = QUANT_ZERO_POINT}},
    {.spec = {.dtype = QUANT_UINT8}},
    {.spec = {.dtype = QUANT_INT4}},
    {.spec = {.dtype = QUANT_FLOAT16}},
    {.spec = {.scale_dtype = QUANT_FLOAT16}},
    {.spec = {.rounding = QUANT_HALF_AWAY}},
    {.spec = {.include_zero = true, .scheme = QUANT_ZERO_POINT}},
    {.spec = {.has_qmin = true, .qmin = -100}},
    {.spec = {.has_qmax = true, .qmax = 100}},
    {.spec = {.nonfinite = QUANT_NONFINITE_SATURATE}},
    {.spec = {.calibration = "mse"}},
    {.spec = {.calibration = "auto"}},
    {.spec = {.calibration = "percentile"}},
    {.spec = {.calibration = "percentile",
              .has_calibration_argument = true,
              .calibration_argument = 99}},
    {.spec = {.has_clip = true, .clip = {-1, 1}}},
    {.spec = {.has_clip = true, .clip = {-1, 2}}},
    {.spec = {.has_scale = true, .scale = 3}},
    {.spec = {.has_scale = true, .scale = 4}},
    {.granularity = {true, 0, 0, 0}},
    {.granularity = {true, 1, 0, 0}},
    {.granularity = {false, 0, 32, 0}},
    {.granularity = {true, 1, 32, 0}},
    {.has_min_dims = true, .min_dims = 0},
    {.has_min_dims = true, .min_dims = 1},
    {.selection = {.include = (const char *const[]){"a"}, .ninclude = 1}},
    {.selection = {.include = (const char *const[]){"a", "b"}, .ninclude = 2}},
    {.selection = {.include = (const char *const[]){"b", "a"}, .ninclude = 2}},
    {.selection = {.include = (const char *const[]){"ab"}, .ninclude = 1}},
    {.selection = {.exclude = (const char *const[]){"a"}, .nexclude = 1}},
    {.rules = (const struct quant_rule[]){{.pattern = "a"}}, .nrules = 1},
    {.rules = (const struct quant_rule[]){{.pattern = "a", .copies = true}}, .nrules = 1},
    {.rules = (const struct quant_rule[]){{.pattern = "b"}}, .nrules = 1},
    {.rules = (const struct quant_rule[]){{.pattern = "a", .spec = {.dtype = QUANT_INT4}}},
     .nrules = 1},
    {.rules = (const struct quant_rule[]){{.pattern = "a", .has_min_dims = true}}, .nrules = 1},
    {.rules = (const struct quant_rule[]){{.pattern = "a", .granularity = {.has_axis = true}}},
     .nrules = 1},
    {.rules = (const struct quant_rule[]){{.pattern = "a"}, {.pattern = "b"}}, .nrules = 2},
    {.rules = (const struct quant_rule[]){{.pattern = "b"}, {.pattern = "a"}}, .nrules = 2},
};

static void test_differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(jobs); i++) {
        assert_int_equal(digest_of(&jobs[i], "npy"), digest_of(&jobs[i], "npy"));
        assert_int_not_equal(digest_of(&jobs[i], "npy"), digest_of(&jobs[i], "raw"));
        for (size_t k = 0; k < i; k++)
            if (digest_of(&jobs[i], "npy") == digest_of(&jobs[k], "npy"))
                fail_msg("plans %zu and %zu have one digest", k, i);
    }
}

/* What the bytes do not depend on, and other ways to write the defaults. */
static void test_equal(void **state)
{
    (void)state;
    const uint64_t expected = digest_of(&jobs[0], "npy");
    const struct quant_quantize_job same[] = {
        {.control = {.threads = 7}},
        {.measure = true},
        {.input = {.path = "w.npy"}, .output = {.path = "q.npy", .force = true}},
        {.spec = {.dtype = QUANT_INT8}},
        {.spec = {.calibration = "minmax"}},
        {.spec = {.scale_dtype = QUANT_FLOAT32}},
        {.spec = {.has_qmin = true, .qmin = -127, .has_qmax = true, .qmax = 127}},
    };
    for (size_t i = 0; i < LENGTH(same); i++)
        if (digest_of(&same[i], "npy") != expected)
            fail_msg("job %zu has another digest", i);
}

/* An interrupted run may be continued by a later version. */
static void test_stable(void **state)
{
    (void)state;
    static const uint64_t known[] = {0xBF35369FA41E5B7FU, 0x9184ED1E23DD60EEU, 0xF7D9DD1327F24CA5U};
    static const size_t numbers[] = {0, 14, 22};
    for (size_t i = 0; i < LENGTH(numbers); i++)
        assert_int_equal(digest_of(&jobs[numbers[i]], "safetensors"), known[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
