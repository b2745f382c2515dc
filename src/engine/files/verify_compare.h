/* SPDX-License-Identifier: MIT */
/* A quantized tensor beside what it is verified against, chunk by chunk: the floats that it was
 * quantized from, or another quantization of the same floats. */
#ifndef QUANT_ENGINE_FILES_VERIFY_COMPARE_H
#define QUANT_ENGINE_FILES_VERIFY_COMPARE_H

#include "engine/files/verify_findings.h"
#include "engine/tensor/group_source.h"
#include "engine/tensor/tensor.h"
#include "engine/work/buffers.h"

/* One side: how integers become floats. */
struct quant_quantized_side {
    const struct quant_params *params;
    struct quant_group_source *groups; /* NULL: one scale, that of params */
    struct quant_reader *reader;
    const char *name; /* for messages */
};

/* All borrowed. */
struct quant_against {
    struct quant_tensor *original; /* floats, whose name is its source's; NULL: the other side */
    struct quant_quantized_side other;
    bool is_unscaled; /* nothing is known of the other side's scales: integers are compared */
};

/* What a chunk, or all of them, differs in. */
struct quant_differences {
    bool integers_differ; /* from those that the original gives, or from the other ones */
    bool values_differ;   /* dequantized */
    double scales;        /* of the other side: the largest relative difference of two scales */
    uint64_t count;       /* of elements: integers that the original does not give; or values too
                           * far apart to be of one float */
    uint64_t first;       /* of those, in file order */
    uint32_t found;       /* with the original: bits of that element, */
    uint32_t expected;    /* and those that it gives */
    float x;              /* with the other side: its values */
    float other_x;
};

/* Room for the scales of chunks. */
enum quant_status quant_compare_begin(const struct quant_quantized_side *own,
                                      const struct quant_against *against, unsigned workers,
                                      struct quant_error *error);

/* Reads what belongs to a chunk: into the worker's x. */
enum quant_status quant_compare_load(const struct quant_quantized_side *own,
                                     const struct quant_against *against,
                                     const struct quant_chunk *chunk,
                                     const struct quant_buffers *buffers,
                                     struct quant_error *error);

/* Compares q, the integers of the chunk, with what was loaded. */
void quant_compare_chunk(const struct quant_quantized_side *own,
                         const struct quant_against *against, const struct quant_chunk *chunk,
                         const struct quant_buffers *buffers, struct quant_differences *found);

/* Adds those of the next chunk, in order. */
void quant_differences_join(struct quant_differences *all, const struct quant_differences *next);

/* The bits of an element, and an integer. */
uint32_t quant_element_bits(enum quant_dtype dtype, const void *q, size_t i);
int32_t quant_element_integer(enum quant_dtype dtype, uint32_t bits);

#endif
