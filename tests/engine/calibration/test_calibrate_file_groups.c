/* SPDX-License-Identifier: MIT */
/* A range for each group, from files whose tensors have the same groups: each is, to the bit, the
 * range that is found for the elements of that group alone, by every method, in both orders, from
 * files of every kind, and from any number of threads. */
#include <math.h>

#include "../../support/names.h"
#include "../calibrating.h"
#include "base/shape.h"
#include "engine/calibration/calibration_rounds.h"

enum { INPUTS_MOST = 4 };

/* The format is that of the path. */
struct tensor {
    const char *path;
    struct quant_shape shape;
    enum quant_order order;
};

struct group_case {
    const char *label;
    struct quant_granularity granularity;
    struct tensor tensors[INPUTS_MOST]; /* up to one without a path */
};

static const struct group_case cases[] = {
    {"channels whose extent is the same",
     {.has_axis = true, .axis = 1},
     {{"a.npy", {3, {5, 4, 3}}, QUANT_ORDER_C},
      {"b.npy", {3, {2, 4, 6}}, QUANT_ORDER_FORTRAN},
      {"c.npy", {2, {1, 4}}, QUANT_ORDER_C},
      {"d.json", {3, {3, 4, 2}}, QUANT_ORDER_C}}},
    {"channels that lie in one piece",
     {.has_axis = true},
     {{"a.npy", {2, {3, 5000}}, QUANT_ORDER_C}, {"b.json", {2, {3, 7}}, QUANT_ORDER_C}}},
    {"channels side by side",
     {.has_axis = true, .axis = -1},
     {{"a.npy", {2, {700, 9}}, QUANT_ORDER_C}, {"b.npy", {2, {9, 9}}, QUANT_ORDER_FORTRAN}}},
    {"blocks along the last axis",
     {.block_size = 3},
     {{"a.npy", {2, {4, 7}}, QUANT_ORDER_C}, {"b.npy", {2, {4, 9}}, QUANT_ORDER_C}}},
    {"blocks along another axis",
     {.has_axis = true, .axis = 0, .block_size = 3},
     {{"a.npy", {2, {8, 5}}, QUANT_ORDER_C}, {"b.json", {2, {7, 5}}, QUANT_ORDER_C}}},
    {"blocks in Fortran order",
     {.block_size = 2},
     {{"a.npy", {2, {4, 7}}, QUANT_ORDER_FORTRAN}, {"b.npy", {2, {4, 8}}, QUANT_ORDER_FORTRAN}}},
    {"blocks of rows and columns",
     {.block_size = 3, .block_rows = 2},
     {{"a.npy", {2, {5, 7}}, QUANT_ORDER_C}, {"b.npy", {2, {6, 8}}, QUANT_ORDER_C}}},
    {"blocks of whole rows",
     {.block_size = 100, .block_rows = 2},
     {{"a.npy", {2, {5, 70}}, QUANT_ORDER_C}, {"b.npy", {2, {6, 80}}, QUANT_ORDER_C}}},
    {"blocks of rows and columns in Fortran order",
     {.block_size = 3, .block_rows = 2},
     {{"a.npy", {2, {5, 7}}, QUANT_ORDER_FORTRAN}, {"b.npy", {2, {6, 8}}, QUANT_ORDER_FORTRAN}}},
};

/* ---- Inputs ---- */

static uint64_t count_elements(const struct quant_shape *shape)
{
    uint64_t nelems;
    assert_true(quant_shape_count(shape, &nelems));
    return nelems;
}

static size_t count_inputs(const struct group_case *item)
{
    size_t n = 0;
    while (n < INPUTS_MOST && item->tensors[n].path)
        n++;
    return n;
}

/* In C order, nested. */
static void write_nested(const char *path, const struct quant_shape *shape, const float *x)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    const uint64_t n = count_elements(shape);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t inner = 1;
        fputs(i > 0 ? "," : "", file);
        for (int k = shape->ndim; k-- > 0; inner *= shape->dims[k])
            if (i % (inner * shape->dims[k]) == 0)
                fputc('[', file);
        fprintf(file, "%.9g", (double)x[i]);
        inner = 1;
        for (int k = shape->ndim; k-- > 0;) {
            inner *= shape->dims[k];
            if ((i + 1) % inner == 0)
                fputc(']', file);
        }
    }
    assert_int_equal(fclose(file), 0);
}

static void write_it(const struct tensor *tensor, const float *x)
{
    char text[QUANT_SHAPE_TEXT];
    if (strstr(tensor->path, ".json"))
        write_nested(tensor->path, &tensor->shape, x);
    else
        write_npy(tensor->path, x, (size_t)count_elements(&tensor->shape),
                  tensor->order == QUANT_ORDER_FORTRAN, quant_shape_text(&tensor->shape, text));
}

/* Some groups have nothing finite, some one number only. */
static float *make_input(size_t number, uint64_t n, bool nonfinite)
{
    float *x = make_floats((size_t)n);
    for (uint64_t i = 0; i < n; i++) {
        x[i] *= 1 + (float)number + (float)(i % 5);
        if (nonfinite && i % 11 == 3)
            x[i] = i % 2 == 0 ? (float)NAN : -(float)INFINITY;
    }
    return x;
}

/* The elements of a group, in file order, as a file of their own. */
static void write_slice(const char *path, const struct quant_grouping *grouping, const float *x,
                        uint64_t group)
{
    float *slice = malloc((size_t)(grouping->nelems + 1) * sizeof *slice);
    assert_non_null(slice);
    size_t n = 0;
    for (uint64_t i = 0; i < grouping->nelems; i++)
        if (quant_grouping_group_of(grouping, i) == group)
            slice[n++] = x[i];
    write_raw(path, slice, n);
    free(slice);
}

/* ---- Groups against slices ---- */

struct inputs {
    size_t n;
    const char *paths[INPUTS_MOST];
    float *x[INPUTS_MOST];
    struct quant_grouping groupings[INPUTS_MOST];
};

static struct inputs write_inputs(const struct group_case *item, bool nonfinite)
{
    struct inputs inputs = {.n = count_inputs(item)};
    struct quant_error error;
    for (size_t i = 0; i < inputs.n; i++) {
        const struct tensor *tensor = &item->tensors[i];
        const bool is_json = strstr(tensor->path, ".json") != NULL;
        check_ok(quant_grouping_make(&item->granularity, &tensor->shape, tensor->order,
                                     &inputs.groupings[i], &error),
                 &error);
        inputs.paths[i] = tensor->path;
        inputs.x[i] = make_input(i, count_elements(&tensor->shape), nonfinite && !is_json);
        write_it(tensor, inputs.x[i]);
    }
    return inputs;
}

static void release_inputs(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->n; i++)
        free(inputs->x[i]);
}

static struct quant_calibration_file load(const char *path)
{
    const struct quant_cancel cancel = {NULL, -1};
    struct quant_calibration_file file;
    struct quant_error error;
    check_ok(quant_rounds_load(path, &cancel, &file, &error), &error);
    return file;
}

static void check_slice(const struct group_case *item, const struct inputs *inputs,
                        const struct quant_calibrate_job *job,
                        const struct quant_calibration_groups *groups, uint64_t group)
{
    static const char *const slices[INPUTS_MOST] = {"s0.bin", "s1.bin", "s2.bin", "s3.bin"};
    for (size_t i = 0; i < inputs->n; i++)
        write_slice(slices[i], &inputs->groupings[i], inputs->x[i], group);
    struct quant_calibrate_job alone = *job;
    alone.paths = slices;
    alone.granularity = (struct quant_granularity){.has_axis = false};
    alone.output = "slice.json";
    calibrate_ok(&alone);
    struct quant_calibration_file file = load("slice.json");
    const float *observed = groups->observed[group];
    const bool same =
        file.has_range == quant_calibration_groups_have(groups, group) &&
        (!file.has_range ||
         (memcmp(file.range, groups->ranges[group], sizeof file.range) == 0 &&
          file.observed[0] == (double)observed[0] && file.observed[1] == (double)observed[1]));
    if (!same)
        fail_msg("%s, %s: group %llu has the range [%.17g, %.17g], alone [%.17g, %.17g]",
                 item->label, job->spec.calibration, (unsigned long long)group,
                 groups->ranges[group][0], groups->ranges[group][1], file.range[0], file.range[1]);
    quant_calibration_file_release(&file);
}

static void check_case(const struct group_case *item, const struct inputs *inputs,
                       const struct quant_spec *spec, double ema)
{
    struct quant_calibrate_job job = calibrate_job(inputs->paths, inputs->n, spec, "c.json");
    job.has_ema = ema > 0;
    job.ema = ema;
    job.granularity = item->granularity;
    job.control.threads = 3;
    const struct quant_calibrate_result result = calibrate_ok(&job);
    struct quant_calibration_file file = load("c.json");
    assert_true(file.has_groups);
    assert_int_equal(result.ngroups, file.groups.count);
    assert_int_equal(file.groups.count, inputs->groupings[0].count);
    assert_int_equal(result.count, file.count);
    for (uint64_t i = 0; i < file.groups.count; i++)
        check_slice(item, inputs, &job, &file.groups, i);
    quant_calibration_file_release(&file);
    assert_int_equal(rename("c.json", "many.json"), 0);
    job.control.threads = 1;
    calibrate_ok(&job);
    assert_true(files_equal("c.json", "many.json"));
}

static void check_cases(const char *method, enum quant_scheme scheme, double ema)
{
    const struct quant_spec spec = {
        .scheme = scheme, .calibration = method, .nonfinite = QUANT_NONFINITE_SATURATE};
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct inputs inputs = write_inputs(&cases[i], true);
        check_case(&cases[i], &inputs, &spec, ema);
        release_inputs(&inputs);
    }
}

static void test_groups_are_slices(void **state)
{
    (void)state;
    for (size_t i = 0; method_name(i); i++)
        if (strcmp(method_name(i), "auto") != 0) {
            check_cases(method_name(i), QUANT_ABSMAX, 0);
            check_cases(method_name(i), QUANT_ZERO_POINT, 0);
        }
}

static void test_moving_average(void **state)
{
    (void)state;
    check_cases("minmax", QUANT_ABSMAX, 0.25);
    check_cases("entropy", QUANT_ABSMAX, 0.25);
    check_cases("sigma", QUANT_ZERO_POINT, 0.5);
}

/* ---- More than there is memory for ---- */

/* Two batches that divide a row of channels, a panel of runs, and panels of blocks; and groups that
 * need passes of their own. */
static const struct group_case large_cases[] = {
    {"batches of channels side by side",
     {.has_axis = true, .axis = 1},
     {{"a.npy", {2, {500000, 9}}, QUANT_ORDER_C}, {"b.npy", {2, {3, 9}}, QUANT_ORDER_FORTRAN}}},
    {"batches of channels in runs",
     {.has_axis = true, .axis = 1},
     {{"a.npy", {3, {3, 3, 500000}}, QUANT_ORDER_C}}},
    {"batches of blocks",
     {.has_axis = true, .block_size = 600000},
     {{"a.npy", {2, {1700000, 3}}, QUANT_ORDER_C}}},
    {"passes over channels side by side",
     {.has_axis = true, .axis = 1},
     {{"a.npy", {2, {2200000, 2}}, QUANT_ORDER_C},
      {"b.npy", {2, {0, 2}}, QUANT_ORDER_C},
      {"c.npy", {2, {2200000, 2}}, QUANT_ORDER_FORTRAN}}},
};

static void test_large(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(large_cases) && !IS_SLOW_BUILD; i++) {
        struct inputs inputs = write_inputs(&large_cases[i], true);
        const struct quant_spec spec = {.calibration = i % 2 == 0 ? "percentile" : "sigma",
                                        .nonfinite = QUANT_NONFINITE_SATURATE};
        check_case(&large_cases[i], &inputs, &spec, 0);
        release_inputs(&inputs);
    }
}

/* ---- What is reported ---- */

struct progress {
    uint64_t done;
    uint64_t total;
};

static void follow(void *context, uint64_t done, uint64_t total)
{
    struct progress *progress = context;
    assert_true(done >= progress->done && done <= total);
    assert_true(progress->total == 0 || progress->total == total);
    *progress = (struct progress){done, total};
}

/* It never falls and ends at the total, in memory and in passes, for all files and for each. */
static void test_progress(void **state)
{
    (void)state;
    const struct group_case *const items[] = {&cases[3], &large_cases[3]};
    for (size_t i = 0; i < LENGTH(items) - IS_SLOW_BUILD; i++) {
        struct inputs inputs = write_inputs(items[i], false);
        for (int k = 0; k < 4; k++) {
            const struct quant_spec spec = {.calibration = k % 2 == 0 ? "minmax" : "sigma"};
            struct progress progress = {0, 0};
            struct quant_calibrate_job job = calibrate_job(inputs.paths, inputs.n, &spec, NULL);
            job.granularity = items[i]->granularity;
            job.has_ema = k > 1;
            job.ema = 0.5;
            job.control.progress = follow;
            job.control.context = &progress;
            calibrate_ok(&job);
            assert_true(progress.total > 0);
            assert_int_equal(progress.done, progress.total);
        }
        release_inputs(&inputs);
    }
}

static void test_result(void **state)
{
    (void)state;
    static const float x[] = {1, NAN, -2, 5, NAN, 3, 1, NAN, -8};
    const char *const path = "x.npy";
    const struct quant_spec spec = {.nonfinite = QUANT_NONFINITE_SATURATE};
    struct quant_calibrate_job job = calibrate_job(&path, 1, &spec, NULL);
    job.granularity = (struct quant_granularity){.has_axis = true, .axis = 1};
    write_npy(path, x, LENGTH(x), false, "(3, 3)");
    const struct quant_calibrate_result result = calibrate_ok(&job);
    assert_true(result.is_complete && !result.has_range && result.has_observed);
    assert_true(result.observed[0] == -8 && result.observed[1] == 5);
    assert_int_equal(result.count, 9);
    assert_int_equal(result.nonfinite, 3);
    assert_int_equal(result.ngroups, 3);
    assert_int_equal(result.nempty, 1);
    assert_int_equal(result.narrowest.group, 0);
    assert_true(result.narrowest.range[0] == 1 && result.narrowest.range[1] == 5);
    assert_int_equal(result.widest.group, 2);
    assert_true(result.widest.range[0] == -8 && result.widest.range[1] == 3);
}

/* Channels without elements are there, blocks are not. */
static void test_no_elements(void **state)
{
    (void)state;
    const char *const path = "x.npy";
    const struct quant_spec spec = {.dtype = QUANT_INT8};
    struct quant_calibrate_job job = calibrate_job(&path, 1, &spec, "c.json");
    write_npy(path, (const float[]){0}, 0, false, "(0, 3)");
    job.granularity = (struct quant_granularity){.has_axis = true, .axis = 1};
    struct quant_calibrate_result result = calibrate_ok(&job);
    assert_int_equal(result.ngroups, 3);
    assert_int_equal(result.nempty, 3);
    job.granularity = (struct quant_granularity){.block_size = 2};
    result = calibrate_ok(&job);
    assert_int_equal(result.ngroups, 0);
    struct quant_calibration_file file = load("c.json");
    assert_true(file.has_groups && file.groups.count == 0);
    quant_calibration_file_release(&file);
}

/* ---- What is refused ---- */

static const float few[24] = {1, 2, 3, 4, 5, 6};

static void shrink(void *context, uint64_t done, uint64_t total)
{
    if (2 * done == total) /* all were observed: the first of two passes */
        write_npy(context, few, 20, false, "(4, 5)");
}

/* A file that someone else writes to. */
static void test_changing_file(void **state)
{
    (void)state;
    static const char *const paths[] = {"a.npy", "b.npy"};
    const struct quant_spec spec = {.calibration = "octav"};
    struct quant_calibrate_job job = calibrate_job(paths, 2, &spec, "c.json");
    write_npy(paths[0], few, 24, false, "(4, 6)");
    write_npy(paths[1], few, 24, false, "(4, 6)");
    job.granularity = (struct quant_granularity){.has_axis = true};
    job.control.progress = shrink;
    job.control.context = (void *)(uintptr_t)paths[0];
    calibrate_fails(&job, QUANT_IO,
                    "'a.npy': it had 24 elements in the first pass, and now has 20");
}

static const struct {
    struct tensor second; /* the first is (4, 6), in C order */
    struct quant_granularity granularity;
    const char *message;
} pairs[] = {
    {{"b.npy", {2, {5, 6}}, QUANT_ORDER_C},
     {.has_axis = true},
     "cannot calibrate 'b.npy' with 'a.npy': the shape (5, 6) has 5 channels on axis 0, but the "
     "shape (4, 6) has 4 channels on axis 0"},
    {{"b.npy", {3, {4, 6, 6}}, QUANT_ORDER_C},
     {.has_axis = true, .axis = -1},
     "the shape (4, 6, 6) has 6 channels on axis 2, but the shape (4, 6) has 6 channels on axis 1"},
    {{"b.npy", {2, {4, 5}}, QUANT_ORDER_C},
     {.block_size = 2, .has_axis = true, .axis = 0},
     "the shape (4, 5) has blocks of shape (2, 5) on axis 0, but the shape (4, 6) has blocks of "
     "shape (2, 6) on axis 0"},
    {{"b.npy", {2, {4, 6}}, QUANT_ORDER_FORTRAN},
     {.block_size = 2},
     "the shape (4, 6) has blocks of shape (4, 3) in Fortran order on axis 1, but the shape (4, 6) "
     "has blocks of shape (4, 3) on axis 1"},
    {{"b.npy", {2, {6, 6}}, QUANT_ORDER_C},
     {.block_size = 2, .block_rows = 2},
     "the shape (6, 6) has blocks of shape (3, 3), but the shape (4, 6) has blocks of shape (2, "
     "3)"},
    {{"b.npy", {1, {4}}, QUANT_ORDER_C},
     {.has_axis = true, .axis = 1},
     "cannot calibrate 'b.npy': no axis 1: the shape (4,) has axes 0 to 0"},
};

static void test_other_groups(void **state)
{
    (void)state;
    static const char *const paths[] = {"a.npy", "b.npy"};
    const struct tensor first = {"a.npy", {2, {4, 6}}, QUANT_ORDER_C};
    const struct quant_spec spec = {.dtype = QUANT_INT8};
    float *x = make_floats(200);
    for (size_t i = 0; i < LENGTH(pairs); i++) {
        struct quant_calibrate_job job = calibrate_job(paths, 2, &spec, "c.json");
        job.granularity = pairs[i].granularity;
        write_it(&first, x);
        write_it(&pairs[i].second, x);
        calibrate_fails(&job, QUANT_INVALID, pairs[i].message);
    }
    free(x);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const path = "a.npy";
    const float x[] = {1, 2, NAN, 3};
    struct quant_spec spec = {.dtype = QUANT_INT8};
    struct quant_calibrate_job job = calibrate_job(&path, 1, &spec, "c.json");
    job.granularity = (struct quant_granularity){.has_axis = true};
    write_npy(path, x, 4, false, "(2, 2)");
    calibrate_fails(&job, QUANT_NONFINITE,
                    "cannot calibrate 'a.npy': 1 of 4 elements not finite, the first is nan at "
                    "element 2, index [1, 0]; --nonfinite saturate leaves them out");
    job.partial = true;
    calibrate_fails(&job, QUANT_INVALID,
                    "ranges per channel or block are found in one call, not in parts");
    job.resume = path;
    calibrate_fails(&job, QUANT_INVALID,
                    "ranges per channel or block are found in one call, not in parts");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_groups_are_slices), IN_FOLDER(test_moving_average), IN_FOLDER(test_large),
        IN_FOLDER(test_changing_file),     IN_FOLDER(test_progress),       IN_FOLDER(test_result),
        IN_FOLDER(test_no_elements),       IN_FOLDER(test_other_groups),   IN_FOLDER(test_refused),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
