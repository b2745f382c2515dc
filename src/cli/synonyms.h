/* SPDX-License-Identifier: MIT */
/* Words that other programs use for what the choices of options are called here. */
#ifndef QUANT_CLI_SYNONYMS_H
#define QUANT_CLI_SYNONYMS_H

/* Each returns the choice that word stands for, or word itself if it is not a synonym. */
const char *synonym_scheme(const char *word); /* symmetric, affine, asymmetric */
const char *synonym_dtype(const char *word);  /* fp16, half, int8_t, fp8_e4m3, ... */

#endif
