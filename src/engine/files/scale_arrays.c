/* SPDX-License-Identifier: MIT */
/* Scales go through the reader of their format, which knows floats. Integers are read as bytes,
 * since no reader delivers those of 64 bits. */
#include "engine/files/scale_arrays.h"

#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/shape.h"
#include "engine/tensor/container_input.h"

/* ---- Scales ---- */

enum quant_status quant_scale_array_read(const struct quant_tensor_file *file, size_t i,
                                         float *scales, struct quant_error *error)
{
    const struct quant_stored_type *type = file->tensors[i].type;
    struct quant_source *window = NULL;
    struct quant_reader *reader = NULL;
    if (!quant_container_maps(type))
        return quant_source_error(file->source, error, QUANT_INVALID,
                                  "its scales '%.200s' have the type %s, not a float type",
                                  file->tensors[i].name, type->name);
    enum quant_status status =
        quant_tensor_file_open_tensor(file, i, QUANT_FLOAT32, &window, &reader, error);
    size_t done = 0;
    while (status == QUANT_OK && done < reader->nelems) {
        size_t count = 0;
        status =
            reader->ops->read(reader, scales + done, (size_t)reader->nelems - done, &count, error);
        done += count;
    }
    if (reader)
        reader->ops->close(reader);
    quant_source_close(window);
    return status;
}

/* ---- Zero points ---- */

enum { NUMBERS_AT_A_TIME = 1024, NUMBER_MOST = 8 };

/* The bytes of an integer, and whether it may be negative. */
struct integer_form {
    size_t nbytes;
    bool is_signed;
    bool is_big_endian;
};

static bool find_form(const struct quant_tensor_info *info, struct integer_form *form)
{
    const struct quant_stored_type *type = info->type;
    const struct quant_dtype_info *dtype = quant_dtype_info(type->dtype);
    const bool is_known = type->dtype != QUANT_DTYPE_NONE && dtype;
    form->nbytes = type->bits / 8;
    form->is_big_endian = info->byte_order == QUANT_BIG;
    form->is_signed = is_known ? dtype->min < 0 : true;
    if (is_known)
        return dtype->is_integer && type->bits >= 8;
    return type->common && strcmp(type->common, "int64") == 0;
}

static int64_t decode_integer(const unsigned char *bytes, const struct integer_form *form)
{
    switch (form->nbytes) {
    case 1:
        return form->is_signed ? (int64_t)(int8_t)bytes[0] : (int64_t)bytes[0];
    case 2: {
        const uint16_t bits = quant_load_16(bytes, form->is_big_endian);
        return form->is_signed ? (int64_t)(int16_t)bits : (int64_t)bits;
    }
    case 4: {
        const uint32_t bits = quant_load_32(bytes, form->is_big_endian);
        return form->is_signed ? (int64_t)(int32_t)bits : (int64_t)bits;
    }
    default:
        return (int64_t)quant_load_64(bytes, form->is_big_endian);
    }
}

enum quant_status quant_zero_point_array_read(const struct quant_tensor_file *file, size_t i,
                                              int32_t *zero_points, struct quant_error *error)
{
    const struct quant_tensor_info *info = &file->tensors[i];
    unsigned char bytes[NUMBER_MOST * NUMBERS_AT_A_TIME];
    struct integer_form form;
    if (!find_form(info, &form))
        return quant_source_error(
            file->source, error, QUANT_INVALID,
            "its zero points '%.200s' have the type %s; expected integers of 8, 16 "
            "or 32 bits, or int64",
            info->name, info->type->name);
    const uint64_t count = info->nbytes / form.nbytes;
    for (uint64_t first = 0; first < count; first += NUMBERS_AT_A_TIME) {
        const uint64_t left = count - first;
        const size_t n = left < NUMBERS_AT_A_TIME ? (size_t)left : NUMBERS_AT_A_TIME;
        const enum quant_status status = quant_source_read_exactly(
            file->source, info->offset + form.nbytes * first, bytes, form.nbytes * n, error);
        if (status != QUANT_OK)
            return status;
        for (size_t k = 0; k < n; k++) {
            const int64_t number = decode_integer(bytes + form.nbytes * k, &form);
            if (number < INT32_MIN || number > INT32_MAX)
                return quant_source_error(file->source, error, QUANT_INVALID,
                                          "its zero point '%.200s' [%llu] is %lld, which exceeds "
                                          "32 bits",
                                          info->name, (unsigned long long)(first + k),
                                          (long long)number);
            zero_points[first + k] = (int32_t)number;
        }
    }
    return QUANT_OK;
}

/* ---- Order ---- */

/* The place in Fortran order of what is at `at` in C order. */
static uint64_t fortran_place(const struct quant_shape *shape, uint64_t at)
{
    uint64_t place = 0;
    for (int i = shape->ndim - 1; i >= 0; i--) {
        /* The index along dimension i is at % dims[i]; those before it follow. */
        uint64_t stride = 1;
        for (int k = 0; k < i; k++)
            stride *= shape->dims[k];
        place += at % shape->dims[i] * stride;
        at /= shape->dims[i];
    }
    return place;
}

enum quant_status quant_array_reorder(void *elements, const struct quant_shape *shape,
                                      bool to_fortran, struct quant_error *error)
{
    uint64_t count = 1;
    quant_shape_count(shape, &count);
    uint32_t *from = malloc(((size_t)count + 1) * sizeof *from);
    uint32_t *to = elements;
    if (!from)
        return quant_error_no_memory(error, (size_t)count * sizeof *from, "scales");
    memcpy(from, elements, (size_t)count * sizeof *from);
    for (uint64_t at = 0; at < count; at++) {
        const uint64_t place = fortran_place(shape, at);
        if (to_fortran)
            to[place] = from[at];
        else
            to[at] = from[place];
    }
    free(from);
    return QUANT_OK;
}
