/* SPDX-License-Identifier: MIT */
/*
 * Files with a scale for each group are what quantizing the same array in memory makes, and what is
 * reported of them is what measuring each group alone comes to: whether groups are near one another
 * or far, in both orders, from any number of threads.
 */
#include "../groups.h"

#include "../../support/names.h"
#include "core/measure.h"
#include "engine/work/chunks.h"

struct example {
    struct quant_shape shape;
    struct quant_granularity granularity;
};

/* QUANT_CHUNK is 131072: panels up to that length are near. Not many groups: measuring one alone
 * takes long. In C order: */
static const struct example examples[] = {
    {{2, {7, 40000}}, {true, 0, 0, 0}},      /* near: rows across the borders of chunks */
    {{2, {2, 150001}}, {true, 0, 0, 0}},     /* far: rows longer than a chunk */
    {{2, {130, 1000}}, {true, 1, 0, 0}},     /* near: columns within one panel of 130000 */
    {{2, {1501, 200}}, {true, -1, 0, 0}},    /* far: columns */
    {{3, {3, 40, 2000}}, {true, 1, 0, 0}},   /* far: slices in many pieces */
    {{1, {300001}}, {false, 0, 997, 0}},     /* near: blocks across borders, a last one of 901 */
    {{2, {201, 1500}}, {true, 1, 320, 0}},   /* near: each row's last block has 220 */
    {{2, {803, 300}}, {true, 0, 128, 0}},    /* near: panels of 38400, the last of 10500 */
    {{2, {1201, 225}}, {true, 0, 600, 0}},   /* far: panels of 135000, the last of 225 */
    {{1, {290001}}, {false, 0, 140001, 0}},  /* far: blocks longer than a chunk, a short one */
    {{3, {3, 900, 110}}, {true, 1, 400, 0}}, /* near: short panels in between */
    {{1, {QUANT_CHUNK + 1}}, {true, 0, 512, 0}}, /* near: the last chunk is one element */
    {{2, {203, 1500}}, {false, 0, 320, 40}},     /* near: panels of 60000, a last column of 220 */
    {{2, {401, 1100}}, {false, 0, 350, 128}},    /* far: panels of 140800, a last column of 50 */
    {{2, {150, 2000}}, {false, 0, 3000, 70}},    /* far: a block has the whole row */
};

/* What clips, what does not, and other ends and ties than usual. */
static const struct quant_spec specs[] = {
    {.dtype = QUANT_INT8},
    {.dtype = QUANT_INT4,
     .scheme = QUANT_ZERO_POINT,
     .calibration = "sigma",
     .has_calibration_argument = true,
     .calibration_argument = 1},
    {.dtype = QUANT_FLOAT8_E4M3FN},
    {.dtype = QUANT_INT8,
     .scheme = QUANT_ZERO_POINT,
     .rounding = QUANT_HALF_AWAY,
     .has_qmax = true,
     .qmax = 90,
     .calibration = "sigma",
     .has_calibration_argument = true,
     .calibration_argument = 1.5},
    {.dtype = QUANT_INT4, .rounding = QUANT_HALF_AWAY, .has_qmax = true, .qmax = 5},
    {.dtype = QUANT_INT8, .scheme = QUANT_ZERO_POINT},
    {.dtype = QUANT_FLOAT8_E5M2,
     .calibration = "sigma",
     .has_calibration_argument = true,
     .calibration_argument = 1},
    {.dtype = QUANT_UINT16,
     .scheme = QUANT_ZERO_POINT,
     .calibration = "sigma",
     .has_calibration_argument = true,
     .calibration_argument = 2},
};

/* ---- The plain figures ---- */

struct alone {
    uint64_t n;
    double sum;
    double mse;
};

struct figures {
    struct quant_report report; /* those that sum or compare over groups */
    double sum_error;
    struct alone *groups;
};

static void measure_group(const struct plain *plain, uint64_t group, const float *x, size_t n,
                          struct figures *figures)
{
    static struct quant_measure measure;
    static unsigned char q[2 << 20];
    struct quant_params params = plain->common;
    struct quant_report report;
    params.scale = plain->groups.scales[group];
    params.zero_point = plain->groups.zero_points[group];
    assert_true(quant_dtype_bytes(params.dtype, n) <= sizeof q);
    quant_quantize(&params, x, n, q);
    quant_measure_init(&measure, &params);
    quant_measure_add(&measure, x, q, n);
    quant_measure_report(&measure, QUANT_FLOAT32, 1, &report);
    figures->groups[group] = (struct alone){report.n, report.sum_squared_error, report.mse};
    struct quant_report *all = &figures->report;
    all->n += report.n;
    all->nonfinite += report.nonfinite;
    all->clipped += report.clipped;
    all->zeroed += report.zeroed;
    all->sign_flipped += report.sign_flipped;
    all->sum_squared_error += report.sum_squared_error;
    all->sum_abs_error += report.sum_abs_error;
    if (report.n > 0)
        figures->sum_error += report.mean_error * (double)report.n;
}

/* Every group's elements one after the other. */
static void measure_groups(const struct tensor *tensor, const struct plain *plain,
                           struct figures *figures)
{
    const size_t count = (size_t)plain->grouping.count;
    size_t *ends = calloc(count + 1, sizeof *ends);
    float *sorted = malloc((tensor->n + 1) * sizeof *sorted);
    assert_true(ends && sorted);
    for (size_t i = 0; i < tensor->n; i++)
        ends[quant_grouping_group_of(&plain->grouping, i) + 1]++;
    for (size_t i = 0; i < count; i++)
        ends[i + 1] += ends[i];
    for (size_t i = 0; i < tensor->n; i++)
        sorted[ends[quant_grouping_group_of(&plain->grouping, i)]++] = tensor->x[i];
    for (size_t i = 0; i < count; i++) { /* each begins where the one before ends */
        const size_t begin = i > 0 ? ends[i - 1] : 0;
        measure_group(plain, i, sorted + begin, ends[i] - begin, figures);
    }
    free(sorted);
    free(ends);
}

static void find_max(const struct tensor *tensor, const struct plain *plain,
                     struct quant_report *report)
{
    for (size_t i = 0; i < tensor->n; i++) {
        const double e = fabs((double)tensor->x[i] - (double)plain->restored[i]);
        if (e > report->max_abs_error) {
            report->max_abs_error = e;
            report->max_abs_error_index = i;
            report->max_abs_error_x = (double)tensor->x[i];
            report->max_abs_error_restored = (double)plain->restored[i];
        }
    }
}

static struct figures figures_make(const struct tensor *tensor, const struct plain *plain)
{
    struct figures figures = {
        .groups = calloc((size_t)plain->grouping.count + 1, sizeof *figures.groups)};
    assert_non_null(figures.groups);
    measure_groups(tensor, plain, &figures);
    find_max(tensor, plain, &figures.report);
    return figures;
}

static void check_near(const char *what, double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-12 * fabs(expected)))
        fail_msg("%s: %.17g, not %.17g", what, found, expected);
}

static void check_report(const struct quant_report *found, const struct figures *figures)
{
    const struct quant_report *expected = &figures->report;
    const double n = (double)expected->n;
    assert_int_equal(found->n, expected->n);
    assert_int_equal(found->nonfinite, expected->nonfinite);
    assert_int_equal(found->clipped, expected->clipped);
    assert_int_equal(found->zeroed, expected->zeroed);
    assert_int_equal(found->sign_flipped, expected->sign_flipped);
    check_near("sum_squared_error", found->sum_squared_error, expected->sum_squared_error);
    check_near("sum_abs_error", found->sum_abs_error, expected->sum_abs_error);
    check_near("mse", found->mse, expected->sum_squared_error / n);
    check_near("mae", found->mae, expected->sum_abs_error / n);
    /* A mean that cancels out: as near as the sum of what it is of. */
    assert_true(fabs(found->mean_error - figures->sum_error / n) <=
                1e-12 * expected->sum_abs_error / n);
    assert_true(found->max_abs_error == expected->max_abs_error);
    assert_int_equal(found->max_abs_error_index, expected->max_abs_error_index);
    assert_true(found->max_abs_error_x == expected->max_abs_error_x);
    assert_true(found->max_abs_error_restored == expected->max_abs_error_restored);
}

/* Falling, each as alone, and none that is left out lost more. */
static void check_worst(const struct quant_worst_groups *worst, const struct plain *plain,
                        const struct figures *figures)
{
    const size_t count = (size_t)plain->grouping.count;
    size_t lossy = 0;
    size_t above_last = 0;
    for (size_t i = 0; i < count; i++)
        lossy += figures->groups[i].sum > 0;
    assert_int_equal(worst->n, lossy < QUANT_WORST_MOST ? lossy : QUANT_WORST_MOST);
    for (size_t i = 0; i < worst->n; i++) {
        const struct quant_group_error *group = &worst->groups[i];
        const struct alone *alone = &figures->groups[group->group];
        assert_int_equal(group->n, alone->n);
        check_near("a group's sum", group->sum_squared_error, alone->sum);
        check_near("a group's mse", group->mse, alone->mse);
        assert_true(group->scale == plain->groups.scales[group->group]);
        assert_int_equal(group->zero_point, plain->groups.zero_points[group->group]);
        if (i > 0)
            assert_true(group->mse < group[-1].mse ||
                        (group->mse == group[-1].mse && group->group > group[-1].group));
    }
    if (worst->n == 0)
        return;
    for (size_t i = 0; i < count; i++)
        above_last += figures->groups[i].mse > worst->groups[worst->n - 1].mse * (1 + 1e-12);
    assert_true(above_last < worst->n);
}

/* ---- One run ---- */

static const unsigned threads[] = {1, 3, 8};

/* Member by member: between them there may be bytes that are not set. */
static void check_same_worst(const struct quant_worst_groups *found,
                             const struct quant_worst_groups *expected)
{
    assert_int_equal(found->n, expected->n);
    for (size_t i = 0; i < found->n; i++) {
        const struct quant_group_error *a = &found->groups[i];
        const struct quant_group_error *b = &expected->groups[i];
        assert_int_equal(a->group, b->group);
        assert_int_equal(a->n, b->n);
        assert_memory_equal(&a->mse, &b->mse, sizeof a->mse);
        assert_memory_equal(&a->sum_squared_error, &b->sum_squared_error,
                            sizeof a->sum_squared_error);
        assert_memory_equal(&a->scale, &b->scale, sizeof a->scale);
        assert_int_equal(a->zero_point, b->zero_point);
        assert_memory_equal(&a->bias, &b->bias, sizeof a->bias);
    }
}

static void check_restored(const struct plain *plain, const struct tensor *tensor,
                           const struct quant_quantize_result *expected, unsigned count)
{
    struct quant_dequantize_job job = dequantize_job("q.npy", "r.npy");
    job.output.force = true;
    job.control.threads = count;
    const struct quant_dequantize_result result = dequantize_ok(&job);
    check_data("r.npy", plain->restored, tensor->n * sizeof *plain->restored);
    assert_memory_equal(&result.report, &expected->report, sizeof result.report);
    check_same_worst(&result.worst, &expected->worst);
    check_grouping(&result.grouping, &plain->grouping);
    assert_int_equal(result.order, tensor->order);
}

static uint64_t check_run(const struct tensor *tensor, const struct quant_spec *spec,
                          const struct quant_granularity *granularity)
{
    struct plain plain = plain_make(tensor, spec, granularity);
    const struct figures figures = figures_make(tensor, &plain);
    struct quant_quantize_result first = {.report = {.n = 0}};
    tensor_write_npy(tensor, "x.npy");
    for (size_t i = 0; i < LENGTH(threads); i++) {
        struct quant_quantize_job job = groups_job("x.npy", spec, granularity);
        job.control.threads = threads[i];
        const struct quant_quantize_result result = quantize_ok(&job);
        if (i == 0) {
            first = result;
            check_report(&result.report, &figures);
            check_worst(&result.worst, &plain, &figures);
        }
        check_quantized(&plain);
        assert_memory_equal(&result.report, &first.report, sizeof first.report);
        check_same_worst(&result.worst, &first.worst);
        check_grouping(&result.grouping, &plain.grouping);
        assert_int_equal(result.choice.notes, plain.notes);
        check_restored(&plain, tensor, &first, threads[i]);
        if (IS_SLOW_BUILD && i > 0)
            break;
    }
    free(figures.groups);
    plain_free(&plain);
    return first.report.clipped;
}

/* ---- Tests ---- */

/* Each example with some of the specs, so that each spec meets near and far in both orders. */
static void test_as_in_memory(void **state)
{
    (void)state;
    const size_t step = IS_SLOW_BUILD ? 8 : 4;
    uint64_t clipped[LENGTH(specs)] = {0};
    for (size_t k = 0; k < LENGTH(examples); k++)
        for (int order = 0; order < 2; order++) {
            struct tensor tensor = tensor_make(examples[k].shape, (enum quant_order)order);
            for (size_t i = (k + (size_t)order) % step; i < LENGTH(specs); i += step)
                clipped[i] += check_run(&tensor, &specs[i], &examples[k].granularity);
            free(tensor.x);
        }
    for (size_t i = 0; i < LENGTH(specs); i++) /* else that figure was not looked at */
        assert_true(clipped[i] > 0 || !specs[i].calibration);
}

/* Those that go over the elements a hundred times. */
static bool is_slow(const char *method)
{
    return strcmp(method, "mse") == 0 || strcmp(method, "auto") == 0;
}

/* Near by every method, and far by those that do not take long. */
static void test_every_method(void **state)
{
    (void)state;
    static const struct example few[] = {
        {{2, {3, 170}}, {true, 1, 64, 0}},
        {{2, {14000, 10}}, {true, 1, 0, 0}},
    };
    for (size_t k = 0; k < LENGTH(few) - IS_SLOW_BUILD; k++) {
        struct tensor tensor = tensor_make(few[k].shape, QUANT_ORDER_C);
        for (size_t i = 0; method_name(i); i++) {
            if (k > 0 && is_slow(method_name(i)))
                continue;
            const struct quant_spec spec = {.dtype = QUANT_INT4,
                                            .scheme = (enum quant_scheme)((i + k) % 2),
                                            .calibration = method_name(i)};
            check_run(&tensor, &spec, &few[k].granularity);
        }
        free(tensor.x);
    }
}

/* Groups so long that with several threads they are calibrated in passes of their own, and with one
 * in memory. */
static void test_long_groups(void **state)
{
    (void)state;
    static const struct example few[] = {
        {{1, {2700001}}, {false, 0, 1350001, 0}},
        {{2, {1350000, 2}}, {true, 1, 0, 0}},
    };
    for (size_t k = 0; k < LENGTH(few); k++) {
        struct tensor tensor = tensor_make(few[k].shape, QUANT_ORDER_C);
        const struct quant_spec spec = {.scheme = QUANT_ZERO_POINT, .calibration = "sigma"};
        struct plain plain = plain_make(&tensor, &spec, &few[k].granularity);
        tensor_write_npy(&tensor, "x.npy");
        for (unsigned count = 1; count <= 8; count += 7) {
            struct quant_quantize_job job = groups_job("x.npy", &spec, &few[k].granularity);
            job.control.threads = count;
            quantize_ok(&job);
            check_quantized(&plain);
        }
        plain_free(&plain);
        free(tensor.x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_as_in_memory),
        IN_FOLDER(test_every_method),
        IN_FOLDER(test_long_groups),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
