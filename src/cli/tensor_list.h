/* SPDX-License-Identifier: MIT */
/* Reports the tensors of a container one by one, and adds them up until the file is done. */
#ifndef QUANT_CLI_TENSOR_LIST_H
#define QUANT_CLI_TENSOR_LIST_H

#include <quant/file.h>

#include "cli/report.h"
#include "cli/totals.h"

/* How many kinds of enum quant_note there are. */
enum { TENSOR_LIST_NOTES = 5 };

struct tensor_note {
    size_t n;                   /* tensors that have it */
    char *first;                /* owned: the name of the first, */
    struct quant_params params; /* and its parameters */
    bool is_mixed;              /* other tensors that have it are of other types */
};

/* What is known of the tensors of one container so far. All zeros: nothing. */
struct tensor_list {
    const char *path; /* borrowed: of the file */
    char *failed;     /* owned: the name of the tensor that failed; NULL: none */
    int status;       /* worst exit status of the reports */
    struct tensor_note notes[TENSOR_LIST_NOTES];
    bool has_scales; /* at least one tensor has a type with scales */
    size_t nmapped;
    size_t ncopied;
    uint64_t bytes_copied;
    uint64_t bytes_before;
    uint64_t bytes_after; /* with scales */
};

/* Adds the next tensor of the container at path, and reports it if there are figures; dtype is that
 * of restored floats, NONE if they are only measured. The first tensor of a file empties the list.
 * Returns false if there is no memory, after a message. */
bool tensor_list_add(struct tensor_list *list, const char *path, enum quant_dtype dtype,
                     const struct quant_tensor_result *tensor, struct report *report);

/* The name of the tensor that made the file at path fail; NULL if it failed for another reason. */
const char *tensor_list_failed(const struct tensor_list *list, const char *path);

/* The file is done: adds it to totals and to the report, and prints a warning for each kind of note
 * unless quiet. Returns the worst exit status of the tensors. */
int tensor_list_end(struct tensor_list *list, struct report *report, struct totals *totals,
                    bool quiet);

void tensor_list_release(struct tensor_list *list);

#endif
