/* SPDX-License-Identifier: MIT */
/* Kinds of kernels: dequantize_each and dequantize_runs, with a scale and a zero point for each
 * element or run. Expected results come from the functions for one scale. */
#include <stdlib.h>

#include "base/nibble.h"
#include "groups.h"

/* The arrays of such a call. */
enum { ELEMENTS = 2, RESTORED };

static bool is_small_integer(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    return info && info->quantizes && info->is_integer && info->bits <= 16;
}

/* The element at i is at a place of its own: two of 4 bits share a byte. */
static void restore_one(const struct call *call, size_t i, float *x)
{
    const unsigned char *q = call->arrays[ELEMENTS];
    const struct quant_params params = {
        .dtype = call->dtype,
        .scale = ((const float *)call->arrays[SCALES])[i / call->run],
        .zero_point = ((const int32_t *)call->arrays[ZERO_POINTS])[i / call->run],
    };
    const bool halves = quant_dtype_bytes(call->dtype, 2) == 1;
    const unsigned char nibble = halves ? (unsigned char)quant_nibble_get(q, i) : 0;
    quant_kernels_scalar.dequantize[call->dtype](
        &params, halves ? &nibble : q + quant_dtype_bytes(call->dtype, i), 1, x);
}

static void restore_reference(struct call *call)
{
    for (size_t i = 0; i < call->n; i++)
        restore_one(call, i, (float *)call->arrays[RESTORED] + i);
}

/* Hard parameters, which come with elements of x that are not used, and random bytes. */
static void restore_fill(struct random *random, size_t round, struct call *call)
{
    float *x = malloc((call->n + 1) * sizeof *x);
    struct call floats = *call;
    assert_non_null(x);
    floats.arrays[X] = x;
    group_inputs_fill(random, round, call->dtype, &floats);
    random_bytes(random, call->arrays[ELEMENTS], bytes_of_elements(call));
    free(x);
}

static void restore_fill_typical(struct random *random, struct call *call)
{
    for (size_t i = 0; i < call->n; i += call->run) {
        ((float *)call->arrays[SCALES])[i / call->run] = (float)(1 + random_unit(random)) / 32;
        ((int32_t *)call->arrays[ZERO_POINTS])[i / call->run] = 0;
    }
    random_bytes(random, call->arrays[ELEMENTS], bytes_of_elements(call));
}

/* If a row lacks the function for the type, its callers restore the integers and scale them; so
 * does this. */
static void scale_plain(const struct quant_kernels *row, struct call *call)
{
    const struct quant_params plain = {.dtype = call->dtype, .scale = 1};
    struct group_each each = group_each_of(call);
    row->dequantize[call->dtype](&plain, call->arrays[ELEMENTS], call->n, call->arrays[RESTORED]);
    row->scale_each(each.scales, each.zero_points, call->n, call->arrays[RESTORED]);
    group_each_release(&each);
}

/* ---- dequantize_each ------------------------------------------------------------------------- */

static void each_run(const struct quant_kernels *row, struct call *call)
{
    if (row->dequantize_each[call->dtype])
        row->dequantize_each[call->dtype](call->arrays[SCALES], call->arrays[ZERO_POINTS],
                                          call->arrays[ELEMENTS], call->n, call->arrays[RESTORED]);
    else
        scale_plain(row, call);
}

static void each_fill_typical(struct random *random, size_t variant, struct call *call)
{
    (void)variant;
    call->run = 1;
    restore_fill_typical(random, call);
}

const struct kind kind_dequantize_each = {
    .name = "dequantize_each",
    .member = offsetof(struct quant_kernels, dequantize_each),
    .nmembers = QUANT_DTYPE_COUNT,
    .is_for = is_small_integer,
    .is_optional = true,
    .arrays = {{"scales", bytes_of_floats, sizeof(float), false},
               {"zero_points", bytes_of_floats, sizeof(int32_t), false},
               {"q", bytes_of_elements, 0, false},
               {"x", bytes_of_floats, sizeof(float), true}},
    .fill = restore_fill,
    .fill_typical = each_fill_typical,
    .run = each_run,
    .reference = restore_reference,
    .nrounds = 160,
    .placed = {4, 1, 1, 1, 1},
};

/* ---- dequantize_runs ------------------------------------------------------------------------- */

static void runs_run(const struct quant_kernels *row, struct call *call)
{
    if (row->dequantize_runs[call->dtype])
        row->dequantize_runs[call->dtype](call->arrays[SCALES], call->arrays[ZERO_POINTS],
                                          call->run, call->arrays[ELEMENTS], call->n,
                                          call->arrays[RESTORED]);
    else
        scale_plain(row, call);
}

static void runs_fill_typical(struct random *random, size_t variant, struct call *call)
{
    call->run = variant == 1 ? 128 : 32;
    restore_fill_typical(random, call);
}

const struct kind kind_dequantize_runs = {
    .name = "dequantize_runs",
    .member = offsetof(struct quant_kernels, dequantize_runs),
    .nmembers = QUANT_DTYPE_COUNT,
    .is_for = is_small_integer,
    .is_optional = true,
    .arrays = {{"scales", bytes_of_runs, sizeof(float), false},
               {"zero_points", bytes_of_runs, sizeof(int32_t), false},
               {"q", bytes_of_elements, 0, false},
               {"x", bytes_of_floats, sizeof(float), true}},
    .shape = group_runs_shape,
    .fill = restore_fill,
    .fill_typical = runs_fill_typical,
    .variants = {"32", "128"},
    .run = runs_run,
    .reference = restore_reference,
    .nrounds = 600,
    .placed = {4, 3, 1, 1, 1},
};
