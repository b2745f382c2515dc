/* SPDX-License-Identifier: MIT */
/* A quantization under way. */
#ifndef QUANT_ENGINE_TENSOR_QUANTIZATION_H
#define QUANT_ENGINE_TENSOR_QUANTIZATION_H

#include "engine/tensor/group_pass.h"
#include "engine/tensor/tensor.h"
#include "engine/work/buffers.h"
#include "engine/work/pass_progress.h"
#include "io/checksum.h"
#include "io/io.h"

struct quantization {
    const struct quant_quantize_job *job;
    struct quant_quantize_result *result;
    struct quant_error *error;
    struct quant_tensor tensor;
    const struct quant_format *format; /* of the output */
    bool only_measures; /* nothing is written: format, outputs and store are not used */
    bool scans_first;
    bool has_groups;
    struct quant_group_pass groups; /* with has_groups */
    struct quant_group_store store; /* the same */
    struct quant_file_output data;
    struct quant_file_output sidecar;
    char *sidecar_path; /* owned */
    bool data_is_new;   /* nothing is there yet: no need to look again */
    bool sidecar_is_new;
    struct quant_checksum_sink checksum;
    struct quant_writer *writer;
    bool is_loaded; /* all elements, since the scan: they are a single chunk, the first worker's */
    bool reads_by_position;
    bool writes_by_position;
    struct quant_workbench *benches; /* owned */
    unsigned workers;
    struct quant_progress progress;
    struct quant_measure measure;
};

/* Finds the range where one is needed, chooses the parameters, maps the elements. What it leaves in
 * the structure is released with it. */
enum quant_status quant_quantization_make_passes(struct quantization *run);

#endif
