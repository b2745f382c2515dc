/* SPDX-License-Identifier: MIT */
/* The smallest and the largest of an array of integers: the definition. */
#include "base/nibble.h"
#include "kernels/scalar.h"

static inline void include(int32_t integer, int32_t ends[2])
{
    ends[0] = integer < ends[0] ? integer : ends[0];
    ends[1] = integer > ends[1] ? integer : ends[1];
}

void quant_scalar_integer_range_int8(const void *q, size_t n, int32_t ends[2])
{
    const int8_t *integers = q;
    for (size_t i = 0; i < n; i++)
        include(integers[i], ends);
}

void quant_scalar_integer_range_uint8(const void *q, size_t n, int32_t ends[2])
{
    const uint8_t *integers = q;
    for (size_t i = 0; i < n; i++)
        include(integers[i], ends);
}

void quant_scalar_integer_range_int4(const void *q, size_t n, int32_t ends[2])
{
    for (size_t i = 0; i < n; i++)
        include(quant_nibble_signed(quant_nibble_get(q, i)), ends);
}

void quant_scalar_integer_range_uint4(const void *q, size_t n, int32_t ends[2])
{
    for (size_t i = 0; i < n; i++)
        include((int32_t)quant_nibble_get(q, i), ends);
}

void quant_scalar_integer_range_int16(const void *q, size_t n, int32_t ends[2])
{
    const int16_t *integers = q;
    for (size_t i = 0; i < n; i++)
        include(integers[i], ends);
}

void quant_scalar_integer_range_uint16(const void *q, size_t n, int32_t ends[2])
{
    const uint16_t *integers = q;
    for (size_t i = 0; i < n; i++)
        include(integers[i], ends);
}

void quant_scalar_integer_range_int32(const void *q, size_t n, int32_t ends[2])
{
    const int32_t *integers = q;
    for (size_t i = 0; i < n; i++)
        include(integers[i], ends);
}
