/* SPDX-License-Identifier: MIT */
/* What `quant inspect` prints. */
#ifndef QUANT_CLI_INSPECT_REPORT_H
#define QUANT_CLI_INSPECT_REPORT_H

#include <quant/inspect.h>

enum { INSPECT_NOTE = 512, INSPECT_SHAPE = 64 };

/* ---- Text ---- */

/* The tensors of a container, kept until the widths of their columns are known. All zeros: empty.
 */
struct inspect_table {
    struct inspect_row *rows; /* owned */
    size_t n;
    int widths[4];
    bool has_heading; /* that of the file has been printed */
    bool is_ascii;    /* set by the caller: no block characters */
};

/* Adds a tensor of the container at path. If tensors have statistics, each is printed at once, else
 * with others. false: no memory. */
bool inspect_table_add(struct inspect_table *table, const char *path,
                       const struct quant_tensor_result *tensor);

/* Ends a file: prints what is left of its tensors, or all of a file of one tensor. */
void inspect_table_end(struct inspect_table *table, const char *path,
                       const struct quant_inspect_result *file);

void inspect_table_release(struct inspect_table *table);

/* "absmax int8, 32 scales (axis 0), minmax": how a tensor was quantized. Masked. */
void inspect_describe(char text[static INSPECT_NOTE], const struct quant_recorded *recorded);

/* "32x64", or "scalar"; it ends in "..." if it does not fit. */
void inspect_shape(char text[static INSPECT_SHAPE], const struct quant_shape *shape);

/* ---- JSON ---- */

/* One object on one line. name NULL: of a file of one tensor. The fault of a container as a whole
 * is not in it. False: no memory. */
bool inspect_print_json(const char *path, const char *name, const struct quant_inspect_result *file,
                        const struct quant_inspected *tensor);

struct inspect_counts {
    size_t nfiles;
    size_t nfailed;
    size_t nunfinished; /* files that look quantized, but have no sidecar */
    size_t ntensors;
    size_t roles[QUANT_ROLE_UNKNOWN + 1];
    uint64_t nbytes;
};

/* The record after those of several files, or of a container. False: no memory. */
bool inspect_print_json_summary(const struct inspect_counts *counts);

#endif
