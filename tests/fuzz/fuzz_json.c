/* SPDX-License-Identifier: MIT */
/* Reads the input as a tensor in JSON: as floats, and as integers to restore from. */
#include "fuzz_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum quant_dtype types[] = {QUANT_INT8,  QUANT_UINT8,  QUANT_INT4, QUANT_UINT4,
                                             QUANT_INT16, QUANT_UINT16, QUANT_INT32};
    enum { TYPES = sizeof types / sizeof types[0] };
    const struct quant_read_request floats = {.deliver = QUANT_FLOAT32};
    fuzz_check_reader(&quant_format_json, &floats, data, size);
    const uint64_t hash = fuzz_hash(data, size);
    if (hash >> 62 == 0) {
        const struct quant_read_request integers = {.deliver = types[(hash >> 32) % TYPES]};
        fuzz_check_reader(&quant_format_json, &integers, data, size);
    }
    return 0;
}
