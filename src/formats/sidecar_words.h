/* SPDX-License-Identifier: MIT */
/* The words of the sidecar that both its writer and its reader use. */
#ifndef QUANT_FORMATS_SIDECAR_WORDS_H
#define QUANT_FORMATS_SIDECAR_WORDS_H

#define QUANT_SIDECAR_FORMAT "quant-sidecar"
#define QUANT_SIDECAR_VERSION 1

/* By enumeration, NULL-terminated. */
extern const char *const quant_sidecar_schemes[];
extern const char *const quant_sidecar_roundings[];
extern const char *const quant_sidecar_orders[];

#endif
