/* SPDX-License-Identifier: MIT */
/* QUANT_RESUME: what the same job wrote is left alone, whatever its options; with any other option,
 * a newer source, or damage it is made anew, and is then what a run without QUANT_RESUME writes. */
#include "../engine.h"

#include <time.h>

static const char header[] =
    "{\"w\":{\"dtype\":\"F32\",\"shape\":[6,20],\"data_offsets\":[0,480]},"
    "\"b\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[480,504]}}    ";

struct seen {
    bool is_complete;
    enum quant_status status;
};

static bool see_file(void *context, const struct quant_file_result *result)
{
    struct seen *seen = context;
    *seen = (struct seen){result->is_complete, result->status};
    if (result->is_complete) {
        assert_null(result->found);
        assert_null(result->restored);
    }
    return true;
}

/* Whether the output was complete. */
static bool resume(const struct quant_quantize_job *job, uint64_t way)
{
    struct quant_quantize_job own = *job;
    struct quant_quantize_result result;
    struct quant_error error;
    struct seen seen = {.is_complete = false};
    own.ways = way;
    own.control = (struct quant_control){.on_file = see_file, .context = &seen, .threads = 1};
    check_ok(quant_file_quantize(&own, &result, &error), &error);
    return seen.is_complete;
}

static void write_inputs(void)
{
    float *x = make_floats(200000);
    write_npy("a.npy", x, 120, false, "(6, 20)");
    write_npy("f.npy", x, 120, true, "(6, 20)");
    write_npy("many.npy", x, 140000, false, "(70000, 2)");
    write_json("j.json", x, 120);
    write_raw("r.bin", x, 121);
    file_write_container("c.safetensors", header, x, 504);
    free(x);
}

static const struct quant_spec specs[] = {
    {.dtype = QUANT_INT8},
    {.dtype = QUANT_INT8, .scheme = QUANT_ZERO_POINT},
    {.dtype = QUANT_INT8, .scheme = QUANT_ZERO_POINT, .rounding = QUANT_HALF_AWAY},
    {.dtype = QUANT_UINT8},
    {.dtype = QUANT_INT4},
    {.dtype = QUANT_UINT16, .scheme = QUANT_ZERO_POINT},
    {.dtype = QUANT_FLOAT8_E4M3FN},
    {.dtype = QUANT_FLOAT8_E5M2, .scale_dtype = QUANT_BFLOAT16},
    {.dtype = QUANT_INT8, .scale_dtype = QUANT_FLOAT16},
    {.dtype = QUANT_INT8, .calibration = "mse"},
    {.dtype = QUANT_INT8, .calibration = "entropy"},
    {.dtype = QUANT_INT8,
     .calibration = "percentile",
     .has_calibration_argument = true,
     .calibration_argument = 99},
    {.dtype = QUANT_INT8,
     .calibration = "percentile",
     .has_calibration_argument = true,
     .calibration_argument = 98},
    {.dtype = QUANT_INT8, .has_qmin = true, .qmin = -5, .has_qmax = true, .qmax = 5},
    {.dtype = QUANT_BFLOAT16},
    {.dtype = QUANT_FLOAT16},
    {.dtype = QUANT_INT8, .has_clip = true, .clip = {-1, 1}},
    {.dtype = QUANT_INT8, .has_clip = true, .clip = {-1, 2}},
    {.dtype = QUANT_INT8, .has_scale = true, .scale = 0.25F},
    {.dtype = QUANT_INT8,
     .scheme = QUANT_ZERO_POINT,
     .has_scale = true,
     .scale = 0.25F,
     .has_zero_point = true,
     .zero_point = 3},
};

enum { SPECS = sizeof specs / sizeof specs[0], WITH_GROUPS = 14 };

static const struct quant_granularity granularities[] = {{.has_axis = false},
                                                         {.has_axis = true, .axis = 0},
                                                         {.has_axis = true, .axis = -1},
                                                         {.block_size = 7}};

static struct quant_quantize_job job_of(const char *input, const char *output, size_t spec,
                                        size_t granularity)
{
    struct quant_quantize_job job = quantize_job(input, output);
    job.measure = false;
    job.spec = specs[spec];
    job.spec.nonfinite = QUANT_NONFINITE_SATURATE;
    if (spec < WITH_GROUPS)
        job.granularity = granularities[granularity];
    return job;
}

static void test_same_job(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"a.npy", "a.out.npy"},
                                           {"f.npy", "f.out.npy"},
                                           {"r.bin", "r.out.bin"},
                                           {"a.npy", "a.out.json"},
                                           {"c.safetensors", "c.out.safetensors"},
                                           {"a.npy", "a.out.safetensors"}};
    write_inputs();
    for (size_t i = 0; i < 6; i++)
        for (size_t spec = 0; spec < SPECS; spec++)
            for (size_t g = 0; g < 4; g++) {
                if (i == 2 && granularities[g].has_axis && granularities[g].axis > 0)
                    continue;
                /* A zero point at an end may come from a range that was extended, or not. */
                const bool is_single = !strstr(pairs[i][1], ".safetensors");
                if (is_single && specs[spec].scheme == QUANT_ZERO_POINT && (g >= 2 || i == 2))
                    continue;
                const struct quant_quantize_job job = job_of(pairs[i][0], pairs[i][1], spec, g);
                resume(&job, QUANT_RESUME); /* over what the job before has written */
                assert_true(resume(&job, QUANT_RESUME));
                assert_true(resume(&job, QUANT_RESUME_FAST));
            }
}

/* Each pair of different specs: the outputs of one are not those of the other. */
static void test_other_spec(void **state)
{
    (void)state;
    write_inputs();
    for (size_t i = 0; i < SPECS; i++)
        for (size_t k = 0; k < SPECS; k++) {
            const bool is_container = (i + k) % 2;
            const char *input = is_container ? "c.safetensors" : "a.npy";
            const char *output = is_container ? "o.safetensors" : "o.npy";
            const struct quant_quantize_job old = job_of(input, output, i, 0);
            const struct quant_quantize_job new = job_of(input, output, k, 0);
            resume(&old, QUANT_RESUME);
            assert_int_equal(resume(&new, QUANT_RESUME), i == k);
        }
}

static void test_other_options(void **state)
{
    (void)state;
    write_inputs();
    for (int i = 0; i < 2; i++) {
        const char *input = i ? "c.safetensors" : "a.npy";
        const char *output = i ? "o.safetensors" : "o.npy";
        struct quant_quantize_job job = job_of(input, output, 1, 1);
        resume(&job, QUANT_RESUME);
        assert_true(resume(&job, QUANT_RESUME));
        for (size_t g = 0; g < 4; g++) {
            job.granularity = granularities[g];
            assert_false(resume(&job, QUANT_RESUME_FAST)); /* g was another one before */
            assert_true(resume(&job, QUANT_RESUME_FAST));
        }
        struct quant_quantize_job renamed = job;
        renamed.input.path = i ? "c2.safetensors" : "a2.npy";
        assert_int_equal(rename(input, renamed.input.path), 0);
        assert_false(resume(&renamed, QUANT_RESUME));
        assert_true(resume(&renamed, QUANT_RESUME));
        assert_int_equal(rename(renamed.input.path, input), 0);
    }
}

/* A range that ends in 0 may have been extended or not: such an output is made anew, unless minmax
 * shows what was observed. */
static void test_include_zero(void **state)
{
    (void)state;
    float x[40];
    for (int i = 0; i < 40; i++)
        x[i] = 1 + (float)i;
    write_npy("p.npy", x, 40, false, "(2, 20)");
    struct quant_quantize_job job = quantize_job("p.npy", "o.npy");
    job.measure = false;
    job.spec.scheme = QUANT_ZERO_POINT;
    for (int with_axis = 0; with_axis < 2; with_axis++) {
        job.granularity = (struct quant_granularity){.has_axis = with_axis};
        job.spec.include_zero = false;
        resume(&job, QUANT_RESUME);
        assert_true(resume(&job, QUANT_RESUME));
        job.spec.include_zero = true;
        assert_false(resume(&job, QUANT_RESUME));
        assert_int_equal(resume(&job, QUANT_RESUME), !with_axis);
        job.spec.include_zero = false;
        assert_false(resume(&job, QUANT_RESUME));
    }
    job.granularity = (struct quant_granularity){.has_axis = false};
    job.spec.calibration = "mse";
    resume(&job, QUANT_RESUME);
    assert_true(resume(&job, QUANT_RESUME));
    job.spec.include_zero = true;
    assert_false(resume(&job, QUANT_RESUME));
    assert_false(resume(&job, QUANT_RESUME));
    job.spec = (struct quant_spec){.calibration = "auto"};
    resume(&job, QUANT_RESUME);
    assert_false(resume(&job, QUANT_RESUME)); /* auto leaves no trace */
}

static void set_age(const char *path, time_t seconds)
{
    const struct timespec times[2] = {{.tv_sec = time(NULL) - seconds},
                                      {.tv_sec = time(NULL) - seconds}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void damage(const char *path, long offset)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_END), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, offset, SEEK_END), 0);
    assert_true(fputc(byte ^ 1, file) != EOF);
    assert_int_equal(fclose(file), 0);
}

static void test_damage(void **state)
{
    (void)state;
    static const char *const pairs[][3] = {
        {"a.npy", "o.npy", "o.npy"},
        {"c.safetensors", "o.safetensors", "o.safetensors"},
        {"many.npy", "m.npy", "m.npy.scales"},
    };
    write_inputs();
    for (size_t i = 0; i < 3; i++) {
        const char *output = pairs[i][1];
        const char *damaged = pairs[i][2];
        char sidecar[64];
        const struct quant_quantize_job job = job_of(pairs[i][0], output, 0, 1);
        snprintf(sidecar, sizeof sidecar, "%s.json", output);
        assert_false(resume(&job, QUANT_RESUME));
        assert_true(resume(&job, QUANT_RESUME));
        size_t before;
        unsigned char *bytes = file_read(damaged, &before);
        damage(damaged, -1);
        assert_true(i == 2 || resume(&job, QUANT_RESUME_FAST)); /* it trusts checksums */
        assert_false(resume(&job, QUANT_RESUME));
        size_t after;
        unsigned char *again = file_read(damaged, &after);
        assert_int_equal(after, before);
        assert_memory_equal(again, bytes, before);
        free(bytes);
        free(again);
        assert_int_equal(truncate(output, 100), 0);
        assert_false(resume(&job, QUANT_RESUME_FAST));
        assert_int_equal(unlink(sidecar), 0);
        assert_false(resume(&job, QUANT_RESUME_FAST));
        assert_int_equal(unlink(output), 0);
        assert_false(resume(&job, QUANT_RESUME_FAST));
        assert_int_equal(truncate(sidecar, 100), 0);
        assert_false(resume(&job, QUANT_RESUME_FAST));
        set_age(sidecar, 100);
        assert_false(resume(&job, QUANT_RESUME_FAST)); /* the source is newer */
        set_age(pairs[i][0], 100);
        assert_true(resume(&job, QUANT_RESUME));
    }
}

/* ---- Restoring ---- */

static bool resume_restoring(const char *path, const char *output, uint64_t way)
{
    struct quant_dequantize_job job = dequantize_job(path, output);
    struct quant_dequantize_result result;
    struct quant_error error;
    struct seen seen = {.is_complete = false};
    job.measure = false;
    job.ways = way;
    job.control = (struct quant_control){.on_file = see_file, .context = &seen, .threads = 2};
    check_ok(quant_file_dequantize(&job, &result, &error), &error);
    return seen.is_complete;
}

static void test_restoring(void **state)
{
    (void)state;
    static const char *const triples[][3] = {{"a.npy", "q.npy", "b.npy"},
                                             {"a.npy", "q.json", "b.json"},
                                             {"c.safetensors", "q.safetensors", "b.safetensors"}};
    write_inputs();
    for (size_t i = 0; i < 3; i++) {
        const char *q = triples[i][1];
        const char *output = triples[i][2];
        struct quant_quantize_job job = job_of(triples[i][0], q, 0, 0);
        resume(&job, QUANT_RESUME);
        assert_false(resume_restoring(q, output, QUANT_RESUME));
        assert_true(resume_restoring(q, output, QUANT_RESUME));
        assert_true(resume_restoring(q, output, QUANT_RESUME_FAST));
        damage(output, -2);
        assert_true(resume_restoring(q, output, QUANT_RESUME_FAST));
        assert_false(resume_restoring(q, output, QUANT_RESUME));
        assert_true(resume_restoring(q, output, QUANT_RESUME));
        file_write(output, "short", 5);
        assert_int_equal(resume_restoring(q, output, QUANT_RESUME_FAST), i == 1); /* text */
        resume_restoring(q, output, QUANT_RESUME);
        set_age(output, 100);
        assert_false(resume_restoring(q, output, QUANT_RESUME_FAST));
        set_age(output, 100);
        assert_true(resume_restoring(q, output, QUANT_RESUME)); /* the bytes are right */
    }
}

static void test_wrong_call(void **state)
{
    (void)state;
    struct quant_error error;
    struct quant_quantize_result result;
    struct quant_quantize_job job = quantize_job("a.npy", "o.npy");
    job.ways = QUANT_RESUME;
    job.output.force = true;
    check_error("force", quant_file_quantize(&job, &result, &error), &error, QUANT_INVALID,
                "output.force");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_job, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_other_spec, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_other_options, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_include_zero, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_damage, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_restoring, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(test_wrong_call, folder_enter, folder_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
