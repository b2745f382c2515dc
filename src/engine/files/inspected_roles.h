/* SPDX-License-Identifier: MIT */
/* What the tensors of a container that is listed are: by its sidecar, or without one by the layout
 * of another program, or by their names. */
#ifndef QUANT_ENGINE_FILES_INSPECTED_ROLES_H
#define QUANT_ENGINE_FILES_INSPECTED_ROLES_H

#include "engine/files/inspection.h"
#include "engine/files/restored_tensors.h"
#include "engine/tensor/container_input.h"

/* What restored_tensors.h does not keep of an entry. */
struct quant_entry_words {
    const char *method; /* in the arena */
    double argument;
    double range[2];
    double observed[2];
    enum quant_dtype source_dtype;
    uint64_t scale_count;
    bool has_argument;
    bool has_range;
    bool has_observed;
};

/* What a tensor of the catalogue is. */
struct quant_place_in_file {
    uint32_t entry; /* of the sidecar; QUANT_NOT_STORED: none */
    uint8_t role;   /* enum quant_role */
};

struct quant_container_inspection {
    struct quant_inspection *run;
    struct quant_container_input input;
    struct quant_restored_tensors restored; /* by entry of the sidecar */
    struct quant_entry_words *words;        /* owned; the same */
    size_t room;                            /* of words */
    struct quant_place_in_file *places;     /* owned: for each tensor of the file */
    struct quant_error *faults;             /* owned: of the tensors below */
    uint32_t *faulty;                       /* owned: nfaults indices of tensors */
    size_t nfaults;
};

/* Finds the role of each tensor of the input, which is open. What is wrong with the sidecar or a
 * tensor is a fault of the result, not an error. Errors: QUANT_IO, QUANT_NO_MEMORY,
 * QUANT_CANCELLED. */
enum quant_status quant_inspected_roles_find(struct quant_container_inspection *container);

/* Frees all but the run; fine if only that is set. */
void quant_inspected_roles_release(struct quant_container_inspection *container);

#endif
