/* SPDX-License-Identifier: MIT */
/* Reads the input as a raw file. Its first bytes choose the type, the byte order and the shape. */
#include "fuzz_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST_DIMS = 4 };
    struct fuzz_bytes bytes = {data, size};
    struct quant_shape shape = {.ndim = (int)fuzz_below(&bytes, MOST_DIMS)};
    const enum quant_dtype stored = (enum quant_dtype)(1 + fuzz_below(&bytes, QUANT_INT32));
    const struct quant_dtype_info *info = quant_dtype_info(stored);
    const uint8_t flags = fuzz_byte(&bytes);
    const bool as_floats = info->is_source || (stored != QUANT_INT32 && (flags & 4) == 0);
    struct quant_read_request request = {
        .deliver = info->is_source || (as_floats && !info->is_integer) ? QUANT_FLOAT32 : stored,
        .raw_dtype = stored,
        .byte_order = flags & 1 ? QUANT_BIG : QUANT_LITTLE,
    };
    for (int i = 0; i < shape.ndim; i++)
        shape.dims[i] = flags & 8 ? fuzz_word(&bytes) : fuzz_byte(&bytes);
    /* Packed elements have a byte that may be half full: then the shape says it. */
    if (flags & 2 || info->bits == 4)
        request.shape = &shape;
    fuzz_check_reader(&quant_format_raw, &request, bytes.at, bytes.left);
    return 0;
}
