/* SPDX-License-Identifier: MIT */
/* The sidecar of a container, held against the container's catalogue: for each tensor what restores
 * it, in memory, since the layout of the output needs all of them before the first is restored. */
#ifndef QUANT_ENGINE_FILES_RESTORED_TENSORS_H
#define QUANT_ENGINE_FILES_RESTORED_TENSORS_H

#include "base/arena.h"
#include "formats/tensor_file.h"
#include "records/sidecar_tensors.h"

#define QUANT_NOT_STORED UINT32_MAX

/* How scales were found. */
struct quant_restored_method {
    const char *name; /* in the arena; as in a sidecar */
    bool has_argument;
    bool has_range; /* the one that was mapped is recorded */
    double argument;
    double range[2];
};

/* 136 bytes, since there may be 100,000. Indices are into the container's catalogue. */
struct quant_restored_tensor {
    struct quant_params params; /* with groups: what all of them have in common */
    struct quant_digests digests;
    const uint64_t *dims;                       /* in the arena: the logical shape */
    const struct quant_restored_method *method; /* in the arena, if it is quantized; NULL after
                                                 * quant_restored_tensors_read */
    uint64_t nelems;
    uint64_t block_size;
    uint64_t block_rows;
    uint32_t data;
    uint32_t scales;      /* QUANT_NOT_STORED: none */
    uint32_t zero_points; /* the same; or biases, if params has them */
    uint32_t ndim;
    int axis; /* -1: one scale */
    bool is_copied;
    enum quant_order order;
    bool is_faulty;    /* found not to agree with the container: not to be restored */
    bool is_unchecked; /* digests are not known: another program has written the tensor */
};

struct quant_restored_tensors {
    struct quant_restored_tensor *tensors; /* owned: n of them, in the order of the sidecar */
    size_t n;
    size_t ncopied;
    struct quant_arena arena;
};

/* Reads all entries. Every tensor of the file must be in one of them. Errors: QUANT_CORRUPT if the
 * two do not agree in names, types or sizes, and those of quant_sidecar_tensors_next. */
enum quant_status quant_restored_tensors_read(struct quant_restored_tensors *tensors,
                                              struct quant_sidecar_reader *reader,
                                              const struct quant_tensor_file *file,
                                              struct quant_error *error);

/* Called for each disagreement, with the tensor's name, which is that of an entry or of a tensor of
 * the file. i: the index of the entry in tensors; SIZE_MAX: the file has a tensor that no entry
 * names. */
typedef void quant_restored_fault_fn(void *context, size_t i, const char *name,
                                     const struct quant_error *error);

/* The same for a check: a disagreement is not an error, but is reported, and the reading goes on.
 * Where `data`, `scales` or `zero_points` of a tensor is missing it is QUANT_NOT_STORED. */
enum quant_status quant_restored_tensors_inspect(struct quant_restored_tensors *tensors,
                                                 struct quant_sidecar_reader *reader,
                                                 const struct quant_tensor_file *file,
                                                 quant_restored_fault_fn *on_fault, void *context,
                                                 struct quant_error *error);

/* What sees the entries while they are read. */
struct quant_restored_visitor {
    quant_restored_fault_fn *on_fault; /* NULL: the first disagreement is an error */

    /* After the i-th entry has become the i-th of tensors: what the entry has and tensors does not
     * keep. An error ends the reading. NULL: none. */
    enum quant_status (*on_entry)(void *context, size_t i, const struct quant_sidecar_entry *entry,
                                  struct quant_error *error);
    void *context;
};

/* The same with a function that sees each entry. */
enum quant_status quant_restored_tensors_visit(struct quant_restored_tensors *tensors,
                                               struct quant_sidecar_reader *reader,
                                               const struct quant_tensor_file *file,
                                               const struct quant_restored_visitor *visitor,
                                               struct quant_error *error);

/* Fine on a zeroed one. */
void quant_restored_tensors_release(struct quant_restored_tensors *tensors);

#endif
