/* SPDX-License-Identifier: MIT */
/*
 * The parts of the format npz: a ZIP archive whose members are called NAME.npy and are one .npy
 * file each, as numpy.savez and numpy.savez_compressed write them.
 */
#ifndef QUANT_FORMATS_NPZ_H
#define QUANT_FORMATS_NPZ_H

#include "base/arena.h"
#include "formats/container.h"
#include "formats/npy_header.h"
#include "formats/tensor_file.h"

#define QUANT_NPZ_SUFFIX ".npy"

/* The i-th type that tensors of other formats can be of; NULL past the last. */
const struct quant_stored_type *quant_npz_type_at(size_t i);
const struct quant_stored_type *quant_npz_type_of(enum quant_dtype dtype);

/* The type that a header's descr names: a row of the table, or one made in the arena, whose name is
 * the descr as it is written. *byte_order is NONE where it does not matter. QUANT_UNSUPPORTED: no
 * type of NumPy, or one whose bytes mean nothing by themselves. */
enum quant_status quant_npz_read_type(struct quant_arena *arena, const char *descr,
                                      const struct quant_stored_type **type,
                                      enum quant_byte_order *byte_order, const char **wrong);

/* The functions of struct quant_container. */
enum quant_status quant_npz_open(struct quant_tensor_file *file, struct quant_error *error);
enum quant_status quant_npz_finish(struct quant_tensor_file *file, struct quant_error *error);
void quant_npz_close(struct quant_tensor_file *file);
enum quant_status quant_npz_digest_header(const struct quant_tensor_file *file, uint64_t *digest,
                                          struct quant_error *error);
enum quant_status quant_npz_lay_out(struct quant_container_layout *layout,
                                    struct quant_error *error);

/* ---- What reading keeps, for npz_digest.c ------------------------------------------------------
 */

struct quant_zip;

struct quant_npz_state {
    struct quant_source *archive; /* borrowed */
    struct quant_source *source;  /* owned: npz_source.h */
    const struct quant_zip *zip;  /* in the arena */
};

#endif
