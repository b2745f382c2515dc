/* SPDX-License-Identifier: MIT */
/* Reads and checks what the sidecar of one tensor and the entry of a tensor in a container have in
 * common. object is either of the two. */
#ifndef QUANT_RECORDS_SIDECAR_FIELDS_H
#define QUANT_RECORDS_SIDECAR_FIELDS_H

#include "records/field.h"
#include "records/sidecar_tensors.h"

/* Integers up to 2^53 are exact as doubles. */
#define QUANT_SIDECAR_INTEGER_MOST 9007199254740992.0

/* That each key of object is one of known, at most 63 that end with NULL, and occurs once. A later
 * version may have added another key that changes what these mean. */
void quant_sidecar_check_keys(struct quant_fields *fields, const cJSON *object,
                              const char *const *known);

/* An object in object, without duplicate and unknown keys; NULL after an error. */
const cJSON *quant_sidecar_open_object(struct quant_fields *fields, const cJSON *object,
                                       const char *key, const char *const *known);

/* That "format" says that it is a sidecar. */
void quant_sidecar_check_format(struct quant_fields *fields, const cJSON *root);

/* "scheme", "dtype", "qmin" and "qmax" */
void quant_sidecar_read_target(struct quant_fields *fields, const cJSON *object,
                               struct quant_params *params);

void quant_sidecar_read_rounding(struct quant_fields *fields, const cJSON *object,
                                 struct quant_params *params);

/* What follows from a float type: all of params has been read. has_zero_point: one is not 0. */
void quant_sidecar_check_float(struct quant_fields *fields, const cJSON *object,
                               const struct quant_params *params, bool has_zero_point,
                               bool has_groups);

/* "shape", of less than 2^63 elements */
void quant_sidecar_read_shape(struct quant_fields *fields, const cJSON *object,
                              struct quant_shape *shape);

/* "range" and "calibration" */
void quant_sidecar_read_calibration(struct quant_fields *fields, const cJSON *object,
                                    struct quant_sidecar_entry *entry);

/* The "dtype" of the object "source" */
enum quant_dtype quant_sidecar_read_source_dtype(struct quant_fields *fields, const cJSON *source);

/* "scale_dtype", float32 if there is no such key. Accepts NULL. */
enum quant_dtype quant_sidecar_read_scale_dtype(struct quant_fields *fields, const cJSON *object);

/* Whether it is a finite number of the params' type of scales, above 0 unless an engine is
 * followed; and the number, or 0 and an error. key is for the message. */
bool quant_sidecar_is_scale(const cJSON *item, const struct quant_params *params);
float quant_sidecar_scale(struct quant_fields *fields, const cJSON *item,
                          const struct quant_params *params, const char *key);

/* That "bias" is there if and only if the profile has biases, which only groups have. */
void quant_sidecar_check_biases(struct quant_fields *fields, const cJSON *object,
                                const struct quant_params *params, bool has_groups);

/* Sets how elements were mapped, once the type of the source and the method are known. */
void quant_sidecar_follow_profile(struct quant_params *params, enum quant_dtype source,
                                  const char *method);

/* Whether the "axis" that was found, or a "block_size" of rows and columns, says that each group
 * has a scale of its own. */
bool quant_sidecar_has_groups(struct quant_fields *fields, const cJSON *object, const cJSON *axis);

/* "axis" and "block_size" of a tensor with groups, and the number of groups. */
void quant_sidecar_read_grouping(struct quant_fields *fields, const cJSON *object,
                                 const struct quant_shape *shape, enum quant_order order,
                                 struct quant_sidecar_entry *entry);

#endif
