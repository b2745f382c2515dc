/* SPDX-License-Identifier: MIT */
/* The row of GGUF in the table of formats, and its types. */
#include "formats/gguf.h"

#include <string.h>

#include "base/checked.h"
#include "formats/signature_checks.h"
#include "kernels/ggml_blocks.h"

/* ---- Types ---- */

#define PLAIN(name, bits, dtype, common, number, file_type)                                        \
    {                                                                                              \
        {name, bits, dtype, common, NULL}, number, file_type                                       \
    }
#define DECODED(name, word, dtype, number, file_type)                                              \
    {                                                                                              \
        {name, 0, dtype, NULL, &quant_ggml_##word}, number, file_type                              \
    }
#define COPIED(name, nelems, nbytes, number)                                                       \
    {                                                                                              \
        {name, 0, QUANT_DTYPE_NONE, NULL,                                                          \
         &(const struct quant_block_type){name, nelems, nbytes, 0, NULL, NULL, NULL}},             \
            number, QUANT_GGUF_NO_FILE_TYPE                                                        \
    }

/* By rising number. The missing numbers are of types that ggml has removed, or never stores. */
static const struct quant_gguf_type types[] = {
    PLAIN("F32", 32, QUANT_FLOAT32, NULL, 0, 0),
    PLAIN("F16", 16, QUANT_FLOAT16, NULL, 1, 1),
    DECODED("Q4_0", q4_0, QUANT_Q4_0, 2, 2),
    DECODED("Q4_1", q4_1, QUANT_Q4_1, 3, 3),
    DECODED("Q5_0", q5_0, QUANT_Q5_0, 6, 8),
    DECODED("Q5_1", q5_1, QUANT_Q5_1, 7, 9),
    DECODED("Q8_0", q8_0, QUANT_Q8_0, 8, 7),
    COPIED("Q8_1", 32, 36, 9),
    COPIED("Q2_K", 256, 84, 10),
    COPIED("Q3_K", 256, 110, 11),
    COPIED("Q4_K", 256, 144, 12),
    COPIED("Q5_K", 256, 176, 13),
    COPIED("Q6_K", 256, 210, 14),
    COPIED("Q8_K", 256, 292, 15),
    COPIED("IQ2_XXS", 256, 66, 16),
    COPIED("IQ2_XS", 256, 74, 17),
    COPIED("IQ3_XXS", 256, 98, 18),
    COPIED("IQ1_S", 256, 50, 19),
    COPIED("IQ4_NL", 32, 18, 20),
    COPIED("IQ3_S", 256, 110, 21),
    COPIED("IQ2_S", 256, 82, 22),
    COPIED("IQ4_XS", 256, 136, 23),
    PLAIN("I8", 8, QUANT_INT8, NULL, 24, QUANT_GGUF_NO_FILE_TYPE),
    PLAIN("I16", 16, QUANT_INT16, NULL, 25, QUANT_GGUF_NO_FILE_TYPE),
    PLAIN("I32", 32, QUANT_INT32, NULL, 26, QUANT_GGUF_NO_FILE_TYPE),
    PLAIN("I64", 64, QUANT_DTYPE_NONE, "int64", 27, QUANT_GGUF_NO_FILE_TYPE),
    PLAIN("F64", 64, QUANT_FLOAT64, NULL, 28, QUANT_GGUF_NO_FILE_TYPE),
    COPIED("IQ1_M", 256, 56, 29),
    PLAIN("BF16", 16, QUANT_BFLOAT16, NULL, 30, 32),
    COPIED("TQ1_0", 256, 54, 34),
    COPIED("TQ2_0", 256, 66, 35),
    COPIED("MXFP4", 32, 17, 39),
    COPIED("NVFP4", 64, 36, 40),
    COPIED("Q1_0", 128, 18, 41),
};

enum { NTYPES = sizeof types / sizeof types[0] };

const struct quant_stored_type *quant_gguf_type_at(size_t i)
{
    return i < NTYPES ? &types[i].stored : NULL;
}

const struct quant_gguf_type *quant_gguf_type_from_number(uint32_t number)
{
    for (size_t i = 0; i < NTYPES; i++)
        if (types[i].number == number)
            return &types[i];
    return NULL;
}

/* Integers have no place for their scales that any reader of GGUF knows. */
const struct quant_stored_type *quant_gguf_type_of(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    for (size_t i = 0; info && !info->is_integer && i < NTYPES; i++)
        if (types[i].stored.dtype == dtype)
            return &types[i].stored;
    return NULL;
}

enum quant_status quant_gguf_count_bytes(const struct quant_stored_type *type, const uint64_t *dims,
                                         uint32_t ndim, uint64_t *nbytes)
{
    const struct quant_block_type *block = type->block;
    const uint64_t nelems = block ? block->nelems : 1;
    const uint64_t row = ndim > 0 ? dims[ndim - 1] : 1;
    uint64_t total = block ? block->nbytes : type->bits / 8;
    bool empty = row == 0;
    if (row % nelems != 0)
        return QUANT_CORRUPT;
    if (!empty && !quant_checked_mul(total, row / nelems, &total))
        return QUANT_OUT_OF_RANGE;
    uint64_t count = empty ? 1 : row;
    for (uint32_t i = 0; i + 1 < ndim; i++) {
        empty = empty || dims[i] == 0;
        if (dims[i] > 0 && (!quant_checked_mul(total, dims[i], &total) ||
                            !quant_checked_mul(count, dims[i], &count)))
            return QUANT_OUT_OF_RANGE;
    }
    *nbytes = empty ? 0 : total;
    return total <= INT64_MAX && count <= INT64_MAX ? QUANT_OK : QUANT_OUT_OF_RANGE;
}

/* ---- The row ---- */

const struct quant_gguf_pair *quant_gguf_find(const struct quant_gguf *gguf, const char *key)
{
    for (size_t i = 0; i < gguf->npairs; i++)
        if (strcmp(gguf->pairs[i].key, key) == 0)
            return &gguf->pairs[i];
    return NULL;
}

uint64_t quant_gguf_align(uint64_t offset, uint64_t alignment)
{
    return (offset + alignment - 1) & ~(alignment - 1);
}

static enum quant_match recognize(const unsigned char *head, size_t nbytes)
{
    return quant_looks_like_gguf(head, nbytes) ? QUANT_MATCH_SURE : QUANT_MATCH_NONE;
}

static const char *const extensions[] = {"gguf", NULL};

static const struct quant_container container = {
    .open = quant_gguf_open,
    .digest_header = quant_gguf_digest_header,
    .type_at = quant_gguf_type_at,
    .type_of = quant_gguf_type_of,
    .lay_out = quant_gguf_lay_out,
};

const struct quant_format quant_format_gguf = {
    .name = "gguf",
    .summary = "many named tensors, as llama.cpp loads models",
    .is_container = true,
    .extensions = extensions,
    .writer_needs = QUANT_SHAPE_KNOWN,
    .recognize = recognize,
    .container = &container,
};
