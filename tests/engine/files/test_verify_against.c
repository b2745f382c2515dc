/* SPDX-License-Identifier: MIT */
/* Quantized files beside their originals, and beside other quantizations of these. */
#include "../verifying.h"

enum { ROWS = 60000, N = 5 * ROWS };

static float *floats;

/* In several chunks, so that places and threads matter. */
static int write_floats(void **state)
{
    if (folder_enter(state) != 0)
        return -1;
    floats = make_floats(N);
    write_npy("x.npy", floats, N, false, "(60000, 5)");
    return 0;
}

static int leave(void **state)
{
    free(floats);
    return folder_leave(state);
}

static struct quant_quantize_job job_to(const char *output, enum quant_dtype dtype)
{
    struct quant_quantize_job job = quantize_job("x.npy", output);
    job.output.force = true;
    job.measure = false;
    job.spec.dtype = dtype;
    return job;
}

static void expect_like(const char *path, const char *against, enum quant_likeness likeness,
                        const char *scales, const char *words)
{
    for (unsigned threads = 1; threads <= 4; threads += 3) {
        struct found found;
        verify_with(path, against, threads, &found);
        if (found.likeness != likeness || (found.n > 0) != (words != NULL))
            fail_msg("%s against %s: %s, %s", path, against, quant_likeness_name(found.likeness),
                     found.n > 0 ? found.texts[0] : "no fault");
        if (scales)
            assert_string_equal(found.scales, scales);
        if (words && !strstr(found.texts[0], words))
            fail_msg("%s against %s: %s, not %s", path, against, found.texts[0], words);
    }
}

/* ---- The original ---------------------------------------------------------------------------- */

static void test_original(void **state)
{
    (void)state;
    struct quant_quantize_job job = job_to("q.npy", QUANT_INT8);
    quantize_ok(&job);
    expect_like("q.npy", "x.npy", QUANT_SAME_BYTES, "minmax", NULL);
    job.spec.scheme = QUANT_ZERO_POINT;
    job.spec.include_zero = true;
    job.spec.calibration = "percentile";
    quantize_ok(&job);
    expect_like("q.npy", "x.npy", QUANT_SAME_BYTES, "percentile", NULL);
    job = job_to("q.npy", QUANT_INT4);
    job.spec.has_clip = true;
    job.spec.clip[0] = -1;
    job.spec.clip[1] = 1.5;
    quantize_ok(&job);
    expect_like("q.npy", "x.npy", QUANT_SAME_BYTES, "range", NULL);
    job = job_to("q.npy", QUANT_UINT16);
    job.spec.has_scale = true;
    job.spec.scale = 0.01F;
    quantize_ok(&job);
    expect_like("q.npy", "x.npy", QUANT_SAME_BYTES, "given", NULL);
    job = job_to("q.npy", QUANT_BFLOAT16);
    quantize_ok(&job);
    expect_like("q.npy", "x.npy", QUANT_SAME_BYTES, "none", NULL);
    job = job_to("q.npy", QUANT_UINT8);
    job.granularity = (struct quant_granularity){true, 1, 0, 0};
    job.spec.calibration = "auto";
    quantize_ok(&job);
    expect_like("q.npy", "x.npy", QUANT_SAME_BYTES, "auto", NULL);
}

/* One float is another, in the second chunk; then the scale is another. */
static void test_changed_original(void **state)
{
    (void)state;
    struct quant_quantize_job job = job_to("q.npy", QUANT_INT8);
    quantize_ok(&job);
    floats[200001] += 3;
    write_npy("y.npy", floats, N, false, "(60000, 5)");
    expect_like("q.npy", "y.npy", QUANT_DIFFERENT, NULL,
                "'q.npy': element 200001, index [40000, 1], is ");
    floats[200001] -= 3;
    floats[7] = 100; /* the integer is clamped with the old scale, and the range is another */
    write_npy("y.npy", floats, N, false, "(60000, 5)");
    expect_like("q.npy", "y.npy", QUANT_DIFFERENT, "range", "element 7, index [1, 2], is ");
    write_npy("z.npy", floats, 10, false, "(2, 5)");
    expect_like("q.npy", "z.npy", QUANT_NOT_COMPARED, NULL, "its shape is (2, 5)");
    expect_like("q.npy", "nowhere.npy", QUANT_NOT_COMPARED, NULL, "cannot read 'nowhere.npy'");
}

/* Scales in the sidecar have no checksum; the original shows that they are not its own. */
static void test_other_rule(void **state)
{
    (void)state;
    struct quant_quantize_job job = job_to("q.npy", QUANT_INT8);
    job.granularity = (struct quant_granularity){true, 1, 0, 0};
    job.spec.calibration = "percentile";
    quantize_ok(&job);
    size_t nbytes;
    char *text = (char *)file_read("q.npy.json", &nbytes);
    char *method = strstr(text, "\"percentile\"");
    char *argument = strstr(text, "\"argument\": 99.9");
    assert_true(method && argument);
    memcpy(argument, "\"argument\": 99.0", 16); /* the scales are those of another percentile */
    file_write("q.npy.json", text, nbytes);
    free(text);
    expect_like("q.npy", "x.npy", QUANT_OTHER_SCALES, "other",
                "'q.npy': its scales are not those of percentile: group 0 has scale ");
}

/* ---- Another quantized file ------------------------------------------------------------------ */

static void test_other_file(void **state)
{
    (void)state;
    struct quant_quantize_job job = job_to("a.npy", QUANT_INT8);
    quantize_ok(&job);
    job.output.path = "b.npy";
    quantize_ok(&job);
    expect_like("a.npy", "b.npy", QUANT_SAME_BYTES, NULL, NULL);
    job.granularity = (struct quant_granularity){true, 1, 0, 0};
    quantize_ok(&job);
    expect_like("a.npy", "b.npy", QUANT_OTHER_SCALES, NULL, "within half a step: its scales");
    job = job_to("b.npy", QUANT_UINT4);
    job.spec.scheme = QUANT_ZERO_POINT;
    job.spec.calibration = "mse";
    quantize_ok(&job);
    expect_like("a.npy", "b.npy", QUANT_OTHER_SCALES, NULL, "its scales are up to ");
    floats[200001] = -floats[200001] + 3;
    write_npy("x.npy", floats, N, false, "(60000, 5)");
    job = job_to("b.npy", QUANT_INT16);
    quantize_ok(&job);
    expect_like("a.npy", "b.npy", QUANT_DIFFERENT, NULL,
                "'a.npy': element 200001, index [40000, 1], is ");
}

/* int8 by absmax, and the same integers 128 higher: uint8 with the zero point 128. */
static void test_same_values(void **state)
{
    (void)state;
    struct quant_quantize_job job = job_to("a.npy", QUANT_INT8);
    job.spec.has_scale = true;
    job.spec.scale = 0.125F;
    quantize_ok(&job);
    job.output.path = "b.npy";
    job.spec.dtype = QUANT_UINT8;
    job.spec.has_zero_point = true;
    job.spec.zero_point = 128;
    quantize_ok(&job);
    expect_like("a.npy", "b.npy", QUANT_SAME_VALUES, NULL, NULL);
    assert_int_equal(remove("b.npy.json"), 0);
    job.spec.dtype = QUANT_INT8;
    job.spec.zero_point = 0;
    job.output.path = "c.npy";
    quantize_ok(&job);
    assert_int_equal(remove("c.npy.json"), 0);
    expect_like("a.npy", "c.npy", QUANT_SAME_BYTES, NULL, NULL); /* integers alone */
}

/* ---- Containers ------------------------------------------------------------------------------ */

static const char header[] =
    "{\"w\":{\"dtype\":\"F32\",\"shape\":[300,500],\"data_offsets\":[0,600000]},"
    "\"v\":{\"dtype\":\"F32\",\"shape\":[300,499],\"data_offsets\":[600000,1198800]}}";

static void test_containers(void **state)
{
    (void)state;
    file_write_container("x.safetensors", header, floats, 1198800);
    struct quant_quantize_job job = job_to("q.safetensors", QUANT_INT4);
    job.input.path = "x.safetensors";
    job.granularity = (struct quant_granularity){false, 0, 32, 0};
    quantize_ok(&job);
    expect_like("q.safetensors", "x.safetensors", QUANT_SAME_BYTES, "minmax", NULL);
    job.output.path = "r.safetensors";
    job.spec.dtype = QUANT_INT8;
    job.spec.scheme = QUANT_ZERO_POINT;
    job.granularity = (struct quant_granularity){true, 0, 0, 0};
    quantize_ok(&job);
    expect_like("q.safetensors", "r.safetensors", QUANT_OTHER_SCALES, NULL,
                "'q.safetensors: w': other values than in 'r.safetensors: w'");
    /* As another program may have written it: without a sidecar. */
    job.output.path = "s.safetensors";
    quantize_ok(&job);
    assert_int_equal(remove("s.safetensors.json"), 0);
    expect_like("r.safetensors", "s.safetensors", QUANT_SAME_BYTES, NULL, NULL);
    expect_like("r.safetensors", "x.npy", QUANT_NOT_COMPARED, NULL, "it has one tensor");
}

int main(void)
{
#define IN_FLOATS(test) cmocka_unit_test_setup_teardown(test, write_floats, leave)
    const struct CMUnitTest tests[] = {
        IN_FLOATS(test_original),   IN_FLOATS(test_changed_original), IN_FLOATS(test_other_rule),
        IN_FLOATS(test_other_file), IN_FLOATS(test_same_values),      IN_FLOATS(test_containers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
