/* SPDX-License-Identifier: MIT */
/* Checks for formats with a short magic. Each check fixes at least 32 bits. */
#ifndef QUANT_FORMATS_SIGNATURE_CHECKS_H
#define QUANT_FORMATS_SIGNATURE_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

bool quant_looks_like_safetensors(const unsigned char *head, size_t nbytes);
bool quant_looks_like_gguf(const unsigned char *head, size_t nbytes);
bool quant_looks_like_hdf5(const unsigned char *head, size_t nbytes);
bool quant_looks_like_pickle(const unsigned char *head, size_t nbytes);
bool quant_looks_like_onnx(const unsigned char *head, size_t nbytes);
bool quant_looks_like_gzip(const unsigned char *head, size_t nbytes);
bool quant_looks_like_bzip2(const unsigned char *head, size_t nbytes);
bool quant_looks_like_lz4(const unsigned char *head, size_t nbytes);
bool quant_looks_like_bmp(const unsigned char *head, size_t nbytes);
bool quant_looks_like_riff(const unsigned char *head, size_t nbytes);
bool quant_looks_like_markup(const unsigned char *head, size_t nbytes);

#endif
