/* SPDX-License-Identifier: MIT */
/* A dequantization of one file: its state, and the checks on what it reads. For
 * quant_dequantize_file, quant_file_load and quant_file_verify. */
#ifndef QUANT_ENGINE_FILES_DEQUANTIZE_INPUTS_H
#define QUANT_ENGINE_FILES_DEQUANTIZE_INPUTS_H

#include "engine/files/file_list.h"
#include "engine/files/sidecar_pair.h"
#include "engine/tensor/restore_run.h"
#include "engine/tensor/tensor.h"
#include "records/sidecar.h"
#include "records/sidecar_tensors.h"

struct dequantization {
    const struct quant_dequantize_job *job;
    const struct quant_file_work *work;
    struct quant_dequantize_result *result;
    struct quant_error *error;
    char *sidecar_path;          /* owned */
    struct quant_pair_mark mark; /* of data and sidecar, before they were opened */
    char *marked;                /* owned: the sidecar that the mark is of */
    bool is_checked;             /* that the mark still holds, or not: is_replaced */
    bool is_replaced;
    struct quant_source *sidecar_source;  /* owned */
    struct quant_sidecar_reader *tensors; /* owned: the sidecar is that of a container; or NULL */
    struct quant_sidecar sidecar;         /* else */
    struct quant_group_source groups;     /* where the sidecar has them */
    struct quant_source *source;          /* owned: the data */
    struct quant_checksum_source checksum;
    struct quant_reader *reader;
    char *original_path; /* owned */
    struct quant_tensor original;
    struct quant_file_output file;
    bool is_new; /* the output: nothing had its name when the call began */
    struct quant_tensor_output output;
    uint64_t nelems; /* of the sidecar's shape */
    struct quant_progress progress;
    struct quant_restore_run run;
};

/* In this order. What they leave in the structure, quant_dequantization_close_inputs closes. */
enum quant_status quant_dequantization_find_sidecar(struct dequantization *run);
enum quant_status quant_dequantization_open_sidecar(struct dequantization *run);
enum quant_status quant_dequantization_read_sidecar(struct dequantization *run);
enum quant_status quant_dequantization_open_data(struct dequantization *run);
enum quant_status quant_dequantization_open_original(struct dequantization *run);

/* After data and sidecar have been opened, and before anything is reported: that they belong
 * together. QUANT_CORRUPT: another process has replaced one of them meanwhile. */
enum quant_status quant_dequantization_check_pair(struct dequantization *run);

/* Whether the work has failed because another process has replaced the files: then all of it is to
 * be done again. */
enum { QUANT_PAIR_TRIES = 100 };
bool quant_dequantization_is_replaced(const struct dequantization *run, enum quant_status status);

/* After the last element: that the data is what its sidecar says, down to the checksum, and that
 * the original has no more elements. */
enum quant_status quant_dequantization_check_data(struct dequantization *run);
enum quant_status quant_dequantization_finish_original(struct dequantization *run);

/* Also fine on a structure of zeros. */
void quant_dequantization_close_inputs(struct dequantization *run);

#endif
