/* SPDX-License-Identifier: MIT */
/* Reads the input as a .npz archive. */
#include "fuzz_container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_check_container(&quant_format_npz, data, size);
    return 0;
}
