/* SPDX-License-Identifier: MIT */
/* What `quant drift` prints: a line or a record for each layer, as soon as it is done. */
#ifndef QUANT_CLI_DRIFT_REPORT_H
#define QUANT_CLI_DRIFT_REPORT_H

#include <quant/drift.h>

/* What lines have in common. */
struct drift_report {
    const struct quant_drift_job *job;
    const char *const *labels; /* of the layers: "w.npy", or "fc1.weight" of a container */
    bool has_begun;            /* the heading is printed */
};

/* The i-th of the figures that say something of outputs, which are those of the JSON report and of
 * --fail-if; NULL past the last. */
const struct quant_figure *drift_figure_at(size_t i);

/* Prints the i-th layer, after the heading if it is the first. */
void drift_print_text(struct drift_report *report, size_t i, const struct quant_drift_layer *layer);

/* Prints the record of a layer. Returns false if there is no memory. */
bool drift_print_json(const struct drift_report *report, const struct quant_tensor_result *result);

/* Prints the last record, with the figures of the last layer. The same. */
bool drift_print_json_summary(const struct quant_drift_job *job,
                              const struct quant_drift_result *result);

#endif
