/* SPDX-License-Identifier: MIT */
/* Calibration files come back as they were written, to the same bits and in any locale, and no part
 * of one is taken for a whole. The mistakes of data/bad/calibration are tested by way of the
 * program too; here with their status. */
#include "test_calibration.h"

#include <float.h>
#include <locale.h>

#include "../support/random.h"

#define FOLDER "data/bad/calibration/"

static uint64_t digests[] = {UINT64_C(0x0123456789abcdef), UINT64_MAX, 0};

static struct quant_calibration_file plain(enum quant_stage stage)
{
    return (struct quant_calibration_file){
        .stage = stage,
        .dtype = QUANT_INT8,
        .method = "percentile",
        .has_argument = true,
        .argument = 99.9,
        .has_observed = true,
        .observed = {(double)-7.59F, (double)10.8F},
        .count = 7,
        .ninputs = 2,
        .digests = stage == QUANT_STAGE_COMPLETE ? NULL : digests,
    };
}

/* ---- What is read is what was written ---- */

/* Ends that are floats have nine digits, others as many as they need. */
static void test_ranges(void **state)
{
    (void)state;
    static const double ranges[][2] = {
        {(double)-7.59F, (double)10.8F},  {-0.1, 0.1},           {-1.0 / 3, 2.0 / 3},
        {-(double)FLT_MAX, 1e-300},       {0, (double)1e-45F},   {5, 5},
        {0x1.0000002p-1, 0x1.0000004p-1}, {-1e38 / 3, 1e38 / 3},
    };
    for (size_t i = 0; i < LENGTH(ranges); i++) {
        struct quant_calibration_file file = plain(QUANT_STAGE_COMPLETE);
        struct quant_calibration_file found;
        file.has_range = true;
        memcpy(file.range, ranges[i], sizeof file.range);
        go_round(&file, &found);
        assert_memory_equal(found.range, file.range, sizeof file.range);
        assert_memory_equal(found.observed, file.observed, sizeof file.observed);
        assert_true(quant_calibration_file_is_kin(&file, &found));
        quant_calibration_file_release(&found);
    }
}

static void test_random_floats(void **state)
{
    (void)state;
    struct random random = random_begin();
    for (int i = 0; i < 20000; i++) {
        struct quant_calibration_file file = plain(QUANT_STAGE_COMPLETE);
        struct quant_calibration_file found;
        const uint32_t bits = (uint32_t)random_64(&random) & 0x7FFFFFFF;
        float x;
        memcpy(&x, &bits, sizeof x);
        if (!(x <= FLT_MAX))
            continue;
        file.has_range = true;
        file.range[0] = file.observed[0] = -(double)x + 0.0;
        file.range[1] = file.observed[1] = (double)x;
        struct memory_sink sink = write_it(&file);
        struct quant_error error;
        check_ok(read_it(sink.bytes, sink.nbytes, &found, &error), &error);
        assert_memory_equal(found.range, file.range, sizeof file.range);
        assert_memory_equal(found.observed, file.observed, sizeof file.observed);
        quant_calibration_file_release(&found);
        free(sink.bytes);
    }
}

/* Sums of any size, counts up to 2^53, and a target in every field. */
static void test_findings(void **state)
{
    (void)state;
    static const double sums[] = {0, -1.0 / 3, 5e-324, -DBL_MAX, 1e16 + 2, 0.1 + 0.2, -0.0};
    struct quant_counted counted[] = {{0, 1}, {7, QUANT_COUNT_MOST}, {131071, 2}};
    struct quant_findings pass = {.ncounted = LENGTH(counted),
                                  .counted = counted,
                                  .maxima = {0, 1, UINT32_MAX, 7},
                                  .nsums = LENGTH(sums),
                                  .sums = (double *)(uintptr_t)sums};
    struct quant_findings passes[] = {pass, {.ncounted = 0}};
    struct quant_calibration_file file = plain(QUANT_STAGE_PARTIAL);
    file.scheme = QUANT_ZERO_POINT;
    file.dtype = QUANT_UINT4;
    file.has_qmin = file.has_qmax = file.include_zero = true;
    file.qmin = 1;
    file.qmax = 14;
    file.rounding = QUANT_HALF_AWAY;
    file.count = file.nonfinite = QUANT_COUNT_MOST;
    file.nonfinite--;
    file.ninputs = 2;
    file.npasses = LENGTH(passes);
    file.passes = passes;
    file.has_part = true;
    file.part = (struct quant_calibration_part){
        .ninputs = 1, .digests = digests + 1, .count = QUANT_COUNT_MOST, .findings = pass};
    struct quant_calibration_file found;
    go_round(&file, &found);
    assert_true(quant_calibration_file_is_kin(&file, &found));
    assert_true(quant_calibration_file_joins(&file, &found));
    assert_int_equal(quant_calibration_file_round(&found), 4);
    assert_true(found.nonfinite == QUANT_COUNT_MOST - 1 && found.ninputs == 2);
    assert_memory_equal(found.digests, digests, 2 * sizeof *digests);
    assert_memory_equal(found.part.digests, digests + 1, sizeof *digests);
    assert_false(found.has_position);
    found.digests[1]--;
    assert_false(quant_calibration_file_joins(&file, &found));
    const struct quant_findings *const both[] = {&found.passes[0], &found.part.findings};
    for (size_t i = 0; i < 2; i++) {
        assert_memory_equal(both[i]->sums, sums, sizeof sums);
        assert_memory_equal(both[i]->counted, counted, sizeof counted);
        assert_memory_equal(both[i]->maxima, pass.maxima, sizeof pass.maxima);
    }
    quant_calibration_file_release(&found);
    static const struct quant_calibration_file zeros;
    assert_memory_equal(&found, &zeros, sizeof zeros); /* may be released once more */
    quant_calibration_file_release(&found);
}

static void test_moving_average(void **state)
{
    (void)state;
    struct quant_input_range ranges[] = {{true, {-1.0 / 3, 0.1}}, {false, {0, 0}}, {true, {2, 2}}};
    struct quant_calibration_file file = plain(QUANT_STAGE_PARTIAL);
    file.has_ema = true;
    file.ema = 0.1;
    file.ninputs = file.nranges = LENGTH(ranges);
    file.ranges = ranges;
    file.has_position = true;
    file.position = QUANT_COUNT_MOST;
    struct quant_calibration_file found;
    go_round(&file, &found);
    assert_int_equal(found.nranges, LENGTH(ranges));
    assert_true(found.has_position && found.position == QUANT_COUNT_MOST);
    for (size_t i = 0; i < LENGTH(ranges); i++) {
        assert_int_equal(found.ranges[i].present, ranges[i].present);
        assert_memory_equal(found.ranges[i].ends, ranges[i].ends, sizeof ranges[i].ends);
    }
    assert_true(quant_calibration_file_is_kin(&file, &found));
    quant_calibration_file_release(&found);
}

/* Whatever differs, they do not go together. */
static void test_kin(void **state)
{
    (void)state;
    const struct quant_calibration_file a = plain(QUANT_STAGE_PARTIAL);
    struct quant_calibration_file others[] = {a, a, a, a, a, a, a, a, a};
    snprintf(others[0].method, sizeof others[0].method, "sigma");
    others[1].argument = 99;
    others[2].scheme = QUANT_ZERO_POINT;
    others[3].dtype = QUANT_UINT8;
    others[4].has_qmin = true;
    others[5].include_zero = true;
    others[6].rounding = QUANT_HALF_AWAY;
    others[7].has_ema = true;
    others[8].scale_dtype = QUANT_FLOAT16;
    assert_true(quant_calibration_file_is_kin(&a, &a));
    for (size_t i = 0; i < LENGTH(others); i++)
        assert_false(quant_calibration_file_is_kin(&a, &others[i]));
}

/* ---- What is wrong ---- */

static const struct {
    const char *name;
    enum quant_status status;
    const char *message;
} rows[] = {
    {"good.json", QUANT_OK, ""},
    {"good_sigma.json", QUANT_OK, ""},
    {"good_ema.json", QUANT_OK, ""},
    {"good_groups.json", QUANT_OK, ""},
    {"groups_version_1.json", QUANT_UNSUPPORTED,
     "version 1; this program reads version 2 of a file "},
    {"groups_partial.json", QUANT_UNSUPPORTED, "reads groups only where it is 'complete'"},
    {"groups_shape_many.json", QUANT_CORRUPT, "'observed' has fewer entries than 'scale_shape'"},
    {"groups_shape_huge.json", QUANT_OUT_OF_RANGE, "'scale_shape' is larger than any file"},
    {"groups_range_falling.json", QUANT_OUT_OF_RANGE, "entry 2 of 'range' is not a range of"},
    {"groups_range_nan.json", QUANT_CORRUPT, "unexpected 'NaN' at byte 423; expected a number"},
    {"method_auto.json", QUANT_OK, ""}, /* which methods there are is for others to know */
    {"format_wrong.json", QUANT_UNRECOGNIZED, "'format' is not 'quant-calibration'"},
    {"version_1.json", QUANT_UNSUPPORTED, "version 1; this program reads version 2 of a file "},
    {"version_3.json", QUANT_UNSUPPORTED, "version 3; this program reads version 2 of a file "},
    {"dtype_unknown.json", QUANT_UNSUPPORTED, "unknown 'dtype': 'int7'"},
    {"truncated.json", QUANT_CORRUPT, "not JSON at byte "},
    {"observed_nan.json", QUANT_CORRUPT, "not JSON at byte "},
    {"count_negative.json", QUANT_OUT_OF_RANGE, "'count' is -7, not within 0 to "},
    {"counts_huge.json", QUANT_OUT_OF_RANGE, "not within 1 to 458752"}, /* 7 times 2^16 */
    {"counts_odd.json", QUANT_CORRUPT, "'counts' has an index without a count"},
    {"ranges_one.json", QUANT_CORRUPT, "'ranges' do not agree with 'inputs'"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char path[256];
        size_t nbytes;
        snprintf(path, sizeof path, FOLDER "%s", rows[i].name);
        unsigned char *bytes = file_read(path, &nbytes);
        struct quant_calibration_file file;
        struct quant_error error = {QUANT_OK, ""};
        check_error(rows[i].name, read_it(bytes, nbytes, &file, &error), &error, rows[i].status,
                    rows[i].message);
        quant_calibration_file_release(&file);
        free(bytes);
    }
}

static void test_truncated(void **state)
{
    (void)state;
    static const char *const good[] = {FOLDER "good.json", FOLDER "good_sigma.json",
                                       FOLDER "good_ema.json", FOLDER "good_groups.json"};
    for (size_t i = 0; i < LENGTH(good); i++) {
        size_t nbytes;
        unsigned char *bytes = file_read(good[i], &nbytes);
        for (size_t length = 0; length < nbytes - 1; length++) { /* but for the newline */
            struct quant_calibration_file file;
            struct quant_error error = {QUANT_OK, ""};
            const enum quant_status status = read_it(bytes, length, &file, &error);
            if (status == QUANT_OK || error.status != status)
                fail_msg("%s: %zu bytes are taken for a whole", good[i], length);
            quant_calibration_file_release(&file);
        }
        free(bytes);
    }
}

/* A comma for a point is no one's business here. */
static void test_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        skip(); /* interop/calibrations says how to make it */
    test_ranges(state);
    test_rows(state);
    setlocale(LC_ALL, "C");
}

/* A deep text is refused before it takes a deep stack. */
static void test_deep(void **state)
{
    (void)state;
    struct quant_calibration_file file;
    struct quant_error error = {QUANT_OK, ""};
    const size_t length = 1 << 20;
    char *text = malloc(length);
    assert_non_null(text);
    memset(text, '[', length);
    check_error("deep", read_it(text, length, &file, &error), &error, QUANT_CORRUPT,
                "not JSON at byte");
    quant_calibration_file_release(&file);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),    cmocka_unit_test(test_random_floats),
        cmocka_unit_test(test_findings),  cmocka_unit_test(test_moving_average),
        cmocka_unit_test(test_kin),       cmocka_unit_test(test_rows),
        cmocka_unit_test(test_truncated), cmocka_unit_test(test_locale),
        cmocka_unit_test(test_deep),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
