/* SPDX-License-Identifier: MIT */
/* The parts that the sidecar of one tensor and the entry of a tensor in a container have in common,
 * key by key, as text. */
#ifndef QUANT_RECORDS_SIDECAR_PRINT_H
#define QUANT_RECORDS_SIDECAR_PRINT_H

#include "records/json_print.h"
#include "records/sidecar_tensors.h"

/* "format", "version", "tool": the first keys of any sidecar */
void quant_sidecar_print_head(struct quant_json_printer *printer, int version);

/* "scheme", "dtype", "qmin", "qmax" */
void quant_sidecar_print_target(struct quant_json_printer *printer,
                                const struct quant_params *params);

/* "scale", "zero_point" of the whole tensor */
void quant_sidecar_print_one(struct quant_json_printer *printer, const struct quant_params *params);

/* "scale_dtype" if it is not float32; "axis" and "block_size" */
void quant_sidecar_print_groups(struct quant_json_printer *printer,
                                const struct quant_sidecar_entry *entry);

/* "rounding", "range", "calibration", "shape" */
void quant_sidecar_print_origin(struct quant_json_printer *printer,
                                const struct quant_sidecar_entry *entry);

/* "shape" */
void quant_sidecar_print_shape(struct quant_json_printer *printer, int ndim, const uint64_t *dims);

/* Whether scales are float32, which is not written. */
bool quant_sidecar_has_float32_scales(const struct quant_params *params);

/* The name of the type that scales are stored as. */
const char *quant_sidecar_scale_dtype(const struct quant_params *params);

/* Writes what was printed, or fails as the printer did. */
enum quant_status quant_sidecar_write_text(const struct quant_json_printer *printer,
                                           struct quant_sink *sink, struct quant_error *error);

#endif
