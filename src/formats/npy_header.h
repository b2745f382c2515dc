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
    char descr[QUANT_NPY_DESCR]; /* as written, "<f4"; truncated if longer than any known type */
    uint64_t descr_offset;       /* in the file, for messages */
    bool fortran_order;
    struct quant_shape shape;
};

/* Reads the header of source, which is a .npy file or begins like one. *data_offset is where the
 * elements begin. Errors: QUANT_UNRECOGNIZED, QUANT_UNSUPPORTED, QUANT_CORRUPT, QUANT_TRUNCATED,
 * QUANT_OUT_OF_RANGE, QUANT_IO, QUANT_NO_MEMORY. */
enum {
    QUANT_NPY_HEADER_MAX = 1 << 20,
    QUANT_NPY_PREFIX = 12
}; /* bytes of the text, and before it
    */
enum quant_status quant_npy_read_header(struct quant_source *source,
                                        struct quant_npy_header *header, uint64_t *data_offset,
                                        struct quant_error *error);

/* Whether elements of a 'descr' are big-endian: only ">f4" says so. "f4", "=f4" and "|f4" are those
 * of the machine that wrote them, which NumPy takes for the one that reads them. Here they are
 * little-endian, as from nearly every machine: a file means the same everywhere. */
bool quant_npy_is_big(const char *descr);

/* Parses the header text. It is at offset in the file; source is used in messages only. */
enum quant_status quant_npy_header_parse(const char *text, size_t length, uint64_t offset,
                                         const struct quant_source *source,
                                         struct quant_npy_header *header,
                                         struct quant_error *error);

/* Writes what numpy.save writes before the data, with magic and padding. */
enum { QUANT_NPY_PREAMBLE = 2048 };
size_t quant_npy_preamble(const struct quant_npy_header *header,
                          unsigned char bytes[QUANT_NPY_PREAMBLE]);

#endif
