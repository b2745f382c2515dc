/* SPDX-License-Identifier: MIT */
/* Jobs with rules: the last that matches a name decides, each tensor is as if the whole job had the
 * rule's options, and what rules must not say is refused. */
#include "../engine.h"

#include "engine/files/mappings.h"

static void test_find(void **state)
{
    (void)state;
    const struct quant_rule rules[] = {
        {.pattern = "a*", .spec = {.dtype = QUANT_INT4}},
        {.pattern = "*b", .copies = true},
        {.pattern = "ab*", .spec = {.dtype = QUANT_INT16}, .has_min_dims = true, .min_dims = 3},
    };
    static const char *const excluded[] = {"*x*"};
    const struct quant_quantize_job job = {.spec = {.dtype = QUANT_UINT8},
                                           .selection = {NULL, 0, excluded, 1},
                                           .rules = rules,
                                           .nrules = 3};
    struct quant_mappings mappings;
    struct quant_error error;
    check_ok(quant_mappings_make(&mappings, &job, &error), &error);
    const struct {
        const char *name;
        enum quant_dtype dtype; /* NONE: copied */
        unsigned ndim;          /* of which it must have as many to be mapped */
    } rows[] = {{"c", QUANT_UINT8, 2},      {"a", QUANT_INT4, 2},    {"acb", QUANT_DTYPE_NONE, 0},
                {"ab", QUANT_INT16, 3},     {"abb", QUANT_INT16, 3}, {"b", QUANT_DTYPE_NONE, 0},
                {"ax", QUANT_DTYPE_NONE, 0}};
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const char *name = rows[i].name;
        const struct quant_mapping *mapping = quant_mappings_find(&mappings, name);
        const bool is_mapped = rows[i].dtype != QUANT_DTYPE_NONE;
        assert_int_equal(quant_mappings_has(&mappings, mapping, name, 9), is_mapped);
        if (!is_mapped)
            continue;
        assert_int_equal(mapping->plan.target.dtype, rows[i].dtype);
        assert_true(quant_mappings_has(&mappings, mapping, name, rows[i].ndim));
        assert_false(quant_mappings_has(&mappings, mapping, name, rows[i].ndim - 1));
    }
    quant_mappings_release(&mappings);
    assert_null(quant_rule_find(rules, 3, "c"));
    assert_ptr_equal(quant_rule_find(rules, 3, "ab"), &rules[2]);
    assert_ptr_equal(quant_rule_find(rules, 2, "ab"), &rules[1]);
}

static const char header[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[4,6],\"data_offsets\":[0,96]},"
                             "\"b\":{\"dtype\":\"F32\",\"shape\":[4,6],\"data_offsets\":[96,192]},"
                             "\"c\":{\"dtype\":\"F32\",\"shape\":[24],\"data_offsets\":[192,288]}}";

struct seen {
    size_t n;
    struct quant_quantize_result results[3];
    bool is_copied[3];
};

static bool see(void *context, const struct quant_tensor_result *result)
{
    struct seen *seen = context;
    seen->is_copied[seen->n] = result->is_copied;
    if (result->found)
        seen->results[seen->n] = *result->found;
    seen->n++;
    return true;
}

static void test_container(void **state)
{
    (void)state;
    static const struct quant_rule rules[] = {
        {.pattern = "a", .spec = {.dtype = QUANT_INT4}, .granularity = {.has_axis = true}},
        {.pattern = "c",
         .spec = {.scheme = QUANT_ZERO_POINT, .dtype = QUANT_UINT8},
         .has_min_dims = true,
         .min_dims = 1},
    };
    float *x = make_floats(72);
    file_write_container("m.safetensors", header, x, 288);
    struct seen mixed = {.n = 0};
    struct quant_quantize_job job = quantize_job("m.safetensors", "q.safetensors");
    job.control.on_tensor = see;
    job.control.context = &mixed;
    job.rules = rules;
    job.nrules = 2;
    quantize_ok(&job);
    assert_int_equal(mixed.n, 3);
    for (size_t i = 0; i < 3; i++) { /* each like a job of its own */
        struct seen alone = {.n = 0};
        struct quant_quantize_job one = quantize_job("m.safetensors", "one.safetensors");
        one.output.force = true;
        one.control.on_tensor = see;
        one.control.context = &alone;
        if (i != 1) {
            const struct quant_rule *rule = &rules[i / 2];
            one.spec = rule->spec;
            one.granularity = rule->granularity;
            one.has_min_dims = rule->has_min_dims;
            one.min_dims = rule->min_dims;
        }
        quantize_ok(&one);
        const struct quant_quantize_result *expected = &alone.results[i];
        const struct quant_quantize_result *found = &mixed.results[i];
        assert_false(mixed.is_copied[i]);
        assert_int_equal(found->choice.params.dtype, expected->choice.params.dtype);
        assert_int_equal(found->grouping.count, expected->grouping.count);
        assert_true(found->choice.params.scale == expected->choice.params.scale);
        assert_true(found->report.mse == expected->report.mse);
    }
    dequantize_ok(&(struct quant_dequantize_job){
        .size = sizeof(struct quant_dequantize_job), .path = "q.safetensors", .measure = true});
    free(x);
}

static void test_single(void **state)
{
    (void)state;
    const struct quant_rule rules[] = {{.pattern = "*.npy", .spec = {.dtype = QUANT_INT16}},
                                       {.pattern = "c*", .copies = true}};
    float *x = make_floats(6);
    write_npy("a.npy", x, 6, false, "(6,)");
    write_npy("c.npy", x, 6, false, "(6,)");
    struct quant_quantize_job job = quantize_job("a.npy", "q.npy");
    job.rules = rules;
    job.nrules = 2;
    assert_int_equal(quantize_ok(&job).choice.params.dtype, QUANT_INT16);
    job.output.path = "q.safetensors";
    quantize_ok(&job);
    size_t nbytes;
    unsigned char *sidecar = file_read("q.safetensors.json", &nbytes);
    assert_non_null(memmem(sidecar, nbytes, "int16", 5));
    free(sidecar);
    job.input.path = "c.npy";
    job.output.path = "fails.npy";
    quantize_fails(&job, QUANT_INVALID, "its rule is to copy it");
    free(x);
}

static void test_refused(void **state)
{
    (void)state;
    const struct {
        struct quant_rule rule;
        const char *message;
    } rows[] = {
        {{.pattern = NULL}, "rule 0 has no pattern"},
        {{.pattern = "p", .spec = {.dtype = QUANT_FLOAT64}}, "for 'p': "},
        {{.pattern = "p",
          .spec = {.has_scale = true, .scale = 1},
          .granularity = {.has_axis = true}},
         "for 'p': "},
        {{.pattern = "p", .spec = {.calibration = "nonsense"}}, "for 'p': "},
    };
    float x[6] = {1, 2, 3, 4, 5, 6};
    write_npy("a.npy", x, 6, false, "(6,)");
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct quant_quantize_job job = quantize_job("a.npy", "q.npy");
        struct quant_quantize_result result;
        struct quant_error error;
        job.rules = &rows[i].rule;
        job.nrules = 1;
        assert_int_not_equal(quant_file_quantize(&job, &result, &error), QUANT_OK);
        assert_non_null(strstr(error.text, rows[i].message));
        assert_false(file_exists("q.npy"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        IN_FOLDER(test_container),
        IN_FOLDER(test_single),
        IN_FOLDER(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
