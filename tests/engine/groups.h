/* SPDX-License-Identifier: MIT */
/* What the tests of scales per channel and block share: tensors of any shape as files, what the
 * functions of <quant/groups.h> make of them in memory, and what a result's sidecar says. */
#ifndef QUANT_TESTS_ENGINE_GROUPS_H
#define QUANT_TESTS_ENGINE_GROUPS_H

#include "engine.h"

#include <math.h>

#include "io/io.h"
#include "records/sidecar.h"

struct tensor {
    struct quant_shape shape;
    enum quant_order order;
    float *x;
    size_t n;
};

/* Normal-looking numbers whose scale changes from element to element and along the tensor, so that
 * no two groups have the same parameters. */
static inline struct tensor tensor_make(struct quant_shape shape, enum quant_order order)
{
    struct tensor tensor = {shape, order, NULL, 1};
    for (int i = 0; i < shape.ndim; i++)
        tensor.n *= (size_t)shape.dims[i];
    tensor.x = make_floats(tensor.n);
    for (size_t i = 0; i < tensor.n; i++) {
        const size_t part = i * 31 / tensor.n;
        tensor.x[i] *= (float)(1 + i % 13) * (float)(1 + part);
    }
    return tensor;
}

static inline void tensor_write_npy(const struct tensor *tensor, const char *path)
{
    char text[128] = "(";
    for (int i = 0; i < tensor->shape.ndim; i++)
        snprintf(text + strlen(text), 24, "%llu,", (unsigned long long)tensor->shape.dims[i]);
    strcat(text, ")");
    write_npy(path, tensor->x, tensor->n, tensor->order == QUANT_ORDER_FORTRAN, text);
}

/* In C order. */
static inline void tensor_write_json(const struct tensor *tensor, const char *path)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fprintf(file, "{\"shape\": [");
    for (int i = 0; i < tensor->shape.ndim; i++)
        fprintf(file, "%s%llu", i > 0 ? ", " : "", (unsigned long long)tensor->shape.dims[i]);
    fprintf(file, "], \"data\": [");
    for (size_t i = 0; i < tensor->n; i++)
        fprintf(file, "%s%.9g", i > 0 ? "," : "", (double)tensor->x[i]);
    fprintf(file, "]}\n");
    assert_int_equal(fclose(file), 0);
}

/* ---- In memory ---- */

struct plain {
    struct quant_grouping grouping;
    struct quant_params common;
    struct quant_group_params groups;
    unsigned notes;
    unsigned char *q;
    size_t nbytes;
    float *restored;
};

static inline struct plain plain_make(const struct tensor *tensor, const struct quant_spec *spec,
                                      const struct quant_granularity *granularity)
{
    struct plain plain = {.notes = 0};
    struct quant_error error;
    check_ok(
        quant_grouping_make(granularity, &tensor->shape, tensor->order, &plain.grouping, &error),
        &error);
    const size_t count = (size_t)plain.grouping.count;
    plain.groups.scales = calloc(count + 1, sizeof *plain.groups.scales);
    plain.groups.zero_points = calloc(count + 1, sizeof *plain.groups.zero_points);
    plain.q = calloc(2 * tensor->n + 1, 1);
    plain.restored = calloc(tensor->n + 1, sizeof *plain.restored);
    assert_true(plain.groups.scales && plain.groups.zero_points && plain.q && plain.restored);
    check_ok(quant_calibrate_groups(spec, &plain.grouping, tensor->x, &plain.common, &plain.groups,
                                    &plain.notes, &error),
             &error);
    plain.nbytes = (size_t)quant_dtype_bytes(plain.common.dtype, tensor->n);
    quant_quantize_groups(&plain.common, &plain.grouping, &plain.groups, 0, tensor->x, tensor->n,
                          plain.q);
    quant_dequantize_groups(&plain.common, &plain.grouping, &plain.groups, 0, plain.q, tensor->n,
                            plain.restored);
    return plain;
}

static inline void plain_free(struct plain *plain)
{
    free(plain->groups.scales);
    free(plain->groups.zero_points);
    free(plain->q);
    free(plain->restored);
}

/* ---- In files ---- */

static inline struct quant_sidecar sidecar_read(const char *path)
{
    struct quant_source *source = NULL;
    struct quant_sidecar sidecar;
    struct quant_error error;
    check_ok(quant_input_open(path, &never, &source, &error), &error);
    check_ok(quant_sidecar_parse(source, &sidecar, &error), &error);
    quant_source_close(source);
    return sidecar;
}

/* Records of a little-endian float32, and an int32 where the scheme has zero points. */
static inline void check_records(const char *path, const struct quant_group_params *groups,
                                 size_t count, bool has_zero_points)
{
    const size_t size = has_zero_points ? 8 : 4;
    size_t nbytes;
    unsigned char *bytes = file_read(path, &nbytes);
    assert_int_equal(nbytes, size * count);
    for (size_t i = 0; i < count; i++) {
        uint32_t words[2] = {0, 0};
        uint32_t bits;
        for (size_t k = size; k-- > 0;)
            words[k / 4] = words[k / 4] << 8 | bytes[size * i + k];
        memcpy(&bits, &groups->scales[i], sizeof bits);
        assert_int_equal(words[0], bits);
        assert_int_equal((int32_t)words[1], groups->zero_points[i]);
    }
    free(bytes);
}

/* The sidecar at path has these scales and zero points, in arrays or in the file scales. */
static inline void check_sidecar(const char *path, const struct plain *plain, const char *scales)
{
    struct quant_sidecar sidecar = sidecar_read(path);
    const size_t count = (size_t)plain->grouping.count;
    assert_true(sidecar.has_groups);
    assert_int_equal(sidecar.groups.axis, plain->grouping.axis);
    assert_int_equal(sidecar.groups.block_size, plain->grouping.block_size);
    assert_int_equal(sidecar.groups.count, count);
    if (count > QUANT_SIDECAR_SCALES) {
        assert_string_equal(sidecar.groups.path, scales);
        const bool has_zero_points = plain->common.scheme == QUANT_ZERO_POINT;
        assert_int_equal(sidecar.groups.has_zero_points, has_zero_points);
        check_records(scales, &plain->groups, count, has_zero_points);
    } else {
        assert_null(sidecar.groups.path);
        assert_memory_equal(sidecar.groups.scales, plain->groups.scales, count * sizeof(float));
        assert_memory_equal(sidecar.groups.zero_points, plain->groups.zero_points,
                            count * sizeof(int32_t));
    }
    quant_sidecar_release(&sidecar);
}

/* What a file holds after the header of an .npy. */
static inline void check_data(const char *path, const void *bytes, size_t nbytes)
{
    size_t found;
    unsigned char *content = file_read(path, &found);
    assert_int_equal(found, 128 + nbytes);
    assert_memory_equal(content + 128, bytes, nbytes);
    free(content);
}

/* q.npy, q.npy.json and q.npy.scales are what this is in files. */
static inline void check_quantized(const struct plain *plain)
{
    check_data("q.npy", plain->q, plain->nbytes);
    check_sidecar("q.npy.json", plain, "q.npy.scales");
    assert_int_equal(file_exists("q.npy.scales"), plain->grouping.count > QUANT_SIDECAR_SCALES);
}

static inline struct quant_quantize_job groups_job(const char *input, const struct quant_spec *spec,
                                                   const struct quant_granularity *granularity)
{
    struct quant_quantize_job job = quantize_job(input, "q.npy");
    job.spec = *spec;
    job.granularity = *granularity;
    job.output.force = true;
    return job;
}

/* Field by field: what lies between them is nobody's. */
static inline void check_grouping(const struct quant_grouping *a, const struct quant_grouping *b)
{
    assert_true(a->nelems == b->nelems && a->count == b->count);
    assert_true(a->stride == b->stride && a->panel == b->panel);
    assert_true(a->ngroups == b->ngroups && a->repeat == b->repeat);
    assert_true(a->axis == b->axis && a->block_size == b->block_size);
}

#endif
