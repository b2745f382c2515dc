/* SPDX-License-Identifier: MIT */
/* Sidecars whose profile has biases: in arrays, or in a file. */
#include "test_sidecar.h"

#include <quant/profiles.h>

static float scales[] = {0.25F, -0.5F, -1e-7F, 3};
static int32_t zero_points[] = {0, 0, 0, 0};
static float biases[] = {-2, 7.5F, 0, -0x1p-20F};

static struct quant_sidecar in_arrays(void)
{
    struct quant_sidecar sidecar = plain();
    sidecar.params.profile = quant_profile_from_name("mlx");
    sidecar.params.scheme = QUANT_ZERO_POINT;
    sidecar.params.dtype = QUANT_UINT4;
    sidecar.params.qmin = 0;
    sidecar.params.qmax = 15;
    sidecar.params.scale = 1;
    sidecar.has_range = false;
    sidecar.shape = (struct quant_shape){2, {2, 64}};
    sidecar.has_groups = true;
    sidecar.groups = (struct quant_sidecar_groups){.axis = 1,
                                                   .block_size = 32,
                                                   .count = 4,
                                                   .scales = scales,
                                                   .zero_points = zero_points,
                                                   .biases = biases};
    return sidecar;
}

static struct quant_sidecar in_file(void)
{
    struct quant_sidecar sidecar = in_arrays();
    sidecar.params.scale_dtype = QUANT_BFLOAT16;
    sidecar.groups.scales = NULL;
    sidecar.groups.zero_points = NULL;
    sidecar.groups.biases = NULL;
    sidecar.groups.path = (char *)"q.npy.scales";
    sidecar.groups.bytes = 16;
    return sidecar;
}

static void test_back(void **state)
{
    const struct quant_sidecar sidecars[] = {in_arrays(), in_file()};
    (void)state;
    for (size_t i = 0; i < LENGTH(sidecars); i++) {
        struct memory_sink sink = write_it(&sidecars[i]);
        struct quant_sidecar back;
        struct quant_error error;
        check_ok(read_it(sink.bytes, sink.nbytes, &back, &error), &error);
        check_equal(&back, &sidecars[i]);
        assert_ptr_equal(back.params.profile, sidecars[i].params.profile);
        assert_int_equal(back.groups.biases != NULL, sidecars[i].groups.biases != NULL);
        if (back.groups.biases)
            assert_memory_equal(back.groups.biases, biases, sizeof biases);
        quant_sidecar_release(&back);
        free(sink.bytes);
        check_bytes(&sidecars[i]);
        check_full_sinks(&sidecars[i]);
    }
}

static const struct {
    bool in_file;
    const char *old;
    const char *new;
    const char *message;
} changes[] = {
    {false, "\"bias\"", "\"biased\"", "unknown key 'biased'"},
    {false, "  \"bias\": [-2.00000000, 7.50000000, 0.00000000, -9.53674316e-07],\n", "",
     "no key 'bias'"},
    {false, "7.50000000, 0.0", "0.0",
     "'bias' has 3 entries; shape, 'axis' and 'block_size' need 4"},
    {false, "7.50000000", "\"7.5\"", "bias[1] is not a finite number of float32"},
    {false, "7.50000000", "1e39", "bias[1] is not a finite number of float32"},
    {false, "  \"profile\": \"mlx\",\n", "  \"profile\": \"nncf\",\n",
     "it has 'bias', but no 'profile' with biases"},
    {false, "\"axis\": 1,\n  \"block_size\": 32", "\"axis\": null,\n  \"block_size\": null",
     "'axis' is null, but mlx has a scale and a bias for each block"},
    {true, "\"bias\": null", "\"bias\": [1, 2, 3, 4]", "only one of 'scale' and 'bias' is null"},
    {true, "    \"biases\": true,\n", "", "'biases' of 'scales' contradicts 'profile'"},
    {true, "\"zero_points\": false", "\"zero_points\": true",
     "it has both 'biases' and 'zero_points'"},
    {true, "\"bytes\": 16", "\"bytes\": 24", "'bytes' of 'scales' is 24, not 4 for each of 4"},
};

static void test_contradictions(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(changes); i++) {
        const struct quant_sidecar sidecar = changes[i].in_file ? in_file() : in_arrays();
        struct memory_sink sink = write_it(&sidecar);
        struct quant_sidecar back;
        struct quant_error error = {QUANT_OK, "fine"};
        char text[4096];
        assert_true(sink.nbytes < sizeof text / 2);
        sink.bytes[sink.nbytes - 1] = '\0';
        const char *at = strstr((const char *)sink.bytes, changes[i].old);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - (const char *)sink.bytes),
                 (const char *)sink.bytes, changes[i].new, at + strlen(changes[i].old));
        assert_int_not_equal(read_it(text, strlen(text), &back, &error), QUANT_OK);
        if (!strstr(error.text, changes[i].message))
            fail_msg("'%s' instead of '%s'", error.text, changes[i].message);
        quant_sidecar_release(&back);
        free(sink.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_back),
        cmocka_unit_test(test_contradictions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
