/* SPDX-License-Identifier: MIT */
/*
 * The types of NumPy. A type is called as it is written, byte order and all, so that copying a
 * tensor keeps it. Rows for bfloat16 and float8 are written as .npy has them, but not read as such:
 * the file does not say what these bytes are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/npz.h"

static const struct quant_stored_type types[] = {
    {"|b1", 8, QUANT_DTYPE_NONE, "bool", NULL},
    {"|i1", 8, QUANT_INT8, NULL, NULL},
    {"|u1", 8, QUANT_UINT8, NULL, NULL},
    {"<i2", 16, QUANT_INT16, NULL, NULL},
    {"<u2", 16, QUANT_UINT16, NULL, NULL},
    {"<i4", 32, QUANT_INT32, NULL, NULL},
    {"<u4", 32, QUANT_DTYPE_NONE, "uint32", NULL},
    {"<i8", 64, QUANT_DTYPE_NONE, "int64", NULL},
    {"<u8", 64, QUANT_DTYPE_NONE, "uint64", NULL},
    {"<f2", 16, QUANT_FLOAT16, NULL, NULL},
    {"<f4", 32, QUANT_FLOAT32, NULL, NULL},
    {"<f8", 64, QUANT_FLOAT64, NULL, NULL},
    {"<c8", 64, QUANT_DTYPE_NONE, "complex64", NULL},
};

static const struct quant_stored_type opaque[] = {
    {"<V2", 16, QUANT_BFLOAT16, NULL, NULL},
    {"<V1", 8, QUANT_FLOAT8_E4M3FN, NULL, NULL},
    {"<V1", 8, QUANT_FLOAT8_E5M2, NULL, NULL},
};

enum { NTYPES = sizeof types / sizeof types[0], NOPAQUE = sizeof opaque / sizeof opaque[0] };

const struct quant_stored_type *quant_npz_type_at(size_t i)
{
    return i < NTYPES ? &types[i] : NULL;
}

const struct quant_stored_type *quant_npz_type_of(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    const enum quant_dtype stored = info && info->bits == 4 ? QUANT_UINT8 : dtype;
    for (size_t i = 0; info && i < NTYPES; i++)
        if (types[i].dtype == stored)
            return &types[i];
    for (size_t i = 0; info && i < NOPAQUE; i++)
        if (opaque[i].dtype == stored)
            return &opaque[i];
    return NULL;
}

/* ---- Reading ---- */

/* Bytes of an element of each kind: those allowed, or the unit of any number of them. */
static const struct {
    char kind;
    unsigned char unit;     /* bytes for each of the digits' number */
    unsigned char sizes[5]; /* ends with 0; none: any */
} kinds[] = {
    {'b', 1, {1}},
    {'i', 1, {1, 2, 4, 8}},
    {'u', 1, {1, 2, 4, 8}},
    {'f', 1, {2, 4, 8, 12, 16}},
    {'c', 1, {8, 16, 24, 32}},
    {'M', 1, {8}},
    {'m', 1, {8}},
    {'S', 1, {0}},
    {'a', 1, {0}},
    {'V', 1, {0}},
    {'U', 4, {0}},
};

enum { NKINDS = sizeof kinds / sizeof kinds[0] };

/* The bytes of an element of the type that code (a letter and a number) means; false: none. */
static bool count_bytes(const char *code, unsigned *nbytes)
{
    enum { NUMBER_MAX = 1 << 24 };
    char *end = NULL;
    size_t i = 0;
    while (i < NKINDS && kinds[i].kind != *code)
        i++;
    if (i == NKINDS || code[1] < '0' || code[1] > '9')
        return false;
    const unsigned long number = strtoul(code + 1, &end, 10);
    const bool is_time = *code == 'M' || *code == 'm';
    const size_t length = strlen(end);
    if (number > NUMBER_MAX ||
        (length > 0 && !(is_time && end[0] == '[' && length > 1 && end[length - 1] == ']')))
        return false;
    bool fits = kinds[i].sizes[0] == 0;
    for (size_t k = 0; k < sizeof kinds[i].sizes && kinds[i].sizes[k]; k++)
        fits = fits || kinds[i].sizes[k] == number;
    *nbytes = (unsigned)number * kinds[i].unit;
    return fits;
}

/* Types of other byte order, and those that only NumPy has, are only in files. */
static enum quant_dtype find_dtype(const char *code)
{
    for (size_t i = 0; i < NTYPES; i++)
        if (strcmp(types[i].name + 1, code) == 0)
            return types[i].dtype;
    return QUANT_DTYPE_NONE;
}

static bool has_byte_order(char kind, unsigned nbytes)
{
    if (kind == 'U')
        return nbytes > 0;
    return nbytes > 1 && kind != 'S' && kind != 'a' && kind != 'V';
}

/* A name is written into a header between single quotes. */
static bool is_plain(const char *descr)
{
    for (; *descr; descr++)
        if (*descr < ' ' || *descr > '~' || *descr == '\'' || *descr == '\\')
            return false;
    return true;
}

enum quant_status quant_npz_read_type(struct quant_arena *arena, const char *descr,
                                      const struct quant_stored_type **type,
                                      enum quant_byte_order *byte_order, const char **wrong)
{
    const bool has_prefix = *descr && strchr("<>=|", *descr);
    const char *code = has_prefix ? descr + 1 : descr;
    unsigned nbytes = 0;
    *wrong = NULL;
    if (*code == 'O')
        *wrong = "it holds Python objects, which only Python can read";
    else if (strlen(descr) >= QUANT_NPY_DESCR - 1 || !is_plain(descr) ||
             !count_bytes(code, &nbytes))
        *wrong = "its dtype is unknown";
    if (*wrong)
        return QUANT_UNSUPPORTED;
    *byte_order = !has_byte_order(*code, nbytes) ? QUANT_BYTE_ORDER_NONE
                  : quant_npy_is_big(descr)      ? QUANT_BIG
                                                 : QUANT_LITTLE;
    for (size_t i = 0; i < NTYPES; i++)
        if (strcmp(types[i].name, descr) == 0) {
            *type = &types[i];
            return QUANT_OK;
        }
    struct quant_stored_type *made = quant_arena_take(arena, sizeof *made);
    char *name = quant_arena_join(arena, descr, "");
    if (!made || !name)
        return QUANT_NO_MEMORY;
    *made = (struct quant_stored_type){name, 8 * nbytes, find_dtype(code), NULL, NULL};
    *type = made;
    return QUANT_OK;
}
