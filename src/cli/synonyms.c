/* SPDX-License-Identifier: MIT */
/* The tables of synonyms. The short names of types (i8, f16, bf16) are in the library's own table.
 */
#include "cli/synonyms.h"

#include <stddef.h>
#include <string.h>

struct synonym {
    const char *word;
    const char *choice;
};

static const char *find(const struct synonym *table, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(table[i].word, word) == 0)
            return table[i].choice;
    return word;
}

const char *synonym_scheme(const char *word)
{
    static const struct synonym table[] = {
        {"symmetric", "absmax"},
        {"affine", "zero-point"},
        {"asymmetric", "zero-point"},
    };
    return find(table, sizeof table / sizeof table[0], word);
}

/* "fp8" and "float8" are missing because there are two such types. "float8_e4m3" is missing because
 * in ml_dtypes it is another type than float8_e4m3fn, with infinities. */
const char *synonym_dtype(const char *word)
{
    static const struct synonym table[] = {
        {"s8", "int8"},
        {"s4", "int4"},
        {"s16", "int16"},
        {"s32", "int32"},
        {"half", "float16"},
        {"fp16", "float16"},
        {"bfloat", "bfloat16"},
        {"bfp16", "bfloat16"},
        {"float", "float32"},
        {"single", "float32"},
        {"fp32", "float32"},
        {"double", "float64"},
        {"fp64", "float64"},
        {"e4m3", "float8_e4m3fn"},
        {"e4m3fn", "float8_e4m3fn"},
        {"fp8_e4m3", "float8_e4m3fn"},
        {"fp8_e4m3fn", "float8_e4m3fn"},
        {"f8_e4m3", "float8_e4m3fn"},
        {"f8_e4m3fn", "float8_e4m3fn"},
        {"e5m2", "float8_e5m2"},
        {"fp8_e5m2", "float8_e5m2"},
        {"f8_e5m2", "float8_e5m2"},
    };
    return find(table, sizeof table / sizeof table[0], word);
}
