/* SPDX-License-Identifier: MIT */
/*
 * The file of scales that a sidecar names when there are too many for arrays. For each group it
 * holds one record, without padding and little-endian: the scale, then the zero point as an int32
 * if the mapping can give one other than 0.
 */
#ifndef QUANT_RECORDS_SCALE_RECORDS_H
#define QUANT_RECORDS_SCALE_RECORDS_H

#include <quant/quant.h>

struct quant_scale_records {
    enum quant_dtype dtype; /* of the scales: QUANT_FLOAT32, QUANT_FLOAT16 or QUANT_BFLOAT16 */
    bool has_zero_points;
};

/* Bytes of a record, and the most of any. */
enum { QUANT_SCALE_RECORD_MOST = 8 };
size_t quant_scale_record_size(const struct quant_scale_records *layout);

/* Writes n records. Each scale is a number of the type. */
void quant_scale_records_encode(const struct quant_scale_records *layout, const float *scales,
                                const int32_t *zero_points, size_t n, unsigned char *records);

/* Reads n records; without zero points they are 0. Nothing is checked. */
void quant_scale_records_decode(const struct quant_scale_records *layout,
                                const unsigned char *records, size_t n, float *scales,
                                int32_t *zero_points);

#endif
