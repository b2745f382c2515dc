/* SPDX-License-Identifier: MIT */
/* One record after the other, in whatever byte order the processor has. */
#include "records/scale_records.h"

#include <string.h>

#include "base/endian.h"
#include "base/small_float.h"

size_t quant_scale_record_size(const struct quant_scale_records *layout)
{
    const size_t scale = (size_t)quant_dtype_bytes(layout->dtype, 1);
    return scale + (layout->has_biases ? scale : layout->has_zero_points ? 4 : 0);
}

struct quant_scale_records quant_scale_records_of(const struct quant_params *common)
{
    return (struct quant_scale_records){common->scale_dtype, quant_params_have_zero_points(common),
                                        quant_params_have_biases(common)};
}

/* Returns the byte after it. */
static unsigned char *put(const struct quant_small_float *type, float scale, unsigned char *at)
{
    if (type) {
        quant_store_16_little(at, (uint16_t)quant_small_float_encode(type, scale));
        return at + 2;
    }
    uint32_t bits;
    memcpy(&bits, &scale, sizeof bits);
    quant_store_32_little(at, bits);
    return at + 4;
}

void quant_scale_records_encode(const struct quant_scale_records *layout,
                                const struct quant_group_params *groups, size_t n,
                                unsigned char *records)
{
    const struct quant_small_float *type = quant_small_float(layout->dtype);
    for (size_t i = 0; i < n; i++) {
        records = put(type, groups->scales[i], records);
        if (layout->has_biases)
            records = put(type, groups->biases[i], records);
        if (!layout->has_zero_points)
            continue;
        quant_store_32_little(records, (uint32_t)groups->zero_points[i]);
        records += 4;
    }
}

static float get(const struct quant_small_float *type, const unsigned char *at)
{
    if (type)
        return quant_small_float_decode(type, quant_load_16(at, false));
    const uint32_t bits = quant_load_32(at, false);
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return scale;
}

void quant_scale_records_decode(const struct quant_scale_records *layout,
                                const unsigned char *records, size_t n,
                                const struct quant_group_params *groups)
{
    const struct quant_small_float *type = quant_small_float(layout->dtype);
    const size_t size = quant_scale_record_size(layout);
    for (size_t i = 0; i < n; i++, records += size) {
        groups->scales[i] = get(type, records);
        if (layout->has_biases)
            groups->biases[i] = get(type, records + size / 2);
        groups->zero_points[i] =
            layout->has_zero_points ? (int32_t)quant_load_32(records + size - 4, false) : 0;
    }
}

void quant_scale_column_encode(enum quant_dtype dtype, const float *numbers, size_t n,
                               unsigned char *bytes)
{
    const struct quant_small_float *type = quant_small_float(dtype);
    for (size_t i = 0; i < n; i++)
        bytes = put(type, numbers[i], bytes);
}

void quant_scale_column_decode(enum quant_dtype dtype, const unsigned char *bytes, size_t n,
                               float *numbers)
{
    const struct quant_small_float *type = quant_small_float(dtype);
    const size_t size = (size_t)quant_dtype_bytes(dtype, 1);
    for (size_t i = 0; i < n; i++)
        numbers[i] = get(type, bytes + size * i);
}
