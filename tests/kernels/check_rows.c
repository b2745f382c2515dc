/* SPDX-License-Identifier: MIT */
/* Kind of kernels: quantize_rows, with a scale and a zero point for each column of a matrix.
 * call->run is the number of columns. */
#include "groups.h"

static bool has_scale(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    return info && info->quantizes && !info->is_unscaled && info->bits >= 8;
}

/* Enough for any number of columns where that is not settled yet, and is 1. */
static size_t bytes_of_columns(const struct call *call)
{
    return (call->run > 1 && call->run < call->n ? call->run : call->n) * sizeof(float);
}

/* Whole rows. */
static void rows_shape(struct call *call, size_t round)
{
    static const size_t columns[] = {32, 7, 64, 65, 100, 1, 128, 63, 259};
    call->run = columns[round % LENGTH(columns)];
    if (call->run > call->n)
        call->run = call->n > 0 ? call->n : 1;
    call->n = call->n / call->run * call->run;
}

/* The first row is as hard as that of other kinds, and has the parameters. */
static void rows_fill(struct random *random, size_t round, struct call *call)
{
    const struct call whole = *call;
    const bool many_ties = random_64(random) & 1;
    float *x = call->arrays[X];
    if (whole.n == 0)
        return;
    call->n = whole.run;
    call->run = 1;
    group_inputs_fill(random, round, call->dtype, call);
    call->n = whole.n;
    call->run = whole.run;
    for (size_t i = call->run; i < call->n; i++) {
        const float s = ((const float *)call->arrays[SCALES])[i % call->run];
        const int32_t z = ((const int32_t *)call->arrays[ZERO_POINTS])[i % call->run];
        if (many_ties || random_below(random, 200) == 0)
            x[i] = random_element(random, s, z);
        else
            x[i] = (float)((random_unit(random) - 0.5) * 600 - z) * s;
    }
}

/* As many columns as are timed for one scale in a matrix of 32 rows. */
static void rows_fill_typical(struct random *random, size_t variant, struct call *call)
{
    enum { ROWS = 32 };
    (void)variant;
    const size_t n = call->n;
    call->run = 1;
    group_inputs_fill_same(random, call, false);
    call->run = n / ROWS;
    call->n = call->run * ROWS;
}

static void rows_reference(struct call *call)
{
    for (size_t i = 0; i < call->n; i += call->run)
        quant_kernels_scalar.quantize_each[call->dtype](
            &call->params, call->arrays[SCALES], call->arrays[ZERO_POINTS],
            (const float *)call->arrays[X] + i, call->run,
            (unsigned char *)call->arrays[Q] + quant_dtype_bytes(call->dtype, i));
}

/* If a row has no quantize_rows for the type, its callers use quantize_each; so does this. */
static void rows_run(const struct quant_kernels *row, struct call *call)
{
    if (row->quantize_rows[call->dtype]) {
        row->quantize_rows[call->dtype](&call->params, call->arrays[SCALES],
                                        call->arrays[ZERO_POINTS], call->run, call->n / call->run,
                                        call->arrays[X], call->arrays[Q]);
        return;
    }
    for (size_t i = 0; i < call->n; i += call->run)
        row->quantize_each[call->dtype](
            &call->params, call->arrays[SCALES], call->arrays[ZERO_POINTS],
            (const float *)call->arrays[X] + i, call->run,
            (unsigned char *)call->arrays[Q] + quant_dtype_bytes(call->dtype, i));
}

/* More columns than a kernel plans at a time. */
static void check_wide(const struct quant_kernels *row)
{
    enum { COLUMNS = 2 * 1024 + 77, ROWS = 3 };
    struct random random = random_begin();
    struct work works[2];
    work_begin(&works[0], &kind_quantize_rows, QUANT_INT8, (size_t)COLUMNS * ROWS);
    work_begin(&works[1], &kind_quantize_rows, QUANT_UINT8, (size_t)COLUMNS * ROWS);
    for (size_t round = 0; round < 96; round++) {
        struct work *work = &works[round % 2];
        work->call.run = COLUMNS;
        work->call.n = (size_t)COLUMNS * ROWS;
        rows_fill(&random, round / 2, &work->call);
        work_compare(work, row, "many columns");
    }
    work_end(&works[0]);
    work_end(&works[1]);
}

static const struct check rows_checks[] = {{"many columns", check_wide}, {NULL, NULL}};

const struct kind kind_quantize_rows = {
    .name = "quantize_rows",
    .member = offsetof(struct quant_kernels, quantize_rows),
    .nmembers = QUANT_DTYPE_COUNT,
    .is_for = has_scale,
    .is_optional = true,
    .arrays = {{"scales", bytes_of_columns, sizeof(float), false},
               {"zero_points", bytes_of_columns, sizeof(int32_t), false},
               {"x", bytes_of_floats, sizeof(float), false},
               {"q", bytes_of_elements, 0, true}},
    .shape = rows_shape,
    .fill = rows_fill,
    .fill_typical = rows_fill_typical,
    .run = rows_run,
    .reference = rows_reference,
    .nrounds = 800,
    .placed = {4, 1, 2, 1, 1},
    .checks = rows_checks,
};
