/* SPDX-License-Identifier: MIT */
/* The sums of the error report: their order depends on the number of elements only, and they are
 * accurate. */
#include "core/measure.h"
#include "reports.h"

enum { MOST = 20000, LANES = QUANT_MEASURE_LANES, BLOCK = QUANT_MEASURE_BLOCK };

struct data {
    struct quant_params params;
    float x[MOST];
    unsigned char q[MOST];
};

static struct data data;

/* Errors of many sizes: a different order of additions changes the sums. */
static void data_begin(struct random *random)
{
    data.params = unit_params();
    data.params.scale = 0.1F;
    data.params.zero_point = 7;
    random_data(random, &data.params, data.x, MOST);
    data.x[4000] = data.x[17000] = 1e9F;
    quant_quantize(&data.params, data.x, MOST, data.q);
}

static void assert_same(const struct quant_report *found, const struct quant_report *expected,
                        const char *what, size_t n)
{
    if (memcmp(found, expected, sizeof *found) != 0)
        fail_msg("%s %zu: mse %a, max %a at %llu; expected mse %a, max %a at %llu", what, n,
                 found->mse, found->max_abs_error, (unsigned long long)found->max_abs_error_index,
                 expected->mse, expected->max_abs_error,
                 (unsigned long long)expected->max_abs_error_index);
}

/* ---- Cuts ------------------------------------------------------------------------------------ */

/* n elements, `size` at a time, or up to 5000 if size is 0. */
static void measure_cut(struct quant_measure *measure, struct random *random, size_t n, size_t size)
{
    quant_measure_init(measure, &data.params);
    for (size_t at = 0; at < n;) {
        const size_t piece = size > 0 ? size : random_below(random, 5000);
        const size_t most = piece < n - at ? piece : n - at;
        quant_measure_add(measure, data.x + at, data.q + at, most);
        at += most;
    }
}

static void test_cuts(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 15, 16, 17, 1023, 1024, 1025, 4095, 4096, 4097, 0, 0, 0};
    static const size_t lengths[] = {1, 15, 17, 1024, 1025, 4096, 4097, 8192, 12345, MOST};
    static struct quant_measure measure;
    struct random random = random_begin();
    data_begin(&random);
    for (size_t i = 0; i < LENGTH(sizes) * LENGTH(lengths); i++) {
        const size_t n = lengths[i / LENGTH(sizes)];
        const size_t size = sizes[i % LENGTH(sizes)];
        const struct quant_report whole = report_on(&data.params, data.x, data.q, n);
        struct quant_report cut;
        measure_cut(&measure, &random, n, size);
        quant_measure_report(&measure, QUANT_FLOAT32, 1, &cut);
        assert_same(&cut, &whole, "cut into pieces of", size);
    }
}

/* A report in between is that of the elements so far, and changes nothing. */
static void test_report_on_the_way(void **state)
{
    (void)state;
    static struct quant_measure measure;
    struct random random = random_begin();
    data_begin(&random);
    quant_measure_init(&measure, &data.params);
    for (size_t at = 0; at < MOST;) {
        const size_t piece = 1 + random_below(&random, 700);
        const size_t most = piece < MOST - at ? piece : MOST - at;
        quant_measure_add(&measure, data.x + at, data.q + at, most);
        at += most;
        struct quant_report report;
        const struct quant_report expected = report_on(&data.params, data.x, data.q, at);
        quant_measure_report(&measure, QUANT_FLOAT32, 1, &report);
        assert_same(&report, &expected, "after", at);
    }
}

static void test_adding_nothing(void **state)
{
    (void)state;
    static struct quant_measure measure;
    static struct quant_measure before;
    struct random random = random_begin();
    data_begin(&random);
    measure_cut(&measure, &random, 5000, 5000);
    memcpy(&before, &measure, sizeof before);
    quant_measure_add(&measure, NULL, NULL, 0);
    assert_memory_equal(&before, &measure, sizeof before);
}

/* ---- The maximum ----------------------------------------------------------------------------- */

/* The first of equal errors that are far apart is reported, across pieces and blocks. */
static void test_first_maximum(void **state)
{
    (void)state;
    static const size_t places[] = {0, 1, 1023, 1024, 4095, 4096, 9000, MOST - 1};
    data.params = unit_params();
    for (size_t i = 0; i < LENGTH(places); i++)
        for (size_t k = i; k < LENGTH(places); k++) {
            for (size_t at = 0; at < MOST; at++)
                data.x[at] = 5.25F;
            data.x[places[i]] = 2.5F;
            data.x[places[k]] = -8.5F;
            const struct quant_report report = report_of(&data.params, data.x, MOST);
            assert_int_equal(report.max_abs_error_index, places[i]);
            assert_true(report.max_abs_error == 0.5);
            assert_true(report.max_abs_error_x == (i == k ? -8.5 : 2.5));
            assert_true(report.max_abs_error_restored == (i == k ? -8 : 2));
        }
}

/* ---- The stated order ------------------------------------------------------------------------ */

static double error_of(size_t i)
{
    const float restored = (float)((int8_t)data.q[i] - data.params.zero_point) * data.params.scale;
    return isfinite(data.x[i]) ? (double)data.x[i] - (double)restored : 0;
}

/* Element i of a block is in lane i % 16, squared and added in one rounding; lanes are added halves
 * onto halves; blocks one after another, with what each addition loses kept separately. It is
 * written out here, since nobody should change figures by accident. */
static double stated_sum(size_t n)
{
    double sum = 0;
    double lost = 0;
    for (size_t begin = 0; begin < n; begin += BLOCK) {
        double l[LANES] = {0};
        for (size_t i = begin; i < n && i < begin + BLOCK; i++)
            l[i % LANES] = fma(error_of(i), error_of(i), l[i % LANES]);
        const double block =
            (((l[0] + l[8]) + (l[4] + l[12])) + ((l[2] + l[10]) + (l[6] + l[14]))) +
            (((l[1] + l[9]) + (l[5] + l[13])) + ((l[3] + l[11]) + (l[7] + l[15])));
        const double total = sum + block;
        lost += sum >= block ? (sum - total) + block : (block - total) + sum;
        sum = total;
    }
    return sum + lost;
}

static void test_stated_order(void **state)
{
    (void)state;
    struct random random = random_begin();
    data_begin(&random);
    for (size_t i = 0; i < 300; i++) {
        const size_t n = i < 100 ? i : random_below(&random, MOST + 1);
        const double found = report_on(&data.params, data.x, data.q, n).sum_squared_error;
        if (found != stated_sum(n))
            fail_msg("n %zu: found %a, expected %a", n, found, stated_sum(n));
    }
}

/* ---- Accuracy -------------------------------------------------------------------------------- */

/* A million elements: as accurate as a sum in long double, up to a few units of double. */
static void test_accuracy(void **state)
{
    (void)state;
    static struct quant_measure measure;
    struct random random = random_begin();
    const struct quant_params params = unit_params();
    long double squares = 0;
    long double sizes = 0;
    quant_measure_init(&measure, &params);
    for (size_t i = 0; i < 1000000; i++) {
        const float x = (float)(random_unit(&random) * 254 - 127);
        int8_t q;
        quant_quantize(&params, &x, 1, &q);
        quant_measure_add(&measure, &x, &q, 1);
        const double e = (double)x - q;
        squares += (long double)e * e;
        sizes += fabsl(e);
    }
    struct quant_report report;
    quant_measure_report(&measure, QUANT_FLOAT32, 1, &report);
    assert_true(fabsl(report.sum_squared_error - squares) < 2e-15L * squares);
    assert_true(fabsl(report.sum_abs_error - sizes) < 2e-15L * sizes);
}

/* Blocks whose sums vanish in a large one reappear when that one is cancelled. */
static void test_compensation(void **state)
{
    (void)state;
    data.params = unit_params();
    for (size_t i = 0; i < MOST; i++)
        data.x[i] = i >= BLOCK && i < (size_t)4 * BLOCK ? 1 + 0x1p-7F : 1;
    data.x[0] = 0x1p60F;
    data.x[(size_t)4 * BLOCK] = -0x1p60F;
    const struct quant_report report = report_of(&data.params, data.x, MOST);
    assert_true(report.mean_error == 3 * BLOCK * 0x1p-7 / MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts),           cmocka_unit_test(test_report_on_the_way),
        cmocka_unit_test(test_adding_nothing), cmocka_unit_test(test_first_maximum),
        cmocka_unit_test(test_stated_order),   cmocka_unit_test(test_accuracy),
        cmocka_unit_test(test_compensation),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
