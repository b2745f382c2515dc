/* SPDX-License-Identifier: MIT */
/* What is wrong with one tensor or file, collected until it is reported. */
#ifndef QUANT_ENGINE_FILES_VERIFY_FINDINGS_H
#define QUANT_ENGINE_FILES_VERIFY_FINDINGS_H

#include <quant/verify.h>

/* All zeros: nothing. */
struct quant_findings {
    struct quant_fault faults[QUANT_FAULTS_MOST];
    size_t n;
};

/* Adds a fault with the text of error, unless there are QUANT_FAULTS_MOST already. */
void quant_findings_add(struct quant_findings *findings, enum quant_fault_kind kind,
                        const struct quant_error *error);

/* The same of an element of the tensor that messages call name: "'NAME': element 5, index [1, 2], "
 * goes before the text. */
void quant_findings_add_element(struct quant_findings *findings, enum quant_fault_kind kind,
                                const char *name, const struct quant_shape *shape,
                                enum quant_order order, uint64_t element, const char *format, ...)
    QUANT_PRINTF(7, 8);

/* Adds what a step returned, if it is a fault. Returns whether the next step can be made; *status
 * becomes QUANT_OK then, and stays what it is if it is fatal. A fault of QUANT_IO is of the kind
 * FILE. */
bool quant_findings_take(struct quant_findings *findings, enum quant_fault_kind kind,
                         enum quant_status *status, const struct quant_error *error);

/* Fills in the faults of *verified, which borrows them. Returns the status of the first, with its
 * error; QUANT_OK: there are no faults. */
enum quant_status quant_findings_end(const struct quant_findings *findings,
                                     struct quant_verified *verified, struct quant_error *error);

#endif
