/* SPDX-License-Identifier: MIT */
/* The words of the sidecar that both its writer and its reader use. */
#ifndef QUANT_RECORDS_SIDECAR_WORDS_H
#define QUANT_RECORDS_SIDECAR_WORDS_H

#define QUANT_SIDECAR_FORMAT "quant-sidecar"

/* Since version 2 there are "profile", "exact", "scale_dtype", and "scale_dtype" and "zero_points"
 * of "scales"; with some profiles "bias", and "biases" of "scales". A sidecar without any of these
 * is of version 1. */
enum { QUANT_SIDECAR_VERSION_1 = 1, QUANT_SIDECAR_VERSION_2 = 2 };

/* By enumeration, NULL-terminated. */
extern const char *const quant_sidecar_schemes[];
extern const char *const quant_sidecar_roundings[];
extern const char *const quant_sidecar_orders[];

#endif
