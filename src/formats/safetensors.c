/* SPDX-License-Identifier: MIT */
/* The row of safetensors in the table of formats, and its types. */
#include "formats/safetensors.h"

#include <string.h>

#include "base/checked.h"
#include "formats/signature_checks.h"

/* In the ascending order of the reference implementation, which is not quite that of their sizes:
 * it decides the order of tensors in a file. */
static const struct quant_stored_type types[] = {
    {"BOOL", 8, QUANT_DTYPE_NONE, "bool", NULL},
    {"F4", 4, QUANT_DTYPE_NONE, NULL, NULL},
    {"F6_E2M3", 6, QUANT_DTYPE_NONE, NULL, NULL},
    {"F6_E3M2", 6, QUANT_DTYPE_NONE, NULL, NULL},
    {"U8", 8, QUANT_UINT8, NULL, NULL},
    {"I8", 8, QUANT_INT8, NULL, NULL},
    {"F8_E5M2", 8, QUANT_FLOAT8_E5M2, NULL, NULL},
    {"F8_E4M3", 8, QUANT_FLOAT8_E4M3FN, NULL, NULL},
    {"F8_E8M0", 8, QUANT_DTYPE_NONE, NULL, NULL},
    {"F8_E4M3FNUZ", 8, QUANT_DTYPE_NONE, NULL, NULL},
    {"F8_E5M2FNUZ", 8, QUANT_DTYPE_NONE, NULL, NULL},
    {"I16", 16, QUANT_INT16, NULL, NULL},
    {"U16", 16, QUANT_UINT16, NULL, NULL},
    {"F16", 16, QUANT_FLOAT16, NULL, NULL},
    {"BF16", 16, QUANT_BFLOAT16, NULL, NULL},
    {"I32", 32, QUANT_INT32, NULL, NULL},
    {"U32", 32, QUANT_DTYPE_NONE, "uint32", NULL},
    {"F32", 32, QUANT_FLOAT32, NULL, NULL},
    {"C64", 64, QUANT_DTYPE_NONE, "complex64", NULL},
    {"F64", 64, QUANT_FLOAT64, NULL, NULL},
    {"I64", 64, QUANT_DTYPE_NONE, "int64", NULL},
    {"U64", 64, QUANT_DTYPE_NONE, "uint64", NULL},
};

enum { NTYPES = sizeof types / sizeof types[0] };

const struct quant_stored_type *quant_safetensors_type_at(size_t i)
{
    return i < NTYPES ? &types[i] : NULL;
}

const struct quant_stored_type *quant_safetensors_type_from_name(const char *name)
{
    for (size_t i = 0; i < NTYPES; i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

const struct quant_stored_type *quant_safetensors_type_of(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    if (info && info->bits == 4)
        return quant_safetensors_type_from_name("U8");
    for (size_t i = 0; i < NTYPES; i++)
        if (types[i].dtype == dtype && dtype != QUANT_DTYPE_NONE)
            return &types[i];
    return NULL;
}

enum quant_status quant_safetensors_count_bytes(const struct quant_stored_type *type,
                                                const uint64_t *dims, uint32_t ndim,
                                                uint64_t *nbytes)
{
    uint64_t bits = type->bits;
    bool empty = false;
    for (uint32_t i = 0; i < ndim; i++) {
        if (dims[i] == 0)
            empty = true;
        else if (!quant_checked_mul(bits, dims[i], &bits) || bits > INT64_MAX)
            return QUANT_OUT_OF_RANGE;
    }
    *nbytes = empty ? 0 : bits / 8;
    return empty || bits % 8 == 0 ? QUANT_OK : QUANT_CORRUPT;
}

static enum quant_match recognize(const unsigned char *head, size_t nbytes)
{
    return quant_looks_like_safetensors(head, nbytes) ? QUANT_MATCH_SURE : QUANT_MATCH_NONE;
}

static const char *const extensions[] = {"safetensors", NULL};

static const struct quant_container container = {
    .open = quant_safetensors_open,
    .type_at = quant_safetensors_type_at,
    .type_of = quant_safetensors_type_of,
    .lay_out = quant_safetensors_lay_out,
};

const struct quant_format quant_format_safetensors = {
    .name = "safetensors",
    .summary = "many named tensors, as the safetensors library stores weights",
    .is_container = true,
    .extensions = extensions,
    .writer_needs = QUANT_SHAPE_KNOWN,
    .recognize = recognize,
    .container = &container,
};
