/* SPDX-License-Identifier: MIT */
/*
 * What a job would write: with QUANT_DRY_RUN in the member `ways` of a job, headers are read and
 * nothing is written. Each tensor of a container is reported to on_tensor, each file to on_file,
 * with a preview in place of a result. A file fails as it would without QUANT_DRY_RUN, as far as
 * that follows from headers, options, and the files that exist. A directory of an output that does
 * not exist is taken to be created in time. Free space is not checked.
 */
#ifndef QUANT_DRY_RUN_H
#define QUANT_DRY_RUN_H

#include <quant/file.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One tensor. Texts live until the end of the process, or as long as the call that has them. */
struct quant_tensor_preview {
    bool is_copied;       /* as it is: of what follows, only from, to, the shape and nbytes */
    bool has_shape;       /* it is known; else it is 0 dimensions here */
    unsigned ndim;        /* of the tensor's own shape, not that of packed integers */
    const uint64_t *dims; /* ndim of them */
    const char *from;     /* the word for the type before: that of the container, or quant's own */
    const char *to;       /* and after */
    enum quant_dtype dtype; /* of the elements after, NONE if it is copied */
    enum quant_scheme scheme;
    const char *method; /* when quantizing: a calibration method, "auto", "clip", "given" or
                         * "none"; else NULL */
    bool has_argument;  /* of the method */
    double argument;
    int axis;             /* -1: one scale, or none */
    uint64_t block_size;  /* 0: no blocks */
    uint64_t block_rows;  /* of blocks of block_rows rows and block_size columns; else 0 */
    uint64_t scale_count; /* 0: the type has no scales, or the shape is not known */
    bool has_zero_points; /* one is stored for each scale */
    bool has_biases;      /* a bias is, instead */
    uint64_t nbytes;      /* in the output: elements, and in a container scales and zero points; 0
                           * if not known */
};

struct quant_file_preview {
    size_t ntensors; /* of a container; else 0, and tensor is set */
    size_t ncopied;  /* of these */
    struct quant_tensor_preview tensor;
    struct quant_shape shape;  /* that of tensor */
    const char *source_format; /* the names of a quant_format_at */
    const char *format;        /* of the output */
    bool has_size;             /* nbytes is known */
    uint64_t nbytes;           /* of the output, without its sidecar */
    uint64_t scales_nbytes;    /* of the file of scales next to the sidecar: quant_file_scales_name.
                                * 0: there will not be one */
};

/* What is known of the file system that a file is, or would be, on. */
struct quant_free_space {
    uint64_t device;    /* the same for all files on it */
    uint64_t available; /* bytes, as df shows them: without what is reserved for root */
};

/* The file and its directories need not exist. Returns false if nothing is known, or what is known
 * does not say what fits: on file systems that may compress what is written, or belong to other
 * machines. */
QUANT_API bool quant_free_space_find(const char *path, struct quant_free_space *space);

#ifdef __cplusplus
}
#endif

#endif
