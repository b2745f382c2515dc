/* SPDX-License-Identifier: MIT */
/*
 * Which inputs a calibration was made from, by the digests of their elements, so that each of them
 * is counted once in every round, by whatever path and in whatever part it comes.
 */
#ifndef QUANT_ENGINE_CALIBRATION_KNOWN_INPUTS_H
#define QUANT_ENGINE_CALIBRATION_KNOWN_INPUTS_H

#include <quant/quant.h>

struct quant_known_input; /* one digest, and how often it is there */

struct quant_known_inputs {
    struct quant_known_input *inputs; /* owned, sorted by digest */
    size_t n;
};

enum quant_known {
    QUANT_KNOWN_NEW,      /* known, and not taken as often as it is there */
    QUANT_KNOWN_REPEATED, /* known, and all of it taken before */
    QUANT_KNOWN_FOREIGN   /* not known */
};

/* Those of n inputs; to be released also after an error. Inputs with the same elements have the
 * same digest: such a digest may be taken once for each of them. */
enum quant_status quant_known_inputs_init(struct quant_known_inputs *known, const uint64_t *digests,
                                          uint64_t n, struct quant_error *error);
void quant_known_inputs_release(struct quant_known_inputs *known);

/* Takes an input of that digest for part number `part`. REPEATED: *taker is the part that took it
 * last. */
enum quant_known quant_known_inputs_take(struct quant_known_inputs *known, uint64_t digest,
                                         size_t part, size_t *taker);

#endif
