/* SPDX-License-Identifier: MIT */
/*
 * A container that is read: the catalogue of its tensors, made from its header alone, and the
 * tensors one by one.
 */
#ifndef QUANT_FORMATS_TENSOR_FILE_H
#define QUANT_FORMATS_TENSOR_FILE_H

#include "base/arena.h"
#include "base/tensor_info.h"
#include "formats/format.h"

struct quant_tensor_file {
    const struct quant_format *format;
    struct quant_source *source; /* borrowed; positional, of known size. Offsets are in it: it is
                                  * that of the whole file, or one that the format makes of it */
    const struct quant_tensor_info *tensors; /* n of them, in the order of the file */
    const uint32_t *by_name; /* n indices, by rising name (strcmp), each of one name */
    size_t n;
    const struct quant_metadata_pair *metadata; /* nmetadata of them, by rising key */
    size_t nmetadata;
    const uint64_t *stored_offsets; /* n of them: where each begins in the file itself, if offsets
                                     * are in a source that was made of it; NULL: there too */
    uint64_t header_nbytes;         /* all bytes of the file that are not of tensors */
    void *state;                    /* the format's own */
    struct quant_arena arena;       /* holds all of the above */
};

/* Reads the catalogue of source, which is of this format, a container. source must be positional
 * and its size known: a stream is copied to a file first. *file is for the caller to close, before
 * the source; NULL after an error, which is any that the format's open has, or QUANT_NO_MEMORY. */
enum quant_status quant_tensor_file_open(struct quant_source *source,
                                         const struct quant_format *format,
                                         struct quant_tensor_file **file,
                                         struct quant_error *error);

/* Accepts NULL. */
void quant_tensor_file_close(struct quant_tensor_file *file);

/* Finds a tensor by its name, by binary search. Returns false, and leaves *index alone, if there is
 * no such tensor. */
bool quant_tensor_file_find(const struct quant_tensor_file *file, const char *name, size_t *index);

/*
 * A reader of the i-th tensor, which delivers elements of the type asked for: as open_reader of a
 * format of one tensor. Several threads may open tensors at once. The caller closes the reader,
 * then the window, whose name in messages is "FILE: TENSOR". After an error both are NULL.
 *
 * QUANT_UNSUPPORTED: the type is copied only, or cannot be delivered as `deliver`: float32 from
 * floats, any other type from itself alone; or there are more than QUANT_MAX_DIMS dimensions.
 */
enum quant_status quant_tensor_file_open_tensor(const struct quant_tensor_file *file, size_t i,
                                                enum quant_dtype deliver,
                                                struct quant_source **window,
                                                struct quant_reader **reader,
                                                struct quant_error *error);

/* ---- For the formats ---- */

/* Makes by_name of tensors. Two tensors of one name are an error: QUANT_CORRUPT. */
enum quant_status quant_tensor_file_index(struct quant_tensor_file *file,
                                          struct quant_error *error);

#endif
