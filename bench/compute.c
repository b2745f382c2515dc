/* SPDX-License-Identifier: MIT */
/*
 * What a network gains where it multiplies int8 instead of float32: oneDNN's matrix product, with
 * weights in the layout that it chooses, as a network that is loaded once has them.
 *
 *     bench_compute ROWS SIZE REPETITIONS SECONDS
 *
 * Multiplies ROWS vectors of SIZE numbers (1: matrix times vector) by SIZE x SIZE weights; the sums
 * are float32 and 32-bit integers. SECONDS is the minimum time of a repetition. Prints a line for
 * "f32" and "int8": the name, a tab, and the seconds of one product in each repetition, by turns.
 * Fails if a sum of integers is wrong. OMP_NUM_THREADS sets the threads.
 */
#include <oneapi/dnnl/dnnl.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TYPES = 2, ARGUMENTS = 3, MOST_REPETITIONS = 1000 };

struct product {
    const char *name;
    dnnl_data_type_t element, sum;
    dnnl_primitive_t primitive;
    dnnl_memory_t vectors, weights, sums;
    size_t calls; /* in one repetition */
    double seconds[MOST_REPETITIONS];
};

static dnnl_engine_t engine;
static dnnl_stream_t stream;

static void check(dnnl_status_t status)
{
    if (status == dnnl_success)
        return;
    (void)fprintf(stderr, "bench_compute: oneDNN failed with status %d\n", (int)status);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The weight or element number i: an integer from -127 to 127, so both products are the same. */
static int8_t number(uint64_t i)
{
    return (int8_t)((int)(i * UINT64_C(0x9E3779B97F4A7C15) >> 32) % 128);
}

static dnnl_memory_desc_t describe(dnnl_dim_t rows, dnnl_dim_t columns, dnnl_data_type_t type,
                                   dnnl_format_tag_t tag)
{
    const dnnl_dims_t dims = {rows, columns};
    dnnl_memory_desc_t desc;
    check(dnnl_memory_desc_init_by_tag(&desc, 2, dims, type, tag));
    return desc;
}

/* A matrix of numbers, row by row. */
static dnnl_memory_t make_matrix(const dnnl_memory_desc_t *desc)
{
    dnnl_memory_t memory = NULL;
    void *elements = NULL;
    check(dnnl_memory_create(&memory, desc, engine, DNNL_MEMORY_ALLOCATE));
    check(dnnl_memory_get_data_handle(memory, &elements));
    const uint64_t n = (uint64_t)(desc->dims[0] * desc->dims[1]);
    for (uint64_t i = 0; i < n; i++) {
        if (desc->data_type == dnnl_f32)
            ((float *)elements)[i] = number(i);
        else
            ((int8_t *)elements)[i] = number(i);
    }
    return memory;
}

static dnnl_memory_t rearrange(dnnl_memory_t from, const dnnl_memory_desc_t *plain,
                               const dnnl_memory_desc_t *wanted)
{
    dnnl_memory_t to = NULL;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t reorder = NULL;
    check(dnnl_memory_create(&to, wanted, engine, DNNL_MEMORY_ALLOCATE));
    check(dnnl_reorder_primitive_desc_create(&desc, plain, engine, wanted, engine, NULL));
    check(dnnl_primitive_create(&reorder, desc));
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    check(dnnl_primitive_execute(reorder, stream, 2, arguments));
    check(dnnl_stream_wait(stream));
    check(dnnl_primitive_destroy(reorder));
    check(dnnl_primitive_desc_destroy(desc));
    check(dnnl_memory_destroy(from));
    return to;
}

static void prepare(struct product *product, dnnl_dim_t rows, dnnl_dim_t size)
{
    const dnnl_memory_desc_t vectors = describe(rows, size, product->element, dnnl_ab);
    const dnnl_memory_desc_t plain = describe(size, size, product->element, dnnl_ab);
    const dnnl_memory_desc_t any = describe(size, size, product->element, dnnl_format_tag_any);
    const dnnl_memory_desc_t sums = describe(rows, size, product->sum, dnnl_ab);
    dnnl_matmul_desc_t matmul;
    dnnl_primitive_desc_t desc = NULL;
    check(dnnl_matmul_desc_init(&matmul, &vectors, &any, NULL, &sums));
    check(dnnl_primitive_desc_create(&desc, &matmul, NULL, engine, NULL));
    check(dnnl_primitive_create(&product->primitive, desc));
    const dnnl_memory_desc_t *chosen = dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0);
    product->vectors = make_matrix(&vectors);
    product->weights = rearrange(make_matrix(&plain), &plain, chosen);
    check(dnnl_memory_create(&product->sums, &sums, engine, DNNL_MEMORY_ALLOCATE));
    check(dnnl_primitive_desc_destroy(desc));
}

static double time_calls(const struct product *product, size_t calls)
{
    const dnnl_exec_arg_t arguments[ARGUMENTS] = {{DNNL_ARG_SRC, product->vectors},
                                                  {DNNL_ARG_WEIGHTS, product->weights},
                                                  {DNNL_ARG_DST, product->sums}};
    const double start = now();
    for (size_t i = 0; i < calls; i++)
        check(dnnl_primitive_execute(product->primitive, stream, ARGUMENTS, arguments));
    check(dnnl_stream_wait(stream));
    return now() - start;
}

/* The first sum of integers. */
static void check_sum(const struct product *product, uint64_t size)
{
    void *sums = NULL;
    int32_t expected = 0;
    check(dnnl_memory_get_data_handle(product->sums, &sums));
    for (uint64_t i = 0; i < size; i++)
        expected += number(i) * number(i * size);
    if (*(const int32_t *)sums == expected)
        return;
    (void)fprintf(stderr, "bench_compute: a sum is %d, not %d\n", *(const int32_t *)sums, expected);
    exit(1);
}

int main(int argc, char **argv)
{
    static struct product products[TYPES] = {{.name = "f32", .element = dnnl_f32, .sum = dnnl_f32},
                                             {.name = "int8", .element = dnnl_s8, .sum = dnnl_s32}};
    if (argc != 5)
        return 2;
    const dnnl_dim_t rows = strtoll(argv[1], NULL, 10);
    const dnnl_dim_t size = strtoll(argv[2], NULL, 10);
    const size_t repetitions = strtoull(argv[3], NULL, 10);
    const double min_seconds = strtod(argv[4], NULL);
    if (rows < 1 || size < 1 || repetitions < 1 || repetitions > MOST_REPETITIONS)
        return 2;
    check(dnnl_engine_create(&engine, dnnl_cpu, 0));
    check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
    for (size_t k = 0; k < TYPES; k++) {
        prepare(&products[k], rows, size);
        (void)time_calls(&products[k], 1); /* also touches the pages of the sums */
        products[k].calls = (size_t)(min_seconds / time_calls(&products[k], 1)) + 1;
    }
    check_sum(&products[1], (uint64_t)size);
    for (size_t r = 0; r < repetitions; r++)
        for (size_t k = 0; k < TYPES; k++)
            products[k].seconds[r] =
                time_calls(&products[k], products[k].calls) / (double)products[k].calls;
    for (size_t k = 0; k < TYPES; k++) {
        (void)printf("%s\t", products[k].name);
        for (size_t r = 0; r < repetitions; r++)
            (void)printf(" %.9g", products[k].seconds[r]);
        (void)puts("");
    }
    return 0;
}
