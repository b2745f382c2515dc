/* SPDX-License-Identifier: MIT */
/* Quantizes a matrix in memory: with one scale, and with one for each row. */
#include <quant/groups.h>
#include <quant/quant.h>
#include <stdio.h>

enum { ROWS = 2, COLUMNS = 4, N = ROWS * COLUMNS };

static const float x[N] = {0.11f, -0.42f, 0.25f, 0.5f, 5.47f, 3.08f, -7.59f, 10.8f};

static void print_row(const char *name, const signed char *q)
{
    printf("%s", name);
    for (int i = 0; i < N; i++)
        printf(" %d", q[i]);
    printf("\n");
}

static enum quant_status with_one_scale(const struct quant_spec *spec, struct quant_error *error)
{
    struct quant_choice choice;
    signed char q[N];
    const enum quant_status status = quant_calibrate(spec, x, N, &choice, error);
    if (status != QUANT_OK)
        return status;
    quant_quantize(&choice.params, x, N, q);
    printf("scale %.9g\n", (double)choice.params.scale);
    print_row("integers", q);
    return QUANT_OK;
}

static enum quant_status with_a_scale_per_row(const struct quant_spec *spec,
                                              struct quant_error *error)
{
    const struct quant_shape shape = {.ndim = 2, .dims = {ROWS, COLUMNS}};
    const struct quant_granularity rows = {.has_axis = true, .axis = 0};
    struct quant_grouping grouping;
    float scales[ROWS];
    int32_t zero_points[ROWS];
    const struct quant_group_params params = {
        .first = 0, .scales = scales, .zero_points = zero_points};
    struct quant_params common;
    unsigned notes;
    signed char q[N];
    enum quant_status status = quant_grouping_make(&rows, &shape, QUANT_ORDER_C, &grouping, error);
    if (status == QUANT_OK)
        status = quant_calibrate_groups(spec, &grouping, x, &common, &params, &notes, error);
    if (status != QUANT_OK)
        return status;
    quant_quantize_groups(&common, &grouping, &params, 0, x, N, q);
    printf("scales %.9g %.9g\n", (double)scales[0], (double)scales[1]);
    print_row("integers", q);
    return QUANT_OK;
}

int main(void)
{
    const struct quant_spec spec = {.scheme = QUANT_ABSMAX, .dtype = QUANT_INT8};
    struct quant_error error;
    enum quant_status status = with_one_scale(&spec, &error);
    if (status == QUANT_OK)
        status = with_a_scale_per_row(&spec, &error);
    if (status != QUANT_OK)
        fprintf(stderr, "%s\n", error.text);
    return status == QUANT_OK ? 0 : 1;
}
