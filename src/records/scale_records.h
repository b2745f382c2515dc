/* SPDX-License-Identifier: MIT */
/*
 * The file of scales that a sidecar names when there are too many for arrays. For each group it
 * holds one record, without padding and little-endian: the scale, then the zero point as an int32
 * if the mapping can give one other than 0, or the bias in the type of the scale if it has biases.
 */
#ifndef QUANT_RECORDS_SCALE_RECORDS_H
#define QUANT_RECORDS_SCALE_RECORDS_H

#include <quant/groups.h>

struct quant_scale_records {
    enum quant_dtype dtype; /* of the scales: QUANT_FLOAT32, QUANT_FLOAT16 or QUANT_BFLOAT16 */
    bool has_zero_points;
    bool has_biases; /* in place of zero points */
};

/* Bytes of a record, and the most of any. */
enum { QUANT_SCALE_RECORD_MOST = 8 };
size_t quant_scale_record_size(const struct quant_scale_records *layout);

/* The records of these parameters. */
struct quant_scale_records quant_scale_records_of(const struct quant_params *common);

/* Writes the records of the first n of groups. Each scale and bias is a number of the type; what
 * the layout does not have may be NULL. */
void quant_scale_records_encode(const struct quant_scale_records *layout,
                                const struct quant_group_params *groups, size_t n,
                                unsigned char *records);

/* Reads n records; without zero points they are 0. groups has biases if the layout has them.
 * Nothing is checked. */
void quant_scale_records_decode(const struct quant_scale_records *layout,
                                const unsigned char *records, size_t n,
                                const struct quant_group_params *groups);

/* Writes n numbers of the type, one after the other, and reads them. */
void quant_scale_column_encode(enum quant_dtype dtype, const float *numbers, size_t n,
                               unsigned char *bytes);
void quant_scale_column_decode(enum quant_dtype dtype, const unsigned char *bytes, size_t n,
                               float *numbers);

#endif
