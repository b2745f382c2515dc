/* SPDX-License-Identifier: MIT */
/* A file that quant has written in the layout of an engine, read by its sidecar. */
#ifndef QUANT_ENGINE_FILES_LAYOUT_STORED_H
#define QUANT_ENGINE_FILES_LAYOUT_STORED_H

#include "engine/tensor/container_input.h"
#include "records/sidecar_tensors.h"

/*
 * Makes of input, which is the file as it is, one that has what the entries say: all else then
 * reads it as if it had no layout. Without one in the sidecar's head nothing is done, nor after an
 * error. reader is at its first entry, before and after. QUANT_CORRUPT: the file does not have the
 * tensors that hold those of the entries, or one whose bytes follow from the entry has others;
 * QUANT_UNSUPPORTED: the layout is not known; QUANT_NO_MEMORY, and the errors of reading.
 */
enum quant_status quant_layout_view_stored(struct quant_container_input *input,
                                           struct quant_sidecar_reader *reader,
                                           struct quant_error *error);

#endif
