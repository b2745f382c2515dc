/* SPDX-License-Identifier: MIT */
/* Reads the input as a safetensors file. */
#include "fuzz_container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_check_container(&quant_format_safetensors, data, size);
    return 0;
}
