/* SPDX-License-Identifier: MIT */
/* Where the sidecar and the header of a container do not agree, by tensor. */
#ifndef QUANT_ENGINE_FILES_VERIFY_DISAGREEMENTS_H
#define QUANT_ENGINE_FILES_VERIFY_DISAGREEMENTS_H

#include "engine/files/verify_findings.h"

struct quant_disagreement;

/* All zeros: none. */
struct quant_disagreements {
    struct quant_disagreement *list; /* owned: n of them */
    size_t n;
    size_t room;
};

/* Adds one of the i-th tensor, which it calls by its name, or is about its scales. If there are
 * very many, or no memory, it is left out: the tensor itself is marked as faulty. */
void quant_disagreements_add(struct quant_disagreements *disagreements, size_t i, const char *name,
                             const struct quant_error *error);

/* Adds those of a faulty tensor to its findings, at least one. file: for its message. */
void quant_disagreements_report(const struct quant_disagreements *disagreements, size_t i,
                                const char *file, struct quant_findings *findings);

/* The name of a tensor that is not in the container; "" if it is not known. */
const char *quant_disagreements_name(const struct quant_disagreements *disagreements, size_t i);

/* The tensor's number is another from now on. */
void quant_disagreements_renumber(struct quant_disagreements *disagreements, size_t from,
                                  size_t to);

void quant_disagreements_release(struct quant_disagreements *disagreements);

#endif
