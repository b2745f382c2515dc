/* SPDX-License-Identifier: MIT */
/* The share of the work that is reported never falls and ends at 1, however many passes come. */
#include "../engine.h"

#include "../../support/names.h"
#include "engine/work/pass_progress.h"

struct watch {
    uint64_t calls;
    uint64_t last;
    uint64_t total;
};

static void watch_progress(void *context, uint64_t done, uint64_t total)
{
    struct watch *watch = context;
    if (watch->total > 0) {
        assert_int_equal(total, watch->total);
        assert_true(done >= watch->last);
    }
    assert_true(total == 0 || done <= total);
    watch->calls++;
    watch->last = done;
    watch->total = total;
}

static void check_end(const struct watch *watch, const char *label)
{
    if (watch->calls == 0 || watch->last != watch->total)
        fail_msg("%s: %llu of %llu after %llu calls", label, (unsigned long long)watch->last,
                 (unsigned long long)watch->total, (unsigned long long)watch->calls);
}

/* ---- The arithmetic ---- */

struct passes {
    uint64_t elements[6]; /* 0 ends */
    uint64_t ahead[6];    /* as expected when each begins */
};

static void test_passes(void **state)
{
    (void)state;
    static const struct passes rows[] = {
        {{100, 100}, {100, 0}},                            /* as expected */
        {{100, 100}, {700, 0}},                            /* fewer */
        {{100, 100, 100, 100, 100}, {100, 100, 100, 100}}, /* more */
        {{7, 1000000, 3, 1}, {1, 1, 1, 0}},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct watch watch = {0};
        struct quant_progress progress = {.call = watch_progress, .context = &watch};
        for (size_t k = 0; k < LENGTH(rows[i].elements) && rows[i].elements[k] > 0; k++) {
            quant_progress_begin_pass(&progress, rows[i].elements[k], rows[i].ahead[k]);
            for (uint64_t done = 0; done < rows[i].elements[k]; done++)
                quant_progress_add(&progress, 1);
        }
        check_end(&watch, "passes");
    }
}

/* An item of two passes and another of one are half a pass each, whatever their own elements. */
static void test_items(void **state)
{
    (void)state;
    struct watch watch = {0};
    struct quant_progress whole = {.call = watch_progress, .context = &watch};
    quant_progress_begin_pass(&whole, 200, 0);
    for (uint64_t npasses = 2; npasses > 0; npasses--) {
        const uint64_t before = watch.last;
        struct quant_progress_item item = {.whole = &whole, .nelems = 100};
        struct quant_progress own = {.call = quant_progress_relay, .context = &item};
        for (uint64_t pass = 1; pass <= npasses; pass++) {
            quant_progress_begin_pass(&own, 7, 7 * (npasses - pass));
            for (unsigned done = 0; done < 7; done++)
                quant_progress_add(&own, 1);
            assert_int_equal(watch.last, before + 100 * pass / npasses);
            assert_int_equal(item.seen, 100 * pass / npasses);
        }
    }
    check_end(&watch, "items");
}

/* Parts of a pass: one without elements, one whose elements only its end gives. */
static void test_parts(void **state)
{
    (void)state;
    struct watch watch = {0};
    struct quant_progress progress = {.call = watch_progress, .context = &watch};
    quant_progress_begin_pass(&progress, 1000, 1000);
    quant_progress_begin_part(&progress, 0, 0);
    quant_progress_begin_part(&progress, 400, 10);
    quant_progress_add(&progress, 5);
    assert_int_equal(watch.last, 200);
    quant_progress_add(&progress, 5);
    assert_int_equal(watch.last, 400);
    quant_progress_begin_part(&progress, 100, 0);
    quant_progress_add(&progress, 77);
    assert_int_equal(watch.last, 400);
    quant_progress_begin_part(&progress, 500, 1);
    assert_int_equal(watch.last, 400);
    quant_progress_add(&progress, 1);
    assert_int_equal(watch.last, 1000);
    assert_int_equal(watch.total, 2000);
    quant_progress_begin_pass(&progress, 1, 0);
    quant_progress_add(&progress, 1);
    check_end(&watch, "parts");
}

/* ---- The jobs ---- */

enum { N = 65536 + 5000 };

static void test_quantize(void **state)
{
    (void)state;
    static const char *const files[] = {"x.bin", "x.npy", "x.json"};
    static const struct quant_granularity whole = {.has_axis = false};
    static const struct quant_granularity groups[] = {
        {.block_size = 32}, {.block_size = 150000}, {.has_axis = true, .axis = 0}};
    float *x = make_floats(N);
    for (size_t i = 0; i < LENGTH(files); i++)
        write_tensor(files[i], x, N);
    for (size_t method = 0; method_name(method); method++)
        for (size_t i = 0; i < LENGTH(files) * (LENGTH(groups) + 1); i++) {
            const size_t kind = i / LENGTH(files);
            struct watch watch = {0};
            struct quant_quantize_job job = quantize_job(files[i % LENGTH(files)], "q.bin");
            if (kind == 1 && method > 0)
                continue; /* the elements are read once, whatever the method */
            job.spec.calibration = method_name(method);
            job.spec.scheme = method % 2 ? QUANT_ZERO_POINT : QUANT_ABSMAX;
            job.granularity = kind > 0 ? groups[kind - 1] : whole;
            job.output.force = true;
            job.control.progress = watch_progress;
            job.control.context = &watch;
            quantize_ok(&job);
            check_end(&watch, job.spec.calibration);
        }
    free(x);
}

static void test_compare(void **state)
{
    (void)state;
    static const uint64_t block_sizes[] = {0, 64};
    static const enum quant_dtype dtypes[] = {QUANT_FLOAT8_E5M2, QUANT_INT8};
    float *x = make_floats(N);
    write_tensor("x.npy", x, N);
    struct quant_error error;
    struct quant_compare_result *result = malloc(sizeof *result);
    for (size_t i = 0; i < LENGTH(block_sizes); i++) {
        struct watch watch = {0};
        const struct quant_compare_job job = {.size = sizeof job,
                                              .input.path = "x.npy",
                                              .dtypes = dtypes,
                                              .ndtypes = LENGTH(dtypes) - i, /* groups are slow */
                                              .granularity.block_size = block_sizes[i],
                                              .control.progress = watch_progress,
                                              .control.context = &watch};
        check_ok(quant_file_compare(&job, result, &error), &error);
        check_end(&watch, "compare");
    }
    free(result);
    free(x);
}

struct inputs_watch {
    struct watch watch; /* first: the context is this one for both */
    size_t begun[3];
};

static void count_input(void *context, size_t i)
{
    struct inputs_watch *watch = context;
    watch->begun[i]++;
    for (size_t k = 0; k < 3; k++) /* in order, pass by pass */
        assert_true(watch->begun[k] == watch->begun[i] ||
                    (k > i && watch->begun[k] + 1 == watch->begun[i]));
}

static void test_calibrate(void **state)
{
    (void)state;
    static const char *const paths[] = {"x.npy", "y.json", "z.bin"};
    static const size_t lengths[] = {N, 1000, 70000};
    static const char *const methods[] = {"minmax",  "percentile", "mse",
                                          "entropy", "octav",      "sigma"};
    for (size_t i = 0; i < LENGTH(paths); i++) {
        float *x = make_floats(lengths[i]);
        write_tensor(paths[i], x, lengths[i]);
        free(x);
    }
    for (size_t i = 0; i < 2 * LENGTH(methods); i++) {
        struct inputs_watch watch = {{0}, {0}};
        struct quant_error error;
        struct quant_calibrate_result result;
        const struct quant_calibrate_job job = {
            .size = sizeof job,
            .paths = paths,
            .npaths = LENGTH(paths),
            .spec = {.dtype = QUANT_INT8, .calibration = methods[i / 2]},
            .has_ema = i % 2,
            .ema = 0.5,
            .control.progress = watch_progress,
            .control.begin_file = i % 2 ? NULL : count_input,
            .control.context = &watch};
        check_ok(quant_file_calibrate(&job, &result, &error), &error);
        check_end(&watch.watch, methods[i / 2]);
        assert_true(i % 2 || watch.begun[2] >= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes), cmocka_unit_test(test_items), cmocka_unit_test(test_parts),
        IN_FOLDER(test_quantize),      IN_FOLDER(test_compare),      IN_FOLDER(test_calibrate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
