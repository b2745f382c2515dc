/* SPDX-License-Identifier: MIT */
/* The ranges of groups come back from a calibration file to the same bits, however many there are,
 * and wherever the two arrays are in the text. */
#include "test_calibration.h"

#include <float.h>
#include <math.h>

#include "../support/random.h"

static struct quant_calibration_file make_file(const struct quant_calibration_groups *groups)
{
    return (struct quant_calibration_file){
        .dtype = QUANT_INT8,
        .method = "minmax",
        .has_groups = true,
        .groups = *groups,
        .count = 700,
        .nonfinite = 3,
        .ninputs = 2,
    };
}

static void check_same(const struct quant_calibration_groups *a,
                       const struct quant_calibration_groups *b)
{
    assert_int_equal(a->axis, b->axis);
    assert_int_equal(a->block_size, b->block_size);
    assert_int_equal(a->block_rows, b->block_rows);
    assert_int_equal(a->order, b->order);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->scale_shape.ndim, b->scale_shape.ndim);
    assert_memory_equal(a->scale_shape.dims, b->scale_shape.dims,
                        (size_t)a->scale_shape.ndim * sizeof *a->scale_shape.dims);
    for (uint64_t i = 0; i < a->count; i++) {
        const bool has = quant_calibration_groups_have(a, i);
        assert_int_equal(quant_calibration_groups_have(b, i), has);
        if (has) {
            assert_memory_equal(a->ranges[i], b->ranges[i], sizeof a->ranges[i]);
            assert_memory_equal(a->observed[i], b->observed[i], sizeof a->observed[i]);
        }
    }
}

static void check_groups(const struct quant_calibration_groups *groups)
{
    const struct quant_calibration_file file = make_file(groups);
    struct quant_calibration_file found;
    go_round(&file, &found);
    assert_true(found.has_groups && found.has_observed && !found.has_range);
    check_same(groups, &found.groups);
    quant_calibration_file_release(&found);
}

static double some_ranges[][2] = {
    {(double)-7.59F, (double)10.8F}, {-0.1, 1.0 / 3}, {0, (double)1e-45F}, {0, 0},
    {-(double)FLT_MAX, 1e-300},      {5, 5}};
static float some_observed[][2] = {{-7.59F, 10.8F},     {-8, 8}, {0, 1e-45F}, {INFINITY, -INFINITY},
                                   {-FLT_MAX, FLT_MAX}, {5, 5}};

static void test_kinds(void **state)
{
    (void)state;
    struct quant_calibration_groups groups = {
        .scale_shape = {.ndim = 1, .dims = {6}},
        .count = 6,
        .ranges = some_ranges,
        .observed = some_observed,
    };
    check_groups(&groups);
    groups.axis = 3;
    check_groups(&groups);
    groups.axis = 1;
    groups.block_size = 32;
    groups.scale_shape = (struct quant_shape){.ndim = 3, .dims = {1, 3, 2}};
    groups.order = QUANT_ORDER_FORTRAN;
    check_groups(&groups);
    groups.axis = -1;
    groups.block_rows = UINT64_C(1) << 53;
    groups.scale_shape = (struct quant_shape){.ndim = 2, .dims = {2, 3}};
    check_groups(&groups);
}

/* More than a block of the reader and than the writer's buffer, so numbers are cut anywhere. */
static void test_many(void **state)
{
    (void)state;
    enum { COUNT = 40000 };
    struct random random = random_begin();
    double(*ranges)[2] = calloc(COUNT, sizeof *ranges);
    float(*observed)[2] = calloc(COUNT, sizeof *observed);
    assert_true(ranges && observed);
    for (size_t i = 0; i < COUNT; i++) {
        const double x = (double)(random_64(&random) >> 11) * 0x1p-53;
        observed[i][0] = i % 7 == 0 ? INFINITY : -(float)x;
        observed[i][1] = i % 7 == 0 ? -INFINITY : (float)x;
        ranges[i][0] = i % 3 == 0 ? (double)observed[i][0] : -x;
        ranges[i][1] = i % 3 == 0 ? (double)observed[i][1] : x;
    }
    const struct quant_calibration_groups groups = {
        .axis = 0,
        .scale_shape = {.ndim = 1, .dims = {COUNT}},
        .count = COUNT,
        .ranges = ranges,
        .observed = observed,
    };
    check_groups(&groups);
    free(ranges);
    free(observed);
}

/* Nothing finite, and no group at all. */
static void test_nothing(void **state)
{
    (void)state;
    for (uint64_t count = 0; count < 3; count++) {
        double ranges[2][2] = {{0, 0}, {0, 0}};
        float observed[2][2] = {{INFINITY, -INFINITY}, {INFINITY, -INFINITY}};
        const struct quant_calibration_groups groups = {
            .scale_shape = {.ndim = 1, .dims = {count}},
            .count = count,
            .ranges = ranges,
            .observed = observed,
        };
        struct quant_calibration_file file = make_file(&groups);
        struct quant_calibration_file found;
        struct quant_error error;
        file.count = file.nonfinite = count;
        struct memory_sink sink = write_it(&file);
        check_ok(read_it(sink.bytes, sink.nbytes, &found, &error), &error);
        assert_false(found.has_observed);
        check_same(&groups, &found.groups);
        quant_calibration_file_release(&found);
        free(sink.bytes);
    }
}

/* ---- Other texts ---- */

/* Spaces, and keys in another order. */
static const char TEXT[] =
    " {\"observed\" : [ [ -1 , 2e0 ] ,null\n,[0,0]] , \"range\":[[-1,2],null,[ 0,0 ]],\n"
    "\"order\": \"C\", \"scale_shape\": [3], \"block_size\": null, \"axis\": 1, \"format\": "
    "\"quant-calibration\", \"version\": 2, \"tool\": \"quant 0.1.0\", \"stage\": \"complete\",\n"
    "\"method\": \"minmax\", \"argument\": null, \"scheme\": \"absmax\", \"dtype\": \"int8\",\n"
    "\"qmin\": null, \"qmax\": null, \"include_zero\": false, \"rounding\": \"half-even\",\n"
    "\"ema\": null, \"count\": 9, \"nonfinite\": 3, \"inputs\": 1}\n";

static void test_order_of_keys(void **state)
{
    (void)state;
    struct quant_calibration_file found;
    struct quant_error error;
    check_ok(read_it(TEXT, sizeof TEXT - 1, &found, &error), &error);
    assert_int_equal(found.groups.count, 3);
    assert_true(found.groups.ranges[0][0] == -1 && found.groups.ranges[0][1] == 2);
    assert_false(quant_calibration_groups_have(&found.groups, 1));
    assert_true(found.observed[0] == -1 && found.observed[1] == 2);
    quant_calibration_file_release(&found);
}

/* What is cut off is an error, wherever it ends. */
static void test_truncated(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof TEXT - 2; n++) {
        struct quant_calibration_file found;
        struct quant_error error = {QUANT_OK, ""};
        assert_int_not_equal(read_it(TEXT, n, &found, &error), QUANT_OK);
        assert_memory_equal(error.text, "cannot read 'c.json': ", 22);
        quant_calibration_file_release(&found);
    }
}

/* The place that an error names is that in the file, on both sides of the arrays. */
static void test_places(void **state)
{
    (void)state;
    static const char *const wrong[] = {"\"axis\": ?1", "\"count\": ?9"};
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        char text[sizeof TEXT + 1];
        char key[16];
        char expected[64];
        struct quant_calibration_file found;
        struct quant_error error = {QUANT_OK, ""};
        snprintf(key, sizeof key, "%.*s", (int)(strlen(wrong[i]) - 2), wrong[i]);
        const size_t at = (size_t)(strstr(TEXT, key) - TEXT) + strlen(key);
        memcpy(text, TEXT, at);
        text[at] = '?';
        memcpy(text + at + 1, TEXT + at, sizeof TEXT - at);
        snprintf(expected, sizeof expected, "not JSON at byte %zu", at);
        assert_int_equal(read_it(text, strlen(text), &found, &error), QUANT_CORRUPT);
        assert_non_null(strstr(error.text, expected));
        quant_calibration_file_release(&found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),     cmocka_unit_test(test_many),
        cmocka_unit_test(test_nothing),   cmocka_unit_test(test_order_of_keys),
        cmocka_unit_test(test_truncated), cmocka_unit_test(test_places),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
