/* SPDX-License-Identifier: MIT */
/*
 * The text in a .npy header: a Python dictionary literal with the keys 'descr', 'fortran_order' and
 * 'shape' (NumPy Enhancement Proposal 1; numpy.lib.format).
 */
#ifndef QUANT_FORMATS_NPY_HEADER_H
#define QUANT_FORMATS_NPY_HEADER_H

#include <quant/file.h>

#include "base/source.h"

enum { QUANT_NPY_DESCR = 16 };

struct quant_npy_header {
    char descr[QUANT_NPY_DESCR]; /* as it is there: "<f4"; cut if longer than any known one */
    uint64_t descr_offset;       /* in the file, for messages */
    bool fortran_order;
    struct quant_shape shape;
};

/* Parses the text that lies at offset in source's file; source is for messages only. */
enum quant_status quant_npy_header_parse(const char *text, size_t length, uint64_t offset,
                                         const struct quant_source *source,
                                         struct quant_npy_header *header,
                                         struct quant_error *error);

/* What numpy.save writes before the data, magic and padding included. */
enum { QUANT_NPY_PREAMBLE = 2048 };
size_t quant_npy_preamble(const struct quant_npy_header *header,
                          unsigned char bytes[QUANT_NPY_PREAMBLE]);

#endif
