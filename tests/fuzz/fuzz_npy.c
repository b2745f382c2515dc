/* SPDX-License-Identifier: MIT */
/* Reads the input as a .npy file: as floats, and as a type to restore from. */
#include "base/shape.h"
#include "formats/npy_header.h"
#include "fuzz_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum quant_dtype types[] = {QUANT_INT8,   QUANT_UINT8,         QUANT_INT4,
                                             QUANT_UINT16, QUANT_FLOAT8_E4M3FN, QUANT_INT32,
                                             QUANT_INT16,  QUANT_BFLOAT16};
    enum { TYPES = sizeof types / sizeof types[0] };
    const uint64_t hash = fuzz_hash(data, size);
    struct quant_read_request request = {.deliver = QUANT_FLOAT32};
    if (hash >> 61 == 0)
        request.raw_dtype = QUANT_BFLOAT16; /* for bytes without a meaning */
    if (fuzz_turn(hash << 8, 0, 2))
        fuzz_check_reader(&quant_format_npy, &request, data, size);
    if (!fuzz_turn(hash << 8, 1, 2))
        return 0;

    request = (struct quant_read_request){.deliver = types[(hash >> 32) % TYPES]};
    struct quant_shape shape = {.ndim = 1};
    if (quant_dtype_info(request.deliver)->bits == 4) {
        /* The header has only the bytes of packed elements. */
        struct fuzz_source memory;
        struct quant_npy_header header;
        uint64_t offset = 0;
        struct quant_source *source = fuzz_source_open(&memory, FUZZ_WHOLE, data, size, size);
        if (quant_npy_read_header(source, &header, &offset, NULL) != QUANT_OK ||
            header.shape.ndim != 1 || header.shape.dims[0] > size)
            return 0;
        shape.dims[0] = 2 * header.shape.dims[0] - (hash >> 40 & header.shape.dims[0] & 1);
        request.shape = &shape;
    }
    fuzz_check_reader(&quant_format_npy, &request, data, size);
    return 0;
}
