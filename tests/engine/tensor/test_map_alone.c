/* SPDX-License-Identifier: MIT */
/*
 * A file with a scale for each channel or block has for each of them what comes of it alone as a
 * file, by every method: the passes over that file are the definition.
 */
#include "../../support/names.h"
#include "../engine.h"
#include "engine/work/chunks.h"

struct layout {
    const char *name;
    const char *shape;
    size_t rows;
    size_t row; /* elements */
    struct quant_granularity granularity;
    size_t length;    /* of a group */
    size_t step;      /* from one of its elements to the next */
    size_t first;     /* element of the group that is looked at */
    bool all_methods; /* else those that take little time */
};

static const struct layout layouts[] = {
    {"a row", "(4, 100)", 4, 100, {true, 0, 0, 0}, 100, 1, 200, true},
    {"a column", "(50, 6)", 50, 6, {true, 1, 0, 0}, 50, 6, 5, true},
    {"a block", "(5, 60)", 5, 60, {true, 1, 32, 0}, 32, 1, 120, true},
    {"a short block", "(5, 60)", 5, 60, {true, 1, 32, 0}, 28, 1, 92, true},
    {"a block across a chunk", "(140000,)", 1, 140000, {false, 0, 96, 0}, 96, 1, 131040, false},
    {"a column that is far", "(700, 200)", 700, 200, {true, 1, 0, 0}, 700, 200, 199, false},
};

static bool is_slow(const char *method)
{
    return strcmp(method, "mse") == 0 || strcmp(method, "entropy") == 0 ||
           strcmp(method, "auto") == 0;
}

/* The floats that come back of it. */
static float *there_and_back(const char *path, struct quant_quantize_job *job, size_t n)
{
    job->input.path = path;
    job->output.path = "q.npy";
    job->output.force = true;
    quantize_ok(job);
    struct quant_dequantize_job back = dequantize_job("q.npy", "back.npy");
    back.output.force = true;
    back.measure = false;
    dequantize_ok(&back);
    return read_tensor("back.npy", sizeof(float), n);
}

static void check_method(const struct layout *layout, const char *method, enum quant_scheme scheme)
{
    struct quant_quantize_job job = quantize_job(NULL, NULL);
    job.control.threads = 3;
    job.spec.scheme = scheme;
    job.spec.calibration = method;
    float *alone = there_and_back("alone.npy", &job, layout->length);
    job.granularity = layout->granularity;
    float *all = there_and_back("x.npy", &job, layout->rows * layout->row);
    for (size_t i = 0; i < layout->length; i++)
        if (memcmp(&alone[i], &all[layout->first + i * layout->step], sizeof *alone) != 0)
            fail_msg("%s by %s, scheme %d: element %zu is %a, alone %a", layout->name, method,
                     (int)scheme, i, (double)all[layout->first + i * layout->step],
                     (double)alone[i]);
    free(alone);
    free(all);
}

static void check_layout(const struct layout *layout)
{
    const size_t n = layout->rows * layout->row;
    float *x = make_floats(n);
    float *group = malloc(layout->length * sizeof *group);
    assert_non_null(group);
    for (size_t i = 0; i < n; i++) /* no two rows or blocks are alike */
        x[i] *= (float)(1 + i / 16 % 31);
    for (size_t i = 0; i < layout->length; i++)
        group[i] = x[layout->first + i * layout->step];
    write_npy("x.npy", x, n, false, layout->shape);
    write_tensor("alone.npy", group, layout->length);
    for (size_t k = 0; method_name(k); k++) {
        if (is_slow(method_name(k)) && !layout->all_methods)
            continue;
        check_method(layout, method_name(k), QUANT_ABSMAX);
        check_method(layout, method_name(k), QUANT_ZERO_POINT);
    }
    free(group);
    free(x);
}

static void test_groups_are_as_files(void **state)
{
    (void)state;
    _Static_assert(QUANT_CHUNK > 131040 && QUANT_CHUNK < 131040 + 96, "a block across its end");
    for (size_t i = 0; i < LENGTH(layouts); i++)
        check_layout(&layouts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_FOLDER(test_groups_are_as_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
