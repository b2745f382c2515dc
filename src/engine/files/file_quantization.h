/* SPDX-License-Identifier: MIT */
/* The quantization of a file of one tensor under way. */
#ifndef QUANT_ENGINE_FILES_FILE_QUANTIZATION_H
#define QUANT_ENGINE_FILES_FILE_QUANTIZATION_H

#include "engine/files/file_list.h"
#include "engine/files/mappings.h"
#include "engine/tensor/given_groups.h"
#include "engine/tensor/tensor_run.h"

struct quant_file_quantization {
    const struct quant_quantize_job *job; /* own */
    struct quant_quantize_job own;        /* with its own force */
    const struct quant_file_work *work;
    struct quant_quantize_result *result;
    struct quant_error *error;
    const struct quant_mappings *mappings;
    const struct quant_mapping *mapping; /* of the tensor */
    struct quant_plan plan;              /* the mapping's, with what is given for the tensor */
    struct quant_given_groups given;     /* loaded once the shape is known */
    bool is_settled;                     /* they are, or nothing is given */
    bool has_groups;
    struct quant_tensor tensor;
    const struct quant_format *format; /* of the output */
    struct quant_file_output data;
    struct quant_file_output sidecar;
    char *sidecar_path; /* owned */
    bool data_is_new;   /* nothing is there yet: no need to look again */
    bool sidecar_is_new;
    struct quant_scale_store scales;
    struct quant_tensor_output output;
    struct quant_progress progress;
    struct quant_tensor_run run;
};

/* The bytes of the file of scales; 0 if there is not to be one. */
uint64_t quant_file_scales_size(const struct quant_file_quantization *file);

/* The parameters of all groups; NULL if they are not given. */
struct quant_given_groups *quant_file_given(struct quant_file_quantization *file);

/* In a dry run, before any output is opened: says what would be written, and whether it may be. */
enum quant_status quant_file_preview_run(struct quant_file_quantization *file);

/* With QUANT_RESUME: whether the outputs of an earlier run are complete, for the outcome. */
enum quant_status quant_file_check_complete(struct quant_file_quantization *file);

#endif
