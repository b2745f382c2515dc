/* SPDX-License-Identifier: MIT */
/* The ranges of groups as they are used: only for a target that they were made for, and only for a
 * tensor with the same groups. */
#include "../calibrating.h"

#include "engine/calibration/group_ranges.h"

#define HEAD                                                                                       \
    "{\"format\": \"quant-calibration\", \"version\": 2, \"tool\": \"quant 0.1.0\", "              \
    "\"stage\": \"complete\", \"method\": \"percentile\", \"argument\": 99, "                      \
    "\"scheme\": \"absmax\", \"dtype\": \"int8\", \"qmin\": null, \"qmax\": null, "                \
    "\"include_zero\": false, \"rounding\": \"half-even\", \"ema\": null, \"count\": 9, "          \
    "\"nonfinite\": 3, \"inputs\": 1, "
#define CHANNELS "\"axis\": 1, \"block_size\": null, \"scale_shape\": [4], \"order\": \"C\", "
#define BLOCKS "\"axis\": 1, \"block_size\": 3, \"scale_shape\": [2, 2], \"order\": \"F\", "
#define ARRAYS                                                                                     \
    "\"range\": [[-1, 2], null, [5, 5], [-3, -3]], "                                               \
    "\"observed\": [[-1, 2], null, [5, 5], [-3, -3]]}\n"

static enum quant_status read_it(const char *path, const struct quant_spec *spec,
                                 struct quant_group_ranges *ranges, struct quant_error *error)
{
    const struct quant_cancel cancel = {NULL, -1};
    return quant_group_ranges_read(path, &cancel, spec, ranges, error);
}

static void test_read(void **state)
{
    (void)state;
    static const double expected[][2] = {{-1, 2}, {0, 0}, {0, 5}, {-3, 0}};
    const struct quant_spec spec = {.dtype = QUANT_INT4};
    struct quant_group_ranges ranges;
    struct quant_error error;
    file_write_text("c.json", HEAD CHANNELS ARRAYS);
    check_ok(read_it("c.json", &spec, &ranges, &error), &error);
    assert_int_equal(ranges.groups.count, 4);
    assert_true(ranges.groups.granularity.has_axis && ranges.groups.granularity.axis == 1);
    assert_memory_equal(ranges.ranges, expected, sizeof expected);
    quant_group_ranges_release(&ranges);
}

static void test_refused(void **state)
{
    (void)state;
    const struct quant_spec absmax = {.dtype = QUANT_INT8};
    const struct quant_spec affine = {.dtype = QUANT_INT8, .scheme = QUANT_ZERO_POINT};
    struct quant_group_ranges ranges;
    struct quant_error error = {QUANT_OK, ""};
    file_write_text("c.json", HEAD CHANNELS ARRAYS);
    check_error("scheme", read_it("c.json", &affine, &ranges, &error), &error, QUANT_INVALID,
                "'c.json' was calibrated by percentile for the scheme absmax, not zero-point");
    file_write_text("one.json", HEAD "\"range\": [0, 1], \"observed\": [0, 1]}");
    check_error("version", read_it("one.json", &absmax, &ranges, &error), &error, QUANT_UNSUPPORTED,
                "version 2; this program reads version 1");
    const float x[] = {1, 2};
    write_tensor("x.npy", x, 2);
    const char *const input = "x.npy";
    const struct quant_calibrate_job job = calibrate_job(&input, 1, &absmax, "one.json");
    calibrate_ok(&job);
    check_error("one", read_it("one.json", &absmax, &ranges, &error), &error, QUANT_INVALID,
                "'one.json' has one range for all elements: quantize without --axis and "
                "--block-size, or calibrate with them");
}

/* Where one range is expected. */
static void test_one_range(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } files[] = {
        {HEAD CHANNELS ARRAYS, "'c.json' has a range for each channel: quantize with --axis 1"},
        {HEAD BLOCKS ARRAYS,
         "'c.json' has a range for each block: quantize with --axis 1 --block-size 3"},
        {HEAD "\"axis\": null, \"block_size\": [7, 3], \"scale_shape\": [2, 2], \"order\": "
              "\"C\", " ARRAYS,
         "'c.json' has a range for each block: quantize with --block-size 7,3"},
    };
    for (size_t i = 0; i < LENGTH(files); i++) {
        const struct quant_cancel cancel = {NULL, -1};
        struct quant_spec spec = {.dtype = QUANT_INT8};
        struct quant_error error = {QUANT_OK, ""};
        file_write_text("c.json", files[i].text);
        check_error(files[i].message, quant_file_range("c.json", &cancel, &spec, &error), &error,
                    QUANT_INVALID, files[i].message);
        assert_false(spec.has_clip);
    }
}

/* ---- Tensors ---- */

static const struct {
    const char *text;
    struct quant_granularity granularity;
    struct quant_shape shape;
    enum quant_order order;
    const char *message; /* NULL: they agree */
} tensors[] = {
    {HEAD CHANNELS ARRAYS, {.has_axis = true, .axis = 1}, {2, {7, 4}}, QUANT_ORDER_C, NULL},
    {HEAD CHANNELS ARRAYS, {.has_axis = true, .axis = -1}, {2, {1, 4}}, QUANT_ORDER_FORTRAN, NULL},
    {HEAD CHANNELS ARRAYS,
     {.has_axis = true, .axis = 1},
     {3, {2, 4, 5}},
     QUANT_ORDER_FORTRAN,
     NULL},
    {HEAD CHANNELS ARRAYS,
     {.has_axis = true, .axis = 1},
     {2, {4, 3}},
     QUANT_ORDER_C,
     "its groups are 3 channels on axis 1, but 'c.json' has ranges for 4 channels on axis 1, as "
     "calibrated with --axis 1"},
    {HEAD CHANNELS ARRAYS,
     {.has_axis = true},
     {2, {4, 3}},
     QUANT_ORDER_C,
     "its groups are 4 channels on axis 0, but"},
    {HEAD BLOCKS ARRAYS,
     {.has_axis = true, .axis = 1, .block_size = 3},
     {2, {2, 5}},
     QUANT_ORDER_FORTRAN,
     NULL},
    {HEAD BLOCKS ARRAYS,
     {.has_axis = true, .axis = 1, .block_size = 3},
     {2, {2, 5}},
     QUANT_ORDER_C,
     "its groups are blocks of shape (2, 2) on axis 1, but 'c.json' has ranges for blocks of shape "
     "(2, 2) in Fortran order on axis 1, as calibrated with --axis 1 --block-size 3"},
    {HEAD BLOCKS ARRAYS,
     {.has_axis = true, .axis = 1, .block_size = 4},
     {2, {2, 8}},
     QUANT_ORDER_FORTRAN,
     "its groups are blocks of shape (2, 2) in Fortran order on axis 1, but"},
    {HEAD BLOCKS ARRAYS,
     {.block_size = 3, .block_rows = 1},
     {2, {2, 5}},
     QUANT_ORDER_FORTRAN,
     "its groups are blocks of shape (2, 2) in Fortran order, but"},
};

static void test_tensors(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(tensors); i++) {
        const struct quant_spec spec = {.dtype = QUANT_INT8};
        struct quant_group_ranges ranges;
        struct quant_grouping grouping;
        struct quant_error error = {QUANT_OK, ""};
        file_write_text("c.json", tensors[i].text);
        check_ok(read_it("c.json", &spec, &ranges, &error), &error);
        check_ok(quant_grouping_make(&tensors[i].granularity, &tensors[i].shape, tensors[i].order,
                                     &grouping, &error),
                 &error);
        const enum quant_status status = quant_group_ranges_check(
            &ranges, "c.json", &grouping, &tensors[i].shape, tensors[i].order, &error);
        if (tensors[i].message)
            check_error("tensor", status, &error, QUANT_INVALID, tensors[i].message);
        else
            check_ok(status, &error);
        quant_group_ranges_release(&ranges);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_read),
        IN_FOLDER(test_refused),
        IN_FOLDER(test_one_range),
        IN_FOLDER(test_tensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
