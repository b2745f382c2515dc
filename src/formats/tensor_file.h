/* SPDX-License-Identifier: MIT */
/* A container that is read: its catalogue, made from its header alone, and its tensors one by one.
 */
#ifndef QUANT_FORMATS_TENSOR_FILE_H
#define QUANT_FORMATS_TENSOR_FILE_H

#include "base/arena.h"
#include "base/tensor_info.h"
#include "formats/format.h"

struct quant_tensor_file {
    const struct quant_format *format;
    struct quant_source *source;             /* borrowed; it has positions */
    const struct quant_tensor_info *tensors; /* n of them, in the order of their bytes */
    const uint32_t *by_name;                 /* their indices, in the order of their names */
    size_t n;
    const struct quant_metadata_pair *metadata; /* nmetadata of them, in the order of their keys */
    size_t nmetadata;
    uint64_t header_nbytes;   /* before the bytes of the first tensor */
    struct quant_arena arena; /* all of the above */
};

/* Reads the catalogue of a source that was recognized as format, a container. *file is for the
 * caller to close, before the source; NULL after an error. */
enum quant_status quant_tensor_file_open(struct quant_source *source,
                                         const struct quant_format *format,
                                         struct quant_tensor_file **file,
                                         struct quant_error *error);

/* Accepts NULL. */
void quant_tensor_file_close(struct quant_tensor_file *file);

/* Finds a tensor by its name, in a time that grows with the logarithm of n. */
bool quant_tensor_file_find(const struct quant_tensor_file *file, const char *name, size_t *index);

/* A reader of the i-th tensor, whose type is one that quant reads: as open_reader of a format.
 * Threads may do so side by side. The caller closes the reader, then the window, whose name in
 * messages is "FILE: TENSOR". Both are NULL after an error. */
enum quant_status quant_tensor_file_open_tensor(const struct quant_tensor_file *file, size_t i,
                                                enum quant_dtype deliver,
                                                struct quant_source **window,
                                                struct quant_reader **reader,
                                                struct quant_error *error);

/* ---- For the formats ---- */

/* Sorts by_name, which has room for n, and refuses two tensors of one name: QUANT_CORRUPT. */
enum quant_status quant_tensor_file_index(struct quant_tensor_file *file, uint32_t *by_name,
                                          struct quant_error *error);

#endif
