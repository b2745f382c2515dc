/* SPDX-License-Identifier: MIT */
/* One record after the other, in whatever byte order the processor has. */
#include "records/scale_records.h"

#include <string.h>

#include "base/endian.h"
#include "base/small_float.h"

size_t quant_scale_record_size(const struct quant_scale_records *layout)
{
    return (size_t)quant_dtype_bytes(layout->dtype, 1) + (layout->has_zero_points ? 4 : 0);
}

/* Returns the byte after it. */
static unsigned char *put_scale(const struct quant_small_float *type, float scale,
                                unsigned char *at)
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

void quant_scale_records_encode(const struct quant_scale_records *layout, const float *scales,
                                const int32_t *zero_points, size_t n, unsigned char *records)
{
    const struct quant_small_float *type = quant_small_float(layout->dtype);
    for (size_t i = 0; i < n; i++) {
        records = put_scale(type, scales[i], records);
        if (!layout->has_zero_points)
            continue;
        quant_store_32_little(records, (uint32_t)zero_points[i]);
        records += 4;
    }
}

static float get_scale(const struct quant_small_float *type, const unsigned char *at)
{
    if (type)
        return quant_small_float_decode(type, quant_load_16(at, false));
    const uint32_t bits = quant_load_32(at, false);
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return scale;
}

void quant_scale_records_decode(const struct quant_scale_records *layout,
                                const unsigned char *records, size_t n, float *scales,
                                int32_t *zero_points)
{
    const struct quant_small_float *type = quant_small_float(layout->dtype);
    const size_t size = quant_scale_record_size(layout);
    for (size_t i = 0; i < n; i++, records += size) {
        scales[i] = get_scale(type, records);
        zero_points[i] =
            layout->has_zero_points ? (int32_t)quant_load_32(records + size - 4, false) : 0;
    }
}
