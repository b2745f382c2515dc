/* SPDX-License-Identifier: MIT */
/* The tensors of one container, kept from the time when the library reports them until the file's
 * turn to be reported has come. */
#ifndef QUANT_CLI_TENSOR_LIST_H
#define QUANT_CLI_TENSOR_LIST_H

#include <quant/file.h>

#include "cli/report.h"
#include "cli/totals.h"

/* How many kinds of enum quant_note there are. */
enum { TENSOR_LIST_NOTES = 5 };

struct tensor_note {
    size_t n;    /* tensors that have it */
    char *first; /* owned: the name of the first */
};

/* All zeros: empty. */
struct tensor_list {
    const char *path;        /* borrowed: of the file */
    bool keeps_figures;      /* set by the caller: there is a report */
    struct report *direct;   /* set by the caller: report figures at once; NULL: keep them */
    int status;              /* worst exit status of the tensors that were reported at once */
    enum quant_dtype dtype;  /* set by the caller: of restored floats */
    struct report_rows rows; /* with keeps_figures */
    struct tensor_note notes[TENSOR_LIST_NOTES];
    struct quant_params params; /* of the last mapped tensor: type and scheme are those of all */
    size_t nmapped;
    size_t ncopied;
    uint64_t bytes_before;
    uint64_t bytes_after; /* with scales */
    bool no_memory;
    quant_progress_fn *progress; /* of the file; NULL: not wanted */
    void *progress_context;
};

/* Starts the list of a file. direct is for the only file of a command line, whose tensors need not
 * wait for others: memory then does not grow with their number, unless the report sorts them. */
void tensor_list_begin(struct tensor_list *list, const char *path, enum quant_dtype dtype,
                       bool keeps_figures, struct report *direct);

/* The same control, but each tensor of a container is added to the list, in both directions. */
struct quant_control tensor_list_control(struct tensor_list *list,
                                         const struct quant_control *control);

/* The file is done: adds it to totals and its tensors to the report, prints a warning for each kind
 * of note unless quiet, and empties the list. Returns the worst exit status of the tensors. */
int tensor_list_report(struct tensor_list *list, struct report *report, struct totals *totals,
                       bool quiet);

void tensor_list_release(struct tensor_list *list);

#endif
